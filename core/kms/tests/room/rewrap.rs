//! Tokens under a new domain key: all of them, also while others change the keys, and each key works as before.

use sealroom_kms::{Kms, Proof, Proved};
use sealroom_store::{KeyPath, Row};
use serde_json::json;

use crate::house::{HERE, House, THERE, hsm, rotate_domain};
use crate::multi_region::{catch_up, family, promote};
use crate::world::{self, PLAINTEXT};

const DAY: i64 = 86_400;

async fn proved(house: &House) -> Proved {
    let mut proof = Proof::new(hsm());
    for Row { path, value, .. } in house.rows("kms").await {
        proof.row(&path, &value).unwrap();
    }
    proof.proved().unwrap()
}

/// Turns all pages; how many tokens were sealed anew, and on how many pages.
async fn rewrap(kms: &Kms) -> (u64, u32) {
    let (mut after, mut tokens, mut pages): (Option<KeyPath>, u64, u32) = (None, 0, 0);
    loop {
        let page = kms.rewrap(after).await.unwrap();
        tokens += page.tokens;
        pages += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => return (tokens, pages),
        }
    }
}

#[tokio::test]
async fn every_token_is_sealed_anew_and_opens_what_it_opened() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let mut blobs = Vec::new();
    for _ in 0..3 {
        let sealed = house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok();
        blobs.push(sealed["CiphertextBlob"].clone());
        house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
        house.clock.advance(DAY);
        house.run_due().await;
    }
    let signing = world::signing(&house).await;
    // More than a page of keys.
    for _ in 0..210 {
        world::symmetric(&house).await;
    }
    let before = proved(&house).await;
    assert_eq!((before.keys, before.tokens), (212, 4 + 1 + 210));
    let elsewhere = house.second_room();
    rotate_domain();
    assert_eq!(proved(&house).await.older_tokens, before.tokens);
    let (tokens, pages) = rewrap(&house.kms).await;
    assert_eq!(tokens, before.tokens);
    assert!(pages > 1);
    assert_eq!(proved(&house).await, Proved { older_tokens: 0, ..before });
    assert_eq!(rewrap(&house.kms).await.0, 0);
    for room in [&house.kms, &elsewhere] {
        for blob in &blobs {
            let opened = house.ask_room(room, "Decrypt", &json!({"CiphertextBlob": blob})).await.ok();
            assert_eq!(opened["Plaintext"], PLAINTEXT);
        }
        let sign = json!({"KeyId": signing.id, "Message": PLAINTEXT, "SigningAlgorithm": "ECDSA_SHA_256"});
        house.ask_room(room, "Sign", &sign).await.ok();
    }
}

#[tokio::test]
async fn keys_that_change_meanwhile_lose_neither_the_change_nor_the_token() {
    let house = House::new().await;
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.push(world::symmetric(&house).await);
    }
    for round in 0..5 {
        rotate_domain();
        let described = async {
            for key in &keys {
                let text = json!({"KeyId": key.id, "Description": format!("round {round}")});
                house.ask("UpdateKeyDescription", &text).await.ok();
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(described, rewrap(&house.kms), rewrap(&house.kms));
        rewrap(&house.kms).await;
        assert_eq!(proved(&house).await.older_tokens, 0);
        for key in &keys {
            let shown = house.ask("DescribeKey", &json!({"KeyId": key.id})).await.ok();
            assert_eq!(shown["KeyMetadata"]["Description"], format!("round {round}"));
        }
    }
}

/// The older pieces of related keys lie under the first of them, which is destroyed here.
#[tokio::test]
async fn pieces_that_related_keys_have_in_common_outlive_the_key_they_lie_under() {
    let house = House::new().await;
    let key = family(&house, &[THERE]).await;
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok();
    catch_up(&house).await;
    assert_eq!(promote(&house, HERE, &key, THERE).await, "ok");
    catch_up(&house).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    house.clock.advance(7 * DAY);
    catch_up(&house).await;
    let before = proved(&house).await;
    assert_eq!((before.keys, before.tokens), (1, 2));
    rotate_domain();
    assert_eq!(rewrap(&house.kms).await.0, 2);
    assert_eq!(proved(&house).await, Proved { older_tokens: 0, ..before });
    let opened = house.ask_at(THERE, "Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
    assert_eq!(opened["Plaintext"], PLAINTEXT);
}
