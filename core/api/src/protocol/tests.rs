//! The protocols from outside: what is refused and in which words, what is written, and that nothing gets through
//! unread. The rows of refusals stand in `tests/wire/refusals.json`.

mod answers;
mod forms;
mod properties;
mod records;
mod refusals;

use sealroom_foundation::RequestId;

use crate::serve::{Compat, Wire};

fn wire(compat: Compat) -> Wire {
    Wire { compat, id: id() }
}

fn id() -> RequestId {
    "01234567-89ab-4cde-8f01-23456789abcd".parse().unwrap()
}
