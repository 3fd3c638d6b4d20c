//! The adapter between a room and the front: the only place where an effect is opened.
//!
//! It asks the room, hands the effect to the [`Release`] port (the journal), and asks again when a guard didn't hold.
//! It knows no operation: the generated `through` modules implement each service's trait for it.

use sealroom_foundation::ports::{Outcomes, Release, Released};

use crate::error::ErrorAnswer;

/// LIMIT: how often a room is asked for one call before a conflict becomes an internal failure.
pub const ATTEMPTS: u32 = 5;

/// A room whose answers are recorded before anyone sees them.
#[derive(Debug, Clone)]
pub struct Through<Room, R> {
    room: Room,
    release: R,
}

impl<Room, R: Release<ErrorAnswer>> Through<Room, R> {
    /// Puts `release` between `room` and its callers.
    pub fn new(room: Room, release: R) -> Self {
        Self { room, release }
    }

    /// Asks the room until its effect is released, [`ATTEMPTS`] times at most.
    ///
    /// # Errors
    /// The room's refusal (recorded); `InternalFailure` when it couldn't be recorded or conflicts don't end;
    /// `ServiceUnavailable` when the store can't be reached.
    pub(crate) async fn carry<'r, T: Send, F>(&'r self, call: impl Fn(&'r Room) -> F + Send) -> Result<T, ErrorAnswer>
    where
        F: Future<Output = <R::Effects as Outcomes>::Of<T>> + Send,
    {
        for _ in 0..ATTEMPTS {
            let effect = call(&self.room).await;
            match self.release.release(effect).await {
                Released::Answer(value) => return Ok(value),
                Released::Refused(error) => return Err(error),
                Released::Conflict => {}
                Released::Unrecorded => return Err(ErrorAnswer::internal_failure()),
                Released::Unavailable => return Err(ErrorAnswer::service_unavailable()),
            }
        }
        Err(ErrorAnswer::internal_failure())
    }
}
