//! Grant tokens: sealed, so that nobody makes one; they say which grant they came with, and stay good as long as AWS's do.
//!
//! A token gives nothing by itself. It lets a decision find its grant before every node has heard of it, and RetireGrant
//! without the key's name. A token of a grant that has ended still opens: what it names isn't there any more.

use base64_simd::STANDARD;
use sealroom_foundation::KeyArn;
use sealroom_foundation::ports::{Purpose, Seal};

use crate::error::KmsError;
use crate::grants::record::GrantId;
use crate::reference::KeyReference;

const AAD: &[u8] = b"kms/grant";
/// Between the two parts, in neither of which it occurs.
const BETWEEN: char = ' ';

/// A new token of the grant. Never the same twice.
pub(super) fn seal(seal: &dyn Seal, key: &KeyArn, grant: &GrantId) -> String {
    let plain = format!("{grant}{BETWEEN}{key}");
    STANDARD.encode_to_string(seal.seal(Purpose::GrantToken, AAD, plain.as_bytes()))
}

/// The grant that a token came with.
///
/// # Errors
/// [`KmsError::GrantToken`] for anything that [`seal`] didn't make.
pub(super) fn open(seal: &dyn Seal, token: &str) -> Result<(KeyArn, GrantId), KmsError> {
    let sealed = STANDARD.decode_to_vec(token).map_err(|_| KmsError::GrantToken)?;
    let plain = seal.open(Purpose::GrantToken, AAD, &sealed).map_err(|_| KmsError::GrantToken)?;
    let parts = std::str::from_utf8(plain.expose()).ok().and_then(|text| text.split_once(BETWEEN));
    let (grant, key) = parts.ok_or(KmsError::GrantToken)?;
    match (grant.parse(), KeyReference::parse(key)) {
        (Ok(grant), Ok(KeyReference::Arn(key))) => Ok((key, grant)),
        _ => Err(KmsError::GrantToken),
    }
}
