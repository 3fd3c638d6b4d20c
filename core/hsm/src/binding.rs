//! What a key token is bound to.

use sealroom_foundation::{AccountId, KeyId, MaterialId};

use crate::bytes::key_bytes;
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

impl KeyBinding {
    /// The binding of a pair that material is wrapped under: `account` and `key` are those that are imported into,
    /// `material` is the id that the pair was made with, `spec` the pair's own.
    ///
    /// Usage and origin are always these, and prove nothing: such a token is sealed apart from those of KMS keys.
    #[must_use]
    pub const fn of_wrapping_key(account: AccountId, key: KeyId, material: MaterialId, spec: Spec) -> Self {
        Self { account, key, material, spec, usage: Usage::EncryptDecrypt, origin: Origin::External }
    }
}

/// Associated data on the stack: parts of under 256 bytes, each behind its length in one byte.
pub(crate) struct AssociatedData {
    bytes: [u8; Self::MAX],
    length: usize,
}

impl AssociatedData {
    const MAX: usize = 192;

    /// The associated data of a token: format version, domain key, and the whole binding.
    pub(crate) fn of_token(version: u8, domain: u32, binding: &KeyBinding) -> Option<Self> {
        let mut data = Self { bytes: [0; Self::MAX], length: 0 };
        data.part(&[version])?;
        data.part(&domain.to_be_bytes())?;
        data.part(binding.account.as_str().as_bytes())?;
        data.part(&key_bytes(binding.key))?;
        data.part(binding.material.as_bytes())?;
        data.part(binding.spec.as_str().as_bytes())?;
        data.part(binding.usage.as_str().as_bytes())?;
        data.part(binding.origin.as_str().as_bytes())?;
        Some(data)
    }

    fn part(&mut self, part: &[u8]) -> Option<()> {
        let (length, rest) = self.bytes.get_mut(self.length..)?.split_first_mut()?;
        *length = u8::try_from(part.len()).ok()?;
        rest.get_mut(..part.len())?.copy_from_slice(part);
        self.length += 1 + part.len();
        Some(())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_fit() {
        for spec in Spec::ALL {
            for usage in Usage::ALL {
                for origin in Origin::ALL {
                    let binding = KeyBinding {
                        account: "111122223333".parse().unwrap(),
                        key: KeyId::from_bytes(true, [1; 16]),
                        material: MaterialId::from_bytes([2; 32]),
                        spec: *spec,
                        usage: *usage,
                        origin: *origin,
                    };
                    let data = AssociatedData::of_token(1, u32::MAX, &binding).unwrap();
                    let names = spec.as_str().len() + usage.as_str().len() + origin.as_str().len();
                    assert_eq!(data.as_bytes().len(), 8 + 1 + 4 + 12 + 17 + 32 + names);
                }
            }
        }
    }
}
