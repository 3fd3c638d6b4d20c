//! The commands, key by key: what each does, to whom it refuses it, and its limits.

use proptest::prelude::*;
use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::ec;
use sealroom_foundation::Secret;

use super::*;
use crate::algorithm::{AgreementAlgorithm, EncryptionAlgorithm as E, MacAlgorithm, SigningAlgorithm as S};
use crate::blob;
use crate::command::Message;
use crate::token::KeyToken;

pub(crate) fn hsm() -> Hsm {
    Hsm::start(DomainKeys::generate()).unwrap()
}

pub(crate) struct TestKey {
    pub(crate) binding: KeyBinding,
    pub(crate) token: KeyToken,
    pub(crate) public: Option<Vec<u8>>,
}

impl TestKey {
    pub(crate) fn new(hsm: &Hsm, spec: Spec, usage: Usage) -> Self {
        let (account, key) = ("111122223333".parse().unwrap(), KeyId::from_bytes(false, hsm.id_bytes()));
        let made = hsm.execute(Command::GenerateKey { account, key, spec, usage, origin: Origin::AwsKms });
        let Ok(Reply::Key { material, token, public }) = made else { panic!("{spec}: {made:?}") };
        let binding = KeyBinding { account, key, material, spec, usage, origin: Origin::AwsKms };
        Self { binding, token, public }
    }

    pub(crate) fn get(&self) -> KeyRef<'_> {
        KeyRef { binding: &self.binding, token: &self.token }
    }
}

