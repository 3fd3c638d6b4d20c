//! Plaintexts that one would know again, through every operation: neither rows, nor the journal, nor a debug print holds
//! them, in whatever spelling.

use std::collections::{BTreeMap, BTreeSet};

use sealroom_api::kms::{
    AlgorithmSpec, CancelKeyDeletionInput, ConnectCustomKeyStoreInput, CreateAliasInput, CreateCustomKeyStoreInput,
    CreateGrantInput, CreateKeyInput, DataKeyPairSpec, DataKeySpec, DecapsulateInput, DecryptInput, DeleteAliasInput,
    DeleteCustomKeyStoreInput, DeleteImportedKeyMaterialInput, DeriveSharedSecretInput, DescribeCustomKeyStoresInput,
    DescribeKeyInput, DisableKeyInput, DisableKeyRotationInput, DisconnectCustomKeyStoreInput, EnableKeyInput,
    EnableKeyRotationInput, EncapsulateInput, EncapsulationAlgorithmSpec, EncryptInput, ExpirationModelType,
    GenerateDataKeyInput, GenerateDataKeyPairInput, GenerateDataKeyPairWithoutPlaintextInput,
    GenerateDataKeyWithoutPlaintextInput, GenerateMacInput, GenerateRandomInput, GetKeyLastUsageInput,
    GetKeyPolicyInput, GetKeyRotationStatusInput, GetParametersForImportInput, GetPublicKeyInput, GrantOperation,
    ImportKeyMaterialInput, KeyAgreementAlgorithmSpec, KeyService, KeySpec, KeyUsageType, ListAliasesInput,
    ListGrantsInput, ListKeyPoliciesInput, ListKeyRotationsInput, ListKeysInput, ListResourceTagsInput,
    ListRetirableGrantsInput, MacAlgorithmSpec, Operation, OriginType, PutKeyPolicyInput, ReEncryptInput,
    ReplicateKeyInput, RetireGrantInput, RevokeGrantInput, RotateKeyOnDemandInput, ScheduleKeyDeletionInput, SignInput,
    SigningAlgorithmSpec, Tag, TagResourceInput, UntagResourceInput, UpdateAliasInput, UpdateCustomKeyStoreInput,
    UpdateKeyDescriptionInput, UpdatePrimaryRegionInput, VerifyInput, VerifyMacInput, WrappingKeySpec,
    XksProxyAuthenticationCredentialType,
};
use sealroom_foundation::Secret;
use sealroom_identity::Call;

use crate::house::{House, OWNER};

const SEALED: &[u8] = b"A-PLAINTEXT-THAT-ONE-WOULD-KNOW!";
const SIGNED: &[u8] = b"A-MESSAGE-TO-SIGN-FOR-ONES-EYES!";

/// Where secrets are looked for.
#[derive(Default)]
pub(crate) struct Haystack(Vec<(String, Vec<u8>)>);

impl Haystack {
    pub(crate) fn add(&mut self, name: String, bytes: &[u8]) {
        self.0.push((name, bytes.to_vec()));
    }

    fn find(&self, needles: &[Vec<u8>]) -> Option<&str> {
        let holds =
            |bytes: &[u8]| needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == &needle[..]));
        self.0.iter().find(|(_, bytes)| holds(bytes)).map(|(name, _)| name.as_str())
    }

    #[track_caller]
    pub(crate) fn holds_none_of(&self, needles: &[Vec<u8>]) {
        assert_eq!(self.find(needles), None, "a secret is written there");
    }
}

/// How a secret may be spelt, whole or in part: raw, hex of either case, base64 of either alphabet at any offset, a list
/// of numbers. Parts are sixteen bytes long.
pub(crate) fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for part in secret.chunks(16).filter(|part| part.len() >= 8) {
        let hex = part.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        forms.extend([part.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()]);
        for before in 0..3 {
            for alphabet in [base64_simd::STANDARD_NO_PAD, base64_simd::URL_SAFE_NO_PAD] {
                let shifted = [&[0u8; 3][..before], part].concat();
                let text = alphabet.encode_to_string(&shifted).into_bytes();
                // The characters at the ends say something of their neighbours too.
                let whole = if before == 0 { 0 } else { before + 1 };
                forms.push(text[whole..text.len() - 1].to_vec());
            }
        }
        let numbers: Vec<String> = part.iter().map(u8::to_string).collect();
        forms.push(numbers.join(", ").into_bytes());
    }
    forms
}

