//! The change feed: a bounded ring of the paths that commits changed, for the caches.
//!
//! A position is this process's count of published commits, not a sequence number of the store: own commits are
//! published before they are acknowledged, other nodes' when they are polled, in whatever order that happens.
//! Publishing a commit twice does no harm; not publishing one would. `head` is one atomic load, because every request asks
//! it of several caches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::path::KeyPath;

/// LIMIT: commits that the ring remembers; who is further behind has lost track.
const RING: usize = 8_192;

/// What changed since a position.
#[derive(Debug, Clone)]
pub enum Changes {
    /// Everything up to position `head`.
    Paths {
        /// Ask from here next time.
        head: u64,
        /// The changed paths, a list for each commit.
        commits: Vec<Arc<[KeyPath]>>,
    },
    /// The ring no longer reaches back so far, or nobody can tell what changed: forget everything. Nothing learnt
    /// while [`Feed::head`] is `None` may be kept.
    Lost {
        /// Ask from here next time.
        head: u64,
    },
}

/// What commits changed, for caches to follow. Cheap to clone.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

struct Shared {
    /// The position, or [`BLIND`].
    head: AtomicU64,
    ring: Mutex<Ring>,
}

/// The head while other nodes' commits can't be seen.
const BLIND: u64 = u64::MAX;

#[derive(Default)]
struct Ring {
    /// Position of the newest entry.
    head: u64,
    /// Everyone at or before this position has lost track.
    lost: u64,
    blind: bool,
    commits: VecDeque<Arc<[KeyPath]>>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { shared: Arc::new(Shared { head: AtomicU64::new(0), ring: Mutex::default() }) }
    }

    /// The newest position; `None` while other nodes' commits can't be followed, and nothing cached may be trusted.
    #[must_use]
    pub fn head(&self) -> Option<u64> {
        let head = self.shared.head.load(Ordering::Acquire);
        (head != BLIND).then_some(head)
    }

    /// What changed after position `since`.
    #[must_use]
    pub fn since(&self, since: u64) -> Changes {
        let ring = self.ring();
        let head = ring.head;
        let behind = usize::try_from(head.saturating_sub(since)).unwrap_or(usize::MAX);
        if ring.blind || since < ring.lost || behind > ring.commits.len() {
            return Changes::Lost { head };
        }
        Changes::Paths { head, commits: ring.commits.iter().rev().take(behind).rev().cloned().collect() }
    }

    /// Makes a commit's paths known; when this returns, no mirror answers with what they said before.
    pub(crate) fn publish(&self, paths: Arc<[KeyPath]>) {
        self.change(|ring| {
            ring.head += 1;
            ring.commits.push_back(paths);
            if ring.commits.len() > RING {
                ring.commits.pop_front();
            }
        });
    }

    /// Nobody can tell what changed: every mirror forgets everything.
    pub(crate) fn lose_track(&self) {
        self.change(|ring| {
            ring.head += 1;
            ring.lost = ring.head;
            ring.commits.clear();
        });
    }

    /// Says whether other nodes' commits are being followed. Turning blind loses track.
    pub(crate) fn set_blind(&self, blind: bool) {
        self.change(|ring| {
            if blind && !ring.blind {
                ring.head += 1;
                ring.lost = ring.head;
                ring.commits.clear();
            }
            ring.blind = blind;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Ring)) {
        let mut ring = self.ring();
        change(&mut ring);
        let head = if ring.blind { BLIND } else { ring.head };
        self.shared.head.store(head, Ordering::Release);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.shared.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
