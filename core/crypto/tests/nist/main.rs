//! NIST's vectors (CAVP, and the known answers of FIPS 203 and 204), with those of the RFCs on HMAC and HKDF.
//!
//! They are not in this repository: `SEALROOM_VECTORS` names the folder of the package `cryptography_vectors`, which
//! `cargo xtask test libraries` installs before it runs this. How many of each file were run, what came of them, and how
//! many were skipped and why, stands in `golden.txt`; `UPDATE=1` writes it anew.

#![cfg(test)]

mod curves;
#[path = "../forms/mod.rs"]
mod forms;
mod lattices;
mod records;
mod rsa;
mod symmetric;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use records::Record;

const GOLDEN: &str = include_str!("golden.txt");

#[test]
fn every_vector_is_run_or_skipped_for_a_reason_as_the_golden_says() {
    let mut report = Report::new();
    symmetric::hashes(&mut report);
    symmetric::macs(&mut report);
    symmetric::derivation(&mut report);
    symmetric::aes_gcm(&mut report);
    symmetric::wrapped_keys(&mut report);
    curves::ecdsa(&mut report);
    curves::ecdh(&mut report);
    rsa::signatures(&mut report);
    lattices::ml_kem(&mut report);
    lattices::ml_dsa(&mut report);
    report.compare();
}

/// A line for each file.
struct Report {
    folder: PathBuf,
    text: String,
}

impl Report {
    #[expect(clippy::disallowed_methods, reason = "the vectors lie where the caller put them")]
    fn new() -> Self {
        let folder = std::env::var_os("SEALROOM_VECTORS");
        Self { folder: folder.expect("SEALROOM_VECTORS names a folder").into(), text: String::new() }
    }

    /// Judges each record of a file.
    fn file(&mut self, path: &str, judge: impl Fn(&Record) -> Verdict) {
        let text = std::fs::read_to_string(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (mut good, mut bad, mut skipped) = (0_usize, 0_usize, BTreeMap::<&str, usize>::new());
        let records = records::read(&text);
        for (number, record) in records.iter().enumerate() {
            match judge(record) {
                Verdict::Holds => good += 1,
                Verdict::Refused => bad += 1,
                Verdict::Wrong(why) => panic!("{path}, record {number}: {why}\n{record:?}"),
                Verdict::Skipped(why) => *skipped.entry(why).or_default() += 1,
            }
        }
        assert!(good + bad > 0, "{path}: nothing was run of {} records", records.len());
        let name = path.rsplit('/').next().unwrap();
        write!(self.text, "{name:<56} valid {good:>4}, invalid {bad:>4}").unwrap();
        for (why, count) in skipped {
            write!(self.text, "; skipped {count}: {why}").unwrap();
        }
        self.text.push('\n');
    }

    #[expect(clippy::disallowed_methods, reason = "a golden is rewritten when the caller asks for it")]
    fn compare(self) {
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nist/golden.txt"), &self.text).unwrap();
            return;
        }
        assert!(self.text == GOLDEN, "not what golden.txt says; UPDATE=1 writes it anew:\n{}", self.text);
    }
}

/// What came of a record.
enum Verdict {
    /// The right answer was given.
    Holds,
    /// What is invalid was refused.
    Refused,
    Wrong(&'static str),
    Skipped(&'static str),
}

impl Verdict {
    /// Of an answer that must be right.
    fn of(right: bool) -> Self {
        if right { Self::Holds } else { Self::Wrong("another answer") }
    }

    /// Of something that must be taken if it is `valid`, and refused if it isn't.
    fn taken(taken: bool, valid: bool) -> Self {
        match (taken, valid) {
            (true, true) => Self::Holds,
            (false, false) => Self::Refused,
            (true, false) => Self::Wrong("what is invalid was taken"),
            (false, true) => Self::Wrong("what is valid was refused"),
        }
    }
}
