//! [`Credential`]: an access key as it is kept while it is in use, with the signing keys derived from it and whom it makes
//! the caller.
//!
//! Bounded, and void as a whole when its row changes: no signing key outlives the secret it came from. Temporary
//! credentials have no row; what they make of the caller is asked anew like that of all others, and they end by themselves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use sealroom_api::sigv4::{Presented, SigningKey};
use sealroom_foundation::{AccessKeyId, AccountId, Partition, Region, Secret};
use sealroom_store::StoreError;

use crate::controls::AllControls;
use crate::session::{Bearer, Session};
use crate::standing::{Standing, Standings};
use crate::who::Who;

/// LIMIT: signing keys kept per access key: two days of four Regions and services.
pub(crate) const SIGNING_KEYS: usize = 8;

/// An access key.
pub(crate) struct Credential {
    id: AccessKeyId,
    of: Owner,
    secret: Secret<[u8]>,
    /// What it last made of the caller.
    known: RwLock<Option<Arc<Known>>>,
    /// Oldest first.
    signing_keys: RwLock<Vec<Signing>>,
}

/// Whose access key it is.
pub(crate) enum Owner {
    /// An account's root user.
    Root(AccountId),
    /// A user, by its unique id.
    User(AccountId, Box<str>),
    /// Whoever the session is of.
    Session(Arc<Session>),
}

/// Whom a credential makes the caller, as long as that user or role and its policies are as they were.
struct Known {
    standing: Option<Arc<Standing>>,
    controls: Arc<AllControls>,
    /// Up to this position of the feed all of it was seen to hold.
    seen: AtomicU64,
    who: [OnceLock<Arc<Who>>; 3],
}

struct Signing {
    date: Box<str>,
    region: Region,
    service: Box<str>,
    key: Arc<SigningKey>,
}

impl Credential {
    pub(crate) fn new(id: AccessKeyId, of: Owner, secret: Secret<[u8]>) -> Self {
        Self { id, of, secret, known: RwLock::default(), signing_keys: RwLock::default() }
    }

    /// The session that these are the temporary credentials of.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match &self.of {
            Owner::Root(_) | Owner::User(..) => None,
            Owner::Session(session) => Some(session),
        }
    }

    /// The caller of `partition`, whose ARN differs with it; `None` when the user or role is gone.
    ///
    /// # Errors
    /// [`StoreError`] when that can't be told.
    pub(crate) async fn who(
        &self,
        partition: Partition,
        standings: &Standings,
    ) -> Result<Option<Arc<Who>>, StoreError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let holds = |known: &Arc<Known>| known.holds(standings);
        let known = match known.filter(holds) {
            Some(known) => known,
            None => match Box::pin(self.learn(standings)).await? {
                Some(known) => known,
                None => return Ok(None),
            },
        };
        let [aws, china, gov] = &known.who;
        let slot = match partition {
            Partition::Aws => aws,
            Partition::AwsCn => china,
            Partition::AwsUsGov => gov,
        };
        Ok(Some(Arc::clone(slot.get_or_init(|| Arc::new(self.made(partition, &known))))))
    }

    async fn learn(&self, standings: &Standings) -> Result<Option<Arc<Known>>, StoreError> {
        let (account, holder) = self.holder();
        let standing = match holder {
            None => None,
            Some(id) => {
                let session = self.session().map(|session| &**session);
                let Some(standing) = standings.of(account, id, session).await? else { return Ok(None) };
                Some(Arc::new(standing))
            }
        };
        let controls = standings.controls.now().await?;
        let known = Known { standing, controls, seen: AtomicU64::new(u64::MAX), who: Default::default() };
        let known = Arc::new(known);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(Some(known))
    }

    /// The account, and the unique id of the user or role, if it is one.
    fn holder(&self) -> (AccountId, Option<&str>) {
        match &self.of {
            Owner::Root(account) => (*account, None),
            Owner::User(account, id) => (*account, Some(id)),
            Owner::Session(session) => match &session.record.bearer {
                Bearer::Root => (session.account, None),
                Bearer::User { id } | Bearer::Role { id, .. } | Bearer::Federated { id, .. } => {
                    (session.account, Some(id))
                }
            },
        }
    }

    fn made(&self, partition: Partition, known: &Known) -> Who {
        let (account, controls) = (self.holder().0, Arc::clone(&known.controls));
        let who = match &known.standing {
            None => Who::root(account, partition, self.id, self.session()),
            Some(standing) => Who::holder(account, partition, self.id, Arc::clone(standing), self.session()),
        };
        who.within(controls)
    }

    /// The key for what `presented` is scoped to, if it is kept: a read lock and no derivation.
    pub(crate) fn kept_signing_key(&self, presented: &Presented<'_>) -> Option<Arc<SigningKey>> {
        let keys = self.signing_keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|kept| kept.is_for(presented)).map(|kept| Arc::clone(&kept.key))
    }

    /// The key for what `presented` is scoped to, derived anew.
    pub(crate) fn derive_signing_key(&self, presented: &Presented<'_>) -> SigningKey {
        let region = presented.region();
        SigningKey::derive(self.secret.expose(), presented.date(), region.as_str(), presented.service())
    }

    /// Keeps a key that has just proved right; what is kept longest makes room.
    ///
    /// Only then: whoever knows an access key's id but not its secret must not be able to push good keys out.
    pub(crate) fn keep_signing_key(&self, presented: &Presented<'_>, key: SigningKey) {
        let mut keys = self.signing_keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.iter().any(|kept| kept.is_for(presented)) {
            return;
        }
        if keys.len() >= SIGNING_KEYS {
            keys.remove(0);
        }
        keys.push(Signing {
            date: presented.date().into(),
            region: presented.region(),
            service: presented.service().into(),
            key: Arc::new(key),
        });
    }

    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.signing_keys.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Known {
    /// Whether all that it was made of still is as it was: one atomic load while nothing is committed.
    fn holds(&self, standings: &Standings) -> bool {
        // Read first: what is committed meanwhile is past it, and looked at the next time.
        let Some(head) = standings.head() else { return false };
        if self.seen.load(Ordering::Acquire) == head {
            return true;
        }
        let controls = standings.controls.held().is_some_and(|held| Arc::ptr_eq(&held, &self.controls));
        let holds = controls && self.standing.as_ref().is_none_or(|standing| standings.hold(standing));
        if holds {
            self.seen.store(head, Ordering::Release);
        }
        holds
    }
}

impl Signing {
    fn is_for(&self, presented: &Presented<'_>) -> bool {
        *self.date == *presented.date() && self.region == presented.region() && *self.service == *presented.service()
    }
}
