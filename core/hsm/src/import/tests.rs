//! Import: what comes in by which wrapping, what it then does, and that whatever is wrong says one thing.

use sealroom_crypto::{ec, ed25519, key_wrap, rsa, sm2 as crypto_sm2};

use super::*;
use crate::algorithm::{EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm};
use crate::command::{Command, Message};
use crate::hsm::tests::{decrypt, encrypt, hsm};
use crate::token::KeyToken;

const OAEP: WrappingAlgorithm = WrappingAlgorithm::RsaesOaepSha256;

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn id(byte: u8) -> KeyId {
    KeyId::from_bytes(false, [byte; 16])
}

/// A wrapping pair for one key.
struct Wrapping {
    binding: KeyBinding,
    token: KeyToken,
    spki: Vec<u8>,
}

impl Wrapping {
    fn new(hsm: &Hsm, key: KeyId, spec: Spec) -> Self {
        match hsm.execute(Command::WrappingKey { account: account(), key, spec }) {
            Ok(Reply::Key { material, token, public: Some(spki) }) => {
                Self { binding: KeyBinding::of_wrapping_key(account(), key, material, spec), token, spki }
            }
            other => panic!("{spec}: {other:?}"),
        }
    }

    fn get(&self) -> KeyRef<'_> {
        KeyRef { binding: &self.binding, token: &self.token }
    }

    /// What somebody sends who holds the material and the public half.
    fn wrap(&self, algorithm: WrappingAlgorithm, material: &[u8]) -> Vec<u8> {
        use WrappingAlgorithm as A;
        let oaep = |hash, plaintext: &[u8]| rsa::encrypt_oaep(&self.spki, hash, plaintext).unwrap();
        let both = |hash| [oaep(hash, &[3; 32]), key_wrap::wrap_padded(&[3; 32], material).unwrap()].concat();
        match algorithm {
            A::RsaesOaepSha1 => oaep(OaepHash::Sha1, material),
            A::RsaesOaepSha256 => oaep(OaepHash::Sha256, material),
            A::RsaAesKeyWrapSha1 => both(OaepHash::Sha1),
            A::RsaAesKeyWrapSha256 => both(OaepHash::Sha256),
            A::Sm2Pke => crypto_sm2::encrypt(&self.spki, material).unwrap(),
            A::RsaesPkcs1V15 => panic!("nothing is wrapped like this"),
        }
    }
}

/// An imported key.
struct Imported {
    binding: KeyBinding,
    token: KeyToken,
    public: Option<Vec<u8>>,
}

impl Imported {
    fn get(&self) -> KeyRef<'_> {
        KeyRef { binding: &self.binding, token: &self.token }
    }
}

fn import_into(
    hsm: &Hsm,
    (key, spec, usage): (KeyId, Spec, Usage),
    wrapping: KeyRef<'_>,
    algorithm: WrappingAlgorithm,
    wrapped: &[u8],
) -> Result<Imported, HsmError> {
    let account = account();
    match hsm.execute(Command::Import { account, key, spec, usage, wrapping, algorithm, wrapped })? {
        Reply::Key { material, token, public } => {
            let binding = KeyBinding { account, key, material, spec, usage, origin: Origin::External };
            Ok(Imported { binding, token, public })
        }
        other => panic!("{other:?}"),
    }
}

/// Material of a spec with its usage, and the public half of a pair.
fn material(spec: Spec) -> (Vec<u8>, Usage, Option<Vec<u8>>) {
    let pair = |pair: rsa::NewPair, usage| (pair.pkcs8.expose().to_vec(), usage, Some(pair.spki));
    match Kind::of(spec).unwrap() {
        Kind::Symmetric => (vec![5; 32], Usage::EncryptDecrypt, None),
        Kind::Hmac(least) => (vec![5; least], Usage::GenerateVerifyMac, None),
        Kind::Rsa(bits) => pair(rsa::generate(bits).unwrap(), Usage::EncryptDecrypt),
        Kind::Ec(curve) => pair(ec::EcKeyPair::generate(curve).unwrap().export().unwrap(), Usage::SignVerify),
        Kind::Ed25519 => {
            let key = ed25519::PrivateKey::from_seed(&[5; 32]).unwrap();
            (key.pkcs8().expose().to_vec(), Usage::SignVerify, Some(key.public_spki()))
        }
        Kind::Sm2 => pair(crypto_sm2::KeyPair::generate().unwrap().export().unwrap(), Usage::EncryptDecrypt),
    }
}

