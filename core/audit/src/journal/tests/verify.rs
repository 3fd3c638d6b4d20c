//! Whatever is done to the journal behind its back is found, but for what no checkpoint bound.

use std::collections::BTreeMap;

use super::*;
use crate::journal::frame::{Frame, Header, Kind};

/// The frames of each lane, to be tampered with.
type Lanes = Vec<Vec<Vec<u8>>>;

/// What was recorded: in each of two lanes some events, then a checkpoint, more events, another checkpoint, and
/// an event that no checkpoint binds. Lane 0: events 1 to 4, checkpoint 5, events 6 to 9, checkpoint 10, event 11. Lane 1:
/// events 1 to 4, 5 to 8, 9.
struct Honest {
    house: House,
    lanes: Lanes,
    bookmark: Vec<u8>,
}

async fn honest() -> Honest {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 2).await.unwrap();
    let mut op = 0;
    for round in 0..3 {
        let each = if round < 2 { 4 } else { 1 };
        for lane in &journal.inner.lanes {
            for _ in 0..each {
                op += 1;
                lane.record(&event(op).into(), &*house.entropy).unwrap();
            }
        }
        house.clock.0.fetch_add(60, Ordering::Relaxed);
        if round < 2 {
            journal.tend().await;
        }
    }
    let mut lanes = Vec::new();
    for lane in 0..2 {
        let records = journal.inner.disk.log.read_all(lane).await.unwrap();
        lanes.push(records.into_iter().map(|record| record.bytes).collect());
    }
    let bookmark = bookmark_of(&house.store).await.unwrap();
    Honest { house, lanes, bookmark }
}

fn bookmark_path() -> KeyPath {
    disk::prefix().text("checkpoint")
}

async fn bookmark_of(store: &Store) -> Option<Vec<u8>> {
    let answers = store.read(&[Read::Get(bookmark_path())]).await.unwrap();
    answers.into_iter().next().and_then(Answer::row).map(|row| row.value)
}

/// A house in which `lanes` are found, with the ports of `honest`.
async fn found(honest: &Honest, lanes: &Lanes, bookmark: Option<&[u8]>) -> House {
    let store = Store::open(Engine::memory(), Barrier::insecure_none()).await.unwrap();
    {
        let log = store.log(disk::LOG, lanes.len()).await.unwrap();
        for (lane, frames) in lanes.iter().enumerate() {
            for frame in frames {
                log.append(lane, frame).unwrap();
            }
        }
        log.sync_now().unwrap();
    }
    if let Some(bookmark) = bookmark {
        store.commit(Batch::default().put(bookmark_path(), bookmark.to_vec())).await.unwrap();
    }
    House {
        store,
        entropy: Arc::clone(&honest.house.entropy),
        signer: Arc::clone(&honest.house.signer),
        clock: Arc::clone(&honest.house.clock),
        free: Arc::clone(&honest.house.free),
    }
}

/// Mends the chain of a lane from frame `from` on, as a forger would who knows the format.
fn rechain(lanes: &mut Lanes, lane: usize, from: usize) {
    for at in from..lanes[lane].len() {
        let previous = at.checked_sub(1).map_or(frame::ORIGIN, |before| frame::link(&lanes[lane][before]));
        let sequence = u64::try_from(at + 1).unwrap();
        let header = Frame::read(&lanes[lane][at]).unwrap().header;
        frame::seal(&mut lanes[lane][at], &Header { lane, sequence, previous, ..header });
    }
}

/// Signs the checkpoint `at` again over what the lanes hold now.
fn resign(lanes: &mut Lanes, at: usize, heads: [usize; 2], signer: &Signer) {
    let heads = [0, 1].map(|lane| {
        let sequence = heads[lane];
        let link = frame::link(&lanes[lane][sequence - 1]);
        let sequence = u64::try_from(sequence).unwrap();
        checkpoint::Head { sequence, link, settled: sequence }
    });
    let header = Frame::read(&lanes[0][at]).unwrap().header;
    let mut forged = Vec::new();
    frame::begin(&mut forged);
    checkpoint::write(&mut forged, &heads, header.time, signer);
    frame::seal(&mut forged, &header);
    lanes[0][at] = forged;
}

