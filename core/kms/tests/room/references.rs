//! Every form of `KeyId` × every operation that takes one, from `tests/tables/references.txt`.

use sealroom_kms::state::KeyState;
use serde_json::json;

use crate::authorization::Rights;
use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, fill, report, rows};
use crate::world::{self, Key, hidden, operation_of, request};

const TABLE: &str = include_str!("../tables/references.txt");

#[tokio::test]
async fn every_form_of_key_id_finds_what_the_table_says() {
    let house = House::new().await;
    let good = world::symmetric(&house).await;
    let other = world::foreign(&house).await;
    house.set_alias(OTHER, "alias/theirs", &other.id).await;
    let mut faults = Vec::new();
    for rights in Rights::of_keys() {
        let row = rights.row;
        for cells in rows(TABLE) {
            let [form, with_aliases, without] = cells[..] else { panic!("{cells:?}") };
            let key = subject(&house, row).await;
            house.set_alias(OWNER, "alias/present", &key.id).await;
            let hidden = hidden(OWNER, rights.action);
            let hidden = hidden.strip_prefix("AccessDeniedException ").unwrap();
            let values = [("id", &*key.id), ("other", &*other.id), ("hidden", hidden)];
            let expected = if rights.aliases || without == "=" { with_aliases } else { without };
            let expected = expected.replace(ALIAS_FORM, alias_form(row));
            let name = fill(form, &values);
            let said = house.ask(operation_of(row), &request(row, &key, &name, &good)).await.said();
            expect(&mut faults, &format!("{row} {form}"), &fill(&expected, &values), &said);
        }
    }
    report(&faults);
}

const ALIAS_FORM: &str = "InvalidArnException Key Aliases are not supported for this operation.";

/// What an operation says to an alias in the place of a key.
fn alias_form(row: &str) -> &'static str {
    match row {
        "CreateAlias" | "UpdateAlias" => "ValidationException Aliases must refer to keys. Not aliases",
        _ => ALIAS_FORM,
    }
}

/// A key on which the operation would succeed.
pub(crate) async fn subject(house: &House, row: &str) -> Key {
    let mut key = world::make(house, OWNER, &world::kind_of(row)).await;
    if matches!(row, "RetireGrant" | "RevokeGrant") {
        world::grant(house, OWNER, &mut key).await;
    }
    match row {
        "CancelKeyDeletion" => {
            house.set_state(&key.id, KeyState::PendingReplicaDeletion { window_days: 7 }).await;
        }
        "UpdateAlias" => {
            let before = world::symmetric(house).await;
            house.set_alias(OWNER, world::MOVING, &before.id).await;
        }
        "UpdatePrimaryRegion" => world::replicate(house, OWNER, &key).await,
        "DeleteAlias" => house.set_alias(OWNER, &world::alias_of(&key), &key.id).await,
        _ => {}
    }
    key
}

#[tokio::test]
async fn a_ciphertext_finds_its_key_and_tells_strangers_nothing() {
    let house = House::new().await;
    let (mine, theirs) = (world::symmetric(&house).await, world::foreign(&house).await);
    let denied = "AccessDeniedException The ciphertext refers to a customer master key that does not exist, does not \
                  exist in this region, or you are not allowed to access.";
    let elsewhere = house.call_of(house.caller(OWNER).await, "us-west-2");
    for (operation, rest) in [("Decrypt", json!({})), ("ReEncrypt", json!({"DestinationKeyId": mine.id}))] {
        let ask = |blob: &Option<String>| {
            let mut request = rest.clone();
            request["CiphertextBlob"] = json!(blob);
            request
        };
        assert_eq!(house.ask(operation, &ask(&mine.ciphertext)).await.said(), "ok");
        assert_eq!(house.ask(operation, &ask(&theirs.ciphertext)).await.said(), denied);
        assert_eq!(house.ask(operation, &ask(&forged(&mine, "9"))).await.said(), denied);
        assert_eq!(
            house.ask_in(&elsewhere, "Decrypt", &json!({"CiphertextBlob": mine.ciphertext})).await.said(),
            denied
        );
        let garbage = Some(world::PLAINTEXT.to_owned());
        assert_eq!(house.ask(operation, &ask(&garbage)).await.said(), "InvalidCiphertextException");
    }
}

/// A ciphertext of `key` whose header names an account that doesn't have such a key.
fn forged(key: &Key, digit: &str) -> Option<String> {
    let blob = base64_simd::STANDARD.decode_to_vec(key.ciphertext.as_deref()?).unwrap();
    let at = blob.windows(12).position(|window| window == OWNER.as_bytes()).unwrap();
    let account = digit.repeat(12);
    let forged = [&blob[..at], account.as_bytes(), &blob[at + 12..]].concat();
    Some(base64_simd::STANDARD.encode_to_string(forged))
}

#[tokio::test]
async fn the_key_in_a_ciphertext_must_be_the_key_that_is_named() {
    let house = House::new().await;
    let (one, two) = (world::symmetric(&house).await, world::symmetric(&house).await);
    let wrong =
        "IncorrectKeyException The key ID in the request does not identify a CMK that can perform this operation.";
    let decrypt = json!({"CiphertextBlob": one.ciphertext, "KeyId": two.id});
    assert_eq!(house.ask("Decrypt", &decrypt).await.said(), wrong);
    let re_encrypt = json!({"CiphertextBlob": one.ciphertext, "SourceKeyId": two.id, "DestinationKeyId": one.id});
    assert_eq!(house.ask("ReEncrypt", &re_encrypt).await.said(), wrong);
}

#[tokio::test]
async fn a_related_key_named_in_another_region_is_incorrect_and_a_stranger_unknown() {
    let house = House::new().await;
    let related = world::make(&house, OWNER, &json!({"MultiRegion": true})).await;
    let single = world::symmetric(&house).await;
    let wrong =
        "IncorrectKeyException The key ID in the request does not identify a CMK that can perform this operation.";
    for (key, expected) in [(&related, wrong), (&single, "NotFoundException Invalid arn eu-west-1")] {
        let name = key.arn.replace("us-east-1", "eu-west-1");
        let request = json!({"CiphertextBlob": key.ciphertext, "KeyId": name});
        assert_eq!(house.ask("Decrypt", &request).await.said(), expected);
    }
}
