//! What the commands cost: nanoseconds per call on one thread, best of several rounds.
//!
//! `cargo run --release -p sealroom-hsm --example cost`

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool for people: it measures and prints")]

use std::hint::black_box;
use std::time::Instant;

use sealroom_foundation::KeyId;
use sealroom_foundation::ports::{Entropy, Purpose, Seal};
use sealroom_hsm::{
    BlobKind, Command, DomainKeys, EncryptionAlgorithm, Hsm, HsmError, KeyBinding, KeyRef, KeyToken, Message, Origin,
    Reply, SigningAlgorithm, Spec, Usage,
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
        let decrypt = Command::Decrypt { key, algorithm, context, ciphertext: &ciphertext };
        let calls = if length > 100_000 { 200 } else { 20_000 };
        measure(&format!("Encrypt {length} bytes"), calls, || {
            let _ = black_box(hsm.execute(encrypt));
        });
        measure(&format!("Decrypt {length} bytes"), calls, || {
            let _ = black_box(hsm.execute(decrypt));
        });
    }
    measure("DataKey 32 bytes", 20_000, || {
        let _ = black_box(hsm.execute(Command::DataKey { key, context, bytes: 32, reveal: true }));
    });
    Ok(())
}

fn asymmetric(hsm: &Hsm) -> Result<(), Box<dyn std::error::Error>> {
    let rows = [
        (Spec::Rsa2048, SigningAlgorithm::RsassaPssSha256, 40),
        (Spec::Rsa4096, SigningAlgorithm::RsassaPssSha256, 10),
        (Spec::EccNistP256, SigningAlgorithm::EcdsaSha256, 500),
        (Spec::EccNistP384, SigningAlgorithm::EcdsaSha384, 100),
    ];
    for (spec, algorithm, calls) in rows {
        let (binding, token) = key(hsm, spec, Usage::SignVerify)?;
        let key = KeyRef { binding: &binding, token: &token };
        let message = Message::Digest(if spec == Spec::EccNistP384 { &[1; 48] } else { &[1; 32] });
        let sign = Command::Sign { key, algorithm, message };
        let Reply::Signature(signature) = hsm.execute(sign)? else { return Err(HsmError::Failed.into()) };
        measure(&format!("Sign {spec}"), calls, || {
            let _ = black_box(hsm.execute(sign));
        });
        measure(&format!("Verify {spec}"), calls, || {
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
