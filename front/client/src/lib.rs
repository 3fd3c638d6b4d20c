//! The HTTP client of the command line and the console: one request at a time, signed or over the operator's socket.
//!
//! Speaks HTTP/1.1 without TLS, to a loopback or private address or to a UNIX socket, and the JSON protocol only. It
//! knows no clock (the time of a signature is an argument) and reads no configuration, environment or credentials
//! file. Each call opens its own connection: commands make few.

mod client;
mod operator;

pub use client::{Client, ClientError, MAX_ANSWER, Signer, TIMEOUT};
pub use operator::{CreatedAccount, ListedAccount, Task, TaskNumber};
/// What the signatures above speak in.
pub use sealroom_foundation::{AccountId, Secret, Timestamp};
