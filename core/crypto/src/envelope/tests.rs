//! The envelope: a known value, and every way of not opening.

use proptest::prelude::*;

use super::*;

const KEY: [u8; 32] = [7; 32];
const LABEL: &[u8] = b"test label";

fn sealed(plaintext: &[u8]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    seal(&KEY, LABEL, [9; 28], b"aad", plaintext, &mut out).unwrap();
    out.split_off(6)
}

#[test]
fn a_known_value_never_changes() {
    // Made once by an independent script: HMAC-SHA-256 in counter mode, AES-256-GCM of another library.
    let known = include_str!("known.txt").lines().collect::<String>();
    let hex: String = sealed(b"plaintext").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, known);
}

#[test]
fn the_message_key_is_the_counter_mode_of_sp_800_108() {
    let salt = [3u8; 16];
    let message = MessageKey::derive(&SealingKey::new(&KEY, LABEL), &salt).unwrap();
    let block = |counter: u8| {
        let input = [&[0, 0, 0, counter][..], LABEL, &[0], &salt, &[0, 0, 2, 0]].concat();
        crate::mac::hmac_sha256(&KEY, &input)
    };
    assert_eq!(message.0[..32], block(1));
    assert_eq!(message.0[32..], block(2));
}

#[test]
fn every_flipped_bit_is_refused() {
    let good = sealed(b"plaintext");
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&KEY, LABEL, b"aad", &bad).is_none(), "bit {bit}");
    }
}

#[test]
fn every_other_length_is_refused() {
    let good = sealed(b"plaintext");
    for length in 0..good.len() {
        assert!(open(&KEY, LABEL, b"aad", &good[..length]).is_none(), "length {length}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert!(open(&KEY, LABEL, b"aad", &longer).is_none());
}

#[test]
fn key_label_and_aad_are_bound() {
    let good = sealed(b"plaintext");
    assert_eq!(open(&KEY, LABEL, b"aad", &good).unwrap().expose(), b"plaintext");
    assert!(open(&[8; 32], LABEL, b"aad", &good).is_none());
    assert!(open(&KEY, b"another", b"aad", &good).is_none());
    assert!(open(&KEY, LABEL, b"aae", &good).is_none());
}

#[test]
fn a_refused_value_leaves_no_plaintext_behind() {
    let mut bad = sealed(b"plaintext");
    *bad.last_mut().unwrap() ^= 1;
    let mut out = [1u8; 9];
    assert!(SealingKey::new(&KEY, LABEL).open_into(b"aad", &bad, &mut out).is_none());
    assert_eq!(out, [0; 9]);
}

proptest! {
    #[test]
    fn what_is_sealed_opens(plaintext: Vec<u8>, aad: Vec<u8>, key: [u8; 32], salt: [u8; 16]) {
        let mut salt_nonce = [0u8; 28];
        salt_nonce[..16].copy_from_slice(&salt);
        let mut out = Vec::new();
        seal(&key, LABEL, salt_nonce, &aad, &plaintext, &mut out).unwrap();
        prop_assert_eq!(out.len(), plaintext.len() + OVERHEAD);
        let opened = open(&key, LABEL, &aad, &out).unwrap();
        prop_assert_eq!(opened.expose(), plaintext.as_slice());
    }

    #[test]
    fn arbitrary_bytes_do_not_open(bytes: Vec<u8>) {
        prop_assert!(open(&KEY, LABEL, b"", &bytes).is_none());
    }
}
