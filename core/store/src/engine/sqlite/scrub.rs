//! Wiping what SQLite leaves behind of rows that are gone.
//!
//! `secure_delete` zeroes a deleted row where it stands. But when pages split or merge, rows move, and what they moved
//! away from stays in the page's unallocated part, as a copy that no later delete knows of. So, with the write-ahead log empty and
//! nobody writing, the unallocated part of every b-tree page is zeroed in the file itself; SQLite gives those bytes no
//! meaning (<https://www.sqlite.org/fileformat2.html>, section 1.6), so a crash on the way does no harm. The writer's page cache
//! must be thrown away afterwards: it still holds the pages as they were.
//!
//! Pages that aren't b-tree pages are told apart by their first byte: overflow and free-list pages begin with a page number, which
//! is below 2^25 in every file that is scrubbed, so its first byte is 0 or 1 and no type of a b-tree page.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// LIMIT: pages of a file that can be scrubbed: 128 GiB.
const MAX_PAGES: u64 = 1 << 25;
/// Bytes of the database header on the first page.
const FILE_HEADER: usize = 100;
/// Pages looked at in one read.
const RUN: usize = 64;

/// Zeroes the unallocated part of every b-tree page of `file`; answers how many pages had something there.
pub(super) fn scrub(file: &File) -> io::Result<u64> {
    let mut header = [0; FILE_HEADER];
    file.read_exact_at(&mut header, 0)?;
    let page_size = match u16_at(&header, 16) {
        Some(1) => 65_536,
        Some(size) if size >= 512 => size,
        _ => return Err(io::Error::other("the database has no page size")),
    };
    let usable = page_size.saturating_sub(header.get(20).copied().map_or(0, usize::from));
    let page_bytes = u64::try_from(page_size).unwrap_or(u64::MAX);
    let length = file.metadata()?.len();
    if length / page_bytes >= MAX_PAGES {
        return Err(io::Error::other("the database is too large to be scrubbed"));
    }
    let mut run = vec![0; page_size.saturating_mul(RUN)];
    let (mut offset, mut wiped) = (0_u64, 0_u64);
    while offset < length {
        let read = read_run(file, &mut run, offset)?;
        for page in run.get(..read).unwrap_or_default().chunks_exact(page_size) {
            let free = unallocated(page, offset == 0, usable);
            if let Some(bytes) = page.get(free.clone()).filter(|bytes| bytes.iter().any(|&byte| byte != 0)) {
                let place = offset.saturating_add(u64::try_from(free.start).unwrap_or(u64::MAX));
                file.write_all_at(&vec![0; bytes.len()], place)?;
                wiped = wiped.saturating_add(1);
            }
            offset = offset.saturating_add(page_bytes);
        }
        if read < page_size {
            break;
        }
    }
    if wiped > 0 {
        file.sync_data()?;
    }
    Ok(wiped)
}

/// The part of a page between its cell pointers and its cells; empty for what isn't a b-tree page.
fn unallocated(page: &[u8], first: bool, usable: usize) -> Range<usize> {
    let start = if first { FILE_HEADER } else { 0 };
    let header = match page.get(start) {
        Some(2 | 5) => 12,
        Some(10 | 13) => 8,
        Some(_) | None => return 0..0,
    };
    let (Some(cells), Some(content)) = (u16_at(page, start + 3), u16_at(page, start + 5)) else { return 0..0 };
    let content = if content == 0 { 65_536 } else { content };
    let pointers_end = cells.saturating_mul(2).saturating_add(start + header);
    if pointers_end <= content && content <= usable { pointers_end..content } else { 0..0 }
}

/// Reads up to the end of `into` or of the file.
fn read_run(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX))) {
            Ok(0) => break,
            Ok(count) => done = done.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)))
}
