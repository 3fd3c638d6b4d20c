//! Inline policies of users, groups and roles.

use sealroom_api::iam as shapes;

use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::documents;
use crate::iam::error::IamError;
use crate::iam::pages::{Page, Wanted};
use crate::records::entity::HolderKind::{self, Group, Role, User};

async fn put<T: Default>(
    desk: &Desk<'_>,
    kind: HolderKind,
    name: &str,
    policy: &str,
    document: &str,
) -> Result<Done<T>, IamError> {
    let holder = desk.permitted(kind, name, Asked::default()).await?;
    let others = holder.record.inline.iter().filter(|(known, _)| *known != policy);
    let others = others.map(|(_, text)| documents::weight(text)).sum();
    documents::inline(document, kind, &holder.record.name, others)?;
    let mut record = holder.record.clone();
    record.inline.insert(policy.to_owned(), document.to_owned());
    Ok(Done::so(holder.rewritten(&record)))
}

/// The document of an inline policy, and the holder's name as it is written.
async fn get(desk: &Desk<'_>, kind: HolderKind, name: &str, policy: &str) -> Result<(String, String), IamError> {
    let holder = desk.permitted(kind, name, Asked::default()).await?;
    let document = holder.record.inline.get(policy).map(|text| documents::encoded(text));
    let absent = || IamError::NoSuchInlinePolicy { kind, name: policy.to_owned() };
    Ok((holder.record.name, document.ok_or_else(absent)?))
}

async fn delete<T: Default>(desk: &Desk<'_>, kind: HolderKind, name: &str, policy: &str) -> Result<Done<T>, IamError> {
    let holder = desk.permitted(kind, name, Asked::default()).await?;
    let mut record = holder.record.clone();
    if record.inline.remove(policy).is_none() {
        return Err(IamError::NoSuchInlinePolicy { kind, name: policy.to_owned() });
    }
    Ok(Done::so(holder.rewritten(&record)))
}

async fn list(desk: &Desk<'_>, kind: HolderKind, name: &str, wanted: Wanted<'_>) -> Result<Page<String>, IamError> {
    let holder = desk.permitted(kind, name, Asked::default()).await?;
    wanted.of(desk, holder.record.inline.into_keys().collect())
}

pub(crate) async fn put_user(
    desk: &Desk<'_>,
    input: &shapes::PutUserPolicyInput,
) -> Result<Done<shapes::PutUserPolicyOutput>, IamError> {
    put(desk, User, &input.user_name, &input.policy_name, &input.policy_document).await
}

pub(crate) async fn get_user(
    desk: &Desk<'_>,
    input: &shapes::GetUserPolicyInput,
) -> Result<Done<shapes::GetUserPolicyOutput>, IamError> {
    let (user_name, policy_document) = get(desk, User, &input.user_name, &input.policy_name).await?;
    let policy_name = input.policy_name.clone();
    Ok(Done::answer(shapes::GetUserPolicyOutput { user_name, policy_name, policy_document }))
}

pub(crate) async fn delete_user(
    desk: &Desk<'_>,
    input: &shapes::DeleteUserPolicyInput,
) -> Result<Done<shapes::DeleteUserPolicyOutput>, IamError> {
    delete(desk, User, &input.user_name, &input.policy_name).await
}

pub(crate) async fn list_user(
    desk: &Desk<'_>,
    input: &shapes::ListUserPoliciesInput,
) -> Result<Done<shapes::ListUserPoliciesOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: policy_names, truncated: is_truncated, marker } =
        list(desk, User, &input.user_name, wanted).await?;
    Ok(Done::answer(shapes::ListUserPoliciesOutput { policy_names, is_truncated, marker }))
}

pub(crate) async fn put_group(
    desk: &Desk<'_>,
    input: &shapes::PutGroupPolicyInput,
) -> Result<Done<shapes::PutGroupPolicyOutput>, IamError> {
    put(desk, Group, &input.group_name, &input.policy_name, &input.policy_document).await
}

pub(crate) async fn get_group(
    desk: &Desk<'_>,
    input: &shapes::GetGroupPolicyInput,
) -> Result<Done<shapes::GetGroupPolicyOutput>, IamError> {
    let (group_name, policy_document) = get(desk, Group, &input.group_name, &input.policy_name).await?;
    let policy_name = input.policy_name.clone();
    Ok(Done::answer(shapes::GetGroupPolicyOutput { group_name, policy_name, policy_document }))
}

pub(crate) async fn delete_group(
    desk: &Desk<'_>,
    input: &shapes::DeleteGroupPolicyInput,
) -> Result<Done<shapes::DeleteGroupPolicyOutput>, IamError> {
    delete(desk, Group, &input.group_name, &input.policy_name).await
}

pub(crate) async fn list_group(
    desk: &Desk<'_>,
    input: &shapes::ListGroupPoliciesInput,
) -> Result<Done<shapes::ListGroupPoliciesOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: policy_names, truncated: is_truncated, marker } =
        list(desk, Group, &input.group_name, wanted).await?;
    Ok(Done::answer(shapes::ListGroupPoliciesOutput { policy_names, is_truncated, marker }))
}

pub(crate) async fn put_role(
    desk: &Desk<'_>,
    input: &shapes::PutRolePolicyInput,
) -> Result<Done<shapes::PutRolePolicyOutput>, IamError> {
    put(desk, Role, &input.role_name, &input.policy_name, &input.policy_document).await
}

pub(crate) async fn get_role(
    desk: &Desk<'_>,
    input: &shapes::GetRolePolicyInput,
) -> Result<Done<shapes::GetRolePolicyOutput>, IamError> {
    let (role_name, policy_document) = get(desk, Role, &input.role_name, &input.policy_name).await?;
    let policy_name = input.policy_name.clone();
    Ok(Done::answer(shapes::GetRolePolicyOutput { role_name, policy_name, policy_document }))
}

pub(crate) async fn delete_role(
    desk: &Desk<'_>,
    input: &shapes::DeleteRolePolicyInput,
) -> Result<Done<shapes::DeleteRolePolicyOutput>, IamError> {
    delete(desk, Role, &input.role_name, &input.policy_name).await
}

pub(crate) async fn list_role(
    desk: &Desk<'_>,
    input: &shapes::ListRolePoliciesInput,
) -> Result<Done<shapes::ListRolePoliciesOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: policy_names, truncated: is_truncated, marker } =
        list(desk, Role, &input.role_name, wanted).await?;
    Ok(Done::answer(shapes::ListRolePoliciesOutput { policy_names, is_truncated, marker }))
}
