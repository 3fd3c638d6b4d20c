//! Two at once: the room is asked for both answers first, then the journal releases them in either order.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{KeyService, ReplicateKeyInput, ScheduleKeyDeletionInput, UpdatePrimaryRegionInput};
use sealroom_audit::Effect;
use sealroom_foundation::ports::{Clock, Release, Released};
use serde_json::json;

use super::{BEYOND, DAY, catch_up, family, primary, relatives, replicate, state};
use crate::house::{HERE, House, OWNER, THERE};
use crate::world::Key;

async fn release<T: Send>(house: &House, effect: Effect<T, ErrorAnswer>) -> Released<T, ErrorAnswer> {
    Release::<ErrorAnswer>::release(&house.journal, effect).await
}

fn into(key: &Key, region: &str) -> ReplicateKeyInput {
    ReplicateKeyInput { key_id: key.id.clone(), replica_region: region.to_owned(), ..ReplicateKeyInput::default() }
}

fn to(key: &Key, region: &str) -> UpdatePrimaryRegionInput {
    UpdatePrimaryRegionInput { key_id: key.id.clone(), primary_region: region.to_owned() }
}

fn schedule(key: &Key) -> ScheduleKeyDeletionInput {
    ScheduleKeyDeletionInput { key_id: key.id.clone(), pending_window_in_days: Some(7) }
}

/// Whether it was done, and what the refusal was when it was asked again.
async fn code<T: Send>(house: &House, again: Effect<T, ErrorAnswer>) -> String {
    match release(house, again).await {
        Released::Refused(error) => error.code.into_owned(),
        Released::Answer(_) => "ok".to_owned(),
        _ => panic!("neither answered nor refused"),
    }
}

#[tokio::test]
async fn of_two_replicas_for_one_region_one_is_made() {
    let house = House::new().await;
    let key = primary(&house).await;
    let call = house.call(OWNER).await;
    let one = house.kms.replicate_key(&call, &into(&key, THERE)).await;
    let two = house.second_room().replicate_key(&call, &into(&key, THERE)).await;
    assert!(matches!(release(&house, two).await, Released::Answer(_)));
    assert!(matches!(release(&house, one).await, Released::Conflict));
    let again = house.kms.replicate_key(&call, &into(&key, THERE)).await;
    assert_eq!(code(&house, again).await, "AlreadyExistsException");
    assert_eq!(relatives(&house, HERE, &key).await.2, [THERE]);
}

#[tokio::test]
async fn two_replicas_for_two_regions_are_both_made_and_know_each_other() {
    let house = House::new().await;
    let key = primary(&house).await;
    let call = house.call(OWNER).await;
    let one = house.kms.replicate_key(&call, &into(&key, THERE)).await;
    let two = house.kms.replicate_key(&call, &into(&key, BEYOND)).await;
    assert!(matches!(release(&house, two).await, Released::Answer(_)));
    assert!(matches!(release(&house, one).await, Released::Conflict));
    let again = house.kms.replicate_key(&call, &into(&key, THERE)).await;
    assert_eq!(code(&house, again).await, "ok");
    for region in [HERE, THERE, BEYOND] {
        assert_eq!(relatives(&house, region, &key).await.2, [BEYOND, THERE]);
    }
}

#[tokio::test]
async fn a_replica_and_the_primarys_deletion_meet_in_either_order() {
    for replica_first in [true, false] {
        let house = House::new().await;
        let key = primary(&house).await;
        let call = house.call(OWNER).await;
        let replicated = house.kms.replicate_key(&call, &into(&key, THERE)).await;
        let scheduled = house.kms.schedule_key_deletion(&call, &schedule(&key)).await;
        if replica_first {
            assert!(matches!(release(&house, replicated).await, Released::Answer(_)));
            assert!(matches!(release(&house, scheduled).await, Released::Conflict));
            let again = house.kms.schedule_key_deletion(&call, &schedule(&key)).await;
            assert_eq!(code(&house, again).await, "ok");
            assert_eq!(state(&house, HERE, &key).await, "PendingReplicaDeletion");
        } else {
            assert!(matches!(release(&house, scheduled).await, Released::Answer(_)));
            assert!(matches!(release(&house, replicated).await, Released::Conflict));
            let again = house.kms.replicate_key(&call, &into(&key, THERE)).await;
            assert_eq!(code(&house, again).await, "KMSInvalidStateException");
            assert_eq!(state(&house, HERE, &key).await, "PendingDeletion");
        }
    }
}