#[test]
fn a_secret_is_found_in_every_spelling_and_nothing_else_is() {
    let needles = forms(SEALED);
    let in_hex = SEALED.iter().fold(String::new(), |text, byte| format!("{text}{byte:02X}"));
    for hidden in [
        [b"before", SEALED].concat(),
        in_hex.into_bytes(),
        base64_simd::STANDARD.encode_to_string(SEALED).into_bytes(),
        base64_simd::STANDARD.encode_to_string([b"x", SEALED].concat()).into_bytes(),
        base64_simd::URL_SAFE.encode_to_string([b"xx", SEALED].concat()).into_bytes(),
        format!("{SEALED:?}").into_bytes(),
        SEALED[..20].to_vec(),
    ] {
        let mut haystack = Haystack::default();
        haystack.add("here".to_owned(), &hidden);
        assert_eq!(haystack.find(&needles), Some("here"), "{hidden:?}");
        assert_eq!(haystack.find(&forms(SIGNED)), None);
    }
}

/// Calls everything, well and badly, and keeps what could be printed of it.
struct Talk<'h> {
    house: &'h House,
    call: Call,
    printed: Vec<String>,
    called: BTreeSet<&'static str>,
    made: Vec<Secret<[u8]>>,
}

/// Prints input and answer, and gives the answer if it was a success.
macro_rules! say {
    ($talk:ident, $operation:literal, $method:ident, $input:expr) => {{
        let input = $input;
        let answer = $talk.house.through.$method(&$talk.call, &input).await;
        $talk.printed.push(format!("{input:?} {input:#?} {answer:?} {answer:#?}"));
        if let Err(error) = &answer {
            $talk.printed.push(error.message.clone().unwrap_or_default());
            if Operation::from_name($operation).unwrap().refused() {
                $talk.called.insert($operation);
            }
        } else {
            $talk.called.insert($operation);
        }
        answer.ok()
    }};
}

fn encrypt(key: &str, plaintext: &[u8]) -> EncryptInput {
    EncryptInput {
        key_id: key.to_owned(),
        plaintext: Secret::copy_of(plaintext),
        encryption_context: None,
        grant_tokens: None,
        encryption_algorithm: None,
        dry_run: None,
    }
}

fn sign(key: &str) -> SignInput {
    SignInput {
        key_id: key.to_owned(),
        message: Secret::copy_of(SIGNED),
        message_type: None,
        grant_tokens: None,
        signing_algorithm: SigningAlgorithmSpec::EcdsaSha256,
        dry_run: None,
    }
}

fn verify(key: &str, signature: Vec<u8>) -> VerifyInput {
    VerifyInput {
        key_id: key.to_owned(),
        message: Secret::copy_of(SIGNED),
        message_type: None,
        signature,
        signing_algorithm: SigningAlgorithmSpec::EcdsaSha256,
        grant_tokens: None,
        dry_run: None,
    }
}

/// The 32 bytes of a P-256 key's PKCS#8 that are the secret: everything else in it is known or public.
fn private_scalar(pkcs8: &Secret<[u8]>) -> Secret<[u8]> {
    let marked = pkcs8.expose().windows(5).position(|window| window == [2, 1, 1, 4, 32]).unwrap();
    Secret::copy_of(&pkcs8.expose()[marked + 5..marked + 37])
}

