//! The HSM's half of `tools/conformance/libraries`, which holds it to another library where Debian's OpenSSL knows the
//! algorithm not: ML-DSA and ML-KEM.
//!
//! `interop make` prints a JSON object: for each spec what the other library is to verify and to open. `interop check`
//! reads one of the same form that the other library made, and prints what became of it. All bytes are hexadecimal. The
//! private keys in it are made for the test.

#![expect(clippy::print_stdout, reason = "a tool for tests: it prints what they read")]

use std::error::Error;
use std::io::Read as _;

use sealroom_crypto::{ml_dsa, ml_kem};
use sealroom_foundation::KeyId;
use sealroom_hsm::{
    Command, DomainKeys, Hsm, HsmError, KeyBinding, KeyRef, Message, Origin, Release, Released, Reply,
    SigningAlgorithm, Spec, Usage,
};
use serde_json::{Map, Value, json};

const MESSAGE: &[u8] = b"a message for both";

const SIGNING: [(Spec, ml_dsa::Parameters); 3] = [
    (Spec::MlDsa44, ml_dsa::Parameters::MlDsa44),
    (Spec::MlDsa65, ml_dsa::Parameters::MlDsa65),
    (Spec::MlDsa87, ml_dsa::Parameters::MlDsa87),
];
/// The other library has no ML-KEM-512.
const ENCAPSULATING: [(Spec, ml_kem::Parameters); 2] =
    [(Spec::MlKem768, ml_kem::Parameters::MlKem768), (Spec::MlKem1024, ml_kem::Parameters::MlKem1024)];

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("make") => println!("{}", make()?),
        Some("check") => {
            let mut theirs = String::new();
            std::io::stdin().read_to_string(&mut theirs)?;
            println!("{}", check(&serde_json::from_str(&theirs)?)?);
        }
        _ => return Err("interop make, or interop check".into()),
    }
    Ok(())
}

fn make() -> Result<Value, Box<dyn Error>> {
    let hsm = Hsm::start(DomainKeys::generate())?;
    let mut made = Map::new();
    for (spec, _) in SIGNING {
        let (binding, reply) = generate(&hsm, spec, Usage::SignVerify)?;
        let Reply::Key { token, public: Some(spki), .. } = reply else { return Err(HsmError::Failed.into()) };
        let (key, algorithm) = (KeyRef { binding: &binding, token: &token }, SigningAlgorithm::MlDsaShake256);
        let sign = Command::Sign { key, algorithm, message: Message::Raw(MESSAGE) };
        let Reply::Signature(signature) = hsm.execute(sign)? else { return Err(HsmError::Failed.into()) };
        let entry = json!({"spki": hex(&spki), "message": hex(MESSAGE), "signature": hex(&signature)});
        made.insert(spec.to_string(), entry);
    }
    let (binding, reply) = generate(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt)?;
    let Reply::Key { token, .. } = reply else { return Err(HsmError::Failed.into()) };
    for (spec, parameters) in ENCAPSULATING {
        let key = KeyRef { binding: &binding, token: &token };
        let pair = hsm.execute(Command::DataKeyPair { key, context: b"", spec, release: Some(Release::Plain) })?;
        let Reply::DataKeyPair { public: spki, plaintext: Some(Released::Plain(private)), .. } = pair else {
            return Err(HsmError::Failed.into());
        };
        let encapsulated = ml_kem::encapsulate(parameters, &spki).ok_or(HsmError::Failed)?;
        let entry = json!({
            "spki": hex(&spki),
            "private": hex(private.expose()),
            "ciphertext": hex(&encapsulated.ciphertext),
            "secret": hex(encapsulated.secret.expose()),
        });
        made.insert(spec.to_string(), entry);
    }
    Ok(Value::Object(made))
}

fn generate(hsm: &Hsm, spec: Spec, usage: Usage) -> Result<(KeyBinding, Reply), Box<dyn Error>> {
    let (account, key, origin) = ("111122223333".parse()?, KeyId::from_bytes(false, [1; 16]), Origin::AwsKms);
    let reply = hsm.execute(Command::GenerateKey { account, key, spec, usage, origin })?;
    let Reply::Key { material, .. } = &reply else { return Err(HsmError::Failed.into()) };
    Ok((KeyBinding { account, key, material: *material, spec, usage, origin }, reply))
}

/// For ML-DSA: whether the signature is right, as the message's and as the µ's. For ML-KEM: the secret in the
/// ciphertext.
fn check(theirs: &Value) -> Result<Value, Box<dyn Error>> {
    let mut found = Map::new();
    for (spec, parameters) in SIGNING {
        let part = |name| bytes(theirs, spec, name);
        let (spki, message, mu, signature) = (part("spki")?, part("message")?, part("mu")?, part("signature")?);
        let mu = mu.as_slice().try_into()?;
        let right = ml_dsa::verify(parameters, &spki, &message, &signature)
            && ml_dsa::verify_mu(parameters, &spki, mu, &signature);
        found.insert(spec.to_string(), json!(right));
    }
    for (spec, parameters) in ENCAPSULATING {
        let (private, ciphertext) = (bytes(theirs, spec, "private")?, bytes(theirs, spec, "ciphertext")?);
        // The seed is the end of the document, whose head says nothing that the spec doesn't.
        let seed = private.last_chunk().ok_or("no seed")?;
        if ml_kem::pkcs8(parameters, seed).expose() != private {
            return Err("another document".into());
        }
        let key = ml_kem::DecapsulationKey::from_seed(parameters, seed)?;
        let secret = key.decapsulate(&ciphertext).ok_or("no ciphertext")?;
        found.insert(spec.to_string(), json!(hex(secret.expose())));
    }
    Ok(Value::Object(found))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(of: &Value, spec: Spec, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let text =
        of.get(spec.as_str()).and_then(|entry| entry.get(name)).and_then(Value::as_str).ok_or("a part is missing")?;
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or("no hexadecimal digits")?;
    digits.chunks_exact(2).map(|pair| Ok(u8::try_from(pair.iter().fold(0, |sum, digit| 16 * sum + digit))?)).collect()
}
