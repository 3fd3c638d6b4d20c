//! The manifest of a backup: what is in it, digest by digest, and the signature over that.
//!
//! The signature is the cluster's own (`Purpose::BackupManifest`), so a backup that somebody without the root of trust put
//! together, or changed, is found out before anything of it is used. It names files below the backup's folder only.

use std::path::Path;

use sealroom_crypto::digest::{DigestAlg, Sha256};
use sealroom_crypto::ec::{self, Curve};
use sealroom_foundation::Timestamp;
use sealroom_foundation::ports::{Purpose, Sign};
use serde::{Deserialize, Serialize};

use super::{BackupError, Progress};
use crate::files;

/// The version that is written, and the only one that is read.
const FORMAT: u16 = 1;
const DOMAIN: &[u8] = b"sealroom backup manifest 1";
const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
/// LIMIT: bytes of a manifest: 100,000 files and more.
const MAX: u64 = 32 * 1024 * 1024;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u16,
    /// Which cluster it is of: 32 hex digits.
    pub cluster: String,
    /// The epoch of that cluster: how often it had been restored.
    pub epoch: u64,
    /// The commit that its rows show.
    pub sequence: u64,
    /// When it was made, in microseconds since 1970.
    pub made_micros: i64,
    /// The same for people, in UTC.
    pub made: String,
    /// The version of the program that made it.
    pub program: String,
    /// How many rows there are.
    pub rows: u64,
    /// Every file but the manifest and its signature, in the order of their names.
    pub files: Vec<BackupFile>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// Below the backup's folder: `rows`, `journal/…`.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
}

/// What a manifest says besides its files.
pub(super) struct About {
    pub(super) cluster: String,
    pub(super) epoch: u64,
    pub(super) sequence: u64,
    pub(super) rows: u64,
    pub(super) made: Timestamp,
}

impl Manifest {
    /// The manifest of what lies in `folder`.
    pub(super) fn of(folder: &Path, about: About, progress: &Progress) -> Result<Self, BackupError> {
        let names = names(folder)?;
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            files.push(digest(folder, name, progress, &mut 0, None)?);
        }
        let About { cluster, epoch, sequence, rows, made } = about;
        let (made_micros, made) = (made.as_micros(), made.iso_seconds().to_string());
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self { format: FORMAT, cluster, epoch, sequence, made_micros, made, program, rows, files })
    }

    /// Signs it and writes it into `folder`; it is on the disk when this returns.
    pub(super) fn write(&self, folder: &Path, sign: &dyn Sign) -> Result<(), BackupError> {
        // INVARIANT: a struct of texts and numbers always has a JSON form.
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        let signature = base64_simd::STANDARD.encode_to_string(sign.sign(Purpose::BackupManifest, &signed(&text)));
        for (name, content) in [(SIGNATURE, signature.as_bytes()), (MANIFEST, &text)] {
            let path = folder.join(name);
            files::write_new(&path, content).map_err(BackupError::io(&path))?;
        }
        files::sync_folder(folder).map_err(BackupError::io(folder))
    }

    /// The manifest in `folder` and the digest that names it. Its signature is looked at by [`Manifest::check_signature`].
    pub(super) fn read(folder: &Path) -> Result<(Self, Vec<u8>), BackupError> {
        let path = folder.join(MANIFEST);
        let text = match files::read_at_most(&path, MAX) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::NoManifest { path: folder.to_owned() });
            }
            Err(error) => return Err(BackupError::io(path)(error)),
        };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|_| BackupError::Manifest("it is damaged, or was written by a newer version"))?;
        if manifest.format != FORMAT {
            return Err(BackupError::Manifest("it was written by a newer version"));
        }
        if manifest.files.iter().any(|file| !is_plain(&file.name)) {
            return Err(BackupError::Manifest("it names a file outside of the backup"));
        }
        Ok((manifest, text))
    }

    /// Whether one of `keys` signed `text`, the manifest in `folder`.
    pub(super) fn check_signature(folder: &Path, text: &[u8], keys: &[Vec<u8>]) -> Result<(), BackupError> {
        let path = folder.join(SIGNATURE);
        let signature = files::read_at_most(&path, MAX).map_err(BackupError::io(&path))?;
        let signature = base64_simd::STANDARD.decode_to_vec(signature.trim_ascii());
        let signature = signature.map_err(|_| BackupError::Signature)?;
        let digest = DigestAlg::Sha256.digest(&signed(text));
        let signs = |key: &Vec<u8>| ec::verify_digest(Curve::P256, key, &digest, &signature);
        if keys.iter().any(signs) { Ok(()) } else { Err(BackupError::Signature) }
    }

    /// Reads every file and compares it with its digest; one more or one less is found too.
    pub(super) fn check_files(&self, folder: &Path, progress: &Progress) -> Result<(), BackupError> {
        let changed = |name: &str, how| BackupError::Changed { name: name.to_owned(), how };
        let there = names(folder)?;
        if let Some(more) = there.iter().find(|name| !self.files.iter().any(|file| file.name == **name)) {
            return Err(changed(more, "it isn't in it"));
        }
        let total = self.files.iter().map(|file| file.bytes).sum();
        let mut done = 0;
        for file in &self.files {
            if !there.contains(&file.name) {
                return Err(changed(&file.name, "it is missing"));
            }
            let found = digest(folder, file.name.clone(), progress, &mut done, Some(total))?;
            if found.bytes != file.bytes {
                return Err(changed(&file.name, "its length is another"));
            }
            if found != *file {
                return Err(changed(&file.name, "its content is another"));
            }
        }
        Ok(())
    }

    /// How many bytes its files have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

fn signed(text: &[u8]) -> Vec<u8> {
    [DOMAIN, b"\0", text].concat()
}

/// Whether a name stays below the folder: `rows`, or one plain name in `journal`.
fn is_plain(name: &str) -> bool {
    let plain = |name: &str| {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        letters && !name.is_empty() && !name.starts_with('.')
    };
    name == "rows" || name.strip_prefix("journal/").is_some_and(plain)
}

/// The files of a backup but the manifest and its signature, in the order of their names.
fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let inner = super::journal_folder(folder);
    let mut names: Vec<String> = Vec::new();
    for name in files::names(folder).map_err(BackupError::io(folder))? {
        if name == "journal" {
            let below = files::names(&inner).map_err(BackupError::io(&inner))?;
            names.extend(below.into_iter().map(|name| format!("journal/{name}")));
        } else if name != MANIFEST && name != SIGNATURE {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn digest(
    folder: &Path,
    name: String,
    progress: &Progress,
    done: &mut u64,
    total: Option<u64>,
) -> Result<BackupFile, BackupError> {
    let path = folder.join(&name);
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let pieces = files::read_in_pieces(&path, &mut |piece| {
        digest.update(piece);
        let length = u64::try_from(piece.len()).unwrap_or_default();
        bytes += length;
        *done += length;
        progress.say("checking digests (bytes)", *done, total);
    });
    pieces.map_err(BackupError::io(&path))?;
    let sha256 = digest.finish().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(BackupFile { name, bytes, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        for (name, plain) in [
            ("rows", true),
            ("journal/0000-0001.log", true),
            ("journal/", false),
            ("journal/..", false),
            ("journal/a/b", false),
            ("journal/../../etc/passwd", false),
            ("../rows", false),
            ("/etc/passwd", false),
            ("manifest.json", false),
            ("", false),
        ] {
            assert_eq!(is_plain(name), plain, "{name}");
        }
    }
}
