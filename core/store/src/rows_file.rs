//! A file of rows: what a snapshot leaves in a backup, whatever engine it came from.
//!
//! ```text
//! file = "sealroom rows 1\n" (16 bytes) ‖ rows in the order of their paths ‖ end
//! row  = length of the path (2) ‖ version (8) ‖ length of the value (4) ‖ path ‖ value; numbers are big-endian
//! end  = 00 00 ‖ number of rows (8)
//! ```
//!
//! It says nothing that the engine didn't hold: values are sealed as they were. That a file is whole shows in its end; that
//! nobody changed it, only the digest in the backup's manifest. Both sides block: not for a thread of the runtime.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::path::Path;

use thiserror::Error;

use crate::batch::Write;
use crate::disk;
use crate::path::KeyPath;
use crate::snapshot::SealedRow;

const HEAD: &[u8; 16] = b"sealroom rows 1\n";
/// LIMIT: bytes of a stored value: the greatest value, and what sealing adds.
const MAX_STORED: usize = Write::MAX_VALUE + 1_024;
const BUFFER: usize = 256 * 1024;

/// Why a file of rows can't be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RowsFileError {
    /// The system.
    #[error("the file of rows can't be written or read: {0}")]
    Io(#[from] io::Error),
    /// It isn't one, or not of a format that this program reads.
    #[error("the file of rows is damaged: {0}")]
    Damaged(&'static str),
}

/// Writes a file of rows.
pub struct RowsWriter {
    file: BufWriter<File>,
    rows: u64,
    last: Option<KeyPath>,
}

impl RowsWriter {
    /// Makes the file (0600), which must not be there.
    ///
    /// # Errors
    /// [`RowsFileError::Io`].
    pub fn create(path: &Path) -> Result<Self, RowsFileError> {
        let mut file = BufWriter::with_capacity(BUFFER, disk::create_file(path)?);
        file.write_all(HEAD)?;
        Ok(Self { file, rows: 0, last: None })
    }

    /// Adds rows, which go on in the order of their paths.
    ///
    /// # Errors
    /// [`RowsFileError`].
    pub fn append(&mut self, rows: &[SealedRow]) -> Result<(), RowsFileError> {
        for row in rows {
            let path = row.path.as_bytes();
            let lengths = (u16::try_from(path.len()), u32::try_from(row.stored.len()));
            let (Ok(path_bytes), Ok(value_bytes)) = lengths else {
                return Err(RowsFileError::Damaged("a row is too long"));
            };
            if self.last.as_ref().is_some_and(|last| *last >= row.path) {
                return Err(RowsFileError::Damaged("rows are out of order"));
            }
            self.file.write_all(&path_bytes.to_be_bytes())?;
            self.file.write_all(&row.version.to_be_bytes())?;
            self.file.write_all(&value_bytes.to_be_bytes())?;
            self.file.write_all(path)?;
            self.file.write_all(&row.stored)?;
            self.last = Some(row.path.clone());
            self.rows += 1;
        }
        Ok(())
    }

    /// Writes the end, waits until all is on the disk, and says how many rows there are.
    ///
    /// # Errors
    /// [`RowsFileError::Io`].
    pub fn finish(mut self) -> Result<u64, RowsFileError> {
        self.file.write_all(&[0; 2])?;
        self.file.write_all(&self.rows.to_be_bytes())?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(self.rows)
    }
}

/// Reads a file of rows.
pub struct RowsReader {
    file: BufReader<File>,
    rows: u64,
    last: Option<KeyPath>,
    ended: bool,
}

impl RowsReader {
    /// Opens the file.
    ///
    /// # Errors
    /// [`RowsFileError`].
    pub fn open(path: &Path) -> Result<Self, RowsFileError> {
        let mut file = BufReader::with_capacity(BUFFER, disk::read_file(path)?);
        if take::<16>(&mut file)? != *HEAD {
            return Err(RowsFileError::Damaged("it isn't one, or of a newer program"));
        }
        Ok(Self { file, rows: 0, last: None, ended: false })
    }

    /// The next rows, at most `limit`; none behind the end, which has then been checked.
    ///
    /// # Errors
    /// [`RowsFileError`].
    pub fn next_page(&mut self, limit: usize) -> Result<Vec<SealedRow>, RowsFileError> {
        let mut page = Vec::new();
        while page.len() < limit
            && let Some(row) = self.next_row()?
        {
            page.push(row);
        }
        Ok(page)
    }

    fn next_row(&mut self) -> Result<Option<SealedRow>, RowsFileError> {
        if self.ended {
            return Ok(None);
        }
        let path_bytes = usize::from(u16::from_be_bytes(take(&mut self.file)?));
        let number = u64::from_be_bytes(take(&mut self.file)?);
        if path_bytes == 0 {
            let surplus = self.file.read(&mut [0; 1])?;
            self.ended = number == self.rows && surplus == 0;
            return if self.ended { Ok(None) } else { Err(RowsFileError::Damaged("its end says another number")) };
        }
        let value_bytes = usize::try_from(u32::from_be_bytes(take(&mut self.file)?)).unwrap_or(usize::MAX);
        if path_bytes > KeyPath::MAX_BYTES || value_bytes > MAX_STORED {
            return Err(RowsFileError::Damaged("a row is too long"));
        }
        let mut path = vec![0; path_bytes];
        self.file.read_exact(&mut path)?;
        let mut stored = vec![0; value_bytes];
        self.file.read_exact(&mut stored)?;
        let path = KeyPath::from_encoded(&path).map_err(|_| RowsFileError::Damaged("the path of a row is none"))?;
        if self.last.as_ref().is_some_and(|last| *last >= path) {
            return Err(RowsFileError::Damaged("rows are out of order"));
        }
        self.last = Some(path.clone());
        self.rows += 1;
        Ok(Some(SealedRow { path, version: number, stored }))
    }
}

fn take<const N: usize>(file: &mut impl Read) -> Result<[u8; N], RowsFileError> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests damage files")]

    use super::*;

    fn rows(count: u64) -> Vec<SealedRow> {
        let path = |number| KeyPath::build("t").u64_be(number);
        let stored = |number: u64| vec![7; usize::try_from(number % 300).unwrap()];
        (0..count).map(|number| SealedRow { path: path(number), version: number * 3, stored: stored(number) }).collect()
    }

    fn written(path: &Path, count: u64) {
        let mut writer = RowsWriter::create(path).unwrap();
        for page in rows(count).chunks(7) {
            writer.append(page).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), count);
    }

    fn read(path: &Path) -> Result<Vec<SealedRow>, RowsFileError> {
        let mut reader = RowsReader::open(path)?;
        let mut rows = Vec::new();
        loop {
            let page = reader.next_page(10)?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    }

    #[test]
    fn rows_come_back_in_order() {
        for count in [0, 1, 10, 1_000] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rows");
            written(&path, count);
            assert_eq!(read(&path).unwrap(), rows(count));
        }
    }

    #[test]
    fn a_file_that_is_cut_or_longer_anywhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        written(&path, 20);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(read(&path).is_err(), "cut to {length}");
        }
        std::fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
        assert!(read(&path).is_err());
        std::fs::write(&path, &whole).unwrap();
        assert!(read(&path).is_ok());
    }

    #[test]
    fn rows_out_of_order_are_refused_on_both_sides() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RowsWriter::create(&folder.path().join("rows")).unwrap();
        let two = rows(2);
        writer.append(&two[1..]).unwrap();
        assert!(matches!(writer.append(&two[..1]), Err(RowsFileError::Damaged(_))));
        assert!(matches!(writer.append(&two[1..]), Err(RowsFileError::Damaged(_))));
    }
}
