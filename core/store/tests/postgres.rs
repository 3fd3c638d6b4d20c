//! The PostgreSQL engine, held to the suite.

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
