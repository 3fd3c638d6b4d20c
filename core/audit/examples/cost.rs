//! What the journal costs: nanoseconds for each released value, in memory and over files, and for each change.
//!
//! `cargo run --release -p sealroom-audit --example cost`. It knows no limits to hold; compare runs on one machine.

use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use sealroom_audit::{
    Effect, Event, EventContext, Journal, Origin, Reader, Resource, Settings, Sync, TlsDetails, Verified,
};
use sealroom_crypto::digest::{DigestAlg, sha256};
use sealroom_crypto::ec::{Curve, EcKeyPair};
use sealroom_foundation::ports::{Clock, Entropy, Purpose, Release, Released, Sign};
use sealroom_foundation::{KeyArn, MaterialId, RequestId, Timestamp};
use sealroom_store::{Barrier, Batch, Engine, KeyPath, Store};

const RECORDS: u32 = 200_000;

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
        identity: Arc::from(
            r#"{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::111122223333:user/example","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"example"}"#,
        ),
        identity_elsewhere: Arc::from(
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

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
async fn measure<F: Future<Output = bool>>(what: &str, count: u32, mut one: impl FnMut(u32) -> F) {
    let began = Instant::now();
    for number in 0..count {
        assert!(one(number).await, "{what}: not answered");
    }
    let each = began.elapsed().as_nanos() / u128::from(count.max(1));
    report(&format!("{what:<44} {each:>9} ns each"));
}

#[expect(clippy::print_stdout, reason = "the result of an example is what it prints")]
fn report(line: &str) {
    println!("{line}");
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
    measure(&format!("{name}: making the event, no journal"), records, |_| {
        let effect: Effect<(), ()> = Effect::value((), encrypt(&context, key));
        drop(effect);
        std::future::ready(true)
    })
    .await;
    measure(&format!("{name}: value, {sync:?}"), records, |_| async {
        let effect: Effect<(), ()> = Effect::value((), encrypt(&context, key));
        matches!(journal.release(effect).await, Released::Answer(()))
    })
    .await;
    measure(&format!("{name}: change"), changes, |number| {
        let (journal, context) = (&journal, &context);
        async move {
            let batch = Batch::default().put(KeyPath::build("room").u64_be(number.into()), vec![0; 200]);
            let effect: Effect<(), ()> = Effect::change((), batch, encrypt(context, key));
            matches!(journal.release(effect).await, Released::Answer(()))
        }
    })
    .await;
    let bytes = journal.counts().bytes / journal.counts().records.max(1);
    measure(&format!("{name}: tending after that"), 1, |_| async {
        journal.tend().await;
        true
    })
    .await;
    journal.close().await;
    let reader: Reader = journal.reader();
    let Verified { records, .. } = reader.verify(std::slice::from_ref(&spki)).await?;
    measure(&format!("{name}: verifying {records} records of {bytes} B"), 1, |_| async {
        reader.verify(std::slice::from_ref(&spki)).await.is_ok()
    })
    .await;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        costs("memory", Engine::memory(), Sync::Interval, RECORDS, 20_000).await?;
        Ok(())
    })
}
