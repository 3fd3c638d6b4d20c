//! What a server costs before and beside its calls: the time until it answers, and its memory.

use std::path::Path;

use anyhow::{Result, ensure};

use super::many_keys;
use crate::bench::{Bench, Journal};
use crate::deck::{Deck, every_key};
use crate::folder::{Folder, create, created};
use crate::load::{self, Span, Until, Wait};
use crate::report::{Goal, Report};
use crate::request::{Call, signed};
use crate::statistics::median;

const START: &str = "start";
const MEMORY: &str = "memory";
const MEMORY_KEYS: usize = 10_000;

/// From the process's start to the answer of the first CreateKey: the slowest of the repetitions.
pub(super) fn start(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut empty = Vec::new();
    for _ in 0..bench.repetitions() {
        let call = Call::by_owner("CreateKey", "{}".to_owned());
        empty.push(first_answer_ms(bench, Folder::temporary(bench)?.path(), &call)?);
    }
    tell_start(report, "a new data folder", &empty, Goal::AtMost(1_000.0, 500.0));

    let (folder, server, arns) = Folder::with_keys(bench, many_keys(bench))?;
    server.stop()?;
    let mut full = Vec::new();
    for _ in 0..bench.repetitions() {
        // A key as all others there are: the folder may be used again.
        let call = create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
        full.push(first_answer_ms(bench, folder.path(), &call)?);
    }
    tell_start(report, &format!("{} keys", arns.len()), &full, Goal::AtMost(3_000.0, 1_000.0));
    Ok(())
}

fn tell_start(report: &mut Report, with: &str, times_ms: &[f64], goal: Goal) {
    let slowest = times_ms.iter().copied().fold(f64::NAN, f64::max);
    let middle = median(times_ms.iter().copied()).unwrap_or(f64::NAN);
    report.note(START, format!("with {with}: median {middle:.0} ms, slowest {slowest:.0} ms"));
    report.judge(START, format!("first CreateKey, with {with}"), slowest, " ms", goal);
}

fn first_answer_ms(bench: &Bench, data: &Path, call: &Call) -> Result<f64> {
    let server = bench.server(data, Journal::Interval)?;
    let requests = signed(std::slice::from_ref(call), server.address())?;
    let mut span = Span::default();
    load::run(server.address(), 1, &requests, (Until::EachOnce, Wait::Asleep), &mut span)?;
    let taken = server.started().elapsed();
    for (_, body) in span.answers() {
        created(body)?;
    }
    server.stop()?;
    Ok(taken.as_secs_f64() * 1e3)
}

/// Resident memory with 10,000 keys after each was used: in the process that made them, and after a new start.
pub(super) fn memory(bench: &Bench, report: &mut Report) -> Result<()> {
    let (folder, server, arns) = Folder::with_keys(bench, MEMORY_KEYS)?;
    ensure!(arns.len() == MEMORY_KEYS, "only {} keys could be made", arns.len());
    let mut most = 0;
    let mut server = Some(server);
    for when in ["after they were made and used", "after a new start and use"] {
        let running = match server.take() {
            Some(running) => running,
            None => bench.server(folder.path(), Journal::Interval)?,
        };
        Deck::fill(running.address(), &arns, every_key(arns.len()))?;
        running.settle()?;
        let (now, peak) = running.memory_kib()?;
        report.note(MEMORY, format!("{} keys, {when}: {now} KiB resident, at most {peak} KiB", arns.len()));
        most = most.max(now);
        running.stop()?;
    }
    let mebibytes = f64::from(u32::try_from(most)?) / 1_024.0;
    let what = format!("resident memory with {MEMORY_KEYS} keys");
    report.judge(MEMORY, what, mebibytes, " MiB", Goal::AtMost(100.0, 64.0));
    Ok(())
}
