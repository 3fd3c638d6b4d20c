//! The port through which a decision asks for condition keys, one at a time and only when a policy names them.
//!
//! It holds no key's meaning: the rooms that know a request answer for it.

/// Whether a request has a condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The request doesn't have the key; nothing was visited.
    Absent,
    /// Every value was visited; none for an empty list, which counts as absent.
    Present,
    /// The key exists, but its values can't be told (a key with too many aliases, say). The statement that asks fails
    /// against the caller: an `Allow` doesn't match, a `Deny` does.
    Untold,
}

/// Answers for the condition keys of one request.
pub trait ConditionKeys {
    /// Calls `visit` with each value of `key`, which is in ASCII lower case (`aws:currenttime`,
    /// `kms:encryptioncontext:appname`, `aws:resourcetag/team`). The same question must get the same answer during one
    /// decision; a key may be asked more than once.
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence;
}

/// A request without condition keys.
#[derive(Debug, Clone, Copy)]
pub struct NoConditionKeys;

impl ConditionKeys for NoConditionKeys {
    fn lookup(&self, _key: &str, _visit: &mut dyn FnMut(&str)) -> Presence {
        Presence::Absent
    }
}
