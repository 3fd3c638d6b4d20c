//! RSA pairs made ahead of need.

use crate::spec::Spec;

/// Ready-made RSA pairs, four of each size at most.
pub struct Spares {}

#[expect(clippy::todo, reason = "the body follows the door")]
impl Spares {
    /// Makes one pair of the size that has the fewest, and says which; `None` when nothing is missing. Takes up to
    /// seconds: the server calls it from a thread of the lowest priority.
    pub fn make_one(&self) -> Option<Spec> {
        todo!()
    }
}
