//! Requests with a recipient: what a good document leaves in the records, of successes and of refusals, and that a bad
//! one leaves nothing.

use serde_json::{Value, json};

use super::{Case, Keys, case};
use crate::enclave::named;
use crate::house::OWNER;
use crate::world;

fn cases_of(plain: Value, closed: Option<Value>) -> Vec<Case> {
    let with = |mut request: Value, recipient: &str| {
        request["Recipient"] = named(recipient);
        request
    };
    let mut cases = vec![
        case("for an enclave", OWNER, with(plain.clone(), "an enclave")),
        case("for a TPM", OWNER, with(plain.clone(), "a TPM")),
        case("for an enclave of another root", OWNER, with(plain, "of another root")),
    ];
    cases.extend(closed.map(|closed| case("for an enclave, denied", OWNER, with(closed, "an enclave"))));
    cases
}

/// For the operations that take a recipient.
pub(super) fn of_key(operation: &str, keys: &Keys) -> Vec<Case> {
    match operation {
        "Decrypt" | "DeriveSharedSecret" | "GenerateDataKey" | "GenerateDataKeyPair" => {
            let ask = |key| world::request(operation, key, &key.id, &keys.shared);
            cases_of(ask(&keys.mine), Some(ask(&keys.closed)))
        }
        _ => vec![],
    }
}

pub(super) fn random() -> Vec<Case> {
    cases_of(json!({"NumberOfBytes": 8}), None)
}
