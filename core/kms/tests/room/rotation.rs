//! Rotation, by its period and on demand: what it shows, when it happens, and that everything ever encrypted opens.

use sealroom_api::Compat;
use sealroom_identity::Service;
use sealroom_kms::ManagedKey;
use serde_json::{Value, json};

use crate::house::{Answer, House, OTHER, OWNER, key_path};
use crate::table::{expect, report};
use crate::world::{self, Key, PLAINTEXT, policy};

const DAY: i64 = 86_400;

async fn status(house: &House, key: &Key) -> Value {
    let mut shown = house.ask("GetKeyRotationStatus", &json!({"KeyId": key.id})).await.ok();
    for date in ["NextRotationDate", "OnDemandRotationStartDate"] {
        if let Some(date) = shown.get_mut(date) {
            *date = json!(date.as_f64().unwrap());
        }
    }
    shown
}

fn off(key: &Key) -> Value {
    json!({"KeyId": key.arn, "KeyRotationEnabled": false})
}

fn on(key: &Key, period: u32, next_day: i64) -> Value {
    json!({
        "KeyId": key.arn,
        "KeyRotationEnabled": true,
        "RotationPeriodInDays": period,
        "NextRotationDate": (next_day * DAY) as f64,
    })
}

async fn enable(house: &House, key: &Key, period: Option<u32>) -> String {
    let request = match period {
        None => json!({"KeyId": key.id}),
        Some(period) => json!({"KeyId": key.id, "RotationPeriodInDays": period}),
    };
    house.ask("EnableKeyRotation", &request).await.said()
}

async fn all(house: &House, key: &Key) -> Vec<Value> {
    let request = json!({"KeyId": key.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL", "Limit": 1000});
    let page = house.ask("ListKeyRotations", &request).await.ok();
    assert_eq!(page["Truncated"], false);
    page["Rotations"].as_array().unwrap().clone()
}

async fn current(house: &House, key: &Key) -> String {
    let shown = house.ask("DescribeKey", &json!({"KeyId": key.id})).await.ok();
    shown["KeyMetadata"]["CurrentKeyMaterialId"].as_str().unwrap().to_owned()
}

async fn rotate(house: &House, key: &Key) -> String {
    house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.said()
}

/// Until nothing is due, as the server does it.
async fn catch_up(house: &House) -> usize {
    let mut done = 0;
    loop {
        match house.run_due().await {
            0 => return done,
            more => done += more,
        }
    }
}

#[tokio::test]
async fn a_period_is_kept_changed_and_forgotten_as_aws_does() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    assert_eq!(status(&house, &key).await, off(&key));
    assert_eq!(enable(&house, &key, None).await, "ok");
    assert_eq!(status(&house, &key).await, on(&key, 365, 365));
    house.clock.advance(DAY);
    // The same again, or none, changes nothing; another one begins anew.
    for period in [None, Some(365)] {
        assert_eq!(enable(&house, &key, period).await, "ok");
        assert_eq!(status(&house, &key).await, on(&key, 365, 365));
    }
    assert_eq!(enable(&house, &key, Some(90)).await, "ok");
    assert_eq!(status(&house, &key).await, on(&key, 90, 91));
    house.clock.advance(DAY);
    assert_eq!(enable(&house, &key, None).await, "ok");
    assert_eq!(status(&house, &key).await, on(&key, 90, 91));
    for _ in 0..2 {
        assert_eq!(house.ask("DisableKeyRotation", &json!({"KeyId": key.arn})).await.said(), "ok");
        assert_eq!(status(&house, &key).await, off(&key));
    }
    assert_eq!(enable(&house, &key, None).await, "ok");
    assert_eq!(status(&house, &key).await, on(&key, 365, 367));
}

#[tokio::test]
async fn a_period_is_90_to_2560_days() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    for (period, text) in [(89, "greater than or equal to 90"), (2561, "less than or equal to 2560")] {
        let expected = format!(
            "ValidationException 1 validation error detected: Value '{period}' at 'rotationPeriodInDays' failed to satisfy \
             constraint: Member must have value {text}"
        );
        assert_eq!(enable(&house, &key, Some(period)).await, expected);
    }
    for period in [90, 2560] {
        assert_eq!(enable(&house, &key, Some(period)).await, "ok");
        assert_eq!(status(&house, &key).await, on(&key, period, period.into()));
    }
}

