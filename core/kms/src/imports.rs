//! Imported material: what a key knows of its pieces, what each change of one of them makes of the key, and the end of a
//! piece that expires.
//!
//! A piece is *associated* with the key for good once it was current. The key can be used while all associated pieces are
//! there; a piece that waits for its rotation isn't associated yet, and may come and go without the key noticing. Every
//! change writes the sum ([`Imports`]) into the key's record, which its version guards, so that two changes of different
//! pieces can't miss each other.
//!
//! Keys that are related across Regions know the same pieces, which of them is current and which one waits; that is the
//! primary's to change, and its replicas follow in the same batch. The bytes of each piece, and when they expire, are each
//! key's own: a replica begins with none.
//!
//! What would surprise: a piece that waits is forgotten when it is deleted, so that another may be imported in its place,
//! but kept when it expires (corrections, section 6: it still rotates, and then the key waits for it). A replica never
//! forgets one by itself, for its primary still has it.

use sealroom_api::ErrorAnswer;
use sealroom_audit::{Effect, Event as Told, EventContext, Resource};
use sealroom_foundation::{KeyArn, MaterialId, Timestamp};
use sealroom_hsm::{Origin, Spec};
use sealroom_store::{Batch, Guard, Row};

use crate::change::{self, Changed};
use crate::entry::{self, Loaded};
use crate::error::{ImportError, KmsError};
use crate::kms::Kms;
use crate::lifecycle::{self, Event, Next};
use crate::paths::{self, Due};
use crate::record::{Imports, KeyRecord, Material};
use crate::report::SOURCE;
use crate::state::KeyState;

/// LIMIT: pieces read at once.
const PAGE: u32 = 1_000;

/// All pieces of a key's imported material, and the rows that change with them.
pub(crate) struct Pieces {
    arn: KeyArn,
    current: Option<Material>,
    /// Those that were current, and the one that waits.
    others: Vec<Material>,
    pending: Option<MaterialId>,
    /// Whether which pieces there are is another key's to say.
    replica: bool,
    rows: Batch,
}

impl Pieces {
    fn new(record: &KeyRecord, others: Vec<Material>) -> Self {
        let (arn, current, pending) = (record.arn, record.material.clone(), record.imports.pending);
        Self { arn, current, others, pending, replica: record.is_replica(), rows: Batch::default() }
    }

    /// The current piece; `None` before the first import.
    pub(crate) fn current(&self) -> Option<&Material> {
        self.current.as_ref()
    }

    /// The piece that becomes current with the next rotation.
    pub(crate) fn pending(&self) -> Option<MaterialId> {
        self.pending
    }

    /// The piece of this id, in whatever place.
    pub(crate) fn find(&self, id: &MaterialId) -> Option<&Material> {
        self.all().find(|piece| piece.id() == *id)
    }

    fn all(&self) -> impl Iterator<Item = &Material> {
        self.current.iter().chain(&self.others)
    }

    /// Writes a piece that is known, or that waits, or the very first one.
    fn put(&mut self, piece: Material) {
        if self.current.as_ref().is_none_or(|current| current.id() == piece.id()) {
            self.current = Some(piece);
            return;
        }
        let rows = std::mem::take(&mut self.rows);
        self.rows = rows.put(paths::material(&self.arn, &piece.id()), piece.to_bytes());
        self.others.retain(|other| other.id() != piece.id());
        self.others.push(piece);
    }

    /// Adds a piece that the key didn't know: the first becomes current, any other waits.
    pub(crate) fn add(&mut self, piece: Material) {
        if self.current.is_some() {
            self.pending = Some(piece.id());
        }
        self.put(piece);
    }

    /// Puts a piece in the place of the one with its id.
    pub(crate) fn replace(&mut self, piece: Material) {
        self.put(piece);
    }

    /// Takes a piece's bytes away. The one that waits is forgotten, unless this is a replica.
    pub(crate) fn delete(&mut self, id: &MaterialId) {
        if self.pending == Some(*id) && !self.replica {
            self.forget_pending();
        } else if let Some(piece) = self.find(id).map(Material::without_token) {
            self.put(piece);
        }
    }

    fn forget_pending(&mut self) {
        if let Some(id) = self.pending.take() {
            self.others.retain(|other| other.id() != id);
            self.rows = std::mem::take(&mut self.rows).delete(paths::material(&self.arn, &id));
        }
    }

