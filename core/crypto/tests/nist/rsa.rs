//! RSA signatures.

use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::rsa::{Padding, verify};

use crate::forms::{der, significant};
use crate::records::Record;
use crate::{Report, Verdict};

/// rsaEncryption, with its empty parameters.
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

fn spki(record: &Record) -> Vec<u8> {
    let integer = |name: &str| {
        let number = record.bytes(name);
        let digits = significant(&number);
        let sign: &[u8] = if digits[0] >= 0x80 { &[0] } else { &[] };
        der(0x02, &[sign, digits].concat())
    };
    let key = der(0x30, &[integer("n"), integer("e")].concat());
    der(0x30, &[RSA, &der(0x03, &[&[0], key.as_slice()].concat())].concat())
}

pub(crate) fn signatures(report: &mut Report) {
    for (file, padding) in [("SigVer15_186-3", Padding::Pkcs1), ("SigVerPSS_186-3", Padding::Pss)] {
        report.file(&format!("asymmetric/RSA/FIPS_186-2/{file}.rsp"), |record| {
            if !matches!(record.number("mod"), 2048 | 3072 | 4096) {
                return Verdict::Skipped("a modulus that AWS doesn't have");
            }
            let hash = match record.text("SHAAlg") {
                "SHA256" => DigestAlg::Sha256,
                "SHA384" => DigestAlg::Sha384,
                "SHA512" => DigestAlg::Sha512,
                _ => return Verdict::Skipped("a hash that AWS doesn't sign with"),
            };
            // AWS's salts are as long as the hash; others must be refused, whatever else they are.
            let other_salt = padding == Padding::Pss && record.bytes("SaltVal").len() != hash.len();
            let digest = hash.digest(&record.bytes("Msg"));
            let taken = verify(&spki(record), padding, hash, &digest, &record.bytes("S"));
            Verdict::taken(taken, record.is_valid() && !other_salt)
        });
    }
}
