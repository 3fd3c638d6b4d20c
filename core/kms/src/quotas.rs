//! Quotas: how many calls an account may make in a Region, and how many keys it may have there.
//!
//! AWS's request quotas hold when the operator asks for them; without that, nothing is counted. A quota of `n` calls a
//! second is a bucket of `n` that fills evenly: AWS publishes the numbers, and nothing of bursts. Every node counts for
//! itself, forgets when it ends, and gives its part when there are several. A call is charged once, to the account of its caller, when its key is known and
//! before anything is decided; a call that is repeated because of a conflict is charged again.
//!
//! What would surprise: keys and grants aren't counted one by one. See `Kms::has_ample_room`.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealroom_foundation::{AccountId, KeyArn, Region, Timestamp};
use sealroom_hsm::Spec;
use sealroom_identity::Call;
use sealroom_store::{Batch, Committed, Guard, KeyPath};

use crate::aliases;
use crate::error::KmsError;
use crate::grants;
use crate::kms::Kms;
use crate::operation::Operation;
use crate::paths::{self, AliasName};
use crate::report::Report;

mod rates;

use rates::{Quota, Rate};

/// LIMIT: buckets of a shard that aren't full, and paths below which it is known how many rows there can still be.
const BUCKETS: usize = 4_096;
/// LIMIT: parts with a lock of their own.
const SHARDS: usize = 16;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// LIMIT: AWS managed keys of an account in a Region; there are far fewer services that have one.
const MANAGED: u32 = 64;

/// How many of each thing there may be; AWS's adjustable quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Customer managed keys of an account in a Region, in whatever state.
    pub keys: u32,
    /// Aliases of a key.
    pub aliases_per_key: u32,
    /// Grants on a key.
    pub grants_per_key: u32,
}

impl Default for Limits {
    /// AWS's.
    fn default() -> Self {
        Self { keys: 100_000, aliases_per_key: 50, grants_per_key: 50_000 }
    }
}

/// Whether calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestQuotas {
    /// As many calls as the machine can serve.
    #[default]
    Off,
    /// AWS's request quotas.
    Aws {
        /// How many nodes share them; each gives its part, and one call at a time at least.
        nodes: NonZeroU32,
    },
}

/// What is counted while the process runs.
pub(crate) struct Quotas {
    limits: Limits,
    requests: Option<Buckets>,
    /// How many rows can be made below a path before anyone has to count again.
    known_room: Mutex<HashMap<KeyPath, u32>>,
}

impl Quotas {
    pub(crate) fn new(limits: Limits, requests: RequestQuotas) -> Self {
        let requests = match requests {
            RequestQuotas::Off => None,
            RequestQuotas::Aws { nodes } => Some(Buckets::new(nodes)),
        };
        Self { limits, requests, known_room: Mutex::default() }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    fn known_room(&self) -> MutexGuard<'_, HashMap<KeyPath, u32>> {
        self.known_room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn takes_known_room(&self, prefix: &KeyPath) -> bool {
        let mut known = self.known_room();
        match known.get_mut(prefix) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            Some(_) | None => false,
        }
    }

    fn learn_room(&self, prefix: &KeyPath, room: u32) {
        let mut known = self.known_room();
        if known.len() >= BUCKETS {
            // Whoever is forgotten is counted again.
            known.clear();
        }
        known.insert(prefix.clone(), room);
    }
}

impl Kms {
    /// Charges the call that `report` tells of, once, and before its key is known if `spec` is `None`.
    ///
    /// # Errors
    /// [`KmsError::Throttled`].
    pub(crate) fn admit(
        &self,
        call: &Call,
        operation: &Operation,
        spec: Option<Spec>,
        report: &mut Report<'_>,
    ) -> Result<(), KmsError> {
        let Some(buckets) = &self.quotas.requests else { return Ok(()) };
        if !report.is_first_charge() {
            return Ok(());
        }
        let quota = rates::of(operation.name, spec, call.region());
        let taken = buckets.take(call.caller().account(), call.region(), &quota, call.now());
        if taken { Ok(()) } else { Err(KmsError::Throttled) }
    }

    /// As [`Kms::admit`], for an operation that makes a key pair of `pair` and is charged for that alone.
    ///
    /// # Errors
    /// [`KmsError::Throttled`].
    pub(crate) fn admit_pair(&self, call: &Call, pair: &'static str, report: &mut Report<'_>) -> Result<(), KmsError> {
        let Some(buckets) = &self.quotas.requests else { return Ok(()) };
        if !report.is_first_charge() {
            return Ok(());
        }
        let quota = rates::of_pair(pair);
        let taken = buckets.take(call.caller().account(), call.region(), &quota, call.now());
        if taken { Ok(()) } else { Err(KmsError::Throttled) }
    }

