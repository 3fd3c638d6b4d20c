//! Key material that OpenSSL made and wrapped, as a customer does it, comes in and does what OpenSSL does with it.

use sealroom_crypto::mac::hmac_sha512;
use sealroom_foundation::{AccountId, KeyId};
use sealroom_hsm::{
    Command, EncryptionAlgorithm, Hsm, HsmError, KeyBinding, KeyRef, KeyToken, MacAlgorithm, Message, Origin, Release,
    Released, Reply, SigningAlgorithm, Spec, Usage, WrappingAlgorithm as A,
};

use crate::{MESSAGE, OpenSsl, hsm};

fn id() -> KeyId {
    KeyId::from_bytes(false, [1; 16])
}

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn wrapping_pair(hsm: &Hsm, spec: Spec) -> (KeyBinding, KeyToken, Vec<u8>) {
    match hsm.execute(Command::WrappingKey { account: account(), key: id(), spec }) {
        Ok(Reply::Key { material, token, public: Some(spki) }) => {
            (KeyBinding::of_wrapping_key(account(), id(), material, spec), token, spki)
        }
        other => panic!("{spec}: {other:?}"),
    }
}

/// Wraps the file `material` under the file `spki` with the commands of AWS's guide.
fn wrap(openssl: &OpenSsl, algorithm: A) -> Vec<u8> {
    let oaep = |hash: &str, from: &str| {
        let options = format!("-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:{hash} -pkeyopt rsa_mgf1_md:{hash}");
        openssl.runs(&format!("pkeyutl -encrypt -pubin -keyform DER -inkey spki -in {from} -out wrapped {options}"));
        openssl.get("wrapped")
    };
    let both = |hash| {
        openssl.runs("rand -out kek 32");
        let kek: String = openssl.get("kek").iter().map(|byte| format!("{byte:02x}")).collect();
        openssl.runs(&format!("enc -id-aes256-wrap-pad -K {kek} -iv A65959A6 -in material -out inner"));
        [oaep(hash, "kek"), openssl.get("inner")].concat()
    };
    match algorithm {
        A::RsaesOaepSha1 => oaep("sha1", "material"),
        A::RsaesOaepSha256 => oaep("sha256", "material"),
        A::RsaAesKeyWrapSha1 => both("sha1"),
        A::RsaAesKeyWrapSha256 => both("sha256"),
        A::Sm2Pke => {
            openssl.runs("pkeyutl -encrypt -pubin -keyform DER -inkey spki -in material -out wrapped");
            openssl.get("wrapped")
        }
        A::RsaesPkcs1V15 => panic!("nothing is wrapped like this"),
    }
}

