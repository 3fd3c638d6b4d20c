//! Two callers at once, one step at a time: the room is asked for both answers first, then the journal releases them in
//! either order.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    CancelKeyDeletionInput, CreateKeyInput, DisableKeyInput, EnableKeyInput, EncryptInput, KeyService,
    ScheduleKeyDeletionInput,
};
use sealroom_audit::Effect;
use sealroom_foundation::Secret;
use sealroom_foundation::ports::{Clock, Release, Released};
use serde_json::json;

use crate::house::{House, OWNER};
use crate::world::{self, Key};

const WEEK: i64 = 7 * 86_400;

async fn release<T: Send>(house: &House, effect: Effect<T, ErrorAnswer>) -> Released<T, ErrorAnswer> {
    Release::<ErrorAnswer>::release(&house.journal, effect).await
}

async fn state(house: &House, key: &Key) -> String {
    let shown = house.ask("DescribeKey", &json!({"KeyId": key.id})).await.ok();
    shown["KeyMetadata"]["KeyState"].as_str().unwrap().to_owned()
}

/// How often the journal has each of these events since it was asked last.
async fn events<const N: usize>(house: &House, names: [&str; N]) -> [usize; N] {
    let records = house.records().await;
    names.map(|name| records.iter().filter(|record| record["eventName"] == name).count())
}

fn encrypt(key: &Key) -> EncryptInput {
    EncryptInput {
        key_id: key.id.clone(),
        plaintext: Secret::copy_of(b"x"),
        encryption_context: None,
        grant_tokens: None,
        encryption_algorithm: None,
        dry_run: None,
    }
}

fn schedule(key: &Key) -> ScheduleKeyDeletionInput {
    ScheduleKeyDeletionInput { key_id: key.id.clone(), pending_window_in_days: Some(7) }
}

#[tokio::test]
async fn an_encryption_begun_before_the_key_was_disabled_ends_and_none_begins_after() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    let begun = house.kms.encrypt(&call, &encrypt(&key)).await;
    let disable = house.kms.disable_key(&call, &DisableKeyInput { key_id: key.id.clone() }).await;
    assert!(matches!(release(&house, disable).await, Released::Answer(_)));
    assert!(matches!(release(&house, begun).await, Released::Answer(_)));
    let after = house.kms.encrypt(&call, &encrypt(&key)).await;
    let Released::Refused(error) = release(&house, after).await else { panic!("encrypted under a disabled key") };
    assert_eq!(error.code, "DisabledException");
}

#[tokio::test]
async fn a_second_room_sees_the_change_at_once() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let room = house.second_room();
    let request = world::request("Encrypt", &key, &key.id, &key);
    assert_eq!(house.ask_room(&room, "Encrypt", &request).await.said(), "ok");
    house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    let said = house.ask_room(&room, "Encrypt", &request).await.said();
    assert_eq!(said, format!("DisabledException {} is disabled.", key.arn));
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_is_asked_again() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    house.records().await;
    let disable = DisableKeyInput { key_id: key.id.clone() };
    let first = house.kms.schedule_key_deletion(&call, &schedule(&key)).await;
    let second = house.kms.disable_key(&call, &disable).await;
    assert!(matches!(release(&house, first).await, Released::Answer(_)));
    assert!(matches!(release(&house, second).await, Released::Conflict));
    let again = house.kms.disable_key(&call, &disable).await;
    let Released::Refused(error) = release(&house, again).await else { panic!("disabled a key pending deletion") };
    assert_eq!(error.code, "KMSInvalidStateException");
    assert_eq!(state(&house, &key).await, "PendingDeletion");
    assert_eq!(events(&house, ["ScheduleKeyDeletion", "DisableKey"]).await, [1, 1]);
}

#[tokio::test]
async fn of_two_schedules_one_counts_and_leaves_one_due_row() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    let first = house.kms.schedule_key_deletion(&call, &schedule(&key)).await;
    house.clock.advance(60);
    let later = house.call(OWNER).await;
    let second = house.kms.schedule_key_deletion(&later, &schedule(&key)).await;
    assert!(matches!(release(&house, second).await, Released::Answer(_)));
    assert!(matches!(release(&house, first).await, Released::Conflict));
    let dues = house.rows("kms").await.into_iter().filter(|row| row.path.segment_text(1).as_deref() == Some("due"));
    assert_eq!(dues.count(), 1);
}

