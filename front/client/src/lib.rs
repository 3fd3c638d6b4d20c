//! The HTTP client of the command line and the console, and the format of sealed files.
//!
//! The client sends one request at a time, signed over TCP or TLS, or unsigned over the operator's socket; HTTP/1.1 and
//! the JSON protocol only. Each call opens its own connection: commands make few. [`message`] is the format, which
//! knows no I/O.
//!
//! Neither knows a clock (the time of a signature is an argument) or reads configuration, environment or credentials
//! files; but whoever trusts the system's certificate authorities has them read here ([`Trust::System`]).

mod client;
mod fresh;
mod kms;
pub mod message;
mod operator;

pub use client::{Client, ClientError, MAX_ANSWER, Signer, TIMEOUT, TlsError, Trust};
pub use fresh::{message_id, signing_pair};
pub use kms::{AllowedKeys, GeneratedDataKey, KmsKeyArn, NoKeyArn, named_keys};
pub use operator::{ControlPolicy, CreatedAccount, ListedAccount, NewRoot, Task, TaskNumber};
/// What the signatures above speak in.
pub use sealroom_foundation::{AccessKeyId, AccountId, Region, Secret, Timestamp};
