//! Which batches share a transaction, and what each is told: by tables.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::*;
use crate::batch::Write;

fn path(text: &str) -> KeyPath {
    let mut segments = text.split('/');
    let room = KeyPath::build(segments.next().unwrap());
    segments.fold(room, KeyPath::text)
}

/// Puts `writes` if `guards` hold. A write that begins with `-` deletes.
fn batch(writes: &[&str], guards: &[Guard]) -> Batch {
    let write = |name: &&str| match name.strip_prefix('-') {
        Some(gone) => Write::Delete(path(gone)),
        None => Write::Put(path(name), name.as_bytes().to_vec()),
    };
    Batch { writes: writes.iter().map(write).collect(), guards: guards.to_vec(), destroys: false }
}

fn waiting(batch: Batch, feed: &Feed) -> (Waiting, oneshot::Receiver<Result<Committed, StoreError>>) {
    let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    Waiting::new(batch, &Barrier::insecure_none(), feed, place)
}

fn group(batches: Vec<Batch>) -> (Group, Feed, Vec<oneshot::Receiver<Result<Committed, StoreError>>>) {
    let feed = Feed::new();
    let mut all = batches.into_iter().map(|batch| waiting(batch, &feed));
    let (first, answered) = all.next().unwrap();
    let mut group = Group::new(first);
    let mut answers = vec![answered];
    for (next, answered) in all {
        assert!(group.admit(next).is_ok());
        answers.push(answered);
    }
    (group, feed, answers)
}

#[test]
fn a_batch_joins_unless_a_guard_of_it_speaks_of_a_row_that_the_group_writes() {
    let version = |name: &str| Guard::Version(path(name), 1);
    let absent = |name: &str| Guard::Absent(path(name));
    let empty = |name: &str| Guard::Empty(path(name));
    let at_most = |name: &str| Guard::AtMost(path(name), 9);
    let cases = [
        (vec![], true),
        (vec![absent("a/c")], true),
        (vec![absent("a/b")], false),
        (vec![version("a/b")], false),
        (vec![version("a")], true),
        (vec![absent("gone")], false),
        (vec![empty("a")], false),
        (vec![at_most("a")], false),
        // The row at a prefix isn't below it.
        (vec![empty("a/b")], true),
        (vec![empty("a/b/c")], true),
        (vec![at_most("aa")], true),
        (vec![at_most("b"), empty("gone"), absent("c")], true),
        (vec![absent("c"), empty("a")], false),
    ];
    for (guards, joins) in cases {
        let (mut group, feed, _answers) = group(vec![batch(&["a/b", "-gone"], &[])]);
        let (next, _answered) = waiting(batch(&["a/b"], &guards), &feed);
        assert_eq!(group.admit(next).is_ok(), joins, "{guards:?}");
    }
}

#[test]
fn a_group_is_full_at_its_limits_but_takes_any_first_batch() {
    let sized = |bytes: usize| Batch::default().put(path("a"), vec![0; bytes]);
    let many = |writes: u64| (0..writes).fold(Batch::default(), |batch, n| batch.put(path("a").u64_be(n), Vec::new()));
    let cases = [
        (vec![sized(1); MAX_BATCHES - 1], sized(1), true),
        (vec![sized(1); MAX_BATCHES], sized(1), false),
        (vec![sized(MAX_BYTES - 1)], sized(1), true),
        (vec![sized(MAX_BYTES)], sized(1), false),
        (vec![sized(MAX_BYTES + 1)], sized(0), false),
        (vec![many(4_096), many(4_095)], many(1), true),
        (vec![many(4_096), many(4_096)], many(1), false),
    ];
    for (first, next, joins) in cases {
        let (mut group, feed, _answers) = group(first);
        let (next, _answered) = waiting(next, &feed);
        assert_eq!(group.admit(next).is_ok(), joins);
    }
}

