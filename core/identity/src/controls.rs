//! Control policies: what an organisation puts around its accounts. The operator attaches them to accounts; there is one
//! level, the account's.
//!
//! Service control policies bind the users, roles and the root user of an account, resource control policies whoever uses
//! its resources. An account without any isn't bound; with the first one of a kind comes `FullAWSAccess`, as in AWS, so that a
//! policy that only denies leaves the rest allowed. All of them are few and are kept compiled, together, until one changes.

use std::collections::HashMap;
use std::sync::Arc;

use sealroom_authz::{AttachedPolicy, Controls, Policy, PolicyKind};
use sealroom_foundation::AccountId;
use sealroom_store::{Answer, KeyPath, Mirror, Read, Row, StoreError, View};

use crate::records::entity::Versioned as _;
use crate::records::{self, ControlKind, ControlRecord};
use crate::standing::damaged;

/// What comes with the first policy of a kind, and allows everything.
pub(crate) const FULL_ACCESS: &str = "FullAWSAccess";

/// The document of [`FULL_ACCESS`].
pub(crate) fn full_access(kind: ControlKind) -> &'static str {
    match kind {
        ControlKind::Service => {
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        }
        ControlKind::Resource => {
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#
        }
    }
}

/// As what a control policy is read.
pub(crate) fn read_as(kind: ControlKind) -> PolicyKind {
    match kind {
        ControlKind::Service => PolicyKind::Identity,
        ControlKind::Resource => PolicyKind::Resource,
    }
}

/// The control policies of one account, compiled: no level, or one.
#[derive(Debug, Default)]
struct OfAccount {
    service: Vec<Arc<[AttachedPolicy]>>,
    resource: Vec<Arc<[AttachedPolicy]>>,
}

/// Those of all accounts that have any.
#[derive(Debug, Default)]
pub(crate) struct AllControls(HashMap<AccountId, OfAccount>);

impl AllControls {
    /// What is put around a call of a principal of `caller` on a resource of `owner`.
    pub(crate) fn around(&self, caller: Option<AccountId>, owner: Option<AccountId>) -> Controls<'_> {
        if self.0.is_empty() {
            return Controls::NONE;
        }
        let of = |account: Option<AccountId>| account.and_then(|account| self.0.get(&account));
        Controls {
            service_control: of(caller).map_or(&[], |of| &of.service),
            resource_control: of(owner).map_or(&[], |of| &of.resource),
            endpoint: None,
        }
    }

    async fn load(view: &View) -> Result<Self, StoreError> {
        let mut found: HashMap<AccountId, [Vec<AttachedPolicy>; 2]> = HashMap::new();
        let mut after = None;
        loop {
            let range = Read::Range { prefix: records::controls(), after, limit: Read::MAX_LIMIT };
            let (rows, more) = match view.read(&[range]).await?.into_iter().next() {
                Some(Answer::Rows { rows, more }) => (rows, more),
                Some(Answer::Row(_)) | None => (Vec::new(), false),
            };
            for row in &rows {
                let (account, kind, policy) = compiled(row)?;
                let [service, resource] = found.entry(account).or_default();
                match kind {
                    ControlKind::Service => service.push(policy),
                    ControlKind::Resource => resource.push(policy),
                }
            }
            after = rows.last().map(|row| row.path.clone());
            if !more {
                break;
            }
        }
        let level = |policies: Vec<AttachedPolicy>| {
            if policies.is_empty() { Vec::new() } else { vec![policies.into()] }
        };
        let of = |[service, resource]: [Vec<AttachedPolicy>; 2]| OfAccount {
            service: level(service),
            resource: level(resource),
        };
        Ok(Self(found.into_iter().map(|(account, policies)| (account, of(policies))).collect()))
    }
}

fn compiled(row: &Row) -> Result<(AccountId, ControlKind, AttachedPolicy), StoreError> {
    let unreadable = || damaged(&row.path);
    let (account, kind) = records::control_of(&row.path).ok_or_else(unreadable)?;
    let record = ControlRecord::from_bytes(&row.value).ok_or_else(unreadable)?;
    let policy = Policy::parse_stored(&record.document, read_as(kind)).map_err(|_| unreadable())?;
    Ok((account, kind, AttachedPolicy { name: record.name.into(), policy: Arc::new(policy) }))
}

/// All control policies, mirrored.
pub(crate) struct ControlMirror {
    view: View,
    all: Mirror<(), AllControls>,
}

impl ControlMirror {
    pub(crate) fn new(view: View) -> Self {
        let of = |path: &KeyPath| path.starts_with(&records::controls()).then_some(());
        let all = Mirror::new(view.feed(), 1, of);
        Self { view, all }
    }

    /// Those that are held now, if they are.
    pub(crate) fn held(&self) -> Option<Arc<AllControls>> {
        self.all.get(&())
    }

    /// Those of now.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Forged`] for a row that can't be read.
    pub(crate) async fn now(&self) -> Result<Arc<AllControls>, StoreError> {
        let load = || async { AllControls::load(&self.view).await.map(Some) };
        Ok(self.all.get_or_load::<StoreError, _>(&(), load).await?.unwrap_or_default())
    }
}
