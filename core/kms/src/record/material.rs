//! The pieces of a key's material, and what a key knows of all of them together.
//!
//! A key may have had thousands of pieces. Its own record holds the current one; every other stands in a row of its own,
//! found by its id, because a ciphertext names it; the order in which they became current stands in a third kind of row
//! ([`RotationRecord`]), which only lists read. A token is in exactly one row at any time, but that
//! each of the keys that are related across Regions holds the current one.
//!
//! What would surprise: a piece without a token is still a piece. Imported material may be deleted or expire and come
//! back, and until then its id, its public half and its description stay.

use sealroom_foundation::{MaterialId, Timestamp};
use sealroom_hsm::{Command, Hsm, HsmError, KeyBinding, KeyRef, KeyToken, Reply};

/// One piece of key material: what it is bound to, and its token while it is there.
#[derive(Debug, Clone)]
pub struct Material {
    /// What the token is bound to, the piece's own id included.
    pub binding: KeyBinding,
    /// The public half, DER `SubjectPublicKeyInfo`, of a pair.
    pub public: Option<Box<[u8]>>,
    /// What its import said of it; `None` for material that was made here.
    pub imported: Option<Box<Imported>>,
    token: Option<KeyToken>,
    id_text: Box<str>,
}

/// What the import of a piece said of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// `KeyMaterialDescription`, if it was sent: at most 256 characters.
    pub description: Option<Box<str>>,
    /// `ValidTo`; `None` for material that doesn't expire, and for material that isn't there.
    pub expires: Option<Timestamp>,
}

impl Material {
    /// Puts the parts together.
    #[must_use]
    pub fn new(binding: KeyBinding, token: KeyToken, public: Option<Box<[u8]>>) -> Self {
        Self { public, token: Some(token), ..Self::absent(binding) }
    }

    /// A piece that isn't there: a replica's before its import.
    #[must_use]
    pub fn absent(binding: KeyBinding) -> Self {
        let id_text = binding.material.to_string().into_boxed_str();
        Self { binding, public: None, imported: None, token: None, id_text }
    }

    /// The same with what its import said.
    #[must_use]
    pub fn with_import(self, imported: Option<Imported>) -> Self {
        Self { imported: imported.map(Box::new), ..self }
    }

    /// The same with the token that was stored.
    pub(crate) fn with_token(self, token: Option<KeyToken>) -> Self {
        Self { token, ..self }
    }

    /// The same after its deletion or expiry: the token is gone, the rest stays.
    #[must_use]
    pub fn without_token(&self) -> Self {
        let Self { binding, public, imported, id_text, .. } = self.clone();
        let imported = imported.map(|imported| Box::new(Imported { expires: None, ..*imported }));
        Self { binding, public, imported, token: None, id_text }
    }

    /// The id of the piece.
    #[must_use]
    pub fn id(&self) -> MaterialId {
        self.binding.material
    }

    /// The id as text: 64 hex digits. Kept ready, because most answers hold it.
    #[must_use]
    pub fn id_text(&self) -> &str {
        &self.id_text
    }

    /// Whether it is there. Only imported material can be absent.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.token.is_some()
    }

    /// When it expires, if it is there and does.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.imported.as_ref().and_then(|imported| imported.expires)
    }

    /// The digest of the token, for its tombstone; `None` when there is no token.
    #[must_use]
    pub fn token_digest(&self) -> Option<[u8; 32]> {
        self.token.as_ref().map(KeyToken::digest)
    }

    /// The same with its token sealed anew under the newest domain key; `None` when there is no token. It uses no key, so it
    /// needs no decision: a token goes in, a token comes out. That it comes out also proves that the token opens.
    ///
    /// # Errors
    /// [`HsmError::InvalidToken`] when the token doesn't open.
    pub(crate) fn rewrapped(&self, hsm: &Hsm) -> Result<Option<Self>, HsmError> {
        let Some(key) = self.key_ref() else { return Ok(None) };
        match hsm.execute(Command::Rewrap { key })? {
            Reply::Token(token) => Ok(Some(self.clone().with_token(Some(token)))),
            _ => Err(HsmError::Failed),
        }
    }

    /// The number of the domain key that the token is sealed under; `None` when there is no token.
    pub(crate) fn token_domain(&self) -> Option<u32> {
        self.token.as_ref().and_then(KeyToken::domain)
    }

    /// What commands of the HSM take. For the key's record alone, which hands it out against a decision.
    pub(super) fn key_ref(&self) -> Option<KeyRef<'_>> {
        self.token.as_ref().map(|token| KeyRef { binding: &self.binding, token })
    }

    /// The token's bytes, for the store alone.
    pub(crate) fn stored_token(&self) -> Option<&[u8]> {
        self.token.as_ref().map(KeyToken::to_bytes)
    }
}

/// What a key knows of its rotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotation {
    /// How it rotates by itself, if it does.
    pub automatic: Option<Automatic>,
    /// The rotation that RotateKeyOnDemand began and that hasn't ended yet.
    pub running: Option<OnDemand>,
    /// Rotations on demand in the key's life, a running one included.
    pub on_demand: u32,
    /// Pieces in the history: 0 until the first rotation, which writes the first piece and its own.
    pub pieces: u32,
}

/// A rotation that comes back by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Automatic {
    /// 90 to 2,560 days from one to the next.
    pub period_days: u16,
    /// When the next one is due.
    pub next: Timestamp,
}

/// A rotation on demand between its request and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnDemand {
    /// When it was asked for.
    pub started: Timestamp,
    /// When it is done.
    pub due: Timestamp,
}

/// What a key with imported material knows of its pieces. They stand in rows of their own; every change of one of them
/// writes the key's record as well, so this is always their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imports {
    /// The piece that was imported and becomes current with the next rotation. It isn't associated with the key yet.
    pub pending: Option<MaterialId>,
    /// Pieces that are associated with the key and aren't there. The key is usable when there are none.
    pub missing: u32,
    /// The earliest expiry of the pieces that are associated.
    pub valid_to: Option<Timestamp>,
    /// The earliest expiry of all that is there, the pending piece included.
    pub next_expiry: Option<Timestamp>,
}

/// How a piece of material became the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationKind {
    /// By its period.
    Automatic,
    /// By RotateKeyOnDemand.
    OnDemand,
}

impl RotationKind {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "AUTOMATIC",
            Self::OnDemand => "ON_DEMAND",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Automatic, Self::OnDemand].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One entry of a key's history: which piece became current, when and how. Written once, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationRecord {
    /// The piece.
    pub material: MaterialId,
    /// When and how; `None` for the first piece.
    pub rotated: Option<(Timestamp, RotationKind)>,
}
