//! Typed ids. An id never travels as a `String`, and each parses in one place.
//!
//! Ids that clients see are random (the caller hands in the bytes, from the `Entropy` port); this module draws none.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

use crate::arn::Partition;
use crate::inline::Inline;

/// Why a text is no id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a valid {kind}")]
pub struct IdError {
    kind: &'static str,
}

/// An AWS account: twelve digits, or the account `platform` that owns what Sealroom itself owns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Inline<12>);

impl AccountId {
    /// The owner of AWS owned keys. It isn't twelve digits, so no credential, policy or ARN of a client can name it:
    /// [`AccountId::from_str`] refuses it.
    #[must_use]
    pub fn platform() -> Self {
        // INVARIANT: eight ASCII letters fit twelve bytes; the fallback keeps this total.
        Self(Inline::new("platform").unwrap_or(Inline::<12>::EMPTY))
    }

    /// The text: twelve digits, or `platform`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether this is the account `platform`.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        *self == Self::platform()
    }
}

impl FromStr for AccountId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        Inline::new(text).filter(|_| digits).map(Self).ok_or(IdError { kind: "account id" })
    }
}

/// A Region name such as `eu-central-1`: at most 32 characters, `^([a-z]+-){2,3}\d+$` (KMS's `RegionType`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Inline<32>);

impl Region {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The partition that the name's beginning tells.
    #[must_use]
    pub fn partition(&self) -> Partition {
        Partition::of_region(self.as_str())
    }
}

impl FromStr for Region {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        // Two or three words of lower-case letters, then a number, with dashes between them; in one pass, because every
        // request names a Region more than once.
        let (mut dashes, mut digits, mut before) = (0u8, false, b'-');
        let mut formed = text.len() <= 32;
        for byte in text.bytes() {
            formed &= match byte {
                b'-' => !digits && before != b'-',
                b'a'..=b'z' => !digits,
                b'0'..=b'9' => digits || before == b'-',
                _ => false,
            };
            dashes = dashes.saturating_add(u8::from(byte == b'-'));
            digits |= byte.is_ascii_digit();
            before = byte;
        }
        formed &= digits && (2..=3).contains(&dashes);
        Inline::new(text).filter(|_| formed).map(Self).ok_or(IdError { kind: "Region" })
    }
}

/// A KMS key id: a lower-case UUID, or `mrk-` and 32 lower-case hex digits for a multi-Region key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    multi_region: bool,
    bytes: [u8; 16],
}

impl KeyId {
    /// A new id from 16 random bytes: a version 4 UUID, or `mrk-` and the same bytes in hex.
    #[must_use]
    pub fn from_random(bytes: [u8; 16], multi_region: bool) -> Self {
        let bytes = uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes();
        Self { multi_region, bytes }
    }

    /// An id as it was taken apart by [`KeyId::to_bytes`] (ciphertext headers, replicated rows).
    #[must_use]
    pub fn from_bytes(multi_region: bool, bytes: [u8; 16]) -> Self {
        Self { multi_region, bytes }
    }

    /// The 16 bytes; together with [`KeyId::is_multi_region`] they are the whole id.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.bytes
    }

    /// Whether the id is of the `mrk-` form.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.multi_region
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uuid = Uuid::from_bytes(self.bytes);
        if self.multi_region {
            return write!(f, "mrk-{}", uuid.simple());
        }
        fmt::Display::fmt(&uuid.hyphenated(), f)
    }
}

impl FromStr for KeyId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = IdError { kind: "key id" };
        let (multi_region, hex) = match text.strip_prefix("mrk-") {
            Some(hex) if hex.len() == 32 => (true, hex),
            Some(_) => return Err(error),
            None if text.len() == 36 => (false, text),
            None => return Err(error),
        };
        if hex.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(error);
        }
        let uuid = Uuid::try_parse(hex).map_err(|_| error)?;
        Ok(Self { multi_region, bytes: uuid.into_bytes() })
    }
}