    /// Makes the piece that waits the current one.
    fn rotate(&mut self) {
        let Some(new) = self.pending.and_then(|id| self.find(&id)).cloned() else { return };
        self.forget_pending();
        if let Some(old) = self.current.replace(new) {
            let rows = std::mem::take(&mut self.rows);
            self.rows = rows.put(paths::material(&self.arn, &old.id()), old.to_bytes());
            self.others.push(old);
        }
    }

    /// For a replica: the pieces that its `primary` has from now on. `told` is the one that the primary waits for, if it has
    /// just come.
    fn follow(&mut self, primary: &KeyRecord, told: Option<&Material>) {
        if self.pending.is_some() && self.pending == primary.material.as_ref().map(Material::id) {
            self.rotate();
        }
        if self.pending != primary.imports.pending {
            self.forget_pending();
            if let Some(told) = told.filter(|told| primary.imports.pending == Some(told.id())) {
                self.add(told.without_token());
            }
        }
    }

    /// The same pieces for a new replica `arn`, which has no bytes of any: its current one, their sum, and the others' rows.
    pub(crate) fn for_replica(&self, arn: KeyArn) -> (Option<Material>, Imports, Batch) {
        let current = self.current.as_ref().map(Material::without_token);
        let others: Vec<Material> = self.others.iter().map(Material::without_token).collect();
        let rows = others
            .iter()
            .fold(Batch::default(), |rows, piece| rows.put(paths::material(&arn, &piece.id()), piece.to_bytes()));
        let copy = Self { arn, current, others, pending: self.pending, replica: true, rows };
        let sum = copy.sum();
        (copy.current, sum, copy.rows)
    }

    fn sum(&self) -> Imports {
        let associated = || self.all().filter(|piece| self.pending != Some(piece.id()));
        let missing = associated().filter(|piece| !piece.is_present()).count();
        Imports {
            pending: self.pending,
            missing: u32::try_from(missing).unwrap_or(u32::MAX),
            valid_to: associated().filter_map(Material::expires).min(),
            next_expiry: self.all().filter_map(Material::expires).min(),
        }
    }

    /// The change of the key that `event` and these pieces make.
    pub(crate) fn change(self, key: &Loaded, event: Event, now: Timestamp) -> Result<Changed, KmsError> {
        let mut record = key.entry.record.clone();
        record.imports = self.sum();
        record.material = self.current;
        if record.imports.pending.is_none() {
            // A rotation that was begun for a piece that is gone has nothing to rotate to.
            record.rotation.running = None;
        }
        enter(&mut record, event, now)?;
        let mut batch = change::written(key, &record);
        batch.append(self.rows);
        Ok(Changed { record, batch: Some(batch) })
    }
}

/// What becomes of the state of a record whose material is already as `event` leaves it.
fn enter(record: &mut KeyRecord, event: Event, now: Timestamp) -> Result<(), KmsError> {
    match may(record, event, now)? {
        Next::Become(state) => record.state = state,
        Next::Stay => {}
        Next::Destroy => return Err(KmsError::Fault("material alone destroys no key")),
    }
    Ok(())
}

/// Whether the key's state allows `event`.
pub(crate) fn may(record: &KeyRecord, event: Event, now: Timestamp) -> Result<Next, KmsError> {
    lifecycle::step(record, event, now).map_err(|state| KmsError::State { arn: record.arn_text().into(), state })
}

/// Whether the key's material is imported at all. AWS looks at this before the state.
pub(crate) fn is_external(record: &KeyRecord) -> Result<(), KmsError> {
    if record.origin == Origin::External {
        return Ok(());
    }
    Err(KmsError::Origin { arn: record.arn_text().into(), origin: record.origin })
}

