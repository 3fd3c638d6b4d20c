//! Multi-Region keys: keys of one id in several Regions, one of them the primary.
//!
//! Related keys share what they are made of (the material, its rotation, and which of them is the primary) and nothing
//! else. All Regions lie in one store, so each of them holds its own copy of what is shared, and whatever changes that
//! writes all of them in one batch: nobody ever sees two primaries, or a replica that lacks what its primary encrypts
//! with. The older pieces and the history stand once, under [`KeyRecord::home`].
//!
//! What would surprise: a replica is complete as soon as it is written, and a new primary is one at once. Creating and
//! Updating are shown for as long as AWS shows them, and end when their due row comes up.

use std::sync::Arc;

use sealroom_api::{Compat, ErrorAnswer};
use sealroom_audit::{Effect, Event as Told, EventContext, Resource};
use sealroom_foundation::{KeyArn, Region, Timestamp};
use sealroom_hsm::Origin;
use sealroom_store::{Batch, Guard, Row};

use crate::change;
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::lifecycle::{self, Event, Next};
use crate::paths::Due;
use crate::record::{KeyRecord, Material, MultiRegion, MultiRegionRole};
use crate::report::{Report, SOURCE};
use crate::state::KeyState;

/// LIMIT: replicas of a primary. AWS has fewer Regions; here a dev server serves any that is named.
pub(crate) const REPLICAS: usize = 100;

/// The shortest waiting period.
const SHORTEST_WINDOW_DAYS: u16 = 7;

/// What holds for the multi-Region keys of a server.
#[derive(Debug, Clone)]
pub(crate) struct MultiRegionRules {
    /// The Regions that are served; `None`: every one.
    regions: Option<Arc<[Region]>>,
    /// For how long a new replica is Creating, and two keys that change places are Updating.
    pub(crate) settle_seconds: i64,
}

impl MultiRegionRules {
    /// AWS: a few seconds. Ours: until the next round of what is due.
    pub(crate) fn new(regions: Option<Vec<Region>>, compat: Compat) -> Self {
        let settle_seconds = match compat {
            Compat::Aws => 5,
            Compat::Extended => 0,
        };
        Self { regions: regions.map(Arc::from), settle_seconds }
    }

    /// Whether keys can be in `region`.
    pub(crate) fn serve(&self, region: &Region) -> bool {
        self.regions.as_deref().is_none_or(|served| served.contains(region))
    }
}

impl MultiRegion {
    /// The list of a new primary.
    pub(crate) fn primary_of(region: Region) -> Self {
        Self { role: MultiRegionRole::Primary, primary: region, home: region, replicas: Vec::new() }
    }

    /// The same list, as the key in `region` holds it.
    pub(crate) fn seen_from(&self, region: Region) -> Self {
        let role = if region == self.primary { MultiRegionRole::Primary } else { MultiRegionRole::Replica };
        Self { role, ..self.clone() }
    }

    /// With a replica in `region`.
    pub(crate) fn joined_by(mut self, region: Region) -> Self {
        self.replicas.push(region);
        self
    }

    /// Without the replica in `region`.
    fn left_by(mut self, region: Region) -> Self {
        self.replicas.retain(|replica| *replica != region);
        self
    }

    /// With the replica in `region` as the primary, and the primary in the replica's place.
    pub(crate) fn led_by(mut self, region: Region) -> Self {
        for replica in &mut self.replicas {
            if *replica == region {
                *replica = self.primary;
            }
        }
        self.primary = region;
        self
    }
}

/// Whether a primary's change is one of its replicas too.
fn is_shared(before: &KeyRecord, after: &KeyRecord) -> bool {
    let material = |record: &KeyRecord| record.material.as_ref().map(Material::id);
    before.rotation != after.rotation
        || material(before) != material(after)
        || before.imports.pending != after.imports.pending
}

/// That what the key shares was brought to its replicas: recorded for the primary, as AWS does.
pub(crate) fn synchronized(primary: &KeyArn, now: Timestamp) -> Told {
    let context = EventContext::internal(primary.account, primary.region, now);
    let elements = format!(r#"{{"keyId":"{primary}"}}"#).into_bytes();
    Told::service(&context, SOURCE, "SynchronizeMultiRegionKey").response(elements).resource(Resource::Key(*primary))
}

/// Who takes the place of the primary `gone`, if it is one: a replica that stays, if there is one.
fn heir(gone: &KeyRecord, relatives: &[Loaded]) -> Option<Region> {
    if gone.is_replica() {
        return None;
    }
    let stays = |relative: &&Loaded| !matches!(relative.entry.record.state, KeyState::PendingDeletion { .. });
    let heir = relatives.iter().find(stays).or_else(|| relatives.first());
    heir.map(|heir| heir.entry.record.arn.region)
}

/// The batch that writes `keys`, all that are related to each other, with their new list.
pub(crate) fn regrouped<'a>(keys: impl IntoIterator<Item = (&'a Loaded, KeyRecord)>, list: &MultiRegion) -> Batch {
    keys.into_iter().fold(Batch::default(), |mut batch, (key, mut record)| {
        record.multi_region = Some(list.seen_from(record.arn.region));
        batch.append(change::written(key, &record));
        batch
    })
}

impl Kms {
    /// The other keys that are related to `record`, as the store has them now. One that has gone since `record` was read
    /// is left out: its going changed the row of `record` as well, which every batch about them guards.
    pub(crate) async fn relatives(&self, record: &KeyRecord) -> Result<Vec<Loaded>, KmsError> {
        let mut relatives = Vec::new();
        for arn in record.relatives() {
            relatives.extend(self.load(&arn).await?);
        }
        Ok(relatives)
    }

