//! The store and the log as the journal writes to them. Nothing passes by it, so that tests can make both fail.

use sealroom_store::{Batch, Committed, KeyPath, Log, LogError, Position, Store, StoreError};

/// The name of the journal's log in a store.
pub const LOG: &str = "journal";

/// Where the journal writes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) store: Store,
    pub(crate) log: Log,
    #[cfg(test)]
    pub(crate) faults: std::sync::Arc<super::tests::faults::Faults>,
}

impl Disk {
    pub(crate) fn append(&self, lane: usize, frame: &[u8]) -> Result<Position, LogError> {
        #[cfg(test)]
        self.faults.before_append()?;
        self.log.append(lane, frame)
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        #[cfg(test)]
        self.faults.before_commit().await?;
        let committed = self.store.commit(batch).await;
        #[cfg(test)]
        self.faults.after_commit().await?;
        committed
    }
}

/// What lies below it belongs to the journal; no room's batch may touch it.
pub(crate) fn prefix() -> KeyPath {
    KeyPath::build("audit")
}
