//! The few files that are the server's own: the configuration, certificates, a passphrase. Everything else is kept by
//! `store`, `audit` and `roots`.

use std::io;
use std::path::Path;

/// Reads a whole file.
#[expect(clippy::disallowed_methods, reason = "configuration and certificates are the server's own files")]
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Reads a whole text file.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