#[tokio::test]
async fn a_key_rotates_when_its_period_ends_and_opens_what_it_made_before() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let first = current(&house, &key).await;
    enable(&house, &key, Some(90)).await;
    house.clock.advance(90 * DAY - 1);
    assert_eq!(catch_up(&house).await, 0);
    house.clock.advance(1);
    assert_eq!(catch_up(&house).await, 1);
    let second = current(&house, &key).await;
    assert_ne!(first, second);
    assert_eq!(status(&house, &key).await, on(&key, 90, 180));
    let opened = house.ask("Decrypt", &json!({"CiphertextBlob": key.ciphertext})).await.ok();
    assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(first)));
    let data_key = house.ask("GenerateDataKey", &json!({"KeyId": key.id, "KeySpec": "AES_256"})).await.ok();
    assert_eq!(data_key["KeyMaterialId"], second.as_str());
    let again = json!({"CiphertextBlob": key.ciphertext, "DestinationKeyId": key.id});
    let again = house.ask("ReEncrypt", &again).await.ok();
    assert_eq!(again["SourceKeyMaterialId"], first.as_str());
    assert_eq!(again["DestinationKeyMaterialId"], second.as_str());
    let opened = house.ask("Decrypt", &json!({"CiphertextBlob": again["CiphertextBlob"]})).await.ok();
    assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(second)));
}

#[tokio::test]
async fn what_was_missed_is_caught_up_one_by_one_on_its_dates() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    enable(&house, &key, Some(100)).await;
    house.clock.advance(350 * DAY);
    assert_eq!(catch_up(&house).await, 3);
    let dates: Vec<f64> = all(&house, &key).await.iter().filter_map(|entry| entry["RotationDate"].as_f64()).collect();
    assert_eq!(dates, [100, 200, 300].map(|day| (day * DAY) as f64));
    assert_eq!(status(&house, &key).await, on(&key, 100, 400));
}

#[tokio::test]
async fn a_key_that_is_off_rotates_once_when_it_is_on_again() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    enable(&house, &key, Some(100)).await;
    house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(status(&house, &key).await, on(&key, 100, 100));
    house.clock.advance(350 * DAY);
    assert_eq!(catch_up(&house).await, 0);
    assert_eq!(status(&house, &key).await, on(&key, 100, 100));
    house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(status(&house, &key).await, on(&key, 100, 450));
    // Off and on before its time changes nothing.
    house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    house.clock.advance(DAY);
    house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(status(&house, &key).await, on(&key, 100, 450));
    assert_eq!(catch_up(&house).await, 0);
}

#[tokio::test]
async fn a_key_that_is_to_be_deleted_shows_no_rotation_and_has_it_back_when_it_is_not() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    enable(&house, &key, Some(90)).await;
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 30})).await.ok();
    assert_eq!(status(&house, &key).await, off(&key));
    house.clock.advance(29 * DAY);
    house.ask("CancelKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(status(&house, &key).await, on(&key, 90, 90));
    house.clock.advance(100 * DAY);
    assert_eq!(catch_up(&house).await, 0, "it is disabled");
    house.ask("EnableKey", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(catch_up(&house).await, 1);
}

#[tokio::test]
async fn a_rotation_on_demand_begins_at_once_and_ends_when_it_is_due() {
    let house = House::with(Compat::Aws).await;
    let key = world::symmetric(&house).await;
    let first = current(&house, &key).await;
    house.clock.advance(5);
    assert_eq!(house.ask("RotateKeyOnDemand", &json!({"KeyId": key.id})).await.ok(), json!({"KeyId": key.arn}));
    let running = json!({"KeyId": key.arn, "KeyRotationEnabled": false, "OnDemandRotationStartDate": 5.0});
    assert_eq!(status(&house, &key).await, running);
    house.clock.advance(60);
    // Again: the same one.
    assert_eq!(rotate(&house, &key).await, "ok");
    assert_eq!(status(&house, &key).await, running);
    assert_eq!((catch_up(&house).await, current(&house, &key).await), (0, first.clone()));
    // It ends whatever becomes of the key.
    house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id})).await.ok();
    assert_eq!(status(&house, &key).await, running);
    house.clock.advance(60);
    assert_eq!(catch_up(&house).await, 1);
    assert_ne!(current(&house, &key).await, first);
    assert_eq!(status(&house, &key).await, off(&key));
}

