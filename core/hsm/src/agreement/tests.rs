//! Key agreement: both sides come to the same secret, and what the other side's key must be.

use sealroom_crypto::ec::{Curve, EcKeyPair};

use super::*;
use crate::command::{Command, Release, Released, Reply};
use crate::hsm::tests::{TestKey, hsm};

const ROWS: [(Spec, Curve, usize); 3] =
    [(Spec::EccNistP256, Curve::P256, 32), (Spec::EccNistP384, Curve::P384, 48), (Spec::EccNistP521, Curve::P521, 66)];

fn agree(hsm: &Hsm, key: KeyRef<'_>, peer: &[u8]) -> Result<Secret<[u8]>, HsmError> {
    match hsm.execute(Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer, release: Release::Plain })? {
        Reply::Plaintext(Released::Plain(secret)) => Ok(secret),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_keys_here_and_one_outside_agree() {
    let hsm = hsm();
    for (spec, curve, length) in ROWS {
        let (ours, theirs) =
            (TestKey::new(&hsm, spec, Usage::KeyAgreement), TestKey::new(&hsm, spec, Usage::KeyAgreement));
        let (our_spki, their_spki) = (ours.public.as_deref().unwrap(), theirs.public.as_deref().unwrap());
        let secret = agree(&hsm, ours.get(), their_spki).unwrap();
        assert_eq!(secret.len(), length);
        assert!(agree(&hsm, theirs.get(), our_spki).unwrap().ct_eq(secret.expose()));
        let outside = EcKeyPair::generate(curve).unwrap().export().unwrap();
        let there = AgreementKey::from_pkcs8(curve, outside.pkcs8.expose()).unwrap().agree(our_spki).unwrap();
        assert!(agree(&hsm, ours.get(), &outside.spki).unwrap().ct_eq(there.expose()));
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    let hsm = hsm();
    for (spec, curve, _) in ROWS {
        let ours = TestKey::new(&hsm, spec, Usage::KeyAgreement);
        let right = ours.public.clone().unwrap();
        let refused = |peer: &[u8]| {
            assert_eq!(agree(&hsm, ours.get(), peer).err(), Some(HsmError::InvalidPublicKey), "{spec}");
        };
        for other in [Curve::P256, Curve::P384, Curve::P521, Curve::P256K1].into_iter().filter(|it| *it != curve) {
            refused(&EcKeyPair::generate(other).unwrap().public_spki().unwrap());
        }
        let mut off_the_curve = right.clone();
        *off_the_curve.last_mut().unwrap() ^= 1;
        refused(&off_the_curve);
        refused(&[right.as_slice(), &[0]].concat());
        refused(&right[..right.len() - 1]);
        refused(b"");
        refused(&vec![0x30; 8_192]);
    }
}

/// P-256 with its parameters written out, by OpenSSL 3.0: `ecparam -name prime256v1 -param_enc explicit`.
#[test]
fn explicit_parameters_are_refused_even_of_the_right_curve() {
    let hsm = hsm();
    let ours = TestKey::new(&hsm, Spec::EccNistP256, Usage::KeyAgreement);
    let explicit = include_bytes!("p256-explicit.spki");
    assert_eq!(agree(&hsm, ours.get(), explicit).err(), Some(HsmError::InvalidPublicKey));
    // Its point alone, under the curve's name, is a good one.
    let named = ours.public.as_deref().unwrap();
    let point = &explicit[explicit.len() - 65..];
    assert!(agree(&hsm, ours.get(), &[&named[..named.len() - 65], point].concat()).is_ok());
}

#[test]
fn keys_for_signing_and_other_specs_do_not_agree() {
    let hsm = hsm();
    let peer = TestKey::new(&hsm, Spec::EccNistP256, Usage::KeyAgreement);
    let peer = peer.public.as_deref().unwrap();
    for (spec, usage) in [
        (Spec::EccNistP256, Usage::SignVerify),
        (Spec::EccSecgP256K1, Usage::SignVerify),
        (Spec::EccNistEdwards25519, Usage::SignVerify),
        (Spec::MlKem512, Usage::EncapsulateDecapsulate),
        (Spec::SymmetricDefault, Usage::EncryptDecrypt),
    ] {
        let key = TestKey::new(&hsm, spec, usage);
        assert_eq!(agree(&hsm, key.get(), peer).err(), Some(HsmError::NotForThisSpec), "{spec}");
    }
}

#[test]
fn a_key_for_agreement_signs_nothing() {
    use crate::algorithm::SigningAlgorithm;
    use crate::command::Message;
    let hsm = hsm();
    for (spec, ..) in ROWS {
        let key = TestKey::new(&hsm, spec, Usage::KeyAgreement);
        for algorithm in SigningAlgorithm::ALL.iter().copied() {
            let sign = Command::Sign { key: key.get(), algorithm, message: Message::Raw(b"m") };
            assert_eq!(hsm.execute(sign).err(), Some(HsmError::NotForThisSpec), "{spec} {algorithm}");
        }
    }
}
