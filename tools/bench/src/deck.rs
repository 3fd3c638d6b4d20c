//! Decks of calls over many keys, and the proof that their answers are right: every ciphertext is opened again.
//!
//! Knows what Encrypt, Decrypt and GenerateDataKey take and answer; not how fast, nor whom it talks to.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::load::{self, Span, Until, Wait};
use crate::request::{Call, PRINCIPALS, signed};

/// Connections of calls that prepare or check.
const CONNECTIONS: usize = 32;
/// Calls that are signed at once: their signatures must be good when the last one is sent.
const BATCH: usize = 10_000;

/// The hot operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Of 32 bytes.
    Encrypt,
    /// Without a key id.
    Decrypt,
    /// Of 256 bits.
    GenerateDataKey,
}

impl Work {
    /// AWS's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Encrypt => "Encrypt",
            Self::Decrypt => "Decrypt",
            Self::GenerateDataKey => "GenerateDataKey",
        }
    }
}

/// Who uses which key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    key: usize,
    principal: usize,
}

/// Every principal with every one of `keys` keys, shuffled.
pub(crate) fn everyone_with_everything(keys: usize) -> Vec<Draw> {
    let all = (0..PRINCIPALS.len()).flat_map(|principal| (0..keys).map(move |key| Draw { key, principal }));
    shuffled(all.collect())
}

/// Every one of `keys` keys three times, by the principal that made it: the keys were made by the principals in turn.
pub(crate) fn everyone_with_their_own(keys: usize) -> Vec<Draw> {
    let all = (0..PRINCIPALS.len() * keys).map(|turn| turn % keys.max(1));
    shuffled(all.map(|key| Draw { key, principal: key % PRINCIPALS.len() }).collect())
}

/// Every key once, by the principals in turn.
pub(crate) fn every_key(keys: usize) -> Vec<Draw> {
    (0..keys).map(|key| Draw { key, principal: key % PRINCIPALS.len() }).collect()
}

/// `count` keys drawn uniformly from `keys`, by the principals in turn.
pub(crate) fn uniform(keys: usize, count: usize) -> Vec<Draw> {
    let mut noise = Noise::default();
    (0..count).map(|turn| Draw { key: noise.below(keys), principal: turn % PRINCIPALS.len() }).collect()
}

fn shuffled(mut draws: Vec<Draw>) -> Vec<Draw> {
    let mut noise = Noise::default();
    for place in (1..draws.len()).rev() {
        draws.swap(place, noise.below(place + 1));
    }
    draws
}

/// Numbers that are spread well and the same in every run (xorshift64).
struct Noise(u64);

impl Default for Noise {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 32).unwrap_or_default() % limit.max(1)
    }
}

/// Keys, who uses them, and a ciphertext for each use.
pub(crate) struct Deck {
    arns: Vec<String>,
    draws: Vec<Draw>,
    blobs: Vec<String>,
}

impl Deck {
    /// Encrypts once for each draw and checks that it opens.
    pub(crate) fn fill(address: SocketAddr, arns: &[String], draws: Vec<Draw>) -> Result<Self> {
        let mut deck = Self { arns: arns.to_vec(), blobs: vec![String::new(); draws.len()], draws };
        let mut blobs = std::mem::take(&mut deck.blobs);
        exchange(address, &deck.calls(Work::Encrypt)?, |place, body| {
            let answer: Sealed<'_> = serde_json::from_slice(body)?;
            blobs.get_mut(place).context("no such call")?.push_str(answer.ciphertext_blob);
            Ok(())
        })?;
        deck.blobs = blobs;
        let expected: Vec<String> = (0..deck.draws.len()).map(plaintext).collect();
        opens(address, &deck.blobs, &expected)?;
        Ok(deck)
    }