#[tokio::test]
async fn a_rotation_on_demand_leaves_the_schedule_as_it_is() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    enable(&house, &key, Some(90)).await;
    house.clock.advance(80 * DAY);
    rotate(&house, &key).await;
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(status(&house, &key).await, on(&key, 90, 90));
    house.clock.advance(10 * DAY - 1200);
    let expected = format!(
        "ConflictException An automatic rotation of {} is in progress or begins within the next 20 minutes.",
        key.arn
    );
    assert_eq!(rotate(&house, &key).await, expected);
    house.clock.advance(-1);
    assert_eq!(rotate(&house, &key).await, "ok");
}

#[tokio::test]
async fn a_key_rotates_on_demand_25_times_where_awss_limits_hold() {
    for (compat, limited) in [(Compat::Aws, true), (Compat::Extended, false)] {
        let house = House::with(compat).await;
        let key = world::symmetric(&house).await;
        for _ in 0..25 {
            assert_eq!(rotate(&house, &key).await, "ok");
            house.clock.advance(120);
            assert_eq!(catch_up(&house).await, 1);
        }
        let expected = if limited {
            format!(
                "LimitExceededException The on-demand rotations limit has been reached for the given keyId. No more \
                 on-demand rotations can be performed for this key: {}",
                key.arn
            )
        } else {
            "ok".to_owned()
        };
        assert_eq!(rotate(&house, &key).await, expected);
        // Its own rotations aren't counted.
        enable(&house, &key, Some(90)).await;
        house.clock.advance(90 * DAY);
        catch_up(&house).await;
        assert_eq!(all(&house, &key).await.len(), if limited { 27 } else { 28 });
    }
}

