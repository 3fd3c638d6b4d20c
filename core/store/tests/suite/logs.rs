//! Append logs: records in order, positions that go on, syncs that are waited for, trims that take no more than they may.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sealroom_store::{Log, LogError, Position};

use super::Fresh;

async fn texts(log: &Log, lane: usize) -> Vec<(u64, String)> {
    let records = log.read_all(lane).await.unwrap();
    records.into_iter().map(|record| (record.position.sequence, String::from_utf8(record.bytes).unwrap())).collect()
}

fn at(lane: usize, sequence: u64) -> Position {
    Position { lane, sequence }
}

/// Syncs on a thread that may block.
async fn sync(log: &Log) {
    let log = log.clone();
    tokio::task::spawn_blocking(move || log.sync_now()).await.unwrap().unwrap();
}

pub(crate) async fn records_come_back_in_order_by_lane(fresh: Fresh) {
    let log = fresh.store().await.log("journal", 2).await.unwrap();
    assert_eq!(log.lanes(), 2);
    assert_eq!((log.last(0).unwrap(), log.last(1).unwrap()), (at(0, 0), at(1, 0)));
    assert_eq!(log.append(0, b"a").unwrap(), at(0, 1));
    assert_eq!(log.append(1, b"x").unwrap(), at(1, 1));
    assert_eq!(log.append(0, b"").unwrap(), at(0, 2));
    let last = log.append(0, b"c").unwrap();
    log.written(last).await.unwrap();
    log.written(at(1, 1)).await.unwrap();
    let expected = [(1, "a"), (2, ""), (3, "c")].map(|(sequence, text)| (sequence, text.to_owned()));
    assert_eq!(texts(&log, 0).await, expected);
    assert_eq!(texts(&log, 1).await, [(1, "x".to_owned())]);
    assert_eq!(log.last(0).unwrap(), at(0, 3));
}

pub(crate) async fn a_log_opened_again_goes_on_where_it_ended(fresh: Fresh) {
    let store = fresh.store().await;
    let log = store.log("journal", 1).await.unwrap();
    for text in ["a", "b"] {
        log.append(0, text.as_bytes()).unwrap();
    }
    sync(&log).await;
    drop(log);
    let log = store.log("journal", 1).await.unwrap();
    assert_eq!(log.last(0).unwrap(), at(0, 2));
    assert_eq!(log.append(0, b"c").unwrap(), at(0, 3));
    log.written(at(0, 3)).await.unwrap();
    assert_eq!(texts(&log, 0).await.len(), 3);
    let other = store.log("other", 1).await.unwrap();
    assert_eq!(other.last(0).unwrap(), at(0, 0));
}

pub(crate) async fn a_log_keeps_the_lanes_it_had(fresh: Fresh) {
    let store = fresh.store().await;
    let log = store.log("journal", 3).await.unwrap();
    log.append(2, b"x").unwrap();
    sync(&log).await;
    drop(log);
    let log = store.log("journal", 1).await.unwrap();
    assert_eq!(log.lanes(), 3);
    assert_eq!(log.last(2).unwrap(), at(2, 1));
    drop(log);
    assert_eq!(store.log("journal", 5).await.unwrap().lanes(), 5);
}

pub(crate) async fn reading_pages_through_a_lane(fresh: Fresh) {
    let log = fresh.store().await.log("journal", 1).await.unwrap();
    for number in 1..=25_u64 {
        log.append(0, &number.to_be_bytes()).unwrap();
    }
    log.written(at(0, 25)).await.unwrap();
    let cases =
        [(0, 10, 1..=10), (10, 10, 11..=20), (20, 10, 21..=25), (24, 1, 25..=25), (3, 2, 4..=5), (0, 100, 1..=25)];
    for (after, limit, expected) in cases {
        let records = log.read(0, after, limit).await.unwrap();
        let found: Vec<u64> = records.iter().map(|record| record.position.sequence).collect();
        assert_eq!(found, expected.collect::<Vec<_>>(), "after {after}, {limit} at most");
        assert!(records.iter().all(|record| record.bytes == record.position.sequence.to_be_bytes()));
    }
    for (after, limit) in [(25, 10), (26, 10), (u64::MAX, 10), (0, 0)] {
        assert_eq!(log.read(0, after, limit).await.unwrap(), [], "after {after}, {limit} at most");
    }
}

pub(crate) async fn synced_waits_for_the_sync_that_covers_it(fresh: Fresh) {
    let log = fresh.store().await.log("journal", 2).await.unwrap();
    let positions = [log.append(0, b"a").unwrap(), log.append(1, b"b").unwrap(), log.append(0, b"c").unwrap()];
    counted_until_synced(&log, positions[2]);
    let waiters: Vec<_> = positions
        .into_iter()
        .map(|position| {
            let log = log.clone();
            tokio::spawn(async move { log.synced(position).await })
        })
        .collect();
    sync(&log).await;
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
    assert_eq!(log.unsynced_bytes(), 0);
    sync(&log).await;
    for position in positions {
        log.synced(position).await.unwrap();
    }
    let late = log.append(1, b"d").unwrap();
    counted_until_synced(&log, late);
    sync(&log).await;
    log.synced(late).await.unwrap();
}

