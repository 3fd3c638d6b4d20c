//! ReplicateKey: a key of the same id and the same material in another Region, with a policy, tags and a description of its
//! own.
//!
//! What would surprise: it takes two permissions in two Regions, the key's and that to make keys, and nothing of the
//! primary's policy or tags goes along.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{CreateKeyInput, CreateKeyOutput, ReplicateKeyInput, ReplicateKeyOutput};
use sealroom_audit::{Effect, Resource};
use sealroom_foundation::{KeyArn, Region, Timestamp};
use sealroom_hsm::Origin;
use sealroom_identity::{Bound, Call};
use sealroom_store::{Batch, Guard};

use crate::authorize;
use crate::change;
use crate::conditions::{Asked, Conditions, NewKey};
use crate::entry::Loaded;
use crate::error::KmsError;
use crate::grants;
use crate::kms::Kms;
use crate::lifecycle::{self, Event};
use crate::metadata;
use crate::multi_region::{self, REPLICAS};
use crate::names;
use crate::operation::{CREATE_KEY, REPLICATE_KEY, TAG_RESOURCE};
use crate::paths;
use crate::policy;
use crate::record::{KeyDocument, KeyManager, KeyRecord, Made, MultiRegion, MultiRegionRole};
use crate::report::{Report, SOURCE};
use crate::state::KeyState;
use crate::tags;

