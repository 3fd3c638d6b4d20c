//! [`Standing`]: the policies on a caller's side, put together and kept until one of them changes.
//!
//! A user's policies lie in many rows: its own, its groups', managed policies. Each is compiled once and mirrored; a standing
//! holds what it was made of, and the mirrors tell whether that still is what they hold: one look for each part after a
//! commit, none while nothing is committed (`credential`). Only a change of a part itself makes a new standing.

use std::sync::Arc;

use sealroom_authz::{AttachedPolicy, IdentityPolicies, Policy, PolicyKind};
use sealroom_foundation::{AccountId, Partition};
use sealroom_store::{Answer, Feed, KeyPath, Mirror, Read, Row, StoreError, View};

use crate::aws_policies;
use crate::controls::ControlMirror;
use crate::records::entity::{
    self, HolderKind, HolderName, HolderRecord, IdRecord, PolicyRecord, PolicyRef, Versioned,
};
use crate::session::Session;

/// LIMIT: users, groups and roles kept ready.
const HOLDERS: usize = 20_000;
/// LIMIT: managed policies kept ready.
const POLICIES: usize = 10_000;

/// A user, group or role with its own policies compiled.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) record: HolderRecord,
    inline: Vec<AttachedPolicy>,
    pub(crate) trust: Option<Arc<Policy>>,
}

impl Holder {
    fn read(row: &Row, name: &HolderName) -> Result<Self, StoreError> {
        let unreadable = || damaged(&row.path);
        let record = HolderRecord::from_bytes(&row.value).ok_or_else(unreadable)?;
        let compiled = |text: &str, kind| Policy::parse_stored(text, kind).map(Arc::new).map_err(|_| unreadable());
        let inline = record.inline.iter().map(|(name, text)| {
            let policy = compiled(text, PolicyKind::Identity)?;
            Ok::<_, StoreError>(AttachedPolicy { name: name.as_str().into(), policy })
        });
        let inline = inline.collect::<Result<_, _>>()?;
        let kind = PolicyKind::Trust { account: name.account };
        let trust = record.role.as_ref().map(|role| {
            let policy = Policy::parse_stored(&role.trust, kind).map_err(|_| unreadable())?;
            Ok::<_, StoreError>(Arc::new(policy.bound(|arn| role.bound.id_of(arn))))
        });
        let trust = trust.transpose()?;
        Ok(Self { record, inline, trust })
    }
}

/// A row that can't be read, although it opened: whoever wrote it wasn't this program, or not this version.
pub(crate) fn damaged(path: &KeyPath) -> StoreError {
    tracing::error!(%path, "a row that says who may what can't be read");
    StoreError::Forged { path: path.clone() }
}

/// What policies there are, mirrored.
pub(crate) struct Standings {
    view: View,
    feed: Feed,
    holders: Mirror<HolderName, Holder>,
    policies: Mirror<(AccountId, Box<str>), AttachedPolicy>,
    pub(crate) controls: ControlMirror,
}

/// The policies on a caller's side.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The user or role itself.
    pub(crate) holder: Arc<Holder>,
    attached: Box<[AttachedPolicy]>,
    boundary: Option<AttachedPolicy>,
    session: Option<Box<[AttachedPolicy]>>,
    parts: Box<[Part]>,
}

/// Something that a standing was made of.
#[derive(Debug)]
enum Part {
    Holder(HolderName, Arc<Holder>),
    Policy((AccountId, Box<str>), Arc<AttachedPolicy>),
}

impl Standing {
    /// For `authz`.
    pub(crate) fn policies(&self) -> IdentityPolicies<'_> {
        IdentityPolicies {
            attached: &self.attached,
            boundary: self.boundary.as_ref(),
            session: self.session.as_deref(),
        }
    }
}

impl Standings {
    pub(crate) fn new(view: View) -> Self {
        let feed = view.feed();
        let holders = Mirror::new(view.feed(), HOLDERS, HolderName::of);
        let policies = Mirror::new(view.feed(), POLICIES, entity::policy_of);
        let controls = ControlMirror::new(view.clone());
        Self { view, feed, holders, policies, controls }
    }

    /// The feed's position; `None` while it can't be told what changes.
    pub(crate) fn head(&self) -> Option<u64> {
        self.feed.head()
    }

    /// Whether what `standing` was made of still is what the mirrors hold.
    pub(crate) fn hold(&self, standing: &Standing) -> bool {
        standing.parts.iter().all(|part| match part {
            Part::Holder(name, held) => self.holders.get(name).is_some_and(|now| Arc::ptr_eq(&now, held)),
            Part::Policy(name, held) => self.policies.get(name).is_some_and(|now| Arc::ptr_eq(&now, held)),
        })
    }

