//! The database file: how it is made, recognised and opened, and the settings that every connection has. It knows tables
//! and pragmas, not what is asked of them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use crate::disk;
use crate::error::StoreError;

/// `SEAL`, in the file's header: other databases aren't ours to touch.
const APPLICATION: i64 = 0x5345_414c;
/// The newest format that this program reads and the one that it writes.
const FORMAT: i64 = 1;

/// LIMIT: how long a connection waits for another one's lock. Only a checkpoint ever does.
const PATIENCE: Duration = Duration::from_millis(500);

const SCHEMA: &str = "
    CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
    CREATE TABLE rows (path BLOB PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE changes (sequence INTEGER PRIMARY KEY, paths BLOB NOT NULL) STRICT;
    INSERT INTO meta VALUES (1, 1, 0);
    PRAGMA application_id = 0x5345414c;
";

/// A store's database file.
#[derive(Clone)]
pub(super) struct Database {
    path: PathBuf,
    /// The same file. INVARIANT: it stays open longer than every connection, because closing any handle of a file drops
    /// the locks that SQLite holds on it in this process.
    file: Arc<File>,
    left_open: bool,
}

impl Database {
    /// Opens or makes `store.db` in `folder`, and finishes what a crash interrupted.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let unreachable = |error| StoreError::unavailable("the database file can't be opened", error);
        let path = folder.join("store.db");
        let file = Arc::new(disk::open_or_create_file(&path).map_err(unreachable)?);
        disk::sync_folder(folder).map_err(unreachable)?;
        // Connecting may already work the log off.
        let left_open = log_bytes(&path).map_err(unreachable)? > 0;
        let database = Self { path, file, left_open };
        let connection = database.connect()?;
        database.prepare(&connection)?;
        disk::sync_folder(folder).map_err(unreachable)?;
        Ok(database)
    }

    /// A connection that writes.
    pub(super) fn writer(&self) -> Result<Connection, StoreError> {
        let connection = self.connect()?;
        let mode: Result<String, _> = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match mode.map_err(broken)?.as_str() {
            "wal" => {}
            _ => return Err(StoreError::gone("the file system can't keep a write-ahead log")),
        }
        connection
            .execute_batch(
                "PRAGMA synchronous = FULL;
                 PRAGMA fullfsync = ON;
                 PRAGMA checkpoint_fullfsync = ON;
                 PRAGMA secure_delete = ON;
                 PRAGMA journal_size_limit = 67108864;
                 PRAGMA cache_size = -16384;",
            )
            .map_err(broken)?;
        Ok(connection)
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        let connection = self.connect()?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;").map_err(broken)?;
        Ok(connection)
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether the last process ended without closing the database.
    pub(super) fn was_left_open(&self) -> bool {
        self.left_open
    }

    /// Bytes in the write-ahead log.
    pub(super) fn log_bytes(&self) -> io::Result<u64> {
        log_bytes(&self.path)
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(broken)?;
        connection.busy_timeout(PATIENCE).map_err(broken)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection
            .execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")
            .map_err(broken)?;
        Ok(connection)
    }

    /// Makes the tables of a new file, and refuses a file that isn't ours or newer than this program.
    fn prepare(&self, connection: &Connection) -> Result<(), StoreError> {
        let application: i64 =
            connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(broken)?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(broken)?;
        if application == 0 && tables == 0 {
            let writer = self.writer()?;
            let made = writer.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT;"));
            return made.map_err(broken);
        }
        if application != APPLICATION {
            return Err(StoreError::Format { reason: "the file is another program's database" });
        }
        let format: Option<i64> =
            connection.query_row("SELECT format FROM meta", [], |row| row.get(0)).optional().map_err(broken)?;
        match format {
            Some(FORMAT) => Ok(()),
            Some(newer) if newer > FORMAT => Err(StoreError::Format { reason: "a newer program wrote it" }),
            Some(_) | None => Err(StoreError::Format { reason: "it says no format that was ever written" }),
        }
    }
}

fn log_bytes(database: &Path) -> io::Result<u64> {
    let mut path = database.to_owned().into_os_string();
    path.push("-wal");
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// A sequence number as SQLite keeps it.
pub(super) fn number(sequence: u64) -> Result<i64, StoreError> {
    i64::try_from(sequence).map_err(|error| StoreError::unavailable("there are no sequence numbers left", error))
}

/// The store's word for an error of SQLite.
pub(super) fn broken(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Format { reason: "the file is no database" },
        Some(ErrorCode::DiskFull) => StoreError::unavailable("the disk is full", error),
        _ => StoreError::unavailable("the database failed", error),
    }
}
