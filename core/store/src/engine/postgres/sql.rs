//! Every statement that the PostgreSQL engine and its logs say: plain SQL that CockroachDB and YugabyteDB document too.
//!
//! No extension, no `SERIAL`, no advisory lock, no `LISTEN`, no DDL in a transaction; a test below holds the list to it. Data
//! travels in parameters only, many rows as arrays, so the texts are few, constant, and prepared once for each connection.
//!
//! What would surprise: YugabyteDB spreads a primary key by hash unless its `yb_use_hash_splitting_by_default` is off;
//! ranges are right there, but slow, until it is.

/// The format that this program writes into `sealroom_meta`, and the only one it reads.
pub(crate) const FORMAT: i64 = 1;

/// The tables, in the order they are made: `sealroom_meta` is last, so who finds it finds all. Each says `IF NOT EXISTS`
/// because two nodes may start at once.
pub(crate) const TABLES: [&str; 6] = [
    "CREATE TABLE IF NOT EXISTS sealroom_rows (
         path BYTEA PRIMARY KEY, version BIGINT NOT NULL, value BYTEA NOT NULL)",
    "CREATE TABLE IF NOT EXISTS sealroom_changes (
         sequence BIGINT NOT NULL, path BYTEA NOT NULL, PRIMARY KEY (sequence, path))",
    "CREATE TABLE IF NOT EXISTS sealroom_commits (
         sequence BIGINT PRIMARY KEY, engine BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS sealroom_lanes (
         log TEXT NOT NULL, lane BIGINT NOT NULL,
         epoch BIGINT NOT NULL, last BIGINT NOT NULL, trimmed BIGINT NOT NULL, PRIMARY KEY (log, lane))",
    "CREATE TABLE IF NOT EXISTS sealroom_records (
         log TEXT NOT NULL, lane BIGINT NOT NULL, sequence BIGINT NOT NULL, bytes BYTEA NOT NULL,
         PRIMARY KEY (log, lane, sequence))",
    "CREATE TABLE IF NOT EXISTS sealroom_meta (
         id BIGINT PRIMARY KEY, format BIGINT NOT NULL, sequence BIGINT NOT NULL, engines BIGINT NOT NULL)",
];

/// What each new connection is told. A lock that isn't had in time is an error and not a hang; a node that falls silent in the
/// middle of a commit keeps the others waiting for half that time. No statement has a time-out: PostgreSQL would give
/// up waiting for a synchronous standby by it, and answer as if the commit were as durable as asked for.
pub(crate) const SESSION: &str = "SET statement_timeout = 0; SET lock_timeout = 10000; \
     SET idle_in_transaction_session_timeout = 5000";

pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
pub(crate) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";

pub(crate) const MAKE_META: &str =
    "INSERT INTO sealroom_meta (id, format, sequence, engines) VALUES (1, $1, 0, 0) ON CONFLICT (id) DO NOTHING";
pub(crate) const FORMAT_OF: &str = "SELECT format FROM sealroom_meta WHERE id = 1";
/// A number that no other engine on this database has, or had.
pub(crate) const NEW_ENGINE: &str = "UPDATE sealroom_meta SET engines = engines + 1 WHERE id = 1 RETURNING engines";

pub(crate) const SYNCHRONOUS: &str = "SHOW synchronous_commit";

/// Commits of all nodes take turns at this row, from here to their end.
pub(crate) const LOCK: &str = "SELECT sequence FROM sealroom_meta WHERE id = 1 FOR UPDATE";
pub(crate) const VERSIONS: &str = "SELECT path, version FROM sealroom_rows WHERE path = ANY($1)";
pub(crate) const COUNT: &str =
    "SELECT count(*) FROM (SELECT 1 FROM sealroom_rows WHERE path > $1 AND path < $2 LIMIT $3) AS few";
pub(crate) const DELETE_ROWS: &str = "DELETE FROM sealroom_rows WHERE path = ANY($1)";
pub(crate) const PUT_ROWS: &str = "INSERT INTO sealroom_rows (path, version, value) \
     SELECT put.path, put.version, put.value \
     FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[]) AS put (path, version, value) \
     ON CONFLICT (path) DO UPDATE SET version = excluded.version, value = excluded.value";
pub(crate) const PUT_CHANGES: &str = "INSERT INTO sealroom_changes (sequence, path) \
     SELECT put.sequence, put.path FROM unnest($1::BIGINT[], $2::BYTEA[]) AS put (sequence, path)";
pub(crate) const PUT_COMMIT: &str = "INSERT INTO sealroom_commits (sequence, engine) VALUES ($1, $2)";
pub(crate) const SET_SEQUENCE: &str = "UPDATE sealroom_meta SET sequence = $1 WHERE id = 1";
/// For rows that are loaded; commits then go on behind it.
pub(crate) const RAISE_SEQUENCE: &str = "UPDATE sealroom_meta SET sequence = $1 WHERE id = 1 AND sequence < $1";
pub(crate) const FORGET_CHANGES: &str = "DELETE FROM sealroom_changes WHERE sequence <= $1";
pub(crate) const FORGET_COMMITS: &str = "DELETE FROM sealroom_commits WHERE sequence <= $1";

/// Waits until no commit is under way, and writes, so that on a database without lasting locks one that is can't end well.
pub(crate) const TOUCH: &str = "UPDATE sealroom_meta SET sequence = sequence WHERE id = 1 RETURNING sequence";
pub(crate) const COMMIT_OF: &str = "SELECT engine FROM sealroom_commits WHERE sequence = $1";

