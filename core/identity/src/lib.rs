//! Who is calling: accounts and their root access keys, checked signatures, and the [`Caller`] that stands for them.
//!
//! Only this room makes a [`Caller`]: from a signed request ([`Identity::authenticate`]), for the operator's socket
//! ([`Identity::operator_caller`]), or for a service of this program that acts by itself ([`ServiceIdentity`]). What a
//! caller may do is `authz`'s affair. The room also answers `GetCallerIdentity` and the operator's account operations.
//!
//! ```text
//! request --Presented::read--> access key id --Mirror--> Credential --verify--> Caller --> Call (+ request, time)
//!                                               |  secret, signing keys, ready-made Who per partition
//! ```
//!
//! What would surprise: the secret of an access key lives here, not in the HSM, because Signature Version 4 is an HMAC
//! that both sides compute; it is sealed at rest and wiped when its cache entry goes. The signing keys are kept in the
//! credential that they come from, so they go with it. Users, roles and temporary credentials don't exist yet: a
//! session token is refused, whatever it is.

mod accounts;
mod call;
mod caller;
mod credential;
mod identity;
mod operator;
mod records;
mod reseal;
mod service;
mod sts;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use accounts::{AccountError, MAX_ACCOUNTS, NewAccount};
pub use call::{Call, RequestInfo};
pub use caller::Caller;
pub use identity::{Authenticated, Identity, Mode, Unauthenticated};
pub use reseal::{ResealError, Resealed, SealedSecret, sealed_secret};
pub use sealroom_audit::TlsDetails;
pub use service::{Service, ServiceIdentity};
