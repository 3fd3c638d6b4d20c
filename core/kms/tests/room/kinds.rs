//! Operations × kinds of keys (spec and usage), whole: the matrix of `tests/tables/kinds.txt`.

use std::collections::{BTreeMap, BTreeSet};

use sealroom_api::Enumeration;
use sealroom_api::kms::{KeySpec, Operation};
use sealroom_kms::state::KeyState;
use serde_json::{Value, json};

use crate::house::{House, OWNER};
use crate::table::{expect, fill, lines, report};
use crate::world::{self, Key, operation_of};

const TABLE: &str = include_str!("../tables/kinds.txt");

/// `word <name> = <what it stands for>`
fn named(word: &str) -> BTreeMap<&'static str, &'static str> {
    let marked = lines(TABLE).filter_map(|line| line.strip_prefix(word)?.split_once('='));
    marked.map(|(name, text)| (name.trim(), text.trim())).collect()
}

fn columns() -> Vec<&'static str> {
    lines(TABLE).find_map(|line| line.strip_prefix("kinds ")).unwrap().split_whitespace().collect()
}

/// Every kind: `RSA_2048 SIGN_VERIFY`.
pub(crate) fn all() -> BTreeSet<&'static str> {
    named("kind ").into_values().collect()
}

/// The rows: an operation, and its code for each kind.
fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let marks = ["code ", "none ", "kind ", "kinds "];
    let rows = lines(TABLE).filter(|line| !marks.iter().any(|mark| line.starts_with(mark)));
    rows.map(|line| {
        let mut cells = line.split_whitespace();
        (cells.next().unwrap(), cells.collect())
    })
    .collect()
}

fn keyless() -> BTreeSet<&'static str> {
    lines(TABLE).filter_map(|line| line.strip_prefix("none ")).flat_map(str::split_whitespace).collect()
}

#[test]
fn the_matrix_is_whole() {
    let asked: BTreeSet<&str> = rows().into_iter().map(|(row, _)| operation_of(row)).collect();
    assert_eq!(asked.intersection(&keyless()).count(), 0);
    let all: BTreeSet<&str> = asked.union(&keyless()).copied().collect();
    assert_eq!(all, Operation::ALL.iter().map(|operation| operation.name()).collect(), "every operation has its row");
    let kinds = named("kind ");
    assert_eq!(columns().into_iter().collect::<BTreeSet<_>>(), kinds.keys().copied().collect());
    let specs: BTreeSet<&str> = kinds.values().map(|kind| kind.split_once(' ').unwrap().0).collect();
    assert_eq!(specs, KeySpec::ALL.iter().map(|spec| spec.as_str()).collect(), "every key spec has its column");
    for (row, codes) in rows() {
        assert_eq!(codes.len(), columns().len(), "{row}");
    }
}

/// Every usage that a key of each spec may have is a column: with any other, no key is made.
#[tokio::test]
async fn there_are_no_other_kinds() {
    let house = House::new().await;
    let kinds = all();
    let usages = ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"];
    for spec in KeySpec::ALL.iter().map(|spec| spec.as_str()) {
        for usage in usages.into_iter().filter(|usage| !kinds.contains(format!("{spec} {usage}").as_str())) {
            let said = house.ask("CreateKey", &json!({"KeySpec": spec, "KeyUsage": usage})).await.said();
            assert_eq!(said, format!("ValidationException KeyUsage {usage} is not compatible with KeySpec {spec}"));
        }
    }
}

#[tokio::test]
async fn every_operation_answers_each_kind_of_key_as_the_matrix_says() {
    let house = House::new().await;
    let good = world::symmetric(&house).await;
    let peer = json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"});
    let peer = world::make(&house, OWNER, &peer).await;
    let (codes, kinds) = (named("code "), named("kind "));
    let mut faults = Vec::new();
    for (place, name) in columns().into_iter().enumerate() {
        let (spec, usage) = kinds[name].split_once(' ').unwrap();
        let request = json!({"KeySpec": spec, "KeyUsage": usage, "MultiRegion": true});
        let mut key = world::make(&house, OWNER, &request).await;
        if key.public.is_none() {
            key.public.clone_from(&peer.public);
        }
        for (row, cells) in rows() {
            prepare(&house, row, &mut key).await;
            let said = house.ask(operation_of(row), &asked(row, &key, &good)).await.said();
            let values =
                [("arn", key.arn.as_str()), ("usage", usage), ("spec", spec), ("operation", operation_of(row))];
            let expected = match cells[place] {
                "ok" => "ok".to_owned(),
                code => fill(codes.get(code).unwrap_or_else(|| panic!("code `{code}`")), &values),
            };
            expect(&mut faults, &format!("{row} of {spec} {usage}"), &expected, &said);
        }
    }
    report(&faults);
}

/// Brings the key into a state in which only its kind can keep the operation from succeeding.
async fn prepare(house: &House, row: &str, key: &mut Key) {
    let state = match row {
        "CancelKeyDeletion" => KeyState::PendingReplicaDeletion { window_days: 7 },
        _ => KeyState::Enabled,
    };
    house.set_state(&key.id, state).await;
    match row {
        "RetireGrant" | "RevokeGrant" => world::grant(house, OWNER, key).await,
        "DeleteAlias" => house.set_alias(OWNER, &world::alias_of(key), &key.id).await,
        "UpdateAlias" => house.set_alias(OWNER, world::MOVING, &key.id).await,
        // The replica that ReplicateKey made becomes whole.
        "UpdatePrimaryRegion" => while house.run_due().await > 0 {},
        _ => {}
    }
}

/// The plainest request, with the key's own algorithm if it has one for the operation.
fn asked(row: &str, key: &Key, good: &Key) -> Value {
    let mut request = world::request(row, key, &key.arn, good);
    let own = match (key.spec.as_str(), key.usage.as_str()) {
        ("SM2", "ENCRYPT_DECRYPT") => Some("SM2PKE"),
        (spec, "ENCRYPT_DECRYPT") if spec.starts_with("RSA_") => Some("RSAES_OAEP_SHA_256"),
        _ => None,
    };
    match (row, own) {
        ("Encrypt", Some(own)) => request["EncryptionAlgorithm"] = json!(own),
        ("Decrypt", own) => {
            request["KeyId"] = json!(key.arn);
            request["EncryptionAlgorithm"] = json!(own.unwrap_or("SYMMETRIC_DEFAULT"));
        }
        ("ReEncryptFrom", Some(own)) => request["SourceEncryptionAlgorithm"] = json!(own),
        ("ReEncryptTo", Some(own)) => request["DestinationEncryptionAlgorithm"] = json!(own),
        ("GenerateMac" | "VerifyMac", _) if key.spec.starts_with("HMAC_") => {
            request["MacAlgorithm"] = json!(world::mac_algorithm(&key.spec));
        }
        _ => {}
    }
    request
}
