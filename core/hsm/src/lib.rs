//! Command + KeyToken -> Reply: the closed door to key material.
//!
//! The HSM is a function. A backing key leaves it only as a [`KeyToken`]: encrypted under a domain key that stays
//! inside, and bound to the account, key, material, spec, usage and origin it was made for. So this room needs no
//! database, no clock, no accounts and no policy, and it refuses to know them: whoever presents a token together with
//! its [`KeyBinding`] may use the key, and nobody takes it away. The `kms` room decides who that is.
//!
//! ```text
//! root of trust ── wraps ── domain keys ── seal ── key tokens ── per-message keys ── ciphertexts
//!                                 ├────── seal ── store key, page markers, session tokens, ...   (ports::Seal)
//!                                 └────── derive ─ signing keys of journal and backups            (ports::Sign)
//! ```
//!
//! What would surprise: there are two doors. [`Hsm::execute`] runs a command on the calling thread; [`Door::run`]
//! does that for cheap commands and hands the dear ones (RSA) over to threads of lower priority.

mod agreement;
pub mod algorithm;
mod asymmetric;
mod binding;
pub mod blob;
mod bytes;
mod command;
pub mod context;
mod domain;
mod door;
mod edwards;
mod error;
mod hsm;
mod import;
mod kem;
mod mac;
mod material;
pub mod memory;
mod ml_dsa;
mod objects;
pub mod offline;
mod pair;
mod priority;
mod random;
mod recipient;
mod selftest;
mod shelf;
mod sm2;
mod spare;
mod spec;
mod symmetric;
mod token;
pub mod wire;

pub use algorithm::{AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm, WrappingAlgorithm};
pub use binding::KeyBinding;
pub use blob::{BlobHeader, BlobKind};
pub use command::{Command, Cost, KeyRef, Message, Release, Released, Reply};
pub use domain::DomainKeys;
pub use door::Door;
pub use error::{DomainKeysError, HsmError, StartError};
pub use hsm::{Hsm, successor_statement};
pub use priority::lowest_this_thread;
pub use spare::Spares;
pub use spec::{Origin, Spec, Usage};
pub use token::KeyToken;
