//! What is known of a key: the part that every call needs, and the document that is stored.
//!
//! The token is reached through [`KeyRecord::unlock`] alone, which wants a decision for this very key and looks at
//! its state and usage: no key is used without both. How a document is written down is `stored`'s affair.

use sealroom_authz::Allowed;
use sealroom_foundation::{KeyArn, Region, Timestamp};
use sealroom_hsm::{KeyRef, Origin, Spec, Usage};
use sealroom_identity::Bound;
use thiserror::Error;

use crate::spec;
use crate::state::{KeyState, StateError};

mod material;

pub use material::{Automatic, Imported, Imports, Material, OnDemand, Rotation, RotationKind, RotationRecord};

/// Who may change the key: its owner, or AWS for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyManager {
    /// An AWS managed key, made for a service.
    Aws,
    /// A customer managed key.
    Customer,
}

impl KeyManager {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Customer => "CUSTOMER",
        }
    }
}

/// Which one of the related keys a multi-Region key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultiRegionRole {
    /// The key that is replicated.
    Primary,
    /// A copy.
    Replica,
}

impl MultiRegionRole {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Replica => "REPLICA",
        }
    }
}

/// What a multi-Region key knows of its relatives. Each of them holds the same list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiRegion {
    /// Which one this is.
    pub role: MultiRegionRole,
    /// The Region of the primary.
    pub primary: Region,
    /// The Region of the first primary: what the related keys keep once lies there, whether or not a key still does.
    pub home: Region,
    /// The Regions of the replicas.
    pub replicas: Vec<Region>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: Box<str>,
    /// 0 to 256 characters.
    pub value: Box<str>,
}

/// What every call on a key needs of it; this is what stays in memory.
#[derive(Debug, Clone)]
pub struct KeyRecord {
    /// Region, account and id.
    pub arn: KeyArn,
    /// What it is made of.
    pub spec: Spec,
    /// What it may do.
    pub usage: Usage,
    /// Where its material comes from.
    pub origin: Origin,
    /// Who may change it.
    pub manager: KeyManager,
    /// Its state.
    pub state: KeyState,
    /// When it was made.
    pub created: Timestamp,
    /// Its relatives, if it is a multi-Region key.
    pub multi_region: Option<MultiRegion>,
    /// Its current material; none before the first import. A key whose imported material was deleted or has expired
    /// keeps the piece without its token.
    pub material: Option<Material>,
    /// Its rotations, past and to come.
    pub rotation: Rotation,
    /// Its imports, if it has imported material.
    pub imports: Imports,
    /// Its tags, at most 50, in the order of their making.
    pub tags: Box<[Tag]>,
    /// The names of its aliases with their prefix, in ASCII order, at most 50; `None` when nobody looked. They stand in a
    /// row of their own, and a [`KeyDocument`] doesn't hold them.
    pub aliases: Option<Box<[Box<str>]>>,
    arn_text: Box<str>,
}

/// The parts of a new record that its ARN doesn't tell.
#[derive(Debug)]
pub struct Made {
    /// See [`KeyRecord::spec`].
    pub spec: Spec,
    /// See [`KeyRecord::usage`].
    pub usage: Usage,
    /// See [`KeyRecord::origin`].
    pub origin: Origin,
    /// See [`KeyRecord::manager`].
    pub manager: KeyManager,
    /// See [`KeyRecord::state`].
    pub state: KeyState,
    /// See [`KeyRecord::created`].
    pub created: Timestamp,
    /// See [`KeyRecord::multi_region`].
    pub multi_region: Option<MultiRegion>,
    /// See [`KeyRecord::material`].
    pub material: Option<Material>,
    /// See [`KeyRecord::tags`].
    pub tags: Box<[Tag]>,
}

/// Why a key's token isn't handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnlockError {
    /// The decision is about another resource: a fault in this program.
    #[error("the decision is about another resource")]
    OtherResource,
    /// The key's state forbids it.
    #[error("the key {0}")]
    State(#[source] StateError),
    /// The key is for something else.
    #[error("the key usage is {0}")]
    Usage(Usage),
}

impl KeyRecord {
    /// The record of the key `arn`, without any rotation or import behind it.
    #[must_use]
    pub fn new(arn: KeyArn, made: Made) -> Self {
        let Made { spec, usage, origin, manager, state, created, multi_region, material, tags } = made;
        let arn_text = arn.to_string().into_boxed_str();
        let (rotation, imports) = (Rotation::default(), Imports::default());
        Self {
            arn,
            spec,
            usage,
            origin,
            manager,
            state,
            created,
            multi_region,
            material,
            rotation,
            imports,
            tags,
            aliases: None,
            arn_text,
        }
    }