pub(crate) const SEQUENCE: &str = "SELECT sequence FROM sealroom_meta WHERE id = 1";
pub(crate) const GET: &str = "SELECT path, version, value FROM sealroom_rows WHERE path = ANY($1)";
pub(crate) const RANGE: &str = "SELECT path, version, value FROM sealroom_rows \
     WHERE path > $1 AND path < $2 ORDER BY path LIMIT $3";
/// Whole commits: the last one isn't cut by the limit. The join answers with the newest sequence even when nothing changed.
pub(crate) const CHANGES: &str = "SELECT meta.sequence, fresh.sequence, fresh.path FROM sealroom_meta AS meta \
     LEFT JOIN (SELECT sequence, path FROM sealroom_changes WHERE sequence > $1 AND sequence <= (\
         SELECT max(sequence) FROM (\
             SELECT sequence FROM sealroom_changes WHERE sequence > $1 ORDER BY sequence, path LIMIT $2) AS few)\
     ) AS fresh ON TRUE \
     WHERE meta.id = 1 ORDER BY fresh.sequence, fresh.path";

pub(crate) const MAKE_LANES: &str = "INSERT INTO sealroom_lanes (log, lane, epoch, last, trimmed) \
     SELECT $1::TEXT, made.lane, 0, 0, 0 FROM unnest($2::BIGINT[]) AS made (lane) ON CONFLICT (log, lane) DO NOTHING";
pub(crate) const LANES: &str = "SELECT lane, epoch FROM sealroom_lanes WHERE log = $1 ORDER BY lane";
/// From here on the log is this opener's: whoever had it before writes under an epoch that no row has.
pub(crate) const CLAIM: &str = "UPDATE sealroom_lanes SET epoch = $2 WHERE log = $1 AND epoch < $2 \
     RETURNING lane, last, trimmed";
/// Does nothing when said twice, or late, or under an epoch that is over.
pub(crate) const APPEND: &str = "WITH held AS (\
         UPDATE sealroom_lanes SET last = $5 WHERE log = $1 AND lane = $2 AND epoch = $3 AND last = $4 \
         RETURNING log, lane), \
     added AS (\
         INSERT INTO sealroom_records (log, lane, sequence, bytes) \
         SELECT held.log, held.lane, fresh.sequence, fresh.bytes \
         FROM held, unnest($6::BIGINT[], $7::BYTEA[]) AS fresh (sequence, bytes)) \
     SELECT count(*) FROM held";
pub(crate) const LANE: &str = "SELECT epoch, last, trimmed FROM sealroom_lanes WHERE log = $1 AND lane = $2";
pub(crate) const TRIM: &str = "WITH held AS (\
         UPDATE sealroom_lanes SET trimmed = $4 \
         WHERE log = $1 AND lane = $2 AND epoch = $3 AND trimmed <= $4 AND last >= $4 \
         RETURNING log) \
     DELETE FROM sealroom_records \
     WHERE log = $1 AND lane = $2 AND sequence <= $4 AND EXISTS (SELECT 1 FROM held)";
/// The join answers with the lane even when it holds no such record.
pub(crate) const RECORDS: &str = "SELECT held.last, held.trimmed, old.sequence, old.bytes FROM sealroom_lanes AS held \
     LEFT JOIN (SELECT sequence, bytes FROM sealroom_records \
         WHERE log = $1 AND lane = $2 AND sequence > $3 ORDER BY sequence LIMIT $4) AS old ON TRUE \
     WHERE held.log = $1 AND held.lane = $2 ORDER BY old.sequence";

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENTS: [&str; 33] = [
        SESSION,
        BEGIN,
        BEGIN_READ,
        COMMIT,
        ROLLBACK,
        MAKE_META,
        FORMAT_OF,
        NEW_ENGINE,
        SYNCHRONOUS,
        LOCK,
        VERSIONS,
        COUNT,
        DELETE_ROWS,
        PUT_ROWS,
        PUT_CHANGES,
        PUT_COMMIT,
        SET_SEQUENCE,
        RAISE_SEQUENCE,
        FORGET_CHANGES,
        FORGET_COMMITS,
        TOUCH,
        COMMIT_OF,
        SEQUENCE,
        GET,
        RANGE,
        CHANGES,
        MAKE_LANES,
        LANES,
        CLAIM,
        APPEND,
        LANE,
        TRIM,
        RECORDS,
    ];

    #[test]
    fn no_statement_says_what_one_of_the_three_databases_lacks() {
        let refused = [
            "serial",
            "advisory",
            "listen",
            "notify",
            "extension",
            "function",
            "trigger",
            "identity",
            "nextval",
            "lateral",
            "using",
            "skip locked",
            "copy ",
            "truncate",
            "alter",
            "index",
            "temp",
            "::json",
            "ctid",
            "xmin",
            "pg_",
        ];
        for statement in TABLES.iter().chain(&STATEMENTS) {
            let lower = statement.to_lowercase();
            for word in refused {
                assert!(!lower.contains(word), "`{word}` in `{statement}`");
            }
            assert!(!statement.contains('\''), "a value stands in `{statement}`");
        }
    }

    #[test]
    fn the_list_holds_every_statement_of_this_file() {
        let constants = include_str!("sql.rs").lines().filter(|line| line.starts_with("pub(crate) const")).count();
        // All but FORMAT and TABLES.
        assert_eq!(constants - 2, STATEMENTS.len());
    }
}
