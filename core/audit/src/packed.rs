//! Packed text: JSON with its common parts written short.
//!
//! Every byte of a record is hashed, copied and synced, and most bytes of a record are the same in all of them. JSON as
//! this room writes it holds no byte below 0x20, so such bytes stand for more:
//!
//! ```text
//! 00 n           word n of the list below
//! 01 + 16 bytes  a UUID
//! 02 + 32 bytes  their 64 hexadecimal digits
//! 03 + 16 bytes  their 32 hexadecimal digits
//! 04 + 8 bytes   microseconds since 1970, signed: 2026-09-12T06:21:24Z
//! 05 + 5 bytes   a number of twelve decimal digits: an account
//! ```
//!
//! Everything else stands for itself, so JSON that was never packed unpacks to itself. It knows no member's meaning.
//! What would surprise: [`WORDS`] is part of the journal's format. It only grows, and at its end.

use std::sync::Arc;

use sealroom_foundation::{AccountId, Timestamp};

use crate::json;
use crate::record::RECORD_MAX;

const WORD: u8 = 0;
const UUID: u8 = 1;
const HEX_32: u8 = 2;
const HEX_16: u8 = 3;
const TIME: u8 = 4;
const ACCOUNT: u8 = 5;

/// LIMIT: what two bytes unpack to at most, times two.
const GROWTH: usize = 32;

macro_rules! words {
    ($($name:ident = $number:literal, $text:literal;)+) => {
        /// A word, as it is written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(dead_code, reason = "some words are found by their texts alone")]
        pub(crate) enum Word { $($name = $number),+ }

        /// The words in the order of their numbers.
        const WORDS: &[&str] = &[$($text),+];
    };
}

words! {
    Start = 0, r#"{"eventVersion":"1.11","userIdentity":"#;
    Time = 1, r#","eventTime":""#;
    Source = 2, r#"","eventSource":"#;
    Kms = 3, r#""kms.amazonaws.com""#;
    Name = 4, r#","eventName":"#;
    Region = 5, r#","awsRegion":""#;
    Address = 6, r#"","sourceIPAddress":"#;
    Agent = 7, r#","userAgent":"#;
    ErrorCode = 8, r#","errorCode":"#;
    ErrorMessage = 9, r#","errorMessage":"#;
    Request = 10, r#","requestParameters":"#;
    Response = 11, r#","responseElements":"#;
    NoResponse = 12, r#","responseElements":null"#;
    Additional = 13, r#","additionalEventData":"#;
    Material = 14, r#"{"keyMaterialId":""#;
    RequestId = 15, r#","requestID":""#;
    EventId = 16, r#"","eventID":""#;
    ReadOnly = 17, r#"","readOnly":true"#;
    Mutating = 18, r#"","readOnly":false"#;
    Resources = 19, r#","resources":["#;
    ResourceAccount = 20, r#"{"accountId":""#;
    KeyType = 21, r#"","type":"AWS::KMS::Key","ARN":""#;
    KeyArn = 22, "arn:aws:kms:";
    Key = 23, ":key/";
    Call = 24, r#","eventType":"AwsApiCall","managementEvent":true,"#;
    Service = 25, r#","eventType":"AwsServiceEvent","managementEvent":true,"#;
    Recipient = 26, r#""recipientAccountId":""#;
    Shared = 27, r#","sharedEventID":""#;
    Category = 28, r#","eventCategory":"Management""#;
    Tls = 29, r#","tlsDetails":{"tlsVersion":"#;
    Cipher = 30, r#","cipherSuite":"#;
    Host = 31, r#","clientProvidedHostHeader":"#;
    Exchange = 32, r#","keyExchange":"#;
    Root = 33, r#"{"type":"Root","principalId":""#;
    Elsewhere = 34, r#"{"type":"AWSAccount","principalId":""#;
    IdentityArn = 35, r#"","arn":"arn:aws:iam::"#;
    RootAccount = 36, r#":root","accountId":""#;
    IdentityAccount = 37, r#"","accountId":""#;
    AccessKey = 38, r#"","accessKeyId":""#;
    Local = 39, r#""127.0.0.1""#;
}

/// JSON that is packed once and recorded often. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed(Arc<[u8]>);

impl Packed {
    /// Packs JSON without blanks between its tokens. Any text is taken; what isn't JSON stays as unreadable as it was.
    #[must_use]
    pub fn of_json(json: &str) -> Self {
        let mut out = Vec::with_capacity(json.len());
        let mut rest = json;
        while let Some(character) = rest.chars().next() {
            let longest = (0u8..).zip(WORDS).filter(|(_, word)| rest.starts_with(**word)).max_by_key(|(_, w)| w.len());
            if let Some((number, word)) = longest {
                out.extend_from_slice(&[WORD, number]);
                rest = rest.get(word.len()..).unwrap_or_default();
            } else if let Some((account, after)) = leading_account(rest) {
                put_account(&mut out, account);
                rest = after;
            } else {
                let (this, after) = rest.split_at_checked(character.len_utf8()).unwrap_or_default();
                out.extend_from_slice(this.as_bytes());
                rest = after;
            }
        }
        Self(out.into())
    }

    /// What is written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Twelve digits, with no other behind them.
fn leading_account(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_at_checked(12)?;
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit()) && !rest.starts_with(|c: char| c.is_ascii_digit());
    whole.then(|| digits.parse().ok()).flatten().map(|number| (number, rest))
}

