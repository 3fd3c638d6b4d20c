//! What a key token is bound to.

use sealroom_foundation::{AccountId, KeyId, MaterialId};

use crate::spec::{Origin, Spec, Usage};

/// Exactly what a token's associated data says of its key. A token opens with the binding it was made for and no
/// other. The Region isn't in it: the replicas of a multi-Region key use the same token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyBinding {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
    /// The piece of key material: a key has several after rotations.
    pub material: MaterialId,
    /// What it is made of.
    pub spec: Spec,
    /// What it may do.
    pub usage: Usage,
    /// Where it came from.
    pub origin: Origin,
}