/// What each kind of key answers: enable, disable, rotate on demand, list, list all, status.
#[tokio::test]
async fn kinds_of_keys_that_do_not_rotate_are_told_so_as_aws_tells_them() {
    let house = House::new().await;
    let all_material = "ValidationException Input parameter includeKeyMaterial can only be used with symmetric keys.";
    let mut faults = Vec::new();
    for (spec, usage) in [
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("ML_DSA_44", "SIGN_VERIFY"),
    ] {
        let key = world::make(&house, OWNER, &json!({"KeySpec": spec, "KeyUsage": usage})).await;
        for (operation, members, expected) in [
            ("EnableKeyRotation", json!({}), "UnsupportedOperationException"),
            ("EnableKeyRotation", json!({"RotationPeriodInDays": 90}), "UnsupportedOperationException"),
            ("RotateKeyOnDemand", json!({}), "UnsupportedOperationException"),
            ("DisableKeyRotation", json!({}), "ok"),
            ("GetKeyRotationStatus", json!({}), "ok"),
            ("ListKeyRotations", json!({}), "ok"),
            ("ListKeyRotations", json!({"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}), all_material),
            ("ListKeyRotations", json!({"IncludeKeyMaterial": "ROTATIONS_ONLY"}), all_material),
        ] {
            let mut request = members;
            request["KeyId"] = json!(key.arn);
            let answer = house.ask(operation, &request).await;
            expect(&mut faults, &format!("{operation} of {spec}"), expected, &answer.said());
            if let Answer::Ok(members) = answer {
                let told = match operation {
                    "GetKeyRotationStatus" => off(&key),
                    "ListKeyRotations" => json!({"Rotations": [], "Truncated": false}),
                    _ => Value::Null,
                };
                assert_eq!(members, told, "{operation} of {spec}");
            }
        }
    }
    report(&faults);
}

/// A key of origin EXTERNAL in each of its lives: without material, with it, with a piece that waits.
#[tokio::test]
async fn a_key_with_imported_material_rotates_to_what_waits_and_never_by_itself() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({"Origin": "EXTERNAL"})).await;
    let origin =
        format!("UnsupportedOperationException {} origin is EXTERNAL which is not valid for this operation.", key.arn);
    let pending_import = format!("KMSInvalidStateException {} is pending import.", key.arn);
    let nothing =
        format!("KMSInvalidStateException No available key material pending rotation for the key: {}.", key.arn);
    let import = async |byte: u8, members: Value| {
        let wrapped = world::wrap(&house, &key.id, &[byte; 32]).await;
        let mut asked = json!({
            "KeyId": key.id,
            "ImportToken": wrapped.token,
            "EncryptedKeyMaterial": wrapped.material,
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        });
        asked.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        house.ask("ImportKeyMaterial", &asked).await.ok()["KeyMaterialId"].as_str().unwrap().to_owned()
    };
    let by_itself = async || {
        for operation in ["EnableKeyRotation", "DisableKeyRotation"] {
            assert_eq!(house.ask(operation, &json!({"KeyId": key.id})).await.said(), origin, "{operation}");
        }
        assert_eq!(status(&house, &key).await, off(&key));
    };
    let columns = async || {
        let entries = all(&house, &key).await;
        let column = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        let of = |entry: &Value| {
            ["KeyMaterialState", "ImportState", "ExpirationModel", "KeyMaterialDescription", "RotationType"]
                .map(|name| column(entry, name))
                .join(" ")
        };
        entries.iter().map(of).collect::<Vec<_>>()
    };

    by_itself().await;
    assert_eq!(rotate(&house, &key).await, pending_import);
    assert_eq!(columns().await, Vec::<String>::new());
    let first = import(1, json!({"KeyMaterialDescription": "first"})).await;
    by_itself().await;
    assert_eq!(rotate(&house, &key).await, nothing);
    assert_eq!(columns().await, ["CURRENT IMPORTED KEY_MATERIAL_DOES_NOT_EXPIRE first -"]);
    let sealed = house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok();
    let expires = json!({
        "ImportType": "NEW_KEY_MATERIAL", "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": 5 * DAY,
    });
    let second = import(2, expires).await;
    by_itself().await;
    let waits = "PENDING_ROTATION IMPORTED KEY_MATERIAL_EXPIRES - -";
    assert_eq!(columns().await, ["CURRENT IMPORTED KEY_MATERIAL_DOES_NOT_EXPIRE first -", waits]);
    assert_eq!(current(&house, &key).await, first);

    assert_eq!(rotate(&house, &key).await, "ok");
    assert!(status(&house, &key).await["OnDemandRotationStartDate"].is_number());
    house.records().await;
    assert_eq!(catch_up(&house).await, 1);
    let told = house.records().await;
    let details = json!({
        "rotationType": "ON_DEMAND", "keyOrigin": "EXTERNAL", "previousKeyMaterialId": first,
        "currentKeyMaterialId": second, "keyId": key.id,
    });
    assert_eq!(
        (told.len(), &told[0]["eventName"], &told[0]["serviceEventDetails"]),
        (1, &json!("RotateKey"), &details)
    );
    assert_eq!(current(&house, &key).await, second);
    let before = "NON_CURRENT IMPORTED KEY_MATERIAL_DOES_NOT_EXPIRE first -";
    assert_eq!(columns().await, [before, "CURRENT IMPORTED KEY_MATERIAL_EXPIRES - ON_DEMAND"]);
    assert_eq!(rotate(&house, &key).await, nothing);
    let opened = house.ask("Decrypt", &json!({"CiphertextBlob": sealed["CiphertextBlob"]})).await.ok();
    assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(first)));

    // What expires takes itself away when it is due, and no rotation makes new material in its place.
    house.clock.advance(5 * DAY);
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(columns().await, [before, "CURRENT PENDING_IMPORT - - ON_DEMAND"]);
    by_itself().await;
    assert_eq!(rotate(&house, &key).await, pending_import);
    house.clock.advance(3_000 * DAY);
    assert_eq!(catch_up(&house).await, 0);
}