#[tokio::test]
async fn a_cancellation_and_a_schedule_meet_in_either_order() {
    for cancel_first in [true, false] {
        let house = House::new().await;
        let key = world::symmetric(&house).await;
        house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
        let call = house.call(OWNER).await;
        let input = CancelKeyDeletionInput { key_id: key.id.clone() };
        let one = house.kms.cancel_key_deletion(&call, &input).await;
        let two = house.kms.cancel_key_deletion(&call, &input).await;
        let (first, second) = if cancel_first { (one, two) } else { (two, one) };
        assert!(matches!(release(&house, first).await, Released::Answer(_)));
        house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 30})).await.ok();
        assert!(
            matches!(release(&house, second).await, Released::Conflict),
            "an old cancellation undid a new schedule"
        );
        assert_eq!(state(&house, &key).await, "PendingDeletion");
    }
}

#[tokio::test]
async fn of_two_runners_exactly_one_destroys() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(WEEK);
    house.records().await;
    let now = house.clock.service();
    let (mut one, mut two) = (house.kms.due(now).await.unwrap(), house.second_room().due(now).await.unwrap());
    assert_eq!((one.len(), two.len()), (1, 1));
    assert!(matches!(release(&house, two.remove(0)).await, Released::Answer(())));
    assert!(matches!(release(&house, one.remove(0)).await, Released::Conflict));
    assert!(house.kms.due(now).await.unwrap().is_empty());
    assert_eq!(events(&house, ["DeleteKey"]).await, [1]);
}

#[tokio::test]
async fn a_cancellation_that_comes_before_the_runner_saves_the_key() {
    let house = House::new().await;
    let (key, signing) = (world::symmetric(&house).await, world::signing(&house).await);
    for key in [&key, &signing] {
        house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    }
    house.clock.advance(WEEK);
    house.records().await;
    let jobs = house.kms.due(house.clock.service()).await.unwrap();
    assert_eq!(jobs.len(), 2);
    for key in [&key, &signing] {
        house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    }
    for job in jobs {
        assert!(matches!(release(&house, job).await, Released::Conflict));
    }
    assert_eq!(events(&house, ["DeleteKey", "CancelKeyDeletion"]).await, [0, 2]);
    for (key, row) in [(&key, "Decrypt"), (&signing, "Sign")] {
        assert_eq!(state(&house, key).await, "Disabled");
        house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
        assert_eq!(house.ask(row, &world::request(row, key, &key.id, key)).await.said(), "ok");
    }
}

#[tokio::test]
async fn a_cancellation_that_comes_after_the_runner_finds_no_key() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(WEEK);
    let call = house.call(OWNER).await;
    let input = CancelKeyDeletionInput { key_id: key.id.clone() };
    let cancel = house.kms.cancel_key_deletion(&call, &input).await;
    assert_eq!(house.run_due().await, 1);
    assert!(matches!(release(&house, cancel).await, Released::Conflict));
    let again = house.kms.cancel_key_deletion(&call, &input).await;
    let Released::Refused(error) = release(&house, again).await else { panic!("brought a key back") };
    assert_eq!(error.code, "NotFoundException");
}

#[tokio::test]
async fn of_two_keys_of_one_id_one_is_made() {
    let house = House::new().await;
    let call = house.call(OWNER).await;
    house.entropy.put_in_line(&[[9; 16], [9; 16]]);
    let one = house.kms.create_key(&call, &CreateKeyInput::default()).await;
    let two = house.kms.create_key(&call, &CreateKeyInput::default()).await;
    let Released::Answer(made) = release(&house, two).await else { panic!("not made") };
    assert!(matches!(release(&house, one).await, Released::Conflict));
    let metadata = made.key_metadata.unwrap();
    let encrypt = json!({"KeyId": metadata.key_id, "Plaintext": world::PLAINTEXT});
    assert_eq!(house.ask("Encrypt", &encrypt).await.said(), "ok", "the row is the one that was answered");
}

#[tokio::test]
async fn a_change_that_changes_nothing_asks_for_no_guard_and_is_recorded() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    house.records().await;
    let enable = EnableKeyInput { key_id: key.id.clone() };
    let one = house.kms.enable_key(&call, &enable).await;
    let two = house.kms.enable_key(&call, &enable).await;
    for effect in [one, two] {
        assert!(matches!(release(&house, effect).await, Released::Answer(_)));
    }
    assert_eq!(events(&house, ["EnableKey"]).await, [2]);
}

#[tokio::test]
async fn an_effect_that_nobody_releases_changes_nothing() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    house.records().await;
    drop(house.kms.schedule_key_deletion(&call, &schedule(&key)).await);
    assert_eq!(state(&house, &key).await, "Enabled");
    assert_eq!(events(&house, ["ScheduleKeyDeletion"]).await, [0]);
}
