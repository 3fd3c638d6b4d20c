//! Rotation: the rules, over a key's record alone, and the job that carries a rotation out when it is due.
//!
//! A rotation makes another piece of material current; what was current becomes one of the older pieces, which open for
//! ever what they made. Nothing is encrypted anew. A key that rotates by its period has a due row while it can be used;
//! one that was switched off when its time came rotates as soon as it is used again, once.
//!
//! Of related multi-Region keys the primary rotates, and its replicas get the new material in the same batch.
//!
//! What would surprise: RotateKeyOnDemand only begins a rotation. It ends when its row is due, in whatever state the key is
//! by then (corrections, section 6).

use sealroom_api::{Compat, ErrorAnswer};
use sealroom_audit::{Effect, Event, EventContext, Events, Resource};
use sealroom_foundation::Timestamp;
use sealroom_hsm::Origin;
use sealroom_store::{Batch, Guard, Row};

use crate::change;
use crate::entry::{self, Loaded};
use crate::error::KmsError;
use crate::imports;
use crate::kms::Kms;
use crate::multi_region::synchronized;
use crate::paths::{self, Due};
use crate::record::{Automatic, KeyRecord, Material, OnDemand, Rotation, RotationKind, RotationRecord};
use crate::report::SOURCE;

/// Days from one rotation to the next when nobody chose a number.
pub(crate) const DEFAULT_PERIOD_DAYS: u16 = 365;
/// AWS: so long before an automatic rotation none on demand begins.
const APART_SECONDS: i64 = 20 * 60;

/// What RotateKeyOnDemand may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnDemandRules {
    /// LIMIT: rotations on demand in a key's life.
    pub(crate) most: Option<u32>,
    /// From the request to the end of the rotation.
    pub(crate) seconds: i64,
}

impl OnDemandRules {
    /// AWS: 25 for each key, each done about two minutes after it was asked for. Ours: as many as anybody wants, done with
    /// the next round of what is due.
    pub(crate) fn of(compat: Compat) -> Self {
        match compat {
            Compat::Aws => Self { most: Some(25), seconds: 120 },
            Compat::Extended => Self { most: None, seconds: 0 },
        }
    }
}

impl Rotation {
    /// What EnableKeyRotation makes of it. Corrections, section 6: only a period that is another one starts anew.
    pub(crate) fn enabled(self, period_days: Option<u16>, now: Timestamp) -> Self {
        let period_days = match (self.automatic, period_days) {
            (Some(_), None) => return self,
            (Some(Automatic { period_days, .. }), Some(same)) if period_days == same => return self,
            (_, period_days) => period_days.unwrap_or(DEFAULT_PERIOD_DAYS),
        };
        let next = now.plus_days(period_days.into());
        Self { automatic: Some(Automatic { period_days, next }), ..self }
    }

    /// What DisableKeyRotation makes of it.
    pub(crate) fn disabled(self) -> Self {
        Self { automatic: None, ..self }
    }

    /// For a key that can be used again from `now` on: what it missed is due now, once.
    pub(crate) fn resumed(self, now: Timestamp) -> Self {
        let automatic = self.automatic.map(|automatic| Automatic { next: automatic.next.max(now), ..automatic });
        Self { automatic, ..self }
    }

    /// Whether an automatic rotation is so near that none on demand may begin.
    pub(crate) fn is_imminent(self, now: Timestamp) -> bool {
        self.automatic.is_some_and(|automatic| automatic.next <= now.plus_seconds(APART_SECONDS))
    }

    /// With a rotation on demand that begins now.
    pub(crate) fn begun(self, now: Timestamp, rules: OnDemandRules) -> Self {
        let running = OnDemand { started: now, due: now.plus_seconds(rules.seconds) };
        Self { running: Some(running), on_demand: self.on_demand.saturating_add(1), ..self }
    }

