//! The connection to PostgreSQL, cut at every message of a commit, an append and an opening, in both directions.
//!
//! After each cut: what was acknowledged is there, once; what was not is whole or absent; numbers, changes and rows agree; and
//! the engine works. A single cut is never even seen by the caller: the engine finds out and goes on.

#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/proxy.rs"]
mod proxy;

use postgres::Database;
use proxy::{Counted, Cut, Proxy};
use sealroom_store::{Answer, Barrier, Batch, Committed, Engine, Guard, KeyPath, Read, Row, Store, StoreError};

/// A store behind a proxy, and one that sees the same rows without.
struct Bench {
    /// Keeps the server.
    _database: Database,
    proxy: Proxy,
    store: Store,
    witness: Store,
    /// Commits so far that were acknowledged or found.
    committed: u64,
    round: u64,
    /// What the last commit took, and whether all its cuts were made.
    counted: Counted,
    all_cut: bool,
}

impl Bench {
    async fn new() -> Self {
        let database = Database::new().await;
        let proxy = Proxy::start(database.socket()).await;
        let store = open(&database.url_by(proxy.port)).await.unwrap();
        let witness = open(&database.url()).await.unwrap();
        Self {
            _database: database,
            proxy,
            store,
            witness,
            committed: 0,
            round: 0,
            counted: Counted::default(),
            all_cut: true,
        }
    }

    /// Commits a batch of every kind of write and guard, whose outcome can be told apart from its repetition, while the
    /// connection is cut at `cuts`. Then holds the store to its promises.
    async fn commit_with(&mut self, cuts: &[Cut]) -> Result<Committed, StoreError> {
        self.round += 1;
        let round = self.round;
        let before = self.witness.read(&[Read::Get(counter())]).await.unwrap().remove(0).row();
        let mut batch = Batch::default()
            .put(row(round, "left"), vec![1; 100])
            .put(row(round, "right"), vec![2; 100])
            .delete(row(round - 1, "right"))
            .put(counter(), round.to_be_bytes().to_vec())
            .guard(Guard::Absent(row(round, "left")))
            .guard(Guard::Empty(KeyPath::build("cuts").u64_be(round)))
            .guard(Guard::AtMost(KeyPath::build("cuts"), 1_000_000));
        batch = batch.guard(match &before {
            Some(before) => Guard::Version(counter(), before.version),
            None => Guard::Absent(counter()),
        });
        self.proxy.order(cuts);
        let outcome = self.store.commit(batch).await;
        self.counted = self.proxy.counted();
        self.all_cut = self.proxy.has_cut();
        self.proxy.order(&[]);
        self.check(round, before.map(|row| row.version), &outcome).await;
        outcome
    }

    async fn check(&mut self, round: u64, before: Option<u64>, outcome: &Result<Committed, StoreError>) {
        let reads = [
            Read::Get(counter()),
            Read::Get(row(round, "left")),
            Read::Get(row(round, "right")),
            Read::Get(row(round - 1, "right")),
        ];
        let rows: Vec<Option<Row>> = self.witness.read(&reads).await.unwrap().into_iter().map(Answer::row).collect();
        let [count, left, right, gone] = rows.try_into().unwrap();
        let version = count.map(|row| row.version);
        let is_there = version != before;
        if is_there {
            self.committed += 1;
            let versions = [version, left.map(|row| row.version), right.map(|row| row.version)];
            assert_eq!(versions, [Some(self.committed); 3], "one commit wrote all, under the next number");
            assert_eq!(gone, None);
        } else {
            assert_eq!((left, right), (None, None), "nothing of it is there");
        }
        match outcome {
            Ok(Committed::At(sequence)) => assert_eq!(Some(*sequence), version.filter(|_| is_there)),
            Ok(Committed::Conflict) => panic!("its own first try was in its way"),
            Err(StoreError::Unavailable { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        let after = before.unwrap_or(0);
        let changes = self.witness.changes(after, 100).await.unwrap().unwrap();
        let mut expected = Vec::new();
        if is_there {
            let paths = [row(round, "left"), row(round, "right"), row(round - 1, "right"), counter()];
            expected.extend(paths.map(|path| (self.committed, path)));
        }
        expected.sort();
        assert_eq!(changes, expected);
    }
}

fn counter() -> KeyPath {
    KeyPath::build("counter")
}

fn row(round: u64, name: &str) -> KeyPath {
    KeyPath::build("cuts").u64_be(round).text(name)
}

async fn open(url: &str) -> Result<Store, StoreError> {
    Store::open(Engine::postgres(url).await?, Barrier::insecure_none()).await
}

/// Every way to cut while `counted` messages pass.
fn every_cut(counted: Counted) -> Vec<Cut> {
    let up = (1..=counted.up).flat_map(|at| [Cut::Up(at), Cut::UpHalf(at), Cut::UpLate(at)]);
    let down = (1..=counted.down).flat_map(|at| [Cut::Down(at), Cut::DownHalf(at)]);
    up.chain(down).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_once_anywhere_is_committed_once() {
    let mut bench = Bench::new().await;
    bench.commit_with(&[]).await.unwrap();
    bench.commit_with(&[]).await.unwrap();
    let counted = bench.counted;
    assert!(counted.up > 20 && counted.down > 20, "{counted:?}");
    for cut in every_cut(counted) {
        let outcome = bench.commit_with(&[cut]).await;
        assert!(matches!(outcome, Ok(Committed::At(_))), "{cut:?}: {outcome:?}");
        assert!(bench.all_cut, "{cut:?} was passed");
        // Once more, so that the next is on a connection that has heard every statement again.
        let outcome = bench.commit_with(&[]).await;
        assert!(matches!(outcome, Ok(Committed::At(_))), "after {cut:?}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_committed_once_when_the_question_for_its_fate_is_cut_too() {
    let mut bench = Bench::new().await;
    bench.commit_with(&[]).await.unwrap();
    bench.commit_with(&[]).await.unwrap();
    let counted = bench.counted;
    // The last message up is COMMIT; the last down says that it is done.
    let firsts = [Cut::Up(counted.up), Cut::UpLate(counted.up), Cut::Down(counted.down), Cut::Down(counted.down - 1)];
    for first in firsts {
        for second in every_cut(Counted { up: 24, down: 36 }) {
            let outcome = bench.commit_with(&[first, second]).await;
            assert!(matches!(outcome, Ok(Committed::At(_))), "{first:?}, {second:?}: {outcome:?}");
            let outcome = bench.commit_with(&[]).await;
            assert!(matches!(outcome, Ok(Committed::At(_))), "after {first:?}, {second:?}: {outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_too_often_fails_and_is_whole_or_absent() {
    let mut bench = Bench::new().await;
    bench.commit_with(&[]).await.unwrap();
    bench.commit_with(&[]).await.unwrap();
    let last = bench.counted;
    for first in [Cut::Up(last.up), Cut::Down(last.down), Cut::Down(1)] {
        let mut cuts = vec![first];
        cuts.extend([Cut::Up(1); 40]);
        let outcome = bench.commit_with(&cuts).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{first:?}: {outcome:?}");
        assert!(matches!(bench.commit_with(&[]).await, Ok(Committed::At(_))));
        assert!(matches!(bench.commit_with(&[]).await, Ok(Committed::At(_))));
    }
}
