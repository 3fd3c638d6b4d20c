//! What is a number, a moment, an address; and that reading keeps their order.

use proptest::prelude::*;

use super::*;

#[test]
fn numbers_have_eighteen_digits_on_each_side() {
    let nines = "9".repeat(18);
    for right in ["0", "-0", "+1", "007", "1.0", &nines, &format!("-{nines}.{nines}")] {
        assert!(Decimal::parse(right).is_some(), "{right}");
    }
    for wrong in
        ["", "-", "+", ".", "1.", ".1", "1.1.1", "--1", "+-1", "1e1", " 1", "1 ", "0x1", "NaN", "inf", "١", "1,0"]
    {
        assert_eq!(Decimal::parse(wrong), None, "{wrong}");
    }
    assert_eq!(Decimal::parse(&format!("1{nines}")), None);
    assert_eq!(Decimal::parse(&format!("0.1{nines}")), None);
}

#[test]
fn moments_are_days_times_with_offsets_and_seconds() {
    for right in [
        "1970-01-01",
        "2024-02-29",
        "0001-01-01T00:00Z",
        "2026-01-01T23:59:59Z",
        "2026-01-01T23:59:59.999999999-23:59",
        "1767225600",
        "2026",
        "-62135596800",
    ] {
        assert!(Moment::parse(right).is_some(), "{right}");
    }
    for wrong in [
        "",
        "T",
        "Z",
        "2026-1-1",
        "2026-13-01",
        "2026-02-29",
        "2026-01",
        "26-01-01",
        "2026-01-01T",
        "2026-01-01TZ",
        "2026-01-01T10Z",
        "2026-01-01T1:00Z",
        "2026-01-01T10:60Z",
        "2026-01-01T10:00:60Z",
        "2026-01-01T10:00:00.Z",
        "2026-01-01T10:00:00.1234567890Z",
        "2026-01-01T10:00:00+24:00",
        "2026-01-01T10:00:00+01:60",
        "2026-01-01T10:00:00+0100",
        "2026-01-01T10:00:00",
        "2026-01-01t10:00:00z",
        "2026-01-01 10:00:00Z",
        "2026-01-01T10:00:00é+1:00",
        "+2026-01-01",
        "2026-01-01T+1:00:00Z",
        "2026-01-01T10:00:00.1aZ",
        "2026-01-01-01",
    ] {
        assert_eq!(Moment::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn one_moment_has_many_texts() {
    for same in [
        "2026-01-01T00:00:00Z",
        "2026-01-01",
        "1767225600",
        "1767225600.0",
        "2025-12-31T19:00-05:00",
        "2026-01-01T05:30:00.000+05:30",
    ] {
        assert_eq!(Moment::parse(same), Moment::parse("2026-01-01T00:00:00Z"), "{same}");
    }
}

#[test]
fn networks_are_addresses_with_a_prefix() {
    for right in ["0.0.0.0/0", "192.0.2.1", "192.0.2.1/32", "::/0", "::1", "::1/128", "::ffff:192.0.2.0/96"] {
        assert!(Network::parse(right).is_some(), "{right}");
    }
    for wrong in [
        "",
        "/",
        "192.0.2.1/",
        "/8",
        "192.0.2.1/33",
        "192.0.2/24",
        "192.0.2.256",
        "::1/129",
        "::1/-1",
        "::1/ 1",
        "1.2.3.4/24/24",
        "1.2.3.4/1000",
        "01.2.3.4",
        "192.0.2.1/100",
        "[::1]",
        "localhost",
        "::ffff:192.0.2.0/129",
    ] {
        assert_eq!(Network::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_range_of_all_mapped_addresses_is_every_ipv4_address() {
    let every = Network::parse("::ffff:0.0.0.0/96").unwrap();
    assert!(every.has(address("203.0.113.9").unwrap()));
    assert!(!every.has(address("2001:db8::1").unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_keep_their_order(one in -999_999i64..1_000_000, other in -999_999i64..1_000_000) {
        let text = |n: i64| format!("{}{}.{:03}", if n < 0 { "-" } else { "" }, n.abs() / 1000, n.abs() % 1000);
        let read = |n| Decimal::parse(&text(n)).unwrap();
        prop_assert_eq!(read(one).cmp(&read(other)), one.cmp(&other));
    }

    #[test]
    fn seconds_and_dates_are_one_clock(seconds in 0i64..4_102_444_800) {
        let stamp = sealroom_foundation::Timestamp::from_seconds(seconds).iso_seconds().to_string();
        prop_assert_eq!(Moment::parse(&stamp), Moment::parse(&seconds.to_string()));
    }

    #[test]
    fn a_range_has_the_addresses_that_share_its_prefix(base: u32, other: u32, prefix in 0u32..=32) {
        let network = Network::parse(&format!("{}/{prefix}", std::net::Ipv4Addr::from(base))).unwrap();
        let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        let other = if other % 2 == 0 { (base & mask) | (other & !mask) } else { other };
        let has = network.has(IpAddr::V4(other.into()));
        prop_assert_eq!(has, base & mask == other & mask);
    }
}
