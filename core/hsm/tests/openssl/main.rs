//! The HSM and the `openssl` command (3.0 or later) open, verify and agree on what the other made.
//!
//! Keys go out as DataKeyPair and PublicKey give them, foreign ones come in as OpenSSL writes them. ML-KEM and ML-DSA
//! aren't here: 3.0 doesn't know them; the self-tests hold answers of newer versions. Without the command the tests
//! fail: `cargo xtask test` installs it.

#![cfg(test)]

mod import;

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use sealroom_crypto::digest::{DigestAlg, sha512};
use sealroom_crypto::ec::{self, Curve};
use sealroom_crypto::{ed25519, rsa, sm2};
use sealroom_foundation::{KeyId, Secret};
use sealroom_hsm::{
    AgreementAlgorithm, BlobKind, Command, DomainKeys, EncryptionAlgorithm, Hsm, KeyBinding, KeyRef, KeyToken, Message,
    Origin, Release, Released, Reply, SigningAlgorithm, Spec, Usage,
};

const MESSAGE: &[u8] = b"a message for both";

/// A folder in which `openssl` runs.
struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "the command reads files")]
    fn put(&self, name: &str, bytes: &[u8]) -> &Self {
        std::fs::write(self.path(name), bytes).unwrap();
        self
    }

    #[expect(clippy::disallowed_methods, reason = "the command writes files")]
    fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs `openssl` with these words, and says whether it was content.
    fn tries(&self, words: &str) -> bool {
        let folder: &Path = self.0.path();
        let ran = Process::new("openssl").current_dir(folder).args(words.split(' ')).output();
        ran.expect("the command `openssl` is needed: apt-get install openssl").status.success()
    }

    fn runs(&self, words: &str) {
        assert!(self.tries(words), "openssl {words}");
    }
}

struct Key {
    binding: KeyBinding,
    token: KeyToken,
    spki: Vec<u8>,
}

impl Key {
    fn new(hsm: &Hsm, spec: Spec, usage: Usage) -> Self {
        let (account, key) = ("111122223333".parse().unwrap(), KeyId::from_bytes(false, [1; 16]));
        let origin = Origin::AwsKms;
        let made = hsm.execute(Command::GenerateKey { account, key, spec, usage, origin });
        let Ok(Reply::Key { material, token, public }) = made else { panic!("{spec}: {made:?}") };
        let binding = KeyBinding { account, key, material, spec, usage, origin };
        Self { binding, token, spki: public.unwrap_or_default() }
    }

    fn get(&self) -> KeyRef<'_> {
        KeyRef { binding: &self.binding, token: &self.token }
    }
}

fn hsm() -> Hsm {
    Hsm::start(DomainKeys::generate()).unwrap()
}

