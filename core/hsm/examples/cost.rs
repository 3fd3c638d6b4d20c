//! What the commands cost: nanoseconds per call on one thread, best of several rounds.
//!
//! `cargo run --release -p sealroom-hsm --example cost`

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool for people: it measures and prints")]

use std::hint::black_box;
use std::time::Instant;

use sealroom_foundation::KeyId;
use sealroom_foundation::ports::{Entropy, Purpose, Seal};
use sealroom_hsm::{
    AgreementAlgorithm, BlobKind, Command, DomainKeys, EncryptionAlgorithm, Hsm, HsmError, KeyBinding, KeyRef,
    KeyToken, MacAlgorithm, Message, Origin, Release, Reply, SigningAlgorithm, Spec, Usage,
};

const ROUNDS: u32 = 9;

fn measure(name: &str, calls: u32, mut call: impl FnMut()) {
    let best = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        (0..calls).for_each(|_| call());
        begin.elapsed().as_nanos() / u128::from(calls)
    });
    println!("{name:<44} {:>9} ns", best.min().unwrap_or_default());
}

fn key(hsm: &Hsm, spec: Spec, usage: Usage) -> Result<(KeyBinding, KeyToken), Box<dyn std::error::Error>> {
    let (account, key, origin) = ("111122223333".parse()?, KeyId::from_bytes(false, [1; 16]), Origin::AwsKms);
    let Reply::Key { material, token, .. } = hsm.execute(Command::GenerateKey { account, key, spec, usage, origin })?
    else {
        return Err(HsmError::Failed.into());
    };
    Ok((KeyBinding { account, key, material, spec, usage, origin }, token))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let hsm = Hsm::start(DomainKeys::generate())?;
    println!("{:<44} {:>9} ns", "start with self-tests", begin.elapsed().as_nanos());
    symmetric(&hsm)?;
    asymmetric(&hsm)?;
    macs(&hsm)?;
    shared_secrets(&hsm)?;
    pairs(&hsm)?;
    measure("seal a page marker of 100 bytes", 20_000, || {
        black_box(hsm.seal(Purpose::PageMarker, b"aad", &[1; 100]));
    });
    measure("an id from the pool", 100_000, || {
        black_box(hsm.id_bytes());
    });
    Ok(())
}

fn symmetric(hsm: &Hsm) -> Result<(), Box<dyn std::error::Error>> {
    let (binding, token) = key(hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt)?;
    let key = KeyRef { binding: &binding, token: &token };
    let (algorithm, kind, context) = (EncryptionAlgorithm::SymmetricDefault, BlobKind::Message, b"".as_slice());
    for length in [32, 4_096, 1_048_576] {
        let plaintext = vec![1u8; length];
        let encrypt = Command::Encrypt { key, algorithm, context, plaintext: &plaintext, kind };
        let Reply::Ciphertext(ciphertext) = hsm.execute(encrypt)? else { return Err(HsmError::Failed.into()) };
        let decrypt = Command::Decrypt { key, algorithm, context, ciphertext: &ciphertext, release: Release::Plain };
        let calls = if length > 100_000 { 200 } else { 20_000 };
        measure(&format!("Encrypt {length} bytes"), calls, || {
            let _ = black_box(hsm.execute(encrypt));
        });
        measure(&format!("Decrypt {length} bytes"), calls, || {
            let _ = black_box(hsm.execute(decrypt));
        });
    }
    measure("DataKey 32 bytes", 20_000, || {
        let _ = black_box(hsm.execute(Command::DataKey { key, context, bytes: 32, release: Some(Release::Plain) }));
    });
    Ok(())
}

/// How many calls make a round, by what one costs.
fn calls(spec: Spec) -> u32 {
    match spec {
        Spec::Rsa2048 => 40,
        Spec::Rsa3072 => 20,
        Spec::Rsa4096 => 10,
        _ => 200,
    }
}