    /// The standing of the user or role with that unique id, in `session` if it is one; `None` when there is no such user
    /// or role.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Forged`] for a row that can't be read.
    pub(crate) async fn of(
        &self,
        account: AccountId,
        id: &str,
        session: Option<&Session>,
    ) -> Result<Option<Standing>, StoreError> {
        let Some((name, holder)) = self.by_id(account, id).await? else { return Ok(None) };
        let mut parts = vec![Part::Holder(name, Arc::clone(&holder))];
        let mut attached = holder.inline.clone();
        self.add(&holder.record.attached, &mut attached, &mut parts).await?;
        for group in &holder.record.groups {
            // A group that is gone gives nothing; the user's row is about to say so.
            let Some((name, group)) = self.by_id(account, group).await? else { continue };
            attached.extend(group.inline.iter().cloned());
            self.add(&group.record.attached, &mut attached, &mut parts).await?;
            parts.push(Part::Holder(name, group));
        }
        let boundary = match &holder.record.boundary {
            None => None,
            // Nobody can delete a policy that is a boundary. If it is gone all the same, nobody can tell what it allowed.
            Some(policy) => {
                let gone = || damaged(&entity::policies(account).text(&policy.key()));
                Some(self.managed(policy, &mut parts).await?.ok_or_else(gone)?)
            }
        };
        let session = match session.filter(|session| session.is_limited()) {
            None => None,
            Some(session) => {
                let mut policies: Vec<AttachedPolicy> = session.policy.iter().cloned().collect();
                self.add(&session.record.policy_arns, &mut policies, &mut parts).await?;
                Some(policies.into())
            }
        };
        Ok(Some(Standing { holder, attached: attached.into(), boundary, session, parts: parts.into() }))
    }

    async fn add(
        &self,
        policies: &[PolicyRef],
        to: &mut Vec<AttachedPolicy>,
        parts: &mut Vec<Part>,
    ) -> Result<(), StoreError> {
        for policy in policies {
            to.extend(self.managed(policy, parts).await?);
        }
        Ok(())
    }

    /// A managed policy, compiled; `None` when it is gone.
    async fn managed(&self, policy: &PolicyRef, parts: &mut Vec<Part>) -> Result<Option<AttachedPolicy>, StoreError> {
        let Some(account) = policy.account() else { return Ok(aws_policies::compiled(policy)) };
        let key = (account, Box::from(policy.key()));
        let load = || async {
            let Some(row) = self.row(entity::policy(account, policy.name())).await? else { return Ok(None) };
            let unreadable = || damaged(&row.path);
            let record = PolicyRecord::from_bytes(&row.value).ok_or_else(unreadable)?;
            let version = record.version(record.default).ok_or_else(unreadable)?;
            let compiled = Policy::parse_stored(&version.document, PolicyKind::Identity).map_err(|_| unreadable())?;
            // AWS's own partition: who is told of it calls from there, or reads the account and the name.
            let name = policy.arn(Partition::Aws).into();
            Ok(Some(AttachedPolicy { name, policy: Arc::new(compiled) }))
        };
        let held = self.policies.get_or_load::<StoreError, _>(&key, load).await?;
        Ok(held.map(|held| {
            parts.push(Part::Policy(key, Arc::clone(&held)));
            AttachedPolicy::clone(&held)
        }))
    }

    /// Whom a unique id belongs to.
    pub(crate) async fn by_id(
        &self,
        account: AccountId,
        id: &str,
    ) -> Result<Option<(HolderName, Arc<Holder>)>, StoreError> {
        let Some(row) = self.row(entity::id(id)).await? else { return Ok(None) };
        let record = IdRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
        if record.account() != Some(account) {
            return Ok(None);
        }
        let name = HolderName::new(account, record.kind, &record.name);
        let holder = self.by_name(&name).await?;
        Ok(holder.filter(|holder| holder.record.id == id).map(|holder| (name, holder)))
    }

    /// A user, group or role, compiled.
    pub(crate) async fn by_name(&self, name: &HolderName) -> Result<Option<Arc<Holder>>, StoreError> {
        let load = || async {
            let row = self.row(name.path()).await?;
            row.map(|row| Holder::read(&row, name)).transpose()
        };
        self.holders.get_or_load(name, load).await
    }

    /// The role that an ARN names, path and case included.
    pub(crate) async fn by_arn(
        &self,
        account: AccountId,
        kind: HolderKind,
        path_name: &str,
    ) -> Result<Option<Arc<Holder>>, StoreError> {
        let name = path_name.rsplit('/').next().unwrap_or_default();
        let holder = self.by_name(&HolderName::new(account, kind, name)).await?;
        Ok(holder.filter(|holder| holder.record.path_name().strip_prefix('/') == Some(path_name)))
    }

    async fn row(&self, path: KeyPath) -> Result<Option<Row>, StoreError> {
        let answers = self.view.read(&[Read::Get(path)]).await?;
        Ok(answers.into_iter().next().and_then(Answer::row))
    }
}