/// AWS: kms.md, section 4, and the answers that were recorded: for each kind of material and wrapping pair, the
/// wrapping algorithms that may carry it. `s1`, `s2`: RSAES_OAEP with SHA-1, SHA-256; `k1`, `k2`: RSA_AES_KEY_WRAP.
const SUITS: [(Spec, Spec, &str); 15] = [
    (Spec::SymmetricDefault, Spec::Rsa2048, "s1 s2"),
    (Spec::SymmetricDefault, Spec::Rsa4096, "s1 s2"),
    (Spec::SymmetricDefault, Spec::Sm2, "sm"),
    (Spec::Hmac224, Spec::Rsa2048, "s1 s2"),
    (Spec::Hmac512, Spec::Rsa3072, "s1 s2"),
    (Spec::Rsa2048, Spec::Rsa2048, "k1 k2"),
    (Spec::Rsa4096, Spec::Sm2, "sm"),
    (Spec::EccNistP256, Spec::Rsa2048, "s1 s2 k1 k2"),
    (Spec::EccNistP384, Spec::Rsa2048, "s1 s2 k1 k2"),
    (Spec::EccNistP521, Spec::Rsa2048, "k1 k2"),
    (Spec::EccNistP521, Spec::Rsa3072, "s1 s2 k1 k2"),
    (Spec::EccSecgP256K1, Spec::Rsa4096, "s1 s2 k1 k2"),
    (Spec::EccNistEdwards25519, Spec::Rsa2048, "k1 k2"),
    (Spec::EccNistEdwards25519, Spec::Rsa3072, "s1 s2 k1 k2"),
    (Spec::Sm2, Spec::Rsa2048, "s1 s2"),
];

fn short(algorithm: WrappingAlgorithm) -> &'static str {
    use WrappingAlgorithm as A;
    match algorithm {
        A::RsaesPkcs1V15 => "p1",
        A::RsaesOaepSha1 => "s1",
        A::RsaesOaepSha256 => "s2",
        A::RsaAesKeyWrapSha1 => "k1",
        A::RsaAesKeyWrapSha256 => "k2",
        A::Sm2Pke => "sm",
    }
}

#[test]
fn material_comes_in_by_the_algorithms_that_suit_it_and_by_no_others() {
    let hsm = hsm();
    let mut pairs: Vec<Wrapping> = Vec::new();
    for (spec, wrapping, suits) in SUITS {
        if pairs.iter().all(|pair| pair.binding.spec != wrapping) {
            pairs.push(Wrapping::new(&hsm, id(1), wrapping));
        }
        let pair = pairs.iter().find(|pair| pair.binding.spec == wrapping).unwrap();
        let (bytes, usage, public) = material(spec);
        for algorithm in WrappingAlgorithm::ALL.iter().copied() {
            let expected = suits.split(' ').any(|suits| suits == short(algorithm));
            assert_eq!(algorithm.suits(wrapping, spec), expected, "{spec} {wrapping} {algorithm}");
            let wrapped = if expected { pair.wrap(algorithm, &bytes) } else { vec![7; 256] };
            let imported = import_into(&hsm, (id(1), spec, usage), pair.get(), algorithm, &wrapped);
            if !expected {
                assert_eq!(imported.err(), Some(HsmError::NotForThisSpec), "{spec} {wrapping} {algorithm}");
                continue;
            }
            let imported = imported.unwrap_or_else(|error| panic!("{spec} {wrapping} {algorithm}: {error}"));
            assert_eq!(imported.public, public, "{spec}");
            works(&hsm, &imported, &bytes);
        }
    }
}

