//! Managed policies: an account's own, and AWS's, which can be read and attached.

use sealroom_api::iam as shapes;
use sealroom_store::{Batch, Guard, Row};

use crate::aws_policies::{self, AwsPolicy};
use crate::draw;
use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::documents;
use crate::iam::error::IamError;
use crate::iam::groups::ids_below;
use crate::iam::pages::{Page, Wanted};
use crate::iam::tags;
use crate::records::entity::{self, HolderKind, PolicyRecord, PolicyRef, VersionRecord, Versioned as _};
use crate::standing::damaged;

/// LIMIT: managed policies of one account.
const POLICIES: usize = 1_500;
/// LIMIT: versions of one policy.
const VERSIONS: usize = 5;

/// A policy of the account as its row is now.
struct Loaded {
    reference: PolicyRef,
    record: PolicyRecord,
    row: Guard,
}

/// A policy that a request names.
enum Found {
    Own(Box<Loaded>),
    Aws(&'static AwsPolicy),
}

impl Loaded {
    fn path(&self) -> sealroom_store::KeyPath {
        self.row.path().clone()
    }

    fn rewritten(&self, record: &PolicyRecord) -> Batch {
        Batch::default().guard(self.row.clone()).put(self.path(), record.to_bytes())
    }
}

impl Desk<'_> {
    /// A policy's row, read.
    pub(crate) fn policy_record(&self, row: &Row) -> Result<PolicyRecord, IamError> {
        Ok(PolicyRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?)
    }

    /// The policy that the operation is about, if the caller may.
    async fn policy(&self, arn: &str, asked: Asked<'_>) -> Result<Found, IamError> {
        let reference = PolicyRef::parse(arn).ok_or(IamError::ArnForm)?;
        let absent = || IamError::NoSuchPolicy(arn.to_owned());
        let Some(account) = reference.account() else {
            self.allow(arn, asked)?;
            return aws_policies::find(&reference).map(Found::Aws).ok_or_else(absent);
        };
        let row = match account == self.account() {
            true => self.row(entity::policy(account, reference.name())).await?,
            false => None,
        };
        let record = row.as_ref().map(|row| self.policy_record(row)).transpose()?;
        let record = record.filter(|record| record.path == reference.path() && record.name == reference.name());
        let tags = record.as_ref().map_or(&[][..], |record| &*record.tags);
        self.allow(arn, Asked { resource_tags: tags, ..asked })?;
        let (record, row) = record.zip(row).ok_or_else(absent)?;
        Ok(Found::Own(Box::new(Loaded { reference, record, row: Guard::Version(row.path, row.version) })))
    }

    /// The same for an operation that changes it.
    async fn own_policy(&self, arn: &str, asked: Asked<'_>) -> Result<Box<Loaded>, IamError> {
        match self.policy(arn, asked).await? {
            Found::Own(policy) => Ok(policy),
            // AWS: its own policies read like somebody else's to whoever would change them.
            Found::Aws(_) => Err(IamError::AccessDenied(format!(
                "User: {} is not authorized to perform: iam:{} on resource: policy {arn}",
                self.call.caller().arn(),
                self.name()
            ))),
        }
    }

    /// How many a policy is attached to, and whose boundary it is.
    pub(crate) async fn uses(&self, policy: &PolicyRef) -> Result<(usize, usize), IamError> {
        const MOST: usize = 10_000;
        let bearers = self.count(entity::bearers(self.account(), policy), MOST).await?;
        Ok((bearers, self.count(entity::bounded(self.account(), policy), MOST).await?))
    }

    /// As IAM shows a policy of the account. Lists leave `whole` things out: description and tags.
    pub(crate) async fn shown_own(
        &self,
        reference: &PolicyRef,
        record: &PolicyRecord,
        whole: bool,
    ) -> Result<shapes::Policy, IamError> {
        let (bearers, bounded) = self.uses(reference).await?;
        Ok(shapes::Policy {
            policy_name: Some(record.name.clone()),
            policy_id: Some(record.id.clone()),
            arn: Some(reference.arn(self.partition())),
            path: Some(record.path.clone()),
            default_version_id: Some(version_id(record.default)),
            attachment_count: i32::try_from(bearers).ok(),
            permissions_boundary_usage_count: i32::try_from(bounded).ok(),
            is_attachable: Some(true),
            description: record.description.clone().filter(|_| whole),
            create_date: Some(record.created()),
            update_date: Some(record.updated()),
            tags: Some(tags::shown(&record.tags).unwrap_or_default()).filter(|_| whole),
        })
    }

