//! The PostgreSQL engine. The shape stands; the body follows.

use std::convert::Infallible;

use crate::barrier::Barrier;
use crate::batch::{Answer, Batch, Committed, Read};
use crate::error::StoreError;
use crate::feed::Feed;
use crate::log::{Log, LogError};
use crate::path::KeyPath;

/// Rows and logs in PostgreSQL.
pub(crate) struct Postgres(Infallible);

impl Postgres {
    #[expect(clippy::todo, reason = "lands next")]
    pub(crate) async fn open(_url: &str) -> Result<Self, StoreError> {
        todo!()
    }

    pub(crate) async fn read(&self, _reads: &[Read], _barrier: &Barrier) -> Result<Vec<Answer>, StoreError> {
        match self.0 {}
    }

    pub(crate) async fn commit(&self, _: Batch, _: &Barrier, _: &Feed) -> Result<Committed, StoreError> {
        match self.0 {}
    }

    pub(crate) async fn changes(&self, _after: u64, _limit: u32) -> Result<Option<Vec<(u64, KeyPath)>>, StoreError> {
        match self.0 {}
    }

    pub(crate) fn shared(&self) -> bool {
        match self.0 {}
    }

    pub(crate) async fn log(&self, _name: &str, _lanes: usize) -> Result<Log, LogError> {
        match self.0 {}
    }
}
