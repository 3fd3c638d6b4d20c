//! Imported material, as callers see it: how it comes in and what it then does, what is refused and how, several pieces of
//! it, and its end.

use sealroom_crypto::rsa::NewPair;
use sealroom_crypto::{ec, ed25519, rsa, sm2};
use serde_json::{Value, json};

use crate::house::{Answer, House, OWNER};
use crate::world::{self, Key, PLAINTEXT, Wrapped};

mod end;
mod pieces;
mod refusals;

const DAY: i64 = 86_400;

/// An id of material that no key has.
const NO_MATERIAL: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

/// A symmetric key of the owner's that waits for its material.
async fn external(house: &House) -> Key {
    world::make(house, OWNER, &json!({"Origin": "EXTERNAL"})).await
}

/// What the import of wrapped material is asked with, `members` over it. Without more it doesn't expire.
fn request(key: &Key, wrapped: &Wrapped, members: &Value) -> Value {
    let mut request = json!({
        "KeyId": key.id,
        "ImportToken": wrapped.token,
        "EncryptedKeyMaterial": wrapped.material,
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    request
}

async fn import(house: &House, key: &Key, bytes: &[u8], members: &Value) -> Answer {
    let wrapped = world::wrap(house, &key.id, bytes).await;
    house.ask("ImportKeyMaterial", &request(key, &wrapped, members)).await
}

/// Imports a piece and gives its id.
async fn imported(house: &House, key: &Key, bytes: &[u8], members: &Value) -> String {
    let answer = import(house, key, bytes, members).await.ok();
    assert_eq!(answer["KeyId"], key.arn.as_str());
    answer["KeyMaterialId"].as_str().unwrap().to_owned()
}

fn expires(at: i64) -> Value {
    json!({"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": at})
}

fn new_material() -> Value {
    json!({"ImportType": "NEW_KEY_MATERIAL"})
}

async fn metadata(house: &House, key: &Key) -> Value {
    house.ask("DescribeKey", &json!({"KeyId": key.id})).await.ok()["KeyMetadata"].clone()
}

/// A moment of the wire, which may have a fraction.
fn seconds(at: &Value) -> i64 {
    format!("{:.0}", at.as_f64().unwrap()).parse().unwrap()
}

/// State, current material, expiration model and end, as the metadata has them.
async fn shown(house: &House, key: &Key) -> [Value; 4] {
    let metadata = metadata(house, key).await;
    assert_eq!(metadata["Enabled"], metadata["KeyState"] == "Enabled");
    let valid_to = metadata.get("ValidTo").map_or(Value::Null, |at| json!(seconds(at)));
    [
        metadata["KeyState"].clone(),
        metadata["CurrentKeyMaterialId"].clone(),
        metadata["ExpirationModel"].clone(),
        valid_to,
    ]
}

async fn encrypt(house: &House, key: &Key) -> Answer {
    house.ask("Encrypt", &json!({"KeyId": key.id, "Plaintext": PLAINTEXT})).await
}

async fn decrypt(house: &House, blob: &Value) -> Answer {
    house.ask("Decrypt", &json!({"CiphertextBlob": blob})).await
}

fn pending_import(key: &Key) -> String {
    format!("KMSInvalidStateException {} is pending import.", key.arn)
}

#[tokio::test]
async fn a_key_waits_for_its_material_and_then_works_with_it() {
    let house = House::new().await;
    let key = external(&house).await;
    let metadata = metadata(&house, &key).await;
    assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!("PendingImport"), &json!(false)));
    assert_eq!((&metadata["Origin"], &metadata["KeyManager"]), (&json!("EXTERNAL"), &json!("CUSTOMER")));
    for member in ["CurrentKeyMaterialId", "ExpirationModel", "ValidTo"] {
        assert!(metadata.get(member).is_none(), "{member}");
    }
    assert_eq!(encrypt(&house, &key).await.said(), pending_import(&key));

    let id = imported(&house, &key, &[5; 32], &json!({})).await;
    let expected = [json!("Enabled"), json!(id), json!("KEY_MATERIAL_DOES_NOT_EXPIRE"), Value::Null];
    assert_eq!(shown(&house, &key).await, expected);
    let sealed = encrypt(&house, &key).await.ok()["CiphertextBlob"].clone();
    let opened = decrypt(&house, &sealed).await.ok();
    assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(PLAINTEXT), &json!(id)));
    // Whoever holds the material opens it without this service.
    let blob = base64_simd::STANDARD.decode_to_vec(sealed.as_str().unwrap()).unwrap();
    let offline = sealroom_hsm::blob::open_with_material(&[5; 32], b"", &blob).unwrap();
    assert!(offline.ct_eq(b"sealed by the tests"));
    assert!(sealroom_hsm::blob::open_with_material(&[6; 32], b"", &blob).is_none());
}

