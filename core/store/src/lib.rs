//! Ordered keys and bytes, guarded batches, change feed, append logs, barrier; memory, SQLite, PostgreSQL.
