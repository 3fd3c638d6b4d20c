//! Data folders with many keys in them: made through the API, kept where the caller wants them kept.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use crate::bench::{Bench, Journal};
use crate::deck::exchange;
use crate::load::{self, Span, Until, Wait};
use crate::process::Process;
use crate::report::progress;
use crate::request::{Call, PRINCIPALS, signed};

/// Connections that make keys: each key waits for the disk, and the more wait together the less each one costs.
const CONNECTIONS: usize = 512;
/// Keys between two words on progress.
const BATCH: usize = 5_000;
/// How long making keys may take; then there are as many as there are.
const PATIENCE: Duration = Duration::from_secs(180);

/// A data folder, and the server in it.
pub(crate) struct Folder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    /// A new one, removed in the end.
    pub(crate) fn temporary(bench: &Bench) -> Result<Self> {
        let temporary = bench.temporary()?;
        Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) })
    }

    /// One with `keys` keys: made now, or found where they are kept. The server runs; its ARNs come along, at least
    /// one, and fewer than asked for when making them takes too long.
    pub(crate) fn with_keys(bench: &Bench, keys: usize) -> Result<(Self, Process, Vec<String>)> {
        let folder = match bench.kept(keys) {
            Some(path) => {
                std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
                Self { path, _temporary: None }
            }
            None => Self::temporary(bench)?,
        };
        let server = bench.server(&folder.path, Journal::Interval)?;
        let mut arns = list(server.address())?;
        make(server.address(), keys, &mut arns)?;
        arns.truncate(keys);
        Ok((folder, server, arns))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes symmetric keys until there are `wanted`, or until patience ends.
pub(crate) fn make(address: SocketAddr, wanted: usize, arns: &mut Vec<String>) -> Result<()> {
    make_by(address, wanted, arns, |_| 0)
}

/// As [`make`], each key by the next principal.
pub(crate) fn make_in_turn(address: SocketAddr, wanted: usize) -> Result<Vec<String>> {
    let mut arns = Vec::new();
    make_by(address, wanted, &mut arns, |place| place % PRINCIPALS.len())?;
    Ok(arns)
}

fn make_by(address: SocketAddr, wanted: usize, arns: &mut Vec<String>, principal: fn(usize) -> usize) -> Result<()> {
    introduce(address)?;
    let (begin, had) = (Instant::now(), arns.len());
    let mut span = Span::default();
    while arns.len() < wanted && begin.elapsed() < PATIENCE {
        let create = |place| Call { principal: principal(place), ..create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT") };
        let calls: Vec<Call> = (arns.len()..wanted).take(BATCH).map(create).collect();
        let begun = arns.len();
        arns.resize(begun + calls.len(), String::new());
        load::run(address, CONNECTIONS, &signed(&calls, address)?, (Until::EachOnce, Wait::Asleep), &mut span)?;
        for (place, body) in span.answers() {
            *arns.get_mut(begun + place).context("no such call")? = created(body)?;
        }
        progress("keys", &format!("{} of {wanted} after {:.1} s", arns.len(), begin.elapsed().as_secs_f64()));
    }
    ensure!(!arns.is_empty() && arns.len() >= had, "no keys were made");
    Ok(())
}

/// The call that makes a key which all principals may use.
pub(crate) fn create(spec: &str, usage: &str) -> Call {
    let roots = PRINCIPALS.map(|account| format!("arn:aws:iam::{account}:root"));
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": roots}, "Action": "kms:*", "Resource": "*"}],
    });
    let body = serde_json::json!({"KeySpec": spec, "KeyUsage": usage, "Policy": policy.to_string()});
    Call::by_owner("CreateKey", body.to_string())
}

/// The ARN in CreateKey's answer.
pub(crate) fn created(body: &[u8]) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Created {
        key_metadata: Metadata,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Metadata {
        arn: String,
    }
    let shown = || format!("a wrong answer to CreateKey: {}", String::from_utf8_lossy(body));
    Ok(serde_json::from_slice::<Created>(body).with_context(shown)?.key_metadata.arn)
}

/// Lets every principal call once: in dev mode an account exists as soon as it is named.
pub(crate) fn introduce(address: SocketAddr) -> Result<()> {
    let call = |principal| Call { principal, operation: "ListKeys", body: "{}".to_owned() };
    let calls: Vec<Call> = (0..PRINCIPALS.len()).map(call).collect();
    exchange(address, &calls, |_, _| Ok(()))
}

/// The ARNs of all keys there are.
fn list(address: SocketAddr) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        keys: Vec<Entry>,
        next_marker: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Entry {
        key_arn: String,
    }
    let (mut arns, mut marker) = (Vec::new(), None);
    loop {
        let body = marker.as_ref().map_or_else(
            || serde_json::json!({"Limit": 1_000}),
            |marker| serde_json::json!({"Limit": 1_000, "Marker": marker}),
        );
        exchange(address, &[Call::by_owner("ListKeys", body.to_string())], |_, body| {
            let page: Page = serde_json::from_slice(body)?;
            arns.extend(page.keys.into_iter().map(|entry| entry.key_arn));
            marker = page.next_marker;
            Ok(())
        })?;
        if marker.is_none() {
            return Ok(arns);
        }
    }
}
