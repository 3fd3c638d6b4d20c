//! What the journal keeps of inputs and outputs, as JSON: CloudTrail's `requestParameters` and `responseElements`.
//!
//! Blobs and secrets are left out here, whatever generated code says; tokens are left out by the overlays.

use crate::encode::Sink as _;
use crate::protocol::json::{Form, Json};

/// `requestParameters`: what `fill` writes, `null` when that is nothing.
pub(crate) fn parameters(fill: impl FnOnce(&mut Json)) -> Vec<u8> {
    record(Form::Parameters, fill)
}

/// `responseElements`: what `fill` writes, `null` when that is nothing.
pub(crate) fn elements(fill: impl FnOnce(&mut Json)) -> Vec<u8> {
    record(Form::Elements, fill)
}

/// Nothing, as JSON.
pub(crate) fn nothing() -> Vec<u8> {
    b"null".to_vec()
}

fn record(form: Form, fill: impl FnOnce(&mut Json)) -> Vec<u8> {
    let mut json = Json { out: Vec::with_capacity(256), form };
    json.structure(fill);
    if json.out == b"{}" { nothing() } else { json.out }
}
