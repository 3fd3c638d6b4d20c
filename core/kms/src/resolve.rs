//! From the `KeyId` of a request to a key: the second thing that every operation does, after nothing.
//!
//! The order is AWS's (corrections, table 9): the form of the reference, its Region, whether it exists. What exists in
//! another account is told to nobody whom its policy doesn't admit, so "not there" and "not yours" read alike.

use std::sync::Arc;

use sealroom_foundation::{AccountId, KeyArn, Region};
use sealroom_identity::Call;

use crate::authorize;
use crate::entry::{KeyEntry, Loaded};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::Operation;
use crate::paths::{self, AliasName};
use crate::reference::{self, KeyReference, ReferenceError};
use crate::report::Report;
use crate::stored::AliasRecord;

/// Which key a request means, whether or not it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Located<'a> {
    pub(crate) arn: KeyArn,
    /// The alias that named it, with its prefix.
    pub(crate) alias: Option<&'a str>,
}

impl Located<'_> {
    /// The same, reported as one of the keys that the operation is about, if the operation reaches its account.
    fn within_reach(self, call: &Call, operation: &Operation, report: &mut Report<'_>) -> Result<Self, KmsError> {
        match self.alias {
            None => report.key(self.arn),
            Some(_) => report.key_behind_alias(self.arn),
        }
        if self.arn.account != call.caller().account() && !operation.cross_account {
            return Err(authorize::hidden(call, operation.action));
        }
        Ok(self)
    }
}

/// A key that a request means, from the cache.
pub(crate) struct Resolved<'a> {
    pub(crate) entry: Arc<KeyEntry>,
    pub(crate) alias: Option<&'a str>,
}

impl Kms {
    /// The key that `key_id` means, for an operation that uses it.
    pub(crate) async fn resolve<'a>(
        &self,
        call: &Call,
        key_id: &'a str,
        operation: &Operation,
        report: &mut Report<'_>,
    ) -> Result<Resolved<'a>, KmsError> {
        let located = self.locate(call, key_id, operation).await?;
        self.find(call, located, operation, report).await
    }

    /// The key that was located, if it exists.
    pub(crate) async fn find<'a>(
        &self,
        call: &Call,
        located: Located<'a>,
        operation: &Operation,
        report: &mut Report<'_>,
    ) -> Result<Resolved<'a>, KmsError> {
        let Located { arn, alias } = located.within_reach(call, operation, report)?;
        let entry = self.entry(&arn).await?;
        self.admit(call, operation, entry.as_ref().map(|entry| entry.record.spec), report)?;
        let entry = entry.ok_or_else(|| absent(call, arn, operation))?;
        Ok(Resolved { entry: entry.as_of(call.now()), alias })
    }

    /// The key that `key_id` means as the store has it now, for an operation that changes or shows all of it.
    pub(crate) async fn resolve_fresh<'a>(
        &self,
        call: &Call,
        key_id: &'a str,
        operation: &Operation,
        report: &mut Report<'_>,
    ) -> Result<(Loaded, Option<&'a str>), KmsError> {
        let located = self.locate(call, key_id, operation).await?;
        let Located { arn, alias } = located.within_reach(call, operation, report)?;
        self.admit(call, operation, None, report)?;
        let loaded = self.load(&arn).await?.ok_or_else(|| absent(call, arn, operation))?;
        Ok((loaded, alias))
    }

    /// As [`Kms::resolve`] for a key that is to open a ciphertext: the caller's own multi-Region key, named by its ARN in
    /// another Region, isn't unknown but incorrect.
    pub(crate) async fn resolve_opener<'a>(
        &self,
        call: &Call,
        key_id: &'a str,
        operation: &Operation,
        report: &mut Report<'_>,
    ) -> Result<Resolved<'a>, KmsError> {
        if let Ok(KeyReference::Arn(arn)) = KeyReference::parse(key_id) {
            let here = KeyArn { region: call.region(), ..arn };
            let own_relative = arn != here && arn.key.is_multi_region() && arn.account == call.caller().account();
            if own_relative && self.entry(&here).await?.is_some() {
                return Err(KmsError::IncorrectKey);
            }
        }
        self.resolve(call, key_id, operation, report).await
    }

    /// Which key `key_id` means. Whether it exists, and whether the operation reaches it, isn't looked at.
    pub(crate) async fn locate<'a>(
        &self,
        call: &Call,
        key_id: &'a str,
        operation: &Operation,
    ) -> Result<Located<'a>, KmsError> {
        let reference = KeyReference::parse(key_id)
            .map_err(|ReferenceError::Invalid(text)| KmsError::InvalidKeyId(text.to_owned()))?;
        if reference.is_alias() && !operation.aliases {
            return Err(KmsError::AliasForm);
        }
        let (own, here) = (call.caller().account(), call.region());
        let arn = match reference {
            KeyReference::Id(key) => KeyArn { region: here, account: own, key },
            KeyReference::Arn(arn) => {
                in_region(arn.region, here)?;
                arn
            }
            KeyReference::Alias(name) => self.behind(call, own, name, operation).await?,
            KeyReference::AliasArn(alias) => {
                in_region(alias.region, here)?;
                self.behind(call, alias.account, alias.name, operation).await?
            }
        };
        Ok(Located { arn, alias: reference.alias_name() })
    }

    /// The key behind an alias.
    async fn behind(
        &self,
        call: &Call,
        account: AccountId,
        name: &str,
        operation: &Operation,
    ) -> Result<KeyArn, KmsError> {
        let region = call.region();
        let alias = AliasName { account, region, name: name.into() };
        match self.alias(&alias).await? {
            Some(record) => Ok(KeyArn { region, account, key: record.key }),
            None if account == call.caller().account() => {
                Err(KmsError::NoSuchAlias(reference::alias_arn(&region, &account, name)))
            }
            None => Err(authorize::hidden(call, operation.action)),
        }
    }

    /// An alias, from memory or the store.
    pub(crate) async fn alias(&self, alias: &AliasName) -> Result<Option<Arc<AliasRecord>>, KmsError> {
        if let Some(record) = self.aliases.get(alias) {
            return Ok(Some(record));
        }
        let load = || async {
            let row = self.row(paths::alias(alias)).await?;
            let record = row.map(|row| AliasRecord::from_bytes(&row.value)).transpose();
            record.map_err(|_| KmsError::Fault("an alias's row can't be read"))
        };
        self.aliases.get_or_load(alias, load).await
    }
}

fn in_region(named: Region, here: Region) -> Result<(), KmsError> {
    if named == here { Ok(()) } else { Err(KmsError::ForeignRegion(named)) }
}

fn absent(call: &Call, arn: KeyArn, operation: &Operation) -> KmsError {
    if arn.account == call.caller().account() {
        return KmsError::NoSuchKey(arn);
    }
    authorize::hidden(call, operation.action)
}
