//! A house for the room: memory engine, HSM, journal, two accounts; a clock and ids that tests choose.
//!
//! Requests are JSON and go through the generated decoding and through the journal, as the server's do. What this house
//! lacks of the server is its sockets: an answer is what the caller would read.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use sealroom_api::operator::CreateAccountInput;
use sealroom_api::sigv4::{self, Credentials, Rules};
use sealroom_api::{Compat, ErrorAnswer, Served, Through, Wire, kms};
use sealroom_audit::{Journal, Sync};
use sealroom_crypto::digest::sha256;
use sealroom_foundation::ports::{Clock, Entropy, Release, Released, Root, Seal, SealBroken, Sign};
use sealroom_foundation::{AccountId, KeyArn, Region, RequestId, Secret, Timestamp};
use sealroom_hsm::{DomainKeys, Door, Hsm};
use sealroom_identity::{Call, Caller, Identity, Mode, RequestInfo, Unauthenticated};
use sealroom_kms::record::KeyDocument;
use sealroom_kms::state::KeyState;
use sealroom_kms::stored::{AliasRecord, KeyAliases};
use sealroom_kms::{Kms, Settings};
use sealroom_store::{Answer as Rows, Barrier, Batch, Committed, Engine, KeyPath, Read, Row, Store};
use serde_json::Value;

use crate::enclave::Pki;

pub(crate) const OWNER: &str = "111122223333";
pub(crate) const OTHER: &str = "444455556666";
/// Nobody made it.
pub(crate) const NOBODY: &str = "999988887777";
pub(crate) const HERE: &str = "us-east-1";
/// Where replicas are made.
pub(crate) const THERE: &str = "eu-west-1";

/// What a caller reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// `null` when the body is empty.
    Ok(Value),
    Refused {
        code: String,
        message: Option<String>,
    },
}

impl Answer {
    /// The members of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        match self {
            Self::Ok(members) => members,
            refused @ Self::Refused { .. } => panic!("refused: {refused:?}"),
        }
    }

    /// `ok`, or code and text, as the tables write it.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Ok(_) => "ok".to_owned(),
            Self::Refused { code, message: None } => code.clone(),
            Self::Refused { code, message: Some(message) } => format!("{code} {message}"),
        }
    }
}

/// Other bytes at every draw, the same in every run; or what a test puts in line.
#[derive(Default)]
pub(crate) struct FakeEntropy {
    seed: u8,
    draws: AtomicU64,
    line: Mutex<Vec<[u8; 16]>>,
}

impl FakeEntropy {
    fn seeded(seed: u8) -> Arc<Self> {
        Arc::new(Self { seed, ..Self::default() })
    }

    /// The next ids, the last of them first.
    pub(crate) fn put_in_line(&self, ids: &[[u8; 16]]) {
        self.line.lock().unwrap().extend_from_slice(ids);
    }
}

impl Entropy for FakeEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let draw = self.draws.fetch_add(1, Ordering::Relaxed);
            let bytes = sha256(&[&[self.seed][..], &draw.to_be_bytes()].concat());
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }

    fn id_bytes(&self) -> [u8; 16] {
        if let Some(next) = self.line.lock().unwrap().pop() {
            return next;
        }
        let mut bytes = [0u8; 16];
        self.fill(&mut bytes);
        bytes
    }
}

/// Both clocks show one time, which tests move.
#[derive(Default)]
pub(crate) struct FakeClock(AtomicI64);

impl FakeClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn wall(&self) -> Timestamp {
        Timestamp::EPOCH.plus_seconds(self.0.load(Ordering::Relaxed))
    }

    fn service(&self) -> Timestamp {
        self.wall()
    }
}

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) kms: Kms,
    pub(crate) journal: Journal,
    pub(crate) through: Through<Kms, Journal>,
    pub(crate) entropy: Arc<FakeEntropy>,
    pub(crate) clock: Arc<FakeClock>,
    /// Lets every account in, whether or not it exists.
    doorman: Identity,
    identity: Identity,
    read: AtomicU64,
    chosen: Settings,
}

/// One HSM for all houses of a process: its self-tests take longer than most tests.
pub(crate) fn hsm() -> &'static Arc<Hsm> {
    &inside().0
}

