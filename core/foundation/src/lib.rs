//! What every room shares: values that must not leak, names that must not be mixed up, time, and the ports.
//!
//! This room does no I/O, starts nothing and knows no runtime. It holds no rule of any service: a type is here
//! because two rooms would otherwise each have their own idea of it. A *port* is a trait that one room offers and
//! others use without an arrow to it; `hsm` implements [`ports::Seal`], [`ports::Sign`] and [`ports::Entropy`],
//! `server` the [`ports::Clock`], `kms` [`ports::KeyEpochs`], `audit` [`ports::Release`].
//!
//! What would surprise: ids are small `Copy` values kept inline, because they are made on every request.

pub mod arn;
pub mod ids;
mod inline;
pub mod ports;
mod secret;
pub mod time;

pub use arn::{Arn, Partition};
pub use ids::{AccessKeyId, AccountId, EventId, KeyArn, KeyId, MaterialId, Region, RequestId};
pub use secret::Secret;
pub use time::Timestamp;
