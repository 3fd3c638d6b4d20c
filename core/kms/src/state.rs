//! The states of a key, and why a state forbids something. Data and texts only: what leads from one state to another
//! is `lifecycle`.

use sealroom_foundation::Timestamp;
use thiserror::Error;

/// The state of a key, with what belongs to that state alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// A replica whose copy isn't complete.
    Creating {
        /// When it will be.
        due: Timestamp,
    },
    /// In use.
    Enabled,
    /// Switched off by its owner.
    Disabled,
    /// Waits for its imported material.
    PendingImport,
    /// Will be destroyed at `due`, unless cancelled.
    PendingDeletion {
        /// When.
        due: Timestamp,
    },
    /// A primary that waits for its replicas to be deleted first.
    PendingReplicaDeletion {
        /// The waiting period that starts when the last replica is gone, in days.
        window_days: u16,
    },
    /// Its key store isn't connected.
    Unavailable {
        /// Whether it will be enabled once the store is connected again.
        enabled: bool,
    },
    /// Primary and replica are changing places.
    Updating {
        /// When they will have done so.
        due: Timestamp,
    },
}

impl KeyState {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Creating { .. } => "Creating",
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingImport => "PendingImport",
            Self::PendingDeletion { .. } => "PendingDeletion",
            Self::PendingReplicaDeletion { .. } => "PendingReplicaDeletion",
            Self::Unavailable { .. } => "Unavailable",
            Self::Updating { .. } => "Updating",
        }
    }

    /// Whether a cryptographic operation may use the key.
    ///
    /// # Errors
    /// What the state says instead.
    pub fn usable(&self) -> Result<(), StateError> {
        match self {
            Self::Enabled | Self::Updating { .. } => Ok(()),
            Self::Disabled => Err(StateError::Disabled),
            Self::Creating { .. } => Err(StateError::Creating),
            Self::PendingImport => Err(StateError::PendingImport),
            Self::PendingDeletion { .. } => Err(StateError::PendingDeletion),
            Self::PendingReplicaDeletion { .. } => Err(StateError::PendingReplicaDeletion),
            Self::Unavailable { .. } => Err(StateError::Unavailable),
        }
    }
}

/// Why the state of a key forbids an operation. Displays as the words that AWS puts after the key's ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StateError {
    /// The key is disabled.
    #[error("is disabled.")]
    Disabled,
    /// The key waits for its deletion.
    #[error("is pending deletion.")]
    PendingDeletion,
    /// The key waits for the deletion of its replicas.
    #[error("is pending replica deletion.")]
    PendingReplicaDeletion,
    /// There is no deletion to cancel.
    #[error("is not pending deletion.")]
    NotPendingDeletion,
    /// The key has no material.
    #[error("is pending import.")]
    PendingImport,
    /// The key's store isn't connected.
    #[error("is unavailable.")]
    Unavailable,
    /// The key is being replicated.
    #[error("is creating.")]
    Creating,
    /// The key's primary Region is changing.
    #[error("is updating.")]
    Updating,
}