/// The HSM, and its domain keys as [`Bare`] wraps them.
fn inside() -> &'static (Arc<Hsm>, Mutex<Vec<u8>>) {
    static HSM: OnceLock<(Arc<Hsm>, Mutex<Vec<u8>>)> = OnceLock::new();
    HSM.get_or_init(|| {
        let keys = DomainKeys::generate();
        let wrapped = Mutex::new(keys.wrap(&Bare));
        (Arc::new(Hsm::start(keys).unwrap()), wrapped)
    })
}

/// A root that hides nothing.
struct Bare;

impl Root for Bare {
    fn kind(&self) -> &'static str {
        "bare"
    }

    fn wrap(&self, _aad: &[u8], secret: &[u8]) -> Vec<u8> {
        secret.to_vec()
    }

    fn unwrap(&self, _aad: &[u8], wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        Ok(Secret::copy_of(wrapped))
    }
}

/// From here on a new domain key seals, in all houses of the process.
pub(crate) fn rotate_domain() {
    let mut wrapped = inside().1.lock().unwrap();
    let mut keys = DomainKeys::unwrap(&Bare, &wrapped).unwrap();
    assert!(keys.rotate());
    *wrapped = keys.wrap(&Bare);
    hsm().adopt(keys).unwrap();
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(Compat::Extended).await
    }

    /// A house with the accounts [`OWNER`] and [`OTHER`].
    pub(crate) async fn with(compat: Compat) -> Self {
        Self::behind(Barrier::insecure_none(), compat).await
    }

    /// A house that serves these Regions and no others.
    pub(crate) async fn serving(regions: &[&str]) -> Self {
        let regions = regions.iter().map(|region| region.parse().unwrap()).collect();
        let settings = Settings { regions: Some(regions), ..Settings::default() };
        Self::built(Barrier::insecure_none(), settings).await
    }

    /// The same, whose store has this barrier.
    pub(crate) async fn behind(barrier: Barrier, compat: Compat) -> Self {
        Self::built(barrier, Settings { compat, ..Settings::default() }).await
    }

    async fn built(barrier: Barrier, chosen: Settings) -> Self {
        // Houses trust the attestation documents of the tests' own root.
        let chosen = Settings { attestation_roots: Pki::trusted().roots(), ..chosen };
        let store = Store::open(Engine::memory(), barrier).await.unwrap();
        let clock = Arc::new(FakeClock::default());
        let ids = FakeEntropy::seeded(1);
        let settings = sealroom_audit::Settings { sync: Sync::Interval, lanes: 1, reserve: None };
        let (sign, time): (Arc<dyn Sign>, Arc<dyn Clock>) = (hsm().clone(), clock.clone());
        let journal = Journal::open(store.clone(), FakeEntropy::seeded(2), sign, time, settings).await.unwrap();
        let [doorman, identity] = [Mode::Dev, Mode::Production].map(|mode| {
            let view = store.view(Identity::prefix());
            Identity::new(view, hsm().clone(), FakeEntropy::seeded(3), clock.clone(), mode)
        });
        let kms = room(&store, identity.clone(), ids.clone(), chosen.clone());
        let through = Through::new(kms.clone(), journal.clone());
        let house = Self {
            store,
            kms,
            journal,
            through,
            entropy: ids,
            clock,
            doorman,
            identity,
            read: AtomicU64::new(0),
            chosen,
        };
        for account in [OWNER, OTHER] {
            house.make_account(account).await;
        }
        house.records().await;
        house
    }

    /// Another room over the same rows, with caches of its own.
    pub(crate) fn second_room(&self) -> Kms {
        self.room_with(self.chosen.clone())
    }

    /// A room over the same rows, with these settings.
    pub(crate) fn room_with(&self, settings: Settings) -> Kms {
        room(&self.store, self.identity.clone(), self.entropy.clone(), settings)
    }

    /// IAM, through the journal.
    pub(crate) fn iam(&self) -> Through<Identity, Journal> {
        Through::new(self.identity.clone(), self.journal.clone())
    }

    /// The time by the wall clock.
    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn make_account(&self, id: &str) {
        let call = self.call_of(self.identity.operator_caller(), HERE);
        let input = CreateAccountInput { account_id: Some(id.to_owned()), name: None };
        let made = self.identity.create_account(&call, &input).await;
        assert!(matches!(self.journal.release(made).await, Released::Answer(_)));
    }

    /// The root user of `account`, as a signed request makes one.
    pub(crate) async fn caller(&self, account: &str) -> Caller {
        let mut parts = http::Request::post("/").header("host", "localhost").body(()).unwrap().into_parts().0;
        let credentials = Credentials { access_key_id: account, secret_access_key: b"test", session_token: None };
        let region = HERE.parse().unwrap();
        sigv4::sign(&mut parts, b"{}", &credentials, region, "kms", self.clock.wall()).unwrap();
        let request = sigv4::Request::from(&parts);
        let unauthenticated = Unauthenticated { request, body_sha256: &sha256(b"{}"), rules: Rules::KMS };
        self.doorman.authenticate(&unauthenticated).await.unwrap().caller
    }

    /// Somebody whom no policy names and no account owns.
    pub(crate) fn operator_call(&self) -> Call {
        self.call_of(self.identity.operator_caller(), HERE)
    }

    pub(crate) fn call_of(&self, caller: Caller, region: &str) -> Call {
        let request = RequestInfo {
            id: RequestId::from_random([7; 16]),
            source_ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            user_agent: "tests".into(),
            tls: None,
            secure: false,
        };
        Call::new(caller, region.parse().unwrap(), request, self.clock.service())
    }

    pub(crate) async fn call(&self, account: &str) -> Call {
        self.call_of(self.caller(account).await, HERE)
    }

    /// What `account` reads when it asks for `operation`.
    pub(crate) async fn ask_as(&self, account: &str, operation: &str, request: &Value) -> Answer {
        let call = self.call(account).await;
        self.ask_in(&call, operation, request).await
    }

    /// What the owner of the keys reads.
    pub(crate) async fn ask(&self, operation: &str, request: &Value) -> Answer {
        self.ask_as(OWNER, operation, request).await
    }

    pub(crate) async fn ask_in(&self, call: &Call, operation: &str, request: &Value) -> Answer {
        ask(&self.through, call, operation, request, self.wire()).await
    }

    /// What `call` reads of the room behind `through`.
    pub(crate) async fn ask_through(
        &self,
        through: &Through<Kms, Journal>,
        call: &Call,
        operation: &str,
        request: &Value,
    ) -> Answer {
        ask(through, call, operation, request, self.wire()).await
    }

    /// What the owner of the keys reads in another Region.
    pub(crate) async fn ask_at(&self, region: &str, operation: &str, request: &Value) -> Answer {
        let call = self.call_of(self.caller(OWNER).await, region);
        self.ask_in(&call, operation, request).await
    }

    /// The same through another room.
    pub(crate) async fn ask_room(&self, room: &Kms, operation: &str, request: &Value) -> Answer {
        let call = self.call(OWNER).await;
        ask(&Through::new(room.clone(), self.journal.clone()), &call, operation, request, self.wire()).await
    }

    /// The same for a given call.
    pub(crate) async fn ask_call_in(&self, room: &Kms, call: &Call, operation: &str, request: &Value) -> Answer {
        ask(&Through::new(room.clone(), self.journal.clone()), call, operation, request, self.wire()).await
    }

    fn wire(&self) -> Wire {
        Wire { compat: self.chosen.compat, id: RequestId::from_random([7; 16]) }
    }

    /// Does what is due; how many jobs were done. Of two jobs for one key the later waits for the next round.
    pub(crate) async fn run_due(&self) -> usize {
        let mut done = 0;
        for job in self.kms.due(self.clock.service()).await.unwrap() {
            match Release::<ErrorAnswer>::release(&self.journal, job).await {
                Released::Answer(()) => done += 1,
                Released::Conflict => {}
                other => panic!("{other:?}"),
            }
        }
        done
    }

    /// What the journal has got since this was asked last, oldest first.
    pub(crate) async fn records(&self) -> Vec<Value> {
        self.raw_records().await.iter().map(|record| serde_json::from_slice(record).unwrap()).collect()
    }

    /// The same, byte for byte.
    pub(crate) async fn raw_records(&self) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        loop {
            let page = self.journal.reader().read(0, self.read.load(Ordering::Relaxed), 256).await.unwrap();
            records.extend(page.entries.into_iter().flat_map(|entry| entry.records));
            let Some(next) = page.next else { return records };
            self.read.store(next, Ordering::Relaxed);
        }
    }

    /// Every row below `room`.
    pub(crate) async fn rows(&self, room: &str) -> Vec<Row> {
        let range = Read::Range { prefix: KeyPath::build(room), after: None, limit: Read::MAX_LIMIT };
        self.store.read(&[range]).await.unwrap().into_iter().flat_map(Rows::rows).collect()
    }

    pub(crate) async fn row(&self, path: KeyPath) -> Option<Row> {
        self.store.read(&[Read::Get(path)]).await.unwrap().into_iter().next().and_then(Rows::row)
    }

    pub(crate) async fn commit(&self, batch: Batch) {
        assert!(matches!(self.store.commit(batch).await, Ok(Committed::At(_))));
    }

    /// Brings a key into a state that no served operation leads to.
    pub(crate) async fn set_state(&self, key: &str, state: KeyState) {
        let path = key_path(OWNER, key);
        let document = KeyDocument::from_bytes(&self.row(path.clone()).await.unwrap().value).unwrap();
        let document = KeyDocument { record: document.record.in_state(state), ..document };
        self.commit(Batch::default().put(path, document.to_bytes())).await;
    }

    /// Puts a policy on a key of the owner's as it is: no check is asked.
    pub(crate) async fn set_policy(&self, key: &str, policy: &str) {
        let path = key_path(OWNER, key);
        let document = KeyDocument::from_bytes(&self.row(path.clone()).await.unwrap().value).unwrap();
        let document = KeyDocument { policy: policy.into(), ..document };
        self.commit(Batch::default().put(path, document.to_bytes())).await;
    }

    /// Makes an alias or points it elsewhere, whatever the operations would say to it.
    pub(crate) async fn set_alias(&self, account: &str, name: &str, key: &str) {
        let now = self.clock.service();
        let alias = KeyPath::build("kms").text(account).text(HERE).text("alias").text(name);
        if let Some(row) = self.row(alias.clone()).await {
            let before = AliasRecord::from_bytes(&row.value).unwrap().key.to_string();
            self.change_names(account, &before, |names| names.retain(|known| &**known != name)).await;
        }
        self.change_names(account, key, |names| {
            names.push(name.into());
            names.sort();
        })
        .await;
        let record = AliasRecord { key: key.parse().unwrap(), created: now, updated: now };
        self.commit(Batch::default().put(alias, record.to_bytes())).await;
    }

    /// Changes the list of a key's aliases.
    async fn change_names(&self, account: &str, key: &str, change: impl FnOnce(&mut Vec<Box<str>>)) {
        let path = KeyPath::build("kms").text(account).text(HERE).text("named").text(key);
        let row = self.row(path.clone()).await;
        let before = row.map(|row| KeyAliases::from_bytes(&row.value).unwrap()).unwrap_or_default();
        let mut names: Vec<Box<str>> = before.names.into();
        change(&mut names);
        self.commit(Batch::default().put(path, KeyAliases { names: names.into() }.to_bytes())).await;
    }
}

