//! The file layer of the log: what it asks of a folder and of the files in it, and the disk's answer.
//!
//! Two worlds stand behind it: the disk, and memory for the memory engine. The tests have a third, which forgets what
//! was not synced and fails on command; nothing above this file can tell them apart.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::disk;

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
        disk::make_folder(path)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Folder for DiskFolder {
    type File = File;

    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name().into_string()));
        names.filter_map(|name| name.map(Result::ok).transpose()).collect()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        disk::create_file(&self.path.join(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        disk::open_file(&self.path.join(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        disk::sync_folder(&self.path)
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
        self.sync_data()?;
        give_pages_back(self);
        Ok(())
    }
}

/// Lets the system have the pages back that the synced part of a log takes in its cache: logs are written once and hardly
/// ever read, and the next bytes then go to memory that is warm instead of to memory that must be found first. The last
/// page stays, because the next record goes there.
#[cfg(target_os = "linux")]
fn give_pages_back(file: &File) {
    const PAGE: u64 = 4096;
    let whole = file.metadata().map_or(0, |metadata| metadata.len() / PAGE * PAGE);
    if let Some(whole) = std::num::NonZeroU64::new(whole) {
        // Advice: whatever comes of it, the log is what it was.
        let _ = rustix::fs::fadvise(file, 0, Some(whole), rustix::fs::Advice::DontNeed);
    }
}

#[cfg(not(target_os = "linux"))]
fn give_pages_back(_file: &File) {}
