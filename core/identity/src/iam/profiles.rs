//! Instance profiles: a name under which a machine finds a role.

use sealroom_api::iam as shapes;
use sealroom_store::{Batch, Guard, Row};

use crate::draw;
use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::error::IamError;
use crate::iam::groups::ids_below;
use crate::iam::pages::{Page, Wanted};
use crate::iam::tags;
use crate::records::entity::{self, HolderKind, ProfileRecord, Versioned as _};
use crate::standing::damaged;

/// LIMIT: instance profiles of one account.
const PROFILES: usize = 1_000;
/// LIMIT: roles of one instance profile.
const ROLES: usize = 1;

struct Loaded {
    record: ProfileRecord,
    row: Row,
}

impl Loaded {
    fn unchanged(&self) -> Batch {
        Batch::default().guard(Guard::Version(self.row.path.clone(), self.row.version))
    }

    fn rewritten(&self, record: &ProfileRecord) -> Batch {
        self.unchanged().put(self.row.path.clone(), record.to_bytes())
    }
}

fn read(row: &Row) -> Result<ProfileRecord, IamError> {
    Ok(ProfileRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?)
}

fn arn(desk: &Desk<'_>, record: &ProfileRecord) -> String {
    desk.arn(&format!("instance-profile{}{}", record.path, record.name))
}

async fn permitted(desk: &Desk<'_>, name: &str) -> Result<Loaded, IamError> {
    let Some(row) = desk.row(entity::profile(desk.account(), name)).await? else {
        desk.allow(&desk.arn(&format!("instance-profile/{name}")), Asked::default())?;
        return Err(IamError::NoSuchProfile(name.to_owned()));
    };
    let record = read(&row)?;
    desk.allow(&arn(desk, &record), Asked { resource_tags: &record.tags, ..Asked::default() })?;
    Ok(Loaded { record, row })
}

async fn shown(desk: &Desk<'_>, record: &ProfileRecord, whole: bool) -> Result<shapes::InstanceProfile, IamError> {
    let mut roles = Vec::new();
    for role in desk.by_ids(record.role.as_slice()).await? {
        roles.push(desk.role(&role.record, false).await?);
    }
    Ok(shapes::InstanceProfile {
        path: record.path.clone(),
        instance_profile_name: record.name.clone(),
        instance_profile_id: record.id.clone(),
        arn: arn(desk, record),
        create_date: record.created(),
        roles,
        tags: tags::shown(&record.tags).filter(|_| whole),
    })
}

pub(crate) async fn create(
    desk: &Desk<'_>,
    input: &shapes::CreateInstanceProfileInput,
) -> Result<Done<shapes::CreateInstanceProfileOutput>, IamError> {
    let (name, path) = (&input.instance_profile_name, input.path.as_deref().unwrap_or("/"));
    let sent = input.tags.as_deref().unwrap_or_default();
    let id = draw::unique_id(&*desk.room().entropy, "AIPA");
    let mut record = ProfileRecord::new(id, name, path, desk.now());
    record.tags = tags::of_request(input.tags.as_ref())?;
    desk.allow(&arn(desk, &record), Asked { tags: sent, ..Asked::default() })?;
    let row = entity::profile(desk.account(), name);
    if desk.row(row.clone()).await?.is_some() {
        return Err(IamError::ProfileExists(name.clone()));
    }
    let all = entity::profiles(desk.account());
    if desk.count(all.clone(), PROFILES).await? >= PROFILES {
        return Err(IamError::Quota { what: "InstanceProfilesPerAccount", limit: PROFILES });
    }
    let batch = Batch::default().guard(Guard::Absent(row.clone())).put(row, record.to_bytes());
    let instance_profile = shown(desk, &record, true).await?;
    Ok(Done::change(shapes::CreateInstanceProfileOutput { instance_profile }, batch))
}

pub(crate) async fn get(
    desk: &Desk<'_>,
    input: &shapes::GetInstanceProfileInput,
) -> Result<Done<shapes::GetInstanceProfileOutput>, IamError> {
    let profile = permitted(desk, &input.instance_profile_name).await?;
    let instance_profile = shown(desk, &profile.record, true).await?;
    Ok(Done::answer(shapes::GetInstanceProfileOutput { instance_profile }))
}

