//! Users' access keys. A secret is shown once, when it is made.

use sealroom_api::iam::{self as shapes, StatusType};
use sealroom_foundation::AccessKeyId;
use sealroom_foundation::ports::Purpose;
use sealroom_store::{Batch, Guard};

use crate::accounts::LONG_LIVED;
use crate::draw;
use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::error::IamError;
use crate::iam::groups::ids_below;
use crate::iam::holders::Loaded;
use crate::iam::pages::{Page, Wanted};
use crate::records::entity::{self, HolderKind};
use crate::records::{self, AccessKeyRecord};
use crate::standing::damaged;

/// LIMIT: access keys of one user.
const PER_USER: usize = 2;

/// An access key as its row is now.
struct Key {
    id: AccessKeyId,
    record: AccessKeyRecord,
    row: Guard,
}

/// The user that the operation is about, if the caller may.
async fn user(desk: &Desk<'_>, named: Option<&String>) -> Result<Loaded, IamError> {
    let name = desk.user_name(named)?;
    desk.permitted(HolderKind::User, &name, Asked::default()).await
}

async fn keys_of(desk: &Desk<'_>, user: &Loaded) -> Result<Vec<Key>, IamError> {
    let ids = ids_below(desk, entity::keys_of(desk.account(), &user.record.id)).await?;
    let ids: Vec<AccessKeyId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let rows = desk.rows(ids.iter().map(|id| records::access_key(*id))).await?;
    let keys = ids.into_iter().zip(rows).filter_map(|(id, row)| row.map(|row| (id, row)));
    let keys = keys.map(|(id, row)| {
        let record = AccessKeyRecord::decode(&row.value).ok_or_else(|| damaged(&row.path))?;
        Ok(Key { id, record, row: Guard::Version(row.path, row.version) })
    });
    keys.collect()
}

/// The user's access key of that id.
async fn key(desk: &Desk<'_>, user: &Loaded, id: &str) -> Result<Key, IamError> {
    let found = keys_of(desk, user).await?.into_iter().find(|key| key.id.as_str() == id);
    found.ok_or_else(|| IamError::NoSuchAccessKey(id.to_owned()))
}

fn status(record: &AccessKeyRecord) -> StatusType {
    if record.inactive { StatusType::Inactive } else { StatusType::Active }
}

pub(crate) async fn create(
    desk: &Desk<'_>,
    input: &shapes::CreateAccessKeyInput,
) -> Result<Done<shapes::CreateAccessKeyOutput>, IamError> {
    let user = user(desk, input.user_name.as_ref()).await?;
    let all = entity::keys_of(desk.account(), &user.record.id);
    if desk.count(all.clone(), PER_USER).await? >= PER_USER {
        return Err(IamError::Quota { what: "AccessKeysPerUser", limit: PER_USER });
    }
    let room = desk.room();
    let id = draw::access_key_id(&*room.entropy, LONG_LIVED).ok_or(IamError::Fault("an access key id is malformed"))?;
    let secret = draw::secret_text(draw::secret_bytes(&*room.entropy).expose());
    let sealed = room.seal.seal(Purpose::AccessKeySecret, id.as_str().as_bytes(), secret.expose());
    let record = AccessKeyRecord::new(desk.account(), &sealed, desk.now()).of_user(&user.record.id);
    let row = records::access_key(id);
    let batch = user
        .unchanged()
        .guard(Guard::Absent(row.clone()))
        .guard(Guard::AtMost(all.clone(), u32::try_from(PER_USER).unwrap_or(u32::MAX).saturating_sub(1)))
        .put(row, record.encode())
        .put(entity::key_of(desk.account(), &user.record.id, id), entity::MARK.to_vec());
    let access_key = shapes::AccessKey {
        user_name: user.record.name.clone(),
        access_key_id: id.to_string(),
        status: status(&record),
        secret_access_key: secret,
        create_date: Some(record.created()),
    };
    Ok(Done::change(shapes::CreateAccessKeyOutput { access_key }, batch))
}

pub(crate) async fn list(
    desk: &Desk<'_>,
    input: &shapes::ListAccessKeysInput,
) -> Result<Done<shapes::ListAccessKeysOutput>, IamError> {
    let user = user(desk, input.user_name.as_ref()).await?;
    let keys = keys_of(desk, &user).await?;
    let shown = keys.iter().map(|key| shapes::AccessKeyMetadata {
        user_name: Some(user.record.name.clone()),
        access_key_id: Some(key.id.to_string()),
        status: Some(status(&key.record)),
        create_date: Some(key.record.created()),
    });
    let wanted = Wanted { marker: input.marker.as_ref(), max_items: input.max_items };
    let Page { items: access_key_metadata, truncated: is_truncated, marker } = wanted.of(desk, shown.collect())?;
    Ok(Done::answer(shapes::ListAccessKeysOutput { access_key_metadata, is_truncated, marker }))
}

pub(crate) async fn update(
    desk: &Desk<'_>,
    input: &shapes::UpdateAccessKeyInput,
) -> Result<Done<shapes::UpdateAccessKeyOutput>, IamError> {
    let user = user(desk, input.user_name.as_ref()).await?;
    let key = key(desk, &user, &input.access_key_id).await?;
    let inactive = match input.status {
        StatusType::Active => false,
        StatusType::Inactive => true,
        // A status that AWS shows and nobody can set.
        StatusType::Expired => return Err(IamError::Invalid("The status Expired can not be set.".to_owned())),
    };
    let mut record = key.record;
    record.inactive = inactive;
    Ok(Done::so(Batch::default().guard(key.row).put(records::access_key(key.id), record.encode())))
}

pub(crate) async fn delete(
    desk: &Desk<'_>,
    input: &shapes::DeleteAccessKeyInput,
) -> Result<Done<shapes::DeleteAccessKeyOutput>, IamError> {
    let user = user(desk, input.user_name.as_ref()).await?;
    let key = key(desk, &user, &input.access_key_id).await?;
    let batch = Batch::default().guard(key.row).delete(records::access_key(key.id)).delete(entity::key_of(
        desk.account(),
        &user.record.id,
        key.id,
    ));
    Ok(Done::so(batch))
}