    /// `batch`, which makes `changed` of `key`, with what changes in the key's replicas by that; and whether any does. `told` is
    /// the imported piece that the key waits for, if it has just come.
    pub(crate) async fn shared(
        &self,
        key: &Loaded,
        changed: &KeyRecord,
        told: Option<&Material>,
        mut batch: Batch,
        now: Timestamp,
    ) -> Result<(Batch, bool), KmsError> {
        if !changed.has_replicas() || !is_shared(&key.entry.record, changed) {
            return Ok((batch, false));
        }
        for replica in self.relatives(changed).await? {
            let (record, rows) = match changed.origin {
                Origin::External => self.following(&replica, changed, told, now).await?,
                Origin::AwsKms | Origin::AwsCloudHsm | Origin::ExternalKeyStore => {
                    let mut record = replica.entry.record.clone();
                    (record.material, record.rotation) = (changed.material.clone(), changed.rotation);
                    (record, Batch::default())
                }
            };
            batch.append(change::written(&replica, &record));
            batch.append(rows);
        }
        Ok((batch, true))
    }

    /// A change that its caller asked for, with what it changes in the key's replicas.
    pub(crate) async fn spread(
        &self,
        key: &Loaded,
        changed: change::Changed,
        now: Timestamp,
        report: &mut Report<'_>,
    ) -> Result<change::Changed, KmsError> {
        self.spread_telling(key, changed, None, now, report).await
    }

    /// As [`Kms::spread`]; `told` is the imported piece that the key waits for, if it has just come.
    pub(crate) async fn spread_telling(
        &self,
        key: &Loaded,
        changed: change::Changed,
        told: Option<&Material>,
        now: Timestamp,
        report: &mut Report<'_>,
    ) -> Result<change::Changed, KmsError> {
        let change::Changed { record, batch: Some(batch) } = changed else { return Ok(changed) };
        let (batch, spread) = self.shared(key, &record, told, batch, now).await?;
        if spread {
            report.also(synchronized(&record.arn, now));
        }
        Ok(change::Changed { record, batch: Some(batch) })
    }

    /// What the destruction of `gone` at `now` makes of the keys that are related to it. The waiting period of a primary
    /// that waited for its last replica begins. A primary goes before its replicas only where a restore brought back what
    /// they were earlier; then one of them takes its place, so that the material still has a last key to go with.
    pub(crate) async fn bereaved(&self, gone: &KeyRecord, now: Timestamp) -> Result<Batch, KmsError> {
        let Some(list) = gone.multi_region.clone() else { return Ok(Batch::default()) };
        let relatives = self.relatives(gone).await?;
        let list = match heir(gone, &relatives) {
            Some(heir) => list.led_by(heir),
            None => list,
        };
        let list = list.left_by(gone.arn.region);
        let changed = relatives.iter().map(|relative| {
            let mut record = relative.entry.record.clone();
            if list.replicas.is_empty()
                && let Ok(Next::Become(state)) = lifecycle::step(&record, Event::ReplicasGone, now)
            {
                record.state = state;
            }
            if let KeyState::PendingDeletion { .. } = record.state
                && record.arn.region == list.primary
                && !list.replicas.is_empty()
            {
                record.state = KeyState::PendingReplicaDeletion { window_days: SHORTEST_WINDOW_DAYS };
            }
            (relative, record)
        });
        Ok(regrouped(changed, &list))
    }

    /// The end of what `due` says: of a replica's making, or of a change of places.
    pub(crate) async fn settle(
        &self,
        due: &Due,
        row: &Row,
        now: Timestamp,
    ) -> Result<Option<Effect<(), ErrorAnswer>>, KmsError> {
        let Some(key) = self.load(&due.key).await? else { return self.drop_stale(row).await };
        let record = &key.entry.record;
        let Ok(Next::Become(state)) = lifecycle::step(record, Event::Settle, now) else {
            return self.drop_stale(row).await;
        };
        let primary = record.multi_region.as_ref().map_or(record.arn.region, |list| list.primary);
        let batch = change::written(&key, &record.in_state(state));
        let batch = batch.guard(Guard::Version(row.path.clone(), row.version));
        let event = synchronized(&KeyArn { region: primary, ..record.arn }, now);
        Ok(Some(Effect::change((), batch, event)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    #[test]
    fn a_list_has_one_primary_and_each_replica_once() {
        let [a, b, c] = ["us-east-1", "eu-west-1", "ap-south-1"].map(region);
        let list = MultiRegion::primary_of(a).joined_by(b).joined_by(c);
        assert_eq!((list.role, list.primary, &list.replicas), (MultiRegionRole::Primary, a, &vec![b, c]));
        let led = list.clone().led_by(c);
        assert_eq!((led.primary, &led.replicas, led.home), (c, &vec![b, a], a));
        assert_eq!(led.seen_from(a).role, MultiRegionRole::Replica);
        assert_eq!(led.seen_from(c).role, MultiRegionRole::Primary);
        assert_eq!(led.left_by(b).replicas, [a]);
        assert_eq!(list.clone().led_by(c).led_by(a), list);
    }

    #[test]
    fn a_server_serves_the_regions_it_was_told_or_every_one() {
        let [here, there] = ["us-east-1", "eu-west-1"].map(region);
        let some = MultiRegionRules::new(Some(vec![here]), Compat::Extended);
        assert!(some.serve(&here));
        assert!(!some.serve(&there));
        assert!(MultiRegionRules::new(None, Compat::Aws).serve(&there));
    }
}
