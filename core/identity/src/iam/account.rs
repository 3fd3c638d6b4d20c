//! What IAM says of an account as a whole: its alias, and how much of everything there is.

use std::collections::BTreeMap;

use sealroom_api::iam::{self as shapes, SummaryKeyType as Key};
use sealroom_store::{Batch, Guard, KeyPath, Read};

use crate::iam::desk::{Asked, Desk, Done};
use crate::iam::error::IamError;
use crate::records::entity::{self, AliasRecord, HolderKind, Versioned as _};
use crate::standing::damaged;

/// The account's alias, and the guard that it is that still.
async fn alias(desk: &Desk<'_>) -> Result<(Option<String>, Guard), IamError> {
    let path = entity::account_alias(desk.account());
    match desk.row(path.clone()).await? {
        None => Ok((None, Guard::Absent(path))),
        Some(row) => {
            let record = AliasRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
            Ok((Some(record.is), Guard::Version(row.path, row.version)))
        }
    }
}

pub(crate) async fn create_alias(
    desk: &Desk<'_>,
    input: &shapes::CreateAccountAliasInput,
) -> Result<Done<shapes::CreateAccountAliasOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let (own, guard) = alias(desk).await?;
    if own.as_ref() == Some(&input.account_alias) {
        return Ok(Done::already());
    }
    let owner = entity::alias_owner(&input.account_alias);
    if desk.row(owner.clone()).await?.is_some() {
        return Err(IamError::AliasExists(input.account_alias.clone()));
    }
    // AWS: an account has one alias; a new one takes the old one's place.
    let mut batch = Batch::default().guard(guard).guard(Guard::Absent(owner.clone()));
    if let Some(own) = own {
        batch = batch.delete(entity::alias_owner(&own));
    }
    let batch = batch
        .put(entity::account_alias(desk.account()), AliasRecord::new(&input.account_alias).to_bytes())
        .put(owner, AliasRecord::new(desk.account().as_str()).to_bytes());
    Ok(Done::so(batch))
}

pub(crate) async fn delete_alias(
    desk: &Desk<'_>,
    input: &shapes::DeleteAccountAliasInput,
) -> Result<Done<shapes::DeleteAccountAliasOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let (own, guard) = alias(desk).await?;
    if own.as_ref() != Some(&input.account_alias) {
        return Err(IamError::NoSuchAlias(input.account_alias.clone()));
    }
    let batch = Batch::default()
        .guard(guard)
        .delete(entity::account_alias(desk.account()))
        .delete(entity::alias_owner(&input.account_alias));
    Ok(Done::so(batch))
}

pub(crate) async fn list_aliases(
    desk: &Desk<'_>,
    _input: &shapes::ListAccountAliasesInput,
) -> Result<Done<shapes::ListAccountAliasesOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let (own, _) = alias(desk).await?;
    let account_aliases = own.into_iter().collect();
    let is_truncated = Some(false);
    Ok(Done::answer(shapes::ListAccountAliasesOutput { account_aliases, is_truncated, marker: None }))
}

pub(crate) async fn summary(
    desk: &Desk<'_>,
    _input: &shapes::GetAccountSummaryInput,
) -> Result<Done<shapes::GetAccountSummaryOutput>, IamError> {
    desk.allow("*", Asked::default())?;
    let account = desk.account();
    let mut map: BTreeMap<Key, i32> = QUOTAS.iter().copied().collect();
    let mut count = async |key: Key, prefix: KeyPath| {
        let most = usize::try_from(Read::MAX_LIMIT).unwrap_or(usize::MAX);
        let counted = desk.count(prefix, most).await?;
        map.insert(key, i32::try_from(counted).unwrap_or(i32::MAX));
        Ok::<_, IamError>(())
    };
    count(Key::Users, entity::holders(account, HolderKind::User)).await?;
    count(Key::Groups, entity::holders(account, HolderKind::Group)).await?;
    count(Key::Roles, entity::holders(account, HolderKind::Role)).await?;
    count(Key::Policies, entity::policies(account)).await?;
    count(Key::InstanceProfiles, entity::profiles(account)).await?;
    Ok(Done::answer(shapes::GetAccountSummaryOutput { summary_map: Some(map) }))
}

/// What is the same for every account.
const QUOTAS: &[(Key, i32)] = &[
    (Key::AccessKeysPerUserQuota, 2),
    (Key::AccountAccessKeysPresent, 1),
    (Key::AccountMFAEnabled, 0),
    (Key::AccountPasswordPresent, 0),
    (Key::AccountSigningCertificatesPresent, 0),
    (Key::AssumeRolePolicySizeQuota, 2_048),
    (Key::AttachedPoliciesPerGroupQuota, 10),
    (Key::AttachedPoliciesPerRoleQuota, 10),
    (Key::AttachedPoliciesPerUserQuota, 10),
    (Key::GlobalEndpointTokenVersion, 1),
    (Key::GroupPolicySizeQuota, 5_120),
    (Key::GroupsPerUserQuota, 10),
    (Key::GroupsQuota, 300),
    (Key::InstanceProfilesQuota, 1_000),
    (Key::MFADevices, 0),
    (Key::MFADevicesInUse, 0),
    (Key::PoliciesQuota, 1_500),
    (Key::PolicySizeQuota, 6_144),
    (Key::PolicyVersionsInUseQuota, 10_000),
    (Key::Providers, 0),
    (Key::RolePolicySizeQuota, 10_240),
    (Key::RolesQuota, 1_000),
    (Key::ServerCertificates, 0),
    (Key::ServerCertificatesQuota, 20),
    (Key::SigningCertificatesPerUserQuota, 2),
    (Key::UserPolicySizeQuota, 2_048),
    (Key::UsersQuota, 5_000),
    (Key::VersionsPerPolicyQuota, 5),
];