#[tokio::test]
async fn the_parameters_are_good_for_a_day_more_than_once_and_beside_others() {
    let house = House::new().await;
    let key = external(&house).await;
    let asked = json!({"KeyId": key.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_4096"});
    let prepared = house.ask("GetParametersForImport", &asked).await.ok();
    let members: Vec<&str> = prepared.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["ImportToken", "KeyId", "ParametersValidTo", "PublicKey"]);
    assert_eq!(prepared["KeyId"], key.arn.as_str());
    assert_eq!(prepared["ParametersValidTo"].as_f64(), Some(DAY as f64));
    let bytes = |name: &str| base64_simd::STANDARD.decode_to_vec(prepared[name].as_str().unwrap()).unwrap();
    assert!(bytes("ImportToken").len() <= 6_144, "the request takes no more");
    let sealed = rsa::encrypt_oaep(&bytes("PublicKey"), rsa::OaepHash::Sha256, &[5; 32]).unwrap();
    let older = Wrapped {
        token: prepared["ImportToken"].as_str().unwrap().to_owned(),
        material: base64_simd::STANDARD.encode_to_string(sealed),
    };
    let again = house.ask("GetParametersForImport", &asked).await.ok();
    assert_ne!(again["PublicKey"], prepared["PublicKey"]);
    let request = request(&key, &older, &json!({}));
    house.clock.advance(DAY - 1);
    assert_eq!(house.ask("ImportKeyMaterial", &request).await.said(), "ok");
    assert_eq!(house.ask_room(&house.second_room(), "ImportKeyMaterial", &request).await.said(), "ok");
    house.clock.advance(1);
    assert_eq!(house.ask("ImportKeyMaterial", &request).await.said(), "ExpiredImportTokenException");
}

/// Material of each kind of key, with its usage and the public half of a pair.
fn kinds() -> Vec<(&'static str, &'static str, Vec<u8>, Option<Vec<u8>>)> {
    let of = |pair: NewPair| (pair.pkcs8.expose().to_vec(), Some(pair.spki));
    let ec = |curve| of(ec::EcKeyPair::generate(curve).unwrap().export().unwrap());
    let edwards = ed25519::PrivateKey::from_seed(&[5; 32]).unwrap();
    let rows = [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", (vec![5; 32], None)),
        ("HMAC_224", "GENERATE_VERIFY_MAC", (vec![5; 28], None)),
        ("HMAC_256", "GENERATE_VERIFY_MAC", (vec![5; 128], None)),
        ("HMAC_384", "GENERATE_VERIFY_MAC", (vec![5; 48], None)),
        ("HMAC_512", "GENERATE_VERIFY_MAC", (vec![5; 64], None)),
        ("RSA_2048", "ENCRYPT_DECRYPT", of(rsa::generate(2048).unwrap())),
        ("RSA_2048", "SIGN_VERIFY", of(rsa::generate(2048).unwrap())),
        ("ECC_NIST_P256", "SIGN_VERIFY", ec(ec::Curve::P256)),
        ("ECC_NIST_P256", "KEY_AGREEMENT", ec(ec::Curve::P256)),
        ("ECC_NIST_P384", "SIGN_VERIFY", ec(ec::Curve::P384)),
        ("ECC_NIST_P521", "SIGN_VERIFY", ec(ec::Curve::P521)),
        ("ECC_SECG_P256K1", "SIGN_VERIFY", ec(ec::Curve::P256K1)),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", (edwards.pkcs8().expose().to_vec(), Some(edwards.public_spki()))),
        ("SM2", "ENCRYPT_DECRYPT", of(sm2::KeyPair::generate().unwrap().export().unwrap())),
        ("SM2", "SIGN_VERIFY", of(sm2::KeyPair::generate().unwrap().export().unwrap())),
    ];
    rows.into_iter().map(|(spec, usage, (bytes, public))| (spec, usage, bytes, public)).collect()
}

#[tokio::test]
async fn every_kind_of_key_takes_material_works_with_it_and_takes_the_same_again() {
    let house = House::new().await;
    for (spec, usage, bytes, public) in kinds() {
        let asked = json!({"Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage});
        let mut key = world::make(&house, OWNER, &asked).await;
        let named = json!({"KeyId": key.id});
        if public.is_some() {
            assert_eq!(house.ask("GetPublicKey", &named).await.said(), pending_import(&key), "{spec}");
        }
        let answer = import(&house, &key, &bytes, &json!({})).await.ok();
        assert_eq!(answer.get("KeyMaterialId").is_some(), spec == "SYMMETRIC_DEFAULT", "{spec}: {answer}");
        let [state, current, model, _] = shown(&house, &key).await;
        assert_eq!((state, model), (json!("Enabled"), json!("KEY_MATERIAL_DOES_NOT_EXPIRE")), "{spec}");
        assert_eq!(current.is_string(), spec == "SYMMETRIC_DEFAULT", "{spec}");
        key.public = public.map(|public| base64_simd::STANDARD.encode_to_string(public));
        uses(&house, &key).await;

        house.ask("DeleteImportedKeyMaterial", &named).await.ok();
        assert_eq!(metadata(&house, &key).await["KeyState"], "PendingImport");
        if let Some(public) = &key.public {
            assert_eq!(house.ask("GetPublicKey", &named).await.ok()["PublicKey"], public.as_str(), "{spec}");
        }
        assert_eq!(import(&house, &key, &bytes, &json!({})).await.said(), "ok", "{spec}");
        uses(&house, &key).await;
    }
}

/// Asks the key for what its usage says.
async fn uses(house: &House, key: &Key) {
    let ask = async |operation: &str, request: Value| {
        let answer = house.ask(operation, &request).await;
        assert_eq!(answer.said(), "ok", "{operation} {}", key.spec);
        answer.ok()
    };
    if let Some(public) = &key.public {
        assert_eq!(ask("GetPublicKey", json!({"KeyId": key.id})).await["PublicKey"], public.as_str(), "{}", key.spec);
    }
    match key.usage.as_str() {
        "ENCRYPT_DECRYPT" => {
            let algorithm = match key.spec.as_str() {
                "SYMMETRIC_DEFAULT" => "SYMMETRIC_DEFAULT",
                "SM2" => "SM2PKE",
                _ => "RSAES_OAEP_SHA_256",
            };
            let seal = json!({"KeyId": key.id, "Plaintext": PLAINTEXT, "EncryptionAlgorithm": algorithm});
            let sealed = ask("Encrypt", seal).await["CiphertextBlob"].clone();
            let open = json!({"KeyId": key.id, "CiphertextBlob": sealed, "EncryptionAlgorithm": algorithm});
            assert_eq!(ask("Decrypt", open).await["Plaintext"], PLAINTEXT);
        }
        "SIGN_VERIFY" => {
            let mut asked = world::request("Sign", key, &key.id, key);
            asked["Signature"] = ask("Sign", asked.clone()).await["Signature"].clone();
            ask("Verify", asked).await;
        }
        "GENERATE_VERIFY_MAC" => {
            let algorithm = world::mac_algorithm(&key.spec);
            let mut asked = json!({"KeyId": key.id, "Message": PLAINTEXT, "MacAlgorithm": algorithm});
            asked["Mac"] = ask("GenerateMac", asked.clone()).await["Mac"].clone();
            ask("VerifyMac", asked).await;
        }
        _ => {
            ask("DeriveSharedSecret", world::request("DeriveSharedSecret", key, &key.id, key)).await;
        }
    }
}

#[tokio::test]
async fn a_disabled_key_takes_material_and_is_enabled_by_it() {
    let house = House::new().await;
    let key = external(&house).await;
    imported(&house, &key, &[5; 32], &json!({})).await;
    house.ask("DisableKey", &json!({"KeyId": key.id})).await.ok();
    imported(&house, &key, &[5; 32], &json!({})).await;
    assert_eq!(shown(&house, &key).await[0], "Enabled");
}
