//! What is answered, what is recorded, and in which order.

use std::sync::atomic::AtomicBool;

use super::faults::OnCommit;
use super::*;

#[tokio::test]
async fn a_value_and_a_refusal_are_answered_once_they_are_recorded() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    assert!(matches!(journal.release(value(1)).await, Released::Answer(1)));
    let refusal: Effect<u64, _> = Effect::refusal("no", event(2).error("AccessDenied", None));
    assert!(matches!(journal.release(refusal).await, Released::Refused("no")));
    journal.record(event(3).into()).await.unwrap();
    let entries = entries(&journal).await;
    assert_eq!(recorded(&journal).await, [1, 2, 3]);
    let refused = json(&entries[1].records[0]);
    assert_eq!(refused["errorCode"], "AccessDenied");
    assert_eq!(refused["eventID"], entries[1].id.to_string());
    assert_eq!(refused["eventTime"], "1970-01-12T13:46:42Z");
    assert_eq!(entries[1].time, Timestamp::from_seconds(1_000_002));
    let counts = journal.counts();
    assert_eq!((counts.records, counts.failures), (3, 0));
    assert!(counts.bytes > 0 && counts.unsynced_bytes >= counts.bytes);
}

#[tokio::test]
async fn both_accounts_of_a_call_get_a_record_in_one_entry() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    let shared = event(1).shared_with(account("444455556666"));
    let effect: Effect<(), ()> = Effect::value((), Events::from(shared).and(event(2)));
    assert!(matches!(journal.release(effect).await, Released::Answer(())));
    let entries = entries(&journal).await;
    let [entry] = &entries[..] else { panic!("{} entries", entries.len()) };
    let records: Vec<Value> = entry.records.iter().map(|record| json(record)).collect();
    let of = |member: &str| records.iter().map(|record| record[member].clone()).collect::<Vec<_>>();
    assert_eq!(of("recipientAccountId"), ["111122223333", "444455556666", "111122223333"]);
    let shared = of("sharedEventID");
    assert_eq!(shared[0], shared[1]);
    assert!(shared[0].is_string() && shared[2].is_null());
    let ids = of("eventID");
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2] && !ids.contains(&shared[0]));
    assert_eq!(journal.counts().records, 3);
}

/// Says when it is dropped.
struct Watched(Arc<AtomicBool>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_full_disk_answers_unrecorded_and_drops_the_value() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    let full = Arc::new(AtomicBool::new(true));
    let is_full = Arc::clone(&full);
    journal.inner.disk.faults.full_when(move || is_full.load(Ordering::Relaxed));
    let dropped = Arc::new(AtomicBool::new(false));
    let effect: Effect<_, ()> = Effect::value(Watched(Arc::clone(&dropped)), event(1));
    assert!(matches!(journal.release(effect).await, Released::Unrecorded));
    assert!(dropped.load(Ordering::Relaxed));
    assert_eq!(journal.record(event(2).into()).await, Err(Unrecorded));
    assert_eq!(journal.counts().failures, 2);
    full.store(false, Ordering::Relaxed);
    assert!(matches!(journal.release(value(3)).await, Released::Answer(3)));
    assert_eq!(recorded(&journal).await, [3]);
    assert!(journal.reader().verify(&house.trusted()).await.is_ok());
}

#[tokio::test]
async fn always_waits_until_the_record_is_synced_and_interval_does_not() {
    for (sync, waits) in [(Sync::Always, true), (Sync::Interval, false)] {
        let house = House::new().await;
        let journal = house.by_hand(sync, 1).await.unwrap();
        let mut release = pin!(journal.release(value(1)));
        let first = poll(release.as_mut());
        assert_eq!(first.is_pending(), waits, "{sync:?}");
        assert_eq!(recorded(&journal).await, [1]);
        if waits {
            journal.inner.disk.log.sync_now().unwrap();
            assert!(matches!(poll(release.as_mut()), Poll::Ready(Released::Answer(1))));
        }
        // A change is durable when it is committed.
        assert!(matches!(poll(pin!(journal.release(change(2)))), Poll::Ready(Released::Answer(2))), "{sync:?}");
    }
}

#[tokio::test]
async fn a_change_is_recorded_and_leaves_the_outbox_once_it_is_synced() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 2).await.unwrap();
    for op in 1..=3 {
        assert!(matches!(journal.release(change(op)).await, Released::Answer(_)));
    }
    assert_eq!((house.outbox().await, recorded(&journal).await), (3, vec![1, 2, 3]));
    journal.tend().await;
    assert_eq!((house.outbox().await, recorded(&journal).await), (0, vec![1, 2, 3]));
    journal.tend().await;
    assert_eq!(recorded(&journal).await, [1, 2, 3]);
}

