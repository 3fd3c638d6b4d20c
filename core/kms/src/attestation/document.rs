//! Attestation documents as bytes: a `COSE_Sign1` (RFC 9052) of a CBOR map (RFC 8949), as AWS's page on the attestation
//! process lays down.
//!
//! Reading decides nothing about trust: until the signature is checked, what stands here is what somebody claims. It is
//! strict: every member that must be there is, once; there is none besides; all have their type and length. AWS writes
//! `null` for an optional member that is absent, though the page says it doesn't.

use std::collections::BTreeMap;

use ciborium::Value;
use coset::iana::Algorithm;
use coset::{CborSerializable as _, CoseSign1, Header, RegisteredLabelWithPrivate, TaggedCborSerializable as _};
use sealroom_crypto::certificate::MAX_ISSUERS;

use super::Platform;

/// LIMIT: bytes of a document. The model admits 262,144, but what is signed has at most 16,384.
const MAX_DOCUMENT: usize = 20_480;
/// LIMIT: bytes of what is signed. From AWS's page, as are the others that follow.
const MAX_PAYLOAD: usize = 16_384;
const MAX_CERTIFICATE: usize = 1_024;
const MAX_PUBLIC_KEY: usize = 1_024;
const MAX_USER_DATA: usize = 1_024;
/// LIMIT: bytes of a module's name. AWS says only that there are some.
const MAX_MODULE_ID: usize = 256;
/// An ECDSA signature on P-384: r ‖ s.
const SIGNATURE: usize = 96;
/// A register under SHA-384.
const REGISTER: usize = 48;

/// What somebody signed.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) document: Document,
    /// What the signature is over.
    pub(super) message: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// What it says.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) module_id: String,
    /// When it was made, in milliseconds of the Unix epoch.
    pub(super) millis: u64,
    pub(super) platform: Platform,
    pub(super) registers: BTreeMap<u8, [u8; REGISTER]>,
    /// Who signed it.
    pub(super) certificate: Vec<u8>,
    /// The certificates from the root (the first) to the one that issued `certificate`.
    pub(super) issuers: Vec<Vec<u8>>,
    pub(super) public_key: Option<Vec<u8>>,
}

impl Signed {
    /// Reads a document; `None` for whatever isn't one to the last byte. AWS's come without the tag of a `COSE_Sign1`,
    /// which may be there.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_DOCUMENT {
            return None;
        }
        let sign1 = CoseSign1::from_slice(bytes).or_else(|_| CoseSign1::from_tagged_slice(bytes)).ok()?;
        let algorithm = Some(RegisteredLabelWithPrivate::Assigned(Algorithm::ES384));
        let only_algorithm = Header { alg: algorithm, ..Header::default() };
        if sign1.protected.header != only_algorithm || !sign1.unprotected.is_empty() {
            return None;
        }
        let payload = sign1.payload.as_deref().filter(|payload| (1..=MAX_PAYLOAD).contains(&payload.len()))?;
        let document = Document::read(payload)?;
        let message = sign1.tbs_data(b"");
        (sign1.signature.len() == SIGNATURE).then_some(Self { document, message, signature: sign1.signature })
    }
}

impl Document {
    fn read(mut payload: &[u8]) -> Option<Self> {
        let value: Value = ciborium::from_reader(&mut payload).ok().filter(|_| payload.is_empty())?;
        let mut members = Members::default();
        for (name, value) in map(value)? {
            members.take(&text(name)?, value)?;
        }
        let (platform, registers) = members.registers?;
        members.digest?;
        Some(Self {
            module_id: members.module_id?,
            millis: members.millis?,
            platform,
            registers,
            certificate: members.certificate?,
            issuers: members.issuers?,
            public_key: members.public_key.flatten(),
        })
    }
}

/// What has been read of a document. An optional member is `None` inside when it is `null`.
#[derive(Default)]
struct Members {
    module_id: Option<String>,
    millis: Option<u64>,
    digest: Option<()>,
    registers: Option<(Platform, BTreeMap<u8, [u8; REGISTER]>)>,
    certificate: Option<Vec<u8>>,
    issuers: Option<Vec<Vec<u8>>>,
    public_key: Option<Option<Vec<u8>>>,
    user_data: Option<Option<Vec<u8>>>,
    nonce: Option<Option<Vec<u8>>>,
}

impl Members {
    /// Takes a member; `None` when it isn't known, was there before, or has a wrong type or length.
    fn take(&mut self, name: &str, value: Value) -> Option<()> {
        match name {
            "module_id" => {
                let id = text(value)?;
                once(&mut self.module_id, (1..=MAX_MODULE_ID).contains(&id.len()).then_some(id)?)
            }
            "timestamp" => once(&mut self.millis, number(&value).filter(|millis| *millis > 0)?),
            "digest" => once(&mut self.digest, (text(value)? == "SHA384").then_some(())?),
            "pcrs" => once(&mut self.registers, registers(Platform::Enclave, value)?),
            "nitrotpm_pcrs" => once(&mut self.registers, registers(Platform::NitroTpm, value)?),
            "certificate" => once(&mut self.certificate, bytes(value, 1, MAX_CERTIFICATE)?),
            "cabundle" => once(&mut self.issuers, issuers(value)?),
            "public_key" => once(&mut self.public_key, optional(value, 1, MAX_PUBLIC_KEY)?),
            "user_data" => once(&mut self.user_data, optional(value, 0, MAX_USER_DATA)?),
            "nonce" => once(&mut self.nonce, optional(value, 0, MAX_USER_DATA)?),
            _ => None,
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

fn registers(platform: Platform, value: Value) -> Option<(Platform, BTreeMap<u8, [u8; REGISTER]>)> {
    let mut registers = BTreeMap::new();
    for (index, value) in map(value)? {
        let index = u8::try_from(number(&index)?).ok().filter(|index| *index < platform.registers())?;
        let value = bytes(value, REGISTER, REGISTER)?.try_into().ok()?;
        registers.insert(index, value).is_none().then_some(())?;
    }
    (!registers.is_empty()).then_some((platform, registers))
}

fn issuers(value: Value) -> Option<Vec<Vec<u8>>> {
    let bundle = value.into_array().ok().filter(|bundle| (1..=MAX_ISSUERS).contains(&bundle.len()))?;
    bundle.into_iter().map(|certificate| bytes(certificate, 1, MAX_CERTIFICATE)).collect()
}

fn optional(value: Value, least: usize, most: usize) -> Option<Option<Vec<u8>>> {
    if value.is_null() { Some(None) } else { bytes(value, least, most).map(Some) }
}

fn bytes(value: Value, least: usize, most: usize) -> Option<Vec<u8>> {
    value.into_bytes().ok().filter(|bytes| (least..=most).contains(&bytes.len()))
}

fn text(value: Value) -> Option<String> {
    value.into_text().ok()
}

fn number(value: &Value) -> Option<u64> {
    u64::try_from(value.as_integer()?).ok()
}

fn map(value: Value) -> Option<Vec<(Value, Value)>> {
    value.into_map().ok()
}

#[cfg(test)]
pub(super) mod tests;
