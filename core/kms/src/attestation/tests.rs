//! What a document says to policies and to the journal, how old it may be, and which keys it may bring.

use serde_json::json;

use super::*;

const NOW: i64 = 1_768_435_200;

fn document(platform: Platform, registers: &[(u8, u8)], millis: u64, public_key: Option<Vec<u8>>) -> Document {
    Document {
        module_id: "i-1-enc\"1".to_owned(),
        millis,
        platform,
        registers: registers.iter().map(|(number, byte)| (*number, [*byte; 48])).collect(),
        certificate: Vec::new(),
        issuers: Vec::new(),
        public_key,
    }
}

fn rsa_key() -> Vec<u8> {
    rsa::generate(2_048).unwrap().spki
}

fn attested(platform: Platform, registers: &[(u8, u8)]) -> Attestation {
    let document = document(platform, registers, 1_768_435_200_000, Some(rsa_key()));
    Attestation::of(document, Timestamp::from_seconds(NOW)).unwrap()
}

#[test]
fn conditions_name_the_registers_of_what_measured_them() {
    let enclave = attested(Platform::Enclave, &[(0, 0xa0), (8, 0x08), (31, 0x1f)]);
    let tpm = attested(Platform::NitroTpm, &[(0, 0xb0), (4, 0x04), (23, 0x17)]);
    let value = |byte: &str| Some(byte.repeat(48));
    for (name, of_enclave, of_tpm) in [
        ("imagesha384", value("a0"), None),
        ("pcr0", value("a0"), None),
        ("pcr8", value("08"), None),
        ("pcr31", value("1f"), None),
        ("pcr1", None, None),
        ("pcr32", None, None),
        ("pcr256", None, None),
        ("pcr00", None, None),
        ("pcr08", None, None),
        ("pcr+8", None, None),
        ("pcr", None, None),
        ("pcr 8", None, None),
        ("8", None, None),
        ("", None, None),
        ("nitrotpmpcr0", None, value("b0")),
        ("nitrotpmpcr4", None, value("04")),
        ("nitrotpmpcr23", None, value("17")),
        ("nitrotpmpcr04", None, None),
        ("nitrotpmpcr24", None, None),
        ("pcr4", None, None),
    ] {
        assert_eq!(enclave.condition(name), of_enclave.as_deref(), "{name}");
        assert_eq!(tpm.condition(name), of_tpm.as_deref(), "{name}");
    }
}

#[test]
fn the_journal_is_told_the_registers_that_cloudtrail_shows() {
    let all: Vec<(u8, u8)> = (0..24).map(|number| (number, number)).collect();
    let value = |byte: &str| byte.repeat(48);
    let expected = json!({
        "attestationDocumentModuleId": "i-1-enc\"1",
        "attestationDocumentEnclaveImageDigest": value("00"),
        "attestationDocumentEnclavePCR1": value("01"),
        "attestationDocumentEnclavePCR2": value("02"),
        "attestationDocumentEnclavePCR3": value("03"),
        "attestationDocumentEnclavePCR4": value("04"),
        "attestationDocumentEnclavePCR8": value("08"),
    });
    assert_eq!(attested(Platform::Enclave, &all).recorded(), expected);
    let expected = json!({
        "attestationDocumentModuleId": "i-1-enc\"1",
        "attestationDocumentNitroTPMPCR4": value("04"),
        "attestationDocumentNitroTPMPCR7": value("07"),
        "attestationDocumentNitroTPMPCR8": value("08"),
        "attestationDocumentNitroTPMPCR9": value("09"),
        "attestationDocumentNitroTPMPCR16": value("10"),
        "attestationDocumentNitroTPMPCR23": value("17"),
    });
    assert_eq!(attested(Platform::NitroTpm, &all).recorded(), expected);
    // A register that isn't there isn't told.
    let expected = json!({"attestationDocumentModuleId": "i-1-enc\"1", "attestationDocumentEnclavePCR1": value("01")});
    assert_eq!(attested(Platform::Enclave, &[(1, 1)]).recorded(), expected);
}

#[test]
fn a_document_is_good_for_five_minutes() {
    let key = rsa_key();
    let now = 1_768_435_200_000_u64;
    for (millis, good) in [
        (now - 300_001, false),
        (now - 300_000, true),
        (now, true),
        (now + 300_000, true),
        (now + 300_001, false),
        (1, false),
        (u64::MAX, false),
    ] {
        let made = Attestation::of(
            document(Platform::Enclave, &[(0, 0)], millis, Some(key.clone())),
            Timestamp::from_seconds(NOW),
        );
        assert_eq!(made.err(), (!good).then_some(RecipientError::Stale), "{millis}");
    }
}

#[test]
fn a_recipient_brings_an_rsa_key_of_2048_bits_or_more() {
    let larger = rsa::generate(4_096).unwrap().spki;
    let trailing = [rsa_key(), vec![0]].concat();
    let curve = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let curve = rcgen::PublicKeyData::subject_public_key_info(&curve);
    for (key, expected) in [
        (None, Some(RecipientError::NoKey)),
        (Some(rsa_key()), None),
        (Some(larger), None),
        (Some(curve), Some(RecipientError::Key)),
        (Some(b"none".to_vec()), Some(RecipientError::Key)),
        (Some(trailing), Some(RecipientError::Key)),
        (Some(short_key()), Some(RecipientError::Key)),
    ] {
        let document = document(Platform::Enclave, &[(0, 0)], 1_768_435_200_000, key);
        assert_eq!(Attestation::of(document, Timestamp::from_seconds(NOW)).err(), expected);
    }
}

/// The form of an RSA key with a modulus of 1,024 bits.
fn short_key() -> Vec<u8> {
    let mut key = vec![0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    key.extend([0x05, 0x00, 0x03, 0x81, 0x8d, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00]);
    key.extend([0xc1; 128]);
    key.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
    key
}

#[test]
fn there_are_one_to_sixteen_roots() {
    let certificate = rcgen::generate_simple_self_signed(Vec::new()).unwrap().cert;
    let certificate: &[u8] = certificate.der();
    for (count, good) in [(0, false), (1, true), (16, true), (17, false)] {
        assert_eq!(AttestationRoots::from_der(vec![certificate; count]).is_some(), good, "{count}");
    }
    assert!(AttestationRoots::from_der([certificate, b"none"]).is_none());
}
