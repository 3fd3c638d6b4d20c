//! Who is calling, and with what policies: accounts, users, groups, roles and sessions, checked signatures, and the
//! [`Caller`] that stands for them.
//!
//! Only this room makes a [`Caller`]: from a signed request ([`Identity::authenticate`]), for the operator's socket
//! ([`Identity::operator_caller`]), or for a service of this program that acts by itself ([`ServiceIdentity`]). What a
//! caller may do is `authz`'s affair; this room brings the policies that are heard ([`Caller::policies`]). It also answers
//! IAM, STS and the operator's account operations.
//!
//! ```text
//! request --Presented::read--> access key id --Mirror--> Credential --verify--> Caller --> Call (+ request, time)
//!                                               |  secret, signing keys      |  principal, userIdentity
//!                                               └─ Standing: user or role, groups, managed policies, compiled
//! ```
//!
//! What would surprise: the secret of an access key lives here, not in the HSM, because Signature Version 4 is an HMAC
//! that both sides compute; it is sealed at rest and wiped when its cache entry goes. The signing keys are kept in the
//! credential that they come from, so they go with it. Temporary credentials stand nowhere: their token, sealed, says
//! everything, and what their session may do is what its user's or role's policies allow at each call.

mod accounts;
mod aws_policies;
mod call;
mod caller;
mod conditions;
mod controls;
mod credential;
mod draw;
mod iam;
mod identity;
mod operator;
mod principals;
mod records;
mod reseal;
mod service;
mod session;
mod standing;
mod sts;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod who;

pub use accounts::{AccountError, MAX_ACCOUNTS, NewAccount};
pub use call::{Call, RequestInfo};
pub use caller::Caller;
pub use conditions::global_condition;
pub use identity::{Authenticated, Identity, Mode, Unauthenticated};
pub use principals::Bound;
pub use reseal::{ResealError, Resealed, SealedSecret, sealed_secret};
pub use sealroom_audit::TlsDetails;
pub use service::{Service, ServiceIdentity};