pub(crate) async fn list(
    desk: &Desk<'_>,
    input: &shapes::ListInstanceProfilesInput,
) -> Result<Done<shapes::ListInstanceProfilesOutput>, IamError> {
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    desk.allow(&desk.arn(&format!("instance-profile{prefix}")), Asked::default())?;
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let pick = |row: &Row| Ok(Some(read(row)?).filter(|record| record.path.starts_with(prefix)));
    let Page { items, truncated: is_truncated, marker } =
        wanted.of_rows(desk, entity::profiles(desk.account()), pick).await?;
    let mut instance_profiles = Vec::with_capacity(items.len());
    for record in &items {
        instance_profiles.push(shown(desk, record, false).await?);
    }
    Ok(Done::answer(shapes::ListInstanceProfilesOutput { instance_profiles, is_truncated, marker }))
}

/// The instance profiles of these names.
pub(crate) async fn named(desk: &Desk<'_>, names: &[String]) -> Result<Vec<shapes::InstanceProfile>, IamError> {
    let rows = desk.rows(names.iter().map(|name| entity::profile(desk.account(), name))).await?;
    let mut profiles = Vec::with_capacity(rows.len());
    for row in rows.iter().flatten() {
        profiles.push(shown(desk, &read(row)?, false).await?);
    }
    Ok(profiles)
}

pub(crate) async fn list_for_role(
    desk: &Desk<'_>,
    input: &shapes::ListInstanceProfilesForRoleInput,
) -> Result<Done<shapes::ListInstanceProfilesForRoleOutput>, IamError> {
    let role = desk.permitted(HolderKind::Role, &input.role_name, Asked::default()).await?;
    let names = ids_below(desk, entity::hosts(desk.account(), &role.record.id)).await?;
    let profiles = named(desk, &names).await?;
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: instance_profiles, truncated: is_truncated, marker } = wanted.of(desk, profiles)?;
    Ok(Done::answer(shapes::ListInstanceProfilesForRoleOutput { instance_profiles, is_truncated, marker }))
}

pub(crate) async fn add_role(
    desk: &Desk<'_>,
    input: &shapes::AddRoleToInstanceProfileInput,
) -> Result<Done<shapes::AddRoleToInstanceProfileOutput>, IamError> {
    let profile = permitted(desk, &input.instance_profile_name).await?;
    let role = desk.existing(HolderKind::Role, &input.role_name).await?;
    if profile.record.role.is_some() {
        return Err(IamError::Quota { what: "InstanceSessionsPerInstanceProfile", limit: ROLES });
    }
    let mut record = profile.record.clone();
    record.role = Some(role.record.id.clone());
    let host = entity::hosts(desk.account(), &role.record.id).text(&record.name.to_lowercase());
    let mut batch = profile.rewritten(&record).put(host, entity::MARK.to_vec());
    batch.append(role.unchanged());
    Ok(Done::so(batch))
}

pub(crate) async fn remove_role(
    desk: &Desk<'_>,
    input: &shapes::RemoveRoleFromInstanceProfileInput,
) -> Result<Done<shapes::RemoveRoleFromInstanceProfileOutput>, IamError> {
    let profile = permitted(desk, &input.instance_profile_name).await?;
    let role = desk.existing(HolderKind::Role, &input.role_name).await?;
    if profile.record.role.as_ref() != Some(&role.record.id) {
        let (role, profile) = (input.role_name.clone(), input.instance_profile_name.clone());
        return Err(IamError::NotInProfile { role, profile });
    }
    let mut record = profile.record.clone();
    record.role = None;
    let host = entity::hosts(desk.account(), &role.record.id).text(&record.name.to_lowercase());
    Ok(Done::so(profile.rewritten(&record).delete(host)))
}

pub(crate) async fn delete(
    desk: &Desk<'_>,
    input: &shapes::DeleteInstanceProfileInput,
) -> Result<Done<shapes::DeleteInstanceProfileOutput>, IamError> {
    let profile = permitted(desk, &input.instance_profile_name).await?;
    if profile.record.role.is_some() {
        return Err(IamError::InTheWay("remove roles from instance profile"));
    }
    Ok(Done::so(profile.unchanged().delete(profile.row.path.clone())))
}
