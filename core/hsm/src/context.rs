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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Vec<u8>, ContextError> {
        canonical(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn pairs_stand_in_order_behind_their_lengths() {
        assert_eq!(of(&[]), Ok(vec![]));
        assert_eq!(of(&[("b", "2"), ("a", "11")]).unwrap(), b"\0\0\0\x01a\0\0\0\x0211\0\0\0\x01b\0\0\0\x012");
        assert_eq!(of(&[("b", "2"), ("a", "1")]), of(&[("a", "1"), ("b", "2")]));
    }

    #[test]
    fn what_differs_is_written_differently() {
        let forms = [
            of(&[("ab", "c")]),
            of(&[("a", "bc")]),
            of(&[("a", "b"), ("c", "d")]),
            of(&[("a", "b"), ("c", "e")]),
            of(&[("A", "bc")]),
        ];
        let distinct: std::collections::BTreeSet<_> = forms.iter().map(|form| form.clone().unwrap()).collect();
        assert_eq!(distinct.len(), forms.len());
    }

    #[test]
    fn empty_parts_are_refused() {
        assert_eq!(of(&[("", "value")]), Err(ContextError::EmptyPart));
        assert_eq!(of(&[("key", "")]), Err(ContextError::EmptyPart));
    }

    #[test]
    fn the_longest_context_is_taken_and_one_byte_more_is_not() {
        let value = "v".repeat(MAX_CONTEXT - 8 - 1);
        assert_eq!(of(&[("k", &value)]).map(|form| form.len()), Ok(MAX_CONTEXT));
        assert_eq!(of(&[("kk", &value)]), Err(ContextError::TooLong));
    }
}