/// Random bytes, and pairs for use outside.
async fn pairs(talk: &mut Talk<'_>, key: &str) {
    let random = GenerateRandomInput { number_of_bytes: Some(32), ..GenerateRandomInput::default() };
    talk.made.push(say!(talk, "GenerateRandom", generate_random, random).unwrap().plaintext.unwrap());
    let pair_of = GenerateDataKeyPairInput {
        key_id: key.to_owned(),
        key_pair_spec: DataKeyPairSpec::EccNistP256,
        encryption_context: None,
        grant_tokens: None,
        recipient: None,
        dry_run: None,
    };
    let made = say!(talk, "GenerateDataKeyPair", generate_data_key_pair, pair_of).unwrap();
    talk.made.push(private_scalar(&made.private_key_plaintext.unwrap()));
    let hidden_pair = GenerateDataKeyPairWithoutPlaintextInput {
        key_id: key.to_owned(),
        key_pair_spec: DataKeyPairSpec::EccNistP256,
        encryption_context: None,
        grant_tokens: None,
        dry_run: None,
    };
    say!(talk, "GenerateDataKeyPairWithoutPlaintext", generate_data_key_pair_without_plaintext, hidden_pair).unwrap();
}

/// Keys that are neither symmetric nor sign.
async fn other_kinds(talk: &mut Talk<'_>) {
    let of = |spec, usage| CreateKeyInput { key_spec: Some(spec), key_usage: Some(usage), ..CreateKeyInput::default() };
    let mac_key = say!(talk, "CreateKey", create_key, of(KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac));
    let mac_key = mac_key.unwrap().key_metadata.unwrap().key_id;
    let generate = GenerateMacInput {
        key_id: mac_key.clone(),
        message: Secret::copy_of(SIGNED),
        mac_algorithm: MacAlgorithmSpec::HmacSha256,
        grant_tokens: None,
        dry_run: None,
    };
    let mac = say!(talk, "GenerateMac", generate_mac, generate).unwrap().mac.unwrap();
    let verify_mac = VerifyMacInput {
        key_id: mac_key,
        message: Secret::copy_of(SIGNED),
        mac_algorithm: MacAlgorithmSpec::HmacSha256,
        mac,
        grant_tokens: None,
        dry_run: None,
    };
    say!(talk, "VerifyMac", verify_mac, verify_mac).unwrap();
    let agreeing = say!(talk, "CreateKey", create_key, of(KeySpec::EccNistP256, KeyUsageType::KeyAgreement));
    let agreeing = agreeing.unwrap().key_metadata.unwrap().key_id;
    let show = GetPublicKeyInput { key_id: agreeing.clone(), grant_tokens: None };
    let public_key = say!(talk, "GetPublicKey", get_public_key, show).unwrap().public_key.unwrap();
    let derive = DeriveSharedSecretInput {
        key_id: agreeing,
        key_agreement_algorithm: KeyAgreementAlgorithmSpec::Ecdh,
        public_key,
        grant_tokens: None,
        dry_run: None,
        recipient: None,
    };
    talk.made.push(say!(talk, "DeriveSharedSecret", derive_shared_secret, derive).unwrap().shared_secret.unwrap());
    let kem = say!(talk, "CreateKey", create_key, of(KeySpec::MlKem768, KeyUsageType::EncapsulateDecapsulate));
    let kem = kem.unwrap().key_metadata.unwrap().key_id;
    let encapsulate = EncapsulateInput {
        key_id: kem.clone(),
        encapsulation_algorithm: EncapsulationAlgorithmSpec::MlKem,
        grant_tokens: None,
        dry_run: None,
    };
    let shared = say!(talk, "Encapsulate", encapsulate, encapsulate).unwrap();
    let decapsulate = DecapsulateInput {
        key_id: kem,
        shared_secret_ciphertext_blob: shared.shared_secret_ciphertext_blob.unwrap(),
        encapsulation_algorithm: EncapsulationAlgorithmSpec::MlKem,
        grant_tokens: None,
        dry_run: None,
    };
    talk.made.push(say!(talk, "Decapsulate", decapsulate, decapsulate).unwrap().shared_secret.unwrap());
}

