//! Processor time of a call with many keys against that with a hundred, every key as likely as every other.

use anyhow::Result;

use super::{Series, many_keys, measure};
use crate::bench::Bench;
use crate::deck::{Deck, Work, every_key, uniform};
use crate::folder::Folder;
use crate::load::{Span, Wait};
use crate::report::{Goal, Report};

const SUITE: &str = "scale";
const FEW_KEYS: usize = 100;
const CONNECTIONS: usize = 16;
/// Different requests in a span.
const REQUESTS: usize = 30_000;
const WORKS: [Work; 2] = [Work::Encrypt, Work::Decrypt];

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let few = Side::new(bench, FEW_KEYS)?;
    let many = Side::new(bench, many_keys(bench))?;
    let mut span = Span::default();
    let mut series = WORKS.map(|work| (work, Series::default(), Series::default()));
    for repetition in 0..=bench.repetitions() {
        for (work, few_series, many_series) in &mut series {
            for (side, series) in [(&few, few_series), (&many, many_series)] {
                let calls = side.deck.calls(*work)?;
                let sample = measure(bench, &side.server, (CONNECTIONS, Wait::Awake), &calls, &mut span)?;
                side.deck.check(*work, side.server.address(), &span)?;
                if repetition > 0 {
                    series.0.push(sample);
                }
            }
        }
    }
    for (work, few_series, many_series) in &series {
        report.figures(SUITE, few_series.medians(format!("{}, {} keys", work.name(), few.keys)));
        report.figures(SUITE, many_series.medians(format!("{}, {} keys", work.name(), many.keys)));
    }
    for (work, few_series, many_series) in &series {
        let what = format!("{}: CPU per call with {} keys / with {}", work.name(), many.keys, few.keys);
        let dearer = many_series.to(few_series, |sample| sample.server_us)?;
        report.judge(SUITE, what, dearer, "", Goal::AtMost(1.1, 1.05));
    }
    few.server.stop()?;
    many.server.stop()
}

/// A server with a number of keys, each of which was used once.
struct Side {
    // Dropped before its folder.
    server: crate::process::Process,
    deck: Deck,
    keys: usize,
    _folder: Folder,
}

impl Side {
    fn new(bench: &Bench, keys: usize) -> Result<Self> {
        let (folder, server, arns) = Folder::with_keys(bench, keys)?;
        Deck::fill(server.address(), &arns, every_key(arns.len()))?;
        let deck = Deck::fill(server.address(), &arns, uniform(arns.len(), REQUESTS))?;
        server.settle()?;
        Ok(Self { server, deck, keys: arns.len(), _folder: folder })
    }
}
