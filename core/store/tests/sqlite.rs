//! The SQLite engine: the suite, and what only a folder of files can promise.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed, outside of `#[test]` functions too"
)]
#![allow(clippy::disallowed_methods, reason = "the tests look at the engine's files and start a process of their own")]

mod suite;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use sealroom_store::{Batch, Committed, Engine, Guard, KeyPath, Log, Store, StoreError};
use suite::{Fresh, Numbers, at, conformance, get, names, path, put, value};
use tempfile::TempDir;

async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::sqlite(&folder.path().join("data")).unwrap();
    Fresh::new(engine, folder)
}

conformance!(fresh);

/// A store in a folder that can be looked into.
async fn in_folder() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    (folder, store)
}

async fn open(folder: &Path) -> Store {
    Fresh::new(Engine::sqlite(folder).unwrap(), ()).store().await
}

/// All files below a folder and what they hold.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
        }
    }
    found
}

#[tokio::test]
async fn a_folder_belongs_to_one_engine_until_that_and_its_logs_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let log = store.log("journal", 1).await.unwrap();
    assert!(matches!(Engine::sqlite(folder.path()), Err(StoreError::InUse)));
    put(&store, "t/a", "x").await;
    drop(store);
    assert!(matches!(Engine::sqlite(folder.path()), Err(StoreError::InUse)));
    drop(log);
    let store = open(folder.path()).await;
    assert_eq!(value(&store, "t/a").await.as_deref(), Some("x"));
}

#[tokio::test]
async fn folders_and_files_are_for_their_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep/data");
    let store = open(&folder).await;
    let log = store.log("journal", 1).await.unwrap();
    log.append(0, b"x").unwrap();
    put(&store, "t/a", "x").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for made in ["deep", "deep/data", "deep/data/logs", "deep/data/logs/journal"] {
        assert_eq!(mode(&parent.path().join(made)), 0o700, "{made}");
    }
    let files = files(&folder);
    assert!(files.len() >= 5, "lock, database, its log and index, and a log file");
    for (file, _) in files {
        assert_eq!(mode(Path::new(&file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_database_of_another_program_or_a_newer_format_is_not_touched() {
    let cases: [(&str, &str); 4] = [
        ("a newer format", "UPDATE meta SET format = 2"),
        ("no format", "DELETE FROM meta"),
        ("another program's", "PRAGMA application_id = 7"),
        ("another program's without a name", "PRAGMA application_id = 0"),
    ];
    for (what, change) in cases {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).await);
        let file = folder.path().join("store.db");
        Connection::open(&file).unwrap().execute_batch(change).unwrap();
        let before = fs::read(&file).unwrap();
        assert!(matches!(Engine::sqlite(folder.path()), Err(StoreError::Format { .. })), "{what}");
        assert!(fs::read(&file).unwrap() == before, "{what}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store.db"), vec![b'x'; 10_000]).unwrap();
    assert!(matches!(Engine::sqlite(folder.path()), Err(StoreError::Format { .. })));
}

#[tokio::test]
async fn rows_outlive_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let version = put(&store, "t/a", "x").await;
    drop(store);
    let store = open(folder.path()).await;
    assert_eq!(get(&store, "t/a").await.unwrap().version, version);
    assert_eq!(put(&store, "t/a", "y").await, version + 1);
    assert_eq!(store.changes(0, 9).await.unwrap().unwrap().len(), 2);
}

#[tokio::test]
async fn changes_reach_back_a_hundred_thousand_commits_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    put(&store, "t/a", "x").await;
    drop(store);
    let raw = Connection::open(folder.path().join("store.db")).unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                INSERT INTO changes SELECT i, (SELECT paths FROM changes WHERE sequence = 1) FROM n;
                UPDATE meta SET sequence = 100000;";
    raw.execute_batch(many).unwrap();
    drop(raw);
    let store = open(folder.path()).await;
    assert!(store.changes(0, 1).await.unwrap().is_some());
    assert_eq!(put(&store, "t/a", "x").await, 100_001);
    assert_eq!(store.changes(0, 1).await.unwrap(), None);
    assert_eq!(store.changes(1, 100_000).await.unwrap().unwrap().len(), 100_000);
}

