//! The tables' regular expressions, as the generator compiled them.
//!
//! AWS matches the whole text (Java's `matches`), so there are no anchors here, and no captures. A match takes time
//! linear in the text: all places in the program that a text can have led to are walked together, none is tried again.
//! What would surprise: `\p{L}` is Unicode's `Alphabetic`, which is the letters and a few marks more.

use std::fmt;

/// A compiled pattern.
pub(crate) struct Pattern {
    /// As the table writes it, and as AWS prints it.
    pub(crate) text: &'static str,
    pub(crate) program: Program,
}

/// What a text has to be.
pub(crate) enum Program {
    /// Characters of one class only, `min` of them at least: most patterns are no more than that.
    Run { class: Class, min: usize },
    /// Anything else.
    Steps(&'static [Step]),
}

/// One instruction.
#[allow(dead_code, reason = "which of them occur depends on the operations that are served")]
pub(crate) enum Step {
    /// Takes one character of the class.
    One(Class),
    /// Goes on at both places.
    Fork(usize, usize),
    /// Goes on there.
    Jump(usize),
    /// The text must end here.
    End,
}

/// A set of characters.
pub(crate) struct Class {
    /// Whether it is all the others.
    pub(crate) negated: bool,
    /// Closed ranges.
    pub(crate) ranges: &'static [(char, char)],
    /// Sets that are no ranges.
    pub(crate) sets: &'static [Set],
}

/// A set that Unicode defines.
#[allow(dead_code, reason = "which of them occur depends on the operations that are served")]
pub(crate) enum Set {
    /// `\p{L}`
    Letters,
    /// `\p{N}`
    Numbers,
    /// `\p{Z}`
    Separators,
}

impl Pattern {
    /// Whether all of `text` is so.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.program {
            Program::Run { class, min } => {
                let mut length = 0;
                text.chars().all(|c| {
                    length += 1;
                    class.holds(c)
                }) && length >= *min
            }
            Program::Steps(steps) => walk(steps, text),
        }
    }
}

impl Class {
    fn holds(&self, c: char) -> bool {
        let named = self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
            || self.sets.iter().any(|set| set.holds(c));
        named != self.negated
    }
}

impl Set {
    fn holds(&self, c: char) -> bool {
        match self {
            Self::Letters => c.is_alphabetic(),
            Self::Numbers => c.is_numeric(),
            Self::Separators => c.is_whitespace() && !c.is_control(),
        }
    }
}

fn walk(steps: &[Step], text: &str) -> bool {
    let (mut here, mut next) = (Places::new(steps.len()), Places::new(steps.len()));
    here.reach(steps, 0);
    for c in text.chars() {
        next.clear();
        for place in &here.list {
            if let Some(Step::One(class)) = steps.get(*place)
                && class.holds(c)
            {
                next.reach(steps, place + 1);
            }
        }
        if next.list.is_empty() {
            return false;
        }
        std::mem::swap(&mut here, &mut next);
    }
    here.list.iter().any(|place| matches!(steps.get(*place), Some(Step::End)))
}

/// The places in a program that the text so far can have led to, each once.
struct Places {
    list: Vec<usize>,
    known: Vec<bool>,
    open: Vec<usize>,
}

impl Places {
    fn new(steps: usize) -> Self {
        Self { list: Vec::with_capacity(steps), known: vec![false; steps], open: Vec::new() }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.known.fill(false);
    }

    /// Adds a place, and those that lead on from it without a character.
    fn reach(&mut self, steps: &[Step], place: usize) {
        self.open.push(place);
        while let Some(place) = self.open.pop() {
            let Some(known) = self.known.get_mut(place) else { continue };
            if std::mem::replace(known, true) {
                continue;
            }
            match steps.get(place) {
                Some(Step::Fork(one, other)) => self.open.extend([*other, *one]),
                Some(Step::Jump(to)) => self.open.push(*to),
                Some(Step::One(_) | Step::End) => self.list.push(place),
                None => {}
            }
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests;
