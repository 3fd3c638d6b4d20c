//! Grants: rights that stand beside a key's policy, each for one grantee, some operations and perhaps a condition.
//!
//! A grant is never changed: it is made, and it ends. So its row is copied to where it is looked for: under its key, under
//! its grantee, under who may retire it. What a grantee holds on a key is kept in memory, "nothing" included, so that no
//! decision reads the store twice, and none looks at the grants of others however many there are.
//!
//! ```text
//! decide(policies) -> allowed | denied -> does the key have grants? -> Mirror<Holder, Held> -> decide(policies + grants)
//! ```
//!
//! What would surprise: grants are asked last. They only allow, so whom the policies allow costs no look at them, and whom
//! a policy denies gets nothing by them.

pub(crate) mod asked;
mod authorize;
mod constraints;
mod held;
pub(crate) mod listed;
mod operations;
mod party;
pub(crate) mod paths;
pub mod record;
mod stored;
pub(crate) mod sweep;
mod token;
pub(crate) mod written;

pub(crate) use authorize::ending;
pub use constraints::{Constraints, Context, ContextConstraint};
pub(crate) use held::{Held, Holder};
pub use operations::Operations;
pub use party::Party;
pub(crate) use party::{INPUT, Unfit};
pub use stored::NamedGrant;

/// LIMIT: pairs of grantee and key kept in memory.
pub(crate) const GRANTEES: usize = 100_000;
