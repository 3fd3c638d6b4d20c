//! Managed policies that are attached to users, groups and roles, and the boundaries of users and roles.

use sealroom_api::iam as shapes;
use sealroom_store::{Batch, Guard};

use crate::aws_policies;
use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::error::IamError;
use crate::iam::holders::Loaded;
use crate::iam::pages::{Page, Wanted};
use crate::records::entity::HolderKind::{self, Group, Role, User};
use crate::records::entity::{self, PolicyRef};

/// LIMIT: managed policies of one user, group or role.
const ATTACHED: usize = 10;

fn quota(kind: HolderKind) -> &'static str {
    match kind {
        User => "PoliciesPerUser",
        Group => "PoliciesPerGroup",
        Role => "PoliciesPerRole",
    }
}

impl Desk<'_> {
    /// The guards that hold while a policy exists: nobody may delete it meanwhile.
    ///
    /// # Errors
    /// [`IamError::NotAttachable`] when there is no such policy, or another account's.
    pub(crate) async fn attachable(&self, arn: &str, policy: &PolicyRef) -> Result<Batch, IamError> {
        let absent = || IamError::NotAttachable(arn.to_owned());
        match policy.account() {
            None => aws_policies::find(policy).map(|_| Batch::default()).ok_or_else(absent),
            Some(account) if account == self.account() => {
                let row = self.row(entity::policy(account, policy.name())).await?.ok_or_else(absent)?;
                let is_it = self.policy_record(&row)?.path == policy.path();
                let guard = Guard::Version(row.path, row.version);
                is_it.then(|| Batch::default().guard(guard)).ok_or_else(absent)
            }
            Some(_) => Err(absent()),
        }
    }
}

async fn attach<T: Default>(desk: &Desk<'_>, kind: HolderKind, name: &str, arn: &str) -> Result<Done<T>, IamError> {
    let policy = PolicyRef::parse(arn).ok_or(IamError::ArnForm)?;
    let holder = desk.permitted(kind, name, Asked { policy_arn: Some(arn), ..Asked::default() }).await?;
    let guards = desk.attachable(arn, &policy).await?;
    if holder.record.attached.contains(&policy) {
        return Ok(Done::already());
    }
    if holder.record.attached.len() >= ATTACHED {
        return Err(IamError::Quota { what: quota(kind), limit: ATTACHED });
    }
    let mut record = holder.record.clone();
    let bearer = entity::bearers(desk.account(), &policy).text(&record.id);
    record.attached.push(policy);
    let mut batch = holder.rewritten(&record).put(bearer, entity::MARK.to_vec());
    batch.append(guards);
    Ok(Done::so(batch))
}

async fn detach<T: Default>(desk: &Desk<'_>, kind: HolderKind, name: &str, arn: &str) -> Result<Done<T>, IamError> {
    let policy = PolicyRef::parse(arn).ok_or(IamError::ArnForm)?;
    let holder = desk.permitted(kind, name, Asked { policy_arn: Some(arn), ..Asked::default() }).await?;
    if !holder.record.attached.contains(&policy) {
        return Err(IamError::NoSuchPolicy(arn.to_owned()));
    }
    let mut record = holder.record.clone();
    record.attached.retain(|known| *known != policy);
    let bearer = entity::bearers(desk.account(), &policy).text(&record.id);
    Ok(Done::so(holder.rewritten(&record).delete(bearer)))
}

async fn list(
    desk: &Desk<'_>,
    kind: HolderKind,
    name: &str,
    path_prefix: Option<&String>,
    wanted: Wanted<'_>,
) -> Result<Page<shapes::AttachedPolicy>, IamError> {
    let holder = desk.permitted(kind, name, Asked::default()).await?;
    let prefix = path_prefix.map_or("/", String::as_str);
    let shown = holder.record.attached.iter().filter(|policy| policy.path().starts_with(prefix));
    let shown = shown.map(|policy| shapes::AttachedPolicy {
        policy_name: Some(policy.name().to_owned()),
        policy_arn: Some(policy.arn(desk.partition())),
    });
    wanted.of(desk, shown.collect())
}

async fn bound<T: Default>(desk: &Desk<'_>, kind: HolderKind, name: &str, arn: &str) -> Result<Done<T>, IamError> {
    let holder = desk.permitted(kind, name, Asked { boundary: Some(arn), ..Asked::default() }).await?;
    let (policy, guards) = desk.boundary(arn).await?;
    let mut record = holder.record.clone();
    let mut batch = unbounded(desk, &holder, holder.unchanged());
    batch = batch.put(entity::bounded(desk.account(), &policy).text(&record.id), entity::MARK.to_vec());
    batch.append(guards);
    record.boundary = Some(policy);
    batch.append(holder.rewritten(&record));
    Ok(Done::so(batch))
}

async fn unbind<T: Default>(desk: &Desk<'_>, kind: HolderKind, name: &str) -> Result<Done<T>, IamError> {
    let holder = desk.permitted(kind, name, Asked::default()).await?;
    if holder.record.boundary.is_none() {
        return Err(IamError::NoSuchInlinePolicy { kind, name: "permissions boundary".to_owned() });
    }
    let mut record = holder.record.clone();
    record.boundary = None;
    Ok(Done::so(unbounded(desk, &holder, holder.rewritten(&record))))
}

