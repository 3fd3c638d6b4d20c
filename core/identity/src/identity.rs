//! [`Identity`]: from a signed request to a caller.

use std::cell::RefCell;
use std::sync::Arc;

use sealroom_api::sigv4::{Presented, Refusal, Request, Rules};
use sealroom_foundation::ports::{Clock, Entropy, Purpose, Seal};
use sealroom_foundation::{AccessKeyId, AccountId, Region, Secret};
use sealroom_store::{Answer, KeyPath, Mirror, Read, StoreError, View};

use crate::caller::Caller;
use crate::credential::{Credential, Owner};
use crate::records::{self, AccessKeyRecord};
use crate::service::{Service, ServiceIdentity};
use crate::session;
use crate::standing::Standings;
use crate::who::Who;

/// LIMIT: access keys kept ready.
const CREDENTIALS: usize = 10_000;
/// What the ids of temporary access keys begin with.
pub(crate) const TEMPORARY: &str = "ASIA";
/// LIMIT: capacity of a thread's canonical-request buffer that is kept for the next request.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    static CANONICAL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Which access keys there are besides those in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// None.
    Production,
    /// `test` is root of 000000000000, twelve digits are root of that account, and the secret of each is `test`.
    Dev,
}

/// A request that nobody has vouched for.
#[derive(Debug, Clone, Copy)]
pub struct Unauthenticated<'a> {
    /// Its head.
    pub request: Request<'a>,
    /// The SHA-256 of its whole body, as it arrived.
    pub body_sha256: &'a [u8; 32],
    /// What the service asks of a signature.
    pub rules: Rules<'a>,
}

/// A request whose signature holds.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// Who signed.
    pub caller: Caller,
    /// The Region that it is signed for.
    pub region: Region,
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    pub(crate) room: Arc<Room>,
}

pub(crate) struct Room {
    pub(crate) view: View,
    pub(crate) seal: Arc<dyn Seal>,
    pub(crate) entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
    mode: Mode,
    credentials: Mirror<AccessKeyId, Credential>,
    pub(crate) standings: Standings,
}

impl Identity {
    /// The room over its rows. `view` must reach [`Identity::prefix`].
    #[must_use]
    pub fn new(view: View, seal: Arc<dyn Seal>, entropy: Arc<dyn Entropy>, clock: Arc<dyn Clock>, mode: Mode) -> Self {
        let credentials = Mirror::new(view.feed(), CREDENTIALS, records::access_key_of);
        let standings = Standings::new(view.clone());
        Self { room: Arc::new(Room { view, seal, entropy, clock, mode, credentials, standings }) }
    }

    /// Where this room's rows lie.
    #[must_use]
    pub fn prefix() -> KeyPath {
        records::root()
    }

    /// Checks the signature of a request and says whose it is. On the usual way nothing is awaited and nothing is
    /// locked exclusively.
    ///
    /// # Errors
    /// The first thing that is wrong, in AWS's order; [`Refusal::Unreachable`] when the store can't be read.
    pub async fn authenticate(&self, asked: &Unauthenticated<'_>) -> Result<Authenticated, Refusal> {
        let Unauthenticated { request, body_sha256, rules } = asked;
        let presented = Presented::read(request, rules, self.room.clock.wall())?;
        let id: AccessKeyId = presented.access_key_id().parse().map_err(|_| Refusal::UnknownKey)?;
        let credential = self.room.credential(id, presented.session_token()).await?;
        match credential.kept_signing_key(&presented) {
            Some(key) => with_scratch(|scratch| presented.verify(request, body_sha256, &key, scratch))?,
            None => {
                let key = credential.derive_signing_key(&presented);
                with_scratch(|scratch| presented.verify(request, body_sha256, &key, scratch))?;
                credential.keep_signing_key(&presented, key);
            }
        }
        self.room.admit(&credential, &presented)?;
        let region = presented.region();
        let who = credential.who(region.partition(), &self.room.standings).await;
        // A user or role that is gone makes nobody the caller, however good the signature.
        let who = who.map_err(|_| Refusal::Unreachable)?.ok_or(Refusal::UnknownKey)?;
        Ok(Authenticated { caller: Caller::from(who), region })
    }

