//! Ids and secrets as AWS forms them, drawn at random.

use sealroom_foundation::ports::Entropy;
use sealroom_foundation::{AccessKeyId, Secret};

/// AWS's alphabet: 32 characters, five random bits each.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Random bytes of a secret access key.
pub(crate) const SECRET_BYTES: usize = 30;

/// `AIDA` and seventeen more characters, 85 random bits: the unique id of a user, role, group, policy or profile.
pub(crate) fn unique_id(entropy: &dyn Entropy, prefix: &str) -> String {
    let mut bytes = [0u8; 17];
    entropy.fill(&mut bytes);
    spelt(prefix, &bytes)
}

/// `AKIA`, or `ASIA` for temporary credentials, and sixteen more characters, 80 random bits. `None` never happens: it would
/// be a fault of this module.
pub(crate) fn access_key_id(entropy: &dyn Entropy, prefix: &str) -> Option<AccessKeyId> {
    spelt(prefix, &entropy.id_bytes()).parse().ok()
}

/// The 240 random bits of a secret access key.
pub(crate) fn secret_bytes(entropy: &dyn Entropy) -> Secret<[u8; SECRET_BYTES]> {
    Secret::filled(|bytes| entropy.fill(bytes))
}

/// The forty characters of a secret access key.
pub(crate) fn secret_text(bytes: &[u8]) -> Secret<[u8]> {
    Secret::from_vec(base64_simd::STANDARD.encode_type::<Vec<u8>>(bytes))
}

fn spelt(prefix: &str, bytes: &[u8]) -> String {
    let mut id = String::from(prefix);
    id.extend(bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).map(|c| char::from(*c)));
    id
}
