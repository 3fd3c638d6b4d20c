//! What the journal costs: nanoseconds for each released value, in memory and over files, and for each change.
//!
//! `cargo run --release -p sealroom-audit --example cost`. It knows no limits to hold; compare runs on one machine.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool for people: it measures and prints")]

use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use sealroom_audit::{
    Effect, Event, EventContext, Journal, Origin, Packed, Reader, Resource, Settings, Sync, TlsDetails, Verified,
};
use sealroom_crypto::digest::{DigestAlg, sha256};
use sealroom_crypto::ec::{Curve, EcKeyPair};
use sealroom_foundation::ports::{Clock, Entropy, Purpose, Release, Released, Sign};
use sealroom_foundation::{KeyArn, MaterialId, RequestId, Timestamp};
use sealroom_store::{Barrier, Batch, Engine, KeyPath, Store};

const ROUNDS: u32 = 9;
const RECORDS: u32 = 10_000;

struct Ports {
    signer: EcKeyPair,
    spki: Vec<u8>,
}

impl Entropy for Ports {
    fn fill(&self, out: &mut [u8]) {
        // As dear as a hash, which is about what a generator costs.
        let mut block = sha256(&out.len().to_be_bytes());
        for chunk in out.chunks_mut(32) {
            block = sha256(&block);
            chunk.copy_from_slice(block.get(..chunk.len()).unwrap_or_default());
        }
    }
}

impl Clock for Ports {
    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn service(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

impl Sign for Ports {
    fn sign(&self, _purpose: Purpose, bytes: &[u8]) -> Vec<u8> {
        self.signer.sign_digest(&DigestAlg::Sha256.digest(bytes)).unwrap_or_default()
    }

    fn public(&self, _purpose: Purpose) -> Vec<u8> {
        self.spki.clone()
    }

    fn publics(&self, purpose: Purpose) -> Vec<Vec<u8>> {
        vec![self.public(purpose)]
    }
}

/// The event of an Encrypt, as the `kms` room makes it.
fn encrypt(context: &Arc<EventContext>, key: KeyArn) -> Event {
    Event::call(context, "kms.amazonaws.com", "Encrypt", true)
        .request(br#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"purpose":"cost"},"keyId":"alias/example"}"#.to_vec())
        .resource(Resource::Key(key))
        .key_material(MaterialId::from_bytes([0xab; 32]))
}

fn context() -> Result<Arc<EventContext>, Box<dyn std::error::Error>> {
    Ok(Arc::new(EventContext {
        identity: Packed::of_json(
            r#"{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::111122223333:user/example","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"example"}"#,
        ),
        identity_elsewhere: Packed::of_json(
            r#"{"type":"AWSAccount","principalId":"AIDACKCEVSQ6C2EXAMPLE","accountId":"111122223333"}"#,
        ),
        origin: Origin::Address(Ipv4Addr::new(192, 0, 2, 10).into()),
        user_agent: Arc::from("Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.13"),
        region: "eu-central-1".parse()?,
        request: Some(RequestId::from_random([7; 16])),
        tls: Some(Arc::new(TlsDetails {
            version: "TLSv1.3".into(),
            cipher_suite: "TLS_AES_128_GCM_SHA256".into(),
            key_exchange: Some("X25519MLKEM768".into()),
            host: Arc::from("kms.eu-central-1.amazonaws.com"),
        })),
        time: Timestamp::from_seconds(1_789_194_084),
        recipient: "111122223333".parse()?,
    }))
}

/// The best of several rounds.
async fn measure<F: Future<Output = bool>>(what: &str, rounds: u32, calls: u32, mut call: impl FnMut(u32) -> F) {
    let mut best = u128::MAX;
    for round in 0..rounds {
        let began = Instant::now();
        for number in 0..calls {
            assert!(call(round * calls + number).await, "{what}: not answered");
        }
        best = best.min(began.elapsed().as_nanos() / u128::from(calls));
    }
    println!("{what:<52} {best:>10} ns");
}

async fn costs(
    name: &str,
    engine: Engine,
    sync: Sync,
    records: u32,
    changes: u32,
) -> Result<(), Box<dyn std::error::Error>> {
    let context = context()?;
    let key = KeyArn {
        region: context.region,
        account: context.recipient,
        key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse()?,
    };
    let signer = EcKeyPair::generate(Curve::P256)?;
    let spki = signer.public_spki()?;
    let ports = Arc::new(Ports { signer, spki: spki.clone() });
    let store = Store::open(engine, Barrier::insecure_none()).await?;
    let settings = Settings { sync, lanes: 1, reserve: None };
    let (entropy, sign, clock) = (Arc::clone(&ports) as _, Arc::clone(&ports) as _, Arc::clone(&ports) as _);
    let journal = Journal::open(store.clone(), entropy, sign, clock, settings).await?;
    if sync == Sync::Interval {
        measure(&format!("{name}: making the event, no journal"), ROUNDS, records, |_| {
            let effect: Effect<(), ()> = Effect::value((), encrypt(&context, key));
            drop(effect);
            std::future::ready(true)
        })
        .await;
    }
    measure(&format!("{name}, {sync:?}: releasing a value"), ROUNDS, records, |_| async {
        let effect: Effect<(), ()> = Effect::value((), encrypt(&context, key));
        matches!(journal.release(effect).await, Released::Answer(()))
    })
    .await;
    let (journal, context) = (&journal, &context);
    measure(&format!("{name}, {sync:?}: releasing a change"), ROUNDS, changes, |number| async move {
        let batch = Batch::default().put(KeyPath::build("room").u64_be(number.into()), vec![0; 200]);
        let effect: Effect<(), ()> = Effect::change((), batch, encrypt(context, key));
        matches!(journal.release(effect).await, Released::Answer(()))
    })
    .await;
    let bytes = journal.counts().bytes / journal.counts().records.max(1);
    measure(&format!("{name}, {sync:?}: tending after that"), 1, 1, |_| async {
        journal.tend().await;
        true
    })
    .await;
    journal.close().await;
    let reader: Reader = journal.reader();
    let trusted = std::slice::from_ref(&spki);
    let Verified { records, .. } = reader.verify(trusted).await?;
    let (what, calls) = (format!("{name}: verifying a record of {bytes} bytes"), u32::try_from(records)?);
    let began = Instant::now();
    reader.verify(trusted).await?;
    println!("{what:<52} {:>10} ns", began.elapsed().as_nanos() / u128::from(calls));
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        costs("memory", Engine::memory(), Sync::Interval, RECORDS, 2_000).await?;
        for sync in [Sync::Interval, Sync::Always] {
            let folder = tempfile::tempdir()?;
            let records = if sync == Sync::Interval { RECORDS } else { 50 };
            costs("files", Engine::sqlite(folder.path())?, sync, records, 20).await?;
        }
        Ok(())
    })
}