/// What is said of a key.
async fn upkeep(talk: &mut Talk<'_>, key: &str) {
    let key_id = || key.to_owned();
    let get = GetKeyPolicyInput { key_id: key_id(), policy_name: None };
    let policy = say!(talk, "GetKeyPolicy", get_key_policy, get).unwrap().policy.unwrap();
    let put =
        PutKeyPolicyInput { key_id: key_id(), policy_name: None, policy, bypass_policy_lockout_safety_check: None };
    say!(talk, "PutKeyPolicy", put_key_policy, put).unwrap();
    let list = ListKeyPoliciesInput { key_id: key_id(), limit: None, marker: None };
    say!(talk, "ListKeyPolicies", list_key_policies, list).unwrap();
    let describe = UpdateKeyDescriptionInput { key_id: key_id(), description: "d".to_owned() };
    say!(talk, "UpdateKeyDescription", update_key_description, describe).unwrap();
    let tags = vec![Tag { tag_key: "team".to_owned(), tag_value: "blue".to_owned() }];
    say!(talk, "TagResource", tag_resource, TagResourceInput { key_id: key_id(), tags }).unwrap();
    let list = ListResourceTagsInput { key_id: key_id(), limit: None, marker: None };
    say!(talk, "ListResourceTags", list_resource_tags, list).unwrap();
    let untag = UntagResourceInput { key_id: key_id(), tag_keys: vec!["team".to_owned()] };
    say!(talk, "UntagResource", untag_resource, untag).unwrap();
}

/// Names for keys.
async fn aliases(talk: &mut Talk<'_>, key: &str, pair: &str) {
    let alias_name = "alias/talk".to_owned();
    let alias = CreateAliasInput { alias_name: alias_name.clone(), target_key_id: key.to_owned() };
    say!(talk, "CreateAlias", create_alias, alias.clone()).unwrap();
    say!(talk, "CreateAlias", create_alias, alias);
    let update = |key: &str| UpdateAliasInput { alias_name: alias_name.clone(), target_key_id: key.to_owned() };
    say!(talk, "UpdateAlias", update_alias, update(key)).unwrap();
    say!(talk, "UpdateAlias", update_alias, update(pair));
    say!(talk, "ListAliases", list_aliases, ListAliasesInput::default()).unwrap();
    say!(talk, "DeleteAlias", delete_alias, DeleteAliasInput { alias_name }).unwrap();
}

/// A key in two Regions.
async fn regions(talk: &mut Talk<'_>) {
    let make = CreateKeyInput { multi_region: Some(true), ..CreateKeyInput::default() };
    let key = say!(talk, "CreateKey", create_key, make).unwrap().key_metadata.unwrap().key_id;
    let there = || crate::house::THERE.to_owned();
    let replicate = ReplicateKeyInput { key_id: key.clone(), replica_region: there(), ..ReplicateKeyInput::default() };
    say!(talk, "ReplicateKey", replicate_key, replicate.clone()).unwrap();
    say!(talk, "ReplicateKey", replicate_key, replicate);
    assert_eq!(talk.house.run_due().await, 1);
    let update = UpdatePrimaryRegionInput { key_id: key, primary_region: there() };
    say!(talk, "UpdatePrimaryRegion", update_primary_region, update.clone()).unwrap();
    say!(talk, "UpdatePrimaryRegion", update_primary_region, update);
}

/// All that is refused, with the passwords that it is asked with.
async fn key_stores(talk: &mut Talk<'_>) {
    let custom_key_store_id = || "cks-1234567890abcdef0".to_owned();
    let password = || Some(Secret::copy_of(SEALED));
    let proxy = || {
        Some(XksProxyAuthenticationCredentialType {
            access_key_id: Secret::copy_of(b"ABCDEFGHIJKLMNOPQRST"),
            raw_secret_access_key: Secret::copy_of(SIGNED),
        })
    };
    say!(talk, "DescribeCustomKeyStores", describe_custom_key_stores, DescribeCustomKeyStoresInput::default()).unwrap();
    let create = CreateCustomKeyStoreInput {
        key_store_password: password(),
        xks_proxy_authentication_credential: proxy(),
        ..CreateCustomKeyStoreInput::default()
    };
    say!(talk, "CreateCustomKeyStore", create_custom_key_store, create);
    let update = UpdateCustomKeyStoreInput {
        custom_key_store_id: custom_key_store_id(),
        key_store_password: password(),
        xks_proxy_authentication_credential: proxy(),
        ..UpdateCustomKeyStoreInput::default()
    };
    say!(talk, "UpdateCustomKeyStore", update_custom_key_store, update);
    let connect = ConnectCustomKeyStoreInput { custom_key_store_id: custom_key_store_id() };
    say!(talk, "ConnectCustomKeyStore", connect_custom_key_store, connect);
    let disconnect = DisconnectCustomKeyStoreInput { custom_key_store_id: custom_key_store_id() };
    say!(talk, "DisconnectCustomKeyStore", disconnect_custom_key_store, disconnect);
    let delete = DeleteCustomKeyStoreInput { custom_key_store_id: custom_key_store_id() };
    say!(talk, "DeleteCustomKeyStore", delete_custom_key_store, delete);
}