fn flip(frame: &mut [u8], at: usize) {
    frame[at] ^= 1;
}

struct Case {
    what: &'static str,
    tamper: fn(&mut Lanes),
    /// What reading everything finds, and where; `None` when it can't be found.
    all: Option<(usize, u64, Fault)>,
    /// What a start finds that reads from the last checkpoint on. `None` when it finds nothing: it doesn't look further
    /// back.
    tail: Option<(usize, u64, Fault)>,
}

const fn case(
    what: &'static str,
    tamper: fn(&mut Lanes),
    all: Option<(usize, u64, Fault)>,
    tail: Option<(usize, u64, Fault)>,
) -> Case {
    Case { what, tamper, all, tail }
}

const CASES: &[Case] = &[
    case("nothing", |_| {}, None, None),
    case("a byte of an old record", |l| flip(&mut l[1][1], 100), Some((1, 3, Fault::Unlinked)), None),
    case("a byte of the first", |l| flip(&mut l[1][0], 100), Some((1, 2, Fault::Unlinked)), None),
    case("its time", |l| flip(&mut l[1][1], 19), Some((1, 3, Fault::Unlinked)), None),
    case("its id", |l| flip(&mut l[1][1], 20), Some((1, 3, Fault::Unlinked)), None),
    case("its format", |l| l[1][1][0] = 2, Some((1, 2, Fault::Unreadable)), None),
    case("its kind", |l| l[1][1][1] = 3, Some((1, 2, Fault::Unreadable)), None),
    case("its lane", |l| flip(&mut l[1][1], 3), Some((1, 2, Fault::Displaced)), None),
    case("its number", |l| flip(&mut l[1][1], 11), Some((1, 2, Fault::Displaced)), None),
    case("its link", |l| flip(&mut l[1][1], 40), Some((1, 2, Fault::Unlinked)), None),
    case("cut short", |l| l[1][1].truncate(60), Some((1, 2, Fault::Unreadable)), None),
    case("a record removed", |l| drop(l[1].remove(1)), Some((1, 2, Fault::Displaced)), Some((1, 8, Fault::Displaced))),
    case("two swapped", |l| l[1].swap(1, 2), Some((1, 2, Fault::Displaced)), None),
    case(
        "the middle cut out",
        |l| drop(l[1].drain(2..6)),
        Some((1, 3, Fault::Displaced)),
        Some((1, 8, Fault::Missing)),
    ),
    case(
        "one put in twice",
        |l| {
            let again = l[1][1].clone();
            l[1].insert(1, again);
        },
        Some((1, 3, Fault::Displaced)),
        Some((1, 8, Fault::Displaced)),
    ),
    case("one taken over from the other lane", |l| l[1][1] = l[0][1].clone(), Some((1, 2, Fault::Displaced)), None),
    case("the lanes swapped", |l| l.swap(0, 1), Some((0, 1, Fault::Displaced)), Some((0, 10, Fault::Missing))),
    case(
        "a record changed and the chain mended",
        |l| {
            flip(&mut l[1][1], 100);
            rechain(l, 1, 2);
        },
        Some((1, 4, Fault::Replaced)),
        Some((1, 8, Fault::Replaced)),
    ),
    case(
        "a record removed and the chain mended",
        |l| {
            l[1].remove(1);
            rechain(l, 1, 1);
        },
        Some((1, 4, Fault::Replaced)),
        Some((1, 8, Fault::Replaced)),
    ),
    case(
        "the last bound record changed and the chain mended",
        |l| {
            flip(&mut l[1][7], 100);
            rechain(l, 1, 8);
        },
        Some((1, 8, Fault::Replaced)),
        Some((1, 8, Fault::Replaced)),
    ),
    case(
        "everything behind a checkpoint cut off in one lane",
        |l| l[1].truncate(7),
        Some((1, 8, Fault::Missing)),
        Some((1, 8, Fault::Missing)),
    ),
    case("a lane emptied", |l| l[1].clear(), Some((1, 1, Fault::Missing)), Some((1, 8, Fault::Missing))),
    case(
        "a checkpoint's signature",
        |l| {
            let last = l[0][4].len() - 1;
            flip(&mut l[0][4], last);
            rechain(l, 0, 5);
        },
        Some((0, 5, Fault::Unsigned)),
        Some((0, 10, Fault::Replaced)),
    ),
    case(
        "the newest checkpoint's signature",
        |l| {
            let last = l[0][9].len() - 1;
            flip(&mut l[0][9], last);
            rechain(l, 0, 10);
        },
        Some((0, 10, Fault::Unsigned)),
        Some((0, 10, Fault::Replaced)),
    ),
    case(
        "what a checkpoint says",
        |l| {
            flip(&mut l[0][4], 68 + 2 + 91 + 2 + 7);
            rechain(l, 0, 5);
        },
        Some((0, 5, Fault::Unsigned)),
        Some((0, 10, Fault::Replaced)),
    ),
    case(
        "a checkpoint removed and the chain mended",
        |l| {
            l[0].remove(4);
            rechain(l, 0, 4);
        },
        Some((0, 9, Fault::Replaced)),
        Some((0, 10, Fault::Replaced)),
    ),
    case(
        "everything forged and signed by a stranger",
        |l| {
            let stranger = Signer::new();
            flip(&mut l[0][1], 100);
            rechain(l, 0, 2);
            resign(l, 4, [4, 4], &stranger);
            rechain(l, 0, 5);
            resign(l, 9, [9, 8], &stranger);
            rechain(l, 0, 10);
        },
        Some((0, 5, Fault::Stranger)),
        Some((0, 10, Fault::Replaced)),
    ),
    case(
        "cut off before the newest checkpoint, in both lanes",
        |l| {
            l[0].truncate(9);
            l[1].truncate(8);
        },
        None,
        Some((0, 10, Fault::Missing)),
    ),
    // What no checkpoint binds, nobody can miss.
    case("the unbound record changed", |l| flip(&mut l[1][8], 100), None, None),
    case("the unbound record cut off", |l| drop(l[1].pop()), None, None),
];

