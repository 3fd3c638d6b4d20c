//! Power cuts and kills under the SQLite engine: what was acknowledged is there, whole, and nothing else is.
//!
//! The engine's files are copied when nothing is being written, before and after a group of commits. A power cut in between leaves a
//! mixture of the two: of the sectors of the write-ahead log while the group was being committed, because what it held before was
//! synced when the last commit was acknowledged; of the pages of the database, with all of the log, while a checkpoint
//! was writing them. Both mixtures are made at random, opened, and compared with what a model says.
//! Seeds are printed with every failure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed, outside of `#[test]` functions too"
)]
#![allow(clippy::disallowed_methods, reason = "the tests copy the engine's files and start a process of their own")]

mod suite;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use sealroom_store::{Barrier, Batch, Committed, Engine, KeyPath, Read, Store, Write};
use suite::{Numbers, at, path};

const SECTOR: usize = 512;
const PAGE: usize = 4_096;

type Rows = BTreeMap<KeyPath, (Vec<u8>, u64)>;

/// What the rows are after each sequence number.
#[derive(Clone, Default)]
struct Model {
    rows: Rows,
    newest: u64,
}

impl Model {
    fn apply(&mut self, batch: &Batch, sequence: u64) {
        assert_eq!(sequence, self.newest + 1);
        self.newest = sequence;
        for write in &batch.writes {
            match write {
                Write::Put(path, value) => drop(self.rows.insert(path.clone(), (value.clone(), sequence))),
                Write::Delete(path) => drop(self.rows.remove(path)),
            }
        }
    }
}

/// The files at a moment when nothing was being written.
#[derive(Clone, PartialEq)]
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Files {
    fn copy(folder: &Path) -> Self {
        let log = fs::read(folder.join("store.db-wal")).unwrap_or_default();
        Self { database: fs::read(folder.join("store.db")).unwrap(), log }
    }

    fn put(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("store.db"), &self.database).unwrap();
        fs::write(folder.join("store.db-wal"), &self.log).unwrap();
    }
}

/// Takes each piece from one or the other, where they differ; torn says how the new ones got there.
fn mix(old: &[u8], new: &[u8], piece: usize, numbers: &mut Numbers) -> Vec<u8> {
    let length = if numbers.below(4) == 0 { old.len() } else { new.len() };
    let differs = |at: usize| old.get(at..(at + piece).min(old.len())) != new.get(at..(at + piece).min(new.len()));
    let pieces: Vec<usize> = (0..old.len().max(new.len())).step_by(piece).filter(|at| differs(*at)).collect();
    let kind = numbers.below(4);
    let cut = numbers.below(pieces.len() + 1);
    let mut mixed = vec![0; length];
    let whole = old.len().min(length);
    mixed[..whole].copy_from_slice(&old[..whole]);
    for (number, at) in pieces.into_iter().enumerate() {
        let arrived = match kind {
            // All of it, a part in order, all but a few, or a few.
            0 => true,
            1 => number < cut,
            2 => numbers.below(8) != 0,
            _ => numbers.below(2) == 0,
        };
        if arrived {
            let end = (at + piece).min(new.len()).min(length);
            if let (Some(place), Some(bytes)) = (mixed.get_mut(at..end), new.get(at..end)) {
                place.copy_from_slice(bytes);
            }
        }
    }
    mixed
}

async fn open(folder: &Path) -> Store {
    Store::open(Engine::sqlite(folder).unwrap(), Barrier::insecure_none()).await.unwrap()
}

async fn rows(store: &Store) -> Rows {
    let (mut rows, mut after) = (Rows::new(), None);
    loop {
        let range = Read::Range { prefix: path("t"), after: after.clone(), limit: 1_000 };
        let page = suite::one(store, range).await.rows();
        let Some(last) = page.last() else { return rows };
        after = Some(last.path.clone());
        rows.extend(page.into_iter().map(|row| (row.path, (row.value, row.version))));
    }
}

/// Opens what a crash left, and finds exactly what some number of commits, not fewer than were acknowledged, had made.
async fn check(folder: &Path, models: &BTreeMap<u64, Model>, acknowledged: u64, what: &str) -> u64 {
    let store = open(folder).await;
    let newest = at(store.commit(Batch::default()).await.unwrap());
    assert!(newest >= acknowledged, "{what}: {newest} is the newest, {acknowledged} was acknowledged");
    let model = models.get(&newest).unwrap_or_else(|| panic!("{what}: nobody committed {newest}"));
    assert!(rows(&store).await == model.rows, "{what}: the rows aren't those of commit {newest}");
    let changes = store.changes(0, u32::MAX).await.unwrap().unwrap();
    let mut sequences: Vec<u64> = changes.iter().map(|(sequence, _)| *sequence).collect();
    sequences.dedup();
    assert!(sequences == (1..=newest).collect::<Vec<_>>(), "{what}: the changes aren't those of {newest} commits");
    assert!(
        changes.iter().filter(|(_, changed)| model.rows.contains_key(changed)).count() >= model.rows.len(),
        "{what}"
    );
    let more = Batch::default().put(path("t/after/crash"), vec![1]);
    assert_eq!(store.commit(more).await.unwrap(), Committed::At(newest + 1), "{what}: it doesn't go on");
    newest
}

fn batch(numbers: &mut Numbers) -> Batch {
    let mut batch = Batch::default();
    for _ in 0..1 + numbers.below(12) {
        let path = path("t").u64_be(numbers.next() % 300);
        batch = match numbers.below(4) {
            0 => batch.delete(path),
            _ => {
                let (fill, length) = (numbers.next().to_be_bytes()[7], numbers.below(6_000));
                batch.put(path, vec![fill; length])
            }
        };
    }
    batch
}

