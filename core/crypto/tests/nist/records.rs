//! The vectors' files: `name = value` lines in records, under headings `[name = value]` or `[value]`.

use std::collections::BTreeMap;

/// One record, with the heading that it stands under.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// The last heading that is no pair: `P-256,SHA-256`.
    pub(crate) heading: String,
    values: BTreeMap<String, String>,
}

impl Record {
    /// A value; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn number(&self, name: &str) -> usize {
        self.text(name).parse().unwrap_or_else(|_| panic!("{name} is no number: {self:?}"))
    }

    /// A value in hexadecimal, whose first zero may be missing.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.text(name);
        let digit = |digit: char| digit.to_digit(16).unwrap_or_else(|| panic!("{name}: {text}"));
        let missing = (!text.len().is_multiple_of(2)).then_some(0);
        let digits: Vec<u32> = missing.into_iter().chain(text.chars().map(digit)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    }

    /// Whether `Result` says that it is valid: `P` or `P (0 - Correct)`.
    pub(crate) fn is_valid(&self) -> bool {
        self.text("Result").starts_with('P')
    }
}

/// The records of a file. A name that comes again begins a new record; what only headings and the lines right behind them
/// say (a modulus, say) belongs to all records that follow.
pub(crate) fn read(text: &str) -> Vec<Record> {
    let (mut records, mut shared, mut open) = (Vec::new(), Record::default(), None::<Record>);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            records.extend(open.take());
            match heading.split_once('=') {
                Some((name, value)) => {
                    shared.values.insert(name.trim().to_owned(), value.trim().to_owned());
                }
                None => heading.clone_into(&mut shared.heading),
            }
        } else if let Some((name, value)) = line.split_once('=').or((line == "FAIL").then_some(("FAIL", ""))) {
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            let record = match open.take() {
                Some(begun) if begun.values.get(&name).is_none_or(|_| shared.values.contains_key(&name)) => begun,
                Some(whole) => {
                    records.push(whole);
                    shared.clone()
                }
                None => shared.clone(),
            };
            open.insert(record).values.insert(name, value);
        } else if line.is_empty() {
            // A modulus stands by itself, before the records that it is for.
            match open.take() {
                Some(alone) if !is_case(&alone) => shared = alone,
                Some(whole) => records.push(whole),
                None => {}
            }
        }
    }
    records.extend(open.filter(is_case));
    records
}

/// Whether there is something to judge, not just what cases share.
fn is_case(record: &Record) -> bool {
    ["MD", "OKM", "Tag", "FAIL", "C", "Result", "ss", "sm"].iter().any(|name| record.has(name)) || record.has("Z")
}