/// A pair for use outside: PKCS#8 and `SubjectPublicKeyInfo`.
fn pair(hsm: &Hsm, spec: Spec) -> (Secret<[u8]>, Vec<u8>) {
    let key = Key::new(hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    let made = hsm.execute(Command::DataKeyPair { key: key.get(), context: b"", spec, release: Some(Release::Plain) });
    let Ok(Reply::DataKeyPair { public, plaintext: Some(Released::Plain(private)), .. }) = made else {
        panic!("{made:?}")
    };
    (private, public)
}

fn sign(hsm: &Hsm, key: KeyRef<'_>, algorithm: SigningAlgorithm) -> Vec<u8> {
    match hsm.execute(Command::Sign { key, algorithm, message: Message::Raw(MESSAGE) }) {
        Ok(Reply::Signature(signature)) => signature,
        other => panic!("{other:?}"),
    }
}

/// How `openssl pkeyutl` names a signature of an algorithm over a message, and how this project verifies one.
struct Scheme {
    spec: Spec,
    algorithm: SigningAlgorithm,
    options: &'static str,
    verifies: fn(&[u8], &[u8]) -> bool,
}

const SCHEMES: [Scheme; 12] = {
    use DigestAlg::{Sha256, Sha384, Sha512};
    use SigningAlgorithm as A;
    use rsa::Padding::{Pkcs1, Pss};
    macro_rules! ecdsa {
        ($spec:ident, $algorithm:ident, $hash:ident, $curve:ident, $options:literal) => {
            Scheme {
                spec: Spec::$spec,
                algorithm: A::$algorithm,
                options: $options,
                verifies: |spki, signature| ec::verify_digest(Curve::$curve, spki, &$hash.digest(MESSAGE), signature),
            }
        };
    }
    macro_rules! rsa {
        ($spec:ident, $algorithm:ident, $padding:ident, $hash:ident, $options:literal) => {
            Scheme {
                spec: Spec::$spec,
                algorithm: A::$algorithm,
                options: $options,
                verifies: |spki, signature| rsa::verify(spki, $padding, $hash, &$hash.digest(MESSAGE), signature),
            }
        };
    }
    [
        ecdsa!(EccNistP256, EcdsaSha256, Sha256, P256, "-rawin -digest sha256"),
        ecdsa!(EccNistP384, EcdsaSha384, Sha384, P384, "-rawin -digest sha384"),
        ecdsa!(EccNistP521, EcdsaSha512, Sha512, P521, "-rawin -digest sha512"),
        ecdsa!(EccSecgP256K1, EcdsaSha256, Sha256, P256K1, "-rawin -digest sha256"),
        Scheme {
            spec: Spec::EccNistEdwards25519,
            algorithm: A::Ed25519Sha512,
            options: "-rawin",
            verifies: |spki, signature| ed25519::verify(spki, MESSAGE, signature),
        },
        Scheme {
            spec: Spec::Sm2,
            algorithm: A::Sm2Dsa,
            options: "-rawin -digest sm3 -pkeyopt distid:1234567812345678",
            verifies: |spki, signature| sm2::verify(spki, sm2::Message::Raw(MESSAGE), signature),
        },
        rsa!(Rsa2048, RsassaPkcs1V15Sha256, Pkcs1, Sha256, "-rawin -digest sha256"),
        rsa!(Rsa2048, RsassaPkcs1V15Sha384, Pkcs1, Sha384, "-rawin -digest sha384"),
        rsa!(Rsa2048, RsassaPkcs1V15Sha512, Pkcs1, Sha512, "-rawin -digest sha512"),
        rsa!(
            Rsa2048,
            RsassaPssSha256,
            Pss,
            Sha256,
            "-rawin -digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest"
        ),
        rsa!(
            Rsa2048,
            RsassaPssSha384,
            Pss,
            Sha384,
            "-rawin -digest sha384 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest"
        ),
        rsa!(
            Rsa2048,
            RsassaPssSha512,
            Pss,
            Sha512,
            "-rawin -digest sha512 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest"
        ),
    ]
};

#[test]
fn each_side_verifies_the_others_signatures() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    for Scheme { spec, algorithm, options, verifies } in SCHEMES {
        // Signed here, verified there.
        let key = Key::new(&hsm, spec, Usage::SignVerify);
        let mut signature = sign(&hsm, key.get(), algorithm);
        openssl.put("spki", &key.spki).put("message", MESSAGE).put("signature", &signature);
        let verify =
            format!("pkeyutl -verify -pubin -keyform DER -inkey spki -in message -sigfile signature {options}");
        assert!(openssl.tries(&verify), "{algorithm} {spec}");
        *signature.last_mut().unwrap() ^= 1;
        openssl.put("signature", &signature);
        assert!(!openssl.tries(&verify), "{algorithm} {spec}");

        // Signed there with a pair made here, verified here.
        let (private, public) = pair(&hsm, spec);
        openssl.put("private", private.expose());
        openssl.runs("pkey -inform DER -in private -check -noout");
        openssl.runs("pkey -inform DER -in private -pubout -outform DER -out public");
        assert_eq!(openssl.get("public"), public, "{spec}");
        openssl.runs(&format!("pkeyutl -sign -keyform DER -inkey private -in message -out signature {options}"));
        let signature = openssl.get("signature");
        assert!(verifies(&public, &signature), "{algorithm} {spec}");
        assert!(!verifies(&key.spki, &signature), "{algorithm} {spec}");
    }
}

/// A digest that is signed here verifies there as the message's signature.
#[test]
fn digests_are_signed_as_their_messages() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    let key = Key::new(&hsm, Spec::EccNistP521, Usage::SignVerify);
    let digest = sha512(MESSAGE);
    let sign =
        Command::Sign { key: key.get(), algorithm: SigningAlgorithm::EcdsaSha512, message: Message::Digest(&digest) };
    let Ok(Reply::Signature(signature)) = hsm.execute(sign) else { panic!() };
    openssl.put("spki", &key.spki).put("message", MESSAGE).put("signature", &signature);
    openssl
        .runs("pkeyutl -verify -pubin -keyform DER -inkey spki -in message -sigfile signature -rawin -digest sha512");
}

#[test]
fn each_side_decrypts_what_the_other_encrypted() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    let key = Key::new(&hsm, Spec::Rsa2048, Usage::EncryptDecrypt);
    for (algorithm, hash) in
        [(EncryptionAlgorithm::RsaesOaepSha1, "sha1"), (EncryptionAlgorithm::RsaesOaepSha256, "sha256")]
    {
        let options = format!("-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:{hash} -pkeyopt rsa_mgf1_md:{hash}");
        openssl.put("spki", &key.spki).put("message", MESSAGE);
        openssl.runs(&format!("pkeyutl -encrypt -pubin -keyform DER -inkey spki -in message -out sealed {options}"));
        let ciphertext = openssl.get("sealed");
        let decrypt = Command::Decrypt {
            key: key.get(),
            algorithm,
            context: b"",
            ciphertext: &ciphertext,
            release: Release::Plain,
        };
        assert!(
            matches!(hsm.execute(decrypt), Ok(Reply::Plaintext(Released::Plain(opened))) if opened.ct_eq(MESSAGE)),
            "{hash}"
        );

        let (private, public) = pair(&hsm, Spec::Rsa2048);
        let oaep = if hash == "sha1" { rsa::OaepHash::Sha1 } else { rsa::OaepHash::Sha256 };
        openssl.put("private", private.expose()).put("sealed", &rsa::encrypt_oaep(&public, oaep, MESSAGE).unwrap());
        openssl.runs(&format!("pkeyutl -decrypt -keyform DER -inkey private -in sealed -out opened {options}"));
        assert_eq!(openssl.get("opened"), MESSAGE, "{hash}");
    }
}