pub(crate) async fn replicate(
    kms: &Kms,
    call: &Call,
    input: &ReplicateKeyInput,
) -> Effect<ReplicateKeyOutput, ErrorAnswer> {
    let mut report = Report::new(call, &REPLICATE_KEY);
    let outcome = run(kms, call, input, &mut report).await;
    report.close_change(outcome, || input.audit_parameters(), ReplicateKeyOutput::audit_elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &ReplicateKeyInput,
    report: &mut Report<'_>,
) -> Result<(ReplicateKeyOutput, Option<Batch>), KmsError> {
    // The model's pattern is that of a Region.
    let region: Region = input.replica_region.parse().map_err(|_| unknown(&input.replica_region))?;
    let asked = Asked { replica_region: Some(&input.replica_region), ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &REPLICATE_KEY, asked, report).await?;
    let primary = &key.entry.record;
    let sent_tags = tags::sent(input.tags.as_deref().unwrap_or_default());
    let bypass = input.bypass_policy_lockout_safety_check == Some(true);
    let there = call.in_region(region);
    let new_key = NewKey {
        spec: primary.spec,
        usage: primary.usage,
        origin: primary.origin,
        multi_region: Some(MultiRegionRole::Replica),
        bypass_lockout_check: bypass,
        tags: &sent_tags,
    };
    let conditions = Conditions::new(&there, None, Asked { new_key: Some(new_key), ..Asked::default() });
    authorize::on_account(&there, CREATE_KEY.action, &conditions)?;
    if !sent_tags.is_empty() {
        authorize::on_account(&there, TAG_RESOURCE.action, &conditions)?;
    }
    // AWS: it counts twice among the calls that make keys in the replica's Region. Where many nodes share the quota, a node may
    // have no more than one at a time; that one suffices.
    let charge = || kms.admit(&there, &CREATE_KEY, None, &mut Report::new(&there, &CREATE_KEY));
    charge()?;
    charge().ok();
    let list = kms.replicable(primary, region, call.now()).await?;
    let arn = KeyArn { region, ..primary.arn };
    let tags = tags::parse(input.tags.as_deref().unwrap_or_default())?;
    let (policy, bound) = match &input.policy {
        None => (policy::default_policy(region.partition(), arn.account), Bound::default()),
        Some(text) => {
            let bound = kms.check_policy(&there, &arn, text, bypass, &conditions).await?;
            (text.clone(), bound)
        }
    };
    let due = call.now().plus_seconds(kms.multi_region.settle_seconds);
    let mut record = replica(primary, arn, &there, KeyState::Creating { due }, &list, tags);
    let mut pieces = Batch::default();
    if primary.origin == Origin::External {
        // It knows what its primary knows of the material, but has no bytes: they have to be imported there too.
        (record.material, record.imports, pieces) = kms.pieces(primary).await?.for_replica(arn);
    }
    let description = input.description.clone().unwrap_or_default().into_boxed_str();
    let document = KeyDocument { record, description, policy: policy.as_str().into(), bound };
    let mut batch = kms.replicated(&key, &list, &document).await?;
    batch.append(pieces);
    batch.append(kms.room_for_key(arn.account, region).await?);
    let shown = metadata::of(&document.record, &document.description);
    report.also(made(&there, &document, input, bypass));
    let output = ReplicateKeyOutput {
        replica_key_metadata: Some(shown),
        replica_policy: Some(policy),
        replica_tags: input.tags.clone().filter(|tags| !tags.is_empty()),
    };
    Ok((output, Some(batch)))
}

/// The record of the new replica.
fn replica(
    primary: &KeyRecord,
    arn: KeyArn,
    there: &Call,
    state: KeyState,
    list: &MultiRegion,
    tags: Box<[crate::record::Tag]>,
) -> KeyRecord {
    let made = Made {
        spec: primary.spec,
        usage: primary.usage,
        origin: primary.origin,
        manager: KeyManager::Customer,
        state,
        created: there.now(),
        multi_region: Some(list.seen_from(arn.region)),
        material: primary.material.clone(),
        tags,
    };
    let mut record = KeyRecord::new(arn, made);
    record.rotation = primary.rotation;
    record
}

/// That the replica was made, as the journal of its Region tells it.
fn made(there: &Call, document: &KeyDocument, input: &ReplicateKeyInput, bypass: bool) -> sealroom_audit::Event {
    let KeyRecord { arn, spec, usage, origin, .. } = &document.record;
    let request = CreateKeyInput {
        policy: input.policy.clone(),
        description: input.description.clone(),
        key_usage: names::outward(usage.as_str()),
        key_spec: names::outward(spec.as_str()),
        origin: names::outward(origin.as_str()),
        bypass_policy_lockout_safety_check: Some(bypass),
        tags: input.tags.clone(),
        multi_region: Some(true),
        ..CreateKeyInput::default()
    };
    let shown = metadata::of(&document.record, &document.description);
    let elements = CreateKeyOutput { key_metadata: Some(shown) }.audit_elements();
    there
        .event(SOURCE, CREATE_KEY.name, CREATE_KEY.read_only)
        .request(request.audit_parameters())
        .response(elements)
        .resource(Resource::Key(*arn))
}

fn unknown(region: &str) -> KmsError {
    KmsError::UnknownRegion(region.to_owned())
}

impl Kms {
    /// The list of the related keys with one in `region`, if `primary` can be replicated there.
    async fn replicable(&self, primary: &KeyRecord, region: Region, now: Timestamp) -> Result<MultiRegion, KmsError> {
        let arn = || primary.arn_text().into();
        lifecycle::step(primary, Event::Replicate, now).map_err(|state| KmsError::State { arn: arn(), state })?;
        let list = primary.multi_region.as_ref().filter(|list| list.role == MultiRegionRole::Primary);
        let list = list.ok_or_else(|| KmsError::NoPrimary { arn: arn() })?;
        if region == list.primary {
            return Err(KmsError::RegionOfPrimary(region));
        }
        if region.partition() != list.primary.partition() {
            return Err(KmsError::OtherPartition);
        }
        if !self.multi_region.serve(&region) {
            return Err(unknown(region.as_str()));
        }
        if list.replicas.contains(&region) || self.lingers(&KeyArn { region, ..primary.arn }).await? {
            return Err(KmsError::ReplicaExists);
        }
        if list.replicas.len() >= REPLICAS {
            return Err(KmsError::ReplicaQuota { most: REPLICAS });
        }
        Ok(list.clone().joined_by(region))
    }

    /// Whether grants of a replica that was destroyed aren't all gone: they must give nothing on a new one.
    async fn lingers(&self, arn: &KeyArn) -> Result<bool, KmsError> {
        for prefix in [grants::paths::grants(arn), grants::paths::holdings(arn)] {
            if !self.rows(prefix, None, 1).await?.0.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The batch that writes the replica `document` and tells its relatives of it. A tombstone of an earlier replica stays
    /// where it is: it is older than the key.
    async fn replicated(&self, key: &Loaded, list: &MultiRegion, document: &KeyDocument) -> Result<Batch, KmsError> {
        let arn = &document.record.arn;
        let others = self.relatives(&key.entry.record).await?;
        let all = std::iter::once(key).chain(&others);
        let batch = multi_region::regrouped(all.map(|key| (key, key.entry.record.clone())), list)
            .guard(Guard::Absent(paths::key(arn)))
            .guard(Guard::Empty(grants::paths::grants(arn)))
            .guard(Guard::Empty(grants::paths::holdings(arn)))
            .put(paths::key(arn), document.to_bytes());
        Ok(change::due_rows(batch, &document.record))
    }
}
