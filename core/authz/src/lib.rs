//! The policy language and the decision: facts in, permission or explained refusal out.
//!
//! [`Policy::parse`] turns a document's text into a compiled form once; [`decide`] evaluates every layer that AWS
//! knows (resource policy, grants, identity policies, boundary, session policies, organisation controls) over one set
//! of [`Facts`] and answers [`Allowed`] or [`Denied`]. Both are pure: no I/O, no clock, no store. The time, the caller's
//! address and the rest of a request come lazily through the [`ConditionKeys`] port.
//!
//! This room doesn't know who exists, what a key is, or how an error looks on the wire. What it doesn't understand it
//! refuses when a policy is put, and reads against the caller when a policy is evaluated: an error inside a statement
//! makes an `Allow` not match and a `Deny` match.
//!
//! What would surprise: a key's policy is *mandatory*. Identity policies, even of the account's root user, count only
//! where the key policy names the account (AWS Key Management Service Developer Guide, "Default key policy").

mod condition;
mod conditions;
mod decision;
mod evaluation;
mod facts;
mod pattern;
mod policy;
mod principal;
mod statement;
mod text;

pub use conditions::{ConditionKeys, NoConditionKeys, Presence};
pub use decision::{
    Allowed, Denied, Finding, Layer, Match, decide, decide_with, lets_through, matches, would_allow_put_policy,
};
pub use facts::{AttachedPolicy, Controls, Facts, GrantFact, IdentityPolicies, Resource, ResourcePolicy};
pub use policy::{Effect, Malformed, MalformedPolicy, Policy, PolicyKind};
pub use principal::{Principal, PrincipalName};
