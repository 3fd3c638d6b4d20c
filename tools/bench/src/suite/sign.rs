//! Sign with RSA-2048 against the rate at which the same processors make the same signatures without a server.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sealroom_foundation::KeyId;
use sealroom_hsm::{
    Command, DomainKeys, Hsm, KeyBinding, KeyRef, KeyToken, Message, Origin, Reply, SigningAlgorithm, Spec, Usage,
};
use serde::Deserialize;

use super::{Sample, Series, measure};
use crate::bench::{Bench, Journal};
use crate::deck::exchange;
use crate::folder::{Folder, create, created, make};
use crate::load::{Span, Wait};
use crate::process::stay_on;
use crate::report::{Goal, Report};
use crate::request::{Call, PRINCIPALS};
use crate::statistics::{count, ratio};

const SUITE: &str = "sign";
const KEYS: usize = 8;
const CALLS: usize = 1_000;
const CONNECTIONS: usize = 16;
const ALGORITHM: &str = "RSASSA_PSS_SHA_256";

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let folder = Folder::temporary(bench)?;
    let server = bench.server(folder.path(), Journal::Interval)?;
    make(server.address(), 1, &mut Vec::new())?;
    let mut arns = Vec::new();
    exchange(server.address(), &vec![create("RSA_2048", "SIGN_VERIFY"); KEYS], |_, body| {
        arns.push(created(body)?);
        Ok(())
    })?;
    let calls = calls(&arns)?;
    let raw_signer = RawSigner::new(bench)?;
    server.settle()?;
    let (mut raw, mut series, mut span) = (Series::default(), Series::default(), Span::default());
    for repetition in 0..=bench.repetitions() {
        let bare = raw_signer.measure(bench.span())?;
        let sample = measure(bench, &server, (CONNECTIONS, Wait::Awake), &calls, &mut span)?;
        let mut verifications = Vec::new();
        for (place, body) in span.answers() {
            verifications.push(verification(calls.get(place).context("no such call")?, body)?);
        }
        exchange(server.address(), &verifications, |_, body| {
            let answer: Verified = serde_json::from_slice(body)?;
            ensure!(answer.signature_valid, "a signature isn't valid");
            Ok(())
        })?;
        if repetition > 0 {
            raw.0.push(bare);
            series.0.push(sample);
        }
    }
    report.figures(SUITE, raw.medians(format!("raw RSA-2048, {} threads", raw_signer.threads)));
    report.figures(SUITE, series.medians(format!("Sign, {CONNECTIONS} connections")));
    let rate = series.to(&raw, |sample| sample.per_second)?;
    report.judge(SUITE, "Sign RSA-2048: per second / raw rate".into(), rate, "", Goal::AtLeast(0.8, 0.92));
    server.stop()
}

fn calls(arns: &[String]) -> Result<Vec<Call>> {
    let call = |place: usize| {
        let arn = arns.get(place % arns.len().max(1)).context("no keys")?;
        let message: Vec<u8> = place.to_le_bytes().into_iter().cycle().take(32).collect();
        let message = base64_simd::STANDARD.encode_to_string(message);
        let body = format!(
            r#"{{"KeyId":"{arn}","Message":"{message}","MessageType":"DIGEST","SigningAlgorithm":"{ALGORITHM}"}}"#
        );
        Ok(Call { principal: place % PRINCIPALS.len(), operation: "Sign", body })
    };
    (0..CALLS).map(call).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Verified {
    signature_valid: bool,
}

/// The call that checks the answer to `sign`: the same question with the signature.
fn verification(sign: &Call, body: &[u8]) -> Result<Call> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Signed<'a> {
        signature: &'a str,
    }
    let shown = || format!("a wrong answer to Sign: {}", String::from_utf8_lossy(body));
    let Signed { signature } = serde_json::from_slice(body).with_context(shown)?;
    let question = sign.body.strip_suffix('}').context("a body that is no object")?;
    let body = format!(r#"{question},"Signature":"{signature}"}}"#);
    Ok(Call { principal: sign.principal, operation: "Verify", body })
}

/// The HSM alone, with one key, on as many threads as the server has for slow commands.
struct RawSigner {
    hsm: Hsm,
    binding: KeyBinding,
    token: KeyToken,
    threads: usize,
    core: Option<usize>,
}

impl RawSigner {
    fn new(bench: &Bench) -> Result<Self> {
        let hsm = Hsm::start(DomainKeys::generate())?;
        let (account, key) = ("111111111111".parse()?, KeyId::from_bytes(false, [1; 16]));
        let (spec, usage, origin) = (Spec::Rsa2048, Usage::SignVerify, Origin::AwsKms);
        let made = hsm.execute(Command::GenerateKey { account, key, spec, usage, origin })?;
        let Reply::Key { material, token, .. } = made else { bail!("no key") };
        let binding = KeyBinding { account, key, material, spec, usage, origin };
        // As in the server: one thread less than there are processors, and at least one.
        let threads = bench.server_processors().saturating_sub(1).max(1);
        Ok(Self { hsm, binding, token, threads, core: bench.server_core() })
    }

    fn measure(&self, time: Duration) -> Result<Sample> {
        let begin = Instant::now();
        let signed = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(|| self.sign_for(time))).collect();
            let counts = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("a thread failed")));
            counts.sum::<Result<usize>>()
        })?;
        let per_second = ratio(count(signed), begin.elapsed().as_secs_f64());
        let each_us = 1e6 * ratio(count(self.threads), per_second);
        Ok(Sample { per_second, p50_us: each_us, p99_us: f64::NAN, server_us: each_us, client_us: 0.0 })
    }

    fn sign_for(&self, time: Duration) -> Result<usize> {
        self.core.map_or(Ok(()), stay_on)?;
        let key = KeyRef { binding: &self.binding, token: &self.token };
        let (algorithm, message) = (SigningAlgorithm::RsassaPssSha256, Message::Digest(&[1; 32]));
        let (begin, mut signed) = (Instant::now(), 0);
        while begin.elapsed() < time {
            let reply = self.hsm.execute(Command::Sign { key, algorithm, message })?;
            ensure!(matches!(reply, Reply::Signature(signature) if signature.len() == 256), "no signature");
            signed += 1;
        }
        Ok(signed)
    }
}
