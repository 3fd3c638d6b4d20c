//! Generated wire shapes and protocols, SigV4, errors.

pub mod sigv4;
