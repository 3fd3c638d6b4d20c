//! Users, and what only they have: a name that may change, groups, a look at oneself.

use sealroom_api::iam as shapes;
use sealroom_authz::Principal;
use sealroom_foundation::Timestamp;
use sealroom_store::Guard;

use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::error::IamError;
use crate::iam::holders::New;
use crate::iam::pages::{Page, Wanted};
use crate::records::entity::{self, HolderKind, HolderRecord, Versioned as _};
use crate::records::{self, AccountRecord};
use crate::standing::damaged;

const USER: HolderKind = HolderKind::User;

impl Desk<'_> {
    /// The user that a request means: the one it names, or the caller itself.
    ///
    /// # Errors
    /// [`IamError::UserNameMissing`] when the caller is no user.
    pub(crate) fn user_name(&self, named: Option<&String>) -> Result<String, IamError> {
        if let Some(name) = named {
            return Ok(name.clone());
        }
        let is_user = matches!(self.call.caller().principal(), Principal::User { .. });
        let own = self.call.caller().standing().filter(|_| is_user);
        own.map(|standing| standing.holder.record.name.clone()).ok_or(IamError::UserNameMissing)
    }
}

pub(crate) async fn create(
    desk: &Desk<'_>,
    input: &shapes::CreateUserInput,
) -> Result<Done<shapes::CreateUserOutput>, IamError> {
    let new = New {
        kind: USER,
        name: &input.user_name,
        path: input.path.as_ref(),
        tags: input.tags.as_ref(),
        boundary: input.permissions_boundary.as_ref(),
    };
    let (record, batch) = desk.make(&new).await?;
    Ok(Done::change(shapes::CreateUserOutput { user: Some(desk.user(&record, true)) }, batch))
}

pub(crate) async fn get(
    desk: &Desk<'_>,
    input: &shapes::GetUserInput,
) -> Result<Done<shapes::GetUserOutput>, IamError> {
    if input.user_name.is_none() && desk.call.caller().is_root() {
        desk.takes_session()?;
        return Ok(Done::answer(shapes::GetUserOutput { user: root(desk).await? }));
    }
    let name = desk.user_name(input.user_name.as_ref())?;
    let user = desk.permitted(USER, &name, Asked::default()).await?;
    Ok(Done::answer(shapes::GetUserOutput { user: desk.user(&user.record, true) }))
}

/// What AWS shows of an account's root user, which has no name of its own and is as old as its account. Dev mode's accounts
/// are as old as time.
async fn root(desk: &Desk<'_>) -> Result<shapes::User, IamError> {
    let row = desk.row(records::account(desk.account())).await?;
    let record = row.map(|row| AccountRecord::decode(&row.value).ok_or_else(|| damaged(&row.path))).transpose()?;
    Ok(shapes::User {
        path: "/".to_owned(),
        user_name: "root".to_owned(),
        user_id: desk.account().to_string(),
        arn: desk.arn("root"),
        create_date: record.map_or(Timestamp::EPOCH, |record| record.created()),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    })
}

pub(crate) async fn list(
    desk: &Desk<'_>,
    input: &shapes::ListUsersInput,
) -> Result<Done<shapes::ListUsersOutput>, IamError> {
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    desk.allow(&desk.arn(&format!("user{prefix}")), Asked::default())?;
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let pick = |row: &sealroom_store::Row| {
        let record = HolderRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
        Ok(record.path.starts_with(prefix).then(|| desk.user(&record, false)))
    };
    let Page { items: users, truncated: is_truncated, marker } =
        wanted.of_rows(desk, entity::holders(desk.account(), USER), pick).await?;
    Ok(Done::answer(shapes::ListUsersOutput { users, is_truncated, marker }))
}

pub(crate) async fn update(
    desk: &Desk<'_>,
    input: &shapes::UpdateUserInput,
) -> Result<Done<shapes::UpdateUserOutput>, IamError> {
    let batch = desk.rename(USER, &input.user_name, input.new_path.as_ref(), input.new_user_name.as_ref()).await?;
    Ok(batch.map_or_else(Done::already, Done::so))
}

pub(crate) async fn delete(
    desk: &Desk<'_>,
    input: &shapes::DeleteUserInput,
) -> Result<Done<shapes::DeleteUserOutput>, IamError> {
    let user = desk.permitted(USER, &input.user_name, Asked::default()).await?;
    let keys = entity::keys_of(desk.account(), &user.record.id);
    if desk.count(keys.clone(), 1).await? > 0 {
        return Err(IamError::InTheWay("delete access keys"));
    }
    unburdened(&user.record)?;
    if !user.record.groups.is_empty() {
        return Err(IamError::InTheWay("remove user from all groups"));
    }
    let mut batch = user.removed().guard(Guard::Empty(keys));
    if let Some(policy) = &user.record.boundary {
        batch = batch.delete(entity::bounded(desk.account(), policy).text(&user.record.id));
    }
    Ok(Done::so(batch))
}

/// Whether nothing hangs on the policies of who is to be deleted.
pub(crate) fn unburdened(record: &HolderRecord) -> Result<(), IamError> {
    if !record.inline.is_empty() {
        return Err(IamError::InTheWay("delete policies"));
    }
    if !record.attached.is_empty() {
        return Err(IamError::InTheWay("detach all policies"));
    }
    Ok(())
}
