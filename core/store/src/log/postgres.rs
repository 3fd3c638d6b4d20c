//! The log of the PostgreSQL engine: lanes in a table. The shape stands; the body follows.

use std::convert::Infallible;

use crate::log::{LogError, Position, Record};

/// Lanes in a table.
pub(crate) struct PostgresLog(Infallible);

impl PostgresLog {
    pub(crate) fn lanes(&self) -> usize {
        match self.0 {}
    }

    pub(crate) fn append(&self, _lane: usize, _record: &[u8]) -> Result<Position, LogError> {
        match self.0 {}
    }

    pub(crate) async fn written(&self, _position: Position) -> Result<(), LogError> {
        match self.0 {}
    }

    pub(crate) async fn synced(&self, _position: Position) -> Result<(), LogError> {
        match self.0 {}
    }

    pub(crate) fn unsynced_bytes(&self) -> u64 {
        match self.0 {}
    }

    pub(crate) fn sync_now(&self) -> Result<(), LogError> {
        match self.0 {}
    }

    pub(crate) fn last(&self, _lane: usize) -> Result<Position, LogError> {
        match self.0 {}
    }

    pub(crate) async fn read(&self, _lane: usize, _after: u64, _limit: u32) -> Result<Vec<Record>, LogError> {
        match self.0 {}
    }

    pub(crate) async fn trim(&self, _upto: Position) -> Result<(), LogError> {
        match self.0 {}
    }
}
