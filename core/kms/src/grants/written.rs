//! A grant's rows: all of them in one batch when it is made, all of them gone when it ends.

use sealroom_store::{Batch, Guard, Row};

use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::grants::record::{GrantId, GrantRecord};
use crate::grants::stored::NamedGrant;
use crate::grants::{paths, token};
use crate::kms::Kms;
use crate::paths as rows;

/// The row of a mark: that it was written is all that it says.
const MARK: &[u8] = b"{\"v\":1}";

/// The grant in a row.
pub(super) fn read(row: &Row) -> Result<GrantRecord, KmsError> {
    GrantRecord::from_bytes(&row.value).map_err(|error| {
        tracing::error!(path = %row.path, %error, "a grant's row can't be read");
        KmsError::Fault("a grant's row can't be read")
    })
}

/// The paths of everything that is kept of a grant, its own first.
pub(super) fn paths_of(grant: &GrantRecord) -> impl Iterator<Item = sealroom_store::KeyPath> {
    let retiring = grant.retiring.as_ref().map(|retirer| {
        let prefix = paths::retirables(retirer.account(), grant.key.region, retirer.digest());
        paths::retirable(prefix, &grant.key, &grant.id)
    });
    let copies = [paths::grant(&grant.key, &grant.id), paths::holding(grant)];
    copies.into_iter().chain(retiring).chain(name_of(grant))
}

fn name_of(grant: &GrantRecord) -> Option<sealroom_store::KeyPath> {
    (!grant.name.is_empty()).then(|| paths::named(&grant.key, grant.asked()))
}

/// The batch that makes a grant on `key`, as long as that is as it was read.
pub(crate) fn made(grant: &GrantRecord, key: &KeyEntry) -> Batch {
    let mut batch = on(key).guard(Guard::Absent(paths::grant(&grant.key, &grant.id)));
    let name = name_of(grant);
    for path in paths_of(grant).filter(|path| Some(path) != name.as_ref()) {
        batch = batch.put(path, grant.to_bytes());
    }
    match name {
        Some(name) => batch.guard(Guard::Absent(name.clone())).put(name, NamedGrant(grant.id.clone()).to_bytes()),
        None => batch,
    }
}

/// The batch that ends a grant on `key`, once.
pub(crate) fn ended(grant: &GrantRecord, version: u64, key: &KeyEntry) -> Batch {
    let batch = on(key).guard(Guard::Version(paths::grant(&grant.key, &grant.id), version));
    paths_of(grant).fold(batch, Batch::delete)
}

/// A change of the grants of `key`: it leaves a mark, and needs the key, so that none is left behind by its destruction.
fn on(key: &KeyEntry) -> Batch {
    let arn = &key.record.arn;
    Batch::default().guard(Guard::Version(rows::key(arn), key.version)).put(paths::granted(arn), MARK.to_vec())
}

impl Kms {
    /// The grant `id` on `key` as the store has it, with the version of its row.
    pub(crate) async fn grant(
        &self,
        key: &sealroom_foundation::KeyArn,
        id: &GrantId,
    ) -> Result<Option<(GrantRecord, u64)>, KmsError> {
        let row = self.row(paths::grant(key, id)).await?;
        row.map(|row| Ok((read(&row)?, row.version))).transpose()
    }

    /// The grant that this very request made before, if it is still there.
    pub(crate) async fn grant_of_name(&self, asked: &GrantRecord) -> Result<Option<GrantId>, KmsError> {
        let Some(path) = name_of(asked) else { return Ok(None) };
        let Some(row) = self.row(path).await? else { return Ok(None) };
        let named = NamedGrant::from_bytes(&row.value).map_err(|_| KmsError::Fault("a grant's name can't be read"))?;
        Ok(Some(named.0))
    }

    /// A new token of a grant.
    pub(crate) fn token_of(&self, grant: &GrantRecord) -> String {
        token::seal(&*self.seal, &grant.key, &grant.id)
    }
}
