//! The wire: generated shapes and service traits, protocols, errors, SigV4.
//!
//! Bytes in, typed inputs out; typed outputs in, bytes out. This room does no I/O, knows no runtime and no rule of any
//! service beyond what the interface tables in `models/` say. `generated` is written by `cargo xtask codegen`;
//! everything it leans on stands beside it: [`shape`] (what generated types share), [`protocol`] (how they look on
//! the wire), [`through`] (the adapter that opens a room's effects), and within, `draft`, `rules` and `encode`.
//!
//! ```text
//! body --protocol--> draft --decode (constraints)--> Input --Through<Room>--> Output --encode--> body
//! ```
//!
//! What would surprise: a body is read into a *draft* first, in which everything may be missing, so that all
//! violations of a request are found and told in one message, as AWS does.

mod draft;
mod encode;
pub mod error;
#[allow(clippy::too_many_lines, reason = "as many as a table has operations, or a structure members")]
mod generated;
mod pattern;
pub mod protocol;
mod record;
mod rules;
pub mod serve;
pub mod shape;
pub mod sigv4;
pub mod through;

pub use error::{ErrorAnswer, Fault};
pub use generated::{iam, kms, operator, sts};
pub use protocol::Protocol;
pub use serve::{Compat, Served, Wire};
pub use shape::Enumeration;
pub use through::Through;