    /// After the rotation `kind` that was due at `at`.
    fn ended(self, kind: RotationKind, at: Timestamp) -> Self {
        // The first rotation writes down the first piece as well.
        let pieces = self.pieces.max(1).saturating_add(1);
        match kind {
            RotationKind::OnDemand => Self { running: None, pieces, ..self },
            RotationKind::Automatic => {
                let automatic = self
                    .automatic
                    .map(|automatic| Automatic { next: at.plus_days(automatic.period_days.into()), ..automatic });
                Self { automatic, pieces, ..self }
            }
        }
    }
}

impl Kms {
    /// The rotation that `due` says, if its key still says so too.
    pub(crate) async fn rotate(
        &self,
        due: &Due,
        kind: RotationKind,
        row: &Row,
        now: Timestamp,
    ) -> Result<Option<Effect<(), ErrorAnswer>>, KmsError> {
        let Some(key) = self.load(&due.key).await? else { return self.drop_stale(row).await };
        let record = &key.entry.record;
        let (true, Some(old)) = (change::dues(record).any(|own| own == *due), &record.material) else {
            return self.drop_stale(row).await;
        };
        let Some(new) = self.successor(record).await? else { return self.drop_stale(row).await };
        let details = details(record, kind, old, &new);
        let mut changed = record.clone();
        changed.rotation = record.rotation.ended(kind, due.at);
        changed.material = Some(new);
        if record.origin == Origin::External {
            imports::rotated(&mut changed, old, self.other_pieces(record).await?, now)?;
        }
        let batch = rotated(&key, kind, due.at, old, &changed);
        let (batch, spread) = self.shared(&key, &changed, None, batch, now).await?;
        let batch = batch.guard(Guard::Version(row.path.clone(), row.version));
        let context = EventContext::internal(due.key.account, due.key.region, now);
        let event = Event::service(&context, SOURCE, "RotateKey").resource(Resource::Key(due.key)).details(details);
        let events = Events::from(event);
        let events = if spread { events.and(synchronized(&due.key, now)) } else { events };
        Ok(Some(Effect::change((), batch, events)))
    }

    /// The piece that becomes current: made now, or imported before; `None` when no imported one waits.
    async fn successor(&self, record: &KeyRecord) -> Result<Option<Material>, KmsError> {
        if record.origin != Origin::External {
            return self.generate(&record.arn, record.spec, record.usage).await.map(Some);
        }
        let Some(pending) = record.imports.pending else { return Ok(None) };
        let row = self.row(paths::material(&record.arn, &pending)).await?;
        row.map(|row| entry::piece(&row, record)).transpose()
    }
}

/// The batch that makes the material of `changed` current and `old` an older piece. The history gets both with the first
/// rotation. A piece that waited leaves its row, for a token is in one row at any time.
fn rotated(key: &Loaded, kind: RotationKind, at: Timestamp, old: &Material, changed: &KeyRecord) -> Batch {
    let record = &key.entry.record;
    let (pieces, history) = (record.pieces_home(), record.home());
    let place = changed.rotation.pieces.saturating_sub(1);
    let mut batch = change::written(key, changed).put(paths::material(&pieces, &old.id()), old.to_bytes());
    if let Some(new) = &changed.material {
        let entry = RotationRecord { material: new.id(), rotated: Some((at, kind)) };
        batch = batch.put(paths::rotation(&history, place), entry.to_bytes());
        batch = batch.delete(paths::material(&pieces, &new.id()));
    }
    if record.rotation.pieces == 0 {
        let first = RotationRecord { material: old.id(), rotated: None };
        batch = batch.put(paths::rotation(&history, 0), first.to_bytes());
    }
    batch
}

/// `serviceEventDetails`, as CloudTrail has them.
fn details(record: &KeyRecord, kind: RotationKind, old: &Material, new: &Material) -> Vec<u8> {
    format!(
        r#"{{"rotationType":"{}","keyOrigin":"{}","previousKeyMaterialId":"{}","currentKeyMaterialId":"{}","keyId":"{}"}}"#,
        kind.as_str(),
        record.origin,
        old.id_text(),
        new.id_text(),
        record.arn.key
    )
    .into_bytes()
}
