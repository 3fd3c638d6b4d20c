//! Data key pairs: what each spec gives, in which form, and that it is what was encrypted.

use super::*;
use crate::algorithm::EncryptionAlgorithm;
use crate::blob::BlobKind;
use crate::command::{Command, Release, Released, Reply};
use crate::hsm::tests::{TestKey, decrypt, hsm};
use crate::spec::Usage;

/// PKCS#8 up to where the private key differs, typed from RFC 8410, RFC 9935, RFC 5915 and RFC 8017; how long it and
/// the public half are, where that is always the same.
const FORMS: [(Spec, &[u8], Option<usize>, usize); 9] = [
    (
        Spec::Rsa2048,
        b"\x30\x82\x04\xb0\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04\x82",
        None,
        294,
    ),
    (
        Spec::EccNistP256,
        b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
        Some(138),
        91,
    ),
    (
        Spec::EccNistP384,
        b"\x30\x81\xb6\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
        Some(185),
        120,
    ),
    (
        Spec::EccNistP521,
        b"\x30\x81\xee\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23",
        Some(241),
        158,
    ),
    (
        Spec::EccSecgP256K1,
        b"\x30\x81\x84\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a",
        Some(135),
        88,
    ),
    (Spec::EccNistEdwards25519, b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", Some(48), 44),
    (
        Spec::MlKem512,
        b"\x30\x54\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x01\x04\x42\x80\x40",
        Some(86),
        822,
    ),
    (
        Spec::MlKem768,
        b"\x30\x54\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x02\x04\x42\x80\x40",
        Some(86),
        1_206,
    ),
    (
        Spec::MlKem1024,
        b"\x30\x54\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x04\x03\x04\x42\x80\x40",
        Some(86),
        1_590,
    ),
];

#[test]
fn each_pair_has_the_form_of_its_spec_and_is_what_was_encrypted() {
    let hsm = hsm();
    let owned = TestKey::new(&hsm, Spec::SymmetricDefault, Usage::EncryptDecrypt);
    let key = owned.get();
    for (spec, begin, length, public_length) in FORMS {
        let Ok(Reply::DataKeyPair { public, plaintext: Some(Released::Plain(shown)), ciphertext }) =
            hsm.execute(Command::DataKeyPair { key, context: b"", spec, release: Some(Release::Plain) })
        else {
            panic!("{spec}")
        };
        // RSA's own lengths vary by a byte or two with its numbers.
        let begins = shown.expose().starts_with(begin)
            || (spec == Spec::Rsa2048 && shown.expose()[4..].starts_with(&begin[4..]));
        assert!(begins, "{spec}: {:02x?}", &shown.expose()[..begin.len()]);
        assert!(length.is_none_or(|length| length == shown.len()), "{spec}: {}", shown.len());
        assert_eq!(public.len(), public_length, "{spec}");
        assert_eq!(ciphertext[2], BlobKind::DataKey.code(), "{spec}");
        let opened = decrypt(&hsm, key, EncryptionAlgorithm::SymmetricDefault, &ciphertext).unwrap();
        assert!(opened.ct_eq(shown.expose()), "{spec}");
        let hidden = hsm.execute(Command::DataKeyPair { key, context: b"", spec, release: None });
        assert!(matches!(hidden, Ok(Reply::DataKeyPair { plaintext: None, .. })), "{spec}");
    }
}

#[test]
fn a_pair_belongs_together() {
    use sealroom_crypto::agreement::AgreementKey;
    use sealroom_crypto::ec::{Curve, EcKeyPair};
    let hsm = hsm();
    for (spec, curve) in [
        (Spec::EccNistP256, Curve::P256),
        (Spec::EccNistP384, Curve::P384),
        (Spec::EccNistP521, Curve::P521),
        (Spec::EccSecgP256K1, Curve::P256K1),
    ] {
        let pair = generate_for_outside(&hsm, spec).unwrap();
        assert_eq!(EcKeyPair::from_pkcs8(curve, pair.private.expose()).unwrap().public_spki().unwrap(), pair.spki);
        assert_eq!(AgreementKey::from_pkcs8(curve, pair.private.expose()).is_some(), curve != Curve::P256K1);
    }
    let pair = generate_for_outside(&hsm, Spec::EccNistEdwards25519).unwrap();
    assert_eq!(PrivateKey::from_pkcs8(pair.private.expose()).unwrap().public_spki(), pair.spki);
    for spec in [Spec::MlKem512, Spec::MlKem768, Spec::MlKem1024] {
        let (pair, parameters) = (generate_for_outside(&hsm, spec).unwrap(), spec.ml_kem().unwrap());
        let seed = pair.private.expose()[22..].try_into().unwrap();
        let key = ml_kem::DecapsulationKey::from_seed(parameters, seed).unwrap();
        assert_eq!(key.public_spki().unwrap(), pair.spki);
    }
}

/// AWS's `DataKeyPairSpec`, from the model.
#[test]
fn every_spec_of_the_model_makes_a_pair_and_no_other_does() {
    let model: serde_json::Value = serde_json::from_str(include_str!("../../../../models/kms.json")).unwrap();
    let listed: Vec<String> = serde_json::from_value(model["shapes"]["DataKeyPairSpec"]["enum"].clone()).unwrap();
    let hsm = hsm();
    for spec in Spec::ALL.iter().copied().filter(|spec| !matches!(spec, Spec::Rsa3072 | Spec::Rsa4096)) {
        let made = generate_for_outside(&hsm, spec).map(|_| ());
        match spec {
            _ if listed.iter().any(|name| name == spec.as_str()) => assert_eq!(made, Ok(()), "{spec}"),
            _ => assert_eq!(made, Err(HsmError::NotForThisSpec), "{spec}"),
        }
    }
}

#[test]
fn the_seam_for_pairs_of_no_kind_is_closed() {
    for spec in [Spec::SymmetricDefault, Spec::Hmac224, Spec::Hmac512] {
        assert_eq!(generate(&hsm(), spec).err(), Some(HsmError::NotForThisSpec));
    }
}
