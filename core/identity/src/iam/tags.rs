//! Tags of users, roles, policies and instance profiles.

use sealroom_api::iam::{self as shapes, Tag};

use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::error::IamError;
use crate::iam::pages::{Page, Wanted};
use crate::records::entity::{HolderKind, TagRecord};

/// LIMIT: tags of one user, role, policy or profile.
const MAX_TAGS: usize = 50;

/// The tags that a request brings, none twice.
///
/// # Errors
/// [`IamError::DuplicateTags`].
pub(crate) fn of_request(tags: Option<&Vec<Tag>>) -> Result<Vec<TagRecord>, IamError> {
    let mut read: Vec<TagRecord> = Vec::new();
    for tag in tags.into_iter().flatten() {
        // AWS: tag keys of IAM are told apart without case.
        if read.iter().any(|known| known.key.eq_ignore_ascii_case(&tag.key)) {
            return Err(IamError::DuplicateTags);
        }
        read.push(TagRecord { key: tag.key.clone(), value: tag.value.clone() });
    }
    Ok(read)
}

/// As IAM shows them; `None` when there are none.
pub(crate) fn shown(tags: &[TagRecord]) -> Option<Vec<Tag>> {
    (!tags.is_empty()).then(|| all(tags))
}

fn all(tags: &[TagRecord]) -> Vec<Tag> {
    tags.iter().map(|tag| Tag { key: tag.key.clone(), value: tag.value.clone() }).collect()
}

/// With these tags besides, which win.
///
/// # Errors
/// [`IamError::DuplicateTags`], [`IamError::Quota`].
pub(crate) fn added(to: &[TagRecord], tags: &Vec<Tag>) -> Result<Vec<TagRecord>, IamError> {
    let mut all = to.to_vec();
    for tag in of_request(Some(tags))? {
        match all.iter_mut().find(|known| known.key.eq_ignore_ascii_case(&tag.key)) {
            Some(known) => *known = tag,
            None => all.push(tag),
        }
    }
    if all.len() > MAX_TAGS {
        return Err(IamError::Quota { what: "TagsPerResource", limit: MAX_TAGS });
    }
    Ok(all)
}

/// Without the tags of these keys.
pub(crate) fn without(tags: &[TagRecord], keys: &[String]) -> Vec<TagRecord> {
    let goes = |tag: &&TagRecord| !keys.iter().any(|key| key.eq_ignore_ascii_case(&tag.key));
    tags.iter().filter(goes).cloned().collect()
}

/// A page of tags.
pub(crate) fn page(desk: &Desk<'_>, tags: &[TagRecord], wanted: &Wanted<'_>) -> Result<Page<Tag>, IamError> {
    wanted.of(desk, all(tags))
}

async fn tag<T: Default>(desk: &Desk<'_>, kind: HolderKind, name: &str, tags: &Vec<Tag>) -> Result<Done<T>, IamError> {
    let holder = desk.permitted(kind, name, Asked { tags, ..Asked::default() }).await?;
    let mut record = holder.record.clone();
    record.tags = added(&record.tags, tags)?;
    Ok(Done::so(holder.rewritten(&record)))
}

async fn untag<T: Default>(
    desk: &Desk<'_>,
    kind: HolderKind,
    name: &str,
    keys: &[String],
) -> Result<Done<T>, IamError> {
    let holder = desk.permitted(kind, name, Asked { tag_keys: keys, ..Asked::default() }).await?;
    let mut record = holder.record.clone();
    record.tags = without(&record.tags, keys);
    Ok(Done::so(holder.rewritten(&record)))
}

async fn list(desk: &Desk<'_>, kind: HolderKind, name: &str, wanted: Wanted<'_>) -> Result<Page<Tag>, IamError> {
    let holder = desk.permitted(kind, name, Asked::default()).await?;
    page(desk, &holder.record.tags, &wanted)
}

pub(crate) async fn tag_user(
    desk: &Desk<'_>,
    input: &shapes::TagUserInput,
) -> Result<Done<shapes::TagUserOutput>, IamError> {
    tag(desk, HolderKind::User, &input.user_name, &input.tags).await
}

pub(crate) async fn tag_role(
    desk: &Desk<'_>,
    input: &shapes::TagRoleInput,
) -> Result<Done<shapes::TagRoleOutput>, IamError> {
    tag(desk, HolderKind::Role, &input.role_name, &input.tags).await
}

pub(crate) async fn untag_user(
    desk: &Desk<'_>,
    input: &shapes::UntagUserInput,
) -> Result<Done<shapes::UntagUserOutput>, IamError> {
    untag(desk, HolderKind::User, &input.user_name, &input.tag_keys).await
}

pub(crate) async fn untag_role(
    desk: &Desk<'_>,
    input: &shapes::UntagRoleInput,
) -> Result<Done<shapes::UntagRoleOutput>, IamError> {
    untag(desk, HolderKind::Role, &input.role_name, &input.tag_keys).await
}

pub(crate) async fn list_user_tags(
    desk: &Desk<'_>,
    input: &shapes::ListUserTagsInput,
) -> Result<Done<shapes::ListUserTagsOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: tags, truncated: is_truncated, marker } =
        list(desk, HolderKind::User, &input.user_name, wanted).await?;
    Ok(Done::answer(shapes::ListUserTagsOutput { tags, is_truncated, marker }))
}

pub(crate) async fn list_role_tags(
    desk: &Desk<'_>,
    input: &shapes::ListRoleTagsInput,
) -> Result<Done<shapes::ListRoleTagsOutput>, IamError> {
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: tags, truncated: is_truncated, marker } =
        list(desk, HolderKind::Role, &input.role_name, wanted).await?;
    Ok(Done::answer(shapes::ListRoleTagsOutput { tags, is_truncated, marker }))
}
