//! Snapshots: one moment, sealed, and the same rows wherever they are loaded.

use std::sync::Arc;

use sealroom_store::{Barrier, Batch, Engine, SealedRow, Snapshot, Store};

use super::{Fresh, at, cipher, get, names, path, put, value};

async fn all(mut snapshot: Snapshot) -> Vec<SealedRow> {
    let mut rows = Vec::new();
    while let Some(page) = snapshot.next().await.unwrap() {
        assert!(!page.is_empty());
        rows.extend(page);
    }
    rows
}

fn barrier() -> Barrier {
    Barrier::new(1, Arc::new(cipher::TestCipher::new(1)))
}

pub(crate) async fn a_snapshot_shows_one_commit_while_others_write(fresh: Fresh) {
    let store = fresh.store().await;
    for number in 0..500 {
        put(&store, &format!("t/{number:04}"), "old").await;
    }
    // Every pair of rows below is written together: a snapshot that saw two moments would show half a pair.
    let pair = |text: &str| {
        Batch::default()
            .put(path("t/0000"), text.into())
            .put(path("t/0499"), text.into())
            .put(path("z/new"), Vec::new())
    };
    let before = at(store.commit(pair("before")).await.unwrap());
    let mut snapshot = fresh.engine.snapshot().await.unwrap();
    assert_eq!(snapshot.sequence(), before);
    let mut rows = snapshot.next().await.unwrap().unwrap();
    store.commit(pair("after")).await.unwrap();
    store.commit(Batch::default().delete(path("t/0250"))).await.unwrap();
    rows.extend(all(snapshot).await);
    assert_eq!(rows.len(), 501);
    assert!(rows.is_sorted_by(|left, right| left.path < right.path));
    for (name, text) in [("t/0000", "before"), ("t/0250", "old"), ("t/0499", "before")] {
        let row = rows.iter().find(|row| row.path == path(name)).unwrap();
        assert_eq!(barrier().open_row(row).unwrap(), text.as_bytes(), "{name}");
        assert_ne!(row.stored, text.as_bytes());
    }
    assert!(rows.iter().all(|row| row.version <= before));
    assert_eq!(value(&store, "t/0499").await.as_deref(), Some("after"));
}

pub(crate) async fn what_a_snapshot_showed_opens_where_it_is_loaded(fresh: Fresh) {
    let other = Engine::memory();
    let source = Store::open(other.clone(), barrier()).await.unwrap();
    other.boot_write(Batch::default().put(path("boot/clear"), b"clear".to_vec())).await.unwrap();
    for number in 0..300 {
        put(&source, &format!("t/{number:04}"), &format!("value {number}")).await;
    }
    let version = get(&source, "t/0007").await.unwrap().version;
    let snapshot = other.snapshot().await.unwrap();
    let sequence = snapshot.sequence();
    let rows = all(snapshot).await;
    for page in rows.chunks(50) {
        // Twice, as after a connection that was cut.
        fresh.engine.load(page.to_vec(), sequence + 1_000).await.unwrap();
        fresh.engine.load(page.to_vec(), sequence + 1_000).await.unwrap();
    }
    let store = fresh.store().await;
    assert_eq!(names(&store, "t").await.len(), 300);
    let row = get(&store, "t/0007").await.unwrap();
    assert_eq!((row.value.as_slice(), row.version), (b"value 7".as_slice(), version));
    assert_eq!(fresh.engine.boot_read(&path("boot/clear")).await.unwrap().unwrap().value, b"clear");
    // Commits go on behind the number that the rows were loaded under.
    assert_eq!(put(&store, "t/0007", "new").await, sequence + 1_001);
    assert_eq!(store.changes(sequence + 1_000, 10).await.unwrap().unwrap().len(), 1);
    assert_eq!(value(&store, "t/0007").await.as_deref(), Some("new"));
    // A number that only goes back changes nothing.
    fresh.engine.load(Vec::new(), 1).await.unwrap();
    assert_eq!(put(&store, "t/0008", "new").await, sequence + 1_002);
}

pub(crate) async fn a_snapshot_that_is_dropped_leaves_nothing_behind(fresh: Fresh) {
    let store = fresh.store().await;
    for number in 0..300 {
        put(&store, &format!("t/{number:04}"), "value").await;
    }
    for _ in 0..40 {
        let mut snapshot = fresh.engine.snapshot().await.unwrap();
        assert!(snapshot.next().await.unwrap().is_some());
    }
    assert_eq!(all(fresh.engine.snapshot().await.unwrap()).await.len(), 300);
    let destroys = Batch { destroys: true, ..Batch::default() }.delete(path("t/0001"));
    at(store.commit(destroys).await.unwrap());
    assert_eq!(names(&store, "t").await.len(), 299);
}

pub(crate) async fn destroying_ends_well_while_a_snapshot_is_read(fresh: Fresh) {
    let store = fresh.store().await;
    for number in 0..300 {
        put(&store, &format!("t/{number:04}"), "value").await;
    }
    let mut snapshot = fresh.engine.snapshot().await.unwrap();
    snapshot.next().await.unwrap();
    let destroys = Batch { destroys: true, ..Batch::default() }.delete(path("t/0001"));
    let destroying = tokio::spawn({
        let store = store.clone();
        async move { store.commit(destroys).await }
    });
    // Others aren't kept waiting by it.
    put(&store, "t/0002", "new").await;
    let rest = all(snapshot).await;
    assert!(rest.len() < 300);
    at(destroying.await.unwrap().unwrap());
    assert_eq!(value(&store, "t/0001").await, None);
}
