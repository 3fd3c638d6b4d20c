//! The memory engine, held to the suite.

mod suite;

use sealroom_store::{Batch, Engine};
use suite::{Fresh, conformance, path};

async fn fresh() -> Fresh {
    Fresh::new(Engine::memory(), ())
}

conformance!(fresh);

#[tokio::test]
async fn changes_reach_back_a_hundred_thousand_commits_and_no_further() {
    let store = fresh().await.store().await;
    for _ in 0..100_000 {
        store.commit(Batch::default().put(path("t/a"), Vec::new())).await.unwrap();
    }
    assert!(store.changes(0, 1).await.unwrap().is_some());
    store.commit(Batch::default().put(path("t/a"), Vec::new())).await.unwrap();
    assert_eq!(store.changes(0, 1).await.unwrap(), None);
    assert!(store.changes(1, 1).await.unwrap().is_some());
}
