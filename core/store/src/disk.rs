//! The only place of the room that opens files and folders by name, with the permissions that they get: 0700 and 0600.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder, and its parents, if missing, and makes its name durable.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    open(OpenOptions::new().read(true), path)?.sync_all()
}

/// Opens a file that is there.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true), path)
}

/// Opens a file that is only read.
pub(crate) fn read_file(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true), path)
}

/// Makes a file, which must not be there.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true).create_new(true).mode(0o600), path)
}

/// Opens a file, and makes it if missing.
pub(crate) fn open_or_create_file(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600), path)
}

#[expect(clippy::disallowed_methods, reason = "files belong to this room")]
fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}
