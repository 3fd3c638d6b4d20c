//! From signed requests to callers.

use sealroom_api::operator::CreateAccountInput;
use sealroom_api::sigv4::Refusal;
use sealroom_foundation::ports::Purpose;
use sealroom_foundation::{AccessKeyId, AccountId, Secret};
use sealroom_store::{Batch, Read};

use crate::credential::SIGNING_KEYS;
use crate::testing::{House, Signed};
use crate::{Mode, records};

/// An account made by the operator: id, access key id, secret.
async fn new_account(house: &House) -> (AccountId, AccessKeyId, Secret<[u8]>) {
    let made = house.identity.new_account(&house.operator_call(), &CreateAccountInput::default()).await;
    let (output, batch) = made.unwrap();
    house.store.commit(batch).await.unwrap();
    let id = output.access_key_id.parse().unwrap();
    (output.account.account_id.parse().unwrap(), id, output.secret_access_key)
}

#[tokio::test]
async fn a_new_accounts_key_makes_its_root_the_caller() {
    let house = House::new(Mode::Production).await;
    let (account, id, secret) = new_account(&house).await;
    assert_eq!(secret.len(), 40);
    assert!(id.as_str().starts_with("AKIA") && id.as_str().len() == 20, "{id}");
    let known = house.authenticate(&Signed::with(id.as_str(), secret.expose())).await.unwrap();
    assert_eq!(known.caller.account(), account);
    assert_eq!(known.caller.arn(), format!("arn:aws:iam::{account}:root"));
    assert_eq!(known.caller.access_key_id(), Some(id));
    assert!(known.caller.is_root());
    assert_eq!(known.region.as_str(), "us-east-1");
}

#[tokio::test]
async fn dev_mode_has_its_own_keys_and_production_has_not() {
    let dev = House::new(Mode::Dev).await;
    for (id, account) in [("test", "000000000000"), ("111122223333", "111122223333")] {
        let known = dev.authenticate(&Signed::with(id, b"test")).await.unwrap();
        assert_eq!(known.caller.account().as_str(), account);
        assert_eq!(dev.authenticate(&Signed::with(id, b"other")).await.unwrap_err(), Refusal::Mismatch);
    }
    for id in ["tests", "11112222333", "1111222233334", "AKIAIOSFODNN7EXAMPLE"] {
        assert_eq!(dev.authenticate(&Signed::with(id, b"test")).await.unwrap_err(), Refusal::UnknownKey, "{id}");
    }
    let production = House::new(Mode::Production).await;
    for id in ["test", "111122223333"] {
        assert_eq!(production.authenticate(&Signed::with(id, b"test")).await.unwrap_err(), Refusal::UnknownKey, "{id}");
    }
}

#[tokio::test]
async fn dev_mode_knows_stored_keys_too() {
    let house = House::new(Mode::Dev).await;
    let (account, id, secret) = new_account(&house).await;
    let known = house.authenticate(&Signed::with(id.as_str(), secret.expose())).await.unwrap();
    assert_eq!(known.caller.account(), account);
}

#[tokio::test]
async fn an_access_key_id_that_can_not_be_one_is_unknown() {
    let house = House::new(Mode::Dev).await;
    let long = "A".repeat(129);
    for id in ["-", "AKIA$", long.as_str()] {
        assert_eq!(house.authenticate(&Signed::with(id, b"test")).await.unwrap_err(), Refusal::UnknownKey, "{id}");
    }
}

#[tokio::test]
async fn the_partition_of_the_region_stands_in_the_arn() {
    let house = House::new(Mode::Dev).await;
    for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")] {
        let known = house.authenticate(&Signed { region, ..Signed::with("test", b"test") }).await.unwrap();
        assert_eq!(known.caller.arn(), format!("arn:{partition}:iam::000000000000:root"));
        assert!(known.caller.user_identity_json().contains(known.caller.arn()));
    }
}

#[tokio::test]
async fn another_body_than_the_signed_one_is_refused() {
    let house = House::new(Mode::Dev).await;
    let swapped = Signed { arrived: b"{ }", ..Signed::with("test", b"test") };
    assert_eq!(house.authenticate(&swapped).await.unwrap_err(), Refusal::Mismatch);
}

#[tokio::test]
async fn every_session_token_is_refused_but_not_before_the_signature() {
    let house = House::new(Mode::Dev).await;
    for token in ["x", "FwoGZXIvYXdzEXAMPLE"] {
        let signed = Signed { token: Some(token), ..Signed::with("test", b"test") };
        assert_eq!(house.authenticate(&signed).await.unwrap_err(), Refusal::BadSessionToken);
        let forged = Signed { token: Some(token), ..Signed::with("test", b"other") };
        assert_eq!(house.authenticate(&forged).await.unwrap_err(), Refusal::Mismatch);
    }
}

#[tokio::test]
async fn a_deleted_key_is_unknown_at_once() {
    let house = House::new(Mode::Production).await;
    let (_, id, secret) = new_account(&house).await;
    let signed = Signed::with(id.as_str(), secret.expose());
    house.authenticate(&signed).await.unwrap();
    house.store.commit(Batch::default().delete(records::access_key(id))).await.unwrap();
    assert_eq!(house.authenticate(&signed).await.unwrap_err(), Refusal::UnknownKey);
}

#[tokio::test]
async fn a_row_hides_its_secret_and_serves_no_other_key() {
    let house = House::new(Mode::Production).await;
    let (_, id, secret) = new_account(&house).await;
    let (_, other, _) = new_account(&house).await;
    let answers = house.store.read(&[Read::Get(records::access_key(id))]).await.unwrap();
    let row = answers.into_iter().next().and_then(sealroom_store::Answer::row).unwrap();
    let shown = secret.expose();
    assert!(!row.value.windows(shown.len()).any(|window| window == shown));
    house.store.commit(Batch::default().put(records::access_key(other), row.value)).await.unwrap();
    let moved = Signed::with(other.as_str(), secret.expose());
    assert_eq!(house.authenticate(&moved).await.unwrap_err(), Refusal::Unreachable);
    assert_ne!(Purpose::AccessKeySecret.label(), Purpose::SessionToken.label());
}

#[tokio::test]
async fn signing_keys_are_kept_up_to_the_limit_and_only_when_they_proved_right() {
    let house = House::new(Mode::Dev).await;
    let id: AccessKeyId = "test".parse().unwrap();
    for number in 1..=SIGNING_KEYS + 1 {
        let region = format!("eu-west-{number}");
        let forged = Signed { region: &region, ..Signed::with("test", b"other") };
        assert_eq!(house.authenticate(&forged).await.unwrap_err(), Refusal::Mismatch);
        let kept = || house.identity.room.kept_signing_keys(id);
        assert_eq!(kept(), (number - 1).min(SIGNING_KEYS));
        for _ in 0..2 {
            house.authenticate(&Signed { region: &region, ..Signed::with("test", b"test") }).await.unwrap();
            assert_eq!(kept(), number.min(SIGNING_KEYS));
        }
    }
}

#[tokio::test]
async fn a_signature_is_fresh_by_the_wall_clock() {
    let house = House::new(Mode::Dev).await;
    let parts = Signed::with("test", b"test").signed_at(&house);
    house.clock.advance(300);
    house.authenticate_parts(&parts).await.unwrap();
    house.clock.advance(1);
    assert!(matches!(house.authenticate_parts(&parts).await, Err(Refusal::Expired { minutes: 5, .. })));
}
