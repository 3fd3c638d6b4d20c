//! The few files that are the server's own: the configuration, certificates, a passphrase, the data folder itself and
//! the operator's socket in it, and the manifests of backups. Everything else is kept by `store`, `audit` and `roots`.

use std::fs::{DirBuilder, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use sealroom_foundation::Secret;

/// Reads a whole file.
#[expect(clippy::disallowed_methods, reason = "configuration and certificates are the server's own files")]
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Reads a whole text file.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Reads a file of at most `most` bytes whose content is secret, leaving no other copy in memory.
#[expect(clippy::disallowed_methods, reason = "a passphrase's file is the server's own")]
pub(crate) fn read_secret(path: &Path, most: usize) -> io::Result<Secret<[u8]>> {
    let mut file = std::fs::File::open(path)?;
    let mut buffer = Secret::filled_slice(most + 1, |_| {});
    let mut filled = 0;
    while let Some(rest) = buffer.expose_mut().get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            count => filled += count,
        }
    }
    match buffer.expose().get(..filled) {
        Some(content) if filled <= most => Ok(Secret::copy_of(content)),
        Some(_) | None => Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too long")),
    }
}

/// Makes a folder that only its owner may enter, and those above it as usual. One that is there is left as it is.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// The names of what lies in a folder, in any order.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let name = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string();
        name.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it holds a file whose name is no text"))
    };
    std::fs::read_dir(folder)?.map(|entry| entry.and_then(name)).collect()
}

/// Reads a file that is at most `most` bytes long.
#[expect(clippy::disallowed_methods, reason = "manifests of backups are the server's own files")]
pub(crate) fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut content)?;
    if u64::try_from(content.len()).is_ok_and(|length| length <= most) {
        return Ok(content);
    }
    Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too long"))
}

/// Shows a file piece by piece.
#[expect(clippy::disallowed_methods, reason = "the files of a backup are read to be compared with its manifest")]
pub(crate) fn read_in_pieces(path: &Path, look: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    let mut piece = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut piece)?;
        match piece.get(..count) {
            Some(read) if count > 0 => look(read),
            Some(_) | None => return Ok(()),
        }
    }
}

/// Writes a file that wasn't there (0600), through to the disk; its name isn't: see [`sync_folder`].
#[expect(clippy::disallowed_methods, reason = "manifests of backups are the server's own files")]
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the names in a folder durable.
#[expect(clippy::disallowed_methods, reason = "the folder of a backup is the server's own")]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Removes a socket that nobody listens on any more. Anything else at that place stays.
pub(crate) fn remove_socket(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "something else than a socket is in its place")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Leaves a socket to its owner alone.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests make files to read")]

    use super::*;

    #[test]
    fn a_secret_is_read_up_to_the_limit_and_not_past_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (length, reads) in [(0, true), (1, true), (8, true), (9, false), (100, false)] {
            std::fs::write(&path, vec![7; length]).unwrap();
            let secret = read_secret(&path, 8).ok();
            assert_eq!(secret.is_some_and(|secret| secret.ct_eq(&vec![7; length])), reads, "{length}");
        }
    }

    #[test]
    fn a_new_folder_is_private_and_an_old_one_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = folder.path().join("deep/data");
        make_private_folder(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        std::fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
        make_private_folder(&path).unwrap();
        assert_eq!(mode(&path), 0o750);
    }

    #[test]
    fn only_a_socket_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.sock");
        remove_socket(&path).unwrap();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        remove_socket(&path).unwrap();
        assert!(!path.exists());
        std::fs::write(&path, b"a file").unwrap();
        remove_socket(&path).unwrap_err();
        assert!(path.exists());
    }
}
