//! The KMS operations: resolve, decide, act.
//!
//! An operation finds the key that its `KeyId` means, asks `authz` whether the caller may, and only then acts: with one
//! command to the HSM, or one guarded batch. It answers with an effect, which it can't open itself: nothing leaves
//! before the journal has it. This room knows AWS's rules and texts for keys; it knows no socket, no protocol, no clock
//! of its own and no key material: it holds tokens that only the HSM opens.
//!
//! ```text
//! KeyId -> resolve -> KeyEntry (cache) -> authorize -> Allowed -> KeyRecord::unlock -> KeyRef -> HSM -> Effect
//!                                                              \-> lifecycle::step -> Batch ---------> Effect
//! ```
//!
//! What would surprise: authorization comes before the key's state, so that a stranger learns nothing of it, and a dry
//! run does the cryptography, so that it fails as the real call would.

mod aliases;
mod attestation;
mod authorize;
mod bury;
mod change;
mod conditions;
mod cryptography;
mod due;
mod entry;
mod error;
pub mod grants;
mod import_token;
mod imports;
mod kms;
pub mod lifecycle;
mod managed;
mod marker;
mod metadata;
mod multi_region;
mod names;
mod operation;
mod operations;
mod paths;
mod policy;
mod proof;
mod quotas;
pub mod record;
mod reference;
mod report;
mod resolve;
mod rewrap;
mod rotation;
mod settings;
mod spec;
pub mod state;
pub mod stored;
mod tags;
mod told;
mod usage;

pub use attestation::AttestationRoots;
pub use bury::{Destroyed, destroyed_key};
pub use kms::Kms;
pub use managed::ManagedKey;
pub use proof::{Proof, Proved, Unproved};
pub use quotas::{Limits, RequestQuotas};
pub use rewrap::Rewrapped;
pub use settings::Settings;
pub use usage::uses_of;
