//! Leaves that hold one value: texts, numbers, switches, moments.
//!
//! What would surprise: a decimal where an integer is wanted is cut, not refused, and a number beyond 64 bits becomes
//! the nearest that fits, as AWS's truncating numbers do; the range check then speaks of it.

use std::borrow::Cow;
use std::fmt;

use sealroom_foundation::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::{refuse, words};

/// A text.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
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

/// An integer of 32 or 64 bits; which of them, its rule says.
pub(crate) struct Integer(pub(crate) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Integer;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Integer, E> {
                Ok(Integer(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Integer, E> {
                Ok(Integer(i64::try_from(number).unwrap_or(i64::MAX)))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Integer, E> {
                Ok(Integer(cut(number)))
            }
            refuse! {
                flag => ("TRUE_VALUE cannot be converted to Integer", "FALSE_VALUE cannot be converted to Integer"),
                text => "STRING_VALUE cannot be converted to Integer",
                list => "Unrecognized collection type class java.lang.Integer",
                structure => words::STRUCTURE,
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Reader)
        } else {
            deserializer.deserialize_i64(Reader)
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "from a float, `as` saturates, and makes nothing of NaN: as wanted"
)]
fn cut(number: f64) -> i64 {
    number as i64
}

/// A number with a fraction.
pub(crate) struct Float(pub(crate) f64);

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Float;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Float, E> {
                Ok(Float(widened(number)))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Float, E> {
                Ok(Float(widened(i64::try_from(number).unwrap_or(i64::MAX))))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Float, E> {
                Ok(Float(number))
            }
            refuse! {
                flag => ("TRUE_VALUE cannot be converted to Double", "FALSE_VALUE cannot be converted to Double"),
                text => "STRING_VALUE cannot be converted to Double",
                list => "Unrecognized collection type class java.lang.Double",
                structure => words::STRUCTURE,
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Reader)
        } else {
            deserializer.deserialize_f64(Reader)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a double holds what AWS's double holds")]
fn widened(number: i64) -> f64 {
    number as f64
}

/// A switch.
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a switch")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }
            refuse! {
                number => "NUMBER_VALUE cannot be converted to Boolean",
                decimal => "DECIMAL_VALUE cannot be converted to Boolean",
                text => "Unexpected token received from parser",
                list => "Unrecognized collection type class java.lang.Boolean",
                structure => words::STRUCTURE,
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Reader)
        } else {
            deserializer.deserialize_bool(Reader)
        }
    }
}

/// A moment: seconds since the epoch in JSON, ISO 8601 in forms.
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl<'de> Visitor<'de> for Seconds {
            type Value = Moment;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since the epoch")
            }
            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Moment, E> {
                Ok(Moment(Timestamp::from_seconds(seconds)))
            }
            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Moment, E> {
                Ok(Moment(Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))))
            }
            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Moment, E> {
                Ok(Moment(Timestamp::from_micros(cut((seconds * 1e6).round()))))
            }
            refuse! {
                flag => ("TRUE_VALUE cannot be converted to Date", "FALSE_VALUE cannot be converted to Date"),
                text => "STRING_VALUE cannot be converted to Date",
                list => "Unrecognized collection type class java.util.Date",
                structure => words::STRUCTURE,
            }
        }
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Seconds);
        }
        let Text(text) = Text::deserialize(deserializer)?;
        iso(&text).map(Moment).ok_or_else(|| D::Error::custom("not a date"))
    }
}

/// Reads `2026-09-12T06:21:24Z`, with a fraction of a second (cut after micros) or without. Another offset than `Z`
/// isn't read: SDKs send none.
fn iso(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.strip_suffix('Z')?.split_once('.').unwrap_or((text.strip_suffix('Z')?, ""));
    let digits = fraction.len();
    if whole.len() != 19 || digits > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (date, time) = whole.split_once('T')?;
    let separated = |text: &str, at: [usize; 2], by: u8| at.iter().all(|i| text.as_bytes().get(*i) == Some(&by));
    if !separated(date, [4, 7], b'-') || !separated(time, [2, 5], b':') {
        return None;
    }
    let basic: String =
        date.chars().filter(|c| *c != '-').chain(['T']).chain(time.chars().filter(|c| *c != ':')).collect();
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let second = Timestamp::parse_iso_basic(&format!("{basic}Z"))?;
    Some(Timestamp::from_micros(second.as_micros().saturating_add(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates_are_read_with_and_without_a_fraction() {
        for (text, micros) in [
            ("1970-01-01T00:00:01Z", Some(1_000_000)),
            ("1970-01-01T00:00:01.5Z", Some(1_500_000)),
            ("1970-01-01T00:00:00.0000019Z", Some(1)),
            ("1970-01-01T00:00:01", None),
            ("1970-01-01 00:00:01Z", None),
            ("1970-13-01T00:00:01Z", None),
            ("1970-01-01T00:00:01.xZ", None),
            ("19700101T000001Z", None),
            ("1970-01é01T00:00:01Z", None),
            ("", None),
        ] {
            assert_eq!(iso(text).map(Timestamp::as_micros), micros, "{text}");
        }
    }
}
