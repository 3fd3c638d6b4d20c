//! `GetAccountAuthorizationDetails`: everything that decides in an account, for those who audit it.

use sealroom_api::iam::{self as shapes, EntityType};
use sealroom_store::{KeyPath, Read, Row};

use crate::aws_policies::{self, AwsPolicy};
use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::documents;
use crate::iam::error::IamError;
use crate::iam::groups::ids_below;
use crate::iam::pages::{Page, Wanted};
use crate::iam::{policies, profiles};
use crate::records::entity::{self, HolderKind, HolderRecord, PolicyRecord, PolicyRef, Versioned as _};
use crate::standing::damaged;

/// What one entry is about.
enum Entry {
    Holder(HolderKind, Box<HolderRecord>),
    Own(Box<PolicyRecord>),
    Aws(&'static AwsPolicy),
}

pub(crate) async fn get(
    desk: &Desk<'_>,
    input: &shapes::GetAccountAuthorizationDetailsInput,
) -> Result<Done<shapes::GetAccountAuthorizationDetailsOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let filter = input.filter.as_deref().unwrap_or_default();
    let wanted = |kind: EntityType| filter.is_empty() || filter.contains(&kind);
    let mut entries = Vec::new();
    for (kind, entity) in [
        (HolderKind::User, EntityType::User),
        (HolderKind::Group, EntityType::Group),
        (HolderKind::Role, EntityType::Role),
    ] {
        if wanted(entity) {
            for row in rows(desk, entity::holders(desk.account(), kind)).await? {
                let record = HolderRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
                entries.push(Entry::Holder(kind, Box::new(record)));
            }
        }
    }
    if wanted(EntityType::LocalManagedPolicy) {
        for row in rows(desk, entity::policies(desk.account())).await? {
            entries.push(Entry::Own(Box::new(desk.policy_record(&row)?)));
        }
    }
    if wanted(EntityType::AWSManagedPolicy) {
        // AWS: of its own policies those alone that somebody in the account has.
        for policy in aws_policies::ALL {
            if desk.uses(&policy.reference()).await? != (0, 0) {
                entries.push(Entry::Aws(policy));
            }
        }
    }
    let page = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items, truncated: is_truncated, marker } = page.of(desk, entries)?;
    let (mut users, mut groups, mut roles, mut managed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in items {
        match entry {
            Entry::Holder(HolderKind::User, record) => users.push(user(desk, &record).await?),
            Entry::Holder(HolderKind::Group, record) => groups.push(group(desk, &record)),
            Entry::Holder(HolderKind::Role, record) => roles.push(role(desk, &record).await?),
            Entry::Own(record) => {
                let reference = PolicyRef::own(desk.account(), &record.path, &record.name);
                let shown = desk.shown_own(&reference, &record, true).await?;
                let versions = record.versions.iter().rev();
                let versions = versions.map(|version| policies::shown_version(&record, version, true));
                managed.push(policy(shown, versions.collect()));
            }
            Entry::Aws(found) => {
                let shown = desk.shown_aws(found, true).await?;
                managed.push(policy(shown, vec![policies::shown_aws_version(found, true)]));
            }
        }
    }
    Ok(Done::answer(shapes::GetAccountAuthorizationDetailsOutput {
        user_detail_list: Some(users),
        group_detail_list: Some(groups),
        role_detail_list: Some(roles),
        policies: Some(managed),
        is_truncated,
        marker,
    }))
}

async fn rows(desk: &Desk<'_>, prefix: KeyPath) -> Result<Vec<Row>, IamError> {
    Ok(desk.below(prefix, None, Read::MAX_LIMIT).await?.0)
}

fn inline(record: &HolderRecord) -> Option<Vec<shapes::PolicyDetail>> {
    let shown = record.inline.iter().map(|(name, text)| shapes::PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(documents::encoded(text)),
    });
    Some(shown.collect())
}

fn attached(desk: &Desk<'_>, record: &HolderRecord) -> Option<Vec<shapes::AttachedPolicy>> {
    let shown = record.attached.iter().map(|policy| shapes::AttachedPolicy {
        policy_name: Some(policy.name().to_owned()),
        policy_arn: Some(policy.arn(desk.partition())),
    });
    Some(shown.collect())
}

async fn user(desk: &Desk<'_>, record: &HolderRecord) -> Result<shapes::UserDetail, IamError> {
    let shown = desk.user(record, true);
    let groups = desk.by_ids(&record.groups).await?;
    Ok(shapes::UserDetail {
        path: Some(shown.path),
        user_name: Some(shown.user_name),
        user_id: Some(shown.user_id),
        arn: Some(shown.arn),
        create_date: Some(shown.create_date),
        user_policy_list: inline(record),
        group_list: Some(groups.into_iter().map(|group| group.record.name).collect()),
        attached_managed_policies: attached(desk, record),
        permissions_boundary: shown.permissions_boundary,
        tags: shown.tags,
    })
}

fn group(desk: &Desk<'_>, record: &HolderRecord) -> shapes::GroupDetail {
    let shown = desk.group(record);
    shapes::GroupDetail {
        path: Some(shown.path),
        group_name: Some(shown.group_name),
        group_id: Some(shown.group_id),
        arn: Some(shown.arn),
        create_date: Some(shown.create_date),
        group_policy_list: inline(record),
        attached_managed_policies: attached(desk, record),
    }
}

async fn role(desk: &Desk<'_>, record: &HolderRecord) -> Result<shapes::RoleDetail, IamError> {
    let shown = desk.role(record, true).await?;
    let names = ids_below(desk, entity::hosts(desk.account(), &record.id)).await?;
    Ok(shapes::RoleDetail {
        path: Some(shown.path),
        role_name: Some(shown.role_name),
        role_id: Some(shown.role_id),
        arn: Some(shown.arn),
        create_date: Some(shown.create_date),
        assume_role_policy_document: shown.assume_role_policy_document,
        instance_profile_list: Some(profiles::named(desk, &names).await?),
        role_policy_list: inline(record),
        attached_managed_policies: attached(desk, record),
        permissions_boundary: shown.permissions_boundary,
        tags: shown.tags,
        role_last_used: None,
    })
}

fn policy(shown: shapes::Policy, versions: Vec<shapes::PolicyVersion>) -> shapes::ManagedPolicyDetail {
    shapes::ManagedPolicyDetail {
        policy_name: shown.policy_name,
        policy_id: shown.policy_id,
        arn: shown.arn,
        path: shown.path,
        default_version_id: shown.default_version_id,
        attachment_count: shown.attachment_count,
        permissions_boundary_usage_count: shown.permissions_boundary_usage_count,
        is_attachable: shown.is_attachable,
        description: shown.description,
        create_date: shown.create_date,
        update_date: shown.update_date,
        policy_version_list: Some(versions),
    }
}
