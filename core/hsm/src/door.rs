//! The door that callers in a runtime use: cheap commands at once, dear ones on threads of lower priority.

use std::sync::Arc;

use crate::command::{Command, Reply};
use crate::error::HsmError;
use crate::hsm::Hsm;

/// A way to the HSM that never blocks the calling thread for long. Clones share the pool.
#[derive(Clone)]
pub struct Door {
    hsm: Arc<Hsm>,
}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Door {
    /// Starts `threads` (at least one) threads of lower priority behind a queue of `queue` commands.
    #[must_use]
    pub fn new(_hsm: Arc<Hsm>, _threads: usize, _queue: usize) -> Self {
        todo!()
    }

    /// Runs a command: at once when it is cheap, else on the pool.
    ///
    /// # Errors
    /// [`HsmError`]; [`HsmError::Busy`] when the queue is full.
    #[expect(clippy::unused_async, reason = "the body follows the door")]
    pub async fn run(&self, _command: Command<'_>) -> Result<Reply, HsmError> {
        todo!()
    }

    /// The HSM behind the door.
    #[must_use]
    pub fn hsm(&self) -> &Arc<Hsm> {
        &self.hsm
    }

    /// How many commands wait in the queue; for a gauge.
    #[must_use]
    pub fn waiting(&self) -> usize {
        todo!()
    }
}
