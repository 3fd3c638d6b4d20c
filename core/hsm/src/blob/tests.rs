//! The ciphertext format: the documented example, the header, and every way of not opening.

use proptest::prelude::*;

use super::*;
use crate::spec::{Origin, Spec, Usage};

fn binding(account: AccountId, multi_region: bool) -> KeyBinding {
    KeyBinding {
        account,
        key: KeyId::from_bytes(multi_region, [0xab; 16]),
        material: MaterialId::from_bytes([0xcd; 32]),
        spec: Spec::SymmetricDefault,
        usage: Usage::EncryptDecrypt,
        origin: Origin::AwsKms,
    }
}

fn customer() -> KeyBinding {
    binding("111122223333".parse().unwrap(), false)
}

#[test]
fn the_worked_example_of_the_documentation_is_right() {
    let page = include_str!("../../../../docs/ciphertext-format.md");
    let hex = |name: &str| {
        let begin = page.split(&format!("<!-- {name} -->")).nth(1).unwrap();
        let block: String = begin.split("```").nth(1).unwrap().split_whitespace().skip(1).collect();
        let pairs = block.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect::<Vec<u8>>()
    };
    let pairs = [("purpose", "example"), ("tenant", "42")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let context = crate::context::canonical(&pairs.into()).unwrap();
    assert_eq!(context, hex("context"));
    let backing: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let opened = open(&customer(), &message_key(&backing), &context, &hex("blob")).unwrap();
    assert_eq!(opened.expose(), b"attack at dawn");
    assert_eq!(hex("blob")[..HEADER], header_bytes(BlobKind::Message, &customer()));
}

#[test]
fn base64_begins_as_aws_does() {
    // AQICAHg and AQIDAHg are 01 02 02 00 78 and 01 02 03 00 78.
    for (kind, third) in [(BlobKind::Message, 2), (BlobKind::DataKey, 3)] {
        let blob = seal(kind, &customer(), &message_key(&[1; 32]), b"", b"p").unwrap();
        assert_eq!(blob[..5], [1, 2, third, 0, 0x78]);
    }
}

#[test]
fn the_header_names_account_key_and_material() {
    for account in ["111122223333".parse().unwrap(), AccountId::platform()] {
        for multi_region in [false, true] {
            let binding = binding(account, multi_region);
            let blob = seal(BlobKind::Message, &binding, &message_key(&[1; 32]), b"", b"p").unwrap();
            let expected = BlobHeader { account, key: binding.key, material: binding.material };
            assert_eq!(header(&blob), Some(expected));
        }
    }
}

#[test]
fn four_kibibytes_stay_under_the_limit_of_decrypt_and_data_keys_are_small() {
    assert_eq!((4_096 + OVERHEAD, 32 + OVERHEAD), (4_239, 175));
}

#[test]
fn every_flipped_bit_and_every_other_length_is_refused() {
    let good = seal(BlobKind::Message, &customer(), &message_key(&[1; 32]), b"context", b"plaintext").unwrap();
    assert!(open(&customer(), &message_key(&[1; 32]), b"context", &good).is_ok());
    let refused = |blob: &[u8]| {
        open(&customer(), &message_key(&[1; 32]), b"context", blob).err() == Some(HsmError::InvalidCiphertext)
    };
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(&bad), "bit {bit}");
    }
    for length in 0..good.len() {
        assert!(refused(&good[..length]), "length {length}");
    }
    assert!(refused(&[good.as_slice(), &[0]].concat()));
}

#[test]
fn bytes_do_not_move_between_header_and_context() {
    let good = seal(BlobKind::Message, &customer(), &message_key(&[1; 32]), b"ab", b"plaintext").unwrap();
    for context in [&b""[..], b"a", b"abc", b"ba"] {
        assert!(open(&customer(), &message_key(&[1; 32]), context, &good).is_err());
    }
}

#[test]
fn contexts_of_any_length_are_bound() {
    for length in [SHORT - HEADER - 1, SHORT - HEADER, SHORT - HEADER + 1, 8_192] {
        let mut context = vec![5u8; length];
        let blob = seal(BlobKind::DataKey, &customer(), &message_key(&[1; 32]), &context, b"plaintext").unwrap();
        assert!(open(&customer(), &message_key(&[1; 32]), &context, &blob).is_ok());
        *context.last_mut().unwrap() ^= 1;
        assert!(open(&customer(), &message_key(&[1; 32]), &context, &blob).is_err());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_have_no_header_and_do_not_open(bytes: Vec<u8>) {
        prop_assert_eq!(header(&bytes), None);
        prop_assert!(open(&customer(), &message_key(&[1; 32]), b"", &bytes).is_err());
    }

    #[test]
    fn a_right_beginning_with_arbitrary_rest_does_not_panic(rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [&[1, 2, 2, 0, 0x78, 1], rest.as_slice()].concat();
        let _ = header(&bytes);
        prop_assert!(open(&customer(), &message_key(&[1; 32]), b"", &bytes).is_err());
    }
}
