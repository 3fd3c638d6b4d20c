//! What may happen to a key in which state, and what it becomes: one pure function over the record.
//!
//! It knows no store, no caller and no clock. Every match names every state: a new one doesn't compile until it has
//! been thought through here. The rules are the developer guide's page on key states.

use sealroom_foundation::Timestamp;

use crate::record::KeyRecord;
use crate::state::{KeyState, StateError};

/// What happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// EnableKey.
    Enable,
    /// DisableKey.
    Disable,
    /// ScheduleKeyDeletion.
    ScheduleDeletion {
        /// The waiting period, 7 to 30.
        window_days: u16,
    },
    /// CancelKeyDeletion.
    CancelDeletion,
    /// A due row for the key's deletion has come up.
    DeletionDue,
    /// ImportKeyMaterial; the record has the material already.
    Import,
    /// DeleteImportedKeyMaterial; the record lacks the material already.
    DeleteMaterial,
    /// Material has expired, or a rotation made material current that had; the record is already so.
    LoseMaterial,
    /// ReplicateKey, of the primary: nothing changes but the list of its replicas.
    Replicate,
    /// UpdatePrimaryRegion, of the primary and of the replica that takes its place.
    ChangePlaces {
        /// When both have settled.
        due: Timestamp,
    },
    /// The last replica of the key is gone.
    ReplicasGone,
    /// A due row has come up for the end of the key's making, or of its change of places.
    Settle,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The key is already so: nothing to write.
    Stay,
    /// The key changes into this state.
    Become(KeyState),
    /// The key and its material are destroyed.
    Destroy,
}

/// What `event` makes of `record` at the moment `now` of the service clock.
///
/// # Errors
/// What the key's state says when it doesn't allow the event.
pub fn step(record: &KeyRecord, event: Event, now: Timestamp) -> Result<Next, StateError> {
    match event {
        Event::Enable => switch(record.state, true),
        Event::Disable => switch(record.state, false),
        Event::ScheduleDeletion { window_days } => schedule(record, window_days, now),
        Event::CancelDeletion => cancel(record),
        Event::Import => import(record),
        Event::DeleteMaterial => match record.state {
            KeyState::Creating { .. } => Err(StateError::Creating),
            KeyState::Updating { .. } => Err(StateError::Updating),
            KeyState::Unavailable { .. } => Err(StateError::Unavailable),
            KeyState::Enabled
            | KeyState::Disabled
            | KeyState::PendingImport
            | KeyState::PendingDeletion { .. }
            | KeyState::PendingReplicaDeletion { .. } => Ok(lose_material(record)),
        },
        Event::LoseMaterial => Ok(lose_material(record)),
        Event::DeletionDue => Ok(fall_due(record, now)),
        Event::Replicate => replicate(record.state),
        Event::ChangePlaces { due } => record.state.usable().map(|()| Next::Become(KeyState::Updating { due })),
        Event::ReplicasGone => Ok(wait_no_longer(record.state, now)),
        Event::Settle => Ok(settle(record, now)),
    }
}

fn switch(state: KeyState, enabled: bool) -> Result<Next, StateError> {
    let wanted = match state {
        KeyState::Enabled | KeyState::Disabled if enabled => KeyState::Enabled,
        KeyState::Enabled | KeyState::Disabled => KeyState::Disabled,
        // AWS: the call succeeds; the visible state stays until the key store is connected again.
        KeyState::Unavailable { .. } => KeyState::Unavailable { enabled },
        KeyState::PendingDeletion { .. } => return Err(StateError::PendingDeletion),
        KeyState::PendingReplicaDeletion { .. } => return Err(StateError::PendingReplicaDeletion),
        KeyState::PendingImport => return Err(StateError::PendingImport),
        KeyState::Creating { .. } => return Err(StateError::Creating),
        KeyState::Updating { .. } => return Err(StateError::Updating),
    };
    Ok(if wanted == state { Next::Stay } else { Next::Become(wanted) })
}

