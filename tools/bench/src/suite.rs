//! The suites, and the measured span that most of them repeat.

mod cold;
mod disk;
mod hot;
mod isolation;
mod laden;
mod scale;
mod sign;

use anyhow::{Result, ensure};

use crate::bench::Bench;
use crate::load::{self, Span, Until, Wait};
use crate::process::Process;
use crate::report::{Figures, Report, micros, progress};
use crate::request::{Call, signed};
use crate::statistics::{count, median, percentile, ratio};

/// One group of goals; [`Suite::promise`] says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    Hot,
    Always,
    Sign,
    Isolation,
    Memory,
    Scale,
    Laden,
    Start,
}

impl Suite {
    /// All, in the order in which they run.
    pub(crate) const ALL: [Self; 8] =
        [Self::Hot, Self::Always, Self::Sign, Self::Isolation, Self::Memory, Self::Scale, Self::Laden, Self::Start];

    /// What it measures.
    pub(crate) fn promise(self) -> &'static str {
        match self {
            Self::Hot => "Encrypt, Decrypt and GenerateDataKey against the echo: rate and processor time",
            Self::Always => "The same with `audit.sync = \"always\"` and 64 connections: rate",
            Self::Sign => "Sign with RSA-2048 against the raw rate",
            Self::Isolation => "Encrypt while RSA-4096 keys are made",
            Self::Memory => "Resident memory with 10,000 keys",
            Self::Scale => "Processor time of a call with 100,000 keys against 100",
            Self::Laden => {
                "Processor time of a call with a key of 50,000 grants, 100 aliases and 1,000 rotations against a bare one"
            }
            Self::Start => "From the process's start to the first answer, with no keys and with 100,000",
        }
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Always => "always",
            Self::Sign => "sign",
            Self::Isolation => "isolation",
            Self::Memory => "memory",
            Self::Scale => "scale",
            Self::Laden => "laden",
            Self::Start => "start",
        }
    }

    fn run(self, bench: &Bench, report: &mut Report) -> Result<()> {
        match self {
            Self::Hot => hot::interval(bench, report),
            Self::Always => hot::always(bench, report),
            Self::Sign => sign::run(bench, report),
            Self::Isolation => isolation::run(bench, report),
            Self::Memory => cold::memory(bench, report),
            Self::Scale => scale::run(bench, report),
            Self::Laden => laden::run(bench, report),
            Self::Start => cold::start(bench, report),
        }
    }
}

/// Runs `suites`; one that fails is a row of the report, and the next one runs.
pub(crate) fn run(bench: &Bench, suites: &[Suite]) -> Report {
    let mut report = Report::new(bench.setting());
    for suite in suites {
        progress(suite.name(), "begins");
        if let Err(error) = suite.run(bench, &mut report) {
            report.failed(suite.name(), &error);
        }
    }
    report
}

/// Keys in a folder with many: fewer when the run is to be short.
fn many_keys(bench: &Bench) -> usize {
    if bench.is_quick() { 10_000 } else { 100_000 }
}

/// What one span gave.
#[derive(Debug, Clone, Copy)]
struct Sample {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    server_us: f64,
    client_us: f64,
}

/// The spans of one kind of request, in the order of the repetitions.
#[derive(Debug, Default)]
struct Series(Vec<Sample>);

impl Series {
    fn medians(&self, subject: String) -> Figures {
        let of = |value: fn(&Sample) -> f64| median(self.0.iter().map(value)).unwrap_or_default();
        Figures {
            subject,
            per_second: of(|sample| sample.per_second),
            p50_us: of(|sample| sample.p50_us),
            p99_us: of(|sample| sample.p99_us),
            server_us: of(|sample| sample.server_us),
            client_us: of(|sample| sample.client_us),
        }
    }

    /// The median over the repetitions of `self / other`, each within its repetition.
    fn to(&self, other: &Self, value: fn(&Sample) -> f64) -> Result<f64> {
        ensure!(self.0.len() == other.0.len() && !self.0.is_empty(), "series of different lengths");
        let ratios = self.0.iter().zip(&other.0).map(|(ours, theirs)| ratio(value(ours), value(theirs)));
        Ok(median(ratios).unwrap_or(f64::NAN))
    }
}

/// Signs `calls` and sends them to `server` for one span, whose answers stay in `span` to be checked.
fn measure(
    bench: &Bench,
    server: &Process,
    (connections, wait): (usize, Wait),
    calls: &[Call],
    span: &mut Span,
) -> Result<Sample> {
    let requests = signed(calls, server.address())?;
    let before = server.cpu()?;
    let until = Until::Elapsed(bench.span());
    load::run(server.address(), connections, &requests, (until, wait), span)
        .map_err(|error| error.context(format!("the server's last lines\n{}", server.last_lines())))?;
    let used = server.cpu()?.saturating_sub(before);
    let answers = count(span.count());
    let mut at = |per_mille| percentile(&mut span.latencies_ns, per_mille).map_or(f64::NAN, |ns| f64::from(ns) / 1e3);
    Ok(Sample {
        per_second: ratio(answers, span.elapsed.as_secs_f64()),
        p50_us: at(500),
        p99_us: at(990),
        server_us: ratio(micros(used), answers),
        client_us: ratio(micros(span.client_busy), answers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_repetition() {
        let sample = |per_second| Sample { per_second, p50_us: 0.0, p99_us: 0.0, server_us: 0.0, client_us: 0.0 };
        let series = |rates: &[f64]| Series(rates.iter().copied().map(sample).collect());
        let rate = |sample: &Sample| sample.per_second;
        // The whole machine slows down in the second repetition; the ratio stays.
        assert_eq!(series(&[50.0, 5.0, 40.0]).to(&series(&[100.0, 10.0, 100.0]), rate).unwrap(), 0.5);
        assert!(series(&[1.0]).to(&series(&[1.0, 2.0]), rate).is_err());
        assert!(series(&[]).to(&series(&[]), rate).is_err());
    }
}