fn asymmetric(hsm: &Hsm) -> Result<(), Box<dyn std::error::Error>> {
    use SigningAlgorithm as A;
    let rows: [(Spec, A, Message<'_>); 11] = [
        (Spec::Rsa2048, A::RsassaPssSha256, Message::Digest(&[1; 32])),
        (Spec::Rsa4096, A::RsassaPssSha256, Message::Digest(&[1; 32])),
        (Spec::EccNistP256, A::EcdsaSha256, Message::Digest(&[1; 32])),
        (Spec::EccNistP384, A::EcdsaSha384, Message::Digest(&[1; 48])),
        (Spec::EccNistP521, A::EcdsaSha512, Message::Digest(&[1; 64])),
        (Spec::EccSecgP256K1, A::EcdsaSha256, Message::Digest(&[1; 32])),
        (Spec::EccNistEdwards25519, A::Ed25519Sha512, Message::Raw(&[1; 64])),
        (Spec::EccNistEdwards25519, A::Ed25519PhSha512, Message::Digest(&[1; 64])),
        (Spec::MlDsa44, A::MlDsaShake256, Message::Raw(&[1; 64])),
        (Spec::MlDsa65, A::MlDsaShake256, Message::ExternalMu(&[1; 64])),
        (Spec::MlDsa87, A::MlDsaShake256, Message::Raw(&[1; 64])),
    ];
    for (spec, algorithm, message) in rows {
        let (binding, token) = key(hsm, spec, Usage::SignVerify)?;
        let key = KeyRef { binding: &binding, token: &token };
        let sign = Command::Sign { key, algorithm, message };
        let Reply::Signature(signature) = hsm.execute(sign)? else { return Err(HsmError::Failed.into()) };
        measure(&format!("Sign {spec} {algorithm}"), calls(spec), || {
            let _ = black_box(hsm.execute(sign));
        });
        measure(&format!("Verify {spec} {algorithm}"), calls(spec), || {
            let _ = black_box(hsm.execute(Command::Verify { key, algorithm, message, signature: &signature }));
        });
    }
    let (binding, token) = key(hsm, Spec::Rsa2048, Usage::EncryptDecrypt)?;
    let (key, algorithm, context) =
        (KeyRef { binding: &binding, token: &token }, EncryptionAlgorithm::RsaesOaepSha256, b"".as_slice());
    measure("Encrypt RSA_2048", 200, || {
        let kind = BlobKind::Message;
        let _ = black_box(hsm.execute(Command::Encrypt { key, algorithm, context, plaintext: b"p", kind }));
    });
    Ok(())
}

fn macs(hsm: &Hsm) -> Result<(), Box<dyn std::error::Error>> {
    for (spec, algorithm) in [
        (Spec::Hmac224, MacAlgorithm::HmacSha224),
        (Spec::Hmac256, MacAlgorithm::HmacSha256),
        (Spec::Hmac384, MacAlgorithm::HmacSha384),
        (Spec::Hmac512, MacAlgorithm::HmacSha512),
    ] {
        let (binding, token) = key(hsm, spec, Usage::GenerateVerifyMac)?;
        let key = KeyRef { binding: &binding, token: &token };
        measure(&format!("Mac {spec} of 4,096 bytes"), 2_000, || {
            let _ = black_box(hsm.execute(Command::Mac { key, algorithm, message: &[1; 4_096] }));
        });
    }
    Ok(())
}

fn shared_secrets(hsm: &Hsm) -> Result<(), Box<dyn std::error::Error>> {
    for spec in [Spec::EccNistP256, Spec::EccNistP384, Spec::EccNistP521] {
        let (binding, token) = key(hsm, spec, Usage::KeyAgreement)?;
        let key = KeyRef { binding: &binding, token: &token };
        let Reply::PublicKey(peer) = hsm.execute(Command::PublicKey { key })? else {
            return Err(HsmError::Failed.into());
        };
        let agree = Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer: &peer, release: Release::Plain };
        hsm.execute(agree)?;
        measure(&format!("Agree {spec}"), 200, || {
            let _ = black_box(hsm.execute(agree));
        });
    }
    for spec in [Spec::MlKem512, Spec::MlKem768, Spec::MlKem1024] {
        let (binding, token) = key(hsm, spec, Usage::EncapsulateDecapsulate)?;
        let key = KeyRef { binding: &binding, token: &token };
        let Reply::Encapsulated { ciphertext, .. } = hsm.execute(Command::Encapsulate { key })? else {
            return Err(HsmError::Failed.into());
        };
        measure(&format!("Encapsulate {spec}"), 500, || {
            let _ = black_box(hsm.execute(Command::Encapsulate { key }));
        });
        measure(&format!("Decapsulate {spec}"), 500, || {
            let _ = black_box(hsm.execute(Command::Decapsulate { key, ciphertext: &ciphertext }));
        });
    }
    Ok(())
}

fn pairs(hsm: &Hsm) -> Result<(), Box<dyn std::error::Error>> {
    let (binding, token) = key(hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt)?;
    let wrapping = KeyRef { binding: &binding, token: &token };
    let quick = Spec::ALL.iter().copied().filter(|spec| spec.is_asymmetric() && spec.rsa_bits().is_none());
    for spec in quick {
        let Some(usage) = Usage::ALL.iter().copied().find(|usage| spec.allows(*usage)) else { continue };
        if key(hsm, spec, usage).is_err() {
            continue;
        }
        measure(&format!("GenerateKey {spec}"), 200, || {
            let _ = black_box(key(hsm, spec, usage));
        });
        let make = Command::DataKeyPair { key: wrapping, context: b"", spec, release: Some(Release::Plain) };
        if hsm.execute(make).is_ok() {
            measure(&format!("DataKeyPair {spec}"), 200, || {
                let _ = black_box(hsm.execute(make));
            });
        }
    }
    Ok(())
}
