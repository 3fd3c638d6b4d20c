//! The PostgreSQL engine, held to the suite.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed, outside of `#[test]` functions too"
)]

mod suite;

#[path = "support/postgres.rs"]
mod postgres;

use postgres::Database;
use sealroom_store::Engine;
use suite::{Fresh, conformance};

async fn fresh() -> Fresh {
    let database = Database::new().await;
    Fresh::new(Engine::postgres(&database.url()).await.unwrap(), database)
}

conformance!(fresh);