/// The imported key does with its bytes what a library does with them.
fn works(hsm: &Hsm, imported: &Imported, bytes: &[u8]) {
    let key = imported.get();
    let Imported { binding, public, .. } = imported;
    if let Some(public) = public {
        assert!(matches!(hsm.execute(Command::PublicKey { key }), Ok(Reply::PublicKey(shown)) if shown == *public));
    }
    match (Kind::of(binding.spec).unwrap(), public.as_deref()) {
        (Kind::Symmetric, None) => {
            let blob = encrypt(hsm, key, EncryptionAlgorithm::SymmetricDefault, b"plaintext").unwrap();
            let opened = crate::blob::open_with_material(bytes.try_into().unwrap(), b"", &blob).unwrap();
            assert!(opened.ct_eq(b"plaintext"));
        }
        (Kind::Hmac(least), None) => {
            let (algorithm, expected) = match least {
                28 => (MacAlgorithm::HmacSha224, sealroom_crypto::mac::hmac_sha224(bytes, b"m").to_vec()),
                64 => (MacAlgorithm::HmacSha512, sealroom_crypto::mac::hmac_sha512(bytes, b"m").to_vec()),
                other => panic!("{other}"),
            };
            let made = hsm.execute(Command::Mac { key, algorithm, message: b"m" });
            assert!(matches!(made, Ok(Reply::Mac(mac)) if mac == expected));
        }
        (Kind::Rsa(_), Some(public)) => {
            let ciphertext = rsa::encrypt_oaep(public, OaepHash::Sha256, b"plaintext").unwrap();
            assert!(decrypt(hsm, key, EncryptionAlgorithm::RsaesOaepSha256, &ciphertext).unwrap().ct_eq(b"plaintext"));
        }
        (Kind::Sm2, Some(public)) => {
            let ciphertext = crypto_sm2::encrypt(public, b"plaintext").unwrap();
            assert!(decrypt(hsm, key, EncryptionAlgorithm::Sm2Pke, &ciphertext).unwrap().ct_eq(b"plaintext"));
        }
        (Kind::Ec(curve), Some(public)) => {
            let algorithm = match binding.spec {
                Spec::EccNistP384 => SigningAlgorithm::EcdsaSha384,
                Spec::EccNistP521 => SigningAlgorithm::EcdsaSha512,
                _ => SigningAlgorithm::EcdsaSha256,
            };
            let signature = signature(hsm, key, algorithm);
            assert!(ec::verify_digest(curve, public, &curve.digest().digest(b"m"), &signature));
        }
        (Kind::Ed25519, Some(public)) => {
            let signature = signature(hsm, key, SigningAlgorithm::Ed25519Sha512);
            assert!(ed25519::verify(public, b"m", &signature));
        }
        _ => panic!("{}", binding.spec),
    }
}

