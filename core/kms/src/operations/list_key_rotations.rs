//! ListKeyRotations: a key's material in the order in which it became current, page by page.
//!
//! A page is a stretch of the key's history, wherever it begins; only of imported material does an entry say more than the
//! history, and then its pieces are read as well. The piece that waits for its rotation comes last.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    ExpirationModelType, ImportState, IncludeKeyMaterial, KeyMaterialState, ListKeyRotationsInput,
    ListKeyRotationsOutput, RotationsListEntry,
};
use sealroom_audit::Effect;
use sealroom_foundation::MaterialId;
use sealroom_hsm::{Origin, Spec};
use sealroom_identity::Call;
use sealroom_store::Read;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::entry;
use crate::error::KmsError;
use crate::kms::Kms;
use crate::marker;
use crate::names;
use crate::operation::LIST_KEY_ROTATIONS;
use crate::paths;
use crate::record::{KeyRecord, Material, RotationKind, RotationRecord};
use crate::report::Report;

const DEFAULT_LIMIT: u32 = 100;

pub(crate) async fn list(
    kms: &Kms,
    call: &Call,
    input: &ListKeyRotationsInput,
) -> Effect<ListKeyRotationsOutput, ErrorAnswer> {
    let mut report = Report::new(call, &LIST_KEY_ROTATIONS);
    let outcome = run(kms, call, input, &mut report).await;
    report.close(outcome, || input.audit_parameters())
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &ListKeyRotationsInput,
    report: &mut Report<'_>,
) -> Result<ListKeyRotationsOutput, KmsError> {
    let (key, _) = kms.resolve_fresh(call, &input.key_id, &LIST_KEY_ROTATIONS, report).await?;
    let record = &key.entry.record;
    let conditions = Conditions::new(call, Some(record), Asked::default());
    authorize::on_key(call, LIST_KEY_ROTATIONS.action, &key.entry, &conditions)?;
    if record.spec != Spec::SymmetricDefault {
        return match input.include_key_material {
            Some(_) => Err(KmsError::MaterialOfAsymmetric),
            None => Ok(page(Vec::new(), None)),
        };
    }
    let included = input.include_key_material.unwrap_or(IncludeKeyMaterial::RotationsOnly);
    let list = List::of(record, included);
    let name = format!("{}/{}/{included}", LIST_KEY_ROTATIONS.name, record.arn);
    let begin = match &input.marker {
        None => list.begin,
        Some(marker) => {
            let last: u32 = marker::open(&*kms.seal, call, &name, marker)?.parse().map_err(|_| KmsError::Marker)?;
            last.saturating_add(1)
        }
    };
    let limit = input.limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT);
    let end = begin.saturating_add(limit).min(list.end);
    let history = kms.history(record, begin, end.min(list.pieces)).await?;
    let pending = record.imports.pending.filter(|_| end > list.pieces && begin < end);
    let entries = kms.entries(record, &history, pending).await?;
    let next = (end < list.end).then(|| marker::seal(&*kms.seal, call, &name, &end.saturating_sub(1).to_string()));
    Ok(page(entries, next))
}

fn page(rotations: Vec<RotationsListEntry>, next_marker: Option<String>) -> ListKeyRotationsOutput {
    ListKeyRotationsOutput { rotations: Some(rotations), truncated: Some(next_marker.is_some()), next_marker }
}

/// The places of a list: first the pieces in their order, then the one that waits for its rotation.
struct List {
    begin: u32,
    /// Pieces that are or were current.
    pieces: u32,
    end: u32,
}

impl List {
    fn of(record: &KeyRecord, included: IncludeKeyMaterial) -> Self {
        let never_rotated = u32::from(record.material.is_some());
        let pieces = record.rotation.pieces.max(never_rotated);
        match included {
            // The first piece came with no rotation.
            IncludeKeyMaterial::RotationsOnly => Self { begin: 1, pieces, end: pieces },
            IncludeKeyMaterial::AllKeyMaterial => {
                let waiting = u32::from(record.imports.pending.is_some());
                Self { begin: 0, pieces, end: pieces.saturating_add(waiting) }
            }
        }
    }
}

