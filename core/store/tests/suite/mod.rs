//! The conformance suite: what every engine promises, as one list of cases over the public door. It knows no engine.
//!
//! A test file of an engine says `mod suite;`, writes `async fn fresh() -> Fresh`, which makes an engine with nothing in it,
//! and then `conformance!(fresh);`. Each case becomes a test of its own.

#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "each test binary that has this module uses its own part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed, outside of `#[test]` functions too"
)]

pub(crate) mod barrier;
pub(crate) mod cipher;
pub(crate) mod feed;
pub(crate) mod guards;
pub(crate) mod logs;
pub(crate) mod model;
pub(crate) mod rows;
pub(crate) mod snapshots;

use std::any::Any;
use std::sync::Arc;

use sealroom_store::{Answer, Barrier, Batch, Committed, Engine, KeyPath, Read, Row, Store};

/// An engine with nothing in it, and whatever must live as long as it does.
pub(crate) struct Fresh {
    pub(crate) engine: Engine,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Fresh {
    pub(crate) fn new(engine: Engine, keep: impl Any + Send + Sync) -> Self {
        Self { engine, _keep: Box::new(keep) }
    }

    /// A store on it, behind a barrier.
    pub(crate) async fn store(&self) -> Store {
        Store::open(self.engine.clone(), Barrier::new(1, Arc::new(cipher::TestCipher::new(1)))).await.unwrap()
    }
}

/// Makes a test of every case of the suite.
macro_rules! conformance {
    ($fresh:path) => {
        conformance! { $fresh:
            rows: rows_are_read_back_under_the_number_of_their_commit
            rows: rows_come_in_the_order_of_their_paths
            rows: a_range_holds_what_lies_below_its_prefix_and_nothing_else
            rows: a_range_goes_on_behind_any_path_and_says_whether_there_is_more
            rows: the_last_write_of_a_path_wins
            rows: versions_never_repeat
            rows: a_batch_without_writes_answers_the_newest_number
            rows: every_limit_admits_its_number_and_refuses_one_more
            rows: a_large_value_comes_back_whole
            rows: the_boot_prefix_and_the_store_keep_apart
            rows: boot_rows_are_read_and_written_with_guards
            rows: two_stores_over_one_engine_see_the_same_rows
            rows: a_read_sees_one_moment
            rows: a_commit_whose_future_is_dropped_happens_all_the_same
            guards: each_guard_holds_or_not
            guards: a_batch_whose_guard_fails_writes_nothing
            guards: guards_are_looked_at_before_the_writes
            guards: of_concurrent_commits_with_one_guard_exactly_one_wins
            guards: concurrent_commits_never_pass_at_most
            guards: a_view_refuses_what_lies_outside_it
            barrier: an_engine_sees_no_value_in_clear
            barrier: a_value_that_was_changed_moved_swapped_or_rolled_back_is_refused
            barrier: older_store_keys_open_and_the_newest_seals
            barrier: a_forged_row_spoils_its_range
            feed: changes_tell_the_paths_of_every_commit_in_order
            feed: changes_never_cut_a_commit
            feed: a_commit_is_published_before_it_is_answered
            feed: a_mirror_never_answers_with_what_a_commit_changed
            feed: a_mirror_of_one_store_follows_commits_through_another
            feed: polling_what_nobody_else_can_change_keeps_mirrors_warm
            model: random_commits_and_reads_agree_with_a_model
            snapshots: a_snapshot_shows_one_commit_while_others_write
            snapshots: what_a_snapshot_showed_opens_where_it_is_loaded
            snapshots: a_snapshot_that_is_dropped_leaves_nothing_behind
            snapshots: destroying_ends_well_while_a_snapshot_is_read
            logs: records_come_back_in_order_by_lane
            logs: a_log_opened_again_goes_on_where_it_ended
            logs: a_log_keeps_the_lanes_it_had
            logs: reading_pages_through_a_lane
            logs: synced_waits_for_the_sync_that_covers_it
            logs: trimming_forgets_nothing_that_was_not_covered
            logs: logs_refuse_what_is_over_a_limit_or_unknown
            logs: lanes_are_appended_to_by_many_threads
            logs: numbers_go_on_after_everything_was_trimmed
        }
    };
    ($fresh:path: $($part:ident: $case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                suite::$part::$case($fresh().await).await;
            }
        )*
    };
}
pub(crate) use conformance;

/// `a/b/c` as a path.
pub(crate) fn path(text: &str) -> KeyPath {
    let mut segments = text.split('/');
    let room = KeyPath::build(segments.next().unwrap());
    segments.fold(room, KeyPath::text)
}

pub(crate) async fn put(store: &Store, name: &str, value: &str) -> u64 {
    at(store.commit(Batch::default().put(path(name), value.into())).await.unwrap())
}

pub(crate) fn at(committed: Committed) -> u64 {
    match committed {
        Committed::At(sequence) => sequence,
        Committed::Conflict => panic!("the batch conflicted"),
    }
}

pub(crate) async fn get(store: &Store, name: &str) -> Option<Row> {
    one(store, Read::Get(path(name))).await.row()
}

pub(crate) async fn value(store: &Store, name: &str) -> Option<String> {
    get(store, name).await.map(|row| String::from_utf8(row.value).unwrap())
}

pub(crate) async fn one(store: &Store, read: Read) -> Answer {
    store.read(&[read]).await.unwrap().remove(0)
}

/// The names of all rows below `prefix`.
pub(crate) async fn names(store: &Store, prefix: &str) -> Vec<String> {
    let range = Read::Range { prefix: path(prefix), after: None, limit: Read::MAX_LIMIT };
    one(store, range).await.rows().into_iter().map(|row| row.path.to_string()).collect()
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end.max(1)
    }
}