fn signature(hsm: &Hsm, key: KeyRef<'_>, algorithm: SigningAlgorithm) -> Vec<u8> {
    match hsm.execute(Command::Sign { key, algorithm, message: Message::Raw(b"m") }) {
        Ok(Reply::Signature(signature)) => signature,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_imported_is_carried_by_nothing() {
    use Spec as S;
    for spec in [S::MlDsa44, S::MlDsa65, S::MlDsa87, S::MlKem512, S::MlKem768, S::MlKem1024] {
        for algorithm in WrappingAlgorithm::ALL {
            for wrapping in [S::Rsa2048, S::Rsa3072, S::Rsa4096, S::Sm2] {
                assert!(!algorithm.suits(wrapping, spec), "{spec} {algorithm}");
            }
        }
    }
    for wrapping in Spec::ALL.iter().copied().filter(|spec| spec.rsa_bits().is_none() && *spec != S::Sm2) {
        assert!(WrappingAlgorithm::ALL.iter().all(|algorithm| !algorithm.suits(wrapping, S::SymmetricDefault)));
        let made = hsm().execute(Command::WrappingKey { account: account(), key: id(1), spec: wrapping });
        assert_eq!(made.err(), Some(HsmError::NotForThisSpec), "{wrapping}");
    }
}

#[test]
fn sizes_at_the_limits_come_in_and_past_them_they_say_one_thing() {
    let hsm = hsm();
    let pair = Wrapping::new(&hsm, id(1), Spec::Rsa2048);
    let rows: [(Spec, &[(usize, bool)]); 5] = [
        (Spec::SymmetricDefault, &[(1, false), (16, false), (31, false), (32, true), (33, false)]),
        (Spec::Hmac224, &[(27, false), (28, true), (128, true), (129, false)]),
        (Spec::Hmac256, &[(31, false), (32, true), (128, true), (129, false)]),
        (Spec::Hmac384, &[(47, false), (48, true), (128, true), (129, false)]),
        (Spec::Hmac512, &[(63, false), (64, true), (128, true), (129, false)]),
    ];
    for (spec, sizes) in rows {
        let usage = if spec == Spec::SymmetricDefault { Usage::EncryptDecrypt } else { Usage::GenerateVerifyMac };
        for (size, fits) in sizes {
            let wrapped = pair.wrap(OAEP, &vec![9; *size]);
            let error = import_into(&hsm, (id(1), spec, usage), pair.get(), OAEP, &wrapped).err();
            assert_eq!(error, (!fits).then_some(HsmError::InvalidKeyMaterial), "{spec} {size}");
        }
    }
}

#[test]
fn keys_of_another_kind_size_or_curve_say_the_same() {
    let hsm = hsm();
    let pair = Wrapping::new(&hsm, id(1), Spec::Rsa3072);
    let algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
    let pairs = [Spec::Rsa2048, Spec::Rsa3072, Spec::EccNistP256, Spec::EccNistP384, Spec::EccNistEdwards25519];
    for (as_spec, usage) in pairs.map(|spec| (spec, Usage::SignVerify)) {
        for of in pairs {
            let wrapped = pair.wrap(algorithm, &material(of).0);
            let error = import_into(&hsm, (id(1), as_spec, usage), pair.get(), algorithm, &wrapped).err();
            assert_eq!(error, (of != as_spec).then_some(HsmError::InvalidKeyMaterial), "{of} as {as_spec}");
        }
        for junk in [&[0u8; 32][..], b"\x30\x00", &[0x30; 2_000]] {
            let wrapped = pair.wrap(algorithm, junk);
            let error = import_into(&hsm, (id(1), as_spec, usage), pair.get(), algorithm, &wrapped).err();
            assert_eq!(error, Some(HsmError::InvalidKeyMaterial));
        }
    }
}

#[test]
fn damaged_or_otherwise_wrapped_material_says_the_same() {
    let hsm = hsm();
    let (pair, other) = (Wrapping::new(&hsm, id(1), Spec::Rsa2048), Wrapping::new(&hsm, id(1), Spec::Rsa2048));
    let sm2 = Wrapping::new(&hsm, id(1), Spec::Sm2);
    let target = (id(1), Spec::EccNistP256, Usage::SignVerify);
    let (bytes, ..) = material(Spec::EccNistP256);
    let refused = |pair: &Wrapping, algorithm, wrapped: &[u8], why: &str| {
        let error = import_into(&hsm, target, pair.get(), algorithm, wrapped).err();
        assert_eq!(error, Some(HsmError::InvalidKeyMaterial), "{algorithm}: {why}");
    };
    use WrappingAlgorithm as A;
    for (pair, algorithm) in [
        (&pair, A::RsaesOaepSha1),
        (&pair, A::RsaesOaepSha256),
        (&pair, A::RsaAesKeyWrapSha1),
        (&pair, A::RsaAesKeyWrapSha256),
        (&sm2, A::Sm2Pke),
    ] {
        let wrapped = pair.wrap(algorithm, &bytes);
        for at in [0, 17, wrapped.len() - 1] {
            let mut damaged = wrapped.clone();
            damaged[at] ^= 1;
            refused(pair, algorithm, &damaged, "a bit");
        }
        refused(pair, algorithm, &wrapped[..wrapped.len() - 1], "short");
        refused(pair, algorithm, &[wrapped.as_slice(), &[0]].concat(), "long");
        refused(pair, algorithm, &[], "empty");
        if algorithm != A::Sm2Pke {
            refused(&other, algorithm, &wrapped, "another pair");
        }
    }
    refused(&pair, A::RsaesOaepSha1, &pair.wrap(A::RsaesOaepSha256, &bytes), "another hash");
    refused(&pair, A::RsaAesKeyWrapSha1, &pair.wrap(A::RsaAesKeyWrapSha256, &bytes), "another hash");
    refused(&pair, A::RsaAesKeyWrapSha256, &pair.wrap(A::RsaesOaepSha256, &bytes), "one layer");
    refused(&pair, A::RsaesOaepSha256, &pair.wrap(A::RsaAesKeyWrapSha256, &bytes), "two layers");
    // A key of another length in the first layer.
    let short = rsa::encrypt_oaep(&pair.spki, OaepHash::Sha256, &[3; 16]).unwrap();
    let wrapped = [short, key_wrap::wrap_padded(&[3; 32], &bytes).unwrap()].concat();
    refused(&pair, A::RsaAesKeyWrapSha256, &wrapped, "a short key");
}

#[test]
fn a_wrapping_pair_is_of_one_key_and_opens_for_nothing_else() {
    let hsm = hsm();
    let pair = Wrapping::new(&hsm, id(1), Spec::Rsa2048);
    let wrapped = pair.wrap(OAEP, &[5; 32]);
    let target = |key| (key, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    assert!(import_into(&hsm, target(id(1)), pair.get(), OAEP, &wrapped).is_ok());
    let other = import_into(&hsm, target(id(2)), pair.get(), OAEP, &wrapped);
    assert_eq!(other.err(), Some(HsmError::InvalidToken));
    // A binding that lies.
    let lie = KeyBinding::of_wrapping_key(account(), id(2), pair.binding.material, Spec::Rsa2048);
    let key = KeyRef { binding: &lie, token: &pair.token };
    assert_eq!(import_into(&hsm, target(id(2)), key, OAEP, &wrapped).err(), Some(HsmError::InvalidToken));
    // As a KMS key it opens nothing, and a KMS key unwraps nothing.
    for command in [
        Command::Decrypt {
            key: pair.get(),
            algorithm: EncryptionAlgorithm::RsaesOaepSha256,
            context: b"",
            ciphertext: &wrapped,
            release: crate::Release::Plain,
        },
        Command::PublicKey { key: pair.get() },
        Command::Rewrap { key: pair.get() },
    ] {
        assert_eq!(hsm.execute(command).err(), Some(HsmError::InvalidToken), "{command:?}");
    }
    let (account, key, usage) = (account(), id(1), Usage::EncryptDecrypt);
    let made = hsm.execute(Command::GenerateKey { account, key, spec: Spec::Rsa2048, usage, origin: Origin::External });
    let Ok(Reply::Key { material, token, public: Some(spki) }) = made else { panic!() };
    let binding = KeyBinding::of_wrapping_key(account, key, material, Spec::Rsa2048);
    let wrapped = rsa::encrypt_oaep(&spki, OaepHash::Sha256, &[5; 32]).unwrap();
    let passed_off = import_into(&hsm, target(key), KeyRef { binding: &binding, token: &token }, OAEP, &wrapped);
    assert_eq!(passed_off.err(), Some(HsmError::InvalidToken));
}

#[test]
fn the_same_material_has_the_same_id_in_one_key_and_another_in_another() {
    let hsm = hsm();
    let ids = |key, spec, usage, bytes: &[u8]| {
        let pair = Wrapping::new(&hsm, key, Spec::Sm2);
        let wrapped = pair.wrap(WrappingAlgorithm::Sm2Pke, bytes);
        import_into(&hsm, (key, spec, usage), pair.get(), WrappingAlgorithm::Sm2Pke, &wrapped).unwrap().binding.material
    };
    for spec in [Spec::SymmetricDefault, Spec::Hmac256, Spec::EccNistP256, Spec::EccNistEdwards25519, Spec::Sm2] {
        let (bytes, usage, public) = material(spec);
        assert_eq!(ids(id(1), spec, usage, &bytes), ids(id(1), spec, usage, &bytes));
        assert_ne!(ids(id(1), spec, usage, &bytes), ids(id(2), spec, usage, &bytes));
        if public.is_none() {
            assert_ne!(ids(id(1), spec, usage, &bytes), ids(id(1), spec, usage, &[6; 32]));
        }
    }
}

#[test]
fn a_usage_that_the_spec_does_not_allow_is_refused() {
    let hsm = hsm();
    let pair = Wrapping::new(&hsm, id(1), Spec::Rsa2048);
    let wrapped = pair.wrap(OAEP, &[5; 32]);
    let target = (id(1), Spec::SymmetricDefault, Usage::SignVerify);
    assert_eq!(import_into(&hsm, target, pair.get(), OAEP, &wrapped).err(), Some(HsmError::NotForThisSpec));
}