/// What OpenSSL makes a key with, and the forms in which its PKCS#8 may be written.
const PAIRS: [(Spec, Usage, &str); 8] = [
    (Spec::EccNistP256, Usage::SignVerify, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    (Spec::EccNistP384, Usage::SignVerify, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
    (Spec::EccNistP521, Usage::SignVerify, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
    (Spec::EccSecgP256K1, Usage::SignVerify, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"),
    (Spec::EccNistEdwards25519, Usage::SignVerify, "genpkey -algorithm ED25519"),
    (Spec::Rsa2048, Usage::SignVerify, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
    (Spec::Rsa4096, Usage::EncryptDecrypt, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096"),
    (Spec::Sm2, Usage::SignVerify, "genpkey -algorithm SM2"),
];

#[test]
fn pairs_made_there_come_in_by_each_wrapping_that_suits_them() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    for wrapping in [Spec::Rsa2048, Spec::Rsa3072, Spec::Sm2] {
        let (wrapped_under, token, spki) = wrapping_pair(&hsm, wrapping);
        openssl.put("spki", &spki);
        for (spec, usage, make) in PAIRS {
            openssl.runs(&format!("{make} -out key.pem"));
            openssl.runs("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out material");
            openssl.runs("pkey -in key.pem -pubout -outform DER -out public");
            for algorithm in A::ALL.iter().copied().filter(|algorithm| algorithm.suits(wrapping, spec)) {
                let wrapped = wrap(&openssl, algorithm);
                let key = KeyRef { binding: &wrapped_under, token: &token };
                let import = Command::Import {
                    account: account(),
                    key: id(),
                    spec,
                    usage,
                    wrapping: key,
                    algorithm,
                    wrapped: &wrapped,
                };
                let Ok(Reply::Key { material, token, public: Some(public) }) = hsm.execute(import) else {
                    panic!("{spec} {wrapping} {algorithm}")
                };
                assert_eq!(public, openssl.get("public"), "{spec}");
                let binding =
                    KeyBinding { account: account(), key: id(), material, spec, usage, origin: Origin::External };
                does_the_same(&hsm, &openssl, KeyRef { binding: &binding, token: &token });
            }
        }
    }
}

/// The file `public` verifies what the key signs, or encrypts what it decrypts.
fn does_the_same(hsm: &Hsm, openssl: &OpenSsl, key: KeyRef<'_>) {
    openssl.put("message", MESSAGE);
    if key.binding.usage == Usage::EncryptDecrypt {
        let options = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256";
        openssl.runs(&format!("pkeyutl -encrypt -pubin -keyform DER -inkey public -in message -out sealed {options}"));
        let ciphertext = openssl.get("sealed");
        let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
        let opened = hsm.execute(Command::Decrypt {
            key,
            algorithm,
            context: b"",
            ciphertext: &ciphertext,
            release: Release::Plain,
        });
        assert!(matches!(opened, Ok(Reply::Plaintext(Released::Plain(opened))) if opened.ct_eq(MESSAGE)));
        return;
    }
    let (algorithm, options) = match key.binding.spec {
        Spec::EccNistP384 => (SigningAlgorithm::EcdsaSha384, "-rawin -digest sha384"),
        Spec::EccNistP521 => (SigningAlgorithm::EcdsaSha512, "-rawin -digest sha512"),
        Spec::EccNistEdwards25519 => (SigningAlgorithm::Ed25519Sha512, "-rawin"),
        Spec::Rsa2048 => (SigningAlgorithm::RsassaPkcs1V15Sha256, "-rawin -digest sha256"),
        Spec::Sm2 => (SigningAlgorithm::Sm2Dsa, "-rawin -digest sm3 -pkeyopt distid:1234567812345678"),
        _ => (SigningAlgorithm::EcdsaSha256, "-rawin -digest sha256"),
    };
    let Ok(Reply::Signature(signature)) = hsm.execute(Command::Sign { key, algorithm, message: Message::Raw(MESSAGE) })
    else {
        panic!("{algorithm}")
    };
    openssl.put("signature", &signature);
    openssl
        .runs(&format!("pkeyutl -verify -pubin -keyform DER -inkey public -in message -sigfile signature {options}"));
}

#[test]
fn secret_keys_made_there_come_in_and_do_what_they_do_there() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    let (binding, token, spki) = wrapping_pair(&hsm, Spec::Rsa4096);
    let wrapping = KeyRef { binding: &binding, token: &token };
    openssl.put("spki", &spki).runs("rand -out material 64");
    let bytes = openssl.get("material");
    for algorithm in [A::RsaesOaepSha1, A::RsaesOaepSha256] {
        let wrapped = wrap(&openssl, algorithm);
        let (spec, usage) = (Spec::Hmac512, Usage::GenerateVerifyMac);
        let import =
            Command::Import { account: account(), key: id(), spec, usage, wrapping, algorithm, wrapped: &wrapped };
        let Ok(Reply::Key { material, token, public: None }) = hsm.execute(import) else { panic!("{algorithm}") };
        let binding = KeyBinding { account: account(), key: id(), material, spec, usage, origin: Origin::External };
        let key = KeyRef { binding: &binding, token: &token };
        let mac = hsm.execute(Command::Mac { key, algorithm: MacAlgorithm::HmacSha512, message: MESSAGE });
        assert!(matches!(mac, Ok(Reply::Mac(mac)) if mac == hmac_sha512(&bytes, MESSAGE)));
    }
}

/// Forms that OpenSSL writes and AWS doesn't take: without the envelope of PKCS#8, or with the curve written out.
#[test]
fn other_forms_of_a_private_key_are_refused() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    let (binding, token, spki) = wrapping_pair(&hsm, Spec::Rsa2048);
    openssl.put("spki", &spki);
    openssl.runs("ecparam -name prime256v1 -genkey -noout -out key.pem");
    openssl.runs("ec -in key.pem -param_enc explicit -out explicit.pem");
    let imports = |make: &str| {
        openssl.runs(make);
        let (algorithm, wrapped) = (A::RsaAesKeyWrapSha256, wrap(&openssl, A::RsaAesKeyWrapSha256));
        let (spec, usage, wrapping) =
            (Spec::EccNistP256, Usage::SignVerify, KeyRef { binding: &binding, token: &token });
        hsm.execute(Command::Import {
            account: account(),
            key: id(),
            spec,
            usage,
            wrapping,
            algorithm,
            wrapped: &wrapped,
        })
    };
    for (make, taken) in [
        ("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out material", true),
        ("ec -in key.pem -outform DER -conv_form compressed -out material", false),
        ("ec -in key.pem -outform DER -out material", false),
        ("pkcs8 -topk8 -nocrypt -in key.pem -outform PEM -out material", false),
        ("pkcs8 -topk8 -in key.pem -outform DER -passout pass:secret -out material", false),
        ("pkcs8 -topk8 -nocrypt -in explicit.pem -outform DER -out material", false),
    ] {
        let imported = imports(make);
        assert_eq!(imported.is_ok(), taken, "{make}");
        assert!(imported.is_ok() || imported.err() == Some(HsmError::InvalidKeyMaterial), "{make}");
    }
    openssl.runs("ec -in key.pem -conv_form compressed -out compressed.pem");
    assert!(imports("pkcs8 -topk8 -nocrypt -in compressed.pem -outform DER -out material").is_ok(), "compressed");
}

/// What each side encrypts for the other's SM2 key.
#[test]
fn sm2_ciphertexts_open_on_both_sides() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    let key = crate::Key::new(&hsm, Spec::Sm2, Usage::EncryptDecrypt);
    openssl.put("spki", &key.spki).put("message", MESSAGE);
    openssl.runs("pkeyutl -encrypt -pubin -keyform DER -inkey spki -in message -out sealed");
    let (ciphertext, algorithm) = (openssl.get("sealed"), EncryptionAlgorithm::Sm2Pke);
    let decrypt =
        Command::Decrypt { key: key.get(), algorithm, context: b"", ciphertext: &ciphertext, release: Release::Plain };
    assert!(matches!(hsm.execute(decrypt), Ok(Reply::Plaintext(Released::Plain(opened))) if opened.ct_eq(MESSAGE)));
    let (private, public) = crate::pair(&hsm, Spec::Sm2);
    openssl.put("private", private.expose()).put("sealed", &sealroom_crypto::sm2::encrypt(&public, MESSAGE).unwrap());
    openssl.runs("pkeyutl -decrypt -keyform DER -inkey private -in sealed -out opened");
    assert_eq!(openssl.get("opened"), MESSAGE);
}
