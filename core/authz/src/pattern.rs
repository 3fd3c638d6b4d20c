//! Patterns with `*` and `?`, and the budget that bounds what matching them may cost.
//!
//! A pattern is kept as bytes in which two values that UTF-8 never uses stand for the wildcards, so that a literal `*`
//! (from `${*}`, or from a variable's value) can't be mistaken for one. This module knows nothing of policies.

use std::cell::Cell;

use crate::evaluation::Failure;

/// `*`: any number of characters.
pub(crate) const MANY: u8 = 0xff;
/// `?`: one character, however many bytes it has.
pub(crate) const ONE: u8 = 0xfe;

/// LIMIT: steps that one decision may spend on comparing, one or two milliseconds of work. A policy of 32 KiB whose
/// patterns all go astray over 8 KiB of encryption context would want a hundred times as many; past the limit the
/// statements that are left fail against the caller.
const STEPS: u32 = 1 << 20;
/// What asking for a condition key counts as, however it is answered.
pub(crate) const LOOKUP_STEPS: usize = 256;

/// What is left of a decision's steps.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u32>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Cell::new(STEPS))
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Takes `steps`.
    ///
    /// # Errors
    /// When there aren't as many; then nothing is left.
    pub(crate) fn spend(&self, steps: usize) -> Result<(), Failure> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.0.get().checked_sub(steps));
        self.0.set(left.unwrap_or_default());
        left.map(|_| ()).ok_or(Failure::Spent)
    }

    /// [`walk`] at this budget's cost.
    fn walk(&self, pattern: &[u8], text: &[u8], fold: impl Fn(u8) -> u8) -> Result<bool, Failure> {
        let mut left = self.0.get();
        let matched = walk(pattern, text, fold, &mut left);
        self.0.set(left);
        matched.ok_or(Failure::Spent)
    }
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    bytes: Box<[u8]>,
    shape: Shape,
}

/// What most patterns are, so that most matches are one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing but a `*`.
    Any,
    /// No wildcard.
    Exact,
    /// The only wildcard is a `*` at the end, which is cut off.
    Prefix,
    /// Anything else.
    General,
}

impl Pattern {
    /// A pattern without wildcards in ASCII letters of either case, for [`Pattern::matches_name`].
    pub(crate) fn name(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len());
        push_wild(&mut bytes, &text.to_ascii_lowercase());
        Self::from_bytes(bytes)
    }

    /// A pattern from bytes made by [`push_wild`] and [`push_plain`].
    pub(crate) fn from_bytes(mut bytes: Vec<u8>) -> Self {
        bytes.dedup_by(|a, b| *a == MANY && *b == MANY);
        let wild = |byte: &u8| *byte == MANY || *byte == ONE;
        let shape = match bytes.iter().position(wild) {
            None => Shape::Exact,
            Some(0) if *bytes == [MANY] => Shape::Any,
            Some(first) if first + 1 == bytes.len() && bytes.last() == Some(&MANY) => {
                bytes.pop();
                Shape::Prefix
            }
            Some(_) => Shape::General,
        };
        Self { bytes: bytes.into(), shape }
    }

    /// Whether every text fits.
    pub(crate) fn is_any(&self) -> bool {
        self.shape == Shape::Any
    }

    /// Whether `text` fits, letter by letter.
    ///
    /// # Errors
    /// When the budget is spent.
    pub(crate) fn matches(&self, text: &str, budget: &Budget) -> Result<bool, Failure> {
        budget.spend(1)?;
        match self.shape {
            Shape::Any => Ok(true),
            Shape::Exact => Ok(text.as_bytes() == &*self.bytes),
            Shape::Prefix => Ok(text.as_bytes().starts_with(&self.bytes)),
            Shape::General => budget.walk(&self.bytes, text.as_bytes(), |byte| byte),
        }
    }

    /// Whether `name` fits, ASCII letters of either case being equal; the pattern must come from [`Pattern::name`].
    ///
    /// # Errors
    /// When the budget is spent.
    pub(crate) fn matches_name(&self, name: &str, budget: &Budget) -> Result<bool, Failure> {
        let bytes = name.as_bytes();
        match self.shape {
            Shape::Any => Ok(true),
            Shape::Exact => Ok(bytes.eq_ignore_ascii_case(&self.bytes)),
            Shape::Prefix => {
                let head = bytes.get(..self.bytes.len());
                Ok(head.is_some_and(|head| head.eq_ignore_ascii_case(&self.bytes)))
            }
            Shape::General => budget.walk(&self.bytes, bytes, |byte| byte.to_ascii_lowercase()),
        }
    }

    /// Whether `text` is the pattern's own text, letters of either case being equal.
    ///
    /// # Errors
    /// When the budget is spent.
    pub(crate) fn equals_ignoring_case(&self, text: &str, budget: &Budget) -> Result<bool, Failure> {
        budget.spend(1 + text.len().min(self.bytes.len()))?;
        // INVARIANT: a pattern without wildcards is the text that it was made of.
        let own = std::str::from_utf8(&self.bytes).unwrap_or_default();
        Ok(own.chars().flat_map(char::to_lowercase).eq(text.chars().flat_map(char::to_lowercase)))
    }
}

/// Adds `text` with its wildcards.
pub(crate) fn push_wild(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(text.bytes().map(|byte| match byte {
        b'*' => MANY,
        b'?' => ONE,
        byte => byte,
    }));
}

/// Adds `text` as it stands.
pub(crate) fn push_plain(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
}

/// Goes through pattern and text once; at a difference it goes back to the last `*` only, so the cost is at most the
/// product of both lengths. `None` when that takes more steps than are left.
fn walk(pattern: &[u8], text: &[u8], fold: impl Fn(u8) -> u8, left: &mut u32) -> Option<bool> {
    let (mut at, mut next) = (0, 0);
    let mut retry = None;
    while *left > 0 {
        *left -= 1;
        let step = match (pattern.get(at), text.get(next)) {
            (None, None) => return Some(true),
            (Some(&MANY), _) => {
                at += 1;
                retry = Some((at, next));
                continue;
            }
            (Some(_), None) => return Some(false),
            (Some(&ONE), Some(&byte)) => character_length(byte),
            (Some(&wanted), Some(&byte)) if wanted == fold(byte) => Some(1),
            (Some(_) | None, Some(_)) => None,
        };
        if let Some(length) = step {
            (at, next) = (at + 1, next + length);
            continue;
        }
        let Some((after_star, tried)) = retry else { return Some(false) };
        if after_star == pattern.len() {
            return Some(true);
        }
        (at, next) = (after_star, tried + 1);
        retry = Some((at, next));
    }
    None
}

/// How many bytes the character has that begins with `byte`; `None` inside a character.
fn character_length(byte: u8) -> Option<usize> {
    match byte {
        0x00..=0x7f => Some(1),
        0x80..=0xbf => None,
        0xc0..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xff => Some(4),
    }
}

#[cfg(test)]
mod tests;
