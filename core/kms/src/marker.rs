//! Pages of lists: how long they may be, and the markers between them, which are sealed, so that nobody learns or makes
//! one, and good for a day.
//!
//! A marker is bound to the account, the operation and the Region that it was given to; anything else is "invalid", and
//! AWS says no more than that.

use base64_simd::STANDARD;
use sealroom_foundation::Timestamp;
use sealroom_foundation::ports::{Purpose, Seal};
use sealroom_identity::Call;

use crate::error::KmsError;

/// LIMIT: how long a marker is good.
const GOOD_FOR_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// How long a page is, for lists that are narrower than the model says.
///
/// # Errors
/// [`KmsError::ListLimit`]: the text of the model's limits, with the list's own.
pub(crate) fn page_length(asked: Option<i32>, default: u32, most: u32) -> Result<u32, KmsError> {
    let Some(asked) = asked else { return Ok(default) };
    match u32::try_from(asked) {
        Ok(limit) if limit <= most => Ok(limit),
        Ok(_) | Err(_) => Err(KmsError::ListLimit { asked, most }),
    }
}

/// A marker that continues `operation`'s list behind `last`.
pub(crate) fn seal(seal: &dyn Seal, call: &Call, operation: &str, last: &str) -> String {
    let mut plain = call.now().as_micros().to_be_bytes().to_vec();
    plain.extend_from_slice(last.as_bytes());
    STANDARD.encode_to_string(seal.seal(Purpose::PageMarker, &bound_to(call, operation), &plain))
}

/// Where the list that `marker` belongs to goes on.
///
/// # Errors
/// [`KmsError::Marker`] for anything that [`seal`] didn't make for this list within the last day.
pub(crate) fn open(seal: &dyn Seal, call: &Call, operation: &str, marker: &str) -> Result<String, KmsError> {
    let sealed = STANDARD.decode_to_vec(marker).map_err(|_| KmsError::Marker)?;
    let plain = seal.open(Purpose::PageMarker, &bound_to(call, operation), &sealed).map_err(|_| KmsError::Marker)?;
    let (made, last) = plain.expose().split_first_chunk::<8>().ok_or(KmsError::Marker)?;
    let made = Timestamp::from_micros(i64::from_be_bytes(*made));
    let age = call.now().micros_since(made);
    if !(0..=GOOD_FOR_MICROS).contains(&age) {
        return Err(KmsError::Marker);
    }
    String::from_utf8(last.to_vec()).map_err(|_| KmsError::Marker)
}

fn bound_to(call: &Call, operation: &str) -> Vec<u8> {
    format!("{}/{}/kms:{operation}", call.caller().account(), call.region()).into_bytes()
}
