//! Programs as the generator writes them, against texts; the answers are those of another engine (Python's `fullmatch`).

use super::{Class, Pattern, Program, Set, Step};

static REGION: Pattern = Pattern {
    text: "^([a-z]+-){2,3}\\d+$",
    program: Program::Steps(&[
        Step::One(Class { negated: false, ranges: &[('a', 'z')], sets: &[] }),
        Step::Fork(2, 4),
        Step::One(Class { negated: false, ranges: &[('a', 'z')], sets: &[] }),
        Step::Jump(1),
        Step::One(Class { negated: false, ranges: &[('-', '-')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('a', 'z')], sets: &[] }),
        Step::Fork(7, 9),
        Step::One(Class { negated: false, ranges: &[('a', 'z')], sets: &[] }),
        Step::Jump(6),
        Step::One(Class { negated: false, ranges: &[('-', '-')], sets: &[] }),
        Step::Fork(11, 16),
        Step::One(Class { negated: false, ranges: &[('a', 'z')], sets: &[] }),
        Step::Fork(13, 15),
        Step::One(Class { negated: false, ranges: &[('a', 'z')], sets: &[] }),
        Step::Jump(12),
        Step::One(Class { negated: false, ranges: &[('-', '-')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('0', '9')], sets: &[] }),
        Step::Fork(18, 20),
        Step::One(Class { negated: false, ranges: &[('0', '9')], sets: &[] }),
        Step::Jump(17),
        Step::End,
    ]),
};

static PATH: Pattern = Pattern {
    text: "^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$",
    program: Program::Steps(&[
        Step::Fork(1, 20),
        Step::One(Class { negated: false, ranges: &[('/', '/')], sets: &[] }),
        Step::One(Class {
            negated: false,
            ranges: &[('-', '-'), ('/', '/'), ('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            sets: &[],
        }),
        Step::Fork(4, 6),
        Step::One(Class {
            negated: false,
            ranges: &[('-', '-'), ('/', '/'), ('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            sets: &[],
        }),
        Step::Jump(3),
        Step::One(Class { negated: false, ranges: &[('/', '/')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('k', 'k')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('m', 'm')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('s', 's')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('/', '/')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('x', 'x')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('k', 'k')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('s', 's')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('/', '/')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('v', 'v')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('0', '9')], sets: &[] }),
        Step::Fork(18, 19),
        Step::One(Class { negated: false, ranges: &[('0', '9')], sets: &[] }),
        Step::Jump(33),
        Step::One(Class { negated: false, ranges: &[('/', '/')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('k', 'k')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('m', 'm')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('s', 's')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('/', '/')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('x', 'x')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('k', 'k')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('s', 's')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('/', '/')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('v', 'v')], sets: &[] }),
        Step::One(Class { negated: false, ranges: &[('0', '9')], sets: &[] }),
        Step::Fork(32, 33),
        Step::One(Class { negated: false, ranges: &[('0', '9')], sets: &[] }),
        Step::End,
    ]),
};

static TAG_KEY: Pattern = Pattern {
    text: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
    program: Program::Run {
        class: Class {
            negated: false,
            ranges: &[('+', '+'), ('-', '-'), ('.', '.'), ('/', '/'), (':', ':'), ('=', '='), ('@', '@'), ('_', '_')],
            sets: &[Set::Letters, Set::Separators, Set::Numbers],
        },
        min: 1,
    },
};

#[test]
fn texts_match_as_a_whole_or_not_at_all() {
    for (pattern, text, wanted) in [
        (&REGION, "us-east-1", true),
        (&REGION, "us-gov-west-12", true),
        (&REGION, "us-east-", false),
        (&REGION, "us-1", false),
        (&REGION, "a-b-c-d-1", false),
        (&REGION, "us-east-1 ", false),
        (&REGION, "us-east-1\n", false),
        (&REGION, " us-east-1", false),
        (&REGION, "US-east-1", false),
        (&REGION, "", false),
        (&PATH, "/kms/xks/v1", true),
        (&PATH, "/kms/xks/v12", true),
        (&PATH, "/a/b_-/kms/xks/v1", true),
        (&PATH, "/kms/xks/v123", false),
        (&PATH, "//kms/xks/v1", false),
        (&PATH, "kms/xks/v1", false),
        (&PATH, "/kms/xks/v", false),
        (&PATH, "/kms/xks/v1/kms/xks/v1", true),
        (&TAG_KEY, "Kosten stelle_.:/=+-@9", true),
        (&TAG_KEY, "\u{645}\u{641}\u{62a}\u{627}\u{62d}\u{2003}\u{663}", true),
        (&TAG_KEY, "a#", false),
        (&TAG_KEY, "a\tb", false),
        (&TAG_KEY, "\u{1f511}", false),
        (&TAG_KEY, "", false),
    ] {
        assert_eq!(pattern.matches(text), wanted, "{pattern:?} {text:?}");
    }
}

#[test]
fn a_match_takes_time_linear_in_the_text() {
    // A backtracking engine would need longer than the universe has.
    let text = "a-".repeat(50_000);
    assert!(!REGION.matches(&text));
    let text = format!("/{}kms/xks/v", "kms/xks/v1/".repeat(20_000));
    assert!(!PATH.matches(&text));
}