#[tokio::test]
async fn rows_go_and_checkpoints_bind_only_what_is_synced() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 2).await.unwrap();
    for lane in &journal.inner.lanes {
        lane.record(&event(1).into(), &*house.entropy).unwrap();
    }
    assert!(matches!(journal.release(change(2)).await, Released::Answer(2)));
    let (log, unsynced) = (journal.inner.disk.log.clone(), Arc::new(AtomicU64::new(0)));
    let look = |log: sealroom_store::Log| {
        let unsynced = Arc::clone(&unsynced);
        move || unsynced.fetch_max(log.unsynced_bytes(), Ordering::Relaxed)
    };
    let (at_append, at_commit) = (look(log.clone()), look(log.clone()));
    journal.inner.disk.faults.full_when(move || {
        at_append();
        false
    });
    let commits = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&commits);
    journal.inner.disk.faults.on_commit(move || {
        at_commit();
        counted.fetch_add(1, Ordering::Relaxed);
        OnCommit::Work
    });
    assert!(log.unsynced_bytes() > 0);
    journal.tend().await;
    // The rows, and the row that names the checkpoint.
    assert_eq!((commits.load(Ordering::Relaxed), unsynced.load(Ordering::Relaxed)), (2, 0));
}

#[tokio::test]
async fn a_checkpoint_binds_only_what_is_synced_when_no_row_made_anybody_sync() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 2).await.unwrap();
    for lane in &journal.inner.lanes {
        lane.record(&event(1).into(), &*house.entropy).unwrap();
    }
    let log = journal.inner.disk.log.clone();
    let seen = Arc::new(AtomicU64::new(u64::MAX));
    let unsynced = Arc::clone(&seen);
    assert!(log.unsynced_bytes() > 0);
    journal.inner.disk.faults.full_when(move || {
        unsynced.store(log.unsynced_bytes(), Ordering::Relaxed);
        false
    });
    journal.tend().await;
    assert_eq!(seen.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_conflict_records_nothing() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    assert!(matches!(journal.release(change(1)).await, Released::Answer(1)));
    journal.tend().await;
    assert!(matches!(journal.release(change(1)).await, Released::Conflict));
    journal.tend().await;
    assert_eq!((house.outbox().await, recorded(&journal).await), (0, vec![1]));
    assert_eq!(journal.counts().failures, 0);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_and_what_it_wrote_all_the_same_is_recorded() {
    for (fault, written) in [(OnCommit::Lose, false), (OnCommit::LoseAnswer, true)] {
        let house = House::new().await;
        let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
        journal.inner.disk.faults.on_commit(move || fault);
        assert!(matches!(journal.release(change(1)).await, Released::Unavailable), "{fault:?}");
        assert_eq!(recorded(&journal).await, [0; 0], "{fault:?}");
        journal.inner.disk.faults.on_commit(|| OnCommit::Work);
        for _ in 0..3 {
            journal.tend().await;
            assert_eq!(recorded(&journal).await.len(), usize::from(written), "{fault:?}");
        }
        assert_eq!((house.has_row(1).await, house.outbox().await), (written, 0), "{fault:?}");
    }
}

#[tokio::test]
async fn a_change_whose_record_can_not_be_appended_is_answered_and_recorded_later() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    let mut failures = 2;
    journal.inner.disk.faults.full_when(move || {
        failures -= 1;
        failures >= 0
    });
    assert!(matches!(journal.release(change(1)).await, Released::Answer(1)));
    assert_eq!((house.outbox().await, recorded(&journal).await), (1, vec![]));
    journal.tend().await;
    assert_eq!((house.outbox().await, recorded(&journal).await), (1, vec![]));
    journal.tend().await;
    assert_eq!((house.outbox().await, recorded(&journal).await), (1, vec![1]));
    journal.tend().await;
    assert_eq!((house.outbox().await, recorded(&journal).await), (0, vec![1]));
}