fn room(store: &Store, identity: Identity, ids: Arc<FakeEntropy>, settings: Settings) -> Kms {
    let door = Door::new(hsm().clone(), 1, 16);
    let seal: Arc<dyn Seal> = hsm().clone();
    Kms::new(store.view(Kms::prefix()), door, identity, seal, ids, settings)
}

async fn ask(through: &Through<Kms, Journal>, call: &Call, operation: &str, request: &Value, wire: Wire) -> Answer {
    let operation = kms::Operation::from_name(operation).unwrap();
    let body = serde_json::to_vec(request).unwrap();
    match kms::serve(through, call, operation, &body, wire).await {
        Served::Answer(body) if body.is_empty() => Answer::Ok(Value::Null),
        Served::Answer(body) => Answer::Ok(serde_json::from_slice(&body).unwrap()),
        Served::Refused(error) | Served::Undecodable(error) => {
            Answer::Refused { code: error.code.into_owned(), message: error.message }
        }
    }
}

/// Where a key's row lies.
pub(crate) fn key_path(account: &str, key: &str) -> KeyPath {
    KeyPath::build("kms").text(account).text(HERE).text("key").text(key)
}

pub(crate) fn arn(account: &str, key: &str) -> String {
    let (region, account): (Region, AccountId) = (HERE.parse().unwrap(), account.parse().unwrap());
    KeyArn { region, account, key: key.parse().unwrap() }.to_string()
}
