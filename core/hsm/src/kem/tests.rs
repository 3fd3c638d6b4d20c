//! ML-KEM keys: secrets there and back, and what happens to other ciphertexts.

use super::*;
use crate::command::{Command, Released};
use crate::hsm::tests::{TestKey, hsm};
use crate::spec::Spec;

/// FIPS 203, table 3.
const ROWS: [(Spec, usize); 3] = [(Spec::MlKem512, 768), (Spec::MlKem768, 1_088), (Spec::MlKem1024, 1_568)];

fn encapsulate(hsm: &Hsm, key: KeyRef<'_>) -> (Secret<[u8]>, Vec<u8>) {
    match hsm.execute(Command::Encapsulate { key }) {
        Ok(Reply::Encapsulated { secret, ciphertext }) => (secret, ciphertext),
        other => panic!("{other:?}"),
    }
}

fn decapsulate(hsm: &Hsm, key: KeyRef<'_>, ciphertext: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    match hsm.execute(Command::Decapsulate { key, ciphertext })? {
        Reply::Plaintext(Released::Plain(secret)) => Ok(secret),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_encapsulated_decapsulates_under_its_key() {
    let hsm = hsm();
    for (spec, length) in ROWS {
        let owned = TestKey::new(&hsm, spec, Usage::EncapsulateDecapsulate);
        let other = TestKey::new(&hsm, spec, Usage::EncapsulateDecapsulate);
        let (secret, ciphertext) = encapsulate(&hsm, owned.get());
        assert_eq!((secret.len(), ciphertext.len()), (32, length));
        assert!(decapsulate(&hsm, owned.get(), &ciphertext).unwrap().ct_eq(secret.expose()));
        assert!(!decapsulate(&hsm, other.get(), &ciphertext).unwrap().ct_eq(secret.expose()));
        assert!(!encapsulate(&hsm, owned.get()).0.ct_eq(secret.expose()));
        // Anybody with the public half reaches the owner.
        let made = ml_kem::encapsulate(spec.ml_kem().unwrap(), owned.public.as_deref().unwrap()).unwrap();
        assert!(decapsulate(&hsm, owned.get(), &made.ciphertext).unwrap().ct_eq(made.secret.expose()));
    }
}

#[test]
fn a_tampered_ciphertext_gives_a_secret_of_its_own_and_one_of_another_length_is_refused() {
    let hsm = hsm();
    for (spec, length) in ROWS {
        let owned = TestKey::new(&hsm, spec, Usage::EncapsulateDecapsulate);
        let (secret, ciphertext) = encapsulate(&hsm, owned.get());
        for at in [0, length / 2, length - 1] {
            let mut tampered = ciphertext.clone();
            tampered[at] ^= 1;
            let rejected = decapsulate(&hsm, owned.get(), &tampered).unwrap();
            assert!(rejected.len() == 32 && !rejected.ct_eq(secret.expose()));
            assert!(decapsulate(&hsm, owned.get(), &tampered).unwrap().ct_eq(rejected.expose()));
        }
        let longer = [ciphertext.as_slice(), &[0]].concat();
        for wrong in [b"".as_slice(), &ciphertext[1..], &ciphertext[..length - 1], &longer] {
            let refused = decapsulate(&hsm, owned.get(), wrong).err();
            assert_eq!(refused, Some(HsmError::InvalidCiphertext), "{spec} {}", wrong.len());
        }
        for (other, other_length) in ROWS {
            let foreign = decapsulate(&hsm, owned.get(), &vec![1; other_length]);
            assert_eq!(foreign.is_ok(), other == spec);
        }
    }
}

#[test]
fn other_keys_do_not_and_these_do_nothing_else() {
    use crate::algorithm::SigningAlgorithm;
    use crate::command::Message;
    let hsm = hsm();
    let symmetric = TestKey::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    let signing = TestKey::new(&hsm, Spec::MlDsa44, Usage::SignVerify);
    for key in [symmetric.get(), signing.get()] {
        let refused = Some(HsmError::NotForThisSpec);
        assert_eq!(hsm.execute(Command::Encapsulate { key }).err(), refused);
        assert_eq!(hsm.execute(Command::Decapsulate { key, ciphertext: &[1; 768] }).err(), refused);
    }
    let owned = TestKey::new(&hsm, Spec::MlKem512, Usage::EncapsulateDecapsulate);
    for algorithm in SigningAlgorithm::ALL.iter().copied() {
        let sign = Command::Sign { key: owned.get(), algorithm, message: Message::Raw(b"m") };
        assert_eq!(hsm.execute(sign).err(), Some(HsmError::NotForThisSpec), "{algorithm}");
    }
    let reply = hsm.execute(Command::PublicKey { key: owned.get() });
    assert!(matches!(reply, Ok(Reply::PublicKey(spki)) if Some(&spki) == owned.public.as_ref()));
}
