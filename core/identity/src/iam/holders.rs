//! What users, groups and roles have in common: how one is found, made, written anew and renamed.

use sealroom_api::iam::{AttachedPermissionsBoundary, Group, PermissionsBoundaryAttachmentType, Role, Tag, User};
use sealroom_store::{Batch, Guard, Row};

use crate::draw;
use crate::iam::desk::{Asked, Desk};
use crate::iam::documents;
use crate::iam::error::IamError;
use crate::iam::tags;
use crate::records::entity::{self, HolderKind, HolderName, HolderRecord, IdRecord, PolicyRef, Versioned as _};
use crate::standing::damaged;

/// A user, group or role as its row is now.
pub(crate) struct Loaded {
    pub(crate) name: HolderName,
    pub(crate) record: HolderRecord,
    version: u64,
}

impl Loaded {
    pub(crate) fn kind(&self) -> HolderKind {
        self.name.kind
    }

    /// An empty batch that holds only while it is as it was read.
    pub(crate) fn unchanged(&self) -> Batch {
        Batch::default().guard(Guard::Version(self.name.path(), self.version))
    }

    /// The batch that writes it anew, if it is as it was read.
    pub(crate) fn rewritten(&self, record: &HolderRecord) -> Batch {
        self.unchanged().put(self.name.path(), record.to_bytes())
    }

    /// The batch that takes it away, if it is as it was read.
    pub(crate) fn removed(&self) -> Batch {
        self.unchanged().delete(self.name.path()).delete(entity::id(&self.record.id))
    }
}

/// What is asked for when one is made.
pub(crate) struct New<'a> {
    pub(crate) kind: HolderKind,
    pub(crate) name: &'a str,
    pub(crate) path: Option<&'a String>,
    pub(crate) tags: Option<&'a Vec<Tag>>,
    pub(crate) boundary: Option<&'a String>,
}

/// LIMIT: how many of a kind one account has.
fn quota(kind: HolderKind) -> (&'static str, usize) {
    match kind {
        HolderKind::User => ("UsersPerAccount", 5_000),
        HolderKind::Group => ("GroupsPerAccount", 300),
        HolderKind::Role => ("RolesPerAccount", 1_000),
    }
}

