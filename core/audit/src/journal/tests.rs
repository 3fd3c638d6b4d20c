//! The journal held to its promises, over the memory engine and over files.

pub(crate) mod faults;
