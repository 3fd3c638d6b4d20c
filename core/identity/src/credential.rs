//! [`Credential`]: an access key as it is kept while it is in use, with the signing keys derived from it.
//!
//! Bounded, and void as a whole when its row changes: no signing key outlives the secret it came from.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use sealroom_api::sigv4::{Presented, SigningKey};
use sealroom_foundation::{AccessKeyId, AccountId, Partition, Region, Secret};

use crate::caller::Who;

/// LIMIT: signing keys kept per access key: two days of four Regions and services.
pub(crate) const SIGNING_KEYS: usize = 8;

/// An account's root access key.
pub(crate) struct Credential {
    id: AccessKeyId,
    account: AccountId,
    secret: Secret<[u8]>,
    who: [OnceLock<Arc<Who>>; 3],
    /// Oldest first.
    signing_keys: RwLock<Vec<Signing>>,
}

struct Signing {
    date: Box<str>,
    region: Region,
    service: Box<str>,
    key: Arc<SigningKey>,
}

impl Credential {
    pub(crate) fn new(id: AccessKeyId, account: AccountId, secret: Secret<[u8]>) -> Self {
        Self { id, account, secret, who: Default::default(), signing_keys: RwLock::default() }
    }

    /// The root user as a caller of `partition`, whose ARN differs with it.
    pub(crate) fn who(&self, partition: Partition) -> Arc<Who> {
        let [aws, china, gov] = &self.who;
        let slot = match partition {
            Partition::Aws => aws,
            Partition::AwsCn => china,
            Partition::AwsUsGov => gov,
        };
        Arc::clone(slot.get_or_init(|| Arc::new(Who::root(self.account, partition, self.id))))
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

impl Signing {
    fn is_for(&self, presented: &Presented<'_>) -> bool {
        *self.date == *presented.date() && self.region == presented.region() && *self.service == *presented.service()
    }
}