/// AWS: keys of other specs have one piece for ever, so nothing that tells pieces apart may be sent.
pub(crate) fn only_of_symmetric(record: &KeyRecord, sent: &[(&'static str, bool)]) -> Result<(), KmsError> {
    match sent.iter().find(|(_, sent)| *sent) {
        Some((member, _)) if record.spec != Spec::SymmetricDefault => {
            Err(ImportError::OnlySymmetric { member, spec: record.spec }.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// For a key whose pending piece has just become current in `changed`, instead of `old`.
pub(crate) fn rotated(
    changed: &mut KeyRecord,
    old: &Material,
    others: Vec<Material>,
    now: Timestamp,
) -> Result<(), KmsError> {
    let new = changed.material.as_ref().map(Material::id);
    changed.imports.pending = None;
    let mut pieces = Pieces::new(changed, others);
    pieces.others.retain(|other| Some(other.id()) != new);
    pieces.others.push(old.clone());
    changed.imports = pieces.sum();
    enter(changed, Event::LoseMaterial, now)
}

impl Kms {
    /// The replica `key` as it is when its primary has become `primary`, and the rows that change with it. `told` is the piece that
    /// the primary waits for, if it has just come.
    pub(crate) async fn following(
        &self,
        key: &Loaded,
        primary: &KeyRecord,
        told: Option<&Material>,
        now: Timestamp,
    ) -> Result<(KeyRecord, Batch), KmsError> {
        let mut record = key.entry.record.clone();
        let mut pieces = self.pieces(&record).await?;
        pieces.follow(primary, told);
        record.rotation = primary.rotation;
        record.imports = pieces.sum();
        record.material = pieces.current;
        enter(&mut record, Event::LoseMaterial, now)?;
        Ok((record, pieces.rows))
    }

    /// Whether a replica lacks the piece that the related keys wait to rotate to. One that is about to be deleted isn't given
    /// any more, so it isn't waited for.
    pub(crate) async fn some_replica_lacks(&self, record: &KeyRecord, pending: &MaterialId) -> Result<bool, KmsError> {
        let replicas = record.multi_region.iter().flat_map(|list| &list.replicas);
        for region in replicas {
            let Some(replica) = self.load(&KeyArn { region: *region, ..record.arn }).await? else { continue };
            let replica = &replica.entry.record;
            if matches!(replica.state, KeyState::PendingDeletion { .. }) {
                continue;
            }
            let row = self.row(paths::material(&replica.arn, pending)).await?;
            let piece = row.map(|row| entry::piece(&row, replica)).transpose()?;
            if !piece.is_some_and(|piece| piece.is_present()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All pieces of the key's material, as the store has them now.
    pub(crate) async fn pieces(&self, record: &KeyRecord) -> Result<Pieces, KmsError> {
        Ok(Pieces::new(record, self.other_pieces(record).await?))
    }

    /// All pieces of the key's material but the current one.
    pub(crate) async fn other_pieces(&self, record: &KeyRecord) -> Result<Vec<Material>, KmsError> {
        let (mut others, mut after) = (Vec::new(), None);
        loop {
            let (rows, more) = self.rows(paths::materials(&record.arn), after, PAGE).await?;
            for row in &rows {
                others.push(entry::piece(row, record)?);
            }
            after = rows.into_iter().last().map(|row| row.path);
            if !more {
                return Ok(others);
            }
        }
    }

    /// The end of the piece that expires when `due` says, if the key still says so too.
    pub(crate) async fn expire(
        &self,
        due: &Due,
        row: &Row,
        now: Timestamp,
    ) -> Result<Option<Effect<(), ErrorAnswer>>, KmsError> {
        let Some(key) = self.load(&due.key).await? else { return self.drop_stale(row).await };
        let record = &key.entry.record;
        if !change::dues(record).any(|own| own == *due) {
            return self.drop_stale(row).await;
        }
        let mut pieces = self.pieces(record).await?;
        let Some(expired) = pieces.all().find(|piece| piece.expires() == Some(due.at)).map(Material::without_token)
        else {
            return self.drop_stale(row).await;
        };
        let id = expired.id();
        pieces.put(expired);
        let Some(batch) = pieces.change(&key, Event::LoseMaterial, now)?.batch else { return Ok(None) };
        let batch = Batch { destroys: true, ..batch }.guard(Guard::Version(row.path.clone(), row.version));
        let context = EventContext::internal(due.key.account, due.key.region, now);
        let event = Told::service(&context, SOURCE, "DeleteExpiredKeyMaterial").resource(Resource::Key(due.key));
        Ok(Some(Effect::change((), batch, event.details(details(record, id)).frees())))
    }
}

/// `serviceEventDetails`: the piece is told where AWS shows its id.
fn details(record: &KeyRecord, id: MaterialId) -> Vec<u8> {
    let key = record.arn.key;
    if record.shows_material() {
        format!(r#"{{"keyId":"{key}","keyMaterialId":"{id}"}}"#).into_bytes()
    } else {
        format!(r#"{{"keyId":"{key}"}}"#).into_bytes()
    }
}
