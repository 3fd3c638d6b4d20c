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
use crate::operation::{
    CONNECT_CUSTOM_KEY_STORE, CREATE_CUSTOM_KEY_STORE, DELETE_CUSTOM_KEY_STORE, DESCRIBE_CUSTOM_KEY_STORES,
    DISCONNECT_CUSTOM_KEY_STORE, Operation, UPDATE_CUSTOM_KEY_STORE,
};
use crate::report::Report;

/// What anything that needs a custom key store is told.
pub(crate) const UNSUPPORTED: &str = "Custom key stores are not supported by this version of the service.";

pub(crate) fn describe(
    call: &Call,
    input: &DescribeCustomKeyStoresInput,
) -> Effect<DescribeCustomKeyStoresOutput, ErrorAnswer> {
    let report = Report::new(call, &DESCRIBE_CUSTOM_KEY_STORES);
    report.close(run_describe(call, input), || input.audit_parameters())
}

fn run_describe(call: &Call, input: &DescribeCustomKeyStoresInput) -> Result<DescribeCustomKeyStoresOutput, KmsError> {
    decided(call, &DESCRIBE_CUSTOM_KEY_STORES)?;
    if input.custom_key_store_id.is_some() || input.custom_key_store_name.is_some() {
        return Err(KmsError::NoSuchKeyStore);
    }
    if input.marker.is_some() {
        return Err(KmsError::Marker);
    }
    Ok(DescribeCustomKeyStoresOutput { custom_key_stores: Some(Vec::new()), next_marker: None, truncated: Some(false) })
}

pub(crate) fn create(
    call: &Call,
    input: &CreateCustomKeyStoreInput,
) -> Effect<CreateCustomKeyStoreOutput, ErrorAnswer> {
    refuse(call, &CREATE_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn connect(
    call: &Call,
    input: &ConnectCustomKeyStoreInput,
) -> Effect<ConnectCustomKeyStoreOutput, ErrorAnswer> {
    refuse(call, &CONNECT_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn disconnect(
    call: &Call,
    input: &DisconnectCustomKeyStoreInput,
) -> Effect<DisconnectCustomKeyStoreOutput, ErrorAnswer> {
    refuse(call, &DISCONNECT_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn delete(
    call: &Call,
    input: &DeleteCustomKeyStoreInput,
) -> Effect<DeleteCustomKeyStoreOutput, ErrorAnswer> {
    refuse(call, &DELETE_CUSTOM_KEY_STORE, || input.audit_parameters())
}

pub(crate) fn update(
    call: &Call,
    input: &UpdateCustomKeyStoreInput,
) -> Effect<UpdateCustomKeyStoreOutput, ErrorAnswer> {
    refuse(call, &UPDATE_CUSTOM_KEY_STORE, || input.audit_parameters())
}

fn decided(call: &Call, operation: &Operation) -> Result<(), KmsError> {
    authorize::on_account(call, operation.action, &Conditions::new(call, None, Asked::default()))
}

fn refuse<T>(
    call: &Call,
    operation: &'static Operation,
    parameters: impl FnOnce() -> Vec<u8>,
) -> Effect<T, ErrorAnswer> {
    let outcome = decided(call, operation).and(Err(KmsError::NotServed(UNSUPPORTED.to_owned())));
    Report::new(call, operation).close(outcome, parameters)
}