/// Takes away the mark of the boundary that there was.
fn unbounded(desk: &Desk<'_>, holder: &Loaded, batch: Batch) -> Batch {
    match &holder.record.boundary {
        None => batch,
        Some(policy) => batch.delete(entity::bounded(desk.account(), policy).text(&holder.record.id)),
    }
}

pub(crate) async fn attach_user(
    desk: &Desk<'_>,
    input: &shapes::AttachUserPolicyInput,
) -> Result<Done<shapes::AttachUserPolicyOutput>, IamError> {
    attach(desk, User, &input.user_name, &input.policy_arn).await
}

pub(crate) async fn detach_user(
    desk: &Desk<'_>,
    input: &shapes::DetachUserPolicyInput,
) -> Result<Done<shapes::DetachUserPolicyOutput>, IamError> {
    detach(desk, User, &input.user_name, &input.policy_arn).await
}

pub(crate) async fn list_user(
    desk: &Desk<'_>,
    input: &shapes::ListAttachedUserPoliciesInput,
) -> Result<Done<shapes::ListAttachedUserPoliciesOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let page = list(desk, User, &input.user_name, input.path_prefix.as_ref(), wanted).await?;
    let (attached_policies, is_truncated, marker) = (Some(page.items), page.truncated, page.marker);
    Ok(Done::answer(shapes::ListAttachedUserPoliciesOutput { attached_policies, is_truncated, marker }))
}

pub(crate) async fn attach_group(
    desk: &Desk<'_>,
    input: &shapes::AttachGroupPolicyInput,
) -> Result<Done<shapes::AttachGroupPolicyOutput>, IamError> {
    attach(desk, Group, &input.group_name, &input.policy_arn).await
}

pub(crate) async fn detach_group(
    desk: &Desk<'_>,
    input: &shapes::DetachGroupPolicyInput,
) -> Result<Done<shapes::DetachGroupPolicyOutput>, IamError> {
    detach(desk, Group, &input.group_name, &input.policy_arn).await
}

pub(crate) async fn list_group(
    desk: &Desk<'_>,
    input: &shapes::ListAttachedGroupPoliciesInput,
) -> Result<Done<shapes::ListAttachedGroupPoliciesOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let page = list(desk, Group, &input.group_name, input.path_prefix.as_ref(), wanted).await?;
    let (attached_policies, is_truncated, marker) = (Some(page.items), page.truncated, page.marker);
    Ok(Done::answer(shapes::ListAttachedGroupPoliciesOutput { attached_policies, is_truncated, marker }))
}

pub(crate) async fn attach_role(
    desk: &Desk<'_>,
    input: &shapes::AttachRolePolicyInput,
) -> Result<Done<shapes::AttachRolePolicyOutput>, IamError> {
    attach(desk, Role, &input.role_name, &input.policy_arn).await
}

pub(crate) async fn detach_role(
    desk: &Desk<'_>,
    input: &shapes::DetachRolePolicyInput,
) -> Result<Done<shapes::DetachRolePolicyOutput>, IamError> {
    detach(desk, Role, &input.role_name, &input.policy_arn).await
}

pub(crate) async fn list_role(
    desk: &Desk<'_>,
    input: &shapes::ListAttachedRolePoliciesInput,
) -> Result<Done<shapes::ListAttachedRolePoliciesOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let page = list(desk, Role, &input.role_name, input.path_prefix.as_ref(), wanted).await?;
    let (attached_policies, is_truncated, marker) = (Some(page.items), page.truncated, page.marker);
    Ok(Done::answer(shapes::ListAttachedRolePoliciesOutput { attached_policies, is_truncated, marker }))
}

pub(crate) async fn bound_user(
    desk: &Desk<'_>,
    input: &shapes::PutUserPermissionsBoundaryInput,
) -> Result<Done<shapes::PutUserPermissionsBoundaryOutput>, IamError> {
    bound(desk, User, &input.user_name, &input.permissions_boundary).await
}

pub(crate) async fn unbind_user(
    desk: &Desk<'_>,
    input: &shapes::DeleteUserPermissionsBoundaryInput,
) -> Result<Done<shapes::DeleteUserPermissionsBoundaryOutput>, IamError> {
    unbind(desk, User, &input.user_name).await
}

pub(crate) async fn bound_role(
    desk: &Desk<'_>,
    input: &shapes::PutRolePermissionsBoundaryInput,
) -> Result<Done<shapes::PutRolePermissionsBoundaryOutput>, IamError> {
    bound(desk, Role, &input.role_name, &input.permissions_boundary).await
}

pub(crate) async fn unbind_role(
    desk: &Desk<'_>,
    input: &shapes::DeleteRolePermissionsBoundaryInput,
) -> Result<Done<shapes::DeleteRolePermissionsBoundaryOutput>, IamError> {
    unbind(desk, Role, &input.role_name).await
}
