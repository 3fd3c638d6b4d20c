//! The canonical form of an encryption context.

use std::collections::BTreeMap;

/// The most bytes of a canonical context. LIMIT: ours; AWS tells no number.
pub const MAX_CONTEXT: usize = 8_192;

/// Why a context is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// Its canonical form is longer than [`MAX_CONTEXT`].
    #[error("the encryption context is longer than {MAX_CONTEXT} bytes")]
    TooLong,
    /// A key or a value is empty.
    #[error("the encryption context has an empty key or value")]
    EmptyPart,
}

/// The pairs in the order of their keys' bytes, each part behind its length (`u32`, big-endian). No pairs: no bytes.
///
/// # Errors
/// [`ContextError`] when it is too long or a part is empty.
pub fn canonical(pairs: &BTreeMap<String, String>) -> Result<Vec<u8>, ContextError> {
    let parts = || pairs.iter().flat_map(|(key, value)| [key, value]);
    if parts().any(String::is_empty) {
        return Err(ContextError::EmptyPart);
    }
    let length = parts().try_fold(0usize, |sum, part| sum.checked_add(4 + part.len()));
    let length = length.filter(|length| *length <= MAX_CONTEXT).ok_or(ContextError::TooLong)?;
    let mut out = Vec::with_capacity(length);
    for part in parts() {
        let length = u32::try_from(part.len()).map_err(|_| ContextError::TooLong)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    Ok(out)
}
