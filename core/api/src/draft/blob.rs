//! Leaves that hold bytes, or a text that is a secret.
//!
//! Secrets are decoded straight into the place where they stay. Base64 is read as AWS reads it: the standard alphabet,
//! padded, no blanks, no loose bits at the end. What would surprise: the refusals never show the text.

use std::fmt;
use std::marker::PhantomData;

use base64_simd::{AsOut as _, STANDARD};
use sealroom_foundation::Secret;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::{refuse, words};

/// Bytes.
pub(crate) struct Blob(pub(crate) Vec<u8>);
/// Bytes that are a secret.
pub(crate) struct SecretBlob(pub(crate) Secret<[u8]>);
/// A text that is a secret.
pub(crate) struct SecretText(pub(crate) Secret<[u8]>);

/// What can be made of a base64 text.
trait FromBase64: Sized {
    fn from_base64(text: &[u8]) -> Option<Self>;
}

impl FromBase64 for Blob {
    fn from_base64(text: &[u8]) -> Option<Self> {
        STANDARD.decode_to_vec(text).ok().map(Self)
    }
}

impl FromBase64 for SecretBlob {
    fn from_base64(text: &[u8]) -> Option<Self> {
        let length = STANDARD.decoded_length(text).ok()?;
        let mut valid = false;
        let secret = Secret::filled_slice(length, |out| valid = STANDARD.decode(text, out.as_out()).is_ok());
        valid.then_some(Self(secret))
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: FromBase64> Visitor<'de> for Reader<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a base64 text")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        if !text.len().is_multiple_of(4) {
            let found = text.len();
            return Err(E::custom(format_args!(
                "Base64 encoded length is expected a multiple of 4 bytes but found: {found}"
            )));
        }
        T::from_base64(text.as_bytes()).ok_or_else(|| E::custom("Invalid Base64 character"))
    }
    refuse! {
        flag => (words::NO_BLOB, words::NO_BLOB),
        number => words::NO_BLOB,
        decimal => words::NO_BLOB,
        list => "Unrecognized collection type class java.nio.ByteBuffer",
        structure => words::STRUCTURE,
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}

impl<'de> Deserialize<'de> for SecretBlob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}

fn read<'de, T: FromBase64, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let reader = Reader(PhantomData);
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(reader)
    } else {
        deserializer.deserialize_str(reader)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = SecretText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText(Secret::copy_of(text.as_bytes())))
            }
            refuse! {
                flag => ("TRUE_VALUE cannot be converted to String", "FALSE_VALUE cannot be converted to String"),
                number => "NUMBER_VALUE cannot be converted to String",
                decimal => "DECIMAL_VALUE cannot be converted to String",
                list => "Unrecognized collection type class java.lang.String",
                structure => words::STRUCTURE,
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Reader)
        } else {
            deserializer.deserialize_str(Reader)
        }
    }
}
