//! DeleteImportedKeyMaterial: takes a piece's bytes away at once. Its id stays known, so that only the same bytes come
//! back.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{DeleteImportedKeyMaterialInput, DeleteImportedKeyMaterialOutput};
use sealroom_audit::Effect;
use sealroom_foundation::MaterialId;
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::conditions::Asked;
use crate::error::{ImportError, KmsError};
use crate::imports;
use crate::kms::Kms;
use crate::lifecycle::Event;
use crate::operation::DELETE_IMPORTED_KEY_MATERIAL;
use crate::record::Material;
use crate::report::Report;

pub(crate) async fn delete(
    kms: &Kms,
    call: &Call,
    input: &DeleteImportedKeyMaterialInput,
) -> Effect<DeleteImportedKeyMaterialOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DELETE_IMPORTED_KEY_MATERIAL);
    let outcome = run(kms, call, input, &mut report).await;
    report.close_change(outcome, || input.audit_parameters(), DeleteImportedKeyMaterialOutput::audit_elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &DeleteImportedKeyMaterialInput,
    report: &mut Report<'_>,
) -> Result<(DeleteImportedKeyMaterialOutput, Option<Batch>), KmsError> {
    let key = kms.permitted(call, &input.key_id, &DELETE_IMPORTED_KEY_MATERIAL, Asked::default(), report).await?;
    let record = &key.entry.record;
    imports::is_external(record)?;
    imports::may(record, Event::DeleteMaterial, call.now())?;
    imports::only_of_symmetric(record, &[("keyMaterialId", input.key_material_id.is_some())])?;
    let mut pieces = kms.pieces(record).await?;
    let piece = match &input.key_material_id {
        None => pieces.current(),
        Some(named) => {
            let known = named.parse().ok().and_then(|id: MaterialId| pieces.find(&id));
            Some(known.ok_or_else(|| ImportError::NeverImported { id: named.clone(), arn: record.arn_text().into() })?)
        }
    };
    let output = DeleteImportedKeyMaterialOutput {
        key_id: Some(record.arn_text().to_owned()),
        key_material_id: piece.filter(|_| record.shows_material()).map(|piece| piece.id_text().to_owned()),
    };
    // AWS: what isn't there is deleted without complaint.
    let forgotten = |piece: &&Material| !record.is_replica() && pieces.pending() == Some(piece.id());
    let there = piece.filter(|piece| piece.is_present() || forgotten(piece)).map(Material::id);
    let Some(id) = there else { return Ok((output, None)) };
    pieces.delete(&id);
    let changed = pieces.change(&key, Event::DeleteMaterial, call.now())?;
    let changed = kms.spread(&key, changed, call.now(), report).await?;
    Ok((output, changed.batch.map(|batch| Batch { destroys: true, ..batch })))
}
