//! Roles, and what only they have: a trust policy, a description, how long their sessions last.

use sealroom_api::iam as shapes;
use sealroom_store::{Guard, Row};

use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::documents;
use crate::iam::error::IamError;
use crate::iam::holders::{Loaded, New};
use crate::iam::pages::{Page, Wanted};
use crate::iam::users::unburdened;
use crate::records::entity::{self, HolderKind, HolderRecord, RoleRecord, Versioned as _};
use crate::standing::damaged;

const ROLE: HolderKind = HolderKind::Role;
/// Seconds that a role's sessions last at most unless it says otherwise.
const SESSION: i32 = 3_600;

pub(crate) async fn create(
    desk: &Desk<'_>,
    input: &shapes::CreateRoleInput,
) -> Result<Done<shapes::CreateRoleOutput>, IamError> {
    let new = New {
        kind: ROLE,
        name: &input.role_name,
        path: input.path.as_ref(),
        tags: input.tags.as_ref(),
        boundary: input.permissions_boundary.as_ref(),
    };
    let (mut record, batch) = desk.make(&new).await?;
    let bound = documents::trust(desk, &input.assume_role_policy_document).await?;
    record.role = Some(RoleRecord {
        bound,
        trust: input.assume_role_policy_document.clone(),
        description: input.description.clone(),
        max_session: input.max_session_duration.unwrap_or(SESSION),
    });
    let name = entity::HolderName::new(desk.account(), ROLE, &record.name);
    // The last write of a path wins.
    let batch = batch.put(name.path(), record.to_bytes());
    Ok(Done::change(shapes::CreateRoleOutput { role: desk.role(&record, true).await? }, batch))
}

pub(crate) async fn get(
    desk: &Desk<'_>,
    input: &shapes::GetRoleInput,
) -> Result<Done<shapes::GetRoleOutput>, IamError> {
    let role = desk.permitted(ROLE, &input.role_name, Asked::default()).await?;
    Ok(Done::answer(shapes::GetRoleOutput { role: desk.role(&role.record, true).await? }))
}

pub(crate) async fn list(
    desk: &Desk<'_>,
    input: &shapes::ListRolesInput,
) -> Result<Done<shapes::ListRolesOutput>, IamError> {
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    desk.allow(&desk.arn(&format!("role{prefix}")), Asked::default())?;
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let pick = |row: &Row| {
        let record = HolderRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
        Ok(Some(record).filter(|record| record.path.starts_with(prefix)))
    };
    let Page { items, truncated: is_truncated, marker } =
        wanted.of_rows(desk, entity::holders(desk.account(), ROLE), pick).await?;
    let mut roles = Vec::with_capacity(items.len());
    for record in &items {
        roles.push(desk.role(record, false).await?);
    }
    Ok(Done::answer(shapes::ListRolesOutput { roles, is_truncated, marker }))
}

/// The role's row with `change` made to what only roles have.
fn changed(role: &Loaded, change: impl FnOnce(&mut RoleRecord)) -> Result<HolderRecord, IamError> {
    let mut record = role.record.clone();
    let Some(of_role) = &mut record.role else { return Err(IamError::Fault("a role without a trust policy")) };
    change(of_role);
    Ok(record)
}

pub(crate) async fn update(
    desk: &Desk<'_>,
    input: &shapes::UpdateRoleInput,
) -> Result<Done<shapes::UpdateRoleOutput>, IamError> {
    let role = desk.permitted(ROLE, &input.role_name, Asked::default()).await?;
    let record = changed(&role, |of_role| {
        // AWS: what isn't sent stays; an empty description is none.
        if let Some(description) = &input.description {
            of_role.description = Some(description.clone()).filter(|text| !text.is_empty());
        }
        of_role.max_session = input.max_session_duration.unwrap_or(of_role.max_session);
    })?;
    Ok(Done::so(role.rewritten(&record)))
}

pub(crate) async fn update_description(
    desk: &Desk<'_>,
    input: &shapes::UpdateRoleDescriptionInput,
) -> Result<Done<shapes::UpdateRoleDescriptionOutput>, IamError> {
    let role = desk.permitted(ROLE, &input.role_name, Asked::default()).await?;
    let description = Some(input.description.clone()).filter(|text| !text.is_empty());
    let record = changed(&role, |of_role| of_role.description = description)?;
    let output = shapes::UpdateRoleDescriptionOutput { role: Some(desk.role(&record, true).await?) };
    Ok(Done::change(output, role.rewritten(&record)))
}

pub(crate) async fn update_trust(
    desk: &Desk<'_>,
    input: &shapes::UpdateAssumeRolePolicyInput,
) -> Result<Done<shapes::UpdateAssumeRolePolicyOutput>, IamError> {
    let role = desk.permitted(ROLE, &input.role_name, Asked::default()).await?;
    let bound = documents::trust(desk, &input.policy_document).await?;
    let record = changed(&role, |of_role| {
        of_role.trust.clone_from(&input.policy_document);
        of_role.bound = bound;
    })?;
    Ok(Done::so(role.rewritten(&record)))
}

pub(crate) async fn delete(
    desk: &Desk<'_>,
    input: &shapes::DeleteRoleInput,
) -> Result<Done<shapes::DeleteRoleOutput>, IamError> {
    let role = desk.permitted(ROLE, &input.role_name, Asked::default()).await?;
    let hosts = entity::hosts(desk.account(), &role.record.id);
    if desk.count(hosts.clone(), 1).await? > 0 {
        return Err(IamError::InTheWay("remove roles from instance profile"));
    }
    unburdened(&role.record)?;
    let mut batch = role.removed().guard(Guard::Empty(hosts));
    if let Some(policy) = &role.record.boundary {
        batch = batch.delete(entity::bounded(desk.account(), policy).text(&role.record.id));
    }
    Ok(Done::so(batch))
}
