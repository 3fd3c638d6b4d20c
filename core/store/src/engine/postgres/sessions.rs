//! Connections to PostgreSQL: a bounded pool, statements sent in one go, and what it means when one fails.
//!
//! [`send`] sends all statements before it waits for the first answer, so a transaction costs round trips by its decisions
//! and not by its statements. [`Fault`] sorts failures by the one question that matters: is it known what the
//! server did? This file knows no table.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Error, NoTls, Row, Statement};

use super::sql;
use crate::error::StoreError;
use crate::path::KeyPath;

/// LIMIT: connections of one engine.
const CONNECTIONS: usize = 16;
/// LIMIT: how long one is waited for, made, or asked.
const WAIT: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(30);
/// LIMIT: how often what may be said twice is said.
const ATTEMPTS: u32 = 3;
/// How long a silent peer is believed to be there.
const SILENCE: Duration = Duration::from_secs(15);

/// What is known about what the server did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// Nothing: the connection was cut, or never there.
    Nothing,
    /// It undid the transaction because another was in its way; the same may succeed now.
    Undone,
    /// It refused, and undid the transaction.
    Refused,
}

/// A failure of the database.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) known: Known,
    /// The SQLSTATE, when the server sent one.
    pub(crate) code: Option<SqlState>,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(known: Known, text: impl Into<String>) -> Self {
        Self { known, code: None, text: text.into() }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let known = error.as_db_error().map_or(Known::Nothing, known);
        let code = error.code().cloned();
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self { known, code, text: format!("{error}{cause}") }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        let reason = match fault.known {
            Known::Nothing => "PostgreSQL can't be reached",
            Known::Undone => "PostgreSQL undid the transaction too often",
            Known::Refused => "PostgreSQL refused",
        };
        Self::Unavailable { reason, source: Some(fault.text.into()) }
    }
}

/// A dying server may have done what it was asked before it said that it is dying.
fn known(error: &DbError) -> Known {
    let code = error.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        return Known::Undone;
    }
    let dying = !matches!(error.parsed_severity(), Some(Severity::Error));
    let lost = *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
        || ["08", "57P"].iter().any(|class| code.code().starts_with(class));
    if dying || lost { Known::Nothing } else { Known::Refused }
}

/// The pool. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sessions {
    pool: Pool,
}

impl Sessions {
    /// A pool of connections to `url`; makes none yet.
    pub(crate) fn new(url: &str) -> Result<Self, StoreError> {
        let mut config: Config = url.parse().map_err(|error| StoreError::unavailable("no PostgreSQL URL", error))?;
        config.application_name("sealroom");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        config.keepalives_idle(config.get_keepalives_idle().min(SILENCE));
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .post_create(Hook::async_fn(|session, _| {
                Box::pin(async move { session.batch_execute(sql::SESSION).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| StoreError::unavailable("no pool", error))?;
        Ok(Self { pool })
    }

    /// A connection; a second is tried when the first doesn't come about.
    pub(crate) async fn take(&self) -> Result<Object, Fault> {
        let first = self.pool.get().await;
        let taken = if first.is_ok() { first } else { self.pool.get().await };
        taken.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Fault::new(Known::Nothing, format!("{error}{cause}"))
        })
    }

    /// Sends steps that change nothing, or nothing when said twice: again when the connection was cut, or another
    /// transaction was in the way.
    pub(crate) async fn ask(&self, steps: &[Step]) -> Result<Vec<Vec<Row>>, Fault> {
        let mut attempt = 0;
        loop {
            let session = self.take().await?;
            let fault = match send(&session, steps).await {
                Ok(answers) => return Ok(answers),
                Err(fault) => fault,
            };
            discard(session);
            attempt += 1;
            if attempt == ATTEMPTS || fault.known == Known::Refused {
                return Err(fault);
            }
        }
    }

    /// Sends steps on a connection that is given up when they fail.
    pub(crate) async fn ask_once(&self, steps: &[Step]) -> Result<Vec<Vec<Row>>, Fault> {
        let session = self.take().await?;
        let answers = send(&session, steps).await;
        if answers.is_err() {
            discard(session);
        }
        answers
    }
}

/// Gives a connection up: its transaction, if it is in one, is undone by the server.
pub(crate) fn discard(session: Object) {
    drop(Object::take(session));
}

/// `future`, if it ends in time.
pub(crate) async fn in_time<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
    match tokio::time::timeout(ANSWER, future).await {
        Ok(ended) => ended.map_err(Fault::from),
        Err(_) => Err(Fault::new(Known::Nothing, "no answer in time")),
    }
}

/// One statement of several that are sent together.
pub(crate) enum Step {
    /// One without parameters or answer.
    Say(&'static str),
    /// One that is prepared the first time a connection hears it.
    Ask(&'static str, Vec<Param>),
}

/// Sends all steps before it waits for the first answer: a list of rows for each, or the first failure. Prepares first
/// what this connection doesn't know yet, which is a round trip more.
pub(crate) async fn send(session: &Object, steps: &[Step]) -> Result<Vec<Vec<Row>>, Fault> {
    let texts: BTreeSet<&'static str> = steps.iter().filter_map(Step::prepared).collect();
    let texts: Vec<&'static str> = texts.into_iter().collect();
    let prepared = in_time(in_order(preparations(session, &texts))).await?;
    let statements = texts.into_iter().zip(prepared).collect();
    in_time(in_order(questions(session, steps, &statements))).await
}

/// An answer that will come.
struct Sent<'a, T, E = Error>(Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>);

impl<'a, T, E> Sent<'a, T, E> {
    fn new(answer: impl Future<Output = Result<T, E>> + Send + 'a) -> Self {
        Self(Box::pin(answer))
    }
}

fn preparations<'a>(session: &'a Object, texts: &[&'static str]) -> Vec<Sent<'a, Statement>> {
    texts.iter().map(|text| Sent::new(session.prepare_cached(text))).collect()
}

fn questions<'a>(
    session: &'a Object,
    steps: &'a [Step],
    statements: &'a HashMap<&'static str, Statement>,
) -> Vec<Sent<'a, Vec<Row>>> {
    let question = |step: &'a Step| match step {
        Step::Say(text) => Sent::new(async move { session.batch_execute(text).await.map(|()| Vec::new()) }),
        Step::Ask(text, params) => Sent::new(async move {
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(Param::as_sql).collect();
            match statements.get(text) {
                Some(statement) => session.query(statement, &params).await,
                // Not reached: every text was prepared. It would cost round trips, no more.
                None => session.query(*text, &params).await,
            }
        }),
    };
    steps.iter().map(question).collect()
}

impl Step {
    fn prepared(&self) -> Option<&'static str> {
        match self {
            Self::Say(_) => None,
            Self::Ask(text, _) => Some(text),
        }
    }
}