    /// One call for each draw.
    pub(crate) fn calls(&self, work: Work) -> Result<Vec<Call>> {
        let call = |(place, draw): (usize, &Draw)| {
            let arn = || self.arns.get(draw.key).context("no such key");
            let body = match work {
                Work::Encrypt => format!(r#"{{"KeyId":"{}","Plaintext":"{}"}}"#, arn()?, plaintext(place)),
                Work::Decrypt => decrypt_body(self.blobs.get(place).context("no such blob")?),
                Work::GenerateDataKey => format!(r#"{{"KeyId":"{}","KeySpec":"AES_256"}}"#, arn()?),
            };
            Ok(Call { principal: draw.principal, operation: work.name(), body })
        };
        self.draws.iter().enumerate().map(call).collect()
    }

    /// Checks every answer of `span`, whose requests were [`Deck::calls`]: ciphertexts are opened by another call.
    ///
    /// # Errors
    /// The first wrong one.
    pub(crate) fn check(&self, work: Work, address: SocketAddr, span: &Span) -> Result<()> {
        let (mut blobs, mut expected) = (Vec::new(), Vec::new());
        for (place, body) in span.answers() {
            let draw = self.draws.get(place).context("no such call")?;
            let arn = self.arns.get(draw.key).map(String::as_str);
            let shown = || format!("a wrong answer to {}: {}", work.name(), String::from_utf8_lossy(body));
            let answer: Answer<'_> = serde_json::from_slice(body).with_context(shown)?;
            ensure!(answer.key_id == arn, shown());
            match work {
                Work::Decrypt => ensure!(answer.plaintext == Some(plaintext(place).as_str()), shown()),
                Work::Encrypt => expected.push(plaintext(place)),
                Work::GenerateDataKey => expected.push(answer.plaintext.with_context(shown)?.to_owned()),
            }
            if work != Work::Decrypt {
                blobs.push(answer.ciphertext_blob.with_context(shown)?.to_owned());
            }
        }
        if work == Work::GenerateDataKey {
            all_new(&expected)?;
        }
        opens(address, &blobs, &expected)
    }
}

/// What all three operations answer, as far as it is checked.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(borrow)]
    key_id: Option<&'a str>,
    #[serde(borrow)]
    ciphertext_blob: Option<&'a str>,
    #[serde(borrow)]
    plaintext: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sealed<'a> {
    ciphertext_blob: &'a str,
}

/// 32 bytes that belong to a call, in Base64.
fn plaintext(place: usize) -> String {
    let bytes: Vec<u8> = place.to_le_bytes().into_iter().cycle().take(32).collect();
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn decrypt_body(blob: &str) -> String {
    format!(r#"{{"CiphertextBlob":"{blob}"}}"#)
}

/// Data keys of 256 bits, none of them twice.
fn all_new(keys: &[String]) -> Result<()> {
    let mut sorted: Vec<&String> = keys.iter().collect();
    sorted.sort_unstable();
    ensure!(sorted.is_sorted_by(|one, next| one < next), "a data key was given twice");
    let length = |key: &String| base64_simd::STANDARD.decode_to_vec(key).map(|key| key.len()).unwrap_or_default();
    ensure!(keys.iter().all(|key| length(key) == 32), "a data key of another length");
    Ok(())
}

/// Opens every blob through Decrypt, by the principals in turn, and compares.
fn opens(address: SocketAddr, blobs: &[String], expected: &[String]) -> Result<()> {
    let call = |(place, blob): (usize, &String)| {
        let (principal, operation) = (place % PRINCIPALS.len(), Work::Decrypt.name());
        Call { principal, operation, body: decrypt_body(blob) }
    };
    let calls: Vec<Call> = blobs.iter().enumerate().map(call).collect();
    exchange(address, &calls, |place, body| {
        let answer: Answer<'_> = serde_json::from_slice(body)?;
        ensure!(
            answer.plaintext == expected.get(place).map(String::as_str),
            "a ciphertext opens to something else: {}",
            String::from_utf8_lossy(body)
        );
        Ok(())
    })
}

/// Sends each call once, outside of any measurement, and hands over each answer with the place of its call.
pub(crate) fn exchange(
    address: SocketAddr,
    calls: &[Call],
    mut take: impl FnMut(usize, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut span = Span::default();
    for (number, batch) in calls.chunks(BATCH).enumerate() {
        load::run(address, CONNECTIONS, &signed(batch, address)?, (Until::EachOnce, Wait::Awake), &mut span)?;
        for (place, body) in span.answers() {
            take(number * BATCH + place, body)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
