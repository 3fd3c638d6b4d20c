//! The ports as fakes, a room over the memory engine, and requests signed for it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sealroom_api::sigv4::{self, Credentials, Refusal, Rules};
use sealroom_crypto::digest::sha256;
use sealroom_crypto::mac::hmac_sha256;
use sealroom_foundation::ports::{Clock, Entropy, Purpose, Seal, SealBroken};
use sealroom_foundation::{RequestId, Secret, Timestamp};
use sealroom_store::{Barrier, Engine, Store};

use crate::{Authenticated, Call, Caller, Identity, Mode, RequestInfo, Unauthenticated};

/// When every test begins.
pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

/// Seals with a tag over everything and hides nothing of the plaintext but its bits: enough to see what isn't bound.
#[derive(Default)]
pub(crate) struct FakeSeal(AtomicU64);

impl FakeSeal {
    fn tag(purpose: Purpose, aad: &[u8], body: &[u8]) -> [u8; 32] {
        let bound = [purpose.label().as_bytes(), b"|", &sha256(aad), body].concat();
        hmac_sha256(b"fake", &bound)
    }
}

impl Seal for FakeSeal {
    fn seal(&self, purpose: Purpose, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let nonce = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let hidden: Vec<u8> = plaintext.iter().map(|byte| byte ^ 0xa5).collect();
        let body = [&nonce[..], &hidden].concat();
        [&Self::tag(purpose, aad, &body)[..], &body].concat()
    }

    fn open(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        let (tag, body) = sealed.split_at_checked(32).ok_or(SealBroken)?;
        if tag != Self::tag(purpose, aad, body) {
            return Err(SealBroken);
        }
        let hidden = body.get(8..).ok_or(SealBroken)?;
        Ok(Secret::from_vec(hidden.iter().map(|byte| byte ^ 0xa5).collect()))
    }

    /// Always anew: it has one key.
    fn reseal(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, SealBroken> {
        self.open(purpose, aad, sealed).map(|value| Some(self.seal(purpose, aad, value.expose())))
    }
}

/// Other bytes at every draw, the same in every run.
#[derive(Default)]
pub(crate) struct FakeEntropy(AtomicU64);

impl Entropy for FakeEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let draw = self.0.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&sha256(&draw.to_be_bytes())[..chunk.len()]);
        }
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
        NOW.plus_seconds(self.0.load(Ordering::Relaxed))
    }

    fn service(&self) -> Timestamp {
        self.wall()
    }
}

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) clock: Arc<FakeClock>,
}

impl House {
    pub(crate) async fn new(mode: Mode) -> Self {
        let store = Store::open(Engine::memory(), Barrier::insecure_none()).await.unwrap();
        let clock = Arc::new(FakeClock::default());
        let view = store.view(Identity::prefix());
        let seal: Arc<dyn Seal> = Arc::new(FakeSeal::default());
        let entropy: Arc<dyn Entropy> = Arc::new(FakeEntropy::default());
        let identity = Identity::new(view, seal, entropy, Arc::clone(&clock) as Arc<dyn Clock>, mode);
        Self { store, identity, clock }
    }

    pub(crate) fn call(&self, caller: Caller) -> Call {
        let request = RequestInfo {
            id: RequestId::from_random([7; 16]),
            source_ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            user_agent: "tests".into(),
            tls: None,
            secure: false,
        };
        Call::new(caller, "us-east-1".parse().unwrap(), request, self.clock.service())
    }

    pub(crate) fn operator_call(&self) -> Call {
        self.call(self.identity.operator_caller())
    }

    pub(crate) async fn authenticate(&self, signed: &Signed<'_>) -> Result<Authenticated, Refusal> {
        self.arrive(&signed.signed_at(self), signed.arrived).await
    }

    pub(crate) async fn authenticate_parts(&self, parts: &http::request::Parts) -> Result<Authenticated, Refusal> {
        self.arrive(parts, b"{}").await
    }

    async fn arrive(&self, parts: &http::request::Parts, body: &[u8]) -> Result<Authenticated, Refusal> {
        let request = sigv4::Request::from(parts);
        let body_sha256 = sha256(body);
        self.identity.authenticate(&Unauthenticated { request, body_sha256: &body_sha256, rules: Rules::KMS }).await
    }
}

/// A KMS request as a client signs it, and the body that arrives.
pub(crate) struct Signed<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a [u8],
    pub(crate) token: Option<&'a str>,
    pub(crate) region: &'a str,
    pub(crate) arrived: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn with(id: &'a str, secret: &'a [u8]) -> Self {
        Self { id, secret, token: None, region: "us-east-1", arrived: b"{}" }
    }

    pub(crate) fn signed_at(&self, house: &House) -> http::request::Parts {
        let request = http::Request::post("/").header("host", "localhost").body(()).unwrap();
        let mut parts = request.into_parts().0;
        let credentials =
            Credentials { access_key_id: self.id, secret_access_key: self.secret, session_token: self.token };
        sigv4::sign(&mut parts, b"{}", &credentials, self.region.parse().unwrap(), "kms", house.clock.wall()).unwrap();
        parts
    }
}