    /// As IAM shows one of AWS's own.
    pub(crate) async fn shown_aws(&self, policy: &AwsPolicy, whole: bool) -> Result<shapes::Policy, IamError> {
        let (bearers, bounded) = self.uses(&policy.reference()).await?;
        Ok(shapes::Policy {
            policy_name: Some(policy.name.to_owned()),
            policy_id: Some(policy.id.to_owned()),
            arn: Some(policy.reference().arn(self.partition())),
            path: Some(policy.path.to_owned()),
            default_version_id: Some(version_id(policy.version)),
            attachment_count: i32::try_from(bearers).ok(),
            permissions_boundary_usage_count: i32::try_from(bounded).ok(),
            is_attachable: Some(true),
            description: Some(policy.description.to_owned()).filter(|_| whole),
            create_date: Some(policy.created()),
            update_date: Some(policy.created()),
            tags: whole.then(Vec::new),
        })
    }
}

fn version_id(number: u32) -> String {
    format!("v{number}")
}

fn version_number(id: &str) -> Option<u32> {
    id.strip_prefix('v')?.parse().ok()
}

pub(crate) fn shown_version(record: &PolicyRecord, version: &VersionRecord, document: bool) -> shapes::PolicyVersion {
    shapes::PolicyVersion {
        document: document.then(|| documents::encoded(&version.document)),
        version_id: Some(version_id(version.number)),
        is_default_version: Some(version.number == record.default),
        create_date: Some(version.created()),
    }
}

pub(crate) fn shown_aws_version(policy: &AwsPolicy, document: bool) -> shapes::PolicyVersion {
    shapes::PolicyVersion {
        document: document.then(|| documents::encoded(policy.document)),
        version_id: Some(version_id(policy.version)),
        is_default_version: Some(true),
        create_date: Some(policy.created()),
    }
}

pub(crate) async fn create(
    desk: &Desk<'_>,
    input: &shapes::CreatePolicyInput,
) -> Result<Done<shapes::CreatePolicyOutput>, IamError> {
    let path = input.path.as_deref().unwrap_or("/");
    let reference = PolicyRef::own(desk.account(), path, &input.policy_name);
    let arn = reference.arn(desk.partition());
    let sent = input.tags.as_deref().unwrap_or_default();
    let tags = tags::of_request(input.tags.as_ref())?;
    let asked = Asked { tags: sent, ..Asked::default() };
    desk.allow(&arn, asked)?;
    if !sent.is_empty() {
        desk.allow_action("iam:TagPolicy", &arn, asked)?;
    }
    documents::managed(&input.policy_document)?;
    let row = entity::policy(desk.account(), &input.policy_name);
    if desk.row(row.clone()).await?.is_some() {
        return Err(IamError::PolicyExists(input.policy_name.clone()));
    }
    let all = entity::policies(desk.account());
    if desk.count(all.clone(), POLICIES).await? >= POLICIES {
        return Err(IamError::Quota { what: "PoliciesPerAccount", limit: POLICIES });
    }
    let id = draw::unique_id(&*desk.room().entropy, "ANPA");
    let mut record = PolicyRecord::new(id, &input.policy_name, path, &input.policy_document, desk.now());
    (record.description, record.tags) = (input.description.clone(), tags);
    let batch = Batch::default()
        .guard(Guard::Absent(row.clone()))
        .guard(Guard::AtMost(all, u32::try_from(POLICIES).unwrap_or(u32::MAX).saturating_sub(1)))
        .put(row, record.to_bytes());
    let policy = Some(desk.shown_own(&reference, &record, true).await?);
    Ok(Done::change(shapes::CreatePolicyOutput { policy }, batch))
}

pub(crate) async fn get(
    desk: &Desk<'_>,
    input: &shapes::GetPolicyInput,
) -> Result<Done<shapes::GetPolicyOutput>, IamError> {
    let policy = match desk.policy(&input.policy_arn, Asked::default()).await? {
        Found::Own(own) => desk.shown_own(&own.reference, &own.record, true).await?,
        Found::Aws(policy) => desk.shown_aws(policy, true).await?,
    };
    Ok(Done::answer(shapes::GetPolicyOutput { policy: Some(policy) }))
}

pub(crate) async fn list(
    desk: &Desk<'_>,
    input: &shapes::ListPoliciesInput,
) -> Result<Done<shapes::ListPoliciesOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let scope = input.scope.unwrap_or(shapes::PolicyScopeType::All);
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let mut found = Vec::new();
    if scope != shapes::PolicyScopeType::Aws {
        let limit = u32::try_from(POLICIES).unwrap_or(u32::MAX);
        let (rows, _) = desk.below(entity::policies(desk.account()), None, limit).await?;
        for row in &rows {
            let record = desk.policy_record(row)?;
            let reference = PolicyRef::own(desk.account(), &record.path, &record.name);
            found.push(desk.shown_own(&reference, &record, false).await?);
        }
    }
    if scope != shapes::PolicyScopeType::Local {
        for policy in aws_policies::ALL {
            found.push(desk.shown_aws(policy, false).await?);
        }
    }
    let used = |policy: &shapes::Policy| match input.policy_usage_filter {
        None => policy.attachment_count > Some(0) || policy.permissions_boundary_usage_count > Some(0),
        Some(shapes::PolicyUsageType::PermissionsPolicy) => policy.attachment_count > Some(0),
        Some(shapes::PolicyUsageType::PermissionsBoundary) => policy.permissions_boundary_usage_count > Some(0),
    };
    let only_used = input.only_attached == Some(true) || input.policy_usage_filter.is_some();
    found.retain(|policy| {
        policy.path.as_deref().is_some_and(|path| path.starts_with(prefix)) && (!only_used || used(policy))
    });
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items, truncated: is_truncated, marker } = wanted.of(desk, found)?;
    Ok(Done::answer(shapes::ListPoliciesOutput { policies: Some(items), is_truncated, marker }))
}