#[tokio::test]
async fn tending_leaves_calls_alone_that_are_under_way_and_takes_over_those_that_were_cut_off() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    journal.inner.disk.faults.on_commit(|| OnCommit::Linger);
    {
        let mut under_way = pin!(journal.release(change(1)));
        assert!(poll(under_way.as_mut()).is_pending());
        journal.inner.disk.faults.on_commit(|| OnCommit::Work);
        journal.tend().await;
        assert_eq!((house.outbox().await, recorded(&journal).await), (1, vec![]));
        assert!(matches!(under_way.await, Released::Answer(1)));
    }
    journal.inner.disk.faults.on_commit(|| OnCommit::Linger);
    {
        let mut cut_off = pin!(journal.release(change(2)));
        assert!(poll(cut_off.as_mut()).is_pending());
    }
    journal.inner.disk.faults.on_commit(|| OnCommit::Work);
    assert_eq!(recorded(&journal).await, [1]);
    journal.tend().await;
    journal.tend().await;
    assert_eq!((house.outbox().await, recorded(&journal).await), (0, vec![1, 2]));
}

#[tokio::test]
async fn no_room_touches_the_rows_of_the_journal() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    let ours = disk::prefix().text("checkpoint");
    for batch in [
        Batch::default().put(ours.clone(), vec![1]),
        Batch::default().delete(ours.clone()),
        Batch::default().put(row(1), vec![1]).guard(Guard::Absent(ours.clone())),
    ] {
        let effect: Effect<(), ()> = Effect::change((), batch, event(1));
        assert!(matches!(journal.release(effect).await, Released::Unrecorded));
    }
    assert_eq!((house.outbox().await, recorded(&journal).await, house.has_row(1).await), (0, vec![], false));
}

#[tokio::test]
async fn an_effect_at_the_limit_of_a_frame_is_recorded_and_one_byte_more_is_not() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    let of_length = |length: usize| {
        let body = format!(r#"{{"op":1,"a":"{}"}}"#, "x".repeat(length)).into_bytes();
        event(1).request(body)
    };
    let filed = |events: &Events| {
        let mut body = Vec::new();
        frame::file(&mut body, events, || sealroom_foundation::EventId::from_random([1; 16]), |_, _, _| {})
            .map(|_| body.len())
    };
    let nine = |length: usize| {
        let whole = Events::from(of_length(200_000));
        (0..7).fold(whole, |events, _| events.and(of_length(250_000))).and(of_length(length))
    };
    let base = filed(&nine(0)).unwrap();
    let at_limit = nine(frame::BODY_MAX - base);
    assert_eq!(filed(&at_limit), Ok(frame::BODY_MAX));
    assert_eq!(journal.record(at_limit).await, Ok(()));
    let past = nine(frame::BODY_MAX - base + 1);
    assert_eq!(filed(&past), Err(frame::TooLong));
    assert_eq!(journal.record(past.clone()).await, Err(Unrecorded));
    let effect: Effect<(), ()> = Effect::change((), Batch::default().put(row(1), vec![]), past);
    assert!(matches!(journal.release(effect).await, Released::Unrecorded));
    assert!(!house.has_row(1).await);
    assert_eq!(recorded(&journal).await.len(), 9);
}

#[tokio::test]
async fn what_is_left_of_the_disk_is_kept_for_calls_that_free() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    let at = async |free: u64, op: u64| {
        house.free.store(free, Ordering::Relaxed);
        journal.tend().await;
        let answered = matches!(journal.release(value(op)).await, Released::Answer(_));
        let changed = matches!(journal.release(change(op + 1)).await, Released::Answer(_));
        let freed: Effect<(), ()> = Effect::value((), event(op + 2).frees());
        assert!(matches!(journal.release(freed).await, Released::Answer(())));
        let half_freed: Effect<(), ()> = Effect::value((), Events::from(event(op + 3).frees()).and(event(op + 3)));
        let half_answered = matches!(journal.release(half_freed).await, Released::Answer(()));
        assert_eq!(house.has_row(op + 1).await, changed);
        assert!(answered == changed && changed == half_answered);
        answered
    };
    assert!(at(space::KEPT + 1, 0).await);
    assert!(!at(space::KEPT, 10).await);
    assert!(!at(0, 20).await);
    assert!(at(u64::MAX, 30).await);
    assert_eq!(recorded(&journal).await, [0, 1, 2, 3, 3, 12, 22, 30, 31, 32, 33, 33]);
}