    /// Whoever speaks over the operator's socket. For that socket's listener alone: the file's mode is what
    /// authenticates.
    #[must_use]
    pub fn operator_caller(&self) -> Caller {
        Caller::from(Arc::new(Who::operator()))
    }

    /// The name under which a room acts by itself. For whoever puts the rooms together, once for each.
    #[must_use]
    pub fn service(&self, service: Service) -> ServiceIdentity {
        ServiceIdentity::new(service)
    }

    /// Whether `account` exists. In dev mode every account does.
    ///
    /// # Errors
    /// [`StoreError`] when the store can't say.
    pub async fn account_exists(&self, account: AccountId) -> Result<bool, StoreError> {
        if self.room.mode == Mode::Dev {
            return Ok(true);
        }
        let answers = self.room.view.read(&[Read::Get(records::account(account))]).await?;
        Ok(answers.into_iter().next().and_then(Answer::row).is_some())
    }
}

impl Room {
    async fn credential(&self, id: AccessKeyId, token: Option<&str>) -> Result<Arc<Credential>, Refusal> {
        let found = self.credentials.get_or_load(&id, || self.load(id, token)).await?.ok_or(Refusal::UnknownKey)?;
        match (found.session(), token) {
            // AWS: temporary credentials without their token are unknown.
            (Some(_), None) => Err(Refusal::UnknownKey),
            (Some(session), Some(token)) if *session.token != *token => Err(Refusal::BadSessionToken),
            (Some(_), Some(_)) | (None, _) => Ok(found),
        }
    }

    async fn load(&self, id: AccessKeyId, token: Option<&str>) -> Result<Option<Credential>, Refusal> {
        if let Some(account) = self.dev_account(id) {
            return Ok(Some(Credential::new(id, Owner::Root(account), Secret::copy_of(b"test"))));
        }
        if id.as_str().starts_with(TEMPORARY) {
            let Some(token) = token else { return Ok(None) };
            let (session, secret) = session::open(&*self.seal, id, token).ok_or(Refusal::BadSessionToken)?;
            return Ok(Some(Credential::new(id, Owner::Session(Arc::new(session)), secret)));
        }
        let read = [Read::Get(records::access_key(id))];
        let answers = self.view.read(&read).await.map_err(|_| Refusal::Unreachable)?;
        let Some(row) = answers.into_iter().next().and_then(Answer::row) else { return Ok(None) };
        // A row of ours that doesn't read or open isn't the caller's fault.
        let record = AccessKeyRecord::decode(&row.value).ok_or(Refusal::Unreachable)?;
        if record.inactive {
            return Ok(None);
        }
        let (account, sealed) = record.account().zip(record.sealed_secret()).ok_or(Refusal::Unreachable)?;
        let secret = self
            .seal
            .open(Purpose::AccessKeySecret, id.as_str().as_bytes(), &sealed)
            .map_err(|_| Refusal::Unreachable)?;
        let owner = match record.user {
            None => Owner::Root(account),
            Some(user) => Owner::User(account, user.into()),
        };
        Ok(Some(Credential::new(id, owner, secret)))
    }

    /// Whether the credentials may be used now, in the way in which they were.
    fn admit(&self, credential: &Credential, presented: &Presented<'_>) -> Result<(), Refusal> {
        match (credential.session(), presented.session_token()) {
            (None, Some(_)) => Err(Refusal::BadSessionToken),
            (Some(session), _) if session.record.expires() <= self.clock.service() => Err(Refusal::ExpiredToken),
            (Some(_), _) | (None, None) => Ok(()),
        }
    }

    #[cfg(test)]
    pub(crate) fn kept_signing_keys(&self, id: AccessKeyId) -> usize {
        self.credentials.get(&id).map_or(0, |credential| credential.kept())
    }

    fn dev_account(&self, id: AccessKeyId) -> Option<AccountId> {
        match (self.mode, id.as_str()) {
            (Mode::Production, _) => None,
            (Mode::Dev, "test") => "000000000000".parse().ok(),
            (Mode::Dev, digits) => digits.parse().ok(),
        }
    }
}

/// Lends this thread's buffer, so that a canonical request costs no allocation.
fn with_scratch<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    CANONICAL.with_borrow_mut(|scratch| {
        let done = work(scratch);
        scratch.clear();
        scratch.shrink_to(SCRATCH);
        done
    })
}
