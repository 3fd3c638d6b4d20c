//! Commands and replies as bytes: for the queue of the pool, and for a socket when the HSM runs as its own process.
//!
//! ```text
//! command: version (1) ‖ number (1) ‖ fields in the order of the enum
//! reply:   version (1) ‖ 0 ‖ number (1) ‖ fields,  or  version (1) ‖ 1 ‖ error (1) ‖ its number (8)
//! key:     account (12) ‖ key id (17) ‖ material id (32) ‖ spec, usage, origin (1 each) ‖ token as a block
//! block:   length (4) ‖ bytes
//! ```
//!
//! Everything is written once, into memory that is wiped. Whatever isn't exactly what [`encode_command`] or
//! [`encode_reply`] writes is refused; reading never panics.

mod command;
mod reply;

pub use command::{encode_command, with_command};
pub use reply::{decode_reply, encode_reply};

const VERSION: u8 = 1;

/// The bytes are no command, or no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message of the HSM")]
pub struct WireError;

#[cfg(test)]
mod tests;