/// One parameter of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Param {
    Number(i64),
    Numbers(Vec<i64>),
    Blob(Vec<u8>),
    Blobs(Vec<Vec<u8>>),
    Text(String),
}

impl Param {
    pub(crate) fn path(path: &KeyPath) -> Self {
        Self::Blob(path.as_bytes().to_vec())
    }

    pub(crate) fn paths<'a>(paths: impl IntoIterator<Item = &'a KeyPath>) -> Self {
        Self::Blobs(paths.into_iter().map(|path| path.as_bytes().to_vec()).collect())
    }

    pub(crate) fn number(number: u64) -> Self {
        Self::Number(signed(number))
    }

    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Number(value) => value,
            Self::Numbers(value) => value,
            Self::Blob(value) => value,
            Self::Blobs(value) => value,
            Self::Text(value) => value,
        }
    }
}

/// How the database keeps our numbers. They count what one store did: none comes near the end of 63 bits.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number read back.
pub(crate) fn unsigned(row: &Row, column: usize) -> Result<u64, Fault> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|_| Fault::new(Known::Refused, "a number of ours is negative"))
}

/// Starts all in order, then awaits them in order, which is the order in which one connection answers. Ends with the first
/// failure: what couldn't be sent stops what stands behind it from being sent, a COMMIT above all; what was sent is
/// answered, and the connection reads that away.
async fn in_order<T, E>(mut sent: Vec<Sent<'_, T, E>>) -> Result<Vec<T>, E> {
    let start = |context: &mut Context<'_>| Poll::Ready(start(&mut sent, context));
    let started = std::future::poll_fn(start).await?;
    let mut answers = Vec::with_capacity(sent.len());
    for (sent, started) in sent.into_iter().zip(started) {
        answers.push(match started {
            Poll::Ready(answer) => answer,
            Poll::Pending => sent.0.await?,
        });
    }
    Ok(answers)
}

fn start<T, E>(sent: &mut [Sent<'_, T, E>], context: &mut Context<'_>) -> Result<Vec<Poll<T>>, E> {
    let start = |sent: &mut Sent<'_, T, E>| match sent.0.as_mut().poll(context) {
        Poll::Ready(answer) => answer.map(Poll::Ready),
        Poll::Pending => Ok(Poll::Pending),
    };
    sent.iter_mut().map(start).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn nothing_is_sent_behind_what_could_not_be_sent() {
        let cases = [
            (["begin", "put", "commit"], 3, Ok(3)),
            (["begin", "!put", "commit"], 2, Err("!put")),
            (["!begin", "put", "commit"], 1, Err("!begin")),
            (["begin", "?put", "commit"], 3, Err("?put")),
        ];
        for (steps, begun, outcome) in cases {
            let sent = Mutex::new(Vec::new());
            let step = |name: &'static str| -> Sent<'_, (), &'static str> {
                let sent = &sent;
                Sent::new(async move {
                    sent.lock().unwrap().push(name);
                    if name.starts_with('!') {
                        return Err(name);
                    }
                    tokio::task::yield_now().await;
                    if name.starts_with('?') { Err(name) } else { Ok(()) }
                })
            };
            let ended = in_order(steps.map(step).into()).await;
            assert_eq!(ended.map(|answers| answers.len()), outcome);
            assert_eq!(*sent.lock().unwrap(), steps[..begun]);
        }
    }
}
