//! Mirrors against the feed: what is void is never answered, what is held is bounded.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::Mirror;
use crate::feed::Feed;
use crate::path::KeyPath;

fn path(key: u64) -> KeyPath {
    KeyPath::build("t").u64_be(key)
}

/// Only every row of `t` is an entry.
fn key_of(path: &KeyPath) -> Option<u64> {
    (path.segment_text(0)? == "t").then(|| path.segment_u64(1))?
}

fn publish(feed: &Feed, keys: &[u64]) {
    feed.publish(keys.iter().map(|key| path(*key)).collect());
}

/// Runs a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the future waits"),
    }
}

fn load(mirror: &Mirror<u64, u64>, key: u64, value: Option<u64>) -> Option<u64> {
    load_while(mirror, key, value, || {})
}

/// Loads an entry, and does something between the reading of the row and the end of the load.
fn load_while(mirror: &Mirror<u64, u64>, key: u64, value: Option<u64>, meanwhile: impl FnOnce()) -> Option<u64> {
    let load = || async {
        meanwhile();
        Ok::<_, Infallible>(value)
    };
    now(mirror.get_or_load(&key, load)).unwrap().map(|value| *value)
}

fn get(mirror: &Mirror<u64, u64>, key: u64) -> Option<u64> {
    mirror.get(&key).map(|value| *value)
}

#[test]
fn an_entry_is_held_until_its_row_changes() {
    let feed = Feed::new();
    let mirror = Mirror::new(feed.clone(), 10, key_of);
    assert_eq!(get(&mirror, 1), None);
    assert_eq!(load(&mirror, 1, Some(10)), Some(10));
    assert_eq!(load(&mirror, 1, Some(11)), Some(10), "what is held isn't loaded");
    assert_eq!(load(&mirror, 2, None), None);
    assert_eq!(load(&mirror, 2, Some(20)), Some(20), "nothing isn't remembered");
    publish(&feed, &[2, 3]);
    feed.publish([KeyPath::build("other").u64_be(1)].into());
    assert_eq!((get(&mirror, 1), get(&mirror, 2)), (Some(10), None));
}

#[test]
fn an_entry_whose_row_changed_while_it_was_loaded_is_returned_and_not_kept() {
    type Happens = fn(&Feed);
    let cases: [(&str, Happens, bool); 6] = [
        ("nothing", |_| {}, true),
        ("another row", |feed| publish(feed, &[2]), true),
        ("its row", |feed| publish(feed, &[2, 1]), false),
        ("its row, among many", |feed| (0..9_000).for_each(|key| publish(feed, &[key])), false),
        ("track was lost", Feed::lose_track, false),
        ("the feed was blind for a while", |feed| [true, false].map(|blind| feed.set_blind(blind)).fill(()), false),
    ];
    for (what, happens, kept) in cases {
        let feed = Feed::new();
        let mirror = Mirror::new(feed.clone(), 10, key_of);
        assert_eq!(load_while(&mirror, 1, Some(10), || happens(&feed)), Some(10), "{what}");
        assert_eq!(get(&mirror, 1).is_some(), kept, "{what}");
    }
}

#[test]
fn a_mirror_that_fell_behind_or_can_not_see_answers_nothing() {
    let feed = Feed::new();
    let mirror = Mirror::new(feed.clone(), 10, key_of);
    load(&mirror, 1, Some(10));
    for _ in 0..8_192 {
        publish(&feed, &[2]);
    }
    assert_eq!(get(&mirror, 1), Some(10), "as far as the ring reaches");
    for _ in 0..8_193 {
        publish(&feed, &[2]);
    }
    assert_eq!(get(&mirror, 1), None, "one further");

    load(&mirror, 1, Some(11));
    feed.set_blind(true);
    assert_eq!(get(&mirror, 1), None);
    assert_eq!(load(&mirror, 1, Some(12)), Some(12), "the store is asked instead");
    assert_eq!(load(&mirror, 1, Some(13)), Some(13), "and nothing is kept");
    feed.set_blind(false);
    assert_eq!(get(&mirror, 1), None);
    assert_eq!(load(&mirror, 1, Some(14)), Some(14));
    assert_eq!(get(&mirror, 1), Some(14));
    feed.lose_track();
    assert_eq!(get(&mirror, 1), None);
}

