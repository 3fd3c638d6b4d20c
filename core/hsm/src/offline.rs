//! Opening a ciphertext without an HSM: for whoever imported the key's material and still has it.
//!
//! Nothing else is needed, because a message key follows from the material and the ciphertext's salt alone
//! (`docs/ciphertext-format.md`); no domain key takes part. What would surprise: this asks nobody. Key policies, grants, the
//! key's state and the journal bind the service, not the holder of the material.

use std::collections::BTreeMap;

use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use crate::blob::{self, BlobHeader};
use crate::context::{self, ContextError};
use crate::material;

/// Why a ciphertext wasn't opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// It has no header of ours, or is too short to hold a byte.
    #[error("this is no ciphertext of a symmetric key of Sealroom")]
    NotOurs,
    /// No such encryption context can have been used.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// None of the materials is the one that its header names. The header isn't proven, for nothing was opened.
    #[error(
        "it says that it was made with key material {material} of key {key} in account {account}, which is none of the \
         material given"
    )]
    OtherMaterial {
        /// The account that owns the key.
        account: AccountId,
        /// The key.
        key: KeyId,
        /// The piece of its material.
        material: MaterialId,
    },
    /// One of the materials is the right one.
    #[error("the key material is the right one, but the encryption context is another or the ciphertext was changed")]
    Refused,
}

/// What `blob` holds. `materials` are the 32 bytes of each piece of the key's material that is at hand, in any order;
/// `pairs` is the encryption context, of which the order doesn't matter.
///
/// # Errors
/// [`OfflineError`]. Material that was made in the service has no id that could be found from its bytes; where it
/// doesn't open, it always counts as another.
pub fn open(
    materials: &[Secret<[u8; 32]>],
    pairs: &BTreeMap<String, String>,
    blob: &[u8],
) -> Result<Secret<[u8]>, OfflineError> {
    let BlobHeader { account, key, material } = blob::header(blob).ok_or(OfflineError::NotOurs)?;
    let context = context::canonical(pairs)?;
    let opened = materials.iter().find_map(|bytes| blob::open_with_material(bytes.expose(), &context, blob));
    opened.ok_or_else(|| {
        let is_it = |bytes: &Secret<[u8; 32]>| material::id(account, key, bytes.expose()) == Ok(material);
        if materials.iter().any(is_it) {
            return OfflineError::Refused;
        }
        OfflineError::OtherMaterial { account, key, material }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::KeyBinding;
    use crate::blob::BlobKind;
    use crate::spec::{Origin, Spec, Usage};

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn material(byte: u8) -> Secret<[u8; 32]> {
        Secret::new([byte; 32])
    }

    fn sealed(byte: u8, context: &BTreeMap<String, String>) -> Vec<u8> {
        let (account, key) = ("111122223333".parse().unwrap(), KeyId::from_bytes(false, [0xab; 16]));
        let binding = KeyBinding {
            account,
            key,
            material: material::id(account, key, &[byte; 32]).unwrap(),
            spec: Spec::SymmetricDefault,
            usage: Usage::EncryptDecrypt,
            origin: Origin::External,
        };
        let context = context::canonical(context).unwrap();
        let key = blob::message_key(&[byte; 32]);
        blob::seal(BlobKind::Message, &binding, &key, &context, b"attack at dawn").unwrap()
    }

    #[test]
    fn whichever_of_the_pieces_it_was_opens_it() {
        let context = pairs(&[("a", "1"), ("b", "2")]);
        for byte in [1, 2, 3] {
            let opened = open(&[material(1), material(2), material(3)], &context, &sealed(byte, &context)).unwrap();
            assert_eq!(opened.expose(), b"attack at dawn");
        }
    }

    #[test]
    fn what_does_not_open_says_why() {
        let context = pairs(&[("a", "1")]);
        let blob = sealed(1, &context);
        let why = |materials: &[Secret<[u8; 32]>], context: &BTreeMap<String, String>, blob: &[u8]| {
            open(materials, context, blob).map(|_| ()).unwrap_err()
        };
        for other in [pairs(&[]), pairs(&[("a", "2")]), pairs(&[("A", "1")]), pairs(&[("a", "1"), ("b", "2")])] {
            assert_eq!(why(&[material(2), material(1)], &other, &blob), OfflineError::Refused);
        }
        let empty = OfflineError::Context(ContextError::EmptyPart);
        assert_eq!(why(&[material(1)], &pairs(&[("a", "")]), &blob), empty);
        for at in [2, 66, 67, 95, blob.len() - 1] {
            let mut changed = blob.clone();
            changed[at] ^= 1;
            assert!(open(&[material(1)], &context, &changed).is_err(), "{at}");
        }
        for none in [&b""[..], b"no ciphertext", &blob[..142]] {
            assert_eq!(why(&[material(1)], &context, none), OfflineError::NotOurs);
        }
        assert_eq!(why(&[material(1)], &context, &blob[..blob.len() - 1]), OfflineError::Refused);
        for materials in [&[][..], &[material(2)]] {
            let told = why(materials, &context, &blob);
            assert!(matches!(told, OfflineError::OtherMaterial { .. }), "{told}");
            assert!(
                told.to_string().contains("abababab-abab-abab-abab-abababababab in account 111122223333"),
                "{told}"
            );
        }
    }
}
