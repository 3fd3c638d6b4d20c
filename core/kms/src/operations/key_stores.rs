//! DescribeCustomKeyStores: there are none here, so all of them are listed, and none is found.

use sealroom_api::ErrorAnswer;
use sealroom_api::kms::{DescribeCustomKeyStoresInput, DescribeCustomKeyStoresOutput};
use sealroom_audit::Effect;
use sealroom_identity::Call;

use crate::authorize;
use crate::conditions::{Asked, Conditions};
use crate::error::KmsError;
use crate::operation::DESCRIBE_CUSTOM_KEY_STORES;
use crate::report::Report;

pub(crate) fn describe(
    call: &Call,
    input: &DescribeCustomKeyStoresInput,
) -> Effect<DescribeCustomKeyStoresOutput, ErrorAnswer> {
    let report = Report::new(call, &DESCRIBE_CUSTOM_KEY_STORES);
    let outcome = run(call, input);
    report.close(outcome, || input.audit_parameters())
}

fn run(call: &Call, input: &DescribeCustomKeyStoresInput) -> Result<DescribeCustomKeyStoresOutput, KmsError> {
    let conditions = Conditions::new(call, None, Asked::default());
    authorize::on_account(call, DESCRIBE_CUSTOM_KEY_STORES.action, &conditions)?;
    if input.custom_key_store_id.is_some() || input.custom_key_store_name.is_some() {
        return Err(KmsError::NoSuchKeyStore);
    }
    if input.marker.is_some() {
        return Err(KmsError::Marker);
    }
    Ok(DescribeCustomKeyStoresOutput { custom_key_stores: Some(Vec::new()), next_marker: None, truncated: Some(false) })
}
