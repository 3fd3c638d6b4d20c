//! Values of conditions: numbers, dates, addresses, booleans, bytes, ARNs. A text is one of them in whole or not at all.

use std::net::IpAddr;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use crate::evaluation::Failure;
use crate::pattern::{Budget, Pattern};
use crate::text::Compiled;

/// A number with at most 18 digits before and after the point, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal {
    /// In units of 10^-18.
    units: i128,
}

/// LIMIT: digits on each side of the point.
const DIGITS: usize = 18;
/// Units of a [`Decimal`] in a nanosecond, when it counts seconds.
const UNITS_PER_NANOSECOND: i128 = 1_000_000_000;

impl Decimal {
    /// Reads `42`, `-1.5`, `+0.25`. No exponent, no blanks.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let formed = |part: &str| (1..=DIGITS).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if !formed(whole) || !formed(fraction) {
            return None;
        }
        let padded = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat(b'0'));
        let units = padded.take(whole.len() + DIGITS).fold(0i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
        Some(Self { units: if negative { -units } else { units } })
    }
}

/// A moment, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    nanoseconds: i128,
}

impl Moment {
    /// Reads seconds since 1970 (`1767225600`), a day (`2026-01-01`, which is its first moment in UTC), or a day and a
    /// time with an offset (`2026-01-01T09:30:00.5+01:00`; seconds may be left out): the forms of ISO 8601 that IAM
    /// names. A year alone would be a number of seconds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(seconds) = Decimal::parse(text) {
            return Some(Self { nanoseconds: seconds.units.div_euclid(UNITS_PER_NANOSECOND) });
        }
        let (day, time, offset) = match text.split_once('T') {
            None => (text, Time::midnight(), Offset::UTC),
            Some((day, rest)) => {
                let (time, offset) = match rest.strip_suffix('Z') {
                    Some(time) => (time, Offset::UTC),
                    None => {
                        let (time, offset) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
                        (time, read_offset(offset)?)
                    }
                };
                (day, read_time(time)?, offset)
            }
        };
        let moment = offset.to_timestamp(read_day(day)?.to_datetime(time)).ok()?;
        Some(Self { nanoseconds: moment.as_nanosecond() })
    }
}

fn read_day(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn read_time(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (second, fraction) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            (number(second, 2)?, nanoseconds(fraction)?)
        }
    };
    Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, fraction).ok()
}

fn read_offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (i32::from(number(hours, 2)?), i32::from(number(minutes, 2)?));
    let within = hours < 24 && minutes < 60;
    within.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}

/// A number of exactly `width` digits, at most four.
fn number(text: &str, width: usize) -> Option<i16> {
    let formed = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    formed.then(|| text.parse().ok())?
}

/// The nanoseconds of one to nine digits behind a point.
fn nanoseconds(digits: &str) -> Option<i32> {
    if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(padded.fold(0, |sum, byte| sum * 10 + i32::from(byte - b'0')))
}

/// An address or a CIDR range of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a single address. Bits past the prefix don't count. An IPv4 range
    /// written in IPv6 (`::ffff:192.0.2.0/120`) is that IPv4 range.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            None => (address(text)?, None),
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix)),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let Some(prefix) = prefix else { return Some(Self { address, prefix: bits }) };
        let digits = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u32 = if digits { prefix.parse().ok()? } else { return None };
        let mapped = address.to_canonical();
        match prefix.checked_sub(96) {
            Some(prefix) if mapped.is_ipv4() && address.is_ipv6() && prefix <= 32 => {
                Some(Self { address: mapped, prefix })
            }
            Some(_) | None => (prefix <= bits).then_some(Self { address, prefix }),
        }
    }

    /// Whether `address`, which [`address`] has read, lies in the range. Families don't mix.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let common = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        common >= self.prefix
    }
}

/// Reads an address; an IPv4 address written in IPv6 is that IPv4 address.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// `true` or `false`, in letters of either case.
pub(super) fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// Bytes in base64.
pub(super) fn binary(text: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text).ok()
}

/// An ARN whose six parts are patterns, each for its part: a `*` doesn't reach over a colon, save in the last.
#[derive(Debug)]
pub(super) struct ArnPattern([Pattern; 6]);

impl Compiled for ArnPattern {
    fn compile(bytes: Vec<u8>) -> Option<Self> {
        let mut parts = bytes.splitn(6, |byte| *byte == b':').map(|part| Pattern::from_bytes(part.to_vec()));
        let mut next = || parts.next();
        Some(Self([next()?, next()?, next()?, next()?, next()?, next()?]))
    }
}

impl ArnPattern {
    pub(super) fn matches(&self, parts: &[&str; 6], budget: &Budget) -> Result<bool, Failure> {
        for (pattern, part) in self.0.iter().zip(parts) {
            if !pattern.matches(part, budget)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The six parts of a request's ARN.
pub(super) fn arn_parts(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let parts = [next()?, next()?, next()?, next()?, next()?, next()?];
    text.starts_with("arn:").then_some(parts)
}

#[cfg(test)]
mod tests;