#[test]
fn a_mirror_holds_no_more_than_its_capacity_and_what_was_looked_at_longest() {
    for (capacity, at_least) in [(0, 0), (1, 1), (100, 100), (255, 255), (1_000, 900)] {
        let mirror = Mirror::new(Feed::new(), capacity, key_of);
        for key in 0..2_000 {
            load(&mirror, key, Some(key));
        }
        let held = (0..2_000).filter(|key| get(&mirror, *key).is_some()).count();
        assert!(held <= capacity && held >= at_least, "{held} of {capacity}");
    }
    let mirror = Mirror::new(Feed::new(), 100, key_of);
    for key in 0..1_000 {
        load(&mirror, key, Some(key));
        load(&mirror, 5_000, Some(0));
    }
    assert_eq!(get(&mirror, 5_000), Some(0), "what is in use stays");
}

#[test]
fn keys_of_one_hash_never_answer_for_each_other() {
    let mut shard = super::shard::Shard::new(10);
    shard.keep(7, "one", Arc::new(1));
    assert_eq!(shard.find(7, &"two"), None);
    shard.forget(7, &"two");
    assert_eq!(shard.find(7, &"one").as_deref(), Some(&1));
    shard.keep(7, "two", Arc::new(2));
    assert_eq!(shard.find(7, &"one"), None);
    assert_eq!(shard.find(7, &"two").as_deref(), Some(&2));
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<u64>),
    /// Loads a key; a commit of these keys happens meanwhile.
    Load(u64, Vec<u64>),
    Look(u64),
    LoseTrack,
    Blind(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..12_u64;
    let keys = || proptest::collection::vec(key(), 0..3);
    prop_oneof![
        4 => keys().prop_map(Step::Commit),
        6 => (key(), keys()).prop_map(|(key, meanwhile)| Step::Load(key, meanwhile)),
        6 => key().prop_map(Step::Look),
        1 => Just(Step::LoseTrack),
        1 => any::<bool>().prop_map(Step::Blind),
    ]
}

proptest! {
    #[test]
    fn no_mirror_ever_answers_with_what_a_commit_changed(
        steps in proptest::collection::vec(step(), 1..200),
        capacity in 0..20_usize,
    ) {
        let feed = Feed::new();
        let mirror = Mirror::new(feed.clone(), capacity, key_of);
        // A row says how often it was changed.
        let rows = std::cell::RefCell::new(HashMap::<u64, u64>::new());
        let commit = |keys: &[u64]| {
            keys.iter().for_each(|key| *rows.borrow_mut().entry(*key).or_default() += 1);
            publish(&feed, keys);
        };
        let row = |key: u64| rows.borrow().get(&key).copied().unwrap_or_default();
        for step in steps {
            match step {
                Step::Commit(keys) => commit(&keys),
                Step::Load(key, meanwhile) => {
                    let read = row(key);
                    let answer = load_while(&mirror, key, Some(read), || commit(&meanwhile));
                    assert_eq!(answer, Some(read));
                }
                Step::Look(key) => {
                    if let Some(held) = get(&mirror, key) {
                        assert_eq!(held, row(key));
                        assert!(feed.head().is_some());
                    }
                }
                Step::LoseTrack => feed.lose_track(),
                Step::Blind(blind) => feed.set_blind(blind),
            }
        }
        let held = (0..12).filter(|key| get(&mirror, *key).is_some()).count();
        assert!(held <= capacity);
    }
}

#[test]
fn many_threads_that_look_load_and_commit_see_no_row_of_the_past() {
    use std::sync::RwLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    // A row is changed, published, and only then acknowledged: whoever looks after that must see it.
    let feed = Feed::new();
    let mirror = Mirror::new(feed.clone(), 6, key_of);
    let rows: Vec<RwLock<u64>> = (0..8).map(|_| RwLock::new(0)).collect();
    let acknowledged: Vec<AtomicU64> = (0..8).map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=5_000_u64 {
                let key = round % 8;
                let place = usize::try_from(key).unwrap();
                *rows[place].write().unwrap() = round;
                publish(&feed, &[key]);
                acknowledged[place].store(round, Ordering::SeqCst);
            }
        });
        for _ in 0..3 {
            scope.spawn(|| {
                for look in 0..20_000_u64 {
                    let key = look % 8;
                    let place = usize::try_from(key).unwrap();
                    let least = acknowledged[place].load(Ordering::SeqCst);
                    let read = || async { Ok::<_, Infallible>(Some(*rows[place].read().unwrap())) };
                    let seen = now(mirror.get_or_load(&key, read)).unwrap().unwrap();
                    assert!(*seen >= least, "row {key} was at {least}, the mirror says {seen}");
                }
            });
        }
    });
}
