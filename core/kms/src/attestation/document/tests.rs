//! Documents made member by member: what is read, and each way of being none. No signature here is looked at.

use coset::{CoseSign1Builder, HeaderBuilder};
use proptest::prelude::*;

use super::*;

fn members() -> Vec<(Value, Value)> {
    let pcrs = [(0, 0xa0), (1, 0xa1), (31, 0xaf)].map(|(index, byte)| (Value::from(index), octets(48, byte)));
    [
        ("module_id", Value::from("i-1-enc1")),
        ("timestamp", Value::from(1_768_435_200_000_u64)),
        ("digest", Value::from("SHA384")),
        ("pcrs", Value::Map(pcrs.to_vec())),
        ("certificate", octets(600, 1)),
        ("cabundle", Value::Array(vec![octets(500, 2), octets(501, 3)])),
        ("public_key", octets(294, 4)),
        ("user_data", Value::Null),
        ("nonce", octets(0, 0)),
    ]
    .map(|(name, value)| (Value::from(name), value))
    .to_vec()
}

fn octets(length: usize, byte: u8) -> Value {
    Value::Bytes(vec![byte; length])
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// A document around a payload.
fn around(payload: Vec<u8>) -> CoseSign1 {
    let protected = HeaderBuilder::new().algorithm(Algorithm::ES384).build();
    CoseSign1Builder::new().protected(protected).payload(payload).signature(vec![9; 96]).build()
}

fn signed(members: Vec<(Value, Value)>) -> Vec<u8> {
    around(cbor(&Value::Map(members))).to_vec().unwrap()
}

/// The good one, with this member instead of its own; a `None` leaves it out.
fn with(name: &str, value: Option<Value>) -> Vec<u8> {
    let mut members = members();
    members.retain(|(known, _)| *known != Value::from(name));
    members.extend(value.map(|value| (Value::from(name), value)));
    signed(members)
}

fn is_read(bytes: &[u8]) -> bool {
    Signed::read(bytes).is_some()
}

#[test]
fn a_document_says_what_its_members_say() {
    let bytes = signed(members());
    let read = Signed::read(&bytes).unwrap();
    assert_eq!(read.signature, [9; 96]);
    let document = read.document;
    assert_eq!((document.module_id.as_str(), document.millis), ("i-1-enc1", 1_768_435_200_000));
    assert_eq!(document.platform, Platform::Enclave);
    assert_eq!(document.registers, BTreeMap::from([(0, [0xa0; 48]), (1, [0xa1; 48]), (31, [0xaf; 48])]));
    assert_eq!(document.certificate, [1; 600]);
    assert_eq!(document.issuers, [vec![2; 500], vec![3; 501]]);
    assert_eq!(document.public_key, Some(vec![4; 294]));
}

/// RFC 9052, 4.4: the context, the protected header, nothing from outside, the payload.
#[test]
fn the_signature_is_over_header_and_payload() {
    let payload = cbor(&Value::Map(members()));
    let structure = Value::Array(vec![
        Value::from("Signature1"),
        Value::Bytes(vec![0xa1, 0x01, 0x38, 0x22]),
        Value::Bytes(Vec::new()),
        Value::Bytes(payload),
    ]);
    assert_eq!(Signed::read(&signed(members())).unwrap().message, cbor(&structure));
}

#[test]
fn a_document_of_a_tpm_has_registers_of_its_own() {
    let registers = |index: u8| Value::Map(vec![(Value::from(index), octets(48, 7))]);
    let without: Vec<_> = members().into_iter().filter(|(name, _)| *name != Value::from("pcrs")).collect();
    let of = |index| {
        let mut members = without.clone();
        members.push((Value::from("nitrotpm_pcrs"), registers(index)));
        members
    };
    let read = Signed::read(&signed(of(23))).unwrap().document;
    assert_eq!((read.platform, read.registers), (Platform::NitroTpm, BTreeMap::from([(23, [7; 48])])));
    assert!(!is_read(&signed(of(24))));
    let both = [of(4), vec![(Value::from("pcrs"), registers(4))]].concat();
    assert!(!is_read(&signed(both)));
    assert!(!is_read(&signed(without)));
}

#[test]
fn members_that_must_be_there_are() {
    for name in ["module_id", "timestamp", "digest", "pcrs", "certificate", "cabundle"] {
        assert!(!is_read(&with(name, None)), "{name}");
        assert!(!is_read(&with(name, Some(Value::Null))), "{name}");
    }
    for name in ["public_key", "user_data", "nonce"] {
        assert!(is_read(&with(name, None)), "{name}");
        assert!(is_read(&with(name, Some(Value::Null))), "{name}");
    }
    assert_eq!(Signed::read(&with("public_key", None)).unwrap().document.public_key, None);
}

#[test]
fn members_have_their_types_and_limits() {
    let register = |index: i64, length| Value::Map(vec![(Value::from(index), octets(length, 1))]);
    let registers = |count: i64| Value::Map((0..count).map(|index| (Value::from(index), octets(48, 1))).collect());
    let bundle = |count, length| Value::Array(vec![octets(length, 1); count]);
    for (name, value, good) in [
        ("module_id", Value::from("m".repeat(256)), true),
        ("module_id", Value::from("m".repeat(257)), false),
        ("module_id", Value::from(""), false),
        ("module_id", octets(5, b'm'), false),
        ("timestamp", Value::from(u64::MAX), true),
        ("timestamp", Value::from(1), true),
        ("timestamp", Value::from(0), false),
        ("timestamp", Value::from(-1), false),
        ("timestamp", Value::Float(1e12), false),
        ("timestamp", Value::from("1768435200000"), false),
        ("digest", Value::from("SHA256"), false),
        ("digest", Value::from("sha384"), false),
        ("digest", octets(6, b'S'), false),
        ("pcrs", registers(0), false),
        ("pcrs", registers(32), true),
        ("pcrs", registers(33), false),
        ("pcrs", register(32, 48), false),
        ("pcrs", register(-1, 48), false),
        ("pcrs", register(0, 47), false),
        ("pcrs", register(0, 49), false),
        ("pcrs", register(0, 32), false),
        ("pcrs", Value::Map(vec![(Value::from("0"), octets(48, 1))]), false),
        ("pcrs", Value::Map(vec![(Value::from(0), Value::from("a".repeat(48)))]), false),
        ("pcrs", Value::Map(vec![(Value::from(0), octets(48, 1)); 2]), false),
        ("pcrs", Value::Array(vec![octets(48, 1)]), false),
        ("certificate", octets(0, 1), false),
        ("certificate", octets(1, 1), true),
        ("certificate", octets(1_024, 1), true),
        ("certificate", octets(1_025, 1), false),
        ("certificate", Value::from("pem"), false),
        ("cabundle", bundle(0, 1), false),
        ("cabundle", bundle(8, 1_024), true),
        ("cabundle", bundle(9, 1), false),
        ("cabundle", bundle(1, 0), false),
        ("cabundle", bundle(1, 1_025), false),
        ("cabundle", octets(1, 1), false),
        ("public_key", octets(0, 1), false),
        ("public_key", octets(1_024, 1), true),
        ("public_key", octets(1_025, 1), false),
        ("public_key", Value::from("pem"), false),
        ("user_data", octets(1_024, 1), true),
        ("user_data", octets(1_025, 1), false),
        ("nonce", octets(1_024, 1), true),
        ("nonce", octets(1_025, 1), false),
        ("nonce", Value::Bool(false), false),
        ("other", Value::Null, false),
    ] {
        assert_eq!(is_read(&with(name, Some(value.clone()))), good, "{name} {value:?}");
    }
}

#[test]
fn a_member_stands_there_once() {
    for (name, value) in members() {
        let mut members = members();
        members.push((name.clone(), value));
        assert!(!is_read(&signed(members)), "{name:?}");
    }
    let mut members = members();
    members.push((Value::from(1), Value::Null));
    assert!(!is_read(&signed(members)));
}

#[test]
fn only_a_cose_sign1_of_es384_is_a_document() {
    let payload = || cbor(&Value::Map(members()));
    let good = || around(payload());
    let es384 = || HeaderBuilder::new().algorithm(Algorithm::ES384);
    let protected = |header: HeaderBuilder| {
        CoseSign1Builder::new().protected(header.build()).payload(payload()).signature(vec![9; 96]).build()
    };
    assert!(is_read(&good().to_vec().unwrap()));
    assert!(is_read(&good().to_tagged_vec().unwrap()));
    let mut faults = vec![
        protected(HeaderBuilder::new().algorithm(Algorithm::ES256)),
        protected(HeaderBuilder::new()),
        protected(es384().key_id(b"key".to_vec())),
        protected(es384().add_critical(coset::iana::HeaderParameter::Alg)),
    ];
    let mut unprotected = good();
    unprotected.unprotected = es384().build();
    let mut detached = good();
    detached.payload = None;
    let mut empty = good();
    empty.payload = Some(Vec::new());
    faults.extend([unprotected, detached, empty]);
    for length in [0, 95, 97] {
        let mut signature = good();
        signature.signature = vec![9; length];
        faults.push(signature);
    }
    for fault in faults {
        assert!(!is_read(&fault.clone().to_vec().unwrap()), "{fault:?}");
    }
    let bytes = good().to_vec().unwrap();
    assert!(!is_read(&[&bytes[..], &[0]].concat()));
    assert!(!is_read(&[&[0xd1], &bytes[..]].concat()), "the tag of a COSE_Mac0");
    let [trailing, list] = [[payload(), vec![0]].concat(), cbor(&Value::Array(vec![]))];
    assert!(!is_read(&around(trailing).to_vec().unwrap()));
    assert!(!is_read(&around(list).to_vec().unwrap()));
}

#[test]
fn a_document_has_limits() {
    let full = [
        ("module_id", Value::from("m".repeat(256))),
        ("timestamp", Value::from(u64::MAX)),
        ("digest", Value::from("SHA384")),
        ("pcrs", Value::Map((0..32).map(|index| (Value::from(index), octets(48, 1))).collect())),
        ("certificate", octets(1_024, 1)),
        ("cabundle", Value::Array(vec![octets(1_024, 1); 8])),
        ("public_key", octets(1_024, 1)),
        ("user_data", octets(1_024, 1)),
        ("nonce", octets(1_024, 1)),
    ];
    assert!(is_read(&signed(full.map(|(name, value)| (Value::from(name), value)).to_vec())));
    // What is longer than a document can be isn't looked at.
    assert!(around(vec![0; MAX_PAYLOAD]).to_vec().unwrap().len() < MAX_DOCUMENT);
    assert!(!is_read(&around(vec![0; MAX_PAYLOAD + 1]).to_vec().unwrap()));
    assert!(!is_read(&vec![0; MAX_DOCUMENT + 1]));
}

/// Lengths that nothing follows, and depth.
#[test]
fn what_claims_to_be_large_takes_no_room() {
    for head in [0x5b_u8, 0x7b, 0x9b, 0xbb] {
        let claim = [&[head][..], &(u64::MAX >> 1).to_be_bytes()].concat();
        assert!(!is_read(&claim), "{head:x}");
        assert!(!is_read(&around(claim).to_vec().unwrap()), "{head:x}");
    }
    for nested in [0x81_u8, 0x9f, 0xbf, 0x5f, 0xd8] {
        assert!(!is_read(&vec![nested; MAX_DOCUMENT]), "{nested:x}");
        assert!(!is_read(&around(vec![nested; MAX_PAYLOAD]).to_vec().unwrap()), "{nested:x}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_document(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(!is_read(&bytes));
    }

    #[test]
    fn an_arbitrary_payload_is_no_document(payload in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(!is_read(&around(payload).to_vec().unwrap()));
    }

    #[test]
    fn a_shorter_document_is_none(at: prop::sample::Index) {
        let bytes = signed(members());
        prop_assert!(!is_read(&bytes[..at.index(bytes.len())]));
    }

    /// Whatever is changed, either it is refused, or the signature isn't over the same, or isn't the same.
    #[test]
    fn a_changed_document_is_another(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let good = signed(members());
        let mut bytes = good.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let before = Signed::read(&good).unwrap();
        if let Some(read) = Signed::read(&bytes).filter(|_| bytes != good) {
            prop_assert!((read.message, read.signature) != (before.message, before.signature));
        }
    }
}