pub(crate) async fn delete(
    desk: &Desk<'_>,
    input: &shapes::DeletePolicyInput,
) -> Result<Done<shapes::DeletePolicyOutput>, IamError> {
    let policy = desk.own_policy(&input.policy_arn, Asked::default()).await?;
    if desk.uses(&policy.reference).await? != (0, 0) {
        return Err(IamError::PolicyInUse);
    }
    if policy.record.versions.len() > 1 {
        return Err(IamError::PolicyHasVersions);
    }
    let batch = Batch::default()
        .guard(policy.row.clone())
        .guard(Guard::Empty(entity::bearers(desk.account(), &policy.reference)))
        .guard(Guard::Empty(entity::bounded(desk.account(), &policy.reference)))
        .delete(policy.path());
    Ok(Done::so(batch))
}

pub(crate) async fn create_version(
    desk: &Desk<'_>,
    input: &shapes::CreatePolicyVersionInput,
) -> Result<Done<shapes::CreatePolicyVersionOutput>, IamError> {
    let policy = desk.own_policy(&input.policy_arn, Asked::default()).await?;
    documents::managed(&input.policy_document)?;
    if policy.record.versions.len() >= VERSIONS {
        return Err(IamError::TooManyVersions(VERSIONS));
    }
    let mut record = policy.record.clone();
    let number = record.add(&input.policy_document, desk.now());
    if input.set_as_default == Some(true) {
        record.set_default(number, desk.now());
    }
    // AWS: the answer leaves the document out, which the caller has just sent.
    let policy_version = record.version(number).map(|version| shown_version(&record, version, false));
    let batch = policy.rewritten(&record);
    Ok(Done::change(shapes::CreatePolicyVersionOutput { policy_version }, batch))
}

pub(crate) async fn get_version(
    desk: &Desk<'_>,
    input: &shapes::GetPolicyVersionInput,
) -> Result<Done<shapes::GetPolicyVersionOutput>, IamError> {
    let (arn, id) = (&input.policy_arn, &input.version_id);
    let number = version_number(id);
    let policy_version = match desk.policy(arn, Asked::default()).await? {
        Found::Own(own) => {
            let version = number.and_then(|number| own.record.version(number));
            version.map(|version| shown_version(&own.record, version, true))
        }
        Found::Aws(policy) => (number == Some(policy.version)).then(|| shown_aws_version(policy, true)),
    };
    match policy_version {
        Some(_) => Ok(Done::answer(shapes::GetPolicyVersionOutput { policy_version })),
        None => Err(no_version(arn, id)),
    }
}

fn no_version(arn: &str, version: &str) -> IamError {
    IamError::NoSuchVersion { arn: arn.to_owned(), version: version.to_owned() }
}

pub(crate) async fn list_versions(
    desk: &Desk<'_>,
    input: &shapes::ListPolicyVersionsInput,
) -> Result<Done<shapes::ListPolicyVersionsOutput>, IamError> {
    let versions = match desk.policy(&input.policy_arn, Asked::default()).await? {
        // AWS: the newest first.
        Found::Own(own) => {
            let versions = own.record.versions.iter().rev();
            versions.map(|version| shown_version(&own.record, version, false)).collect()
        }
        Found::Aws(policy) => vec![shown_aws_version(policy, false)],
    };
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items, truncated: is_truncated, marker } = wanted.of(desk, versions)?;
    Ok(Done::answer(shapes::ListPolicyVersionsOutput { versions: Some(items), is_truncated, marker }))
}

pub(crate) async fn delete_version(
    desk: &Desk<'_>,
    input: &shapes::DeletePolicyVersionInput,
) -> Result<Done<shapes::DeletePolicyVersionOutput>, IamError> {
    let policy = desk.own_policy(&input.policy_arn, Asked::default()).await?;
    let number = version_number(&input.version_id).filter(|number| policy.record.version(*number).is_some());
    let number = number.ok_or_else(|| no_version(&input.policy_arn, &input.version_id))?;
    if number == policy.record.default {
        return Err(IamError::DefaultVersion);
    }
    let mut record = policy.record.clone();
    record.versions.retain(|version| version.number != number);
    Ok(Done::so(policy.rewritten(&record)))
}

