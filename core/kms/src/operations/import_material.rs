//! ImportKeyMaterial: the first piece of a key's material, another one for a symmetric key, or the same bytes again.
//!
//! A piece's id is computed from its bytes and the key, so the HSM tells whether it is a known one. Who imports bytes that
//! are there already changes when they expire and what is said of them; the stored token stays as it is, for it holds
//! the same bytes.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{ExpirationModelType, ImportKeyMaterialInput, ImportKeyMaterialOutput, ImportType};
use sealroom_audit::Effect;
use sealroom_foundation::{MaterialId, Timestamp};
use sealroom_hsm::{Command, HsmError, KeyBinding, Origin, Reply};
use sealroom_identity::Call;
use sealroom_store::Batch;

use crate::conditions::Asked;
use crate::cryptography as check;
use crate::error::{ImportError, KmsError};
use crate::import_token::{self, ImportToken};
use crate::imports::{self, Pieces};
use crate::kms::Kms;
use crate::lifecycle::Event;
use crate::operation::IMPORT_KEY_MATERIAL;
use crate::record::{Imported, KeyRecord, Material};
use crate::report::Report;

/// AWS: material expires within so many days of its import.
const MOST_DAYS: u32 = 365;

pub(crate) async fn import(
    kms: &Kms,
    call: &Call,
    input: &ImportKeyMaterialInput,
) -> Effect<ImportKeyMaterialOutput, ErrorAnswer> {
    let mut report = Report::new(call, &IMPORT_KEY_MATERIAL);
    let outcome = run(kms, call, input, &mut report).await;
    report.close_change(outcome, || input.audit_parameters(), ImportKeyMaterialOutput::audit_elements)
}

async fn run(
    kms: &Kms,
    call: &Call,
    input: &ImportKeyMaterialInput,
    report: &mut Report<'_>,
) -> Result<(ImportKeyMaterialOutput, Option<Batch>), KmsError> {
    let model = input.expiration_model.unwrap_or(ExpirationModelType::KeyMaterialExpires);
    let asked = Asked { expiration_model: Some(model.as_str()), valid_to: input.valid_to, ..Asked::default() };
    let key = kms.permitted(call, &input.key_id, &IMPORT_KEY_MATERIAL, asked, report).await?;
    let record = &key.entry.record;
    imports::is_external(record)?;
    imports::may(record, Event::Import, call.now())?;
    let expires = expiry(model, input.valid_to, call.now())?;
    let mut pieces = kms.pieces(record).await?;
    let wanted = Wanted::read(input, record, &pieces)?;
    let token = import_token::open(&*kms.seal, &record.arn, &input.import_token, call.now())?;
    let piece = kms.unwrap(record, &token, &input.encrypted_key_material).await?;
    let id = piece.id();
    let description = input.key_material_description.clone().map(String::into_boxed_str);
    let mut told = None;
    match wanted.place(record, &pieces, id)? {
        // AWS: a piece comes to the primary first.
        None if record.is_replica() => {
            let arn = record.arn_text().into();
            return Err(KmsError::Replica { arn, operation: IMPORT_KEY_MATERIAL.name });
        }
        None => {
            let piece = piece.with_import(Some(Imported { description, expires }));
            told = Some(piece.clone());
            pieces.add(piece);
        }
        Some(known) => {
            let before = known.imported.as_ref().and_then(|imported| imported.description.clone());
            let imported = Imported { description: description.or(before), expires };
            let piece = if known.is_present() { known.clone() } else { piece };
            pieces.replace(piece.with_import(Some(imported)));
        }
    }
    let changed = pieces.change(&key, Event::Import, call.now())?;
    let changed = kms.spread_telling(&key, changed, told.as_ref(), call.now(), report).await?;
    let output = ImportKeyMaterialOutput {
        key_id: Some(record.arn_text().to_owned()),
        key_material_id: record.shows_material().then(|| id.to_string()),
    };
    Ok((output, changed.batch))
}