async fn grants(talk: &mut Talk<'_>, key: &str) {
    let root = crate::world::root(OWNER);
    let create = CreateGrantInput {
        key_id: key.to_owned(),
        grantee_principal: Some(root.clone()),
        retiring_principal: Some(root.clone()),
        operations: vec![GrantOperation::Encrypt],
        ..CreateGrantInput::default()
    };
    let granted = say!(talk, "CreateGrant", create_grant, create.clone()).unwrap();
    let retire = RetireGrantInput { grant_token: granted.grant_token, ..RetireGrantInput::default() };
    say!(talk, "ListGrants", list_grants, ListGrantsInput { key_id: key.to_owned(), ..ListGrantsInput::default() });
    let retirable = ListRetirableGrantsInput { retiring_principal: Some(root), ..ListRetirableGrantsInput::default() };
    say!(talk, "ListRetirableGrants", list_retirable_grants, retirable);
    say!(talk, "RetireGrant", retire_grant, retire);
    let granted = say!(talk, "CreateGrant", create_grant, create).unwrap();
    let revoke = RevokeGrantInput { key_id: key.to_owned(), grant_id: granted.grant_id.unwrap(), dry_run: None };
    say!(talk, "RevokeGrant", revoke_grant, revoke);
}

async fn rotations(talk: &mut Talk<'_>, key: &str) {
    let key_id = || key.to_owned();
    let enable = EnableKeyRotationInput { key_id: key_id(), rotation_period_in_days: Some(90) };
    say!(talk, "EnableKeyRotation", enable_key_rotation, enable).unwrap();
    let usage = GetKeyLastUsageInput { key_id: key_id() };
    say!(talk, "GetKeyLastUsage", get_key_last_usage, usage).unwrap();
    let status = GetKeyRotationStatusInput { key_id: key_id() };
    say!(talk, "GetKeyRotationStatus", get_key_rotation_status, status).unwrap();
    let rotate = RotateKeyOnDemandInput { key_id: key_id() };
    say!(talk, "RotateKeyOnDemand", rotate_key_on_demand, rotate).unwrap();
    assert_eq!(talk.house.run_due().await, 1);
    let list = ListKeyRotationsInput { key_id: key_id(), ..ListKeyRotationsInput::default() };
    say!(talk, "ListKeyRotations", list_key_rotations, list).unwrap();
    let disable = DisableKeyRotationInput { key_id: key_id() };
    say!(talk, "DisableKeyRotation", disable_key_rotation, disable).unwrap();
}

/// Material that one would know again, imported and deleted.
async fn imports(talk: &mut Talk<'_>) {
    let create = CreateKeyInput { origin: Some(OriginType::External), ..CreateKeyInput::default() };
    let key = say!(talk, "CreateKey", create_key, create).unwrap().key_metadata.unwrap().key_id;
    let prepare = GetParametersForImportInput {
        key_id: key.clone(),
        wrapping_algorithm: AlgorithmSpec::Sm2pke,
        wrapping_key_spec: WrappingKeySpec::Sm2,
    };
    let prepared = say!(talk, "GetParametersForImport", get_parameters_for_import, prepare).unwrap();
    let wrap = |bytes| sealroom_crypto::sm2::encrypt(prepared.public_key.as_ref().unwrap().expose(), bytes).unwrap();
    let import = |wrapped| ImportKeyMaterialInput {
        key_id: key.clone(),
        import_token: prepared.import_token.clone().unwrap(),
        encrypted_key_material: wrapped,
        valid_to: None,
        expiration_model: Some(ExpirationModelType::KeyMaterialDoesNotExpire),
        import_type: None,
        key_material_description: None,
        key_material_id: None,
    };
    say!(talk, "ImportKeyMaterial", import_key_material, import(wrap(&SEALED[..31])));
    say!(talk, "ImportKeyMaterial", import_key_material, import(wrap(SEALED))).unwrap();
    say!(talk, "ImportKeyMaterial", import_key_material, import(wrap(SIGNED)));
    let delete = DeleteImportedKeyMaterialInput { key_id: key.clone(), key_material_id: None };
    say!(talk, "DeleteImportedKeyMaterial", delete_imported_key_material, delete).unwrap();
    say!(talk, "ImportKeyMaterial", import_key_material, import(wrap(SEALED))).unwrap();
}

