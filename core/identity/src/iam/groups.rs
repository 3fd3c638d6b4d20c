//! Groups and their members.

use sealroom_api::iam as shapes;

use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::error::IamError;
use crate::iam::holders::New;
use crate::iam::pages::{Page, Wanted};
use crate::iam::users::unburdened;
use crate::records::entity::{self, HolderKind, HolderRecord, Versioned as _};
use crate::standing::damaged;
use sealroom_store::{Guard, KeyPath, Read, Row};

const GROUP: HolderKind = HolderKind::Group;
/// LIMIT: groups of one user.
const GROUPS_PER_USER: usize = 10;

pub(crate) async fn create(
    desk: &Desk<'_>,
    input: &shapes::CreateGroupInput,
) -> Result<Done<shapes::CreateGroupOutput>, IamError> {
    let new = New { kind: GROUP, name: &input.group_name, path: input.path.as_ref(), tags: None, boundary: None };
    let (record, batch) = desk.make(&new).await?;
    Ok(Done::change(shapes::CreateGroupOutput { group: desk.group(&record) }, batch))
}

pub(crate) async fn get(
    desk: &Desk<'_>,
    input: &shapes::GetGroupInput,
) -> Result<Done<shapes::GetGroupOutput>, IamError> {
    let group = desk.permitted(GROUP, &input.group_name, Asked::default()).await?;
    let members = ids_below(desk, entity::members(desk.account(), &group.record.id)).await?;
    let mut users = desk.by_ids(&members).await?;
    users.sort_by(|one, other| one.name.cmp(&other.name));
    let users = users.iter().map(|user| desk.user(&user.record, false)).collect();
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: users, truncated: is_truncated, marker } = wanted.of(desk, users)?;
    Ok(Done::answer(shapes::GetGroupOutput { group: desk.group(&group.record), users, is_truncated, marker }))
}

/// The last segments of the rows below a path: unique ids, or access key ids.
pub(crate) async fn ids_below(desk: &Desk<'_>, prefix: KeyPath) -> Result<Vec<String>, IamError> {
    let (rows, _) = desk.below(prefix, None, Read::MAX_LIMIT).await?;
    let last = |row: &Row| row.path.segments().last().and_then(|id| String::from_utf8(id).ok());
    Ok(rows.iter().filter_map(last).collect())
}

pub(crate) async fn list(
    desk: &Desk<'_>,
    input: &shapes::ListGroupsInput,
) -> Result<Done<shapes::ListGroupsOutput>, IamError> {
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    desk.allow(&desk.arn(&format!("group{prefix}")), Asked::default())?;
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let pick = |row: &Row| {
        let record = HolderRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
        Ok(record.path.starts_with(prefix).then(|| desk.group(&record)))
    };
    let Page { items: groups, truncated: is_truncated, marker } =
        wanted.of_rows(desk, entity::holders(desk.account(), GROUP), pick).await?;
    Ok(Done::answer(shapes::ListGroupsOutput { groups, is_truncated, marker }))
}

pub(crate) async fn update(
    desk: &Desk<'_>,
    input: &shapes::UpdateGroupInput,
) -> Result<Done<shapes::UpdateGroupOutput>, IamError> {
    let (path, name) = (input.new_path.as_ref(), input.new_group_name.as_ref());
    let batch = desk.rename(GROUP, &input.group_name, path, name).await?;
    Ok(batch.map_or_else(Done::already, Done::so))
}

pub(crate) async fn delete(
    desk: &Desk<'_>,
    input: &shapes::DeleteGroupInput,
) -> Result<Done<shapes::DeleteGroupOutput>, IamError> {
    let group = desk.permitted(GROUP, &input.group_name, Asked::default()).await?;
    let members = entity::members(desk.account(), &group.record.id);
    if desk.count(members.clone(), 1).await? > 0 {
        return Err(IamError::InTheWay("remove users from group"));
    }
    unburdened(&group.record)?;
    Ok(Done::so(group.removed().guard(Guard::Empty(members))))
}

pub(crate) async fn add_user(
    desk: &Desk<'_>,
    input: &shapes::AddUserToGroupInput,
) -> Result<Done<shapes::AddUserToGroupOutput>, IamError> {
    let group = desk.permitted(GROUP, &input.group_name, Asked::default()).await?;
    let user = desk.existing(HolderKind::User, &input.user_name).await?;
    if user.record.groups.contains(&group.record.id) {
        return Ok(Done::already());
    }
    if user.record.groups.len() >= GROUPS_PER_USER {
        return Err(IamError::Quota { what: "GroupsPerUser", limit: GROUPS_PER_USER });
    }
    let mut record = user.record.clone();
    record.groups.push(group.record.id.clone());
    let mut batch = user.rewritten(&record);
    batch.append(group.unchanged());
    let member = entity::members(desk.account(), &group.record.id).text(&user.record.id);
    Ok(Done::so(batch.put(member, entity::MARK.to_vec())))
}

pub(crate) async fn remove_user(
    desk: &Desk<'_>,
    input: &shapes::RemoveUserFromGroupInput,
) -> Result<Done<shapes::RemoveUserFromGroupOutput>, IamError> {
    let group = desk.permitted(GROUP, &input.group_name, Asked::default()).await?;
    let user = desk.existing(HolderKind::User, &input.user_name).await?;
    if !user.record.groups.contains(&group.record.id) {
        let (user, group) = (input.user_name.clone(), input.group_name.clone());
        return Err(IamError::NotAMember { user, group });
    }
    let mut record = user.record.clone();
    record.groups.retain(|id| *id != group.record.id);
    let member = entity::members(desk.account(), &group.record.id).text(&user.record.id);
    Ok(Done::so(user.rewritten(&record).delete(member)))
}

pub(crate) async fn list_for_user(
    desk: &Desk<'_>,
    input: &shapes::ListGroupsForUserInput,
) -> Result<Done<shapes::ListGroupsForUserOutput>, IamError> {
    let user = desk.permitted(HolderKind::User, &input.user_name, Asked::default()).await?;
    let groups = desk.by_ids(&user.record.groups).await?;
    let groups = groups.iter().map(|group| desk.group(&group.record)).collect();
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: groups, truncated: is_truncated, marker } = wanted.of(desk, groups)?;
    Ok(Done::answer(shapes::ListGroupsForUserOutput { groups, is_truncated, marker }))
}
