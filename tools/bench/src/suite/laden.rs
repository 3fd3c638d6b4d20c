//! Processor time of a call with a key that has a long history and many friends, against that with a bare one.
//!
//! Both keys are of one server and let their callers in by a grant. The laden one has 50,000 grants, 100 aliases and 1,000
//! rotations; what Decrypt opens was sealed before the first of them.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Series, measure};
use crate::bench::{Bench, Journal};
use crate::deck::{Deck, Work, exchange, uniform};
use crate::folder::{Folder, created, introduce};
use crate::load::{self, Span, Until, Wait};
use crate::report::{Goal, Report, progress};
use crate::request::{Call, PRINCIPALS};

const SUITE: &str = "laden";
const CONNECTIONS: usize = 16;
/// Different requests in a span.
const REQUESTS: usize = 3_000;
const WORKS: [Work; 3] = [Work::Encrypt, Work::Decrypt, Work::GenerateDataKey];
const ALIASES: usize = 100;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let (grants, rotations) = if bench.is_quick() { (5_000, 100) } else { (50_000, 1_000) };
    let folder = Folder::temporary(bench)?;
    // AWS's quota of aliases is below what is measured.
    let settings = [("SEALROOM_QUOTAS__ALIASES_PER_KEY", "100")];
    let server = bench.server_with(folder.path(), Journal::Interval, &settings)?;
    introduce(server.address())?;
    let (bare, laden) = (key(server.address())?, key(server.address())?);
    grant(server.address(), &laden, grants)?;
    name(server.address(), &laden)?;
    let decks = [Deck::fill(server.address(), &[bare], uniform(1, REQUESTS))?, {
        Deck::fill(server.address(), std::slice::from_ref(&laden), uniform(1, REQUESTS))?
    }];
    rotate(server.address(), &laden, rotations)?;
    server.settle()?;

    let mut span = Span::default();
    let mut series = WORKS.map(|work| (work, [Series::default(), Series::default()]));
    for repetition in 0..=bench.repetitions() {
        for (work, series) in &mut series {
            for (deck, series) in decks.iter().zip(series) {
                let calls = deck.calls(*work)?;
                let sample = measure(bench, &server, (CONNECTIONS, Wait::Awake), &calls, &mut span)?;
                deck.check(*work, server.address(), &span)?;
                if repetition > 0 {
                    series.0.push(sample);
                }
            }
        }
    }
    for (work, [bare, laden]) in &series {
        report.figures(SUITE, bare.medians(format!("{}, a bare key", work.name())));
        report.figures(SUITE, laden.medians(format!("{}, the laden key", work.name())));
    }
    for (work, [bare, laden]) in &series {
        let what =
            format!("{}: CPU per call, {grants} grants, {ALIASES} aliases, {rotations} rotations / bare", work.name());
        report.judge(SUITE, what, laden.to(bare, |sample| sample.server_us)?, "", Goal::AtMost(1.1, 1.05));
    }
    server.stop()
}

/// A key of the first principal that the others may use by a grant.
fn key(address: SocketAddr) -> Result<String> {
    let mut arn = String::new();
    exchange(address, &[Call::by_owner("CreateKey", "{}".to_owned())], |_, body| {
        arn = created(body)?;
        Ok(())
    })?;
    let grants: Vec<Call> = PRINCIPALS.iter().skip(1).map(|account| grant_to(&arn, account)).collect();
    exchange(address, &grants, |_, _| Ok(()))?;
    Ok(arn)
}

fn grant_to(arn: &str, account: &str) -> Call {
    let operations = WORKS.map(Work::name);
    let grantee = format!("arn:aws:iam::{account}:root");
    let body = json!({"KeyId": arn, "GranteePrincipal": grantee, "Operations": operations});
    Call::by_owner("CreateGrant", body.to_string())
}

/// Brings the key's grants to `wanted`, each for another account.
fn grant(address: SocketAddr, arn: &str, wanted: usize) -> Result<()> {
    let more: Vec<Call> = (PRINCIPALS.len() - 1..wanted)
        .map(|number| grant_to(arn, &format!("{:012}", 400_000_000_000 + number)))
        .collect();
    let mut made = 0;
    for some in more.chunks(5_000) {
        exchange(address, some, |_, _| Ok(()))?;
        made += some.len();
        progress("grants", &format!("{made} of {}", more.len()));
    }
    Ok(())
}

fn name(address: SocketAddr, arn: &str) -> Result<()> {
    for number in 0..ALIASES {
        // One after the other: they change one row.
        let body = json!({"AliasName": format!("alias/laden/{number}"), "TargetKeyId": arn});
        exchange(address, &[Call::by_owner("CreateAlias", body.to_string())], |_, _| Ok(()))?;
    }
    Ok(())
}

/// Rotates the key on demand; the dev clock's way does what is due before it answers.
fn rotate(address: SocketAddr, arn: &str, times: usize) -> Result<()> {
    let call = [Call::by_owner("RotateKeyOnDemand", json!({"KeyId": arn}).to_string())];
    let body = r#"{"advance_seconds":1}"#;
    let head = format!("POST /_sealroom/clock HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", body.len());
    let advance = [[head.as_bytes(), body.as_bytes()].concat()];
    let mut span = Span::default();
    for turn in 1..=times {
        exchange(address, &call, |_, _| Ok(()))?;
        load::run(address, 1, &advance, (Until::EachOnce, Wait::Asleep), &mut span).context("the dev clock")?;
        if turn % 100 == 0 {
            progress("rotations", &format!("{turn} of {times}"));
        }
    }
    Ok(())
}
