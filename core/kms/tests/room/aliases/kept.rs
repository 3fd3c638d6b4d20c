//! What stands in the store of aliases: the quota, two callers at once, and that nothing outlives the key.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{CreateAliasInput, DeleteAliasInput, KeyService, UpdateAliasInput};
use sealroom_audit::Effect;
use sealroom_foundation::ports::{Release, Released};
use sealroom_store::{Batch, KeyPath};
use serde_json::json;

use super::{create, delete, not_found, own, update};
use crate::house::{HERE, House, OWNER};
use crate::world::{self, Key, PLAINTEXT};

const WEEK: i64 = 7 * 86_400;

async fn release<T: Send>(house: &House, effect: Effect<T, ErrorAnswer>) -> Released<T, ErrorAnswer> {
    Release::<ErrorAnswer>::release(&house.journal, effect).await
}

fn input(name: &str, key: &Key) -> CreateAliasInput {
    CreateAliasInput { alias_name: name.to_owned(), target_key_id: key.id.clone() }
}

/// Gives a key as many aliases as this.
async fn crowd(house: &House, key: &Key, count: usize) {
    for number in 0..count {
        assert_eq!(create(house, &format!("alias/of-{}/{number:02}", key.id), key).await, "ok");
    }
}

async fn destroy(house: &House, key: &Key) {
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(WEEK);
    assert_eq!(house.run_due().await, 1);
}

#[tokio::test]
async fn a_key_has_fifty_aliases_and_not_one_more() {
    let house = House::new().await;
    let (full, other) = (world::symmetric(&house).await, world::symmetric(&house).await);
    crowd(&house, &full, 50).await;
    let refused =
        "LimitExceededException Aliases per key quota for this account in this region is 50, current usage is 50.";
    assert_eq!(create(&house, "alias/more", &full).await, refused);
    assert_eq!(create(&house, "alias/more", &other).await, "ok", "another key's are counted apart");
    assert_eq!(update(&house, "alias/more", &full).await, refused);
    // One that stays is none more.
    let kept = format!("alias/of-{}/07", full.id);
    assert_eq!(update(&house, &kept, &full).await, "ok");
    assert_eq!(update(&house, &kept, &other).await, "ok");
    assert_eq!(update(&house, "alias/more", &full).await, "ok");
    assert_eq!(create(&house, "alias/again", &full).await, refused);
    assert_eq!(delete(&house, "alias/more").await, "ok");
    assert_eq!(create(&house, "alias/again", &full).await, "ok");
    assert_eq!(own(&house, &json!({"KeyId": full.id, "Limit": 100})).await.len(), 50);
}

#[tokio::test]
async fn of_two_aliases_of_one_name_one_is_made() {
    let house = House::new().await;
    let (one, two, call) = (world::symmetric(&house).await, world::symmetric(&house).await, house.call(OWNER).await);
    let first = house.kms.create_alias(&call, &input("alias/app", &one)).await;
    let second = house.kms.create_alias(&call, &input("alias/app", &two)).await;
    assert!(matches!(release(&house, second).await, Released::Answer(_)));
    assert!(matches!(release(&house, first).await, Released::Conflict));
    let again = house.kms.create_alias(&call, &input("alias/app", &one)).await;
    let Released::Refused(error) = release(&house, again).await else { panic!("made twice") };
    assert_eq!(error.code, "AlreadyExistsException");
    assert_eq!(own(&house, &json!({})).await[0]["TargetKeyId"], two.id.as_str());
    assert!(own(&house, &json!({"KeyId": one.id})).await.is_empty());
}

#[tokio::test]
async fn two_calls_dont_pass_the_quota_together() {
    let house = House::new().await;
    let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
    crowd(&house, &key, 49).await;
    let first = house.kms.create_alias(&call, &input("alias/one", &key)).await;
    let second = house.kms.create_alias(&call, &input("alias/two", &key)).await;
    assert!(matches!(release(&house, first).await, Released::Answer(_)));
    assert!(matches!(release(&house, second).await, Released::Conflict));
    let again = house.kms.create_alias(&call, &input("alias/two", &key)).await;
    let Released::Refused(error) = release(&house, again).await else { panic!("a 51st") };
    assert_eq!(error.code, "LimitExceededException");
}

#[tokio::test]
async fn an_alias_that_two_change_at_once_ends_where_one_of_them_said() {
    let house = House::new().await;
    let [one, two, three] = [(); 3].map(|()| world::symmetric(&house));
    let (one, two, three, call) = (one.await, two.await, three.await, house.call(OWNER).await);
    create(&house, "alias/app", &one).await;
    let to = |key: &Key| UpdateAliasInput { alias_name: "alias/app".to_owned(), target_key_id: key.id.clone() };
    let first = house.kms.update_alias(&call, &to(&two)).await;
    let second = house.kms.update_alias(&call, &to(&three)).await;
    let third = house.kms.delete_alias(&call, &DeleteAliasInput { alias_name: "alias/app".to_owned() }).await;
    assert!(matches!(release(&house, second).await, Released::Answer(_)));
    assert!(matches!(release(&house, first).await, Released::Conflict));
    assert!(matches!(release(&house, third).await, Released::Conflict));
    for (key, count) in [(&one, 0), (&two, 0), (&three, 1)] {
        assert_eq!(own(&house, &json!({"KeyId": key.id})).await.len(), count);
    }
}