/// A record counts as unsynced until its sync. An engine may sync of itself at any moment, so that nothing may be left to
/// count already; then the record is synced, and who asks needn't wait.
fn counted_until_synced(log: &Log, position: Position) {
    if log.unsynced_bytes() == 0 {
        let synced = pin!(log.synced(position)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(synced, Poll::Ready(Ok(()))), "not counted and not synced: {synced:?}");
    }
}

pub(crate) async fn trimming_forgets_nothing_that_was_not_covered(fresh: Fresh) {
    let log = fresh.store().await.log("journal", 2).await.unwrap();
    for number in 1..=20_u64 {
        log.append(0, &number.to_be_bytes()).unwrap();
        log.append(1, b"other lane").unwrap();
    }
    sync(&log).await;
    log.trim(at(0, 12)).await.unwrap();
    let left: Vec<u64> = log.read_all(0).await.unwrap().iter().map(|record| record.position.sequence).collect();
    assert!(left.ends_with(&(13..=20).collect::<Vec<_>>()), "{left:?}");
    assert_eq!(log.read_all(1).await.unwrap().len(), 20);
    assert_eq!(log.last(0).unwrap(), at(0, 20));
    assert_eq!(log.read(0, 12, 100).await.unwrap().len(), 8);
}

pub(crate) async fn numbers_go_on_after_everything_was_trimmed(fresh: Fresh) {
    let store = fresh.store().await;
    let log = store.log("journal", 1).await.unwrap();
    for _ in 0..5 {
        log.append(0, b"x").unwrap();
    }
    sync(&log).await;
    log.trim(at(0, 5)).await.unwrap();
    assert_eq!(log.append(0, b"y").unwrap(), at(0, 6));
    sync(&log).await;
    log.trim(at(0, 6)).await.unwrap();
    drop(log);
    let log = store.log("journal", 1).await.unwrap();
    assert_eq!(log.append(0, b"z").unwrap(), at(0, 7));
    log.written(at(0, 7)).await.unwrap();
    assert_eq!(texts(&log, 0).await.last(), Some(&(7, "z".to_owned())));
}

pub(crate) async fn logs_refuse_what_is_over_a_limit_or_unknown(fresh: Fresh) {
    let store = fresh.store().await;
    let log = store.log("journal", 1).await.unwrap();
    let longest = vec![7; Log::MAX_RECORD];
    let position = log.append(0, &longest).unwrap();
    log.written(position).await.unwrap();
    assert!(log.read_all(0).await.unwrap()[0].bytes == longest);
    let over = log.append(0, &vec![7; Log::MAX_RECORD + 1]);
    assert!(matches!(over, Err(LogError::TooLong { bytes }) if bytes == Log::MAX_RECORD + 1));
    assert!(matches!(log.append(1, b"x"), Err(LogError::Unknown)));
    assert!(matches!(log.last(1), Err(LogError::Unknown)));
    assert!(matches!(log.read(1, 0, 1).await, Err(LogError::Unknown)));
    assert!(matches!(log.synced(at(1, 1)).await, Err(LogError::Unknown)));
    assert_eq!(log.last(0).unwrap(), position);
    let long = "x".repeat(65);
    for name in ["", "Journal", "a/b", "..", "a_b", long.as_str()] {
        assert!(matches!(store.log(name, 1).await, Err(LogError::Unknown)), "{name}");
    }
    store.log(&"x".repeat(64), 1).await.unwrap();
    assert!(store.log("journal", 1).await.is_err(), "a log is opened once");
}

pub(crate) async fn lanes_are_appended_to_by_many_threads(fresh: Fresh) {
    let log = Arc::new(fresh.store().await.log("journal", 2).await.unwrap());
    let threads: Vec<_> = (0..4_usize)
        .map(|thread| {
            let log = Arc::clone(&log);
            tokio::task::spawn_blocking(move || {
                let mut positions = Vec::new();
                for number in 0..50 {
                    positions.push(log.append(thread % 2, format!("{thread}:{number}").as_bytes()).unwrap());
                    if number % 20 == thread {
                        log.sync_now().unwrap();
                    }
                }
                positions
            })
        })
        .collect();
    for thread in threads {
        let positions = thread.await.unwrap();
        assert!(positions.is_sorted_by(|left, right| left.sequence < right.sequence));
    }
    sync(&log).await;
    for lane in 0..2 {
        let records = texts(&log, lane).await;
        assert_eq!(records.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), (1..=100).collect::<Vec<_>>());
        for thread in [lane, lane + 2] {
            let mine = records.iter().filter(|(_, text)| text.starts_with(&format!("{thread}:")));
            let numbers: Vec<String> = mine.map(|(_, text)| text.clone()).collect();
            assert_eq!(numbers, (0..50).map(|number| format!("{thread}:{number}")).collect::<Vec<_>>());
        }
    }
}