/// The ARN of a KMS key: `arn:<partition>:kms:<region>:<account>:key/<key id>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    /// The Region in the ARN.
    pub region: Region,
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, account, key } = self;
        write!(f, "arn:{}:kms:{region}:{account}:key/{key}", region.partition())
    }
}

/// The id of one piece of key material: 32 bytes, 64 lower-case hex digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaterialId([u8; 32]);

impl MaterialId {
    /// The id of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for MaterialId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = IdError { kind: "key material id" };
        let mut bytes = [0u8; 32];
        if text.len() != 64 || text.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(error);
        }
        for (out, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| error)?;
            *out = u8::from_str_radix(pair, 16).map_err(|_| error)?;
        }
        Ok(Self(bytes))
    }
}

/// An access key id: 1 to 128 of `\w` (IAM's `accessKeyIdType` is 16..128; dev mode's `test` is shorter).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(Inline<128>);

impl AccessKeyId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for AccessKeyId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let formed = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        Inline::new(text).filter(|_| formed).map(Self).ok_or(IdError { kind: "access key id" })
    }
}

/// The id of one request: a UUID, the answer's `x-amzn-RequestId`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId([u8; 16]);

/// The id of one journal event: a UUID, CloudTrail's `eventID`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; 16]);

macro_rules! uuid_id {
    ($name:ident, $kind:literal) => {
        impl $name {
            /// A version 4 UUID of 16 random bytes.
            #[must_use]
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes())
            }

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Writes the 36 characters into `out` and returns them.
            pub fn encode<'a>(&self, out: &'a mut [u8; 36]) -> &'a str {
                Uuid::from_bytes(self.0).hyphenated().encode_lower(out)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&Uuid::from_bytes(self.0).hyphenated(), f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(|u| Self(u.into_bytes())).map_err(|_| IdError { kind: $kind })
            }
        }
    };
}
uuid_id!(RequestId, "request id");
uuid_id!(EventId, "event id");

macro_rules! text_of {
    ($($name:ident),*) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )* };
}
text_of!(AccountId, Region, AccessKeyId);

macro_rules! debug_as_display {
    ($($name:ident),*) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    )* };
}
debug_as_display!(AccountId, Region, KeyId, KeyArn, MaterialId, AccessKeyId, RequestId, EventId);

#[cfg(test)]
mod tests {
    use super::*;

    fn parses<T: FromStr + fmt::Display>(text: &str) -> bool {
        text.parse::<T>().is_ok_and(|id| id.to_string() == text)
    }

    #[test]
    fn account_ids_are_twelve_digits() {
        assert!(parses::<AccountId>("000000000000"));
        for wrong in ["", "00000000000", "0000000000000", "00000000000a", "platform"] {
            assert!(!parses::<AccountId>(wrong), "{wrong}");
        }
        assert!(AccountId::platform().is_platform());
        assert_eq!(AccountId::platform().to_string(), "platform");
    }

    #[test]
    fn regions_follow_the_pattern() {
        for right in ["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-12"] {
            assert!(parses::<Region>(right), "{right}");
        }
        for wrong in ["", "us", "us-east", "us-east-", "Us-east-1", "us--1", "a-b-c-d-1", "us-east-1 "] {
            assert!(!parses::<Region>(wrong), "{wrong}");
        }
    }

    #[test]
    fn key_ids_come_in_two_forms() {
        for right in ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"] {
            assert!(parses::<KeyId>(right), "{right}");
        }
        for wrong in [
            "fake-key-id",
            "mrk-fake-key-id",
            "1234abcd12ab34cd56ef1234567890ab",
            "1234ABCD-12ab-34cd-56ef-1234567890ab",
            "mrk-1234ABCD12ab34cd56ef1234567890ab",
        ] {
            assert!(!parses::<KeyId>(wrong), "{wrong}");
        }
    }

    #[test]
    fn key_arn_names_the_partition_of_its_region() {
        let arn = KeyArn {
            region: "cn-north-1".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
        };
        assert_eq!(arn.to_string(), "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    }
}
