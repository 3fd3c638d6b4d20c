//! Compiles a table's regular expression into the program that `core/api/src/pattern.rs` runs.
//!
//! Reads the part of Java's language that AWS's tables use. Anchors are dropped: AWS matches the whole text. What can't
//! be compiled (looking around) is an error of the generator, and an overlay has to replace it.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail, ensure};

/// The most steps of one program.
const MAX_STEPS: usize = 4_000;

/// The Rust expression of a `Program`.
pub(crate) fn program(pattern: &str) -> Result<String> {
    let mut reader = Reader { rest: pattern.chars().collect(), at: 0 };
    let tree = reader.alternatives()?;
    ensure!(reader.peek().is_none(), "`{pattern}`: a bracket too many");
    if let Tree::Repeat(inner, min @ (0 | 1), None) = &tree
        && let Tree::One(class) = &**inner
    {
        return Ok(format!("Program::Run {{ class: {}, min: {min} }}", class.rust()?));
    }
    let mut steps = Vec::new();
    compile(&tree, &mut steps)?;
    steps.push("Step::End".to_owned());
    Ok(format!("Program::Steps(&[{}])", steps.join(", ")))
}

/// What a pattern consists of.
#[derive(Debug, Clone)]
enum Tree {
    One(Class),
    All(Vec<Tree>),
    Either(Vec<Tree>),
    Repeat(Box<Tree>, usize, Option<usize>),
}

#[derive(Debug, Clone, Default)]
struct Class {
    negated: bool,
    ranges: Vec<(u32, u32)>,
    sets: Vec<&'static str>,
}

impl Class {
    fn of(ranges: &[(u32, u32)]) -> Self {
        Self { ranges: ranges.to_vec(), ..Self::default() }
    }

    /// Adds what another class holds.
    fn add(&mut self, other: &Self) -> Result<()> {
        if other.negated {
            ensure!(other.sets.is_empty(), "the complement of a Unicode set inside a class");
            self.ranges.extend(complement(&other.ranges));
        } else {
            self.ranges.extend(&other.ranges);
            self.sets.extend(&other.sets);
        }
        Ok(())
    }

    fn rust(&self) -> Result<String> {
        let mut ranges = String::new();
        let mut sorted = self.ranges.clone();
        sorted.sort_unstable();
        for (first, last) in sorted.into_iter().flat_map(without_surrogates) {
            let (first, last) =
                (char::from_u32(first).context("a surrogate")?, char::from_u32(last).context("a surrogate")?);
            write!(ranges, "({first:?}, {last:?}), ")?;
        }
        let sets: Vec<String> = self.sets.iter().map(|set| format!("Set::{set}")).collect();
        Ok(format!("Class {{ negated: {}, ranges: &[{ranges}], sets: &[{}] }}", self.negated, sets.join(", ")))
    }
}

/// Rust's characters leave out U+D800 to U+DFFF; a text never holds one.
fn without_surrogates((first, last): (u32, u32)) -> Vec<(u32, u32)> {
    let below = (first, last.min(0xd7ff));
    let above = (first.max(0xe000), last);
    [below, above].into_iter().filter(|(first, last)| first <= last).collect()
}

fn complement(ranges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let (mut out, mut next) = (Vec::new(), 0);
    for (first, last) in sorted {
        if first > next {
            out.push((next, first - 1));
        }
        next = next.max(last + 1);
    }
    if next <= 0x10_ffff {
        out.push((next, 0x10_ffff));
    }
    out
}

fn compile(tree: &Tree, steps: &mut Vec<String>) -> Result<()> {
    match tree {
        Tree::One(class) => steps.push(format!("Step::One({})", class.rust()?)),
        Tree::All(parts) => parts.iter().try_for_each(|part| compile(part, steps))?,
        Tree::Either(branches) => either(branches, steps)?,
        Tree::Repeat(inner, min, max) => {
            for _ in 0..*min {
                compile(inner, steps)?;
            }
            match max {
                Some(max) => {
                    for _ in *min..*max {
                        maybe(inner, steps)?;
                    }
                }
                None => {
                    let start = steps.len();
                    maybe_then(inner, steps, |steps| steps.push(format!("Step::Jump({start})")))?;
                }
            }
        }
    }
    ensure!(steps.len() <= MAX_STEPS, "a pattern of more than {MAX_STEPS} steps");
    Ok(())
}

