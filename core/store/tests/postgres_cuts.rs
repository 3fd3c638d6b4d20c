//! The connection to PostgreSQL, cut at every message of a commit, an append and an opening, in both directions.
//!
//! After each cut: what was acknowledged is there, once; what was not is whole or absent; numbers, changes and rows agree; and
//! the engine works. A single cut is never even seen by the caller: the engine finds out and goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed, outside of `#[test]` functions too"
)]

#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/proxy.rs"]
mod proxy;

use postgres::Database;
use proxy::{Counted, Cut, Proxy};
use sealroom_store::{Answer, Barrier, Batch, Committed, Engine, Guard, KeyPath, Log, Read, Row, Store, StoreError};
use tokio_postgres::Client;

/// A store behind a proxy, and one that sees the same rows without.
struct Bench {
    /// Keeps the server.
    _database: Database,
    client: Client,
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
        let client = database.client().await;
        Self {
            _database: database,
            client,
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_cut_once_anywhere_is_there_once() {
    let mut bench = Bench::new().await;
    let log = bench.store.log("journal", 1).await.unwrap();
    let mut appended = 0_u64;
    let mut counted = Counted::default();
    for _ in 0..3 {
        bench.append_with(&log, &mut appended, &[]).await;
        counted = bench.counted;
    }
    assert!(counted.up >= 3 && counted.down >= 3, "{counted:?}");
    for cut in every_cut(counted) {
        bench.append_with(&log, &mut appended, &[cut]).await;
        assert!(bench.all_cut, "{cut:?} was passed");
        for second in (1..=6).map(Cut::Up).chain((1..=8).map(Cut::Down)) {
            bench.append_with(&log, &mut appended, &[cut, second]).await;
        }
        bench.append_with(&log, &mut appended, &[]).await;
    }
}

impl Bench {
    /// Appends a record while the connection is cut at `cuts`; then every record is there, once and in order.
    async fn append_with(&mut self, log: &Log, appended: &mut u64, cuts: &[Cut]) {
        self.proxy.order(cuts);
        *appended += 1;
        let position = log.append(0, &appended.to_be_bytes()).unwrap();
        assert_eq!(position.sequence, *appended);
        let written = log.written(position).await;
        self.counted = self.proxy.counted();
        self.all_cut = self.proxy.has_cut();
        self.proxy.order(&[]);
        written.unwrap_or_else(|error| panic!("{cuts:?}: {error}"));
        let rows = self.client.query("SELECT sequence, bytes FROM sealroom_records ORDER BY sequence", &[]);
        let rows: Vec<(i64, Vec<u8>)> = rows.await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
        let expected = (1..=*appended).map(|number| (i64::try_from(number).unwrap(), number.to_be_bytes().to_vec()));
        assert!(rows.into_iter().eq(expected), "{cuts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_that_is_cut_once_anywhere_opens_a_whole_store() {
    let database = Database::new().await;
    let proxy = Proxy::start(database.socket()).await;
    let client = database.client().await;
    proxy.order(&[]);
    use_once(&database.url_by(proxy.port)).await;
    let counted = proxy.counted();
    assert!(counted.up > 60 && counted.down > 80, "{counted:?}");
    // Halves and late comers are tried above.
    for cut in (1..=counted.up).map(Cut::Up).chain((1..=counted.down).map(Cut::Down)) {
        let tables =
            "sealroom_rows, sealroom_changes, sealroom_commits, sealroom_lanes, sealroom_records, sealroom_meta";
        client.batch_execute(&format!("DROP TABLE {tables}")).await.unwrap();
        proxy.order(&[cut]);
        use_once(&database.url_by(proxy.port)).await;
        assert!(proxy.has_cut(), "{cut:?} was passed");
        let made = client
            .query_one(
                "SELECT (SELECT sequence FROM sealroom_meta), \
                 (SELECT string_agg(concat(version, ' ', encode(value, 'hex')), ' ') FROM sealroom_rows), \
                 (SELECT string_agg(sequence::TEXT, ' ') FROM sealroom_changes), \
                 (SELECT string_agg(concat(lane, ' ', last, ' ', trimmed), ', ' ORDER BY lane) FROM sealroom_lanes), \
                 (SELECT string_agg(concat(lane, ' ', sequence, ' ', encode(bytes, 'escape')), ' ') \
                  FROM sealroom_records)",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(made.get::<_, i64>(0), 1, "{cut:?}");
        let texts: Vec<String> = (1..5).map(|column| made.get(column)).collect();
        assert_eq!(texts, ["1 01", "1", "0 0 0, 1 1 0", "1 1 first"], "{cut:?}");
    }
}

/// Opens a store, commits, opens a log, appends.
async fn use_once(url: &str) {
    let store = open(url).await.unwrap();
    let batch = Batch::default().put(counter(), vec![1]).guard(Guard::Absent(counter()));
    assert_eq!(store.commit(batch).await.unwrap(), Committed::At(1));
    let log = store.log("journal", 2).await.unwrap();
    let position = log.append(1, b"first").unwrap();
    log.written(position).await.unwrap();
    assert_eq!(position.sequence, 1);
}
