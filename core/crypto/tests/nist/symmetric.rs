//! Hashes, MACs, key derivation, AES-GCM and wrapped keys.

use sealroom_crypto::digest::{DigestAlg, sha256};
use sealroom_crypto::gcm::GcmKey;
use sealroom_crypto::hkdf::hkdf;
use sealroom_crypto::key_wrap::{unwrap_padded, wrap_padded};
use sealroom_crypto::mac::{hmac_sha224, hmac_sha256, hmac_sha384, hmac_sha512};

use crate::{Report, Verdict};

pub(crate) fn hashes(report: &mut Report) {
    for (bits, hash) in [(256, DigestAlg::Sha256), (384, DigestAlg::Sha384), (512, DigestAlg::Sha512)] {
        for length in ["Short", "Long"] {
            report.file(&format!("hashes/SHA2/SHA{bits}{length}Msg.rsp"), |record| {
                // An empty message is written as one zero.
                let message = &record.bytes("Msg")[..record.number("Len") / 8];
                Verdict::of(hash.digest(message).as_ref() == record.bytes("MD"))
            });
        }
    }
    assert_eq!(sha256(b"abc")[..], *DigestAlg::Sha256.digest(b"abc").as_ref());
}

pub(crate) fn macs(report: &mut Report) {
    type Mac = fn(&[u8], &[u8]) -> Vec<u8>;
    let macs: [(&str, Mac); 4] = [
        ("224", |key, data| hmac_sha224(key, data).to_vec()),
        ("256", |key, data| hmac_sha256(key, data).to_vec()),
        ("384", |key, data| hmac_sha384(key, data).to_vec()),
        ("512", |key, data| hmac_sha512(key, data).to_vec()),
    ];
    for (bits, mac) in macs {
        report.file(&format!("HMAC/rfc-4231-sha{bits}.txt"), |record| {
            Verdict::of(mac(&record.bytes("Key"), &record.bytes("Msg")).starts_with(&record.bytes("MD")))
        });
    }
}

pub(crate) fn derivation(report: &mut Report) {
    report.file("KDF/rfc-5869-HKDF-SHA256.txt", |record| {
        let mut made = vec![0; record.number("L")];
        let [salt, secret, info] = ["salt", "IKM", "info"].map(|name| record.bytes(name));
        hkdf(DigestAlg::Sha256, &salt, &secret, &info, &mut made).unwrap();
        Verdict::of(made == record.bytes("OKM"))
    });
}

pub(crate) fn aes_gcm(report: &mut Report) {
    for bits in [128, 192, 256] {
        for file in ["gcmEncryptExtIV", "gcmDecrypt"] {
            report.file(&format!("ciphers/AES/GCM/{file}{bits}.rsp"), |record| {
                let (Ok(iv), Ok(tag)) = (record.bytes("IV").try_into(), record.bytes("Tag").try_into()) else {
                    return Verdict::Skipped("an IV that isn't of 96 bits, or a tag that isn't of 128");
                };
                let key = GcmKey::new(&record.bytes("Key")).unwrap();
                let [aad, sealed, plain] = ["AAD", "CT", "PT"].map(|name| record.bytes(name));
                let mut opened = vec![0; sealed.len()];
                let taken = key.open(iv, &aad, &sealed, &tag, &mut opened).is_some();
                if record.has("FAIL") {
                    return Verdict::taken(taken, false);
                }
                let mut again = plain.clone();
                let made = key.seal(iv, &aad, &mut again).unwrap();
                Verdict::of(taken && opened == plain && again == sealed && made == tag)
            });
        }
    }
}

pub(crate) fn wrapped_keys(report: &mut Report) {
    for file in ["KWP_AE_256", "KWP_AD_256"] {
        report.file(&format!("keywrap/kwtestvectors/{file}.txt"), |record| {
            let key: [u8; 32] = record.bytes("K").try_into().unwrap();
            let opened = unwrap_padded(&key, &record.bytes("C"));
            if record.has("FAIL") {
                return Verdict::taken(opened.is_some(), false);
            }
            let plain = record.bytes("P");
            let wrapped = wrap_padded(&key, &plain) == Some(record.bytes("C"));
            Verdict::of(wrapped && opened.is_some_and(|opened| opened.ct_eq(&plain)))
        });
    }
}
