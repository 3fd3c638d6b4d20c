//! AWS managed keys: one for each account and service, used through the service alone, changed by nobody; and the epochs
//! by which services know that what they remember of a key still holds.

use sealroom_api::ErrorAnswer;
use sealroom_foundation::KeyArn;
use sealroom_foundation::ports::{KeyEpochs, Release, Released};
use sealroom_identity::{Call, Service};
use sealroom_kms::ManagedKey;
use serde_json::json;

use crate::authorization::Rights;
use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, report};
use crate::world::{self, PLAINTEXT, hidden};

async fn ensure(house: &House, service: Service, call: &Call) -> KeyArn {
    let name = house.identity().service(service);
    match house.kms.ensure_managed_key(&name, call).await.unwrap() {
        ManagedKey::Known(arn) => arn,
        ManagedKey::Made(effect) => match Release::<ErrorAnswer>::release(&house.journal, *effect).await {
            Released::Answer(arn) => arn,
            other => panic!("{other:?}"),
        },
    }
}

#[tokio::test]
async fn a_managed_key_is_called_as_aws_calls_it() {
    let house = House::new().await;
    let call = house.call(OWNER).await;
    for (service, name, description) in [
        (Service::S3, "s3", "S3 objects"),
        (Service::Sqs, "sqs", "SQS messages"),
        (Service::SecretsManager, "secretsmanager", "Secrets Manager data"),
        (Service::Ec2, "ebs", "EBS volumes"),
        (Service::Rds, "rds", "RDS database volumes"),
        (Service::Redshift, "redshift", "Redshift clusters"),
        (Service::DynamoDb, "dynamodb", "DynamoDB data"),
        (Service::Lambda, "lambda", "Lambda functions"),
    ] {
        let arn = ensure(&house, service, &call).await;
        assert_eq!(ensure(&house, service, &call).await, arn, "made once");
        let shown = house.ask("DescribeKey", &json!({"KeyId": format!("alias/aws/{name}")})).await.ok();
        let metadata = &shown["KeyMetadata"];
        assert_eq!((&metadata["Arn"], &metadata["KeyManager"]), (&json!(arn.to_string()), &json!("AWS")));
        let told = format!("Default key that protects my {description} when no other key is defined");
        assert_eq!(metadata["Description"], told.as_str());
    }
}

#[tokio::test]
async fn a_managed_key_is_used_through_its_service_alone_and_changed_by_nobody() {
    let house = House::new().await;
    let call = house.call(OWNER).await;
    let arn = ensure(&house, Service::S3, &call).await.to_string();
    let data_key = json!({"KeyId": arn, "KeySpec": "AES_256"});
    let made = house.ask_in(&call.through(Service::S3), "GenerateDataKey", &data_key).await.ok();
    let mut faults = Vec::new();
    let mut key = world::symmetric(&house).await;
    key.arn.clone_from(&arn);
    key.ciphertext = made["CiphertextBlob"].as_str().map(str::to_owned);
    let good = world::symmetric(&house).await;
    house.set_alias(OWNER, world::MOVING, &good.id).await;
    for Rights { row, action, .. } in Rights::of_keys() {
        let request = world::request(row, &key, &arn, &good);
        let denied = format!(
            "AccessDeniedException User: arn:aws:iam::{OWNER}:root is not authorized to perform: {action} on resource: {arn} \
             because no resource-based policy allows the {action} action"
        );
        let used = row == "Encrypt" || row == "Decrypt" || row.starts_with("GenerateDataKey");
        // AWS: its policy lets the account see it, take grants on it back, and make them through the service.
        let seen = matches!(row, "DescribeKey" | "GetKeyLastUsage" | "GetKeyPolicy" | "GetKeyRotationStatus")
            || row.starts_with("List");
        let used = used || row == "CreateGrant";
        let no_grant = format!("NotFoundException Grant ID {} not found", "0".repeat(64));
        let origin =
            format!("UnsupportedOperationException {arn} origin is AWS_KMS which is not valid for this operation.");
        let denied = match row {
            // The policy has `kms:Get*`.
            "GetParametersForImport" => origin,
            "RevokeGrant" => no_grant,
            "GetPublicKey" => "UnsupportedOperationException".to_owned(),
            _ => denied,
        };
        let operation = world::operation_of(row);
        let expected = if seen { "ok" } else { &denied };
        expect(&mut faults, &format!("{row} directly"), expected, &house.ask(operation, &request).await.said());
        let elsewhere = call.through(Service::Sqs);
        expect(
            &mut faults,
            &format!("{row} through another"),
            expected,
            &house.ask_in(&elsewhere, operation, &request).await.said(),
        );
        let through = house.ask_in(&call.through(Service::S3), operation, &request).await.said();
        if !row.starts_with("ReEncrypt") {
            let expected = if used || seen { "ok" } else { &denied };
            expect(&mut faults, &format!("{row} through the service"), expected, &through);
        }
    }
    let stranger = house.call(OTHER).await.through(Service::S3);
    let encrypt = json!({"KeyId": arn, "Plaintext": PLAINTEXT});
    let said = house.ask_in(&stranger, "Encrypt", &encrypt).await.said();
    expect(&mut faults, "another account through the service", &hidden(OTHER, "kms:Encrypt"), &said);
    report(&faults);
}

#[tokio::test]
async fn of_two_services_calls_that_need_the_key_at_once_one_makes_it() {
    let house = House::new().await;
    let call = house.call(OWNER).await;
    let name = house.identity().service(Service::S3);
    let mut effects = Vec::new();
    for _ in 0..2 {
        let ManagedKey::Made(effect) = house.kms.ensure_managed_key(&name, &call).await.unwrap() else {
            panic!("known")
        };
        effects.push(*effect);
    }
    let second = Release::<ErrorAnswer>::release(&house.journal, effects.pop().unwrap()).await;
    let first = Release::<ErrorAnswer>::release(&house.journal, effects.pop().unwrap()).await;
    let Released::Answer(arn) = second else { panic!("{second:?}") };
    assert!(matches!(first, Released::Conflict));
    assert_eq!(ensure(&house, Service::S3, &call).await, arn);
    let other = house.call(OTHER).await;
    assert_ne!(ensure(&house, Service::S3, &other).await, arn, "each account has its own");
}

#[tokio::test]
async fn a_keys_epoch_changes_with_the_key() {
    let house = House::new().await;
    let (key, other) = (world::symmetric(&house).await, world::symmetric(&house).await);
    let id = |key: &world::Key| key.id.parse().unwrap();
    let arn = KeyArn { region: "us-east-1".parse().unwrap(), account: OWNER.parse().unwrap(), key: id(&key) };
    let encrypt = json!({"KeyId": key.id, "Plaintext": PLAINTEXT});
    house.ask("Encrypt", &encrypt).await.ok();
    let before = house.kms.epoch(&arn);
    house.ask("DisableKey", &json!({"KeyId": other.id})).await.ok();
    assert_eq!(house.kms.epoch(&arn), before, "another key's change is none of this key's");
    house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    let changed = house.kms.epoch(&arn);
    assert_ne!(changed, before);
    assert!(house.ask("Encrypt", &encrypt).await.said().starts_with("DisabledException"));
    assert_ne!(house.kms.epoch(&arn), before);
}