impl Desk<'_> {
    /// The row of a user, group or role, if there is one.
    pub(crate) async fn find(&self, kind: HolderKind, name: &str) -> Result<Option<Loaded>, IamError> {
        let name = HolderName::new(self.account(), kind, name);
        self.row(name.path()).await?.map(|row| loaded(name, &row)).transpose()
    }

    /// The user, group or role that the operation is about, if the caller may.
    ///
    /// # Errors
    /// The refusal, then [`IamError::NoSuchHolder`].
    pub(crate) async fn permitted(&self, kind: HolderKind, name: &str, asked: Asked<'_>) -> Result<Loaded, IamError> {
        let found = self.find(kind, name).await?;
        let Some(found) = found else {
            self.allow(&self.arn(&format!("{}/{name}", kind.as_str())), asked)?;
            return Err(IamError::NoSuchHolder { kind, name: name.to_owned() });
        };
        let has = found.record.boundary.as_ref().map(|policy| policy.arn(self.partition()));
        let asked = Asked { resource_tags: &found.record.tags, boundary: asked.boundary.or(has.as_deref()), ..asked };
        self.allow(&self.holder_arn(&found), asked)?;
        Ok(found)
    }

    /// The same without asking whether the caller may: for what an operation names besides.
    pub(crate) async fn existing(&self, kind: HolderKind, name: &str) -> Result<Loaded, IamError> {
        let found = self.find(kind, name).await?;
        found.ok_or_else(|| IamError::NoSuchHolder { kind, name: name.to_owned() })
    }

    /// The users, groups or roles with these unique ids, in this order; those that are gone are left out.
    pub(crate) async fn by_ids(&self, ids: &[String]) -> Result<Vec<Loaded>, IamError> {
        let rows = self.rows(ids.iter().map(|id| entity::id(id))).await?;
        let mut names = Vec::with_capacity(rows.len());
        for row in rows.into_iter().flatten() {
            let record = IdRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
            names.push(HolderName::new(self.account(), record.kind, &record.name));
        }
        let rows = self.rows(names.iter().map(HolderName::path)).await?;
        let both = names.into_iter().zip(rows).filter_map(|(name, row)| row.map(|row| loaded(name, &row)));
        both.collect()
    }

    pub(crate) fn holder_arn(&self, holder: &Loaded) -> String {
        holder.record.arn(self.partition(), self.account(), holder.kind())
    }

    /// A new user, group or role, if the caller may, and the batch that keeps it; the boundary is one by then.
    pub(crate) async fn make(&self, new: &New<'_>) -> Result<(HolderRecord, Batch), IamError> {
        let path = new.path.map_or("/", String::as_str);
        let tags = tags::of_request(new.tags)?;
        let arn = self.arn(&format!("{}{path}{}", new.kind.as_str(), new.name));
        let sent = new.tags.map_or(&[][..], Vec::as_slice);
        let asked = Asked { tags: sent, boundary: new.boundary.map(String::as_str), ..Asked::default() };
        self.allow(&arn, asked)?;
        if !sent.is_empty() {
            self.allow_action(&format!("iam:Tag{}", capital(new.kind)), &arn, asked)?;
        }
        let name = HolderName::new(self.account(), new.kind, new.name);
        if self.row(name.path()).await?.is_some() {
            return Err(IamError::HolderExists { kind: new.kind, name: new.name.to_owned() });
        }
        let (what, limit) = quota(new.kind);
        let all = entity::holders(self.account(), new.kind);
        if self.count(all.clone(), limit).await? >= limit {
            return Err(IamError::Quota { what, limit });
        }
        let id = draw::unique_id(&*self.room().entropy, new.kind.id_prefix());
        let mut record = HolderRecord::new(id, new.name, path, self.now());
        record.tags = tags;
        let mut batch = Batch::default()
            .guard(Guard::Absent(name.path()))
            .guard(Guard::AtMost(all, u32::try_from(limit).unwrap_or(u32::MAX).saturating_sub(1)));
        if let Some(arn) = new.boundary {
            let (policy, guards) = self.boundary(arn).await?;
            batch.append(guards);
            batch = batch.put(entity::bounded(self.account(), &policy).text(&record.id), entity::MARK.to_vec());
            record.boundary = Some(policy);
        }
        let whose = IdRecord::new(self.account(), new.kind, new.name);
        let batch = batch.put(name.path(), record.to_bytes()).put(entity::id(&record.id), whose.to_bytes());
        Ok((record, batch))
    }

    /// The policy that is to be a boundary, and the guard that it exists.
    pub(crate) async fn boundary(&self, arn: &str) -> Result<(PolicyRef, Batch), IamError> {
        let policy = PolicyRef::parse(arn).ok_or(IamError::ArnForm)?;
        let guards = self.attachable(arn, &policy).await?;
        Ok((policy, guards))
    }

    /// Gives a user or group another name and path, if the caller may.
    pub(crate) async fn rename(
        &self,
        kind: HolderKind,
        name: &str,
        new_path: Option<&String>,
        new_name: Option<&String>,
    ) -> Result<Option<Batch>, IamError> {
        let old = self.permitted(kind, name, Asked::default()).await?;
        let mut record = old.record.clone();
        record.path = new_path.cloned().unwrap_or(record.path);
        record.name = new_name.cloned().unwrap_or(record.name);
        if record == old.record {
            return Ok(None);
        }
        let renamed = HolderName::new(self.account(), kind, &record.name);
        self.allow(&record.arn(self.partition(), self.account(), kind), Asked::default())?;
        if renamed == old.name {
            return Ok(Some(self.with_id(old.rewritten(&record), kind, &record)));
        }
        if self.row(renamed.path()).await?.is_some() {
            return Err(IamError::HolderExists { kind, name: record.name });
        }
        let batch = old.unchanged().guard(Guard::Absent(renamed.path())).delete(old.name.path());
        Ok(Some(self.with_id(batch.put(renamed.path(), record.to_bytes()), kind, &record)))
    }

    fn with_id(&self, batch: Batch, kind: HolderKind, record: &HolderRecord) -> Batch {
        let whose = IdRecord::new(self.account(), kind, &record.name);
        batch.put(entity::id(&record.id), whose.to_bytes())
    }

    /// As IAM shows a user. Lists leave `whole` things out: tags and the boundary.
    pub(crate) fn user(&self, record: &HolderRecord, whole: bool) -> User {
        User {
            path: record.path.clone(),
            user_name: record.name.clone(),
            user_id: record.id.clone(),
            arn: record.arn(self.partition(), self.account(), HolderKind::User),
            create_date: record.created(),
            password_last_used: None,
            permissions_boundary: self.shown_boundary(record).filter(|_| whole),
            tags: tags::shown(&record.tags).filter(|_| whole),
        }
    }

    /// As IAM shows a group.
    pub(crate) fn group(&self, record: &HolderRecord) -> Group {
        Group {
            path: record.path.clone(),
            group_name: record.name.clone(),
            group_id: record.id.clone(),
            arn: record.arn(self.partition(), self.account(), HolderKind::Group),
            create_date: record.created(),
        }
    }

    /// As IAM shows a role. Lists leave `whole` things out: tags and the boundary.
    pub(crate) async fn role(&self, record: &HolderRecord, whole: bool) -> Result<Role, IamError> {
        let role = record.role.as_ref();
        let trust = match role {
            Some(role) => Some(documents::encoded(&self.identity().shown(&role.trust, &role.bound).await?)),
            None => None,
        };
        Ok(Role {
            path: record.path.clone(),
            role_name: record.name.clone(),
            role_id: record.id.clone(),
            arn: record.arn(self.partition(), self.account(), HolderKind::Role),
            create_date: record.created(),
            assume_role_policy_document: trust,
            description: role.and_then(|role| role.description.clone()),
            max_session_duration: role.map(|role| role.max_session),
            permissions_boundary: self.shown_boundary(record).filter(|_| whole),
            tags: tags::shown(&record.tags).filter(|_| whole),
            role_last_used: None,
            source_role_template: None,
        })
    }

    fn shown_boundary(&self, record: &HolderRecord) -> Option<AttachedPermissionsBoundary> {
        record.boundary.as_ref().map(|policy| AttachedPermissionsBoundary {
            permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy),
            permissions_boundary_arn: Some(policy.arn(self.partition())),
        })
    }
}

fn loaded(name: HolderName, row: &Row) -> Result<Loaded, IamError> {
    let record = HolderRecord::from_bytes(&row.value).ok_or_else(|| damaged(&row.path))?;
    Ok(Loaded { name, record, version: row.version })
}

/// `User`, as operations are called.
pub(crate) fn capital(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::User => "User",
        HolderKind::Group => "Group",
        HolderKind::Role => "Role",
    }
}
