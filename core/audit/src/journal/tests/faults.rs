//! What goes wrong on purpose between the journal and its store: appends and commits that fail, before or after the
//! deed, each decided by the test.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use sealroom_store::{LogError, StoreError};

type Decide<T> = Mutex<Option<Box<dyn FnMut() -> T + Send>>>;

/// What the next commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCommit {
    Work,
    /// Fails, and nothing was written.
    Lose,
    /// Fails, but it was written.
    LoseAnswer,
    /// Answers only after its future was polled once more.
    Linger,
}

/// The faults of one disk; none unless a test asks for them.
#[derive(Default)]
pub(crate) struct Faults {
    append: Decide<bool>,
    commit: Decide<OnCommit>,
    after: Mutex<Option<OnCommit>>,
    pub(crate) appends: AtomicU64,
}

impl Faults {
    /// Appends fail, as on a full disk, whenever `full` says so.
    pub(crate) fn full_when(&self, full: impl FnMut() -> bool + Send + 'static) {
        *self.append.lock().unwrap() = Some(Box::new(full));
    }

    /// Commits do what `decide` says.
    pub(crate) fn on_commit(&self, decide: impl FnMut() -> OnCommit + Send + 'static) {
        *self.commit.lock().unwrap() = Some(Box::new(decide));
    }

    pub(crate) fn before_append(&self) -> Result<(), LogError> {
        let mut append = self.append.lock().unwrap_or_else(PoisonError::into_inner);
        if append.as_mut().is_some_and(|full| full()) {
            return Err(LogError::Full);
        }
        self.appends.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) async fn before_commit(&self) -> Result<(), StoreError> {
        let decided = self.commit.lock().unwrap().as_mut().map_or(OnCommit::Work, |decide| decide());
        *self.after.lock().unwrap() = Some(decided);
        if decided == OnCommit::Lose { Err(away()) } else { Ok(()) }
    }

    pub(crate) async fn after_commit(&self) -> Result<(), StoreError> {
        let decided = self.after.lock().unwrap().take();
        match decided {
            Some(OnCommit::LoseAnswer) => Err(away()),
            Some(OnCommit::Linger) => {
                yield_once().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { reason: "a fault on purpose", source: None }
}

async fn yield_once() {
    let mut polled = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