pub(crate) fn encrypt(hsm: &Hsm, key: KeyRef<'_>, algorithm: E, plaintext: &[u8]) -> Result<Vec<u8>, HsmError> {
    let kind = BlobKind::Message;
    match hsm.execute(Command::Encrypt { key, algorithm, context: b"", plaintext, kind })? {
        Reply::Ciphertext(ciphertext) => Ok(ciphertext),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn decrypt(hsm: &Hsm, key: KeyRef<'_>, algorithm: E, ciphertext: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    match hsm.execute(Command::Decrypt { key, algorithm, context: b"", ciphertext, release: Release::Plain })? {
        Reply::Plaintext(Released::Plain(plaintext)) => Ok(plaintext),
        other => panic!("{other:?}"),
    }
}

fn symmetric(hsm: &Hsm) -> TestKey {
    TestKey::new(hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt)
}

#[test]
fn what_one_key_encrypts_only_that_key_decrypts() {
    let hsm = hsm();
    let (key, other) = (symmetric(&hsm), symmetric(&hsm));
    let blob = encrypt(&hsm, key.get(), E::SymmetricDefault, b"plaintext").unwrap();
    assert_eq!(decrypt(&hsm, key.get(), E::SymmetricDefault, &blob).unwrap().expose(), b"plaintext");
    let refused = decrypt(&hsm, other.get(), E::SymmetricDefault, &blob);
    assert_eq!(refused.err(), Some(HsmError::InvalidCiphertext));
}

#[test]
fn a_blob_needs_its_own_context() {
    let hsm = hsm();
    let key = symmetric(&hsm);
    let algorithm = E::SymmetricDefault;
    for (right, wrong) in [(vec![1u8; 3], vec![1u8; 4]), (vec![1; 8_192], vec![2; 8_192]), (vec![], vec![0])] {
        let encrypt =
            Command::Encrypt { key: key.get(), algorithm, context: &right, plaintext: b"p", kind: BlobKind::Message };
        let Ok(Reply::Ciphertext(blob)) = hsm.execute(encrypt) else { panic!() };
        let open = |context| {
            hsm.execute(Command::Decrypt {
                key: key.get(),
                algorithm,
                context,
                ciphertext: &blob,
                release: Release::Plain,
            })
        };
        assert!(matches!(open(&right), Ok(Reply::Plaintext(_))));
        assert_eq!(open(&wrong).err(), Some(HsmError::InvalidCiphertext));
    }
}

#[test]
fn plaintexts_of_one_byte_to_one_mebibyte_fit_and_no_others() {
    let hsm = hsm();
    let key = symmetric(&hsm);
    for length in [1, 4_096, blob::MAX_PLAINTEXT] {
        let plaintext = vec![3u8; length];
        let ciphertext = encrypt(&hsm, key.get(), E::SymmetricDefault, &plaintext).unwrap();
        assert_eq!(ciphertext.len(), length + blob::OVERHEAD);
        assert_eq!(ciphertext.capacity(), ciphertext.len());
        assert!(decrypt(&hsm, key.get(), E::SymmetricDefault, &ciphertext).unwrap().ct_eq(&plaintext));
    }
    let too_long = encrypt(&hsm, key.get(), E::SymmetricDefault, &vec![3; blob::MAX_PLAINTEXT + 1]);
    assert_eq!(too_long, Err(HsmError::PlaintextTooLong { max: blob::MAX_PLAINTEXT }));
    assert_eq!(encrypt(&hsm, key.get(), E::SymmetricDefault, b""), Err(HsmError::LengthOutOfRange));
}

#[test]
fn data_keys_have_the_length_asked_for_and_are_shown_only_when_asked() {
    let hsm = hsm();
    let key = symmetric(&hsm);
    let make = |bytes, release| hsm.execute(Command::DataKey { key: key.get(), context: b"c", bytes, release });
    let shown = Some(Release::Plain);
    for bytes in [1, 32, 1_024] {
        let Ok(Reply::DataKey { plaintext: Some(Released::Plain(shown)), ciphertext }) = make(bytes, shown) else {
            panic!()
        };
        assert_eq!(shown.len(), usize::from(bytes));
        let open = Command::Decrypt {
            key: key.get(),
            algorithm: E::SymmetricDefault,
            context: b"c",
            ciphertext: &ciphertext,
            release: Release::Plain,
        };
        let Ok(Reply::Plaintext(Released::Plain(opened))) = hsm.execute(open) else { panic!() };
        assert!(opened.ct_eq(shown.expose()));
    }
    assert!(matches!(make(32, None), Ok(Reply::DataKey { plaintext: None, .. })));
    for bytes in [0, 1_025] {
        assert_eq!(make(bytes, shown).err(), Some(HsmError::LengthOutOfRange));
    }
}

#[test]
fn data_key_pairs_are_of_asymmetric_specs_and_under_symmetric_keys() {
    let hsm = hsm();
    let (key, signing) = (symmetric(&hsm), TestKey::new(&hsm, Spec::EccNistP256, Usage::SignVerify));
    let make = |key, spec| {
        hsm.execute(Command::DataKeyPair { key, context: b"", spec, release: Some(Release::Plain) }).map(|_| ())
    };
    for (key, spec, expected) in [
        (key.get(), Spec::EccNistP384, Ok(())),
        (key.get(), Spec::Hmac256, Err(HsmError::NotForThisSpec)),
        (key.get(), Spec::SymmetricDefault, Err(HsmError::NotForThisSpec)),
        (key.get(), Spec::MlDsa44, Err(HsmError::NotForThisSpec)),
        (key.get(), Spec::Sm2, Ok(())),
        (signing.get(), Spec::EccNistP384, Err(HsmError::NotForThisSpec)),
    ] {
        assert_eq!(make(key, spec), expected, "{spec}");
    }
}

#[test]
fn a_data_key_pair_needs_the_context_it_was_made_with() {
    let hsm = hsm();
    let key = symmetric(&hsm);
    let make =
        Command::DataKeyPair { key: key.get(), context: b"c", spec: Spec::MlKem768, release: Some(Release::Plain) };
    let Ok(Reply::DataKeyPair { plaintext: Some(Released::Plain(shown)), ciphertext, .. }) = hsm.execute(make) else {
        panic!()
    };
    let open = |context| {
        let algorithm = E::SymmetricDefault;
        hsm.execute(Command::Decrypt {
            key: key.get(),
            algorithm,
            context,
            ciphertext: &ciphertext,
            release: Release::Plain,
        })
    };
    assert!(matches!(open(b"c"), Ok(Reply::Plaintext(Released::Plain(opened))) if opened.ct_eq(shown.expose())));
    assert_eq!(open(b"").err(), Some(HsmError::InvalidCiphertext));
}

#[test]
fn re_encryption_moves_a_plaintext_between_keys_of_any_kind() {
    let hsm = hsm();
    let (from, to) = (symmetric(&hsm), TestKey::new(&hsm, Spec::Rsa2048, Usage::EncryptDecrypt));
    let old = encrypt(&hsm, from.get(), E::SymmetricDefault, b"moved").unwrap();
    let command = |ciphertext| Command::ReEncrypt {
        from: from.get(),
        from_algorithm: E::SymmetricDefault,
        from_context: b"",
        ciphertext,
        to: to.get(),
        to_algorithm: E::RsaesOaepSha256,
        to_context: b"",
    };
    let Ok(Reply::Ciphertext(new)) = hsm.execute(command(&old)) else { panic!() };
    assert_eq!(decrypt(&hsm, to.get(), E::RsaesOaepSha256, &new).unwrap().expose(), b"moved");
    assert_eq!(hsm.execute(command(&old[1..])).err(), Some(HsmError::InvalidCiphertext));
}

#[test]
fn each_field_of_the_binding_is_bound() {
    let hsm = hsm();
    let key = symmetric(&hsm);
    let right = key.binding;
    let open =
        |binding: &KeyBinding| hsm.execute(Command::Rewrap { key: KeyRef { binding, token: &key.token } }).map(|_| ());
    assert_eq!(open(&right), Ok(()));
    for wrong in [
        KeyBinding { account: AccountId::platform(), ..right },
        KeyBinding { key: KeyId::from_bytes(true, right.key.to_bytes()), ..right },
        KeyBinding { key: KeyId::from_bytes(false, [0; 16]), ..right },
        KeyBinding { material: MaterialId::from_bytes([0; 32]), ..right },
        KeyBinding { spec: Spec::Hmac256, ..right },
        KeyBinding { usage: Usage::GenerateVerifyMac, ..right },
        KeyBinding { origin: Origin::External, ..right },
    ] {
        assert_eq!(open(&wrong), Err(HsmError::InvalidToken), "{wrong:?}");
    }
}

#[test]
fn signatures_are_made_and_checked_for_every_served_algorithm() {
    let hsm = hsm();
    let rsa = [
        S::RsassaPssSha256,
        S::RsassaPssSha384,
        S::RsassaPssSha512,
        S::RsassaPkcs1V15Sha256,
        S::RsassaPkcs1V15Sha384,
        S::RsassaPkcs1V15Sha512,
    ];
    let rows: [(Spec, &[S]); 5] = [
        (Spec::Rsa2048, &rsa),
        (Spec::EccNistP256, &[S::EcdsaSha256]),
        (Spec::EccNistP384, &[S::EcdsaSha384]),
        (Spec::EccNistP521, &[S::EcdsaSha512]),
        (Spec::EccSecgP256K1, &[S::EcdsaSha256]),
    ];
    for (spec, suiting) in rows {
        let owned = TestKey::new(&hsm, spec, Usage::SignVerify);
        let key = owned.get();
        let Ok(Reply::PublicKey(public)) = hsm.execute(Command::PublicKey { key }) else { panic!() };
        assert_eq!(Some(&public), owned.public.as_ref());
        for algorithm in S::ALL.iter().copied() {
            let message = Message::Raw(b"message");
            let signed = hsm.execute(Command::Sign { key, algorithm, message });
            if !suiting.contains(&algorithm) {
                assert_eq!(signed.err(), Some(HsmError::NotForThisSpec), "{spec} {algorithm}");
                continue;
            }
            let Ok(Reply::Signature(signature)) = signed else { panic!("{spec} {algorithm}: {signed:?}") };
            let verify =
                |message, signature: &[u8]| match hsm.execute(Command::Verify { key, algorithm, message, signature }) {
                    Ok(Reply::Verified(right)) => right,
                    other => panic!("{other:?}"),
                };
            let digest = digest_of(algorithm, b"message");
            assert!(verify(message, &signature) && verify(Message::Digest(&digest), &signature));
            assert!(!verify(Message::Raw(b"another"), &signature) && !verify(message, &signature[1..]));
            for bad in [&digest[1..], &[]] {
                let refused = hsm.execute(Command::Sign { key, algorithm, message: Message::Digest(bad) });
                assert_eq!(refused.err(), Some(HsmError::DigestLength));
            }
            let mu = hsm.execute(Command::Sign { key, algorithm, message: Message::ExternalMu(&[0; 64]) });
            assert_eq!(mu.err(), Some(HsmError::NotForThisSpec));
        }
    }
}

fn digest_of(algorithm: S, message: &[u8]) -> Vec<u8> {
    match algorithm.as_str() {
        name if name.ends_with("256") => digest::sha256(message).to_vec(),
        name if name.ends_with("384") => digest::sha384(message).to_vec(),
        _ => digest::sha512(message).to_vec(),
    }
}

#[test]
fn rsa_encryption_keeps_the_limits_of_its_algorithm() {
    let hsm = hsm();
    let owned = TestKey::new(&hsm, Spec::Rsa2048, Usage::EncryptDecrypt);
    let key = owned.get();
    for (algorithm, max) in [(E::RsaesOaepSha1, 214), (E::RsaesOaepSha256, 190)] {
        let longest = vec![7u8; max];
        let ciphertext = encrypt(&hsm, key, algorithm, &longest).unwrap();
        assert!(decrypt(&hsm, key, algorithm, &ciphertext).unwrap().ct_eq(&longest));
        assert_eq!(encrypt(&hsm, key, algorithm, &vec![7; max + 1]), Err(HsmError::PlaintextTooLong { max }));
        assert_eq!(encrypt(&hsm, key, algorithm, b""), Err(HsmError::LengthOutOfRange));
        for damaged in [&ciphertext[1..], &[0; 256], &[0xff; 256], b"short"] {
            assert_eq!(decrypt(&hsm, key, algorithm, damaged).err(), Some(HsmError::InvalidCiphertext));
        }
    }
}

#[test]
fn keys_do_only_what_their_spec_and_usage_allow() {
    let hsm = hsm();
    let signing = TestKey::new(&hsm, Spec::Rsa2048, Usage::SignVerify);
    let sealing = symmetric(&hsm);
    let not_for = Some(HsmError::NotForThisSpec);
    for algorithm in E::ALL.iter().copied() {
        assert_eq!(encrypt(&hsm, signing.get(), algorithm, b"p").err(), not_for, "{algorithm}");
        assert_eq!(decrypt(&hsm, signing.get(), algorithm, &[1; 256]).err(), not_for, "{algorithm}");
        if algorithm != E::SymmetricDefault {
            assert_eq!(encrypt(&hsm, sealing.get(), algorithm, b"p").err(), not_for, "{algorithm}");
        }
    }
    assert_eq!(hsm.execute(Command::PublicKey { key: sealing.get() }).err(), not_for);
    let data_key = Command::DataKey { key: signing.get(), context: b"", bytes: 32, release: Some(Release::Plain) };
    assert_eq!(hsm.execute(data_key).err(), not_for);
}

#[test]
fn every_spec_is_made_or_refused_as_its_usage_says() {
    let hsm = hsm();
    let (account, key) = ("111122223333".parse().unwrap(), KeyId::from_bytes(false, [1; 16]));
    for spec in Spec::ALL.iter().copied().filter(|spec| spec.rsa_bits().is_none()) {
        for usage in Usage::ALL.iter().copied() {
            let made = hsm.execute(Command::GenerateKey { account, key, spec, usage, origin: Origin::AwsKms });
            match made {
                Ok(Reply::Key { public, .. }) => {
                    assert!(spec.allows(usage) && public.is_some() == spec.is_asymmetric(), "{spec} {usage}");
                }
                Err(HsmError::NotForThisSpec) => assert!(!spec.allows(usage), "{spec} {usage}"),
                other => panic!("{spec} {usage}: {other:?}"),
            }
        }
    }
}

#[test]
fn macs_are_made_and_checked_under_the_one_algorithm_of_their_spec() {
    let hsm = hsm();
    let rows = [
        (Spec::Hmac224, MacAlgorithm::HmacSha224, 28),
        (Spec::Hmac256, MacAlgorithm::HmacSha256, 32),
        (Spec::Hmac384, MacAlgorithm::HmacSha384, 48),
        (Spec::Hmac512, MacAlgorithm::HmacSha512, 64),
    ];
    for (spec, right, length) in rows {
        let owned = TestKey::new(&hsm, spec, Usage::GenerateVerifyMac);
        let key = owned.get();
        for algorithm in MacAlgorithm::ALL.iter().copied() {
            let made = hsm.execute(Command::Mac { key, algorithm, message: b"message" });
            if algorithm != right {
                assert_eq!(made.err(), Some(HsmError::NotForThisSpec));
                let checked = Command::VerifyMac { key, algorithm, message: b"message", mac: &[0; 32] };
                assert_eq!(hsm.execute(checked).err(), Some(HsmError::NotForThisSpec));
                continue;
            }
            let Ok(Reply::Mac(mac)) = made else { panic!() };
            assert_eq!(mac.len(), length);
            let (longer, zeros) = ([mac.as_slice(), &[0]].concat(), vec![0; length]);
            let mut damaged = mac.clone();
            *damaged.last_mut().unwrap() ^= 1;
            let rows: [(&[u8], &[u8], bool); 8] = [
                (b"message", &mac, true),
                (b"another", &mac, false),
                (b"message", &mac[1..], false),
                (b"message", &mac[..length - 1], false),
                (b"message", &longer, false),
                (b"message", &damaged, false),
                (b"message", &zeros, false),
                (b"message", b"", false),
            ];
            for (message, mac, expected) in rows {
                let checked = hsm.execute(Command::VerifyMac { key, algorithm, message, mac });
                assert!(matches!(checked, Ok(Reply::Verified(right)) if right == expected), "{spec} {mac:?}");
            }
            let other = TestKey::new(&hsm, spec, Usage::GenerateVerifyMac);
            let checked =
                hsm.execute(Command::VerifyMac { key: other.get(), algorithm, message: b"message", mac: &mac });
            assert!(matches!(checked, Ok(Reply::Verified(false))));
        }
    }
}

#[test]
fn random_bytes_have_the_length_asked_for() {
    let hsm = hsm();
    for bytes in [1, 1_024] {
        let reply = hsm.execute(Command::Random { bytes, release: Release::Plain });
        assert!(matches!(reply, Ok(Reply::Random(Released::Plain(random))) if random.len() == usize::from(bytes)));
    }
    let draw = || match hsm.execute(Command::Random { bytes: 32, release: Release::Plain }) {
        Ok(Reply::Random(Released::Plain(random))) => random,
        other => panic!("{other:?}"),
    };
    assert!(!draw().ct_eq(draw().expose()) && !draw().ct_eq(&[0; 32]));
    for bytes in [0, 1_025] {
        assert_eq!(
            hsm.execute(Command::Random { bytes, release: Release::Plain }).err(),
            Some(HsmError::LengthOutOfRange)
        );
    }
}

#[test]
fn a_rewrapped_token_is_another_token_of_the_same_key_under_the_newest_domain_key() {
    let mut keys = DomainKeys::generate();
    let hsm = Hsm::start(DomainKeys::unwrap(&Bare, &keys.wrap(&Bare)).unwrap()).unwrap();
    let key = symmetric(&hsm);
    let blob = encrypt(&hsm, key.get(), E::SymmetricDefault, b"old").unwrap();
    let sealed = hsm.seal(Purpose::PageMarker, b"", b"old");
    let (store_wrapped, store_key) = hsm.new_store_key().unwrap();
    assert!(keys.rotate());
    let newer = Hsm::start(keys).unwrap();
    let Ok(Reply::Token(token)) = newer.execute(Command::Rewrap { key: key.get() }) else { panic!() };
    assert_ne!(token.digest(), key.token.digest());
    let rewrapped = KeyRef { binding: &key.binding, token: &token };
    for key in [key.get(), rewrapped] {
        assert_eq!(decrypt(&newer, key, E::SymmetricDefault, &blob).unwrap().expose(), b"old");
    }
    assert_eq!(decrypt(&hsm, rewrapped, E::SymmetricDefault, &blob).err(), Some(HsmError::InvalidToken));
    assert!(newer.open(Purpose::PageMarker, b"", &sealed).is_ok());
    assert!(newer.open_store_key(&store_wrapped).unwrap().ct_eq(store_key.expose()));
}

#[test]
fn a_domain_key_is_adopted_while_it_runs_and_everything_is_sealed_anew() {
    let mut keys = DomainKeys::generate();
    let copy = |keys: &DomainKeys| DomainKeys::unwrap(&Bare, &keys.wrap(&Bare)).unwrap();
    let hsm = Hsm::start(copy(&keys)).unwrap();
    let key = symmetric(&hsm);
    let sealed = hsm.seal(Purpose::AccessKeySecret, b"id", b"secret");
    let (store_wrapped, store_key) = hsm.new_store_key().unwrap();
    let signed = hsm.sign(Purpose::JournalCheckpoint, b"before");
    let before = hsm.public(Purpose::JournalCheckpoint);
    assert_eq!(hsm.reseal(Purpose::AccessKeySecret, b"id", &sealed), Ok(None));
    assert_eq!(hsm.rewrap_store_key(&store_wrapped), Ok(None));

    assert!(keys.rotate());
    hsm.adopt(copy(&keys).announcing_newest()).unwrap();
    assert_eq!(hsm.sealing_domain(), 1);
    assert!(hsm.works_with(&keys));
    assert_eq!(hsm.public(Purpose::JournalCheckpoint), before);
    hsm.adopt(copy(&keys)).unwrap();
    assert_eq!(hsm.sealing_domain(), 2);

    let resealed = hsm.reseal(Purpose::AccessKeySecret, b"id", &sealed).unwrap().unwrap();
    assert_eq!(hsm.reseal(Purpose::AccessKeySecret, b"id", &resealed), Ok(None));
    assert_eq!(hsm.open(Purpose::AccessKeySecret, b"id", &resealed).unwrap().expose(), b"secret");
    assert_eq!(hsm.reseal(Purpose::AccessKeySecret, b"other", &sealed), Err(SealBroken));
    let rewrapped = hsm.rewrap_store_key(&store_wrapped).unwrap().unwrap();
    assert_eq!(hsm.rewrap_store_key(&rewrapped), Ok(None));
    assert!(hsm.open_store_key(&rewrapped).unwrap().ct_eq(store_key.expose()));
    assert_eq!(hsm.rewrap_store_key(b"damaged"), Err(SealBroken));
    let Ok(Reply::Token(token)) = hsm.execute(Command::Rewrap { key: key.get() }) else { panic!() };
    assert_eq!((key.token.domain(), token.domain()), (Some(1), Some(2)));
    hsm.forget_loaded();
    let rewrapped = KeyRef { binding: &key.binding, token: &token };
    let blob = encrypt(&hsm, rewrapped, E::SymmetricDefault, b"text").unwrap();
    assert_eq!(decrypt(&hsm, key.get(), E::SymmetricDefault, &blob).unwrap().expose(), b"text");

    // Signatures are by the newer key, which the older one vouches for.
    let (public, vouched) = hsm.vouch(Purpose::JournalCheckpoint, 2).unwrap();
    assert_eq!(public, hsm.public(Purpose::JournalCheckpoint));
    assert_eq!(hsm.publics(Purpose::JournalCheckpoint).len(), 2);
    let signs = |key: &[u8], text: &[u8], signature: &[u8]| {
        ec::verify_digest(ec::Curve::P256, key, &DigestAlg::Sha256.digest(text), signature)
    };
    assert!(signs(&before, &successor_statement(&public), &vouched));
    assert!(signs(&before, b"before", &signed));
    assert!(signs(&public, b"after", &hsm.sign(Purpose::JournalCheckpoint, b"after")));
    assert!(!signs(&public, &successor_statement(&public), &vouched));
}

struct Bare;
impl sealroom_foundation::ports::Root for Bare {
    fn kind(&self) -> &'static str {
        "bare"
    }
    fn wrap(&self, _aad: &[u8], secret: &[u8]) -> Vec<u8> {
        secret.to_vec()
    }
    fn unwrap(&self, _aad: &[u8], wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        Ok(Secret::copy_of(wrapped))
    }
}