    /// The ARN as text.
    #[must_use]
    pub fn arn_text(&self) -> &str {
        &self.arn_text
    }

    /// The same key in another state.
    #[must_use]
    pub fn in_state(&self, state: KeyState) -> Self {
        Self { state, ..self.clone() }
    }

    /// Whether the key is a primary with replicas.
    #[must_use]
    pub fn has_replicas(&self) -> bool {
        self.multi_region.as_ref().is_some_and(|m| m.role == MultiRegionRole::Primary && !m.replicas.is_empty())
    }

    /// The keys that are related to this one, without itself.
    pub fn relatives(&self) -> impl Iterator<Item = KeyArn> + '_ {
        let list = self.multi_region.iter();
        let regions = list.flat_map(|list| std::iter::once(&list.primary).chain(&list.replicas));
        regions.filter(|region| **region != self.arn.region).map(|region| KeyArn { region: *region, ..self.arn })
    }

    /// Under which key the history lies: related keys have one.
    #[must_use]
    pub fn home(&self) -> KeyArn {
        let region = self.multi_region.as_ref().map_or(self.arn.region, |list| list.home);
        KeyArn { region, ..self.arn }
    }

    /// Under which key the pieces of material lie that aren't current: related keys have them in common, unless they
    /// were imported, which each key's owner does for each key.
    #[must_use]
    pub fn pieces_home(&self) -> KeyArn {
        if self.origin == Origin::External { self.arn } else { self.home() }
    }

    /// Whether other keys live that are made of this key's material, so that it must outlive the key.
    #[must_use]
    pub fn leaves_material(&self) -> bool {
        self.origin != Origin::External && (self.is_replica() || self.has_replicas())
    }

    /// Whether the key waits for material: it never had any, or some that is associated with it isn't there.
    #[must_use]
    pub fn lacks_material(&self) -> bool {
        self.material.is_none() || self.imports.missing > 0
    }

    /// Whether the key is a copy of a multi-Region key.
    #[must_use]
    pub fn is_replica(&self) -> bool {
        self.multi_region.as_ref().is_some_and(|relatives| relatives.role == MultiRegionRole::Replica)
    }

    /// The current material, where AWS shows its id: symmetric keys of KMS's own or imported material.
    #[must_use]
    pub fn shown_material(&self) -> Option<&Material> {
        self.material.as_ref().filter(|_| self.shows_material())
    }

    /// Whether AWS shows the id of this key's material.
    #[must_use]
    pub fn shows_material(&self) -> bool {
        spec::shows_material(self.spec, self.origin)
    }

    /// The current material, for a use that `allowed` is a decision for.
    ///
    /// # Errors
    /// [`UnlockError`], the state before the usage, as AWS answers.
    pub fn unlock(&self, allowed: &Allowed<'_>, usage: Usage) -> Result<KeyRef<'_>, UnlockError> {
        self.check(allowed, usage)?;
        // INVARIANT: a usable key has material; were it missing, the key would be pending import.
        let material = self.material.as_ref().and_then(Material::key_ref);
        material.ok_or(UnlockError::State(StateError::PendingImport))
    }

    /// An older piece of the key's material, as [`KeyRecord::unlock`] hands out the current one.
    ///
    /// # Errors
    /// As [`KeyRecord::unlock`]; [`UnlockError::OtherResource`] for material of another key.
    pub fn unlock_older<'a>(
        &self,
        allowed: &Allowed<'_>,
        usage: Usage,
        older: &'a Material,
    ) -> Result<KeyRef<'a>, UnlockError> {
        self.check(allowed, usage)?;
        if (older.binding.account, older.binding.key) != (self.arn.account, self.arn.key) {
            return Err(UnlockError::OtherResource);
        }
        older.key_ref().ok_or(UnlockError::State(StateError::PendingImport))
    }

    fn check(&self, allowed: &Allowed<'_>, usage: Usage) -> Result<(), UnlockError> {
        if allowed.resource_arn() != self.arn_text() {
            return Err(UnlockError::OtherResource);
        }
        self.state.usable().map_err(UnlockError::State)?;
        if self.usage != usage {
            return Err(UnlockError::Usage(self.usage));
        }
        Ok(())
    }
}

/// All that is stored of a key.
#[derive(Debug, Clone)]
pub struct KeyDocument {
    /// What every call needs.
    pub record: KeyRecord,
    /// What its owner says of it.
    pub description: Box<str>,
    /// The text of its key policy, as it was given.
    pub policy: Box<str>,
    /// Who the users and roles were that the policy names when it was put.
    pub bound: Bound,
}
