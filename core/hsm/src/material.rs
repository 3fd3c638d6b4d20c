//! The id of imported key material. It says which bytes were imported, so that a second import of the same bytes is
//! known to be one, and of others is not.
//!
//! ```text
//! id = KBKDF(what tells the material, "sealroom material id", account (12) ‖ key id (17) ‖ its length (2), 32 bytes)
//! ```
//!
//! What tells a secret key is its bytes; what tells a pair is its public half, whatever form the private one came in.
//! No key of ours goes in: the id stays when domain keys rotate or another cluster takes the keys over, and whoever
//! holds the material finds it too. Of random material it says nothing. Material that can be guessed can be tried
//! against it, as against any ciphertext.

use sealroom_crypto::kdf;
use sealroom_foundation::{AccountId, KeyId, MaterialId};

use crate::bytes::{account_bytes, key_bytes};
use crate::error::HsmError;

const LABEL: &[u8] = b"sealroom material id";

/// The id of what `material` tells, in this key of this account.
///
/// The length is in it because HMAC takes a key and the same key with zeros behind it for one.
pub(crate) fn id(account: AccountId, key: KeyId, material: &[u8]) -> Result<MaterialId, HsmError> {
    let length = u16::try_from(material.len()).map_err(|_| HsmError::Failed)?;
    let context = [&account_bytes(&account)[..], &key_bytes(key), &length.to_be_bytes()].concat();
    let mut id = [0u8; 32];
    kdf::kbkdf(material, LABEL, &context, &mut id).map_err(|_| HsmError::Failed)?;
    Ok(MaterialId::from_bytes(id))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sealroom_crypto::mac::hmac_sha256;

    use super::*;

    #[test]
    fn it_is_one_block_of_sp_800_108_over_account_key_and_length() {
        let (account, key) = ("111122223333".parse().unwrap(), KeyId::from_bytes(true, [0xab; 16]));
        let input =
            [&[0, 0, 0, 1][..], b"sealroom material id\0", b"111122223333\x01", &[0xab; 16], &[0, 32], &[0, 0, 1, 0]];
        let expected = hmac_sha256(&[7; 32], &input.concat());
        assert_eq!(id(account, key, &[7; 32]), Ok(MaterialId::from_bytes(expected)));
    }

    #[test]
    fn each_part_makes_another_id_and_so_do_zeros_behind_the_bytes() {
        let account = "111122223333".parse().unwrap();
        let key = KeyId::from_bytes(false, [1; 16]);
        let zero_behind = [&[7; 32][..], &[0]].concat();
        let long = [9u8; 65];
        let ids = [
            id(account, key, &[7; 32]),
            id(AccountId::platform(), key, &[7; 32]),
            id(account, KeyId::from_bytes(true, [1; 16]), &[7; 32]),
            id(account, KeyId::from_bytes(false, [2; 16]), &[7; 32]),
            id(account, key, &[8; 32]),
            id(account, key, &zero_behind),
            id(account, key, &long),
            id(account, key, &sealroom_crypto::digest::sha256(&long)),
        ];
        let distinct: HashSet<MaterialId> = ids.iter().map(|id| id.unwrap()).collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
