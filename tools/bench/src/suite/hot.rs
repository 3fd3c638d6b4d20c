//! The hot path: signed Encrypt, Decrypt and GenerateDataKey against the echo, which gets the same bytes.

use anyhow::{Result, ensure};

use super::{Series, disk, measure};
use crate::bench::{Bench, Journal};
use crate::deck::{Deck, Work, everyone_with_everything, everyone_with_their_own};
use crate::folder::{Folder, make, make_in_turn};
use crate::load::{Span, Wait};
use crate::report::{Goal, Report};
use crate::request::Call;
use crate::statistics::{count, median, ratio};

/// Keys in use; with every principal on each, 3,000 different requests.
const KEYS: usize = 1_000;
const WORKS: [Work; 3] = [Work::Encrypt, Work::Decrypt, Work::GenerateDataKey];

struct Plan {
    suite: &'static str,
    journal: Journal,
    connections: usize,
    rate: Goal,
    cpu: Option<Goal>,
}

/// 16 connections, the journal on the disk within 10 ms.
pub(super) fn interval(bench: &Bench, report: &mut Report) -> Result<()> {
    let (rate, cpu) = (Goal::AtLeast(0.5, 0.65), Some(Goal::AtMost(2.0, 1.5)));
    run(bench, report, &Plan { suite: "hot", journal: Journal::Interval, connections: 16, rate, cpu })
}

/// 64 connections, the journal on the disk before the answer.
pub(super) fn always(bench: &Bench, report: &mut Report) -> Result<()> {
    let rate = Goal::AtLeast(0.25, 0.35);
    run(bench, report, &Plan { suite: "always", journal: Journal::Always, connections: 64, rate, cpu: None })
}

fn run(bench: &Bench, report: &mut Report, plan: &Plan) -> Result<()> {
    let (folder, beside) = (Folder::temporary(bench)?, bench.temporary()?);
    let (server, echo) = (bench.server(folder.path(), plan.journal)?, bench.echo()?);
    let (arns, draws) = if bench.own_keys() {
        (make_in_turn(server.address(), KEYS)?, everyone_with_their_own(KEYS))
    } else {
        let mut arns = Vec::new();
        make(server.address(), KEYS, &mut arns)?;
        (arns, everyone_with_everything(KEYS))
    };
    ensure!(arns.len() == KEYS, "only {} keys could be made", arns.len());
    let deck = Deck::fill(server.address(), &arns, draws)?;

    server.settle()?;
    let (mut echoes, mut syncs_ms) = (Series::default(), Vec::new());
    let mut series = WORKS.map(|work| (work, Series::default()));
    let mut span = Span::default();
    // Repetition 0 warms up both programs and isn't counted.
    for repetition in 0..=bench.repetitions() {
        let same = deck.calls(Work::Encrypt)?;
        let sample = measure(bench, &echo, (plan.connections, Wait::Awake), &same, &mut span)?;
        is_echoed(&same, &span)?;
        if repetition > 0 {
            echoes.0.push(sample);
        }
        if plan.journal == Journal::Always {
            syncs_ms.extend(disk::sync_ms(beside.path(), plan.connections)?);
        }
        for (work, series) in &mut series {
            let sample = measure(bench, &server, (plan.connections, Wait::Awake), &deck.calls(*work)?, &mut span)?;
            deck.check(*work, server.address(), &span)?;
            if repetition > 0 {
                series.0.push(sample);
            }
        }
    }
    tell(report, plan, &echoes, &series)?;
    tell_disk(report, plan, &echoes, syncs_ms);
    server.stop()
}

fn tell(report: &mut Report, plan: &Plan, echoes: &Series, series: &[(Work, Series)]) -> Result<()> {
    report.figures(plan.suite, echoes.medians(format!("echo, {} connections", plan.connections)));
    for (work, series) in series {
        report.figures(plan.suite, series.medians(work.name().to_owned()));
    }
    for (work, series) in series {
        let what = format!("{}: requests per second / echo's", work.name());
        report.judge(plan.suite, what, series.to(echoes, |sample| sample.per_second)?, "", plan.rate);
        if let Some(goal) = plan.cpu {
            let what = format!("{}: server CPU per request / echo's", work.name());
            report.judge(plan.suite, what, series.to(echoes, |sample| sample.server_us)?, "", goal);
        }
    }
    Ok(())
}

/// What the disk allows at most, where answers wait for it.
fn tell_disk(report: &mut Report, plan: &Plan, echoes: &Series, syncs_ms: Vec<f64>) {
    let Some(sync_ms) = median(syncs_ms) else { return };
    let most = 1e3 * ratio(count(plan.connections), sync_ms);
    let of_echo = ratio(most, echoes.medians(String::new()).per_second);
    let bound = format!("{most:.0} answers a second at most, {of_echo:.2} of the echo's");
    let waiting = format!("{} connections that each wait for one", plan.connections);
    report.note(plan.suite, format!("the disk takes {sync_ms:.2} ms for a sync (median): {waiting} get {bound}"));
}

fn is_echoed(calls: &[Call], span: &Span) -> Result<()> {
    for (place, body) in span.answers() {
        ensure!(calls.get(place).is_some_and(|call| call.body.as_bytes() == body), "the echo answered something else");
    }
    Ok(())
}
