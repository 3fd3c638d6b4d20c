//! A root key in a file of its own.
//!
//! ```text
//! "sealroom" ‖ version (1) ‖ key (32) ‖ SHA-256 of all before (32)
//! ```
//!
//! The file is read from one open handle, so what was checked is what is read. The checksum tells damage from a wrong
//! root; it is no protection, for who may write the file may write another.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use sealroom_crypto::digest::sha256;
use sealroom_crypto::random;
use sealroom_foundation::Secret;
use sealroom_foundation::ports::{Root, SealBroken};

use crate::error::RootError;
use crate::wrap;

const HEAD: [u8; 9] = *b"sealroom\x01";
const BODY: usize = HEAD.len() + 32;
const LENGTH: usize = BODY + 32;

/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// A root key read from a file that only its owner may read.
pub struct KeyFile {
    key: Secret<[u8; 32]>,
}

impl KeyFile {
    /// Makes a new root key and its file (0600), and waits until file and folder are on the disk.
    ///
    /// # Errors
    /// [`RootError::Io`], also when the file exists: a root key is never overwritten.
    pub fn create(path: &Path) -> Result<Self, RootError> {
        let key = Secret::filled(|key: &mut [u8; 32]| random::fill(key));
        let content = content_of(&key);
        write_new(path, content.expose()).map_err(|source| RootError::Io { path: path.to_owned(), source })?;
        Ok(Self { key })
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// [`RootError::TooWide`] when others may read or write it, [`RootError::Form`], [`RootError::Io`].
    pub fn open(path: &Path) -> Result<Self, RootError> {
        let failed = |source| RootError::Io { path: path.to_owned(), source };
        let mut file = open_file(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.mode() & OTHERS != 0 {
            return Err(RootError::TooWide { path: path.to_owned(), mode: metadata.mode() & 0o7777 });
        }
        let form = || RootError::Form { path: path.to_owned() };
        if !metadata.is_file() || metadata.len() != LENGTH as u64 {
            return Err(form());
        }
        let mut read = Ok(());
        let content = Secret::<[u8; LENGTH]>::filled(|content| read = file.read_exact(content));
        read.map_err(failed)?;
        key_of(content.expose()).map(|key| Self { key }).ok_or_else(form)
    }
}

fn content_of(key: &Secret<[u8; 32]>) -> Secret<[u8; LENGTH]> {
    Secret::filled(|content| {
        content.iter_mut().zip(HEAD.iter().chain(key.expose())).for_each(|(into, byte)| *into = *byte);
        let (body, checksum) = content.split_at_mut(BODY);
        checksum.copy_from_slice(&sha256(body));
    })
}

fn key_of(content: &[u8; LENGTH]) -> Option<Secret<[u8; 32]>> {
    let (body, checksum) = content.split_at_checked(BODY)?;
    if sha256(body) != checksum {
        return None;
    }
    Secret::copy_from(body.strip_prefix(&HEAD)?)
}

#[expect(clippy::disallowed_methods, reason = "the key file belongs to this room")]
fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Writes a file that didn't exist, and its entry in the folder, through to the disk.
#[expect(clippy::disallowed_methods, reason = "the key file belongs to this room")]
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        // A half-written key file would be in the way of the next attempt.
        let _ = std::fs::remove_file(path);
        return written;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

impl Root for KeyFile {
    fn kind(&self) -> &'static str {
        "key-file"
    }

    fn wrap(&self, aad: &[u8], secret: &[u8]) -> Vec<u8> {
        wrap::seal(&self.key, aad, secret)
    }

    fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        wrap::open(&self.key, aad, wrapped)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests damage key files")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_wraps_and_unwraps_after_it_was_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        let wrapped = KeyFile::create(&path).unwrap().wrap(b"aad", b"secret");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let opened = KeyFile::open(&path).unwrap();
        assert_eq!(opened.unwrap(b"aad", &wrapped).unwrap().expose(), b"secret");
        assert!(opened.unwrap(b"aae", &wrapped).is_err());
        assert!(opened.unwrap(b"aad", &wrapped[1..]).is_err());
        let other = KeyFile::create(&folder.path().join("other.key")).unwrap();
        assert!(other.unwrap(b"aad", &wrapped).is_err());
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        KeyFile::create(&path).unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(KeyFile::create(&path), Err(RootError::Io { .. })));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_that_others_may_read_or_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        KeyFile::create(&path).unwrap();
        for (mode, opens) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false), (0o601, false)]
        {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match KeyFile::open(&path) {
                Ok(_) => assert!(opens, "{mode:o}"),
                Err(RootError::TooWide { mode: told, .. }) => assert!(!opens && told == mode, "{mode:o}"),
                Err(other) => panic!("{mode:o}: {other}"),
            }
        }
    }

    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        KeyFile::create(&path).unwrap();
        let good = fs::read(&path).unwrap();
        let refused = |content: &[u8]| {
            fs::write(&path, content).unwrap();
            matches!(KeyFile::open(&path), Err(RootError::Form { .. }))
        };
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(refused(&bad), "byte {at}");
        }
        assert!(refused(&good[..good.len() - 1]) && refused(&[good.as_slice(), &[0]].concat()) && refused(b""));
        assert!(!refused(&good));
        assert!(matches!(KeyFile::open(folder.path()), Err(RootError::TooWide { .. } | RootError::Form { .. })));
        assert!(matches!(KeyFile::open(&folder.path().join("none")), Err(RootError::Io { .. })));
    }
}
