//! ML-KEM and ML-DSA.

use sealroom_crypto::ml_dsa::{self, SigningKey};
use sealroom_crypto::ml_kem::{self, DecapsulationKey};

use crate::{Report, Verdict};

pub(crate) fn ml_kem(report: &mut Report) {
    for (bits, parameters) in [
        (512, ml_kem::Parameters::MlKem512),
        (768, ml_kem::Parameters::MlKem768),
        (1024, ml_kem::Parameters::MlKem1024),
    ] {
        report.file(&format!("asymmetric/MLKEM/kat_MLKEM_{bits}.rsp"), |record| {
            let seed = [record.bytes("d"), record.bytes("z")].concat().try_into().unwrap();
            let key = DecapsulationKey::from_seed(parameters, &seed).unwrap();
            let public = key.public_spki().unwrap().ends_with(&record.bytes("pk"));
            // The second ciphertext is nobody's: it opens to a secret that only this key computes.
            let opens = [("ct", "ss"), ("ct_n", "ss_n")].into_iter().all(|(sealed, secret)| {
                let opened = key.decapsulate(&record.bytes(sealed));
                opened.is_some_and(|opened| opened.ct_eq(&record.bytes(secret)))
            });
            Verdict::of(public && opens)
        });
    }
}

pub(crate) fn ml_dsa(report: &mut Report) {
    for (level, parameters) in
        [(44, ml_dsa::Parameters::MlDsa44), (65, ml_dsa::Parameters::MlDsa65), (87, ml_dsa::Parameters::MlDsa87)]
    {
        report.file(&format!("asymmetric/MLDSA/kat_MLDSA_{level}_det_pure.rsp"), |record| {
            let seed = record.bytes("xi").try_into().unwrap();
            let spki = SigningKey::from_seed(parameters, &seed).unwrap().public_spki().unwrap();
            if !spki.ends_with(&record.bytes("pk")) {
                return Verdict::Wrong("another public key");
            }
            let (message, signed) = (record.bytes("msg"), record.bytes("sm"));
            let signature = &signed[..signed.len() - message.len()];
            // AWS signs under no context: what was signed under one must not hold.
            let valid = record.text("ctx").is_empty();
            Verdict::taken(ml_dsa::verify(parameters, &spki, &message, signature), valid)
        });
    }
}
