//! Roots of trust that need I/O: a key file and a passphrase.
//!
//! A root wraps the domain keys and nothing else: it implements [`sealroom_foundation::ports::Root`]. This room
//! doesn't know what it wraps, nor where the wrapped bytes are kept.

mod error;
mod key_file;
mod passphrase;
mod wrap;

pub use error::RootError;
pub use key_file::KeyFile;
pub use passphrase::Passphrase;