#[test]
fn guards_ask_for_each_row_once_and_count_no_further_than_the_largest_limit() {
    let guards = [
        Guard::Version(path("a"), 3),
        Guard::Absent(path("a")),
        Guard::Absent(path("b")),
        Guard::Empty(path("p")),
        Guard::AtMost(path("p"), 7),
        Guard::AtMost(path("p"), 2),
        Guard::AtMost(path("q"), u32::MAX),
    ];
    let (group, _feed, _answers) = group(vec![batch(&[], &guards)]);
    let asked = group.questions();
    assert_eq!(asked.versions.into_iter().cloned().collect::<Vec<_>>(), [path("a"), path("b")]);
    let counts: Vec<(KeyPath, u64)> = asked.counts.into_iter().map(|(path, limit)| (path.clone(), limit)).collect();
    assert_eq!(counts, [(path("p"), 8), (path("q"), u64::from(u32::MAX) + 1)]);
}

fn seen() -> Seen {
    let bytes = |name: &str| path(name).as_bytes().to_vec();
    Seen { sequence: 40, versions: [(bytes("a"), 7)].into(), counts: [(bytes("p"), 2)].into() }
}

#[test]
fn guards_hold_by_what_was_seen() {
    let cases = [
        (Guard::Version(path("a"), 7), true),
        (Guard::Version(path("a"), 8), false),
        (Guard::Version(path("b"), 7), false),
        (Guard::Absent(path("a")), false),
        (Guard::Absent(path("b")), true),
        (Guard::Empty(path("p")), false),
        (Guard::AtMost(path("p"), 1), false),
        (Guard::AtMost(path("p"), 2), true),
        (Guard::AtMost(path("nobody counted this"), u32::MAX), false),
    ];
    for (guard, holds) in cases {
        assert_eq!(seen().holds(&guard), holds, "{guard:?}");
    }
}

#[test]
fn each_batch_gets_its_own_number_and_the_last_write_of_a_row_stands() {
    let no = Guard::Absent(path("a"));
    let (group, feed, answers) = group(vec![
        batch(&["x", "y"], &[]),
        batch(&["z"], std::slice::from_ref(&no)),
        batch(&[], &[]),
        batch(&["x", "-y", "-w"], &[Guard::AtMost(path("p"), 2)]),
        batch(&[], &[no]),
    ]);
    let plan = group.decide(&seen());
    assert_eq!((plan.before, plan.last), (40, 42));
    let outcomes = [Committed::At(41), Committed::Conflict, Committed::At(41), Committed::At(42), Committed::Conflict];
    assert_eq!(plan.outcomes, outcomes);
    let rows: Vec<(&KeyPath, Option<u64>)> =
        plan.rows.iter().map(|(path, stored)| (*path, stored.as_ref().map(|stored| stored.version))).collect();
    assert_eq!(rows, [(&path("w"), None), (&path("x"), Some(42)), (&path("y"), None)]);
    let changes: Vec<(u64, String)> = plan.changes.iter().map(|(number, path)| (*number, path.to_string())).collect();
    let expected = [(41, "x"), (41, "y"), (42, "w"), (42, "x"), (42, "y")];
    assert_eq!(changes, expected.map(|(number, path)| (number, path.to_owned())));
    let outcomes = plan.outcomes;
    group.answer(outcomes.clone());
    assert_eq!(feed.head(), Some(2), "one entry for each commit that changed something");
    let told = answers.into_iter().map(|mut answered| answered.try_recv().unwrap().unwrap());
    assert!(told.eq(outcomes));
}

#[test]
fn caches_doubt_everything_that_a_failed_group_would_have_written() {
    let (group, feed, answers) = group(vec![batch(&["x"], &[]), batch(&[], &[])]);
    group.fail(&Fault::new(super::super::sessions::Known::Nothing, "cut"));
    assert_eq!(feed.head(), Some(1));
    for mut answered in answers {
        assert!(matches!(answered.try_recv().unwrap(), Err(StoreError::Unavailable { .. })));
    }
}