    /// Whether the account can have one more key in the Region: the guards under which that is so, to be put into the
    /// batch that makes the key.
    ///
    /// # Errors
    /// [`KmsError::KeyQuota`], and what the store refuses with.
    pub(crate) async fn room_for_key(&self, account: AccountId, region: Region) -> Result<Batch, KmsError> {
        let (keys, most) = (paths::keys(account, region), self.quotas.limits.keys);
        if self.has_ample_room(&keys, most).await? {
            return Ok(Batch::default());
        }
        let others = most.saturating_add(self.managed_keys(account, region).await?).saturating_sub(1);
        self.room_for_last(keys, others).await?.ok_or(KmsError::KeyQuota { most })
    }

    /// Whether `key` can have one more grant: the guards under which that is so.
    ///
    /// # Errors
    /// [`KmsError::GrantQuota`], and what the store refuses with.
    pub(crate) async fn room_for_grant(&self, key: &KeyArn) -> Result<Batch, KmsError> {
        let (grants, most) = (grants::paths::grants(key), self.quotas.limits.grants_per_key);
        if self.has_ample_room(&grants, most).await? {
            return Ok(Batch::default());
        }
        self.room_for_last(grants, most.saturating_sub(1)).await?.ok_or(KmsError::GrantQuota { most })
    }

    /// Whether there is so much room below `prefix`, of `most` rows, that nobody has to count for the next one.
    ///
    /// Counting walks all rows, so it is done rarely: when there is room for `n`, an eighth of `n` are made before the next
    /// count, which holds the quota for up to eight nodes on one store. The last 128 are guarded one by one.
    async fn has_ample_room(&self, prefix: &KeyPath, most: u32) -> Result<bool, KmsError> {
        if self.quotas.takes_known_room(prefix) {
            return Ok(true);
        }
        for part in [2, 16, 128, 1_024] {
            let room = most / part;
            if room >= 128 && self.room_for_last(prefix.clone(), most - room).await?.is_some() {
                self.quotas.learn_room(prefix, room / 8);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The guard that there are `most` rows at most below `prefix`, if that is so now. A batch without writes asks the
    /// store to count: it reads no row.
    async fn room_for_last(&self, prefix: KeyPath, most: u32) -> Result<Option<Batch>, KmsError> {
        let counted = Batch::default().guard(Guard::AtMost(prefix, most));
        let holds = matches!(self.view.commit(counted.clone()).await?, Committed::At(_));
        Ok(holds.then_some(counted))
    }

    /// How many AWS managed keys the account has in the Region: they don't count, and each has its alias.
    async fn managed_keys(&self, account: AccountId, region: Region) -> Result<u32, KmsError> {
        let first = AliasName { account, region, name: aliases::RESERVED.into() };
        let (rows, _) = self.rows(paths::aliases(account, region), Some(paths::alias(&first)), MANAGED).await?;
        let managed = rows
            .iter()
            .filter_map(|row| paths::alias_of(&row.path))
            .take_while(|alias| aliases::is_reserved(&alias.name));
        Ok(u32::try_from(managed.count()).unwrap_or(MANAGED))
    }
}

/// A bucket's name: whose calls, where, of which quota.
type Name = (AccountId, Region, &'static str);

/// The buckets that aren't full. For each stands the moment at which it will be, in nanoseconds.
struct Buckets {
    nodes: NonZeroU32,
    hasher: RandomState,
    shards: [Mutex<HashMap<Name, i64>>; SHARDS],
}

impl Buckets {
    fn new(nodes: NonZeroU32) -> Self {
        Self { nodes, hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Takes one call out of a bucket; `false` when there is none left at `now`.
    fn take(&self, account: AccountId, region: Region, quota: &Quota, now: Timestamp) -> bool {
        let now = now.as_micros().saturating_mul(1_000);
        let Rate { calls, seconds } = quota.rate;
        let period = i64::from(seconds).saturating_mul(NANOS_PER_SECOND);
        let each = period.saturating_mul(i64::from(self.nodes.get())) / i64::from(calls.max(1));
        let name = (account, region, quota.name);
        let shard = usize::try_from(self.hasher.hash_one(name) % 16).unwrap_or_default();
        let Some(shard) = self.shards.get(shard) else { return false };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = shard.get(&name).copied().unwrap_or(now).max(now);
        let full_at = full_at.saturating_add(each);
        if full_at.saturating_sub(now) > period.max(each) {
            return false;
        }
        if shard.len() >= BUCKETS && !shard.contains_key(&name) {
            // A full bucket is as good as none.
            shard.retain(|_, full_at| *full_at > now);
            if shard.len() >= BUCKETS {
                return false;
            }
        }
        shard.insert(name, full_at);
        true
    }
}

#[cfg(test)]
mod tests;
