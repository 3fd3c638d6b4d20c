//! Signatures and key agreement on curves.

use sealroom_crypto::agreement::AgreementKey;
use sealroom_crypto::ec::{Curve, verify_digest};

use crate::forms::{Named, P256, P384, P521, der, padded, pkcs8, significant, spki};
use crate::records::Record;
use crate::{Report, Verdict};

fn point(named: &Named, record: &Record, [x, y]: [&str; 2]) -> Vec<u8> {
    [&[4][..], &padded(&record.bytes(x), named.1), &padded(&record.bytes(y), named.1)].concat()
}

/// A positive INTEGER.
fn integer(number: &[u8]) -> Vec<u8> {
    let digits = significant(number);
    let sign: &[u8] = if digits.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    der(0x02, &[sign, digits].concat())
}

pub(crate) fn ecdsa(report: &mut Report) {
    report.file("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", |record| {
        let (curve, named) = match record.heading.as_str() {
            "P-256,SHA-256" => (Curve::P256, P256),
            "P-384,SHA-384" => (Curve::P384, P384),
            "P-521,SHA-512" => (Curve::P521, P521),
            _ => return Verdict::Skipped("a curve or a hash with it that AWS doesn't have"),
        };
        let signature = der(0x30, &[integer(&record.bytes("R")), integer(&record.bytes("S"))].concat());
        let public = spki(&named, &point(&named, record, ["Qx", "Qy"]));
        let digest = curve.digest().digest(&record.bytes("Msg"));
        Verdict::taken(verify_digest(curve, &public, &digest, &signature), record.is_valid())
    });
}

pub(crate) fn ecdh(report: &mut Report) {
    for role in ["init", "resp"] {
        report.file(&format!("asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_{role}.fax"), |record| {
            let (curve, named) = match record.heading.split(' ').next().unwrap() {
                "EC" => (Curve::P256, P256),
                "ED" => (Curve::P384, P384),
                "EE" => (Curve::P521, P521),
                _ => return Verdict::Skipped("a curve that AWS doesn't have"),
            };
            if record.text("Result").contains("IUT's Static public key") {
                return Verdict::Skipped("a fault in our own public key, which an agreement doesn't look at");
            }
            let peer = spki(&named, &point(&named, record, ["QsCAVSx", "QsCAVSy"]));
            // A private key may be out of range, and isn't loaded then.
            let own = AgreementKey::from_pkcs8(curve, &pkcs8(&named, &record.bytes("dsIUT")));
            let secret = own.and_then(|own| own.agree(&peer));
            let agreed = secret.is_some_and(|secret| secret.ct_eq(&padded(&record.bytes("Z"), named.1)));
            Verdict::taken(agreed, record.is_valid())
        });
    }
}
