//! Reads: questions into statements, rows into answers. Pure but for the barrier that opens what was found.

use std::collections::HashMap;

use tokio_postgres::Row as Found;

use super::sessions::{Fault, Param, Step, unsigned};
use super::sql;
use crate::barrier::Barrier;
use crate::batch::{Answer, Read, Row};
use crate::error::StoreError;
use crate::path::KeyPath;

/// All gets in one statement, then each range in one. Several see one moment because they share a transaction.
pub(super) fn steps(reads: &[Read]) -> Vec<Step> {
    let mut gets = Vec::new();
    let mut ranges = Vec::new();
    for read in reads {
        match read {
            Read::Get(path) => gets.push(path),
            Read::Range { prefix, after, limit } => {
                let from = after.as_ref().map_or(prefix, |after| after.max(prefix));
                let one_more = Param::Number(i64::from(*limit).saturating_add(1));
                let params = vec![Param::path(from), Param::Blob(prefix.end_of_prefix()), one_more];
                ranges.push(Step::Ask(sql::RANGE, params));
            }
        }
    }
    let gets = (!gets.is_empty()).then(|| Step::Ask(sql::GET, vec![Param::paths(gets)]));
    let mut steps: Vec<Step> = gets.into_iter().chain(ranges).collect();
    if steps.len() > 1 {
        steps.insert(0, Step::Say(sql::BEGIN_READ));
        steps.push(Step::Say(sql::COMMIT));
    }
    steps
}

/// What `found`, the rows of each of [`steps`], says to `reads`.
pub(super) fn answers(
    reads: &[Read],
    mut found: Vec<Vec<Found>>,
    barrier: &Barrier,
) -> Result<Vec<Answer>, StoreError> {
    if found.len() > 1 {
        // What BEGIN answered.
        found.remove(0);
    }
    let mut found = found.into_iter();
    let mut rows = HashMap::new();
    if reads.iter().any(|read| matches!(read, Read::Get(_))) {
        for found in found.next().unwrap_or_default() {
            let row = open(&found, barrier)?;
            rows.insert(row.path.clone(), row);
        }
    }
    let answer = |read: &Read| match read {
        Read::Get(path) => Ok(Answer::Row(rows.get(path).cloned())),
        Read::Range { limit, .. } => {
            let found = found.next().unwrap_or_default();
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            let more = found.len() > limit;
            let rows = found.iter().take(limit).map(|found| open(found, barrier)).collect::<Result<_, _>>()?;
            Ok(Answer::Rows { rows, more })
        }
    };
    reads.iter().map(answer).collect()
}

fn open(found: &Found, barrier: &Barrier) -> Result<Row, StoreError> {
    let path = path_of(found.try_get(0).map_err(Fault::from)?)?;
    let version = unsigned(found, 1)?;
    let value = barrier.open(&path, version, found.try_get(2).map_err(Fault::from)?)?;
    Ok(Row { path, value, version })
}

pub(super) fn path_of(bytes: &[u8]) -> Result<KeyPath, StoreError> {
    KeyPath::from_encoded(bytes).map_err(|_| StoreError::Format { reason: "the path of a row is none" })
}
