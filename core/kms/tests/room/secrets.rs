//! Plaintexts that one would know again, through every operation: neither rows, nor the journal, nor a debug print holds
//! them, in whatever spelling.

use std::collections::{BTreeMap, BTreeSet};

use sealroom_api::kms::{
    CancelKeyDeletionInput, CreateGrantInput, CreateKeyInput, DataKeySpec, DecryptInput, DescribeKeyInput,
    DisableKeyInput, EnableKeyInput, EncryptInput, GenerateDataKeyInput, GenerateDataKeyWithoutPlaintextInput,
    GrantOperation, KeyService, KeySpec, KeyUsageType, ListGrantsInput, ListKeysInput, ListRetirableGrantsInput,
    Operation, ReEncryptInput, RetireGrantInput, RevokeGrantInput, ScheduleKeyDeletionInput, SignInput,
    SigningAlgorithmSpec, VerifyInput,
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
    tokens: Vec<String>,
}

/// Prints input and answer, and gives the answer if it was a success.
macro_rules! say {
    ($talk:ident, $operation:literal, $method:ident, $input:expr) => {{
        let input = $input;
        let answer = $talk.house.through.$method(&$talk.call, &input).await;
        $talk.printed.push(format!("{input:?} {input:#?} {answer:?} {answer:#?}"));
        if let Err(error) = &answer {
            $talk.printed.push(error.message.clone().unwrap_or_default());
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

async fn talk(house: &House) -> Talk<'_> {
    let call = house.call(OWNER).await;
    let (printed, called, made, tokens) = Default::default();
    let mut talk = Talk { house, call, printed, called, made, tokens };
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

    grants(&mut talk, &key).await;

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

/// Makes grants and ends them. Their tokens are shown to whoever asked, and to nobody else.
async fn grants(talk: &mut Talk<'_>, key: &str) {
    let asked = CreateGrantInput {
        key_id: key.to_owned(),
        grantee_principal: Some(format!("arn:aws:iam::{OWNER}:root")),
        operations: vec![GrantOperation::Encrypt],
        ..CreateGrantInput::default()
    };
    for by_token in [true, false] {
        // Said without being printed: the answer holds the token, as it must.
        let made = talk.house.through.create_grant(&talk.call, &asked).await.unwrap();
        talk.called.insert("CreateGrant");
        talk.tokens.push(made.grant_token.clone().unwrap());
        let mut with_token = encrypt(key, SEALED);
        with_token.grant_tokens = made.grant_token.clone().map(|token| vec![token]);
        talk.house.through.encrypt(&talk.call, &with_token).await.unwrap();
        let list = ListGrantsInput { key_id: key.to_owned(), ..ListGrantsInput::default() };
        say!(talk, "ListGrants", list_grants, list).unwrap();
        let retirable = ListRetirableGrantsInput {
            retiring_principal: Some(format!("arn:aws:iam::{OWNER}:root")),
            ..ListRetirableGrantsInput::default()
        };
        say!(talk, "ListRetirableGrants", list_retirable_grants, retirable).unwrap();
        if by_token {
            let retire = RetireGrantInput { grant_token: made.grant_token, ..RetireGrantInput::default() };
            talk.house.through.retire_grant(&talk.call, &retire).await.unwrap();
            talk.called.insert("RetireGrant");
        } else {
            let grant_id = made.grant_id.unwrap();
            let revoke = RevokeGrantInput { key_id: key.to_owned(), grant_id, ..RevokeGrantInput::default() };
            say!(talk, "RevokeGrant", revoke_grant, revoke).unwrap();
        }
    }
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
    assert_eq!(talk.tokens.len(), 2);
    for token in &talk.tokens {
        haystack.holds_none_of(&[token.as_bytes()[..24].to_vec(), token.as_bytes()[token.len() - 24..].to_vec()]);
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
        match stored["material"]["token"].as_str() {
            Some(token) => {
                let document = sealroom_kms::record::KeyDocument::from_bytes(&row.value).unwrap();
                haystack.add("a debug print".to_owned(), format!("{document:?} {document:#?}").as_bytes());
                tokens.push(base64_simd::STANDARD.decode_to_vec(token).unwrap());
            }
            None => haystack.add(row.path.to_string(), &row.value),
        }
    }
    assert_eq!(tokens.len(), 2);
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