fn schedule(record: &KeyRecord, window_days: u16, now: Timestamp) -> Result<Next, StateError> {
    match record.state {
        KeyState::PendingDeletion { .. } => Err(StateError::PendingDeletion),
        KeyState::PendingReplicaDeletion { .. } => Err(StateError::PendingReplicaDeletion),
        KeyState::Updating { .. } => Err(StateError::Updating),
        KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Creating { .. } => Ok(Next::Become(if record.has_replicas() {
            KeyState::PendingReplicaDeletion { window_days }
        } else {
            KeyState::PendingDeletion { due: now.plus_days(window_days.into()) }
        })),
    }
}

fn cancel(record: &KeyRecord) -> Result<Next, StateError> {
    match record.state {
        KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion { .. } => {
            Ok(Next::Become(if record.lacks_material() { KeyState::PendingImport } else { KeyState::Disabled }))
        }
        KeyState::Creating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Updating { .. } => Err(StateError::NotPendingDeletion),
    }
}

/// AWS: an import that completes the material enables the key, a disabled one too.
fn import(record: &KeyRecord) -> Result<Next, StateError> {
    let complete = if record.lacks_material() { KeyState::PendingImport } else { KeyState::Enabled };
    match record.state {
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport if record.state == complete => Ok(Next::Stay),
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => Ok(Next::Become(complete)),
        KeyState::Updating { .. } => Ok(Next::Stay),
        KeyState::Creating { .. } => Err(StateError::Creating),
        KeyState::PendingDeletion { .. } => Err(StateError::PendingDeletion),
        KeyState::PendingReplicaDeletion { .. } => Err(StateError::PendingReplicaDeletion),
        KeyState::Unavailable { .. } => Err(StateError::Unavailable),
    }
}

/// A key that is to be deleted, or is about to change, waits for its material afterwards: it isn't usable meanwhile, for
/// the material isn't there.
fn lose_material(record: &KeyRecord) -> Next {
    match record.state {
        KeyState::Enabled | KeyState::Disabled if record.lacks_material() => Next::Become(KeyState::PendingImport),
        KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::PendingDeletion { .. }
        | KeyState::PendingReplicaDeletion { .. }
        | KeyState::Creating { .. }
        | KeyState::Unavailable { .. }
        | KeyState::Updating { .. } => Next::Stay,
    }
}

/// A due row that no longer fits its key is left behind by nobody but a bug; it destroys nothing.
/// Nor does one of a primary whose replicas still need its material.
fn fall_due(record: &KeyRecord, now: Timestamp) -> Next {
    match record.state {
        KeyState::PendingDeletion { .. } if record.has_replicas() => Next::Stay,
        KeyState::PendingDeletion { due } if due <= now => Next::Destroy,
        KeyState::PendingDeletion { .. }
        | KeyState::PendingReplicaDeletion { .. }
        | KeyState::Creating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Updating { .. } => Next::Stay,
    }
}

/// A replica is copied from a key that can be used and isn't about to become a replica itself.
fn replicate(state: KeyState) -> Result<Next, StateError> {
    match state {
        KeyState::Updating { .. } => Err(StateError::Updating),
        KeyState::Creating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::PendingDeletion { .. }
        | KeyState::PendingReplicaDeletion { .. }
        | KeyState::Unavailable { .. } => state.usable().map(|()| Next::Stay),
    }
}

/// AWS: the waiting period of a primary begins when its last replica is gone.
fn wait_no_longer(state: KeyState, now: Timestamp) -> Next {
    match state {
        KeyState::PendingReplicaDeletion { window_days } => {
            Next::Become(KeyState::PendingDeletion { due: now.plus_days(window_days.into()) })
        }
        KeyState::Creating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::PendingDeletion { .. }
        | KeyState::Unavailable { .. }
        | KeyState::Updating { .. } => Next::Stay,
    }
}

fn settle(record: &KeyRecord, now: Timestamp) -> Next {
    match record.state {
        KeyState::Creating { due } | KeyState::Updating { due } if due <= now => {
            Next::Become(if record.lacks_material() { KeyState::PendingImport } else { KeyState::Enabled })
        }
        KeyState::Creating { .. }
        | KeyState::Updating { .. }
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::PendingDeletion { .. }
        | KeyState::PendingReplicaDeletion { .. }
        | KeyState::Unavailable { .. } => Next::Stay,
    }
}

#[cfg(test)]
mod tests;
