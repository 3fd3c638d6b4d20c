//! Encrypt's slowest answers while RSA-4096 keys are made, against those while none are.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, bail, ensure};

use super::{Series, measure};
use crate::bench::{Bench, Journal};
use crate::deck::{Deck, Work, everyone_with_everything};
use crate::folder::{Folder, create, created, make};
use crate::load::{self, Span, Until, Wait};
use crate::report::{Goal, Report};
use crate::request::signed;

const SUITE: &str = "isolation";
const KEYS: usize = 1_000;
/// Few enough that the processors aren't full: else keys are made only when nobody calls.
const CONNECTIONS: usize = 4;
/// LIMIT: keys made in one span.
const MOST_KEYS: usize = 1_000;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let folder = Folder::temporary(bench)?;
    let server = bench.server(folder.path(), Journal::Interval)?;
    let mut arns = Vec::new();
    make(server.address(), KEYS, &mut arns)?;
    let deck = Deck::fill(server.address(), &arns, everyone_with_everything(KEYS))?;
    let calls = deck.calls(Work::Encrypt)?;
    let (mut idle, mut busy, mut span, mut made) = (Series::default(), Series::default(), Span::default(), 0);
    for repetition in 0..=bench.repetitions() {
        server.settle()?;
        let alone = measure(bench, &server, (CONNECTIONS, Wait::Asleep), &calls, &mut span)?;
        deck.check(Work::Encrypt, server.address(), &span)?;
        let stop = AtomicBool::new(false);
        let (keys, beside) = thread::scope(|scope| {
            let maker = scope.spawn(|| make_pairs(server.address(), &stop));
            let beside = measure(bench, &server, (CONNECTIONS, Wait::Asleep), &calls, &mut span);
            stop.store(true, Ordering::Relaxed);
            (maker.join().unwrap_or_else(|_| bail!("the thread that makes keys failed")), beside)
        });
        let (keys, beside) = (keys?, beside?);
        deck.check(Work::Encrypt, server.address(), &span)?;
        if repetition > 0 {
            made += keys;
            idle.0.push(alone);
            busy.0.push(beside);
        }
    }
    report.figures(SUITE, idle.medians(format!("Encrypt, {CONNECTIONS} connections")));
    report.figures(SUITE, busy.medians("Encrypt beside CreateKey".into()));
    report.note(SUITE, format!("{made} RSA-4096 keys were made in {} spans", bench.repetitions()));
    ensure!(made > 0, "no RSA key was made beside the calls: there is nothing to compare");
    let slower = busy.to(&idle, |sample| sample.p99_us)?;
    let what = "Encrypt's p99 beside CreateKey RSA_4096 / alone".to_owned();
    report.judge(SUITE, what, slower, "", Goal::AtMost(3.0, 2.0));
    server.stop()
}

/// Makes RSA-4096 keys one after another; how many were made before `stop`.
fn make_pairs(address: SocketAddr, stop: &AtomicBool) -> Result<usize> {
    let call = create("RSA_4096", "SIGN_VERIFY");
    let mut span = Span::default();
    for made in 0..MOST_KEYS {
        load::run(
            address,
            1,
            &signed(std::slice::from_ref(&call), address)?,
            (Until::EachOnce, Wait::Asleep),
            &mut span,
        )?;
        for (_, body) in span.answers() {
            created(body)?;
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(made);
        }
    }
    Ok(MOST_KEYS)
}