pub(crate) fn word(out: &mut Vec<u8>, word: Word) {
    out.extend_from_slice(&[WORD, word as u8]);
}

pub(crate) fn uuid(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    out.push(UUID);
    out.extend_from_slice(bytes);
}

pub(crate) fn hex_16(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    out.push(HEX_16);
    out.extend_from_slice(bytes);
}

pub(crate) fn hex_32(out: &mut Vec<u8>, bytes: &[u8; 32]) {
    out.push(HEX_32);
    out.extend_from_slice(bytes);
}

pub(crate) fn time(out: &mut Vec<u8>, moment: Timestamp) {
    out.push(TIME);
    out.extend_from_slice(&moment.as_micros().to_be_bytes());
}

pub(crate) fn account(out: &mut Vec<u8>, account: AccountId) {
    match account.as_str().parse() {
        Ok(number) => put_account(out, number),
        // The account that isn't twelve digits, so that no client can name it.
        Err(_) => out.extend_from_slice(account.as_str().as_bytes()),
    }
}

fn put_account(out: &mut Vec<u8>, number: u64) {
    let [_, _, _, digits @ ..] = number.to_be_bytes();
    out.push(ACCOUNT);
    out.extend_from_slice(&digits);
}

/// Whether packed text unpacks to no more than [`RECORD_MAX`] bytes.
pub(crate) fn fits(packed: &[u8]) -> bool {
    packed.len() <= RECORD_MAX / GROWTH || unpack(packed).is_some()
}

/// The text; `None` for a code that isn't known or isn't whole, and past [`RECORD_MAX`] bytes.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(packed.len().saturating_mul(3));
    let mut rest = packed;
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20) {
        let (plain, coded) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (code, mut after) = coded.split_first()?;
        expand(*code, &mut after, &mut out)?;
        rest = after;
        if out.len() > RECORD_MAX {
            return None;
        }
    }
    out.extend_from_slice(rest);
    (out.len() <= RECORD_MAX).then_some(out)
}

fn expand(code: u8, rest: &mut &[u8], out: &mut Vec<u8>) -> Option<()> {
    match code {
        WORD => {
            let [number] = take(rest)?;
            out.extend_from_slice(WORDS.get(usize::from(number))?.as_bytes());
        }
        UUID => json::uuid(out, &take(rest)?),
        HEX_32 => json::hex(out, &take::<32>(rest)?),
        HEX_16 => json::hex(out, &take::<16>(rest)?),
        TIME => json::time(out, Timestamp::from_micros(i64::from_be_bytes(take(rest)?))),
        ACCOUNT => {
            let [a, b, c, d, e] = take(rest)?;
            json::decimal(out, u64::from_be_bytes([0, 0, 0, a, b, c, d, e]), 12);
        }
        _ => return None,
    }
    Some(())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Word {
        /// What it stands for.
        fn text(self) -> &'static str {
            WORDS.get(self as usize).copied().unwrap_or_default()
        }
    }

    #[test]
    fn no_word_grows_more_than_the_limit_says_and_each_stands_at_its_number() {
        for (number, text) in WORDS.iter().enumerate() {
            assert!(text.len() <= 2 * GROWTH, "{text}");
            assert!(text.bytes().all(|byte| byte >= 0x20), "{text}");
            assert_eq!(WORDS.iter().position(|other| other == text), Some(number), "{text} stands there twice");
        }
        assert_eq!(Word::Start.text(), WORDS[0]);
        assert_eq!(Word::Local.text(), *WORDS.last().unwrap());
    }

    #[test]
    fn the_identity_of_a_root_packs_to_a_third() {
        let json = r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}"#;
        let packed = Packed::of_json(json);
        assert!(packed.as_bytes().len() * 3 < json.len() + 40, "{}", packed.as_bytes().len());
        assert_eq!(unpack(packed.as_bytes()).unwrap(), json.as_bytes());
    }

    #[test]
    fn thirteen_digits_are_no_account() {
        for text in ["1234567890123", "123456789012", "12345678901", "0000000000001"] {
            assert_eq!(unpack(Packed::of_json(text).as_bytes()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn what_is_unknown_or_cut_short_does_not_unpack() {
        for packed in [&[WORD][..], &[WORD, 255], &[UUID, 1], &[HEX_32; 32], &[TIME], &[ACCOUNT, 0], &[6], &[0x1f]] {
            assert_eq!(unpack(packed), None, "{packed:?}");
        }
    }

    #[test]
    fn the_limit_is_one_of_the_text() {
        let words = [WORD, Word::Call as u8].repeat(RECORD_MAX / Word::Call.text().len());
        assert!(fits(&words));
        let more = [&words[..], &[WORD, Word::Call as u8]].concat();
        assert!(!fits(&more));
        assert_eq!(unpack(&more), None);
    }

    proptest! {
        #[test]
        fn json_unpacks_to_itself(texts in prop::collection::vec(any::<String>(), 0..4), number: u64) {
            let json = serde_json::json!({"accountId": number.to_string(), "texts": texts}).to_string();
            prop_assert_eq!(unpack(json.as_bytes()).unwrap(), json.as_bytes());
            prop_assert_eq!(unpack(Packed::of_json(&json).as_bytes()).unwrap(), json.as_bytes());
        }

        #[test]
        fn arbitrary_bytes_do_not_panic_and_do_not_grow_past_the_limit(bytes: Vec<u8>) {
            prop_assert!(unpack(&bytes).is_none_or(|text| text.len() <= RECORD_MAX));
        }
    }
}