fn maybe(inner: &Tree, steps: &mut Vec<String>) -> Result<()> {
    maybe_then(inner, steps, |_| {})
}

/// `inner` and what follows it, or neither.
fn maybe_then(inner: &Tree, steps: &mut Vec<String>, then: impl FnOnce(&mut Vec<String>)) -> Result<()> {
    let fork = steps.len();
    steps.push(String::new());
    compile(inner, steps)?;
    then(steps);
    let after = steps.len();
    *steps.get_mut(fork).context("just pushed")? = format!("Step::Fork({}, {after})", fork + 1);
    Ok(())
}

fn either(branches: &[Tree], steps: &mut Vec<String>) -> Result<()> {
    let mut jumps = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        if index + 1 == branches.len() {
            compile(branch, steps)?;
        } else {
            maybe_then(branch, steps, |steps| {
                jumps.push(steps.len());
                steps.push(String::new());
            })?;
        }
    }
    let after = steps.len();
    for jump in jumps {
        *steps.get_mut(jump).context("just pushed")? = format!("Step::Jump({after})");
    }
    Ok(())
}

struct Reader {
    rest: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Result<char> {
        let c = self.peek().context("the pattern ends too early")?;
        self.at += 1;
        Ok(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest.iter().skip(self.at).copied().take(text.chars().count()).eq(text.chars());
        self.at += if found { text.chars().count() } else { 0 };
        found
    }

    fn alternatives(&mut self) -> Result<Tree> {
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Tree::Either(branches) })
    }

    fn sequence(&mut self) -> Result<Tree> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            if matches!(c, '^' | '$') {
                self.at += 1;
                continue;
            }
            let atom = self.atom()?;
            parts.push(self.repeated(atom)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Tree::All(parts) })
    }

    fn atom(&mut self) -> Result<Tree> {
        match self.next()? {
            '(' => {
                ensure!(self.eat("?:") || self.peek() != Some('?'), "looking around can't be compiled");
                let inner = self.alternatives()?;
                ensure!(self.next()? == ')', "a bracket isn't closed");
                Ok(inner)
            }
            '[' => Ok(Tree::One(self.class()?)),
            '\\' => Ok(Tree::One(self.escape()?)),
            '.' => {
                let ends = [(0x0a, 0x0a), (0x0d, 0x0d), (0x85, 0x85), (0x2028, 0x2029)];
                Ok(Tree::One(Class { negated: true, ..Class::of(&ends) }))
            }
            c => Ok(Tree::One(Class::of(&[(c.into(), c.into())]))),
        }
    }

    fn repeated(&mut self, atom: Tree) -> Result<Tree> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(atom),
            _ => return Ok(atom),
        };
        self.at += 1;
        Ok(Tree::Repeat(Box::new(atom), min, max))
    }

    /// `{3}`, `{3,}`, `{3,5}`
    fn counted(&mut self, atom: Tree) -> Result<Tree> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.next()? {
                '}' => break,
                c => text.push(c),
            }
        }
        let (min, max) = match text.split_once(',') {
            None => (text.parse()?, Some(text.parse()?)),
            Some((min, "")) => (min.parse()?, None),
            Some((min, max)) => (min.parse()?, Some(max.parse()?)),
        };
        Ok(Tree::Repeat(Box::new(atom), min, max))
    }

    fn class(&mut self) -> Result<Class> {
        let mut class = Class { negated: self.eat("^"), ..Class::default() };
        loop {
            let first = match self.next()? {
                ']' => return Ok(class),
                '\\' => self.escape()?,
                c => Class::of(&[(c.into(), c.into())]),
            };
            let follows = self.peek() == Some('-') && !matches!(self.rest.get(self.at + 1), None | Some(']'));
            let (true, [(from, _)], false) =
                (follows, first.ranges.as_slice(), first.ranges.iter().any(|(a, b)| a != b))
            else {
                class.add(&first)?;
                continue;
            };
            self.at += 1;
            let last = match self.next()? {
                '\\' => self.escape()?,
                c => Class::of(&[(c.into(), c.into())]),
            };
            let [(to, _)] = last.ranges.as_slice() else { bail!("a range that ends in a class") };
            class.ranges.push((*from, *to));
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<Class> {
        let word = [(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
        let (digit, blank) = ([(0x30, 0x39)], [(0x09, 0x0d), (0x20, 0x20)]);
        let not = |ranges: &[(u32, u32)]| Class { negated: true, ..Class::of(ranges) };
        Ok(match self.next()? {
            'w' => Class::of(&word),
            'd' => Class::of(&digit),
            's' => Class::of(&blank),
            'W' => not(&word),
            'D' => not(&digit),
            'S' => not(&blank),
            't' => Class::of(&[(0x09, 0x09)]),
            'n' => Class::of(&[(0x0a, 0x0a)]),
            'r' => Class::of(&[(0x0d, 0x0d)]),
            'x' => self.code(2)?,
            'u' => self.unit()?,
            'p' => self.property()?,
            c if !c.is_alphanumeric() => Class::of(&[(c.into(), c.into())]),
            c => bail!("`\\{c}` is not known"),
        })
    }

    fn code(&mut self, digits: usize) -> Result<Class> {
        let code = self.number(digits)?;
        Ok(Class::of(&[(code, code)]))
    }

    fn number(&mut self, digits: usize) -> Result<u32> {
        let text: String = (0..digits).map(|_| self.next()).collect::<Result<_>>()?;
        Ok(u32::from_str_radix(&text, 16)?)
    }

    /// `\u0020`; two surrogates one after the other are one character, as Java reads them.
    fn unit(&mut self) -> Result<Class> {
        let mut code = self.number(4)?;
        if (0xd800..0xdc00).contains(&code) && self.eat("\\uD") {
            self.at -= 1;
            let low = self.number(4)?;
            ensure!((0xdc00..0xe000).contains(&low), "half a surrogate pair");
            code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        Ok(Class::of(&[(code, code)]))
    }

    fn property(&mut self) -> Result<Class> {
        for (name, set) in [("{L}", "Letters"), ("{N}", "Numbers"), ("{Z}", "Separators")] {
            if self.eat(name) {
                return Ok(Class { sets: vec![set], ..Class::default() });
            }
        }
        ensure!(self.eat("{Print}"), "a Unicode property that isn't known");
        Ok(Class::of(&[(0x20, 0x7e)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_class_is_a_run() {
        let program = program(r"^[a-zA-Z0-9:/_-]+$").unwrap();
        assert!(program.starts_with("Program::Run"), "{program}");
        assert!(program.ends_with("min: 1 }"), "{program}");
        for range in ["('-', '-')", "('/', '/')", "('0', '9')", "(':', ':')", "('A', 'Z')", "('_', '_')", "('a', 'z')"]
        {
            assert!(program.contains(range), "{program}");
        }
    }

    #[test]
    fn counts_and_branches_become_forks() {
        let one = |c: char| format!("Step::One(Class {{ negated: false, ranges: &[({c:?}, {c:?}), ], sets: &[] }})");
        for (pattern, wanted) in [
            ("a{2}", vec![one('a'), one('a')]),
            ("a{1,2}", vec![one('a'), "Step::Fork(2, 3)".to_owned(), one('a')]),
            ("ab*", vec![one('a'), "Step::Fork(2, 4)".to_owned(), one('b'), "Step::Jump(1)".to_owned()]),
            ("^(a)$|^(b)$", vec!["Step::Fork(1, 3)".to_owned(), one('a'), "Step::Jump(4)".to_owned(), one('b')]),
            ("(?:ab)?", vec!["Step::Fork(1, 3)".to_owned(), one('a'), one('b')]),
        ] {
            let steps = [wanted, vec!["Step::End".to_owned()]].concat();
            assert_eq!(program(pattern).unwrap(), format!("Program::Steps(&[{}])", steps.join(", ")), "{pattern}");
        }
    }

    #[test]
    fn what_cannot_be_compiled_is_refused() {
        for pattern in
            [r"^[a-z](-(?!-))+$", r"[0-9]*(?<!\.)", "(a", "a)", "[a", r"\q", r"\p{Greek}", "a{x}", "a{1,9999}"]
        {
            assert!(program(pattern).is_err(), "{pattern}");
        }
    }
}
