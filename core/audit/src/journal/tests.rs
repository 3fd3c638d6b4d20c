//! The journal held to its promises, over the memory engine and over files.

mod crash;
pub(crate) mod faults;
mod files;
mod release;
mod sample;
mod verify;

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use sealroom_crypto::digest::{DigestAlg, sha256};
use sealroom_crypto::ec::{Curve, EcKeyPair};
use sealroom_foundation::{AccountId, Timestamp};
use sealroom_store::{Answer, Barrier, Batch, Engine, Guard, Read};
use serde_json::Value;

use super::*;
use crate::event::{Event, EventContext};

/// Other bytes at every draw, the same in every run.
#[derive(Default)]
struct FakeEntropy(AtomicU64);

impl Entropy for FakeEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let draw = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&sha256(&draw.to_be_bytes())[..chunk.len()]);
        }
    }
}

/// Both clocks show one time, which tests move; it counts how often it is asked.
#[derive(Default)]
struct FakeClock(AtomicI64, AtomicU64);

impl Clock for FakeClock {
    fn wall(&self) -> Timestamp {
        self.1.fetch_add(1, Ordering::Relaxed);
        Timestamp::EPOCH.plus_seconds(self.0.load(Ordering::Relaxed))
    }

    fn service(&self) -> Timestamp {
        self.wall()
    }
}

/// A key of its own, without an HSM around it.
struct Signer(EcKeyPair);

impl Signer {
    fn new() -> Self {
        Self(EcKeyPair::generate(Curve::P256).unwrap())
    }
}

impl Sign for Signer {
    fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Vec<u8> {
        assert_eq!(purpose, Purpose::JournalCheckpoint);
        self.0.sign_digest(&DigestAlg::Sha256.digest(bytes)).unwrap()
    }

    fn public(&self, _purpose: Purpose) -> Vec<u8> {
        self.0.public_spki().unwrap()
    }

    fn publics(&self, purpose: Purpose) -> Vec<Vec<u8>> {
        vec![self.public(purpose)]
    }
}

/// A store and everything else a journal needs, which outlive the journals opened on it.
struct House {
    store: Store,
    entropy: Arc<FakeEntropy>,
    signer: Arc<Signer>,
    clock: Arc<FakeClock>,
    free: Arc<AtomicU64>,
}

impl House {
    async fn new() -> Self {
        Self::on(Engine::memory()).await
    }

    async fn on(engine: Engine) -> Self {
        Self {
            store: Store::open(engine, Barrier::insecure_none()).await.unwrap(),
            entropy: Arc::default(),
            signer: Arc::new(Signer::new()),
            clock: Arc::default(),
            free: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    fn ports(&self) -> Ports {
        Ports {
            entropy: Arc::clone(&self.entropy) as Arc<dyn Entropy>,
            sign: Arc::clone(&self.signer) as Arc<dyn Sign>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
        }
    }

    /// A journal that syncs only when somebody waits for it.
    async fn by_hand(&self, sync: Sync, lanes: usize) -> Result<Journal, OpenError> {
        self.start(sync, lanes, Syncing::ByHand).await
    }

    async fn start(&self, sync: Sync, lanes: usize, syncing: Syncing) -> Result<Journal, OpenError> {
        let log = self.store.log(disk::LOG, lanes).await?;
        let disk = Disk { store: self.store.clone(), log, faults: Arc::default() };
        let free = Arc::clone(&self.free);
        let space = Space::new(Box::new(move || Some(free.load(Ordering::Relaxed))));
        Journal::start(disk, self.ports(), sync, lanes, space, syncing).await
    }

    /// The ids in the outbox.
    async fn outbox(&self) -> usize {
        outbox::page(&self.store, None).await.unwrap().0.len()
    }

    async fn has_row(&self, op: u64) -> bool {
        let answers = self.store.read(&[Read::Get(row(op))]).await.unwrap();
        answers.into_iter().next().and_then(Answer::row).is_some()
    }

    fn trusted(&self) -> Vec<Vec<u8>> {
        vec![self.signer.public(Purpose::JournalCheckpoint)]
    }
}

/// The row that the change `op` writes.
fn row(op: u64) -> KeyPath {
    KeyPath::build("room").u64_be(op)
}

fn account(digits: &str) -> AccountId {
    digits.parse().unwrap()
}

/// An event that says which operation of the test it belongs to.
fn event(op: u64) -> Event {
    let region = "eu-central-1".parse().unwrap();
    let time = Timestamp::from_seconds(1_000_000 + i64::try_from(op).unwrap());
    let context = EventContext::internal(account("111122223333"), region, time);
    Event::call(&context, "kms.amazonaws.com", "Encrypt", true).request(format!(r#"{{"op":{op}}}"#).into_bytes())
}

fn value(op: u64) -> Effect<u64, &'static str> {
    Effect::value(op, event(op))
}

/// Writes the row of `op`, which must not be there yet.
fn change(op: u64) -> Effect<u64, &'static str> {
    let batch = Batch::default().put(row(op), b"changed".to_vec()).guard(Guard::Absent(row(op)));
    Effect::change(op, batch, event(op))
}

/// Every entry of the journal, lane by lane.
async fn entries(journal: &Journal) -> Vec<Entry> {
    let reader = journal.reader();
    let mut entries = Vec::new();
    for lane in 0..reader.lanes() {
        let mut after = Some(0);
        while let Some(from) = after {
            let page = reader.read(lane, from, 100).await.unwrap();
            entries.extend(page.entries);
            after = page.next;
        }
    }
    entries
}

fn json(record: &[u8]) -> Value {
    serde_json::from_slice(record).unwrap()
}

/// The operations that are recorded, in order of their numbers, each as often as it is.
async fn recorded(journal: &Journal) -> Vec<u64> {
    let entries = entries(journal).await;
    let mut ops: Vec<u64> = entries.iter().flat_map(|entry| &entry.records).map(|record| op(record)).collect();
    ops.sort_unstable();
    ops
}

/// The operation that a record says it belongs to.
fn op(record: &[u8]) -> u64 {
    let text = std::str::from_utf8(record).unwrap();
    let (_, rest) = text.split_once(r#""requestParameters":{"op":"#).unwrap();
    rest.split(['}', ',']).next().unwrap().parse().unwrap()
}

/// Polls once.
fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
