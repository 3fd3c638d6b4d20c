//! What PostgreSQL adds: several nodes on one database, a database that goes away and comes back, tables that somebody
//! else made, limits of what waits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed, outside of `#[test]` functions too"
)]

#[path = "support/gate.rs"]
mod gate;
#[path = "support/postgres.rs"]
mod postgres;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use gate::Gate;
use postgres::Database;
use sealroom_store::{
    Barrier, Batch, Changes, Committed, Engine, Guard, KeyPath, LogError, Mirror, Position, Read, Row, Store,
    StoreError,
};
use tokio_postgres::Client;

async fn open(url: &str) -> Store {
    Store::open(Engine::postgres(url).await.unwrap(), Barrier::insecure_none()).await.unwrap()
}

async fn two_nodes() -> (Database, Store, Store) {
    let database = Database::new().await;
    // At once, on a database with nothing in it.
    let (one, two) = (database.url(), database.url());
    let (one, two) = tokio::join!(open(&one), open(&two));
    (database, one, two)
}

fn path(name: &str) -> KeyPath {
    KeyPath::build("nodes").text(name)
}

async fn get(store: &Store, name: &str) -> Option<Row> {
    store.read(&[Read::Get(path(name))]).await.unwrap().remove(0).row()
}

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_want_one_row_exactly_one_gets_it() {
    let (_database, one, two) = two_nodes().await;
    for round in 0..50 {
        let name = format!("round {round}");
        let claim = |by: &str| Batch::default().put(path(&name), by.into()).guard(Guard::Absent(path(&name)));
        let (first, second) = tokio::join!(one.commit(claim("one")), two.commit(claim("two")));
        let by = match (first.unwrap(), second.unwrap()) {
            (Committed::At(_), Committed::Conflict) => "one",
            (Committed::Conflict, Committed::At(_)) => "two",
            both => panic!("{both:?}"),
        };
        assert_eq!(get(&two, &name).await.unwrap().value, by.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_count_together_lose_no_count() {
    const EACH: u64 = 25;
    let (_database, one, two) = two_nodes().await;
    one.commit(Batch::default().put(path("count"), 0_u64.to_be_bytes().into())).await.unwrap();
    let tasks: Vec<_> = [one.clone(), two.clone(), one.clone(), two]
        .into_iter()
        .map(|store| {
            tokio::spawn(async move {
                let mut done = 0;
                while done < EACH {
                    let row = get(&store, "count").await.unwrap();
                    let next = u64::from_be_bytes(row.value.try_into().unwrap()) + 1;
                    let batch = Batch::default().put(path("count"), next.to_be_bytes().into());
                    let guarded = batch.guard(Guard::Version(path("count"), row.version));
                    done += u64::from(store.commit(guarded).await.unwrap() != Committed::Conflict);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(get(&one, "count").await.unwrap().value, (4 * EACH).to_be_bytes());
    let changes = one.changes(0, 1_000).await.unwrap().unwrap();
    assert!(changes.iter().map(|(sequence, _)| *sequence).eq(1..=4 * EACH + 1), "every number once, in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_polls_while_others_commit_misses_nothing_and_sees_numbers_in_order() {
    const EACH: u64 = 100;
    let (_database, one, two) = two_nodes().await;
    let writers: Vec<_> = [one.clone(), two.clone(), one, two.clone()]
        .into_iter()
        .enumerate()
        .map(|(writer, store)| {
            tokio::spawn(async move {
                for number in 0..EACH {
                    let batch = Batch::default().put(path(&format!("{writer} {number}")), Vec::new());
                    store.commit(batch).await.unwrap();
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    while u64::try_from(seen.len()).unwrap() < 4 * EACH {
        let after = seen.last().map_or(0, |(sequence, _)| *sequence);
        seen.extend(two.changes(after, 7).await.unwrap().unwrap());
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(seen.iter().map(|(sequence, _)| *sequence).eq(1..=4 * EACH));
    assert_eq!(seen.iter().map(|(_, path)| path).collect::<BTreeSet<_>>().len(), seen.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mirror_follows_what_another_node_committed() {
    let (_database, one, two) = two_nodes().await;
    let mirror: Mirror<String, u64> = Mirror::new(two.feed(), 10, |path| path.segment_text(1));
    let load = async || {
        let load = async || Ok::<_, StoreError>(get(&two, "shared").await.map(|row| row.version));
        mirror.get_or_load(&"shared".to_owned(), load).await.unwrap().map(|version| *version)
    };
    one.commit(Batch::default().put(path("shared"), b"1".into())).await.unwrap();
    two.poll_changes().await.unwrap();
    assert_eq!(load().await, Some(1));
    one.commit(Batch::default().put(path("shared"), b"2".into())).await.unwrap();
    assert_eq!(load().await, Some(1), "nothing was polled yet");
    two.poll_changes().await.unwrap();
    assert_eq!(mirror.get(&"shared".to_owned()), None);
    assert_eq!(load().await, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_blind_while_the_database_is_away_and_sees_again_after() {
    let database = Database::new().await;
    let gate = Gate::start(database.socket()).await;
    let store = open(&database.url_by(gate.port)).await;
    let other = open(&database.url()).await;
    store.poll_changes().await.unwrap();
    assert!(store.feed().head().is_some());
    gate.close();
    assert!(matches!(store.poll_changes().await, Err(StoreError::Unavailable { .. })));
    assert_eq!(store.feed().head(), None);
    assert!(matches!(store.read(&[Read::Get(path("a"))]).await, Err(StoreError::Unavailable { .. })));
    let batch = Batch::default().put(path("a"), Vec::new());
    assert!(matches!(store.commit(batch).await, Err(StoreError::Unavailable { .. })));
    other.commit(Batch::default().put(path("b"), Vec::new())).await.unwrap();
    gate.open();
    store.poll_changes().await.unwrap();
    assert!(store.feed().head().is_some());
    assert_eq!(get(&store, "b").await.unwrap().version, 1);
    assert_eq!(store.commit(Batch::default().put(path("c"), Vec::new())).await.unwrap(), Committed::At(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_many_ranges_sees_one_moment() {
    let (_database, one, two) = two_nodes().await;
    let both = |number: u64| {
        let value = number.to_be_bytes().to_vec();
        Batch::default().put(path("left"), value.clone()).put(path("right").text("below"), value)
    };
    one.commit(both(0)).await.unwrap();
    let writer = tokio::spawn(async move {
        for number in 1..200 {
            one.commit(both(number)).await.unwrap();
        }
    });
    let range = |prefix: KeyPath| Read::Range { prefix, after: None, limit: 1 };
    // What stands between the first and the last makes time for a commit.
    let between = (0..200_u64).map(|number| range(path("between").u64_be(number)));
    let reads: Vec<Read> =
        std::iter::once(Read::Get(path("left"))).chain(between).chain([range(path("right"))]).collect();
    while !writer.is_finished() {
        let mut answers = two.read(&reads).await.unwrap();
        let (right, left) = (answers.pop().unwrap().rows().remove(0), answers.remove(0).row().unwrap());
        assert_eq!((left.value, left.version), (right.value, right.version));
    }
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caches_forget_everything_when_the_database_lost_commits() {
    let (database, one, two) = two_nodes().await;
    for name in ["a", "b", "c"] {
        one.commit(Batch::default().put(path(name), Vec::new())).await.unwrap();
    }
    two.poll_changes().await.unwrap();
    let before = two.feed().head().unwrap();
    // As a standby does that takes over without having heard of the newest.
    let lost = "UPDATE sealroom_meta SET sequence = 1; DELETE FROM sealroom_changes WHERE sequence > 1; \
         DELETE FROM sealroom_commits WHERE sequence > 1";
    database.client().await.batch_execute(lost).await.unwrap();
    one.commit(Batch::default().put(path("d"), Vec::new())).await.unwrap();
    two.poll_changes().await.unwrap();
    assert!(matches!(two.feed().since(before), Changes::Lost { .. }));
}

/// Holds the row at which commits take turns, as a node in the middle of one does.
async fn hold_commits(client: &Client) {
    client.batch_execute("BEGIN; SELECT sequence FROM sealroom_meta WHERE id = 1 FOR UPDATE").await.unwrap();
}

/// Begins a commit that has to wait.
async fn begin<F: Future>(commit: F) -> Pin<Box<F>> {
    let mut commit = Box::pin(commit);
    assert!(std::future::poll_fn(|context| Poll::Ready(commit.as_mut().poll(context).is_pending())).await);
    commit
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_thousand_and_ninety_six_commits_may_wait_and_share_transactions() {
    let database = Database::new().await;
    let store = open(&database.url()).await;
    let client = database.client().await;
    hold_commits(&client).await;
    let mut waiting = Vec::new();
    for number in 0..4_096 {
        let batch = Batch::default().put(path(&format!("waits {number}")), vec![7; 10]);
        waiting.push(begin(store.commit(batch)).await);
    }
    let over = store.commit(Batch::default().put(path("one more"), Vec::new())).await;
    assert!(matches!(over, Err(StoreError::Busy)));
    client.batch_execute("COMMIT").await.unwrap();
    let mut numbers = BTreeSet::new();
    for commit in waiting {
        let Committed::At(sequence) = commit.await.unwrap() else { panic!("nothing was in its way") };
        numbers.insert(sequence);
    }
    assert!(numbers.into_iter().eq(1..=4_096));
    assert_eq!((count(&client, "sealroom_rows").await, count(&client, "sealroom_changes").await), (4_096, 4_096));
    let transactions = count(&client, "sealroom_commits").await;
    assert!(transactions <= 18, "{transactions}");
    assert_eq!(store.commit(Batch::default().put(path("again"), Vec::new())).await.unwrap(), Committed::At(4_097));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_share_a_transaction_each_have_their_own_outcome() {
    let database = Database::new().await;
    let store = open(&database.url()).await;
    let client = database.client().await;
    store.commit(Batch::default().put(path("there"), Vec::new())).await.unwrap();
    hold_commits(&client).await;
    let put = |name: &str| Batch::default().put(path(name), name.into());
    let batches = [
        put("a"),
        put("b").guard(Guard::Absent(path("there"))),
        put("c").guard(Guard::Version(path("there"), 1)),
        // These look at rows that stand before them in the queue.
        put("d").guard(Guard::Absent(path("a"))),
        put("e").guard(Guard::Absent(path("b"))),
        put("f").guard(Guard::AtMost(KeyPath::build("nodes"), 4)),
        put("g").guard(Guard::AtMost(KeyPath::build("nodes"), 4)),
        put("a").guard(Guard::Version(path("a"), 2)),
        Batch::default(),
    ];
    let mut waiting = vec![begin(store.commit(put("first"))).await];
    for batch in batches {
        waiting.push(begin(store.commit(batch)).await);
    }
    client.batch_execute("COMMIT").await.unwrap();
    let mut outcomes = Vec::new();
    for commit in waiting {
        outcomes.push(commit.await.unwrap());
    }
    let [at, conflict] = [Committed::At, |_| Committed::Conflict];
    // first, a, b, c, d, e, f, g, a, nothing
    let expected = [at(2), at(3), conflict(0), at(4), conflict(0), at(5), conflict(0), conflict(0), conflict(0), at(5)];
    assert_eq!(outcomes, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_reach_back_a_hundred_thousand_commits_and_older_ones_are_forgotten() {
    let database = Database::new().await;
    let store = open(&database.url()).await;
    let client = database.client().await;
    let put = |name: &str| Batch::default().put(path(name), Vec::new());
    store.commit(put("a")).await.unwrap();
    store.commit(put("b")).await.unwrap();
    client.batch_execute("UPDATE sealroom_meta SET sequence = 100000").await.unwrap();
    assert!(store.changes(0, 10).await.unwrap().is_some());
    assert_eq!(store.commit(put("c")).await.unwrap(), Committed::At(100_001));
    assert_eq!(store.changes(0, 10).await.unwrap(), None);
    let after = store.changes(1, 10).await.unwrap().unwrap();
    assert_eq!(after, [(2, path("b")), (100_001, path("c"))]);
    client.batch_execute("UPDATE sealroom_meta SET sequence = 101375").await.unwrap();
    assert_eq!(store.commit(put("d")).await.unwrap(), Committed::At(101_376));
    assert_eq!((count(&client, "sealroom_changes").await, count(&client, "sealroom_commits").await), (2, 2));
    assert_eq!(store.changes(200_000, 10).await.unwrap(), None, "a number from before a backup was restored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_format_is_refused() {
    let foreign = "CREATE TABLE sealroom_meta (name TEXT)";
    let newer = "UPDATE sealroom_meta SET format = 2";
    for (first, sql) in [(false, foreign), (true, newer)] {
        let database = Database::new().await;
        if first {
            open(&database.url()).await;
        }
        database.client().await.batch_execute(sql).await.unwrap();
        let opened = Engine::postgres(&database.url()).await;
        assert!(matches!(opened.map(drop), Err(StoreError::Format { .. })), "{sql}");
    }
    assert!(matches!(Engine::postgres("nonsense").await.map(drop), Err(StoreError::Unavailable { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_may_make_no_table_can_use_those_that_are_there() {
    let database = Database::new().await;
    open(&database.url()).await;
    let grants = "CREATE ROLE guest LOGIN; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest";
    database.client().await.batch_execute(grants).await.unwrap();
    let store = open(&database.url_as("guest")).await;
    assert_eq!(store.commit(Batch::default().put(path("a"), Vec::new())).await.unwrap(), Committed::At(1));
    let log = store.log("journal", 1).await.unwrap();
    log.written(log.append(0, b"record").unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_another_node_opened_takes_nothing_more_and_loses_nothing() {
    let (database, one, two) = two_nodes().await;
    let old = one.log("journal", 1).await.unwrap();
    let appender = {
        let old = old.clone();
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let number = u64::try_from(acknowledged.len()).unwrap();
                let appended = old.append(0, &number.to_be_bytes());
                let Ok(position) = appended else { return (acknowledged, appended) };
                match old.written(position).await {
                    Ok(()) => acknowledged.push(position),
                    Err(error) => return (acknowledged, Err(error)),
                }
            }
        })
    };
    // In the middle of its work.
    old.written(Position { lane: 0, sequence: 1 }).await.ok();
    while old.last(0).unwrap().sequence < 20 {
        tokio::task::yield_now().await;
    }
    let new = two.log("journal", 1).await.unwrap();
    let taken_over_at = new.last(0).unwrap().sequence;
    let position = new.append(0, b"new").unwrap();
    new.written(position).await.unwrap();
    let (acknowledged, ended) = appender.await.unwrap();
    assert!(matches!(ended, Err(LogError::Poisoned { lane: 0, .. })), "{ended:?}");
    assert!(matches!(old.append(0, b"late"), Err(LogError::Poisoned { .. })));
    assert!(old.sync_now().is_err());
    let records = new.read_all(0).await.unwrap();
    assert!(acknowledged.last().unwrap().sequence <= taken_over_at);
    assert_eq!(position.sequence, taken_over_at + 1);
    assert_eq!(records.last().unwrap().bytes, b"new");
    assert!(records.iter().map(|record| record.position.sequence).eq(1..=taken_over_at + 1));
    assert_eq!(count(&database.client().await, "sealroom_records").await, i64::try_from(records.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_another_node_opened_takes_nothing_more_even_before_that_node_appends() {
    let (database, one, two) = two_nodes().await;
    let old = one.log("journal", 2).await.unwrap();
    old.written(old.append(0, b"old").unwrap()).await.unwrap();
    let new = two.log("journal", 2).await.unwrap();
    for lane in [0, 1] {
        let late = old.append(lane, b"late").unwrap();
        assert!(matches!(old.written(late).await, Err(LogError::Poisoned { lane: at, .. }) if at == lane));
    }
    assert!(matches!(old.trim(Position { lane: 0, sequence: 1 }).await, Err(LogError::Poisoned { .. })));
    assert_eq!(count(&database.client().await, "sealroom_records").await, 1);
    assert_eq!(new.append(0, b"new").unwrap().sequence, 2);
    assert_eq!(new.append(1, b"new").unwrap().sequence, 1);
    assert_eq!(new.read_all(0).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_wait_while_the_database_is_away_are_written_when_it_is_back() {
    let database = Database::new().await;
    let gate = Gate::start(database.socket()).await;
    let store = open(&database.url_by(gate.port)).await;
    let log = store.log("journal", 1).await.unwrap();
    let client = database.client().await;
    log.written(log.append(0, b"before").unwrap()).await.unwrap();
    gate.close();
    let during = log.append(0, b"during").unwrap();
    assert!(matches!(log.written(during).await, Err(LogError::Unavailable { .. })));
    assert!(matches!(log.append(0, b"refused"), Err(LogError::Unavailable { .. })));
    assert!(matches!(log.read(0, 0, 10).await, Err(LogError::Unavailable { .. })));
    assert!(log.unsynced_bytes() > 0);
    gate.open();
    let back = async { while count(&client, "sealroom_records").await < 2 || log.written(during).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), back).await.unwrap();
    log.written(log.append(0, b"after").unwrap()).await.unwrap();
    let records = log.read_all(0).await.unwrap();
    let texts: Vec<&[u8]> = records.iter().map(|record| record.bytes.as_slice()).collect();
    assert_eq!(texts, [b"before".as_slice(), b"during", b"after"]);
    assert_eq!(log.unsynced_bytes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_holds_sixteen_mebibytes_of_what_waits() {
    let database = Database::new().await;
    let store = open(&database.url()).await;
    let log = store.log("journal", 1).await.unwrap();
    let client = database.client().await;
    client.batch_execute("BEGIN; SELECT * FROM sealroom_lanes FOR UPDATE").await.unwrap();
    let record = vec![7; 2 * 1024 * 1024];
    let positions: Vec<Position> = (0..8).map(|_| log.append(0, &record).unwrap()).collect();
    assert!(matches!(log.append(0, b"x"), Err(LogError::Busy)));
    client.batch_execute("COMMIT").await.unwrap();
    log.written(positions[7]).await.unwrap();
    assert!(log.append(0, b"x").is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_somebody_took_out_of_the_table_is_missed() {
    let database = Database::new().await;
    let store = open(&database.url()).await;
    let log = store.log("journal", 1).await.unwrap();
    let positions: Vec<Position> = (0..10_u8).map(|number| log.append(0, &[number]).unwrap()).collect();
    log.written(positions[9]).await.unwrap();
    let client = database.client().await;
    for (gone, missed) in [(10, 10), (4, 4), (1, 1)] {
        client.execute("DELETE FROM sealroom_records WHERE sequence = $1", &[&i64::from(gone)]).await.unwrap();
        let read = log.read_all(0).await;
        assert!(matches!(read, Err(LogError::Damaged { lane: 0, sequence }) if sequence == missed), "{read:?}");
    }
    assert_eq!(log.read(0, 4, 5).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_append_and_every_record_is_there_once() {
    let database = Database::new().await;
    let store = open(&database.url()).await;
    let log = Arc::new(store.log("journal", 3).await.unwrap());
    let tasks: Vec<_> = (0..30_u32)
        .map(|task| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let lane = usize::try_from(task % 3).unwrap();
                for number in 0..20_u32 {
                    let record = [task.to_be_bytes(), number.to_be_bytes()].concat();
                    log.written(log.append(lane, &record).unwrap()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut all = BTreeSet::new();
    for lane in 0..3 {
        let records = log.read_all(lane).await.unwrap();
        assert_eq!(records.len(), 200);
        all.extend(records.into_iter().map(|record| record.bytes));
    }
    assert_eq!(all.len(), 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_server_that_crashes_loses_nothing_that_was_acknowledged() {
    let database = Database::alone().await;
    let store = open(&database.url()).await;
    let log = store.log("journal", 1).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, log, stopped) = (store.clone(), log.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut commits = Vec::new();
                let mut records = Vec::new();
                for number in 0_u32.. {
                    if *stopped.borrow() {
                        break;
                    }
                    let name = format!("{writer} {number}");
                    let batch =
                        Batch::default().put(path(&name), Vec::new()).put(path(&format!("{name}+")), Vec::new());
                    match store.commit(batch.guard(Guard::Absent(path(&name)))).await {
                        Ok(Committed::At(sequence)) => commits.push((name.clone(), sequence)),
                        Ok(Committed::Conflict) => panic!("{name} was in its own way"),
                        Err(_) => {}
                    }
                    if let Ok(position) = log.append(0, name.as_bytes())
                        && log.written(position).await.is_ok()
                    {
                        records.push((position.sequence, name));
                    }
                }
                (commits, records)
            })
        })
        .collect();
    for round in 1..=3 {
        let before = at_least(&store, round * 20).await;
        database.crash();
        // A commit that is acknowledged after the crash ends the round.
        at_least(&store, before + 5).await;
    }
    stop.send_replace(true);
    let mut acknowledged = 0;
    let mut records = Vec::new();
    for writer in writers {
        let (commits, appended) = writer.await.unwrap();
        for (name, sequence) in commits {
            assert_eq!(get(&store, &name).await.unwrap().version, sequence);
            assert_eq!(get(&store, &format!("{name}+")).await.unwrap().version, sequence);
            acknowledged += 1;
        }
        records.extend(appended);
    }
    assert!(acknowledged > 60, "{acknowledged}");
    let changes = store.changes(0, 100_000).await.unwrap().unwrap();
    assert_eq!(changes.iter().map(|(_, path)| path).collect::<BTreeSet<_>>().len(), changes.len(), "none twice");
    // A lane that is down comes back by itself.
    let back = async {
        loop {
            match log.read_all(0).await {
                Ok(records) => return records,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let there = tokio::time::timeout(Duration::from_secs(30), back).await.unwrap();
    for (sequence, name) in records {
        assert_eq!(there[usize::try_from(sequence).unwrap() - 1].bytes, name.as_bytes());
    }
    assert_eq!(there.iter().map(|record| &record.bytes).collect::<BTreeSet<_>>().len(), there.len(), "none twice");
}

/// Waits until the store has given out `number`; says which it is at.
async fn at_least(store: &Store, number: u64) -> u64 {
    let waits = async {
        loop {
            match store.commit(Batch::default()).await {
                Ok(Committed::At(newest)) if newest >= number => return newest,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waits).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_an_older_epoch_writes_nothing_and_trusts_no_mirror() {
    let database = Database::new().await;
    let engine = Engine::postgres(&database.url()).await.unwrap();
    let old = open(&database.url()).await;
    old.commit(Batch::default().put(path("a"), b"old".to_vec())).await.unwrap();
    old.poll_changes().await.unwrap();
    assert!(old.feed().head().is_some());
    // What a restore does last.
    for epoch in ["2", "3"] {
        engine.boot_write(Batch::default().put(Store::epoch_path(), epoch.into())).await.unwrap();
        let new = open(&database.url()).await;
        new.commit(Batch::default().put(path("a"), epoch.into())).await.unwrap();
        let refused = old.commit(Batch::default().put(path("a"), b"older".to_vec())).await;
        assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
        assert!(matches!(old.poll_changes().await, Err(StoreError::Fenced)));
        assert_eq!(old.feed().head(), None);
        assert_eq!(get(&new, "a").await.unwrap().value, epoch.as_bytes());
        // A guard that doesn't hold is still no more than that.
        let conflict = new.commit(Batch::default().guard(Guard::Absent(path("a")))).await.unwrap();
        assert_eq!(conflict, Committed::Conflict);
    }
}