#[test]
fn a_forgotten_key_is_loaded_from_its_token_again() {
    let hsm = hsm();
    let owned = TestKey::new(&hsm, Spec::EccNistP256, Usage::SignVerify);
    let sign = Command::Sign { key: owned.get(), algorithm: S::EcdsaSha256, message: Message::Raw(b"m") };
    assert!(hsm.execute(sign).is_ok());
    assert!(matches!(hsm.execute(Command::Forget { token: owned.token.digest() }), Ok(Reply::Done)));
    assert!(hsm.execute(sign).is_ok());
}

#[test]
fn nothing_of_a_forgotten_key_stays_loaded() {
    let hsm = hsm();
    let pair = TestKey::new(&hsm, Spec::EccNistP256, Usage::SignVerify);
    let lattice = TestKey::new(&hsm, Spec::MlDsa44, Usage::SignVerify);
    let agreeing = TestKey::new(&hsm, Spec::EccNistP384, Usage::KeyAgreement);
    let symmetric = TestKey::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    let blob = encrypt(&hsm, symmetric.get(), E::SymmetricDefault, b"p").unwrap();
    let message = Message::Raw(b"m");
    let peer = agreeing.public.as_deref().unwrap();
    for command in [
        Command::Sign { key: pair.get(), algorithm: S::EcdsaSha256, message },
        Command::Sign { key: lattice.get(), algorithm: S::MlDsaShake256, message },
        Command::Agree { key: agreeing.get(), algorithm: AgreementAlgorithm::Ecdh, peer, release: Release::Plain },
    ] {
        assert!(hsm.execute(command).is_ok(), "{command:?}");
    }
    let kept = || {
        let of_pairs = [&pair, &lattice, &agreeing]
            .map(|owned| hsm.objects.get_or_load(owned.get(), || Err(HsmError::Failed)).is_ok());
        (of_pairs, hsm.message_keys.get_or_load(symmetric.get(), || Err(HsmError::Failed)).is_ok())
    };
    assert_eq!(kept(), ([true; 3], true));
    for owned in [&pair, &lattice, &agreeing, &symmetric] {
        assert!(matches!(hsm.execute(Command::Forget { token: owned.token.digest() }), Ok(Reply::Done)));
    }
    assert_eq!(kept(), ([false; 3], false));
    assert!(decrypt(&hsm, symmetric.get(), E::SymmetricDefault, &blob).is_ok());
}