/// When the material expires, if it does.
fn expiry(
    model: ExpirationModelType,
    valid_to: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, KmsError> {
    let wrong = match (model, valid_to) {
        (ExpirationModelType::KeyMaterialDoesNotExpire, None) => return Ok(None),
        (ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => {
            "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"
        }
        (ExpirationModelType::KeyMaterialExpires, None) => {
            "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
        }
        (ExpirationModelType::KeyMaterialExpires, Some(at)) if at <= now => "ValidTo must be in the future",
        (ExpirationModelType::KeyMaterialExpires, Some(at)) if at > now.plus_days(MOST_DAYS) => {
            "ValidTo must be less than 365 days in the future"
        }
        (ExpirationModelType::KeyMaterialExpires, Some(at)) => return Ok(Some(at)),
    };
    Err(ImportError::ValidTo(wrong).into())
}

/// Which piece the caller says this is.
#[derive(Clone, Copy)]
enum Wanted {
    New,
    /// A known one, perhaps of this id.
    Existing(Option<MaterialId>),
}

impl Wanted {
    fn read(input: &ImportKeyMaterialInput, record: &KeyRecord, pieces: &Pieces) -> Result<Self, KmsError> {
        imports::only_of_symmetric(
            record,
            &[
                ("importType", input.import_type.is_some()),
                ("keyMaterialId", input.key_material_id.is_some()),
                ("keyMaterialDescription", input.key_material_description.is_some()),
            ],
        )?;
        // AWS: before the first import ever there is nothing that could be imported again.
        let default = match pieces.current() {
            None => ImportType::NewKeyMaterial,
            Some(_) => ImportType::ExistingKeyMaterial,
        };
        match (input.import_type.unwrap_or(default), &input.key_material_id) {
            (ImportType::NewKeyMaterial, None) => Ok(Self::New),
            (ImportType::NewKeyMaterial, Some(_)) => Err(ImportError::IdOfNewMaterial.into()),
            (ImportType::ExistingKeyMaterial, None) => Ok(Self::Existing(None)),
            (ImportType::ExistingKeyMaterial, Some(id)) => match id.parse().ok().filter(|id| pieces.find(id).is_some())
            {
                Some(known) => Ok(Self::Existing(Some(known))),
                None => Err(ImportError::NeverImported { id: id.clone(), arn: record.arn_text().into() }.into()),
            },
        }
    }

    /// The known piece that the imported one is; `None` for a new one.
    fn place<'p>(
        self,
        record: &KeyRecord,
        pieces: &'p Pieces,
        id: MaterialId,
    ) -> Result<Option<&'p Material>, ImportError> {
        let arn = || record.arn_text().into();
        match (self, pieces.find(&id), pieces.pending()) {
            (Self::New, Some(_), _) => Err(ImportError::KnownMaterial { id, arn: arn() }),
            (Self::New, None, Some(pending)) => Err(ImportError::SecondPending { id, pending, arn: arn() }),
            (Self::New, None, None) => Ok(None),
            (Self::Existing(Some(expected)), _, _) if expected != id => {
                Err(ImportError::UnexpectedMaterial { expected })
            }
            (Self::Existing(_), Some(known), _) => Ok(Some(known)),
            (Self::Existing(_), None, _) => match pieces.current() {
                Some(current) => Err(ImportError::UnexpectedMaterial { expected: current.id() }),
                None => Err(ImportError::UnknownMaterial { id, arn: arn() }),
            },
        }
    }
}

impl Kms {
    /// The piece that `wrapped` holds.
    async fn unwrap(&self, record: &KeyRecord, token: &ImportToken, wrapped: &[u8]) -> Result<Material, KmsError> {
        let KeyRecord { spec, usage, .. } = *record;
        let (account, key) = (record.arn.account, record.arn.key);
        let (wrapping, algorithm) = (token.wrapping(), token.algorithm);
        let command = Command::Import { account, key, spec, usage, wrapping, algorithm, wrapped };
        let reply = self.door.run(command).await.map_err(|error| match error {
            // AWS: whatever is wrong with the material or its wrapping reads alike.
            HsmError::InvalidKeyMaterial => KmsError::InvalidCiphertext,
            HsmError::InvalidToken => ImportError::Token.into(),
            other => other.into(),
        })?;
        let Reply::Key { material, token, public } = reply else { return Err(check::unexpected(reply)) };
        let binding = KeyBinding { account, key, material, spec, usage, origin: Origin::External };
        Ok(Material::new(binding, token, public.map(Vec::into_boxed_slice)))
    }
}
