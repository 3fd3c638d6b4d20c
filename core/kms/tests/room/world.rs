//! Keys, ciphertexts and signatures to ask about, and the plainest request for each operation.

use serde_json::{Value, json};

use crate::house::{Answer, HERE, House, OTHER, OWNER, THERE, arn};

/// `sealed by the tests`
pub(crate) const PLAINTEXT: &str = "c2VhbGVkIGJ5IHRoZSB0ZXN0cw==";

/// An alias of the owner's that UpdateAlias points elsewhere.
pub(crate) const MOVING: &str = "alias/moving";

/// The alias of `key` that DeleteAlias deletes.
pub(crate) fn alias_of(key: &Key) -> String {
    format!("alias/of-{}", key.id)
}

/// A key with what it has made.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) arn: String,
    /// Of a key that encrypts.
    pub(crate) ciphertext: Option<String>,
    /// Of a key that signs, over [`PLAINTEXT`].
    pub(crate) signature: Option<String>,
    pub(crate) spec: String,
    pub(crate) usage: String,
    /// The public half of a pair, in base64.
    pub(crate) public: Option<String>,
    /// An HMAC of [`PLAINTEXT`] under it, or a secret that was encapsulated for it.
    pub(crate) product: Option<String>,
    /// The id of a grant on it, where one was made.
    pub(crate) grant: Option<String>,
    /// Of a key without material, what would bring it some.
    pub(crate) import: Option<Wrapped>,
}

/// A request for a key of `account`.
pub(crate) async fn make(house: &House, account: &str, request: &Value) -> Key {
    let made = house.ask_as(account, "CreateKey", request).await.ok();
    let text = |name: &str| made["KeyMetadata"][name].as_str().unwrap().to_owned();
    let (id, spec, usage) = (text("KeyId"), text("KeySpec"), text("KeyUsage"));
    assert_eq!(text("Arn"), arn(account, &id));
    let mut key = Key {
        arn: text("Arn"),
        id,
        ciphertext: None,
        signature: None,
        spec,
        usage,
        public: None,
        product: None,
        grant: None,
        import: None,
    };
    if request["Origin"] == "EXTERNAL" {
        // A restrictive policy lets nobody prepare an import.
        key.import = try_wrap(house, account, &key.id, &[7; 32]).await;
        return key;
    }
    match key.usage.as_str() {
        "ENCRYPT_DECRYPT" => {
            let mut request = json!({"KeyId": key.id, "Plaintext": PLAINTEXT});
            match key.spec.as_str() {
                "SYMMETRIC_DEFAULT" => {}
                "SM2" => request["EncryptionAlgorithm"] = "SM2PKE".into(),
                _ => request["EncryptionAlgorithm"] = "RSAES_OAEP_SHA_256".into(),
            }
            key.ciphertext = text_of(&house.ask_as(account, "Encrypt", &request).await, "CiphertextBlob");
        }
        "SIGN_VERIFY" => {
            let algorithm = signing_algorithm(&key.spec);
            let request = json!({"KeyId": key.id, "Message": PLAINTEXT, "SigningAlgorithm": algorithm});
            key.signature = text_of(&house.ask_as(account, "Sign", &request).await, "Signature");
        }
        "GENERATE_VERIFY_MAC" => {
            let request = json!({"KeyId": key.id, "Message": PLAINTEXT, "MacAlgorithm": mac_algorithm(&key.spec)});
            key.product = text_of(&house.ask_as(account, "GenerateMac", &request).await, "Mac");
        }
        "ENCAPSULATE_DECAPSULATE" => {
            let request = json!({"KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM"});
            let made = house.ask_as(account, "Encapsulate", &request).await;
            key.product = text_of(&made, "SharedSecretCiphertextBlob");
        }
        _ => {}
    }
    if key.usage == "KEY_AGREEMENT" {
        let request = json!({"KeyId": key.id});
        key.public = text_of(&house.ask_as(account, "GetPublicKey", &request).await, "PublicKey");
    }
    key
}

/// Key material on its way in, in base64.
#[derive(Debug, Clone)]
pub(crate) struct Wrapped {
    pub(crate) token: String,
    pub(crate) material: String,
}

/// Wraps `bytes` for the owner's key with this id. Under SM2, whose pairs are made soonest.
pub(crate) async fn wrap(house: &House, id: &str, bytes: &[u8]) -> Wrapped {
    wrap_at(house, HERE, id, bytes).await
}

/// The same for the key in this Region.
pub(crate) async fn wrap_at(house: &House, region: &str, id: &str, bytes: &[u8]) -> Wrapped {
    let request = json!({"KeyId": id, "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2"});
    let prepared = house.ask_at(region, "GetParametersForImport", &request).await;
    wrapped(&prepared, bytes).unwrap()
}

async fn try_wrap(house: &House, account: &str, id: &str, bytes: &[u8]) -> Option<Wrapped> {
    let request = json!({"KeyId": id, "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2"});
    wrapped(&house.ask_as(account, "GetParametersForImport", &request).await, bytes)
}