#[tokio::test]
async fn who_appends_waits_when_too_much_is_not_synced() {
    for lanes in [1, 4] {
        let house = House::new().await;
        let journal = house.by_hand(Sync::Interval, lanes).await.unwrap();
        let mut most = 0;
        for op in 0..200 {
            let body = format!(r#"{{"op":{op},"a":"{}"}}"#, "x".repeat(200_000)).into_bytes();
            journal.record(event(op).request(body).into()).await.unwrap();
            most = most.max(journal.counts().unsynced_bytes);
        }
        assert!(most > 4 * 1024 * 1024 && most <= inner::UNSYNCED_MAX, "{lanes} lanes: {most}");
    }
}

#[tokio::test]
async fn the_sync_thread_syncs_without_being_asked_and_a_closed_journal_is_synced_and_takes_nothing() {
    for sync in [Sync::Interval, Sync::Always] {
        let house = House::new().await;
        let journal = house.start(sync, 2, Syncing::Thread(pace::INTERVAL)).await.unwrap();
        assert!(matches!(journal.release(value(1)).await, Released::Answer(1)));
        let lane = lane::of_this_thread(2);
        let last = journal.inner.disk.log.last(lane).unwrap();
        journal.inner.disk.log.synced(last).await.unwrap();
        assert!(matches!(journal.release(change(2)).await, Released::Answer(2)));
        journal.close().await;
        journal.close().await;
        assert_eq!(journal.counts().unsynced_bytes, 0);
        assert_eq!(house.outbox().await, 0);
        assert!(matches!(journal.release(value(3)).await, Released::Unrecorded));
        // The change stands and is answered; its event waits for the next start.
        assert!(matches!(journal.release(change(4)).await, Released::Answer(4)));
        let verified = journal.reader().verify(&house.trusted()).await.unwrap();
        assert_eq!(verified, Verified { entries: 2, records: 2, checkpoints: 1, unbound: 1 });
        drop(journal);
        let journal = house.by_hand(sync, 2).await.unwrap();
        assert_eq!(recorded(&journal).await, [1, 2, 4]);
    }
}

#[tokio::test]
async fn the_sync_thread_sleeps_while_there_is_nothing_to_sync() {
    let house = House::new().await;
    let journal = house.start(Sync::Interval, 1, Syncing::Thread(pace::INTERVAL)).await.unwrap();
    assert!(matches!(journal.release(value(1)).await, Released::Answer(1)));
    let last = journal.inner.disk.log.last(0).unwrap();
    journal.inner.disk.log.synced(last).await.unwrap();
    for _ in 0..50 {
        journal.reader().verify(&house.trusted()).await.unwrap();
    }
    // It asks for the time before and after each sync.
    assert!(house.clock.1.load(Ordering::Relaxed) <= 2);
    journal.close().await;
}

#[tokio::test]
async fn checkpoints_come_with_time_or_with_bytes_and_only_when_there_is_something_to_bind() {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 3).await.unwrap();
    let checkpoints = async || journal.reader().verify(&house.trusted()).await.unwrap().checkpoints;
    journal.tend().await;
    assert_eq!(checkpoints().await, 0);
    journal.record(event(1).into()).await.unwrap();
    journal.tend().await;
    assert_eq!(checkpoints().await, 1);
    for (seconds, records, expected) in [(1, 1, 1), (58, 1, 1), (1, 0, 2), (100, 0, 2), (0, 1, 3), (-200, 1, 4)] {
        house.clock.0.fetch_add(seconds, Ordering::Relaxed);
        for _ in 0..records {
            journal.record(event(2).into()).await.unwrap();
        }
        journal.tend().await;
        assert_eq!(checkpoints().await, expected, "after {seconds} s");
    }
    let body = format!(r#"{{"op":3,"a":"{}"}}"#, "x".repeat(250_000)).into_bytes();
    for _ in 0..68 {
        journal.record(event(3).request(body.clone()).into()).await.unwrap();
    }
    journal.tend().await;
    assert_eq!(checkpoints().await, 5);
}

#[test]
fn threads_keep_to_their_lanes_and_every_record_is_there() {
    const THREADS: u64 = 4;
    const EACH: u64 = 500;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        for lanes in [1, 3, 4] {
            let house = House::new().await;
            let journal = house.start(Sync::Interval, lanes, Syncing::Thread(pace::INTERVAL)).await.unwrap();
            let tasks: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let journal = journal.clone();
                    tokio::spawn(async move {
                        for op in thread * EACH..(thread + 1) * EACH {
                            let effect = if op % 50 == 0 { change(op) } else { value(op) };
                            assert!(matches!(journal.release(effect).await, Released::Answer(_)));
                            if op % 100 == 0 {
                                journal.tend().await;
                            }
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(recorded(&journal).await, (0..THREADS * EACH).collect::<Vec<_>>());
            let ids: std::collections::HashSet<_> = entries(&journal).await.iter().map(|entry| entry.id).collect();
            assert_eq!(ids.len() as u64, THREADS * EACH);
            journal.close().await;
            let verified = journal.reader().verify(&house.trusted()).await.unwrap();
            assert_eq!((verified.entries, verified.unbound), (THREADS * EACH, 1));
        }
    });
}
