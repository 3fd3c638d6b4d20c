//! From an input through a message to an output, a chunk at a time.

use std::io::{ErrorKind, Read, Write};

use anyhow::{Context as _, Result};
use sealroom_client::message::{Header, MessageError, Opener, Sealer};

use super::files::Input;
use super::progress::Progress;

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// Bytes that a header is read by.
const HEADER_CHUNK: u64 = 4096;

/// Writes `head` and the sealed input.
pub(super) fn seal(mut input: Input, mut sealer: Sealer, head: &[u8], out: &mut dyn Write) -> Result<()> {
    let mut progress = Progress::of(input.length());
    let mut sealed = Vec::new();
    write(out, head)?;
    each_chunk(&mut input, |chunk| {
        progress.add(chunk.len());
        sealer.push(chunk, &mut sealed)?;
        write(out, &sealed)?;
        sealed.clear();
        Ok(())
    })?;
    sealer.finish(&mut sealed)?;
    write(out, &sealed)?;
    out.flush().context("can not write")
}

/// Reads a header, and what came with it from behind it. `max_data_keys` is how many encrypted data keys are taken.
pub(super) fn header(input: &mut impl Read, max_data_keys: u16) -> Result<(Header, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let read = input.by_ref().take(HEADER_CHUNK).read_to_end(&mut bytes).context("can not read")?;
        if let Some((header, length)) = Header::read(&bytes, max_data_keys)? {
            return Ok((header, bytes.split_off(length)));
        }
        if read == 0 {
            return Err(MessageError::BreaksOff.into());
        }
    }
}

/// Writes the plaintext of `behind` and the rest of the input. What was written is right only if this returns `Ok`.
pub(super) fn unseal(mut input: Input, mut opener: Opener, behind: &[u8], out: &mut dyn Write) -> Result<()> {
    let mut progress = Progress::of(input.length());
    let mut opened = Vec::new();
    let mut push = |chunk: &[u8]| {
        progress.add(chunk.len());
        let pushed = opener.push(chunk, &mut opened);
        // Of a chunk with a damaged frame, those before it are right; but of a damaged file, nothing more is let out.
        pushed?;
        write(out, &opened)?;
        opened.clear();
        Ok(())
    };
    push(behind)?;
    each_chunk(&mut input, push)?;
    opener.finish()?;
    out.flush().context("can not write")
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes).context("can not write")
}

fn each_chunk(input: &mut impl Read, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => take(chunk.get(..read).unwrap_or_default())?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("can not read"),
        }
    }
}