#[test]
fn sealed_values_open_for_their_purpose_and_data_only() {
    let hsm = hsm();
    let sealed = hsm.seal(Purpose::PageMarker, b"aad", b"value");
    assert_eq!(hsm.open(Purpose::PageMarker, b"aad", &sealed).unwrap().expose(), b"value");
    assert!(hsm.open(Purpose::SessionToken, b"aad", &sealed).is_err());
    assert!(hsm.open(Purpose::PageMarker, b"aae", &sealed).is_err());
    assert_ne!(sealed, hsm.seal(Purpose::PageMarker, b"aad", b"value"));
    for bit in 0..sealed.len() * 8 {
        let mut damaged = sealed.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(hsm.open(Purpose::PageMarker, b"aad", &damaged).is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(hsm.open(Purpose::PageMarker, b"aad", &sealed[..length]).is_err(), "length {length}");
    }
    assert!(self::hsm().open(Purpose::PageMarker, b"aad", &sealed).is_err());
}

#[test]
fn store_keys_open_in_their_own_cluster_only_and_are_no_sealed_values() {
    let hsm = hsm();
    let (wrapped, key) = hsm.new_store_key().unwrap();
    assert!(hsm.open_store_key(&wrapped).unwrap().ct_eq(key.expose()));
    assert!(self::hsm().open_store_key(&wrapped).is_err());
    assert!(hsm.open(Purpose::PageMarker, b"", &wrapped).is_err());
    assert!(hsm.open_store_key(&hsm.seal(Purpose::PageMarker, b"", &[1; 32])).is_err());
    for length in 0..wrapped.len() {
        assert!(hsm.open_store_key(&wrapped[..length]).is_err());
    }
}

#[test]
fn the_ports_sign_under_a_key_of_the_purpose() {
    use sealroom_crypto::ec::{Curve, verify_digest};
    let hsm = hsm();
    let signature = hsm.sign(Purpose::JournalCheckpoint, b"head");
    let digest = digest::DigestAlg::Sha256.digest(b"head");
    let verifies = |purpose| verify_digest(Curve::P256, &hsm.public(purpose), &digest, &signature);
    assert!(verifies(Purpose::JournalCheckpoint));
    assert!(!verifies(Purpose::BackupManifest));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_ciphertexts_and_tokens_are_refused(bytes in prop::collection::vec(any::<u8>(), 1..400)) {
        let hsm = hsm();
        let key = symmetric(&hsm);
        let refused = decrypt(&hsm, key.get(), E::SymmetricDefault, &bytes);
        prop_assert_eq!(refused.err(), Some(HsmError::InvalidCiphertext));
        let token = KeyToken::from_bytes(&bytes).unwrap();
        let refused = encrypt(&hsm, KeyRef { binding: &key.binding, token: &token }, E::SymmetricDefault, b"p");
        prop_assert_eq!(refused.err(), Some(HsmError::InvalidToken));
    }
}
