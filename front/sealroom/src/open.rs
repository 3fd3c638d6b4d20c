//! `sealroom open`: reads material, encryption context and ciphertext, and writes the plaintext to standard output.
//!
//! What opens and what doesn't is `sealroom_hsm::offline`'s to say; here stand files and the forms of arguments. Neither
//! plaintext nor material is part of any message.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use sealroom_client::Secret;
use sealroom_server::offline;

use crate::arguments::OpenArguments;

/// LIMIT: bytes of a ciphertext as it is read: the longest of ours in base64, with a line's end after each four letters.
const LONGEST: u64 = 2 * 1024 * 1024;

/// Reads a file or standard input, opens it, and writes what it holds, byte for byte.
///
/// # Errors
/// What can't be read or written, an encryption context that is none, and what [`offline::open`] says.
pub(crate) fn open(arguments: &OpenArguments) -> Result<()> {
    let materials = arguments.material.iter().map(|path| material(path)).collect::<Result<Vec<_>>>()?;
    let context = encryption_context(&arguments.context)?;
    let input = &arguments.input;
    let (name, read) = if input.as_os_str() == "-" {
        ("standard input".to_owned(), ciphertext(std::io::stdin().lock()))
    } else {
        (input.display().to_string(), ciphertext(file(input)?))
    };
    let opened = offline::open(&materials, &context, &read.with_context(|| name.clone())?).with_context(|| name)?;
    let mut out = std::io::stdout().lock();
    out.write_all(opened.expose()).and_then(|()| out.flush()).context("standard output can't be written to")
}

#[expect(clippy::disallowed_methods, reason = "the binary reads the files that its command line names")]
fn file(path: &Path) -> Result<File> {
    File::open(path).with_context(|| path.display().to_string())
}

/// Exactly 32 bytes.
fn material(path: &Path) -> Result<Secret<[u8; 32]>> {
    let mut file = file(path)?;
    let mut read = Ok(());
    let material = Secret::filled(|bytes: &mut [u8; 32]| read = file.read_exact(bytes));
    let whole = read.is_ok() && file.read(&mut [0u8; 1]).is_ok_and(|more| more == 0);
    ensure!(whole, "`{}` doesn't hold the 32 bytes of a symmetric key's material", path.display());
    Ok(material)
}

/// The ciphertext's bytes. The first byte of ours is 1, and no letter of base64 is.
fn ciphertext(from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = from.take(LONGEST + 1).read_to_end(&mut bytes)?;
    ensure!(u64::try_from(length)? <= LONGEST, "longer than any ciphertext of Sealroom");
    if bytes.first() == Some(&1) {
        return Ok(bytes);
    }
    bytes.retain(|byte| !byte.is_ascii_whitespace());
    base64_simd::STANDARD.decode_to_vec(&bytes).or(Err(offline::OfflineError::NotOurs)).map_err(Into::into)
}

/// Pairs in `NAME=VALUE`, or JSON objects of strings. A name that is given twice is a mistake.
///
/// `seal` has a stricter form: it refuses names that the AWS Encryption SDK keeps to itself, and those are what some
/// ciphertexts need.
fn encryption_context(arguments: &[String]) -> Result<BTreeMap<String, String>> {
    let mut context = BTreeMap::new();
    for argument in arguments {
        let pairs: Vec<(String, String)> = if argument.trim_start().starts_with('{') {
            let object: BTreeMap<String, String> =
                serde_json::from_str(argument).context("the encryption context is no JSON object of strings")?;
            object.into_iter().collect()
        } else {
            let Some((key, value)) = argument.split_once('=') else {
                bail!("`{argument}` is no pair NAME=VALUE of an encryption context")
            };
            vec![(key.to_owned(), value.to_owned())]
        };
        for (key, value) in pairs {
            ensure!(!context.contains_key(&key), "the encryption context has `{key}` twice");
            context.insert(key, value);
        }
    }
    Ok(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(arguments: &[&str]) -> Result<Vec<(String, String)>> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        encryption_context(&arguments).map(|pairs| pairs.into_iter().collect())
    }

    #[test]
    fn a_context_is_pairs_or_json() {
        let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(context(&[]).unwrap(), of(&[]));
        assert_eq!(context(&["b=2", "a=1,c=d=e"]).unwrap(), of(&[("a", "1,c=d=e"), ("b", "2")]));
        assert_eq!(context(&[r#"{"k=1": "v", "x": ""}"#, "a=1"]).unwrap(), of(&[("a", "1"), ("k=1", "v"), ("x", "")]));
        for wrong in [&["team"][..], &["a=1", "a=1"], &["{}}"], &[r#"{"a": 1}"#], &[r#"{"a": "1"}"#, "a=2"]] {
            assert!(context(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_ciphertext_is_bytes_or_base64_in_lines() {
        let blob = [1, 2, 2, 0, 0x78, 10, 13, 32];
        assert_eq!(ciphertext(&blob[..]).unwrap(), blob);
        assert_eq!(ciphertext(&b"AQIC\r\nAHgK\nDSA=\n"[..]).unwrap(), blob);
        for wrong in [&b"AQIC!"[..], b"\x02\x01", b"plain text"] {
            assert!(ciphertext(wrong).is_err(), "{wrong:?}");
        }
        let long = vec![1; usize::try_from(LONGEST).unwrap() + 1];
        assert!(ciphertext(&long[1..]).is_ok());
        assert!(ciphertext(&long[..]).is_err());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "material is read from files")]
    fn material_has_exactly_32_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("material");
        for (length, good) in [(0, false), (31, false), (32, true), (33, false)] {
            std::fs::write(&path, vec![7; length]).unwrap();
            assert_eq!(material(&path).is_ok(), good, "{length}");
        }
        assert!(material(&folder.path().join("absent")).is_err());
    }
}