pub(crate) async fn set_default_version(
    desk: &Desk<'_>,
    input: &shapes::SetDefaultPolicyVersionInput,
) -> Result<Done<shapes::SetDefaultPolicyVersionOutput>, IamError> {
    let policy = desk.own_policy(&input.policy_arn, Asked::default()).await?;
    let number = version_number(&input.version_id).filter(|number| policy.record.version(*number).is_some());
    let number = number.ok_or_else(|| no_version(&input.policy_arn, &input.version_id))?;
    let mut record = policy.record.clone();
    record.set_default(number, desk.now());
    Ok(Done::so(policy.rewritten(&record)))
}

pub(crate) async fn list_entities(
    desk: &Desk<'_>,
    input: &shapes::ListEntitiesForPolicyInput,
) -> Result<Done<shapes::ListEntitiesForPolicyOutput>, IamError> {
    let reference = match desk.policy(&input.policy_arn, Asked::default()).await? {
        Found::Own(own) => own.reference,
        Found::Aws(policy) => policy.reference(),
    };
    let mut ids = Vec::new();
    if input.policy_usage_filter != Some(shapes::PolicyUsageType::PermissionsBoundary) {
        ids.extend(ids_below(desk, entity::bearers(desk.account(), &reference)).await?);
    }
    if input.policy_usage_filter != Some(shapes::PolicyUsageType::PermissionsPolicy) {
        ids.extend(ids_below(desk, entity::bounded(desk.account(), &reference)).await?);
    }
    ids.sort_unstable();
    ids.dedup();
    let kind = input.entity_filter.map(|filter| match filter {
        shapes::EntityType::User => Some(HolderKind::User),
        shapes::EntityType::Role => Some(HolderKind::Role),
        shapes::EntityType::Group => Some(HolderKind::Group),
        shapes::EntityType::LocalManagedPolicy | shapes::EntityType::AWSManagedPolicy => None,
    });
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let mut holders = desk.by_ids(&ids).await?;
    holders
        .retain(|holder| kind.is_none_or(|kind| kind == Some(holder.kind())) && holder.record.path.starts_with(prefix));
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items, truncated: is_truncated, marker } = wanted.of(desk, holders)?;
    let (mut users, mut groups, mut roles) = (Vec::new(), Vec::new(), Vec::new());
    for holder in items {
        let (kind, name, id) = (holder.kind(), Some(holder.record.name), Some(holder.record.id));
        match kind {
            HolderKind::User => users.push(shapes::PolicyUser { user_name: name, user_id: id }),
            HolderKind::Group => groups.push(shapes::PolicyGroup { group_name: name, group_id: id }),
            HolderKind::Role => roles.push(shapes::PolicyRole { role_name: name, role_id: id }),
        }
    }
    Ok(Done::answer(shapes::ListEntitiesForPolicyOutput {
        policy_groups: Some(groups),
        policy_users: Some(users),
        policy_roles: Some(roles),
        is_truncated,
        marker,
    }))
}

pub(crate) async fn tag(
    desk: &Desk<'_>,
    input: &shapes::TagPolicyInput,
) -> Result<Done<shapes::TagPolicyOutput>, IamError> {
    let policy = desk.own_policy(&input.policy_arn, Asked { tags: &input.tags, ..Asked::default() }).await?;
    let mut record = policy.record.clone();
    record.tags = tags::added(&record.tags, &input.tags)?;
    Ok(Done::so(policy.rewritten(&record)))
}

pub(crate) async fn untag(
    desk: &Desk<'_>,
    input: &shapes::UntagPolicyInput,
) -> Result<Done<shapes::UntagPolicyOutput>, IamError> {
    let asked = Asked { tag_keys: &input.tag_keys, ..Asked::default() };
    let policy = desk.own_policy(&input.policy_arn, asked).await?;
    let mut record = policy.record.clone();
    record.tags = tags::without(&record.tags, &input.tag_keys);
    Ok(Done::so(policy.rewritten(&record)))
}

pub(crate) async fn list_tags(
    desk: &Desk<'_>,
    input: &shapes::ListPolicyTagsInput,
) -> Result<Done<shapes::ListPolicyTagsOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: tags, truncated: is_truncated, marker } =
        match desk.policy(&input.policy_arn, Asked::default()).await? {
            Found::Own(own) => tags::page(desk, &own.record.tags, &wanted)?,
            Found::Aws(_) => tags::page(desk, &[], &wanted)?,
        };
    Ok(Done::answer(shapes::ListPolicyTagsOutput { tags, is_truncated, marker }))
}
