//! Copies: all rows as of one moment for a backup, and such rows written back.
//!
//! A copy reads in one transaction that sees one moment. The server ends a transaction that is idle for five seconds, so who
//! takes the pages must not be slower than that; otherwise the copy breaks off and says so.

use deadpool_postgres::Object;
use tokio_postgres::Row as Found;

use super::read::path_of;
use super::sessions::{Fault, Param, Sessions, Step, discard, send, unsigned};
use super::sql;
use crate::error::StoreError;
use crate::snapshot::{PAGE_ROWS, Pages, SealedRow, Snapshot};

/// Before and behind every path.
const FIRST: &[u8] = b"";
const END: &[u8] = b"\xff";

/// Begins a copy.
pub(super) async fn snapshot(sessions: &Sessions) -> Result<Snapshot, StoreError> {
    let session = sessions.take().await?;
    let begin = [Step::Say(sql::BEGIN_READ), Step::Ask(sql::SEQUENCE, Vec::new())];
    let answers = match send(&session, &begin).await {
        Ok(answers) => answers,
        Err(fault) => {
            discard(session);
            return Err(fault.into());
        }
    };
    let sequence = answers.last().and_then(|rows| rows.first()).map(|row| unsigned(row, 0)).transpose()?;
    let sequence = sequence.ok_or_else(|| StoreError::gone("the row of `sealroom_meta` is gone"))?;
    let (snapshot, pages) = Snapshot::new(sequence);
    tokio::spawn(async move {
        let end = send_pages(&session, &pages).await.map(|()| None);
        // Its transaction changed nothing, and the next one must not see the past.
        discard(session);
        // Whoever went away doesn't want to know.
        let _ = pages.send(end).await;
    });
    Ok(snapshot)
}

async fn send_pages(session: &Object, pages: &Pages) -> Result<(), StoreError> {
    let mut after = FIRST.to_vec();
    let limit = i64::try_from(PAGE_ROWS).unwrap_or(i64::MAX);
    loop {
        let params = vec![Param::Blob(after), Param::Blob(END.to_vec()), Param::Number(limit)];
        let found = send(session, &[Step::Ask(sql::RANGE, params)]).await?.pop().unwrap_or_default();
        let page = found.iter().map(sealed).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.path.as_bytes().to_vec();
        if pages.send(Ok(Some(page))).await.is_err() {
            return Ok(());
        }
    }
}

fn sealed(found: &Found) -> Result<SealedRow, StoreError> {
    let path = path_of(found.try_get(0).map_err(Fault::from)?)?;
    Ok(SealedRow { path, version: unsigned(found, 1)?, stored: found.try_get(2).map_err(Fault::from)? })
}

/// Writes rows as they are, in one transaction, which may be said twice.
pub(super) async fn load(sessions: &Sessions, rows: Vec<SealedRow>, sequence: u64) -> Result<(), StoreError> {
    let (mut paths, mut versions, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for SealedRow { path, version, stored } in rows {
        paths.push(path.as_bytes().to_vec());
        versions.push(super::sessions::signed(version));
        values.push(stored);
    }
    let put = vec![Param::Blobs(paths), Param::Numbers(versions), Param::Blobs(values)];
    let steps = [
        Step::Say(sql::BEGIN),
        Step::Ask(sql::LOCK, Vec::new()),
        Step::Ask(sql::PUT_ROWS, put),
        Step::Ask(sql::RAISE_SEQUENCE, vec![Param::number(sequence)]),
        Step::Say(sql::COMMIT),
    ];
    sessions.ask(&steps).await?;
    Ok(())
}
