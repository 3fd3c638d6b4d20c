//! The journal: an [`Effect`] goes in, a released value comes out. Nothing is answered before it is recorded.
//!
//! ```text
//! room ── Effect { value | refusal | change(batch), events } ──> Journal::release
//!                                                                  │ change: events join the batch as outbox rows,
//!                                                                  │         store.commit
//!                                                                  │ format, chain, append to the thread's lane
//!                                                                  v
//!                                                               Released
//! ```
//!
//! An effect has no door but [`sealroom_foundation::ports::Release`], which the journal alone implements; the
//! generated adapter calls it. [`Reader`] reads the journal back and verifies its chains. This room knows CloudTrail's
//! record shape and no service: what a request's parameters are, the rooms say, as JSON that is already free of secrets.
//! It never sees a plaintext, and has no type for one.
//!
//! What would surprise: the calling thread formats, chains and writes by itself, with no queue and no await; only the
//! `fdatasync` is another thread's. A lane is one log and one chain, and a runtime thread keeps to one lane.

mod effect;
mod event;
mod journal;
mod json;
mod packed;
mod record;

pub use effect::{Effect, Effects};
pub use event::{Event, EventContext, Events, Origin, Resource, TlsDetails};
pub use journal::{
    Counts, Entry, Fault, Journal, LOG, LaneUses, OpenError, Page, ReadError, Reader, Settings, Sync, Unrecorded, Use,
    Verified,
};
pub use packed::Packed;
