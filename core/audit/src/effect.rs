//! What a room's operation answers: private until it is recorded.
//!
//! An effect is made here and opened by the journal; there is no third way. It carries no way to look at the value,
//! to map it or to take it out, so that no room can hand out what isn't recorded yet.

use std::marker::PhantomData;

use sealroom_foundation::ports::Outcomes;
use sealroom_store::Batch;

use crate::event::Events;

/// The outcome of an operation: a value, a refusal, or a value that holds once a batch is committed; with the events
/// that must be recorded before anybody gets it.
///
/// ```compile_fail
/// fn peek(effect: sealroom_audit::Effect<u8, ()>) -> u8 {
///     match effect.0 { _ => 0 }
/// }
/// ```
#[must_use = "an effect does nothing until the journal releases it"]
pub struct Effect<T, E>(pub(crate) Outcome<T, E>);

pub(crate) enum Outcome<T, E> {
    Value(T, Events),
    Refusal(E, Events),
    Change(T, Batch, Events),
}

impl<T, E> Effect<T, E> {
    /// An answer that changes nothing.
    pub fn value(value: T, events: impl Into<Events>) -> Self {
        Self(Outcome::Value(value, events.into()))
    }

    /// A refusal; the events say why.
    pub fn refusal(refusal: E, events: impl Into<Events>) -> Self {
        Self(Outcome::Refusal(refusal, events.into()))
    }

    /// An answer that holds when `batch` is committed; its events are committed with it. If a guard of the batch
    /// doesn't hold, nothing is written, nothing is recorded, and the room is asked again.
    pub fn change(value: T, batch: Batch, events: impl Into<Events>) -> Self {
        Self(Outcome::Change(value, batch, events.into()))
    }
}

/// The family of effects with refusals of type `E`: `Out` of every service trait that a room implements.
pub struct Effects<E>(PhantomData<fn() -> E>);

impl<E: Send + 'static> Outcomes for Effects<E> {
    type Of<T: Send> = Effect<T, E>;
}
