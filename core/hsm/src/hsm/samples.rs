//! Tokens of version 1, one of each stored form, kept in `tokens.v1`: they open and work for ever.
//!
//! A line is spec, usage and token, sealed under a domain key of 32 times `07`. Where the file is missing, `UPDATE=1`
//! makes it; it never changes one that is there. The keys in it are for this test.

use super::*;
use crate::algorithm::{AgreementAlgorithm, MacAlgorithm, SigningAlgorithm as S};
use crate::command::Message;
use crate::token::KeyToken;

const SAMPLES: &str = include_str!("tokens.v1");

const FORMS: [(Spec, Usage); 10] = [
    (Spec::SymmetricDefault, Usage::EncryptDecrypt),
    (Spec::Hmac384, Usage::GenerateVerifyMac),
    (Spec::Rsa2048, Usage::SignVerify),
    (Spec::Rsa2048, Usage::EncryptDecrypt),
    (Spec::EccNistP256, Usage::SignVerify),
    (Spec::EccNistP521, Usage::KeyAgreement),
    (Spec::EccSecgP256K1, Usage::SignVerify),
    (Spec::EccNistEdwards25519, Usage::SignVerify),
    (Spec::MlDsa44, Usage::SignVerify),
    (Spec::MlKem512, Usage::EncapsulateDecapsulate),
];

struct SevenRoot;
impl sealroom_foundation::ports::Root for SevenRoot {
    fn kind(&self) -> &'static str {
        "test"
    }
    fn wrap(&self, _aad: &[u8], _secret: &[u8]) -> Vec<u8> {
        Vec::new()
    }
    fn unwrap(&self, _aad: &[u8], _wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        Ok(Secret::copy_of(&[&[1, 0, 0, 0, 1], [7u8; 32].as_slice()].concat()))
    }
}

fn binding(spec: Spec, usage: Usage) -> KeyBinding {
    let (account, key) = ("111122223333".parse().unwrap(), KeyId::from_bytes(false, [0xab; 16]));
    KeyBinding { account, key, material: MaterialId::from_bytes([0xcd; 32]), spec, usage, origin: Origin::AwsKms }
}

fn fresh(hsm: &Hsm, (spec, usage): (Spec, Usage)) -> KeyToken {
    let (domain, binding) = (hsm.domains.sealing(), binding(spec, usage));
    if spec.is_asymmetric() {
        let pair = pair::generate(hsm, spec).unwrap();
        return token::seal_pair(domain, &binding, &pair.spki, &pair.private).unwrap();
    }
    token::seal(domain, &binding, &vec![9; spec.hmac_bytes().unwrap_or(32)]).unwrap()
}

/// The key does what keys of its usage do.
fn works(hsm: &Hsm, key: KeyRef<'_>) -> bool {
    match key.binding.usage {
        Usage::EncryptDecrypt => {
            let rsa = key.binding.spec.rsa_bits().is_some();
            let algorithm =
                if rsa { EncryptionAlgorithm::RsaesOaepSha256 } else { EncryptionAlgorithm::SymmetricDefault };
            let sealed = super::tests::encrypt(hsm, key, algorithm, b"p").unwrap();
            super::tests::decrypt(hsm, key, algorithm, &sealed).unwrap().ct_eq(b"p")
        }
        Usage::GenerateVerifyMac => {
            let (algorithm, message) = (MacAlgorithm::HmacSha384, b"m".as_slice());
            let Ok(Reply::Mac(mac)) = hsm.execute(Command::Mac { key, algorithm, message }) else { return false };
            mac == sealroom_crypto::mac::hmac_sha384(&[9; 48], message)
        }
        Usage::SignVerify => {
            let (algorithm, message) = (signing(key.binding.spec), Message::Raw(b"m"));
            let signed = hsm.execute(Command::Sign { key, algorithm, message });
            let Ok(Reply::Signature(signature)) = signed else { return false };
            let verify = Command::Verify { key, algorithm, message, signature: &signature };
            matches!(hsm.execute(verify), Ok(Reply::Verified(true)))
        }
        Usage::KeyAgreement => {
            let Ok(Reply::PublicKey(peer)) = hsm.execute(Command::PublicKey { key }) else { return false };
            let agree =
                Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer: &peer, release: Release::Plain };
            matches!(hsm.execute(agree), Ok(Reply::Plaintext(_)))
        }
        Usage::EncapsulateDecapsulate => {
            let made = hsm.execute(Command::Encapsulate { key });
            let Ok(Reply::Encapsulated { secret, ciphertext }) = made else { return false };
            let open = Command::Decapsulate { key, ciphertext: &ciphertext };
            matches!(hsm.execute(open), Ok(Reply::Plaintext(Released::Plain(opened))) if opened.ct_eq(secret.expose()))
        }
    }
}

fn signing(spec: Spec) -> S {
    match spec {
        Spec::EccNistP256 | Spec::EccSecgP256K1 => S::EcdsaSha256,
        Spec::EccNistEdwards25519 => S::Ed25519Sha512,
        Spec::MlDsa44 => S::MlDsaShake256,
        _ => S::RsassaPssSha256,
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the samples are a file, made once when the caller asks for it")]
fn each_stored_form_opens_and_works() {
    let hsm = Hsm::start(DomainKeys::unwrap(&SevenRoot, b"").unwrap()).unwrap();
    if SAMPLES.is_empty() && std::env::var_os("UPDATE").is_some() {
        let lines = FORMS.map(|(spec, usage)| {
            let token = fresh(&hsm, (spec, usage));
            let hex: String = token.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{spec} {usage} {hex}\n")
        });
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/hsm/tokens.v1"), lines.concat()).unwrap();
        return;
    }
    let mut found = Vec::new();
    for line in SAMPLES.lines() {
        let cells: Vec<&str> = line.split(' ').collect();
        let (spec, usage): (Spec, Usage) = (cells[0].parse().unwrap(), cells[1].parse().unwrap());
        let pairs = cells[2].as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        let token = KeyToken::from_bytes(&bytes).unwrap();
        let binding = binding(spec, usage);
        assert!(works(&hsm, KeyRef { binding: &binding, token: &token }), "{spec} {usage}");
        found.push((spec, usage));
    }
    assert_eq!(found, FORMS);
}
