//! The services, one module each, written by `cargo xtask codegen` from the tables in `models/`.

pub mod iam;
pub mod kms;
pub mod operator;
pub mod sts;
