//! Import tokens: what GetParametersForImport gives beside the public half of a wrapping pair, and ImportKeyMaterial
//! wants back within a day.
//!
//! ```text
//! version (1) ‖ good until, in µs (8) ‖ id of the pair (32) ‖ its spec ‖ the wrapping algorithm ‖ the pair's token
//! ```
//!
//! Names stand behind their length in one byte. The whole is sealed for this purpose alone and bound to the key's ARN, and
//! the pair's token inside opens for an import into that key only, so a token is good for one key in one Region.
//!
//! What would surprise: the private half of the pair is in it, sealed twice, and nothing is kept here. AWS lets a token be
//! used again, and an older one beside a newer one, so a row would have to live as long as the token and forget nothing
//! sooner; and a call that only reads would write 3 KiB for whoever repeats it. What a token opens, its holder has
//! already: the material is the holder's own.

use sealroom_foundation::ports::{Purpose, Seal};
use sealroom_foundation::{KeyArn, MaterialId, Timestamp};
use sealroom_hsm::{KeyBinding, KeyRef, KeyToken, Spec, WrappingAlgorithm};

use crate::error::ImportError;

const VERSION: u8 = 1;

/// AWS: a token is good for 24 hours.
const GOOD_FOR_SECONDS: i64 = 24 * 60 * 60;

/// An opened token.
pub(crate) struct ImportToken {
    /// How the material is wrapped.
    pub(crate) algorithm: WrappingAlgorithm,
    binding: KeyBinding,
    pair: KeyToken,
}

impl ImportToken {
    /// The pair that the material is wrapped under.
    pub(crate) fn wrapping(&self) -> KeyRef<'_> {
        KeyRef { binding: &self.binding, token: &self.pair }
    }
}

/// A token for the pair of this binding, and until when it is good.
pub(crate) fn seal(
    seal: &dyn Seal,
    arn: &KeyArn,
    algorithm: WrappingAlgorithm,
    (pair, token): (&KeyBinding, &KeyToken),
    now: Timestamp,
) -> (Vec<u8>, Timestamp) {
    let valid_to = now.plus_seconds(GOOD_FOR_SECONDS);
    let mut plain = vec![VERSION];
    plain.extend_from_slice(&valid_to.as_micros().to_be_bytes());
    plain.extend_from_slice(pair.material.as_bytes());
    for name in [pair.spec.as_str(), algorithm.as_str()] {
        // INVARIANT: AWS's names are shorter than 256 bytes.
        plain.push(u8::try_from(name.len()).unwrap_or_default());
        plain.extend_from_slice(name.as_bytes());
    }
    plain.extend_from_slice(token.to_bytes());
    (seal.seal(Purpose::ImportToken, arn.to_string().as_bytes(), &plain), valid_to)
}

/// What [`seal`] made for this key within the last day.
///
/// # Errors
/// [`ImportError::Token`] for anything else, [`ImportError::TokenExpired`] when it was longer ago.
pub(crate) fn open(seal: &dyn Seal, arn: &KeyArn, sealed: &[u8], now: Timestamp) -> Result<ImportToken, ImportError> {
    let plain = seal.open(Purpose::ImportToken, arn.to_string().as_bytes(), sealed);
    let plain = plain.map_err(|_| ImportError::Token)?;
    let (token, valid_to) = read(arn, plain.expose()).ok_or(ImportError::Token)?;
    if valid_to <= now {
        return Err(ImportError::TokenExpired);
    }
    Ok(token)
}

fn read(arn: &KeyArn, plain: &[u8]) -> Option<(ImportToken, Timestamp)> {
    let (VERSION, rest) = plain.split_first().map(|(version, rest)| (*version, rest))? else { return None };
    let (valid_to, rest) = rest.split_first_chunk::<8>()?;
    let (material, rest) = rest.split_first_chunk::<32>()?;
    let (spec, rest) = name(rest)?;
    let (algorithm, token) = name(rest)?;
    let spec: Spec = spec.parse().ok()?;
    let binding = KeyBinding::of_wrapping_key(arn.account, arn.key, MaterialId::from_bytes(*material), spec);
    let pair = KeyToken::from_bytes(token).ok()?;
    let opened = ImportToken { algorithm: algorithm.parse().ok()?, binding, pair };
    Some((opened, Timestamp::from_micros(i64::from_be_bytes(*valid_to))))
}

fn name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(name).ok()?, rest))
}