async fn talk(house: &House) -> Talk<'_> {
    let call = house.call(OWNER).await;
    let (printed, called, made) = Default::default();
    let mut talk = Talk { house, call, printed, called, made };
    let key = say!(talk, "CreateKey", create_key, CreateKeyInput::default()).unwrap().key_metadata.unwrap().key_id;
    let pair = CreateKeyInput {
        key_spec: Some(KeySpec::EccNistP256),
        key_usage: Some(KeyUsageType::SignVerify),
        ..CreateKeyInput::default()
    };
    let pair = say!(talk, "CreateKey", create_key, pair).unwrap().key_metadata.unwrap().key_id;
    let key_id = || key.clone();
    let sealed = say!(talk, "Encrypt", encrypt, encrypt(&key, SEALED)).unwrap().ciphertext_blob.unwrap();
    let decrypt = DecryptInput { ciphertext_blob: Some(sealed.clone()), ..DecryptInput::default() };
    let opened = say!(talk, "Decrypt", decrypt, decrypt.clone()).unwrap().plaintext.unwrap();
    assert!(opened.ct_eq(SEALED));
    let again =
        ReEncryptInput { ciphertext_blob: Some(sealed), destination_key_id: key_id(), ..ReEncryptInput::default() };
    say!(talk, "ReEncrypt", re_encrypt, again.clone()).unwrap();
    let data_key = GenerateDataKeyInput {
        key_id: key_id(),
        key_spec: Some(DataKeySpec::Aes256),
        ..GenerateDataKeyInput::default()
    };
    let revealed = say!(talk, "GenerateDataKey", generate_data_key, data_key.clone()).unwrap();
    talk.made.push(revealed.plaintext.unwrap());
    let hidden = GenerateDataKeyWithoutPlaintextInput {
        key_id: key_id(),
        number_of_bytes: Some(64),
        ..GenerateDataKeyWithoutPlaintextInput::default()
    };
    let hidden =
        say!(talk, "GenerateDataKeyWithoutPlaintext", generate_data_key_without_plaintext, hidden.clone()).unwrap();
    let hidden = DecryptInput { ciphertext_blob: hidden.ciphertext_blob, ..DecryptInput::default() };
    talk.made.push(say!(talk, "Decrypt", decrypt, hidden).unwrap().plaintext.unwrap());
    let signature = say!(talk, "Sign", sign, sign(&pair)).unwrap().signature.unwrap();
    say!(talk, "Verify", verify, verify(&pair, signature.clone())).unwrap();
    say!(talk, "DescribeKey", describe_key, DescribeKeyInput { key_id: key_id(), ..DescribeKeyInput::default() });
    say!(talk, "ListKeys", list_keys, ListKeysInput::default());
    pairs(&mut talk, &key).await;
    other_kinds(&mut talk).await;
    grants(&mut talk, &key).await;
    rotations(&mut talk, &key).await;
    imports(&mut talk).await;
    upkeep(&mut talk, &key).await;
    aliases(&mut talk, &key, &pair).await;
    key_stores(&mut talk).await;
    regions(&mut talk).await;

    // And now everything goes wrong.
    let context = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    say!(talk, "Decrypt", decrypt, DecryptInput { encryption_context: Some(context.clone()), ..decrypt.clone() });
    say!(talk, "ReEncrypt", re_encrypt, ReEncryptInput { source_encryption_context: Some(context), ..again.clone() });
    say!(talk, "Encrypt", encrypt, encrypt(&pair, SEALED));
    say!(talk, "Encrypt", encrypt, encrypt("alias/absent", SEALED));
    say!(talk, "Encrypt", encrypt, EncryptInput { dry_run: Some(true), ..encrypt(&key, SEALED) });
    say!(talk, "GenerateDataKey", generate_data_key, GenerateDataKeyInput { dry_run: Some(true), ..data_key.clone() });
    say!(talk, "Sign", sign, sign(&key));
    say!(talk, "Verify", verify, verify(&pair, SEALED.to_vec()[..8].to_vec()));
    say!(talk, "DisableKey", disable_key, DisableKeyInput { key_id: key_id() }).unwrap();
    say!(talk, "Encrypt", encrypt, encrypt(&key, SEALED));
    say!(talk, "Decrypt", decrypt, decrypt);
    say!(talk, "EnableKey", enable_key, EnableKeyInput { key_id: key_id() }).unwrap();
    let schedule = ScheduleKeyDeletionInput { key_id: key_id(), ..ScheduleKeyDeletionInput::default() };
    say!(talk, "ScheduleKeyDeletion", schedule_key_deletion, schedule).unwrap();
    say!(talk, "GenerateDataKey", generate_data_key, data_key);
    say!(talk, "CancelKeyDeletion", cancel_key_deletion, CancelKeyDeletionInput { key_id: key_id() }).unwrap();
    talk
}

