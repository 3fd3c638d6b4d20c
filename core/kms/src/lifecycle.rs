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
        Event::DeletionDue => Ok(fall_due(record.state, now)),
        Event::Import => import(record),
        Event::DeleteMaterial => match record.state {
            KeyState::Creating => Err(StateError::Creating),
            KeyState::Updating => Err(StateError::Updating),
            KeyState::Unavailable { .. } => Err(StateError::Unavailable),
            KeyState::Enabled
            | KeyState::Disabled
            | KeyState::PendingImport
            | KeyState::PendingDeletion { .. }
            | KeyState::PendingReplicaDeletion { .. } => Ok(lose_material(record)),
        },
        Event::LoseMaterial => Ok(lose_material(record)),
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
        KeyState::Creating => return Err(StateError::Creating),
        KeyState::Updating => return Err(StateError::Updating),
    };
    Ok(if wanted == state { Next::Stay } else { Next::Become(wanted) })
}

fn schedule(record: &KeyRecord, window_days: u16, now: Timestamp) -> Result<Next, StateError> {
    match record.state {
        KeyState::PendingDeletion { .. } => Err(StateError::PendingDeletion),
        KeyState::PendingReplicaDeletion { .. } => Err(StateError::PendingReplicaDeletion),
        KeyState::Updating => Err(StateError::Updating),
        KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Creating => Ok(Next::Become(if record.has_replicas() {
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
        KeyState::Creating
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Updating => Err(StateError::NotPendingDeletion),
    }
}

/// AWS: an import that completes the material enables the key, a disabled one too.
fn import(record: &KeyRecord) -> Result<Next, StateError> {
    let complete = if record.lacks_material() { KeyState::PendingImport } else { KeyState::Enabled };
    match record.state {
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport if record.state == complete => Ok(Next::Stay),
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => Ok(Next::Become(complete)),
        KeyState::Updating => Ok(Next::Stay),
        KeyState::Creating => Err(StateError::Creating),
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
        | KeyState::Creating
        | KeyState::Unavailable { .. }
        | KeyState::Updating => Next::Stay,
    }
}

/// A due row that no longer fits its key is left behind by nobody but a bug; it destroys nothing.
fn fall_due(state: KeyState, now: Timestamp) -> Next {
    match state {
        KeyState::PendingDeletion { due } if due <= now => Next::Destroy,
        KeyState::PendingDeletion { .. }
        | KeyState::PendingReplicaDeletion { .. }
        | KeyState::Creating
        | KeyState::Enabled
        | KeyState::Disabled
        | KeyState::PendingImport
        | KeyState::Unavailable { .. }
        | KeyState::Updating => Next::Stay,
    }
}

#[cfg(test)]
mod tests;
