//! Custom key stores, of which there are none and can be none: keys live in this program's own HSM room.
//!
//! The list is served and empty. What would make, change or connect a store is decided and recorded like any call, then
//! refused (`models/overlay/kms.refused`).

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{
    ConnectCustomKeyStoreInput, ConnectCustomKeyStoreOutput, CreateCustomKeyStoreInput, CreateCustomKeyStoreOutput,
    DeleteCustomKeyStoreInput, DeleteCustomKeyStoreOutput, DescribeCustomKeyStoresInput, DescribeCustomKeyStoresOutput,
    DisconnectCustomKeyStoreInput, DisconnectCustomKeyStoreOutput, UpdateCustomKeyStoreInput,
    UpdateCustomKeyStoreOutput,
};
use sealroom_audit::Effect;
use sealroom_identity::Call;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::{
    CONNECT_CUSTOM_KEY_STORE, CREATE_CUSTOM_KEY_STORE, DELETE_CUSTOM_KEY_STORE, DESCRIBE_CUSTOM_KEY_STORES,
    DISCONNECT_CUSTOM_KEY_STORE, Operation, UPDATE_CUSTOM_KEY_STORE,
};
use crate::report::Report;

/// What anything that needs a custom key store is told.
pub(crate) const UNSUPPORTED: &str = "Custom key stores are not supported by this version of the service.";

pub(crate) fn describe(
    kms: &Kms,
    call: &Call,
    input: &DescribeCustomKeyStoresInput,
) -> Effect<DescribeCustomKeyStoresOutput, ErrorAnswer> {
    let mut report = Report::new(call, &DESCRIBE_CUSTOM_KEY_STORES);
    let outcome = run_describe(kms, call, input, &mut report);
    report.close(outcome, || input.audit_parameters())
}

fn run_describe(
    kms: &Kms,
    call: &Call,
    input: &DescribeCustomKeyStoresInput,
    report: &mut Report<'_>,
) -> Result<DescribeCustomKeyStoresOutput, KmsError> {
    decided(kms, call, &DESCRIBE_CUSTOM_KEY_STORES, report)?;
    if input.custom_key_store_id.is_some() || input.custom_key_store_name.is_some() {
        return Err(KmsError::NoSuchKeyStore);
    }
    if input.marker.is_some() {
        return Err(KmsError::Marker);
    }
    Ok(DescribeCustomKeyStoresOutput { custom_key_stores: Some(Vec::new()), next_marker: None, truncated: Some(false) })
}

pub(crate) fn create(
    kms: &Kms,
    call: &Call,
    input: &CreateCustomKeyStoreInput,
) -> Effect<CreateCustomKeyStoreOutput, ErrorAnswer> {
    refuse(kms, call, &CREATE_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn connect(
    kms: &Kms,
    call: &Call,
    input: &ConnectCustomKeyStoreInput,
) -> Effect<ConnectCustomKeyStoreOutput, ErrorAnswer> {
    refuse(kms, call, &CONNECT_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn disconnect(
    kms: &Kms,
    call: &Call,
    input: &DisconnectCustomKeyStoreInput,
) -> Effect<DisconnectCustomKeyStoreOutput, ErrorAnswer> {
    refuse(kms, call, &DISCONNECT_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn delete(
    kms: &Kms,
    call: &Call,
    input: &DeleteCustomKeyStoreInput,
) -> Effect<DeleteCustomKeyStoreOutput, ErrorAnswer> {
    refuse(kms, call, &DELETE_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn update(
    kms: &Kms,
    call: &Call,
    input: &UpdateCustomKeyStoreInput,
) -> Effect<UpdateCustomKeyStoreOutput, ErrorAnswer> {
    refuse(kms, call, &UPDATE_CUSTOM_KEY_STORE, || input.audit_parameters())
}

fn decided(kms: &Kms, call: &Call, operation: &Operation, report: &mut Report<'_>) -> Result<(), KmsError> {
    kms.admit(call, operation, None, report)?;
    authorize::on_account(call, operation.action, &Conditions::new(call, None, Asked::default()))
}

fn refuse<T>(
    kms: &Kms,
    call: &Call,
    operation: &'static Operation,
    parameters: impl FnOnce() -> Vec<u8>,
) -> Effect<T, ErrorAnswer> {
    let mut report = Report::new(call, operation);
    let outcome = decided(kms, call, operation, &mut report).and(Err(KmsError::NotServed(UNSUPPORTED.to_owned())));
    report.close(outcome, parameters)
}
