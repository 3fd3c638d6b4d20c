//! The matcher against a table, and against one that is plainly right and slow.

use proptest::prelude::*;

use super::*;

fn wild(text: &str) -> Pattern {
    let mut bytes = Vec::new();
    push_wild(&mut bytes, text);
    Pattern::from_bytes(bytes)
}

/// Whether `text` fits `pattern`, by trying every length for each star.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        '*' => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
        '?' => !text.is_empty() && fits(rest, &text[1..]),
        first => text.first() == Some(first) && fits(rest, &text[1..]),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    wild(pattern).matches(text, &Budget::new()).unwrap()
}

#[test]
fn patterns_match_as_a_table_says() {
    for (pattern, text, wanted) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("**", "ü", true),
        ("?", "ü", true),
        ("??", "ü", false),
        ("*?", "ü", true),
        ("*?", "", false),
        ("?*", "üa", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("*a", "aaab", false),
        ("*a?", "aaab", true),
        ("*ab", "aab", true),
        ("key/*", "key/", true),
        ("key/*", "key", false),
        ("*\u{ff}*", "x\u{ff}y", true),
        ("\u{fe}", "\u{fe}", true),
        ("*\u{10ffff}", "a\u{10ffff}", true),
    ] {
        assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
    }
}

#[test]
fn plain_text_has_no_wildcards() {
    let mut bytes = Vec::new();
    push_plain(&mut bytes, "a*");
    push_wild(&mut bytes, "*");
    let pattern = Pattern::from_bytes(bytes);
    for (text, wanted) in [("a*", true), ("a*b", true), ("ab", false), ("a", false)] {
        assert_eq!(pattern.matches(text, &Budget::new()), Ok(wanted), "{text}");
    }
}

#[test]
fn names_are_compared_in_any_case() {
    for (pattern, name, wanted) in [
        ("kms:Encrypt", "KMS:ENCRYPT", true),
        ("KMS:*", "kms:decrypt", true),
        ("KMS:*", "km", false),
        ("kms:*Key", "Kms:describekeY", true),
        ("kms:?ist*", "kms:LISTKEYS", true),
        ("*", "", true),
    ] {
        assert_eq!(Pattern::name(pattern).matches_name(name, &Budget::new()), Ok(wanted), "{pattern} {name}");
    }
}

#[test]
fn texts_are_compared_ignoring_case_beyond_ascii() {
    let mut bytes = Vec::new();
    push_plain(&mut bytes, "Straße Ä");
    let pattern = Pattern::from_bytes(bytes);
    for (text, wanted) in [("sTRAßE ä", true), ("straße", false), ("strasse ä", false)] {
        assert_eq!(pattern.equals_ignoring_case(text, &Budget::new()), Ok(wanted), "{text}");
    }
}

#[test]
fn a_budget_ends() {
    let budget = Budget::new();
    assert_eq!(budget.spend(usize::try_from(STEPS).unwrap()), Ok(()));
    assert!(budget.is_spent());
    assert_eq!(budget.spend(1), Err(Failure::Spent));
    let budget = Budget::new();
    assert_eq!(budget.spend(usize::try_from(STEPS).unwrap() + 1), Err(Failure::Spent));
    assert!(budget.is_spent(), "what can't be paid takes what is left");
    assert_eq!(Budget::new().spend(usize::MAX), Err(Failure::Spent));
}

#[test]
fn a_hostile_pattern_costs_the_product_of_the_lengths_at_most() {
    let (pattern, text) = ("*a".repeat(20) + "b", "a".repeat(500));
    let budget = Budget::new();
    assert_eq!(wild(&pattern).matches(&text, &budget), Ok(false));
    assert!(!budget.is_spent());
    let spent = usize::try_from(STEPS - budget.0.get()).unwrap();
    assert!(spent <= 2 * pattern.len() * text.len(), "{spent}");
    let text = "a".repeat(20_000);
    let pattern = wild(&format!("*{}b", "a".repeat(10_000)));
    assert_eq!(pattern.matches(&text, &Budget::new()), Err(Failure::Spent));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_agrees_with_a_plain_one(pattern in "[ab*?ü😀]{0,8}", text in "[abü😀]{0,10}") {
        let of = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(matches(&pattern, &text), fits(&of(&pattern), &of(&text)));
    }

    #[test]
    fn the_matcher_of_names_agrees_with_a_plain_one(pattern in "[aBc*?]{0,8}", name in "[abC]{0,10}") {
        let of = |text: &str| text.to_ascii_lowercase().chars().collect::<Vec<_>>();
        let matched = Pattern::name(&pattern).matches_name(&name, &Budget::new());
        prop_assert_eq!(matched, Ok(fits(&of(&pattern), &of(&name))));
    }
}