fn wrapped(prepared: &Answer, bytes: &[u8]) -> Option<Wrapped> {
    let public = base64_simd::STANDARD.decode_to_vec(text_of(prepared, "PublicKey")?).unwrap();
    let wrapped = sealroom_crypto::sm2::encrypt(&public, bytes).unwrap();
    let material = base64_simd::STANDARD.encode_to_string(wrapped);
    Some(Wrapped { token: text_of(prepared, "ImportToken")?, material })
}

/// Makes a replica of a multi-Region key of `account` in [`THERE`], and lets it settle.
pub(crate) async fn replicate(house: &House, account: &str, key: &Key) {
    house.ask_as(account, "ReplicateKey", &json!({"KeyId": key.id, "ReplicaRegion": THERE})).await.ok();
    assert!(house.run_due().await >= 1);
}

/// The kind of key that the plainest request of a row is about.
pub(crate) fn kind_of(row: &str) -> Value {
    match row {
        "GetPublicKey" | "Sign" | "Verify" => json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
        "GenerateMac" | "VerifyMac" => json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}),
        "DeriveSharedSecret" => json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}),
        "ReplicateKey" | "UpdatePrimaryRegion" => json!({"MultiRegion": true}),
        "Encapsulate" | "Decapsulate" => json!({"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}),
        "DeleteImportedKeyMaterial" | "GetParametersForImport" | "ImportKeyMaterial" => json!({"Origin": "EXTERNAL"}),
        _ => json!({}),
    }
}

/// The algorithm of an HMAC key.
pub(crate) fn mac_algorithm(spec: &str) -> String {
    spec.replace("HMAC_", "HMAC_SHA_")
}

/// A member of a success; `None` when the caller was refused, which a restrictive policy does.
fn text_of(answer: &Answer, name: &str) -> Option<String> {
    match answer {
        Answer::Ok(members) => members[name].as_str().map(str::to_owned),
        Answer::Refused { .. } => None,
    }
}

/// The ARN of an account's root.
pub(crate) fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// The id of no grant.
pub(crate) const NO_GRANT: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Gives the other account's root a grant on the key, made by `account`.
pub(crate) async fn grant(house: &House, account: &str, key: &mut Key) {
    let request = json!({"KeyId": key.arn, "GranteePrincipal": root(OTHER), "Operations": ["DescribeKey"]});
    let made = house.ask_as(account, "CreateGrant", &request).await.ok();
    key.grant = made["GrantId"].as_str().map(str::to_owned);
}

/// A symmetric key of the owner's.
pub(crate) async fn symmetric(house: &House) -> Key {
    make(house, OWNER, &json!({})).await
}

/// A key of the owner's that signs.
pub(crate) async fn signing(house: &House) -> Key {
    make(house, OWNER, &json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})).await
}

/// A symmetric key of the other account, whose policy admits nobody else.
pub(crate) async fn foreign(house: &House) -> Key {
    make(house, OTHER, &json!({})).await
}

/// The algorithm that a spec signs with when nobody asks for another.
pub(crate) fn signing_algorithm(spec: &str) -> &'static str {
    match spec {
        "ECC_NIST_P256" | "ECC_SECG_P256K1" => "ECDSA_SHA_256",
        "ECC_NIST_P384" => "ECDSA_SHA_384",
        "ECC_NIST_P521" => "ECDSA_SHA_512",
        "ECC_NIST_EDWARDS25519" => "ED25519_SHA_512",
        "SM2" => "SM2DSA",
        "ML_DSA_44" | "ML_DSA_65" | "ML_DSA_87" => "ML_DSA_SHAKE_256",
        _ => "RSASSA_PSS_SHA_256",
    }
}

/// A key policy that lets the roots of `accounts` do `actions`.
pub(crate) fn policy(accounts: &[&str], actions: &[&str]) -> String {
    let principals: Vec<String> = accounts.iter().map(|account| root(account)).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": principals}, "Action": actions, "Resource": "*"}],
    })
    .to_string()
}

/// The rows of the tables that ask for ReEncrypt look at one of its keys each.
pub(crate) fn operation_of(row: &str) -> &str {
    match row {
        "ReEncryptFrom" | "ReEncryptTo" => "ReEncrypt",
        operation => operation,
    }
}