fn fault(error: &ReadError) -> (usize, u64, Fault) {
    match error {
        ReadError::Broken { lane, sequence, fault } => (*lane, *sequence, *fault),
        ReadError::Log(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_and_an_honest_journal_passes() {
    let honest = honest().await;
    for Case { what, tamper, all, tail } in CASES {
        let mut lanes = honest.lanes.clone();
        tamper(&mut lanes);
        let house = found(&honest, &lanes, Some(&honest.bookmark)).await;
        let read = Reader::open(&house.store).await.unwrap().verify(&honest.house.trusted()).await;
        assert_eq!(read.as_ref().err().map(fault), *all, "{what}, read as a whole");
        let opened = house.by_hand(Sync::Interval, 2).await;
        let opened = opened.err().map(|error| match error {
            OpenError::Read(error) => fault(&error),
            other => panic!("{what}: {other}"),
        });
        assert_eq!(opened, *tail, "{what}, at a start");
    }
}

#[tokio::test]
async fn without_the_row_that_names_the_last_checkpoint_a_start_reads_everything() {
    let honest = honest().await;
    for Case { what, tamper, all, .. } in CASES {
        let mut lanes = honest.lanes.clone();
        tamper(&mut lanes);
        let house = found(&honest, &lanes, None).await;
        let opened = house.by_hand(Sync::Interval, 2).await;
        assert_eq!(opened.is_err(), all.is_some(), "{what}");
    }
}

#[tokio::test]
async fn what_is_counted_when_all_is_well() {
    let honest = honest().await;
    let house = found(&honest, &honest.lanes, None).await;
    let reader = Reader::open(&house.store).await.unwrap();
    let verified = reader.verify(&honest.house.trusted()).await.unwrap();
    // The newest checkpoint isn't bound itself.
    assert_eq!(verified, Verified { entries: 18, records: 18, checkpoints: 2, unbound: 3 });
    let strangers = [Signer::new().public(Purpose::JournalCheckpoint)];
    let refused = reader.verify(&strangers).await.unwrap_err();
    assert_eq!(fault(&refused), (0, 5, Fault::Stranger));
}

#[tokio::test]
async fn a_start_trusts_the_checkpoint_that_its_row_names_whatever_key_signed_it() {
    let honest = honest().await;
    let mut house = found(&honest, &honest.lanes, Some(&honest.bookmark)).await;
    house.signer = Arc::new(Signer::new());
    let journal = house.by_hand(Sync::Interval, 2).await.unwrap();
    journal.record(event(100).into()).await.unwrap();
    journal.close().await;
    let both = [honest.house.trusted(), house.trusted()].concat();
    assert_eq!(journal.reader().verify(&both).await.unwrap().checkpoints, 3);
    assert_eq!(fault(&journal.reader().verify(&house.trusted()).await.unwrap_err()), (0, 5, Fault::Stranger));
}

#[tokio::test]
async fn rows_that_can_not_be_read_stop_a_start() {
    let honest = honest().await;
    let long = [&honest.bookmark[..], &[0]].concat();
    for bookmark in [&[][..], &[2], &honest.bookmark[..40], &long] {
        let house = found(&honest, &honest.lanes, Some(bookmark)).await;
        let opened = house.by_hand(Sync::Interval, 2).await;
        assert!(matches!(opened.err(), Some(OpenError::Row { path }) if path == bookmark_path()), "{bookmark:?}");
    }
    let entry = outbox::path(sealroom_foundation::EventId::from_random([1; 16]));
    for value in [&[][..], &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]] {
        let house = found(&honest, &honest.lanes, None).await;
        house.store.commit(Batch::default().put(entry.clone(), value.to_vec())).await.unwrap();
        let opened = house.by_hand(Sync::Interval, 2).await;
        assert!(matches!(opened.err(), Some(OpenError::Row { path }) if path == entry), "{value:?}");
    }
}

#[tokio::test]
async fn more_lanes_than_before_begin_empty_and_fewer_leave_the_old_ones_bound() {
    let house = House::new().await;
    let mut expected = BTreeMap::new();
    for (round, lanes) in [2_usize, 5, 1].into_iter().enumerate() {
        let journal = house.by_hand(Sync::Interval, lanes).await.unwrap();
        for lane in journal.inner.lanes.iter().take(lanes) {
            lane.record(&event(u64::try_from(round).unwrap()).into(), &*house.entropy).unwrap();
            *expected.entry(lane.number()).or_insert(0) += 1;
        }
        journal.close().await;
        let found = entries(&journal).await;
        for (lane, count) in &expected {
            assert_eq!(found.iter().filter(|entry| entry.lane == *lane).count(), *count, "lane {lane}, round {round}");
        }
        let verified = journal.reader().verify(&house.trusted()).await.unwrap();
        assert_eq!(verified.checkpoints, u64::try_from(round + 1).unwrap());
    }
}

#[test]
fn kinds_are_told_apart_and_headers_read_back() {
    let header = Header {
        kind: Kind::Checkpoint,
        lane: 255,
        sequence: u64::MAX,
        time: Timestamp::from_seconds(-1),
        id: [7; 16],
        previous: [9; 32],
    };
    for header in [header, Header { kind: Kind::Events, lane: 0, sequence: 1, ..header }] {
        let mut bytes = Vec::new();
        frame::begin(&mut bytes);
        bytes.extend_from_slice(b"body");
        frame::seal(&mut bytes, &header);
        assert_eq!(Frame::read(&bytes), Some(Frame { header, body: b"body" }));
        for length in 0..68 {
            assert_eq!(Frame::read(&bytes[..length]), None);
        }
    }
}
