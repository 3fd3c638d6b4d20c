//! Of two things that are wrong, which is told (corrections, table 9): schema, alias form, resolution, authorization,
//! state, usage, algorithm, then size, digest and cryptography, and the dry run's answer last.

use serde_json::{Value, json};

use crate::house::{House, OTHER, OWNER};
use crate::table::{expect, report};
use crate::world::{self, Key, PLAINTEXT, hidden, policy};

const UNKNOWN: &str = "134f2428-cec1-4b25-a1ae-9048164dba47";
const DRY_RUN: &str = "DryRunOperationException The request would have succeeded, but the DryRun option is set.";

struct World {
    house: House,
    enabled: Key,
    disabled: Key,
    /// Disabled, and its policy gives its owner nothing.
    closed: Key,
    rsa: Key,
    disabled_mac: Key,
    mac: Key,
    signing: Key,
}

async fn world() -> World {
    let house = House::new().await;
    let enabled = world::symmetric(&house).await;
    let disabled = world::symmetric(&house).await;
    let closed = world::symmetric(&house).await;
    let rsa = world::make(&house, OWNER, &json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"})).await;
    let mac = json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"});
    let (disabled_mac, mac) = (world::make(&house, OWNER, &mac).await, world::make(&house, OWNER, &mac).await);
    let signing = world::signing(&house).await;
    for key in [&disabled, &closed, &disabled_mac] {
        house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    }
    house.set_policy(&closed.id, &policy(&[OTHER], &["kms:PutKeyPolicy"])).await;
    World { house, enabled, disabled, closed, rsa, disabled_mac, mac, signing }
}

/// What is asked, and what is told of the two things that are wrong with it.
type Case = (&'static str, &'static str, Value, String);

impl World {
    async fn check(&self, cases: Vec<Case>) {
        let mut faults = Vec::new();
        for (name, operation, request, expected) in cases {
            let said = self.house.ask(operation, &request).await.said();
            expect(&mut faults, &format!("{name}: {operation} {request}"), &expected, &said);
        }
        report(&faults);
    }

    fn denied(&self, action: &str) -> String {
        format!(
            "AccessDeniedException User: arn:aws:iam::{OWNER}:root is not authorized to perform: {action} on resource: {} \
             because no resource-based policy allows the {action} action",
            self.closed.arn
        )
    }
}

fn plain(key: &str, algorithm: &str) -> Value {
    json!({"KeyId": key, "Plaintext": PLAINTEXT, "EncryptionAlgorithm": algorithm})
}

#[tokio::test]
async fn the_form_of_a_request_comes_before_its_key_and_the_key_before_the_rest() {
    let world = world().await;
    let not_found = format!("NotFoundException Key 'arn:aws:kms:us-east-1:{OWNER}:key/{UNKNOWN}' does not exist");
    let alias_form = "InvalidArnException Key Aliases are not supported for this operation.".to_owned();
    let other_arn = format!("arn:aws:kms:us-east-1:{OTHER}:key/{UNKNOWN}");
    let cases = vec![
        (
            "schema before resolution",
            "Sign",
            json!({"KeyId": UNKNOWN, "Message": "", "SigningAlgorithm": "ECDSA_SHA_256"}),
            "ValidationException 1 validation error detected: Value at 'message' failed to satisfy constraint: Member must \
             have length greater than or equal to 1"
                .to_owned(),
        ),
        (
            "alias form before Region",
            "DisableKey",
            json!({"KeyId": format!("arn:aws:kms:us-west-2:{OWNER}:alias/x")}),
            alias_form.clone(),
        ),
        (
            "alias form before account",
            "EnableKey",
            json!({"KeyId": format!("arn:aws:kms:us-east-1:{OTHER}:alias/x")}),
            alias_form,
        ),
        ("Region before account", "DisableKey", json!({"KeyId": other_arn.replace("us-east-1", "us-west-2")}), "NotFoundException Invalid arn us-west-2".to_owned()),
        ("account before existence", "DisableKey", json!({"KeyId": other_arn}), hidden(OWNER, "kms:DisableKey")),
        (
            "resolution before grant tokens",
            "Encrypt",
            json!({"KeyId": UNKNOWN, "Plaintext": PLAINTEXT, "GrantTokens": ["x"]}),
            not_found.clone(),
        ),
        ("resolution before window", "ScheduleKeyDeletion", json!({"KeyId": UNKNOWN, "PendingWindowInDays": 31}), not_found),
    ];
    world.check(cases).await;
}

#[tokio::test]
async fn authorization_comes_before_state_and_state_before_the_rest() {
    let world = world().await;
    let World { disabled, closed, disabled_mac, .. } = &world;
    let denied = |action: &str| world.denied(action);
    let no_context = json!({"k": ""});
    let off = |key: &Key| format!("DisabledException {} is disabled.", key.arn);
    let cases = vec![
        ("authorization before state", "Encrypt", plain(&closed.id, "SYMMETRIC_DEFAULT"), denied("kms:Encrypt")),
        ("authorization before state", "DisableKey", json!({"KeyId": closed.id}), denied("kms:DisableKey")),
        ("authorization before algorithm", "Encrypt", plain(&closed.id, "RSAES_OAEP_SHA_1"), denied("kms:Encrypt")),
        (
            "authorization before window",
            "ScheduleKeyDeletion",
            json!({"KeyId": closed.id, "PendingWindowInDays": 31}),
            denied("kms:ScheduleKeyDeletion"),
        ),
        (
            "authorization before ciphertext",
            "Decrypt",
            json!({"KeyId": closed.id, "CiphertextBlob": PLAINTEXT}),
            denied("kms:Decrypt"),
        ),
        ("state before usage", "Encrypt", plain(&disabled_mac.id, "SYMMETRIC_DEFAULT"), off(disabled_mac)),
        ("state before algorithm", "Encrypt", plain(&disabled.id, "RSAES_OAEP_SHA_1"), off(disabled)),
        (
            "state before context",
            "Encrypt",
            json!({"KeyId": disabled.id, "Plaintext": PLAINTEXT, "EncryptionContext": no_context}),
            off(disabled),
        ),
        (
            "state before ciphertext",
            "Decrypt",
            json!({"KeyId": disabled.id, "CiphertextBlob": PLAINTEXT}),
            off(disabled),
        ),
        (
            "the source's state before the destination's",
            "ReEncrypt",
            json!({"CiphertextBlob": disabled.ciphertext, "DestinationKeyId": disabled_mac.id}),
            off(disabled),
        ),
    ];
    world.check(cases).await;
}

#[tokio::test]
async fn usage_comes_before_algorithm_and_a_dry_run_says_so_last() {
    let world = world().await;
    let World { enabled, closed, rsa, mac, signing, .. } = &world;
    let denied = |action: &str| world.denied(action);
    let long = base64_simd::STANDARD.encode_to_string(vec![b'p'; 300]);
    let usage = |key: &Key, operation: &str| {
        format!("InvalidKeyUsageException {} key usage is {} which is not valid for {operation}.", key.arn, key.usage)
    };
    let algorithm = |name: &str, spec: &str| {
        format!("InvalidKeyUsageException Algorithm {name} is incompatible with key spec {spec}.")
    };
    let no_context_here = "ValidationException EncryptionContext is not supported when encrypting/decrypting with \
                           asymmetric CMKs."
        .to_owned();
    let rsa_length =
        "ValidationException Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger \
                      than 190 bytes."
            .to_owned();
    let rsa_long = |context: Value, dry: bool| {
        json!({
            "KeyId": rsa.id, "Plaintext": long, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
            "EncryptionContext": context, "DryRun": dry,
        })
    };
    let cases = vec![
        ("usage before algorithm", "Encrypt", plain(&mac.id, "RSAES_OAEP_SHA_1"), usage(mac, "Encrypt")),
        (
            "usage before message type",
            "Sign",
            json!({"KeyId": mac.id, "Message": PLAINTEXT, "MessageType": "EXTERNAL_MU", "SigningAlgorithm": "ECDSA_SHA_256"}),
            usage(mac, "Sign"),
        ),
        (
            "algorithm before digest",
            "Sign",
            json!({"KeyId": signing.id, "Message": PLAINTEXT, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_384"}),
            algorithm("ECDSA_SHA_384", "ECC_NIST_P256"),
        ),
        (
            "algorithm before size",
            "Encrypt",
            json!({"KeyId": rsa.id, "Plaintext": long}),
            algorithm("SYMMETRIC_DEFAULT", "RSA_2048"),
        ),
        ("context before size", "Encrypt", rsa_long(json!({"k": "v"}), false), no_context_here),
        ("an empty context is none", "Encrypt", rsa_long(json!({}), false), rsa_length.clone()),
        ("size before dry run", "Encrypt", rsa_long(Value::Null, true), rsa_length),
        (
            "ciphertext before dry run",
            "Decrypt",
            json!({"KeyId": enabled.id, "CiphertextBlob": PLAINTEXT, "DryRun": true}),
            "InvalidCiphertextException".to_owned(),
        ),
        (
            "signature before dry run",
            "Verify",
            json!({
                "KeyId": signing.id, "Message": PLAINTEXT, "Signature": PLAINTEXT, "SigningAlgorithm": "ECDSA_SHA_256",
                "DryRun": true,
            }),
            "KMSInvalidSignatureException".to_owned(),
        ),
        (
            "authorization before dry run",
            "GenerateDataKey",
            json!({"KeyId": closed.id, "KeySpec": "AES_256", "DryRun": true}),
            denied("kms:GenerateDataKey"),
        ),
    ];
    world.check(cases).await;
}

/// Every operation that takes `DryRun` says so when all was well, and answers nothing else.
#[tokio::test]
async fn a_dry_run_never_succeeds() {
    let World { house, enabled, disabled, signing, closed, .. } = world().await;
    let closed_text = format!(
        "AccessDeniedException User: arn:aws:iam::{OWNER}:root is not authorized to perform: kms:Decrypt on resource: {} \
         because no resource-based policy allows the kms:Decrypt action",
        closed.arn
    );
    let rows =
        ["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "Sign", "Verify"];
    let mut faults = Vec::new();
    for row in rows {
        let key = if matches!(row, "Sign" | "Verify") { &signing } else { &enabled };
        let mut request = world::request(row, key, &key.id, &enabled);
        request["DryRun"] = json!(true);
        let said = house.ask(world::operation_of(row), &request).await.said();
        expect(&mut faults, row, DRY_RUN, &said);
        request["DryRun"] = json!(false);
        expect(&mut faults, row, "ok", &house.ask(world::operation_of(row), &request).await.said());
    }
    let ignore = json!(["IGNORE_CIPHERTEXT"]);
    let off = format!("DisabledException {} is disabled.", disabled.arn);
    for (operation, request, expected) in [
        ("Decrypt", json!({"KeyId": enabled.id, "DryRun": true, "DryRunModifiers": ignore}), DRY_RUN),
        ("Decrypt", json!({"KeyId": disabled.id, "DryRun": true, "DryRunModifiers": ignore}), &off),
        ("Decrypt", json!({"KeyId": closed.id, "DryRun": true, "DryRunModifiers": ignore}), &closed_text),
        ("Decrypt", json!({"DryRun": true, "DryRunModifiers": ignore}), "ValidationException KeyId must not be null"),
        (
            "Decrypt",
            json!({"KeyId": enabled.id, "DryRunModifiers": ignore}),
            "ValidationException DryRunModifiers can only be used when DryRun is set.",
        ),
        (
            "Decrypt",
            json!({"KeyId": enabled.id, "DryRun": true}),
            "ValidationException 1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: \
             Member must not be null",
        ),
        (
            "ReEncrypt",
            json!({"SourceKeyId": enabled.id, "DestinationKeyId": enabled.id, "DryRun": true, "DryRunModifiers": ignore}),
            DRY_RUN,
        ),
        (
            "ReEncrypt",
            json!({"SourceKeyId": enabled.id, "DestinationKeyId": disabled.id, "DryRun": true, "DryRunModifiers": ignore}),
            &off,
        ),
        (
            "ReEncrypt",
            json!({"DestinationKeyId": enabled.id, "DryRun": true, "DryRunModifiers": ignore}),
            "ValidationException SourceKeyId must not be null",
        ),
    ] {
        let said = house.ask(operation, &request).await.said();
        expect(&mut faults, &request.to_string(), expected, &said);
    }
    report(&faults);
}

/// No grant has been made, so none of their tokens is good; none at all is no token.
#[tokio::test]
async fn no_grant_token_is_good_and_eleven_are_too_many() {
    let World { house, enabled, signing, .. } = world().await;
    let too_many = "ValidationException 1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: \
                    Member must have length less than or equal to 10";
    let rows = [
        "Decrypt",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "Sign",
        "Verify",
    ];
    let mut faults = Vec::new();
    for row in rows {
        let key = if matches!(row, "Sign" | "Verify") { &signing } else { &enabled };
        for (tokens, expected) in [
            (json!([]), "ok"),
            (json!(vec!["token"; 10]), "InvalidGrantTokenException"),
            (json!(["x".repeat(8192)]), "InvalidGrantTokenException"),
        ] {
            let mut request = world::request(row, key, &key.id, &enabled);
            request["GrantTokens"] = tokens;
            let said = house.ask(world::operation_of(row), &request).await.said();
            expect(&mut faults, row, expected, &said);
        }
        let mut request = world::request(row, key, &key.id, &enabled);
        request["GrantTokens"] = json!(vec!["token"; 11]);
        let said = house.ask(world::operation_of(row), &request).await.said();
        let shortened = said
            .replace("Value '[token, token, token, token, token, token, token, token, token, token, token]'", "Value");
        expect(&mut faults, row, too_many, &shortened);
    }
    report(&faults);
}