/// The plainest request of a row about `key`, named as `name` says. `good` is another symmetric key, for the other side
/// of a ReEncrypt.
pub(crate) fn request(row: &str, key: &Key, name: &str, good: &Key) -> Value {
    let ciphertext = key.ciphertext.as_deref().or(good.ciphertext.as_deref());
    let algorithm = signing_algorithm(&key.spec);
    match row {
        "CreateKey" | "DescribeCustomKeyStores" | "ListAliases" | "ListKeys" => json!({}),
        "CreateGrant" => json!({"KeyId": name, "GranteePrincipal": root(OTHER), "Operations": ["DescribeKey"]}),
        "ListGrants" => json!({"KeyId": name}),
        "ListRetirableGrants" => json!({"RetiringPrincipal": root(OWNER)}),
        "RetireGrant" | "RevokeGrant" => {
            json!({"KeyId": name, "GrantId": key.grant.as_deref().unwrap_or(NO_GRANT)})
        }
        "CancelKeyDeletion" | "DescribeKey" | "DisableKey" | "EnableKey" => json!({"KeyId": name}),
        "DeleteImportedKeyMaterial" => json!({"KeyId": name}),
        "GetParametersForImport" => json!({"KeyId": name, "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2"}),
        "ImportKeyMaterial" => json!({
            "KeyId": name,
            "ImportToken": key.import.as_ref().map_or(PLAINTEXT, |import| &import.token),
            "EncryptedKeyMaterial": key.import.as_ref().map_or(PLAINTEXT, |import| &import.material),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        }),
        "DisableKeyRotation"
        | "EnableKeyRotation"
        | "GetKeyLastUsage"
        | "GetKeyRotationStatus"
        | "ListKeyRotations"
        | "RotateKeyOnDemand" => json!({"KeyId": name}),
        "ScheduleKeyDeletion" => json!({"KeyId": name, "PendingWindowInDays": 7}),
        "ReplicateKey" => json!({"KeyId": name, "ReplicaRegion": THERE}),
        "UpdatePrimaryRegion" => json!({"KeyId": name, "PrimaryRegion": THERE}),
        "Encrypt" => json!({"KeyId": name, "Plaintext": PLAINTEXT}),
        "GetKeyPolicy" | "GetPublicKey" | "ListKeyPolicies" | "ListResourceTags" => json!({"KeyId": name}),
        "CreateAlias" => {
            let form = if name.starts_with("arn:") { "arn" } else { "id" };
            json!({"AliasName": format!("alias/for/{form}/{}", key.id), "TargetKeyId": name})
        }
        "UpdateAlias" => json!({"AliasName": MOVING, "TargetKeyId": name}),
        "DeleteAlias" => json!({"AliasName": alias_of(key)}),
        "CreateCustomKeyStore" => json!({"CustomKeyStoreName": "store"}),
        "ConnectCustomKeyStore" | "DeleteCustomKeyStore" | "DisconnectCustomKeyStore" | "UpdateCustomKeyStore" => {
            json!({"CustomKeyStoreId": "cks-1234567890abcdef0"})
        }
        "PutKeyPolicy" => json!({"KeyId": name, "Policy": policy(&[OWNER], &["kms:*"])}),
        "TagResource" => json!({"KeyId": name, "Tags": [{"TagKey": "team", "TagValue": "blue"}]}),
        "UntagResource" => json!({"KeyId": name, "TagKeys": ["team"]}),
        "UpdateKeyDescription" => json!({"KeyId": name, "Description": "another"}),
        "GenerateRandom" => json!({"NumberOfBytes": 16}),
        "GenerateMac" => json!({"KeyId": name, "Message": PLAINTEXT, "MacAlgorithm": "HMAC_SHA_256"}),
        "VerifyMac" => {
            let mac = key.product.as_deref().unwrap_or(PLAINTEXT);
            json!({"KeyId": name, "Message": PLAINTEXT, "MacAlgorithm": "HMAC_SHA_256", "Mac": mac})
        }
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            json!({"KeyId": name, "KeyPairSpec": "ECC_NIST_P256"})
        }
        "DeriveSharedSecret" => {
            let peer = key.public.as_deref().unwrap_or(PLAINTEXT);
            json!({"KeyId": name, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer})
        }
        "Encapsulate" => json!({"KeyId": name, "EncapsulationAlgorithm": "ML_KEM"}),
        "Decapsulate" => {
            let blob = key.product.as_deref().unwrap_or(PLAINTEXT);
            json!({"KeyId": name, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": blob})
        }
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({"KeyId": name, "KeySpec": "AES_256"}),
        "Decrypt" => json!({"KeyId": name, "CiphertextBlob": ciphertext}),
        "ReEncryptFrom" | "ReEncrypt" => {
            json!({"SourceKeyId": name, "CiphertextBlob": ciphertext, "DestinationKeyId": good.arn})
        }
        "ReEncryptTo" => json!({"CiphertextBlob": good.ciphertext, "DestinationKeyId": name}),
        "Sign" => json!({"KeyId": name, "Message": PLAINTEXT, "SigningAlgorithm": algorithm}),
        "Verify" => json!({
            "KeyId": name,
            "Message": PLAINTEXT,
            "SigningAlgorithm": algorithm,
            "Signature": key.signature.as_deref().unwrap_or(PLAINTEXT),
        }),
        unknown => panic!("no request for `{unknown}`"),
    }
}

/// What a stranger reads about a key of another account.
pub(crate) fn hidden(account: &str, action: &str) -> String {
    format!(
        "AccessDeniedException User: arn:aws:iam::{account}:root is not authorized to perform: {action} on this resource \
         because the resource does not exist in this Region, no resource-based policies allow access, or a \
         resource-based policy explicitly denies access"
    )
}