#[tokio::test]
async fn the_aliases_of_a_key_go_with_it_and_their_names_are_free() {
    let house = House::new().await;
    let (key, heir) = (world::symmetric(&house).await, world::symmetric(&house).await);
    crowd(&house, &key, 50).await;
    create(&house, "alias/spared", &heir).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    // Until then they are there, can be listed and taken away, but not made.
    assert_eq!(own(&house, &json!({"KeyId": key.id, "Limit": 100})).await.len(), 50);
    let [first, second] = [0, 1].map(|number| format!("alias/of-{}/{number:02}", key.id));
    assert_eq!(delete(&house, &first).await, "ok");
    house.clock.advance(WEEK);
    assert_eq!(house.run_due().await, 1);
    let encrypt = |name: &str| json!({"KeyId": name, "Plaintext": PLAINTEXT});
    assert_eq!(house.ask("Encrypt", &encrypt(&second)).await.said(), not_found(&second));
    assert_eq!(delete(&house, &second).await, not_found(&second));
    assert_eq!(own(&house, &json!({})).await.len(), 1);
    assert_eq!(create(&house, &second, &heir).await, "ok");
    assert_eq!(house.ask("Encrypt", &encrypt(&second)).await.ok()["KeyId"], heir.arn.as_str());
    assert_eq!(house.ask("Encrypt", &encrypt("alias/spared")).await.said(), "ok");
    let of_the_key = |path: &KeyPath| path.segment_text(4).as_deref() == Some(&*key.id);
    let left = house.rows("kms").await.iter().filter(|row| of_the_key(&row.path)).count();
    assert_eq!(left, 1, "its tombstone");
}

#[tokio::test]
async fn no_alias_outlives_a_key_that_goes_at_the_same_time() {
    let house = House::new().await;
    let (key, other, call) = (world::symmetric(&house).await, world::symmetric(&house).await, house.call(OWNER).await);
    create(&house, "alias/other", &other).await;
    create(&house, "alias/leaves", &key).await;
    let late = house.kms.create_alias(&call, &input("alias/late", &key)).await;
    let to = |name: &str, key: &Key| UpdateAliasInput { alias_name: name.to_owned(), target_key_id: key.id.clone() };
    let joins = house.kms.update_alias(&call, &to("alias/other", &key)).await;
    let leaves = house.kms.update_alias(&call, &to("alias/leaves", &other)).await;
    let goes = house.kms.delete_alias(&call, &DeleteAliasInput { alias_name: "alias/leaves".to_owned() }).await;
    destroy(&house, &key).await;
    assert!(matches!(release(&house, late).await, Released::Conflict));
    for effect in [joins, leaves] {
        assert!(matches!(release(&house, effect).await, Released::Conflict));
    }
    assert!(matches!(release(&house, goes).await, Released::Conflict));
    assert_eq!(own(&house, &json!({})).await.len(), 1);
}

/// A key without a list of aliases has only its own row to hold on to.
#[tokio::test]
async fn no_first_alias_is_made_for_a_key_that_goes_at_the_same_time() {
    for destroyed in [false, true] {
        let house = House::new().await;
        let (key, call) = (world::symmetric(&house).await, house.call(OWNER).await);
        let late = house.kms.create_alias(&call, &input("alias/late", &key)).await;
        house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
        if destroyed {
            house.clock.advance(WEEK);
            assert_eq!(house.run_due().await, 1);
        }
        assert!(matches!(release(&house, late).await, Released::Conflict));
        assert!(own(&house, &json!({})).await.is_empty());
    }
}

#[tokio::test]
async fn a_key_goes_only_with_all_the_aliases_that_it_has() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    create(&house, "alias/app", &key).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(WEEK);
    let jobs = house.kms.due(sealroom_foundation::ports::Clock::service(&*house.clock)).await.unwrap();
    assert_eq!(delete(&house, "alias/app").await, "ok");
    for job in jobs {
        assert!(
            matches!(release(&house, job).await, Released::Conflict),
            "the list that was read isn't the key's any more"
        );
    }
    assert_eq!(house.run_due().await, 1);
    assert_eq!(house.rows("kms").await.len(), 1, "its tombstone");
}

/// The list is neither read nor looked for when a key is used: were it, these rows would be found damaged.
#[tokio::test]
async fn who_uses_a_key_never_reads_the_list_of_its_aliases() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    crowd(&house, &key, 2).await;
    let list = KeyPath::build("kms").text(OWNER).text(HERE).text("named").text(&key.id);
    assert!(house.row(list.clone()).await.is_some());
    house.commit(Batch::default().put(list, b"{}".to_vec())).await;
    let room = house.second_room();
    for name in [&key.id, &key.arn, &format!("alias/of-{}/00", key.id)] {
        for operation in ["Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey"] {
            let request = world::request(operation, &key, name, &key);
            assert_eq!(house.ask_room(&room, operation, &request).await.said(), "ok", "{operation} {name}");
        }
    }
    let refused = house.ask("ListAliases", &json!({"KeyId": key.id})).await.said();
    assert!(refused.starts_with("InternalFailure"), "{refused}");
}
