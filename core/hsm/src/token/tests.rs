//! Tokens: every way of not opening, and the two halves of a pair.

use sealroom_foundation::{KeyId, MaterialId};

use super::*;
use crate::domain::DomainKeys;
use crate::spec::{Origin, Spec, Usage};

fn binding() -> KeyBinding {
    KeyBinding {
        account: "111122223333".parse().unwrap(),
        key: KeyId::from_bytes(false, [1; 16]),
        material: MaterialId::from_bytes([2; 32]),
        spec: Spec::SymmetricDefault,
        usage: Usage::EncryptDecrypt,
        origin: Origin::AwsKms,
    }
}

#[test]
fn every_flipped_bit_and_every_other_length_is_refused() {
    let domains = DomainKeys::generate().derive().unwrap();
    let token = seal(domains.sealing(), &binding(), &[7; 32]).unwrap();
    assert_eq!(open_32(&domains, &binding(), &token).unwrap().expose(), &[7; 32]);
    let good = token.to_bytes();
    let refused = |bytes: &[u8]| {
        let opened = KeyToken::from_bytes(bytes).and_then(|token| open(&domains, &binding(), &token));
        opened.err() == Some(HsmError::InvalidToken)
    };
    for bit in 0..good.len() * 8 {
        let mut bad = good.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(&bad), "bit {bit}");
    }
    for length in 0..good.len() {
        assert!(refused(&good[..length]), "length {length}");
    }
    assert!(refused(&[good, &[0]].concat()));
}

#[test]
fn a_key_of_another_length_is_no_symmetric_key() {
    let domains = DomainKeys::generate().derive().unwrap();
    for length in [0, 31, 33] {
        let token = seal(domains.sealing(), &binding(), &vec![7; length]).unwrap();
        assert_eq!(open_32(&domains, &binding(), &token).err(), Some(HsmError::InvalidToken), "{length}");
    }
}

#[test]
fn a_pair_comes_apart_again_and_nothing_else_is_one() {
    let domains = DomainKeys::generate().derive().unwrap();
    let token = seal_pair(domains.sealing(), &binding(), b"public", &Secret::copy_of(b"private")).unwrap();
    let content = open(&domains, &binding(), &token).unwrap();
    let halves = Halves::of(&content).unwrap();
    assert_eq!((halves.spki, halves.private), (&b"public"[..], &b"private"[..]));
    for bad in [&b""[..], &[0], &[0, 2, 1]] {
        assert!(Halves::of(&Secret::copy_of(bad)).is_err());
    }
}

#[test]
fn the_longest_token_is_taken_and_one_byte_more_is_not() {
    assert!(KeyToken::from_bytes(&[1; MAX_TOKEN]).is_ok());
    assert!(KeyToken::from_bytes(&[1; MAX_TOKEN + 1]).is_err());
    assert!(KeyToken::from_bytes(&[]).is_err());
}

#[test]
fn debug_shows_nothing_of_a_token() {
    assert_eq!(format!("{:?}", KeyToken::from_bytes(&[1; 40]).unwrap()), "KeyToken(..)");
}