#[test]
fn both_sides_agree_on_the_same_secret() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    for (spec, name, length) in [
        (Spec::EccNistP256, "prime256v1", 32),
        (Spec::EccNistP384, "secp384r1", 48),
        (Spec::EccNistP521, "secp521r1", 66),
    ] {
        let ours = Key::new(&hsm, spec, Usage::KeyAgreement);
        openssl.put("ours", &ours.spki);
        openssl.runs(&format!("ecparam -name {name} -genkey -noout -out theirs.pem"));
        openssl.runs("pkeyutl -derive -inkey theirs.pem -peerkey ours -peerform DER -out secret");
        let secret = openssl.get("secret");
        assert_eq!(secret.len(), length);
        let agree = |file: &str| {
            let peer = openssl.get(file);
            hsm.execute(Command::Agree {
                key: ours.get(),
                algorithm: AgreementAlgorithm::Ecdh,
                peer: &peer,
                release: Release::Plain,
            })
        };
        openssl.runs("ec -in theirs.pem -pubout -outform DER -out uncompressed");
        openssl.runs("ec -in theirs.pem -pubout -outform DER -conv_form compressed -out compressed");
        for form in ["uncompressed", "compressed"] {
            assert!(
                matches!(agree(form), Ok(Reply::Plaintext(Released::Plain(here))) if here.ct_eq(&secret)),
                "{name} {form}"
            );
        }
        for (form, options) in [("hybrid", "-conv_form hybrid"), ("explicit", "-param_enc explicit")] {
            openssl.runs(&format!("ec -in theirs.pem -pubout -outform DER {options} -out {form}"));
            assert!(agree(form).is_err(), "{name} {form}");
        }
    }
}

/// What leaves as a blob comes back as the PKCS#8 that OpenSSL reads.
#[test]
fn a_pair_that_was_hidden_is_the_same_when_it_is_decrypted() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    let key = Key::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    for spec in [Spec::EccNistEdwards25519, Spec::EccNistP256, Spec::Rsa2048] {
        let make = Command::DataKeyPair { key: key.get(), context: b"", spec, release: None };
        let Ok(Reply::DataKeyPair { public, plaintext: None, ciphertext }) = hsm.execute(make) else { panic!() };
        assert_eq!(sealroom_hsm::blob::header(&ciphertext).map(|header| header.key), Some(key.binding.key));
        let algorithm = EncryptionAlgorithm::SymmetricDefault;
        let decrypt = Command::Decrypt {
            key: key.get(),
            algorithm,
            context: b"",
            ciphertext: &ciphertext,
            release: Release::Plain,
        };
        let Ok(Reply::Plaintext(Released::Plain(private))) = hsm.execute(decrypt) else { panic!() };
        openssl.put("private", private.expose());
        openssl.runs("pkey -inform DER -in private -pubout -outform DER -out public");
        assert_eq!(openssl.get("public"), public, "{spec}");
        let again = Command::Encrypt {
            key: key.get(),
            algorithm,
            context: b"",
            plaintext: private.expose(),
            kind: BlobKind::Message,
        };
        assert!(hsm.execute(again).is_ok());
    }
}

/// What is released for a recipient alone opens with the recipient's key.
#[test]
fn openssl_opens_what_is_enveloped() {
    let (hsm, openssl) = (hsm(), OpenSsl::new());
    let symmetric = Key::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    let algorithm = EncryptionAlgorithm::SymmetricDefault;
    for spec in [Spec::Rsa2048, Spec::Rsa3072] {
        let (private, public) = pair(&hsm, spec);
        openssl.put("private", private.expose());
        // Around a block of the cipher, and around a piece of the message.
        for length in [1, 15, 16, 17, 983, 984, 999, 1_000, 4_096] {
            let plaintext = vec![7; length];
            let seal = Command::Encrypt {
                key: symmetric.get(),
                algorithm,
                context: b"",
                plaintext: &plaintext,
                kind: BlobKind::Message,
            };
            let Ok(Reply::Ciphertext(ciphertext)) = hsm.execute(seal) else { panic!() };
            let release = Release::To(&public);
            let open =
                Command::Decrypt { key: symmetric.get(), algorithm, context: b"", ciphertext: &ciphertext, release };
            let Ok(Reply::Plaintext(Released::Enveloped(message))) = hsm.execute(open) else { panic!() };
            openssl.put("message", &message);
            openssl.runs("cms -decrypt -inform DER -in message -keyform DER -inkey private -out opened");
            assert_eq!(openssl.get("opened"), plaintext, "{spec} {length}");
        }
    }
}