/// What became of the groups in which the power was cut.
#[derive(Default)]
struct Fates {
    lost: u32,
    kept: u32,
    checkpointed: u32,
}

/// Groups of commits in which the power is cut six times each: each third of the first 40, and those that end with a
/// checkpoint. How many pages a group writes depends on how its commits happen to be gathered, so groups go on until two
/// checkpoints were seen.
async fn cut_power(seed: u64, fates: &mut Fates) {
    let mut numbers = Numbers::new(seed);
    let live = tempfile::tempdir().unwrap();
    let store = open(live.path()).await;
    let mut model = Model::default();
    let mut models = BTreeMap::from([(0, model.clone())]);
    let mut before = Files::copy(live.path());
    let mut checkpoints = 0;
    for group in 0..1_000 {
        if group >= 40 && checkpoints >= 2 {
            return;
        }
        let acknowledged = model.newest;
        let batches: Vec<Batch> = (0..1 + numbers.below(4)).map(|_| batch(&mut numbers)).collect();
        let commits: Vec<_> = batches
            .into_iter()
            .map(|batch| {
                let (store, written) = (store.clone(), batch.clone());
                tokio::spawn(async move { (at(store.commit(written).await.unwrap()), batch) })
            })
            .collect();
        let mut done = BTreeMap::new();
        for commit in commits {
            let (sequence, batch) = commit.await.unwrap();
            done.insert(sequence, batch);
        }
        for (sequence, batch) in done {
            model.apply(&batch, sequence);
            models.insert(sequence, model.clone());
        }
        let after = Files::copy(live.path());
        let checkpointed = before.database != after.database;
        checkpoints += u32::from(checkpointed);
        let cuts = if checkpointed || (group < 40 && group % 3 == 0) { 6 } else { 0 };
        for cut in 0..cuts {
            let what = format!("seed {seed}, group {group}, cut {cut}");
            let folder = tempfile::tempdir().unwrap();
            // A log that was begun anew: what it held before was in the database by then.
            let begun_anew = before.log.get(..32) != after.log.get(..32);
            let (left, least) = match (checkpointed, begun_anew) {
                (true, true) => (after.clone(), model.newest),
                // While a checkpoint writes pages, the log is synced.
                (true, false) if numbers.below(4) != 0 => {
                    fates.checkpointed += 1;
                    let database = mix(&before.database, &after.database, PAGE, &mut numbers);
                    (Files { database, log: after.log.clone() }, model.newest)
                }
                _ => {
                    let log = mix(&before.log, &after.log, SECTOR, &mut numbers);
                    (Files { database: before.database.clone(), log }, acknowledged)
                }
            };
            left.put(folder.path());
            let newest = check(folder.path(), &models, least, &what).await;
            fates.lost += u32::from(newest < model.newest);
            fates.kept += u32::from(newest == model.newest);
        }
        let nothing_was_written_meanwhile = Files::copy(live.path()) == after;
        assert!(nothing_was_written_meanwhile);
        before = after;
        models = models.split_off(&acknowledged);
    }
    panic!("seed {seed}: no two checkpoints in a thousand groups");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_lose_no_commit_that_was_acknowledged_and_leave_none_half() {
    let mut fates = Fates::default();
    for seed in 0..2 {
        cut_power(seed, &mut fates).await;
    }
    let Fates { lost, kept, checkpointed } = fates;
    assert!(lost > 20 && kept > 20 && checkpointed > 2, "lost {lost}, kept {kept}, checkpointed {checkpointed}");
}

const CHILD: &str = "SEALROOM_TEST_KILLED";

/// Commits until it is killed, and says so: the sequence number of each commit when it was acknowledged.
#[expect(clippy::print_stdout, reason = "the test that started this process listens")]
async fn commit_until_killed(folder: &Path, seed: u64) {
    let store = open(folder).await;
    let mut numbers = Numbers::new(seed);
    loop {
        let destroys = numbers.below(4) == 0;
        let batch = Batch { destroys, ..batch(&mut numbers) };
        println!("ACK {}", at(store.commit(batch).await.unwrap()));
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_commit_that_it_acknowledged() {
    if let Ok(task) = std::env::var(CHILD) {
        let (seed, folder) = task.split_once(' ').unwrap();
        return commit_until_killed(Path::new(folder), seed.parse().unwrap()).await;
    }
    for seed in 100..112 {
        let folder = tempfile::tempdir().unwrap();
        let mut numbers = Numbers::new(seed);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_process_loses_no_commit_that_it_acknowledged", "--nocapture"])
            .env(CHILD, format!("{seed} {}", folder.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Killed on hearing of some commit, while it works on a later one.
        let kill_after = u64::try_from(1 + numbers.below(25)).unwrap();
        let mut acknowledged = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some(sequence) = line.unwrap().split_once("ACK ").map(|(_, rest)| rest.parse::<u64>().unwrap()) {
                acknowledged = sequence;
                if sequence == kill_after {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(acknowledged >= kill_after, "seed {seed}");
        // The same numbers make the same batches.
        let mut numbers = Numbers::new(seed);
        let mut model = Model::default();
        let mut models = BTreeMap::from([(0, model.clone())]);
        for sequence in 1..=acknowledged + 1 {
            let _destroys = numbers.below(4);
            model.apply(&batch(&mut numbers), sequence);
            models.insert(sequence, model.clone());
        }
        check(folder.path(), &models, acknowledged, &format!("seed {seed}")).await;
    }
}