impl Kms {
    /// The key's history from place `begin` to before `end`.
    async fn history(&self, record: &KeyRecord, begin: u32, end: u32) -> Result<Vec<RotationRecord>, KmsError> {
        if begin >= end {
            return Ok(Vec::new());
        }
        if record.rotation.pieces == 0 {
            // The first rotation begins the history.
            let only = record.material.iter().map(|material| RotationRecord { material: material.id(), rotated: None });
            return Ok(only.collect());
        }
        let home = record.home();
        let after = begin.checked_sub(1).map(|before| paths::rotation(&home, before));
        let (rows, _) = self.rows(paths::rotations(&home), after, end.saturating_sub(begin)).await?;
        let records = rows.iter().map(|row| RotationRecord::from_bytes(&row.value));
        records.collect::<Result<_, _>>().map_err(|_| KmsError::Fault("a row of a key's history can't be read"))
    }

    async fn entries(
        &self,
        record: &KeyRecord,
        history: &[RotationRecord],
        pending: Option<MaterialId>,
    ) -> Result<Vec<RotationsListEntry>, KmsError> {
        let current = record.material.as_ref();
        let is_current = |id: MaterialId| current.is_some_and(|current| current.id() == id);
        let mut entries = Vec::new();
        for RotationRecord { material, rotated } in history {
            let state = if is_current(*material) { KeyMaterialState::Current } else { KeyMaterialState::NonCurrent };
            let (date, kind) = rotated.unzip();
            let entry = RotationsListEntry { rotation_date: date, ..entry(record, *material, state) };
            entries.push(RotationsListEntry {
                rotation_type: kind.map(RotationKind::as_str).and_then(names::outward),
                ..entry
            });
        }
        if let Some(id) = pending {
            let state = match self.some_replica_lacks(record, &id).await? {
                true => KeyMaterialState::PendingMultiRegionImportAndRotation,
                false => KeyMaterialState::PendingRotation,
            };
            entries.push(entry(record, id, state));
        }
        if record.origin == Origin::External {
            let ids = history.iter().map(|entry| entry.material).chain(pending);
            let others: Vec<MaterialId> = ids.filter(|id| !is_current(*id)).collect();
            let pieces = self.pieces_of(record, &others).await?;
            for entry in &mut entries {
                let own = |piece: &&Material| Some(piece.id_text()) == entry.key_material_id.as_deref();
                if let Some(piece) = current.into_iter().chain(&pieces).find(own) {
                    *entry = with_import(std::mem::take(entry), piece);
                }
            }
        }
        Ok(entries)
    }

    /// These pieces of the key's material, as the store has them now.
    async fn pieces_of(&self, record: &KeyRecord, ids: &[MaterialId]) -> Result<Vec<Material>, KmsError> {
        let (home, mut pieces) = (record.pieces_home(), Vec::new());
        for ids in ids.chunks(Read::MAX_READS) {
            let reads: Vec<Read> = ids.iter().map(|id| Read::Get(paths::material(&home, id))).collect();
            for row in self.view.read(&reads).await?.into_iter().flat_map(sealroom_store::Answer::rows) {
                pieces.push(entry::piece(&row, record)?);
            }
        }
        Ok(pieces)
    }
}

fn entry(record: &KeyRecord, id: MaterialId, state: KeyMaterialState) -> RotationsListEntry {
    RotationsListEntry {
        key_id: Some(record.arn_text().to_owned()),
        key_material_id: Some(id.to_string()),
        key_material_state: Some(state),
        ..RotationsListEntry::default()
    }
}

/// With what only imported material shows. When it expires is told while it is there.
fn with_import(entry: RotationsListEntry, piece: &Material) -> RotationsListEntry {
    let (present, expires) = (piece.is_present(), piece.expires());
    let model = match expires {
        Some(_) => ExpirationModelType::KeyMaterialExpires,
        None => ExpirationModelType::KeyMaterialDoesNotExpire,
    };
    RotationsListEntry {
        key_material_description: piece
            .imported
            .as_ref()
            .and_then(|told| told.description.as_deref().map(str::to_owned)),
        import_state: Some(if present { ImportState::Imported } else { ImportState::PendingImport }),
        expiration_model: present.then_some(model),
        valid_to: expires,
        ..entry
    }
}