#[tokio::test]
async fn a_replicas_destruction_and_a_rotation_meet_in_either_order() {
    for destruction_first in [true, false] {
        let house = House::new().await;
        let key = family(&house, &[THERE, BEYOND]).await;
        house.ask_at(THERE, "ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
        house.clock.advance(7 * DAY);
        house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
        let mut jobs = house.kms.due(house.clock.service()).await.unwrap();
        assert_eq!(jobs.len(), 2);
        if !destruction_first {
            jobs.reverse();
        }
        let mut released = Vec::new();
        for job in jobs {
            released.push(matches!(release(&house, job).await, Released::Answer(())));
        }
        assert_eq!(released, [true, false], "both are about one list of relatives");
        assert_eq!(catch_up(&house).await, 1);
        assert_eq!(relatives(&house, BEYOND, &key).await.2, [BEYOND]);
        let opened = house.ask_at(BEYOND, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await;
        assert_eq!(opened.said(), "ok");
    }
}

#[tokio::test]
async fn of_two_new_primaries_there_is_one() {
    let house = House::new().await;
    let key = family(&house, &[THERE, BEYOND]).await;
    let call = house.call(OWNER).await;
    let one = house.kms.update_primary_region(&call, &to(&key, THERE)).await;
    let two = house.kms.update_primary_region(&call, &to(&key, BEYOND)).await;
    assert!(matches!(release(&house, one).await, Released::Answer(_)));
    assert!(matches!(release(&house, two).await, Released::Conflict));
    let again = house.kms.update_primary_region(&call, &to(&key, BEYOND)).await;
    assert_eq!(code(&house, again).await, "KMSInvalidStateException");
    for region in [HERE, THERE, BEYOND] {
        assert_eq!(relatives(&house, region, &key).await.1, THERE);
    }
}

#[tokio::test]
async fn a_new_primary_and_its_deletion_meet_in_either_order() {
    for promotion_first in [true, false] {
        let house = House::new().await;
        let key = family(&house, &[THERE]).await;
        let (here, there) = (house.call(OWNER).await, house.call_of(house.caller(OWNER).await, THERE));
        let promoted = house.kms.update_primary_region(&here, &to(&key, THERE)).await;
        let scheduled = house.kms.schedule_key_deletion(&there, &schedule(&key)).await;
        if promotion_first {
            assert!(matches!(release(&house, promoted).await, Released::Answer(_)));
            assert!(matches!(release(&house, scheduled).await, Released::Conflict));
            let again = house.kms.schedule_key_deletion(&there, &schedule(&key)).await;
            assert_eq!(code(&house, again).await, "KMSInvalidStateException", "it is updating");
        } else {
            assert!(matches!(release(&house, scheduled).await, Released::Answer(_)));
            assert!(matches!(release(&house, promoted).await, Released::Conflict));
            let again = house.kms.update_primary_region(&here, &to(&key, THERE)).await;
            assert_eq!(code(&house, again).await, "KMSInvalidStateException", "it is to be deleted");
        }
        let primary = if promotion_first { THERE } else { HERE };
        assert_eq!(relatives(&house, HERE, &key).await.1, primary);
    }
}

/// Between the room's answer and its release nothing is written at all: whoever stops there leaves no half of a family.
#[tokio::test]
async fn an_effect_that_nobody_releases_changes_no_region() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    let call = house.call(OWNER).await;
    let before = house.rows("kms").await;
    drop(house.kms.replicate_key(&call, &into(&key, BEYOND)).await);
    drop(house.kms.update_primary_region(&call, &to(&key, THERE)).await);
    assert_eq!(house.rows("kms").await, before);
    assert_eq!(replicate(&house, HERE, &key, BEYOND).await, "ok");
}
