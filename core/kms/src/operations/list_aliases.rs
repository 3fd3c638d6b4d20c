//! ListAliases: by name, page by page; all of an account and Region, or those of one key.
//!
//! The services' own aliases are listed before there is a key behind them: such an entry has no key and no dates. One
//! key's aliases are read by name from its own list, so that this costs the same however many others there are.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{AliasListEntry, ListAliasesInput, ListAliasesOutput};
use sealroom_audit::Effect;
use sealroom_foundation::{AccountId, KeyArn, Region};
use sealroom_identity::Call;

use crate::aliases;
use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::marker;
use crate::operation::LIST_ALIASES;
use crate::paths::{self, AliasName};
use crate::policy;
use crate::reference;
use crate::report::Report;
use crate::stored::AliasRecord;

/// Aliases of a page when nobody says how many.
const PAGE: u32 = 50;
/// LIMIT: aliases of a page.
const MOST: u32 = 100;

pub(crate) async fn list(kms: &Kms, call: &Call, input: &ListAliasesInput) -> Effect<ListAliasesOutput, ErrorAnswer> {
    let outcome = run(kms, call, input).await;
    Report::new(call, &LIST_ALIASES).close(outcome, || input.audit_parameters())
}

/// An alias with what it refers to, if there is such a key.
struct Listed {
    name: Box<str>,
    record: Option<AliasRecord>,
}

/// What is asked for: whose aliases, behind which name, how many.
struct Wanted {
    account: AccountId,
    region: Region,
    after: Option<String>,
    limit: u32,
}

async fn run(kms: &Kms, call: &Call, input: &ListAliasesInput) -> Result<ListAliasesOutput, KmsError> {
    // AWS records no resource of a list, also not the key that it is about.
    let mut untold = Report::new(call, &LIST_ALIASES);
    kms.admit(call, &LIST_ALIASES, None, &mut untold)?;
    let limit = marker::page_length(input.limit, PAGE, MOST)?;
    let key = match &input.key_id {
        None => None,
        Some(key_id) => Some(kms.resolve(call, key_id, &LIST_ALIASES, &mut untold).await?.entry.record.arn),
    };
    authorize::on_account(call, LIST_ALIASES.action, &Conditions::new(call, None, Asked::default()))?;
    let list = key.map_or_else(|| LIST_ALIASES.name.to_owned(), |key| format!("{}/{key}", LIST_ALIASES.name));
    let after = input.marker.as_ref().map(|marker| marker::open(&*kms.seal, call, &list, marker)).transpose()?;
    let wanted = Wanted { account: call.caller().account(), region: call.region(), after, limit };
    let (mut found, more) = match key {
        Some(key) => kms.aliases_of(&key, &wanted).await?,
        None => kms.all_aliases(&wanted).await?,
    };
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = more || found.len() > length;
    found.truncate(length);
    let last = found.last().filter(|_| more);
    let next_marker = last.map(|last| marker::seal(&*kms.seal, call, &list, &last.name));
    Ok(ListAliasesOutput {
        truncated: Some(next_marker.is_some()),
        next_marker,
        aliases: Some(found.into_iter().map(|alias| shown(&wanted, alias)).collect()),
    })
}

fn shown(Wanted { account, region, .. }: &Wanted, Listed { name, record }: Listed) -> AliasListEntry {
    AliasListEntry {
        alias_arn: Some(reference::alias_arn(region, account, &name)),
        alias_name: Some(name.into()),
        target_key_id: record.map(|record| record.key.to_string()),
        creation_date: record.map(|record| record.created),
        last_updated_date: record.map(|record| record.updated),
    }
}

impl Kms {
    /// A page of the aliases of `key`, and whether more follow.
    async fn aliases_of(&self, key: &KeyArn, wanted: &Wanted) -> Result<(Vec<Listed>, bool), KmsError> {
        let Wanted { account, region, limit, .. } = *wanted;
        let named = self.named(key).await?;
        let mut names = named.names().iter().filter(|name| wanted.after.as_deref() < Some(&***name));
        let (length, mut found) = (usize::try_from(limit).unwrap_or(usize::MAX), Vec::new());
        while found.len() < length {
            let Some(name) = names.next() else { break };
            let record = self.alias(&AliasName { account, region, name: name.clone() }).await?;
            // An alias that was taken away or given to another key since the list was read isn't this key's.
            let record = record.filter(|record| record.key == key.key);
            found.extend(record.map(|record| Listed { name: name.clone(), record: Some(*record) }));
        }
        Ok((found, names.next().is_some()))
    }

    /// The aliases of an account and Region: at least as many as are wanted, if there are so many; and whether more follow.
    async fn all_aliases(&self, wanted: &Wanted) -> Result<(Vec<Listed>, bool), KmsError> {
        let Wanted { account, region, limit, .. } = *wanted;
        let path = |name: &str| paths::alias(&AliasName { account, region, name: name.into() });
        let after = wanted.after.as_deref();
        let (rows, more) = self.rows(paths::aliases(account, region), after.map(path), limit).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(alias) = paths::alias_of(&row.path) else { continue };
            let record = AliasRecord::from_bytes(&row.value).map_err(|_| aliases::unreadable(row))?;
            found.push(Listed { name: alias.name, record: Some(record) });
        }
        // What lies behind the last row that was read belongs to a later page.
        let last = found.last().filter(|_| more).map(|alias| alias.name.clone());
        for name in policy::managed_names().map(|name| format!("{}{name}", aliases::RESERVED).into_boxed_str()) {
            let on_page = after < Some(&*name) && last.as_ref().is_none_or(|last| name < *last);
            if on_page && !found.iter().any(|alias| alias.name == name) {
                found.push(Listed { name, record: None });
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok((found, more))
    }
}
