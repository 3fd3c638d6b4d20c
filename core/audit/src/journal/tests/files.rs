//! The same over SQLite and log files, where a crash is a machine that loses power: of what wasn't synced, anything may
//! be gone or torn.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, read_dir};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::crash::{World, run};
use super::*;

/// A data folder, and how long each log file was when everything in it was synced.
struct Files {
    folder: TempDir,
    synced: HashMap<PathBuf, u64>,
}

impl Files {
    fn logs(&self) -> Vec<PathBuf> {
        let Ok(found) = read_dir(self.folder.path().join("logs").join(disk::LOG)) else { return Vec::new() };
        let mut logs: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
        logs.sort();
        logs
    }
}

#[expect(clippy::disallowed_methods, reason = "the test plays the disk")]
fn open(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

impl World for Files {
    async fn reopen(&mut self) -> Store {
        let engine = Engine::sqlite(self.folder.path()).unwrap();
        Store::open(engine, Barrier::insecure_none()).await.unwrap()
    }

    fn all_synced(&mut self) {
        for path in self.logs() {
            let length = path.metadata().unwrap().len();
            self.synced.insert(path, length);
        }
    }

    fn crash(&mut self, dice: &mut dyn FnMut(u64) -> u64) {
        assert!(!self.logs().is_empty());
        for path in self.logs() {
            let synced = self.synced.get(&path).copied().unwrap_or_default();
            let file = open(&path);
            let kept = synced + dice(file.metadata().unwrap().len() - synced + 1);
            file.set_len(kept).unwrap();
            if kept > synced && dice(2) == 0 {
                file.write_all_at(&[0], synced + dice(kept - synced)).unwrap();
            }
        }
    }

    fn loses_unsynced(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_power_failure_loses_no_change_and_nothing_that_was_answered_after_a_sync() {
    for seed in 0..8 {
        run(Files { folder: TempDir::new().unwrap(), synced: HashMap::new() }, seed).await;
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_answered() {
    let folder = TempDir::new().unwrap();
    let mut house = House::new().await;
    for round in 0..3 {
        let engine = Engine::sqlite(folder.path()).unwrap();
        house.store = Store::open(engine, Barrier::insecure_none()).await.unwrap();
        {
            let journal = house.start(Sync::Interval, 2, Syncing::Thread(pace::INTERVAL)).await.unwrap();
            for op in 10 * round..10 * round + 10 {
                let effect = if op % 3 == 0 { change(op) } else { value(op) };
                assert!(matches!(journal.release(effect).await, Released::Answer(_)));
            }
            assert_eq!(recorded(&journal).await, (0..10 * round + 10).collect::<Vec<_>>());
        }
        house.store = Store::open(Engine::memory(), Barrier::insecure_none()).await.unwrap();
    }
}

#[tokio::test]
async fn the_free_space_of_a_folder_is_measured() {
    let folder = TempDir::new().unwrap();
    assert!(space::of_folder(Some(folder.path().to_owned()))().is_some_and(|free| free > 0));
    assert_eq!(space::of_folder(Some(folder.path().join("missing")))(), None);
    assert_eq!(space::of_folder(None)(), None);
}
