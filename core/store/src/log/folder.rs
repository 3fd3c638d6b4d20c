//! The file layer of the log: what it asks of a folder and of the files in it, and the disk's answer.
//!
//! Two worlds stand behind it: the disk, and memory for the memory engine. The tests have a third, which forgets what
//! was not synced and fails on command; nothing above this file can tell them apart.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A flat folder of files.
pub(crate) trait Folder: Send + Sync + 'static {
    /// An open file.
    type File: Storage;

    /// The names of all files, in any order.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes a file, which must not be there.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Opens a file that is there.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes what files there are durable.
    fn sync(&self) -> io::Result<()>;
}

/// An open file, written and read at offsets.
pub(crate) trait Storage: Send + Sync + 'static {
    /// Writes some of `bytes`; says how many.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Reads some bytes; 0 at the end.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How long the file is.
    fn length(&self) -> io::Result<u64>;

    /// Cuts the file.
    fn cut(&self, length: u64) -> io::Result<()>;

    /// Makes bytes and length durable.
    fn sync(&self) -> io::Result<()>;
}

/// A folder on the disk.
pub(crate) struct DiskFolder {
    path: PathBuf,
}

impl DiskFolder {
    /// Opens the folder, and makes it (0700) and its parents if missing.
    pub(crate) fn open_or_create(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        if let Some(parent) = path.parent() {
            sync_folder(parent)?;
        }
        Ok(Self { path: path.to_owned() })
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    open_file(OpenOptions::new().read(true), path)?.sync_all()
}

/// The only place of the room where a file is opened by name.
#[expect(clippy::disallowed_methods, reason = "files belong to this room")]
pub(crate) fn open_file(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

impl Folder for DiskFolder {
    type File = File;

    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name().into_string()));
        names.filter_map(|name| name.map(Result::ok).transpose()).collect()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        open_file(OpenOptions::new().read(true).write(true).create_new(true).mode(0o600), &self.path.join(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        open_file(OpenOptions::new().read(true).write(true), &self.path.join(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }
}

impl Storage for File {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, into, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
