//! Time as a value. Nobody here asks for the time: `now` is an argument or comes through the `Clock` port.

use std::fmt;

/// Microseconds since 1970-01-01T00:00:00Z, between the years 0001 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const SECONDS_RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl Timestamp {
    /// The epoch.
    pub const EPOCH: Self = Self(0);

    /// Microseconds since the epoch, held to the years 0001 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let (first, last) = (SECONDS_RANGE.start() * MICROS_PER_SECOND, SECONDS_RANGE.end() * MICROS_PER_SECOND);
        Self(micros.clamp(first, last))
    }

    /// Whole seconds since the epoch, held to the years 0001 to 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This moment and `seconds` more (or fewer, when negative).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    /// This moment and `days` of 86,400 seconds more.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        self.plus_seconds(i64::from(days) * SECONDS_PER_DAY)
    }

    /// `self - earlier` in microseconds.
    #[must_use]
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `2026-09-12T06:21:24Z`, as CloudTrail writes it.
    #[must_use]
    pub fn iso_seconds(self) -> IsoSeconds {
        IsoSeconds(self)
    }

    /// `20260912T062124Z`, as SigV4 writes it.
    #[must_use]
    pub fn iso_basic(self) -> IsoBasic {
        IsoBasic(self)
    }

    /// Reads `20260912T062124Z`; `None` for anything else.
    #[must_use]
    pub fn parse_iso_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
            return None;
        }
        let number = |range: std::ops::Range<usize>| -> Option<i64> {
            let digits = bytes.get(range)?;
            digits.iter().try_fold(0i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
        };
        let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
        let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
        let valid = year >= 1
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        valid.then(|| {
            let days = days_from_civil(year, month, day);
            Self::from_seconds(days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second)
        })
    }

    /// Year, month, day, hour, minute, second in UTC.
    #[must_use]
    pub fn civil(self) -> Civil {
        let seconds = self.as_seconds();
        let (days, rest) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        Civil { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }
}

/// A moment taken apart, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// 1 to 9999.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
}

/// See [`Timestamp::iso_seconds`].
#[derive(Clone, Copy)]
pub struct IsoSeconds(Timestamp);

impl fmt::Display for IsoSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = self.0.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// See [`Timestamp::iso_basic`].
#[derive(Clone, Copy)]
pub struct IsoBasic(Timestamp);

impl fmt::Display for IsoBasic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = self.0.civil();
        write!(f, "{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.iso_seconds(), self.0.rem_euclid(MICROS_PER_SECOND))
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since the epoch of a proleptic Gregorian date: years are counted from March, so that the leap day is last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_known_moments() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_789_194_084, "20260912T062124Z"),
            (253_402_300_799, "99991231T235959Z"),
            (-62_135_596_800, "00010101T000000Z"),
        ] {
            let moment = Timestamp::from_seconds(seconds);
            assert_eq!(moment.iso_basic().to_string(), text);
            assert_eq!(Timestamp::parse_iso_basic(text), Some(moment));
        }
    }

    #[test]
    fn agrees_with_a_calendar_library_for_a_day_of_every_month() {
        for month_index in 0..12 * 600 {
            let moment = Timestamp::from_seconds(-9_000_000_000 + month_index * 2_629_800);
            let theirs = jiff::Timestamp::from_second(moment.as_seconds()).unwrap();
            assert_eq!(moment.iso_seconds().to_string(), theirs.to_string());
        }
    }

    #[test]
    fn refuses_dates_that_do_not_exist() {
        for wrong in ["20260230T000000Z", "20261301T000000Z", "20260101T240000Z", "20260101T000060Z", "2026"] {
            assert_eq!(Timestamp::parse_iso_basic(wrong), None, "{wrong}");
        }
    }
}
