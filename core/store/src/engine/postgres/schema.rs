//! Opening a database: makes the tables when they are missing, and refuses those of another format.
//!
//! Everything here may be cut anywhere, done twice, and done by two nodes at once. The tables are made one by one, outside any
//! transaction, because not every database knows DDL inside; `sealroom_meta` last, so that its row vouches for the others. A
//! database user without the right to make tables can open a store that is there.

use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use super::commit::pause;
use super::sessions::{Fault, Known, Sessions, in_time, unsigned};
use super::sql;
use crate::error::StoreError;

/// LIMIT: how often opening is tried.
const ATTEMPTS: u32 = 5;

/// Opens the store and takes a number that no other engine on it has.
pub(super) async fn open(sessions: &Sessions) -> Result<u64, StoreError> {
    let mut attempt = 0;
    loop {
        let fault = match attempt_to_open(sessions).await {
            Ok(opened) => return opened,
            Err(fault) => fault,
        };
        attempt += 1;
        if attempt == ATTEMPTS || (fault.known == Known::Refused && !is_race(&fault)) {
            return Err(fault.into());
        }
        pause(attempt).await;
    }
}

/// Two nodes made the same table at the same time; one of them is told so in one of these ways.
fn is_race(fault: &Fault) -> bool {
    let told = [&SqlState::UNIQUE_VIOLATION, &SqlState::DUPLICATE_TABLE, &SqlState::DUPLICATE_OBJECT];
    fault.code.as_ref().is_some_and(|code| told.contains(&code))
}

async fn attempt_to_open(sessions: &Sessions) -> Result<Result<u64, StoreError>, Fault> {
    let session = sessions.take().await?;
    let found = match format_of(&session).await {
        Ok(found) => found,
        Err(fault) if fault.code == Some(SqlState::UNDEFINED_COLUMN) => {
            return Ok(Err(StoreError::Format { reason: "its table `sealroom_meta` isn't ours" }));
        }
        Err(fault) if fault.code == Some(SqlState::UNDEFINED_TABLE) => None,
        Err(fault) => return Err(fault),
    };
    let found = match found {
        Some(found) => Some(found),
        None => {
            make(&session).await?;
            format_of(&session).await?
        }
    };
    if found != Some(sql::FORMAT) {
        return Ok(Err(StoreError::Format { reason: "another version of this program wrote it" }));
    }
    warn_of_loss(&session).await;
    let rows = in_time(session.query(sql::NEW_ENGINE, &[])).await?;
    let row = rows.first().ok_or_else(|| Fault::new(Known::Refused, "the row of `sealroom_meta` is gone"))?;
    Ok(Ok(unsigned(row, 0)?))
}

async fn make(session: &Object) -> Result<(), Fault> {
    for table in sql::TABLES {
        in_time(session.batch_execute(table)).await?;
    }
    in_time(session.execute(sql::MAKE_META, &[&sql::FORMAT])).await.map(drop)
}

async fn format_of(session: &Object) -> Result<Option<i64>, Fault> {
    let rows = in_time(session.query(sql::FORMAT_OF, &[])).await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}

/// A server that answers before it has written keeps none of our promises, but is its operator's choice.
async fn warn_of_loss(session: &Object) {
    let rows = in_time(session.query(sql::SYNCHRONOUS, &[])).await.unwrap_or_default();
    let off = rows.first().and_then(|row| row.try_get(0).ok()).is_some_and(|value: String| value == "off");
    if off {
        tracing::warn!("synchronous_commit is off: a crash of PostgreSQL loses commits that were acknowledged");
    }
}