#[tokio::test]
async fn a_replica_rotates_with_its_primary_alone() {
    let house = House::new().await;
    let key = world::make(&house, OWNER, &json!({"MultiRegion": true})).await;
    assert_eq!(enable(&house, &key, None).await, "ok");
    let path = key_path(OWNER, &key.id);
    let row = house.row(path.clone()).await.unwrap();
    let moved = String::from_utf8(row.value).unwrap().replace(r#""primary":"us-east-1""#, r#""primary":"eu-west-1""#);
    house.commit(sealroom_store::Batch::default().put(path, moved.into_bytes())).await;
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"] {
        let expected = format!(
            "UnsupportedOperationException {} is a multi-region replica key which is not valid for {operation}.",
            key.arn
        );
        assert_eq!(house.ask(operation, &json!({"KeyId": key.id})).await.said(), expected);
    }
    assert_eq!(status(&house, &key).await["KeyRotationEnabled"], true);
}

#[tokio::test]
async fn a_managed_key_rotates_each_year_and_does_not_say_so() {
    let house = House::new().await;
    let call = house.call(OWNER).await;
    let name = house.identity().service(Service::S3);
    let ManagedKey::Made(effect) = house.kms.ensure_managed_key(&name, &call).await.unwrap() else { panic!() };
    let released =
        sealroom_foundation::ports::Release::<sealroom_api::ErrorAnswer>::release(&house.journal, *effect).await;
    let sealroom_foundation::ports::Released::Answer(arn) = released else { panic!() };
    let request = json!({"KeyId": arn.to_string()});
    let unseen = json!({"KeyId": arn.to_string(), "KeyRotationEnabled": false});
    assert_eq!(house.ask("GetKeyRotationStatus", &request).await.ok(), unseen);
    let shown = json!({"KeyId": arn.to_string(), "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
    let entries = |answer: Value| answer["Rotations"].as_array().unwrap().len();
    assert_eq!(entries(house.ask("ListKeyRotations", &shown).await.ok()), 1);
    house.clock.advance(365 * DAY);
    assert_eq!(catch_up(&house).await, 1);
    assert_eq!(entries(house.ask("ListKeyRotations", &shown).await.ok()), 2);
    assert_eq!(house.ask("GetKeyRotationStatus", &request).await.ok(), unseen);
}

#[tokio::test]
async fn a_list_tells_the_history_oldest_first_page_by_page() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let first = current(&house, &key).await;
    let never = json!({"Rotations": [], "Truncated": false});
    assert_eq!(house.ask("ListKeyRotations", &json!({"KeyId": key.id})).await.ok(), never);
    let only = json!({"KeyId": key.arn, "KeyMaterialId": first, "KeyMaterialState": "CURRENT"});
    assert_eq!(all(&house, &key).await, [only]);
    let mut ids = vec![first];
    for _ in 0..6 {
        house.clock.advance(10);
        rotate(&house, &key).await;
        catch_up(&house).await;
        ids.push(current(&house, &key).await);
    }
    let entries = all(&house, &key).await;
    for (place, (entry, id)) in entries.iter().zip(&ids).enumerate() {
        let state = if place == 6 { "CURRENT" } else { "NON_CURRENT" };
        let mut expected = json!({"KeyId": key.arn, "KeyMaterialId": id, "KeyMaterialState": state});
        if place > 0 {
            expected["RotationDate"] = entry["RotationDate"].clone();
            assert_eq!(entry["RotationDate"].as_f64(), Some(10.0 * f64::from(u32::try_from(place).unwrap())));
            expected["RotationType"] = json!("ON_DEMAND");
        }
        assert_eq!(*entry, expected);
    }
    for (included, expected) in [("ROTATIONS_ONLY", &ids[1..]), ("ALL_KEY_MATERIAL", &ids[..])] {
        for limit in 1..=8 {
            let (mut found, mut request) =
                (Vec::new(), json!({"KeyId": key.id, "IncludeKeyMaterial": included, "Limit": limit}));
            loop {
                let page = house.ask("ListKeyRotations", &request).await.ok();
                let rotations = page["Rotations"].as_array().unwrap();
                assert!(rotations.len() <= limit);
                found.extend(rotations.iter().map(|entry| entry["KeyMaterialId"].as_str().unwrap().to_owned()));
                assert_eq!(page["Truncated"] == true, page.get("NextMarker").is_some());
                let Some(next) = page.get("NextMarker") else { break };
                request["Marker"] = next.clone();
            }
            assert_eq!(found, expected, "{included} in pages of {limit}");
        }
    }
    // A marker is good for its own list.
    let page = house.ask("ListKeyRotations", &json!({"KeyId": key.id, "Limit": 1})).await.ok();
    let other = world::symmetric(&house).await;
    for request in [
        json!({"KeyId": other.id, "Marker": page["NextMarker"]}),
        json!({"KeyId": key.id, "Marker": page["NextMarker"], "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}),
    ] {
        assert_eq!(house.ask("ListKeyRotations", &request).await.said(), "InvalidMarkerException");
    }
}

#[tokio::test]
async fn another_account_may_be_let_see_whether_a_key_rotates() {
    let house = House::new().await;
    let key = world::make(&house, OTHER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    assert_eq!(status(&house, &Key { id: key.arn.clone(), ..key.clone() }).await, off(&key));
    let said = house.ask("ListKeyRotations", &json!({"KeyId": key.arn})).await.said();
    assert!(said.starts_with("AccessDeniedException"), "{said}");
}

/// A thousand pieces: each opens what it made, from memory, and every one is destroyed with the key.
#[tokio::test]
async fn a_key_that_was_rotated_a_thousand_times_opens_everything_and_goes_whole() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    enable(&house, &key, Some(90)).await;
    let mut blobs = Vec::new();
    for _ in 0..1_000 {
        let sealed = house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok();
        blobs.push((sealed["CiphertextBlob"].clone(), current(&house, &key).await));
        house.clock.advance(90 * DAY);
        assert_eq!(house.run_due().await, 1);
    }
    for (blob, material) in &blobs {
        let opened = house.ask("Decrypt", &json!({"CiphertextBlob": blob})).await.ok();
        assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(material)));
    }
    let rows = house.rows("kms").await.len();
    // The key, its due row, a piece and an entry for each rotation, and the first entry.
    assert_eq!(rows, 1 + 1 + 1_000 + 1_001);
    house.ask("ScheduleKeyDeletion", &json!({"KeyId": key.id, "PendingWindowInDays": 7})).await.ok();
    rotate(&house, &key).await;
    house.clock.advance(7 * DAY);
    assert_eq!(house.run_due().await, 1);
    let rows = house.rows("kms").await;
    assert_eq!(rows.iter().map(|row| row.path.segment_text(3).unwrap()).collect::<Vec<_>>(), ["tombstone"]);
    let tombstone = sealroom_kms::stored::Tombstone::from_bytes(&rows[0].value).unwrap();
    assert_eq!(tombstone.tokens.len(), 1_001);
}

#[tokio::test]
async fn a_rotation_in_one_room_is_seen_in_another() {
    let house = House::new().await;
    let elsewhere = house.second_room();
    let key = world::symmetric(&house).await;
    let describe = json!({"KeyId": key.id});
    let before = house.ask_room(&elsewhere, "DescribeKey", &describe).await.ok();
    rotate(&house, &key).await;
    catch_up(&house).await;
    let after = house.ask_room(&elsewhere, "DescribeKey", &describe).await.ok();
    assert_ne!(before, after);
    let sealed = house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await.ok();
    for blob in [&sealed["CiphertextBlob"], &json!(key.ciphertext)] {
        let opened = house.ask_room(&elsewhere, "Decrypt", &json!({"CiphertextBlob": blob})).await.ok();
        assert_eq!(opened["Plaintext"], PLAINTEXT);
    }
}