#[tokio::test]
async fn commits_past_the_queue_are_refused_and_those_in_it_happen() {
    let (folder, store) = in_folder().await;
    let disk = Connection::open(folder.path().join("store.db")).unwrap();
    // Whoever holds the database's write lock stands for a disk that doesn't answer.
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    let put = |number: u64| Batch::default().put(path("t").u64_be(number), vec![1]);
    let mut waiting = Vec::new();
    for number in 0..4_096 {
        let mut commit = Box::pin({
            let store = store.clone();
            async move { store.commit(put(number)).await }
        });
        let begun = std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx))).await;
        assert!(begun.is_pending(), "{number}");
        waiting.push(commit);
    }
    assert!(matches!(store.commit(put(4_096)).await, Err(StoreError::Busy)));
    disk.execute_batch("ROLLBACK").unwrap();
    for commit in waiting {
        assert!(matches!(commit.await, Ok(Committed::At(_))));
    }
    assert_eq!(names(&store, "t").await.len(), 4_096);
    at(store.commit(put(4_096)).await.unwrap());
}

#[tokio::test]
async fn a_database_that_stays_locked_is_unavailable_and_works_again_later() {
    let (folder, store) = in_folder().await;
    put(&store, "t/a", "x").await;
    let other = Connection::open(folder.path().join("store.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.commit(Batch::default().put(path("t/a"), b"y".to_vec())).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })));
    assert_eq!(value(&store, "t/a").await.as_deref(), Some("x"));
    other.execute_batch("ROLLBACK").unwrap();
    put(&store, "t/a", "z").await;
    assert_eq!(value(&store, "t/a").await.as_deref(), Some("z"));
}

/// A value that can be recognised wherever 16 of its bytes turn up.
fn mark(numbers: &mut Numbers, length: usize) -> Vec<u8> {
    (0..length).map(|_| numbers.next().to_be_bytes()[7]).collect()
}

#[tokio::test]
async fn what_a_batch_destroys_is_in_no_file_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::sqlite(folder.path()).unwrap();
    let store = Store::open(engine, sealroom_store::Barrier::insecure_none()).await.unwrap();
    let mut numbers = Numbers::new(3);
    let mut rows: Vec<(KeyPath, Vec<u8>)> = Vec::new();
    let mut gone: Vec<Vec<u8>> = Vec::new();
    for round in 0..60 {
        // Rows of many sizes at random places: pages split and merge, and values lie in cells and on overflow pages.
        let mut batch = Batch::default();
        for _ in 0..20 {
            let path = path("t").u64_be(numbers.next());
            let length = [40, 300, 700, 2_000, 9_000][numbers.below(5)];
            let value = mark(&mut numbers, length);
            batch = batch.put(path.clone(), value.clone());
            rows.push((path, value));
        }
        at(store.commit(batch).await.unwrap());
        if round % 6 == 5 {
            let mut batch = Batch { destroys: true, ..Batch::default() };
            for replaced in 0..15 {
                let (path, value) = rows.swap_remove(numbers.below(rows.len()));
                batch = if replaced % 3 == 0 { batch.put(path, b"tombstone".to_vec()) } else { batch.delete(path) };
                gone.push(value);
            }
            at(store.commit(batch).await.unwrap());
        } else if round % 6 != 2 {
            continue;
        }
        let starts: std::collections::HashSet<&[u8]> = gone.iter().flat_map(|value| value.windows(16)).collect();
        for (file, bytes) in files(folder.path()) {
            let left = bytes.windows(16).position(|window| starts.contains(window));
            assert_eq!(left, None, "round {round}: {file} still holds a destroyed value");
        }
    }
    for (path, value) in rows {
        let row = store.read(&[sealroom_store::Read::Get(path)]).await.unwrap().remove(0).row().unwrap();
        assert!(row.value == value, "what wasn't destroyed is whole");
    }
    let raw = Connection::open(folder.path().join("store.db")).unwrap();
    let sound: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[tokio::test]
async fn a_destruction_that_a_reader_holds_up_is_not_acknowledged_but_made_good_later() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::sqlite(folder.path()).unwrap();
    let store = Store::open(engine, sealroom_store::Barrier::insecure_none()).await.unwrap();
    let secret = mark(&mut Numbers::new(9), 300);
    at(store.commit(Batch::default().put(path("t/a"), secret.clone())).await.unwrap());
    let reader = Connection::open(folder.path().join("store.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM rows").unwrap();
    let destroy = Batch { destroys: true, ..Batch::default() }.delete(path("t/a"));
    assert!(matches!(store.commit(destroy).await, Err(StoreError::Unavailable { .. })));
    let holds =
        || files(folder.path()).iter().any(|(_, bytes)| bytes.windows(16).any(|window| window == &secret[..16]));
    assert!(holds());
    assert_eq!(get(&store, "t/a").await, None);
    reader.execute_batch("COMMIT").unwrap();
    put(&store, "t/b", "any later commit").await;
    put(&store, "t/c", "comes behind the wiping").await;
    assert!(!holds());
}

#[tokio::test]
async fn a_store_that_was_killed_wipes_what_was_destroyed_when_it_opens() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::sqlite(folder.path()).unwrap();
    let store = Store::open(engine, sealroom_store::Barrier::insecure_none()).await.unwrap();
    let secret = mark(&mut Numbers::new(10), 300);
    at(store.commit(Batch::default().put(path("t/a"), secret.clone())).await.unwrap());
    at(store.commit(Batch::default().delete(path("t/a"))).await.unwrap());
    // What a process leaves that dies between the commit and the wiping.
    let killed = tempfile::tempdir().unwrap();
    for file in ["store.db", "store.db-wal"] {
        fs::copy(folder.path().join(file), killed.path().join(file)).unwrap();
    }
    let holds =
        || files(killed.path()).iter().any(|(_, bytes)| bytes.windows(16).any(|window| window == &secret[..16]));
    assert!(holds());
    let store = open(killed.path()).await;
    assert!(!holds());
    assert_eq!(get(&store, "t/a").await, None);
}

#[tokio::test]
async fn rows_that_were_changed_in_the_database_are_refused() {
    let changes = [
        "UPDATE rows SET value = (SELECT value FROM rows WHERE path = x'74006200')",
        "UPDATE rows SET version = version + 1",
        "UPDATE rows SET version = -1",
        "UPDATE rows SET value = x''",
        "UPDATE rows SET path = x'740061007a00' WHERE path = x'74006100'",
        "UPDATE rows SET path = x'740061' WHERE path = x'74006100'",
        "DROP TABLE rows; CREATE TABLE rows (path, version, value); INSERT INTO rows VALUES (x'74006100', 'one', 'text')",
    ];
    for change in changes {
        let (folder, store) = in_folder().await;
        put(&store, "t/a", "x").await;
        put(&store, "t/b", "y").await;
        Connection::open(folder.path().join("store.db")).unwrap().execute_batch(change).unwrap();
        let range = sealroom_store::Read::Range { prefix: path("t"), after: None, limit: 9 };
        assert!(matches!(store.read(&[range]).await, Err(StoreError::Forged { .. })), "{change}");
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged_and_the_store_goes_on_when_there_is_room() {
    const FOLDER: &str = "SEALROOM_TEST_FULL_DISK";
    if let Ok(folder) = std::env::var(FOLDER) {
        return fill(Path::new(&folder)).await;
    }
    // In a process of its own, whose files may not grow past a limit: the system's way to say that there is no room.
    let folder = tempfile::tempdir().unwrap();
    let name = "a_full_disk_loses_nothing_that_was_acknowledged_and_the_store_goes_on_when_there_is_room";
    let script = "trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture";
    let ended = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let store = open(folder.path()).await;
    assert_eq!(value(&store, "t/after").await.as_deref(), Some("room again"));
}

async fn fill(folder: &Path) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let store = open(folder).await;
    let log: Log = store.log("journal", 1).await.unwrap();
    let before = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(300_000), ..before }).unwrap();
    let large = |number: u64| Batch::default().put(path("t/row").u64_be(number), vec![7; 20_000]);
    let mut acknowledged = 0;
    let refused = loop {
        match store.commit(large(acknowledged)).await {
            Ok(_) => acknowledged += 1,
            Err(refused) => break refused,
        }
        assert!(acknowledged < 1_000, "the limit was never met");
    };
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    assert!(acknowledged > 0);
    assert!(store.commit(large(acknowledged)).await.is_err());
    let held = names(&store, "t/row").await.len();
    assert_eq!(u64::try_from(held).unwrap(), acknowledged, "what was refused isn't there");
    log.append(0, b"the log has a file of its own").unwrap();
    setrlimit(Resource::Fsize, before).unwrap();
    at(store.commit(large(acknowledged).guard(Guard::Absent(path("t/after")))).await.unwrap());
    put(&store, "t/after", "room again").await;
}