#[tokio::test]
async fn no_row_record_or_debug_print_holds_a_plaintext() {
    let house = House::new().await;
    let talk = talk(&house).await;
    let served: BTreeSet<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    assert_eq!(talk.called, served, "an operation isn't looked at");
    let mut haystack = Haystack::default();
    for room in ["kms", "audit", "identity", "server"] {
        for row in house.rows(room).await {
            haystack.add(row.path.to_string(), &row.value);
            haystack.add(row.path.to_string(), row.path.as_bytes());
        }
    }
    let records = house.raw_records().await;
    assert!(records.len() >= talk.printed.len() / 2);
    for record in records {
        haystack.add(String::from_utf8_lossy(&record).into_owned(), &record);
    }
    for text in &talk.printed {
        haystack.add(text.clone(), text.as_bytes());
    }
    haystack.holds_none_of(&forms(SEALED));
    haystack.holds_none_of(&forms(SIGNED));
    for secret in &talk.made {
        haystack.holds_none_of(&forms(secret.expose()));
    }
}

/// The token of a key is what destroying the key destroys, so it stands in the key's row alone.
#[tokio::test]
async fn a_keys_token_stands_in_its_row_alone() {
    let house = House::new().await;
    let talk = talk(&house).await;
    let mut haystack = Haystack::default();
    let mut tokens = Vec::new();
    for row in house.rows("kms").await {
        let stored: serde_json::Value = serde_json::from_slice(&row.value).unwrap();
        // The key's row holds the current piece of material, a row of material the piece that it is.
        let token = stored["material"]["token"].as_str().or(stored["token"].as_str());
        let rest = token.map_or(row.value.clone(), |token| {
            tokens.push(base64_simd::STANDARD.decode_to_vec(token).unwrap());
            String::from_utf8(row.value.clone()).unwrap().replacen(token, "", 1).into_bytes()
        });
        haystack.add(row.path.to_string(), &rest);
        if let Ok(document) = sealroom_kms::record::KeyDocument::from_bytes(&row.value) {
            haystack.add("a debug print".to_owned(), format!("{document:?} {document:#?}").as_bytes());
        }
    }
    // Of the two related keys each holds the token that they share.
    assert_eq!(tokens.len(), 7 + 2);
    for record in house.raw_records().await {
        haystack.add("a record".to_owned(), &record);
    }
    for text in &talk.printed {
        haystack.add("an answer".to_owned(), text.as_bytes());
    }
    for token in tokens {
        haystack.holds_none_of(&forms(&token));
    }
}
