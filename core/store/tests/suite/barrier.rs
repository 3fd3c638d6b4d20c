//! The barrier, seen from outside: who owns the engine reads nothing, and what they change is refused.

use std::sync::Arc;

use sealroom_store::{Barrier, Batch, Read, Store, StoreError};

use super::cipher::TestCipher;
use super::{Fresh, get, one, path, put, value};

/// The store as its owner sees it who has no key: sealed values, to read and to write.
async fn raw(fresh: &Fresh) -> Store {
    Store::open(fresh.engine.clone(), Barrier::insecure_none()).await.unwrap()
}

async fn sealed(raw: &Store, name: &str) -> Vec<u8> {
    get(raw, name).await.unwrap().value
}

async fn write(raw: &Store, name: &str, stored: Vec<u8>) {
    raw.commit(Batch::default().put(path(name), stored)).await.unwrap();
}

async fn is_forged(store: &Store, name: &str) -> bool {
    match store.read(&[Read::Get(path(name))]).await {
        Err(StoreError::Forged { path: forged }) => forged == path(name),
        Ok(_) => false,
        Err(other) => panic!("{other}"),
    }
}

pub(crate) async fn an_engine_sees_no_value_in_clear(fresh: Fresh) {
    let (store, raw) = (fresh.store().await, raw(&fresh).await);
    let secret = "a value of some length that nobody should find in the engine";
    put(&store, "t/a", secret).await;
    put(&store, "t/b", secret).await;
    let (left, right) = (sealed(&raw, "t/a").await, sealed(&raw, "t/b").await);
    assert_ne!(left, right);
    for stored in [left, right] {
        assert!(stored.starts_with(&[0, 1, 0, 0, 0, 1]), "schema and epoch stand in front");
        assert!(!stored.windows(8).any(|window| secret.as_bytes().windows(8).any(|part| part == window)));
    }
}

pub(crate) async fn a_value_that_was_changed_moved_swapped_or_rolled_back_is_refused(fresh: Fresh) {
    let (store, raw) = (fresh.store().await, raw(&fresh).await);
    put(&store, "t/a", "first").await;
    let rolled = sealed(&raw, "t/a").await;
    put(&store, "t/a", "second").await;
    put(&store, "t/b", "other").await;
    let (a, b) = (sealed(&raw, "t/a").await, sealed(&raw, "t/b").await);

    let cases: [(&str, &str, Vec<u8>); 6] = [
        ("moved", "t/c", a.clone()),
        ("swapped", "t/a", b.clone()),
        ("swapped", "t/b", a.clone()),
        ("rolled back", "t/a", rolled),
        ("put back under a new version", "t/a", a.clone()),
        ("made up", "t/d", b"clear text".to_vec()),
    ];
    for (how, name, stored) in cases {
        write(&raw, name, stored).await;
        assert!(is_forged(&store, name).await, "{how}: {name}");
    }
    for length in [0, 1, 5, 6, 7, a.len() - 1] {
        write(&raw, "t/a", a[..length].to_vec()).await;
        assert!(is_forged(&store, "t/a").await, "cut to {length}");
    }
    put(&store, "t/a", "mended").await;
    assert_eq!(value(&store, "t/a").await.as_deref(), Some("mended"));
}

pub(crate) async fn older_store_keys_open_and_the_newest_seals(fresh: Fresh) {
    let cipher = |epoch: u32| Arc::new(TestCipher::new(u64::from(epoch)));
    let open = |barrier| Store::open(fresh.engine.clone(), barrier);
    let first = open(Barrier::new(1, cipher(1))).await.unwrap();
    put(&first, "t/a", "under 1").await;
    let both = open(Barrier::new(1, cipher(1)).with_key(2, cipher(2))).await.unwrap();
    assert_eq!(value(&both, "t/a").await.as_deref(), Some("under 1"));
    put(&both, "t/b", "under 2").await;
    let second = open(Barrier::new(2, cipher(2))).await.unwrap();
    assert_eq!(value(&second, "t/b").await.as_deref(), Some("under 2"));
    assert!(is_forged(&second, "t/a").await);
    assert!(is_forged(&first, "t/b").await);
    let wrong = open(Barrier::new(2, cipher(3))).await.unwrap();
    assert!(is_forged(&wrong, "t/b").await);
}

pub(crate) async fn a_forged_row_spoils_its_range(fresh: Fresh) {
    let (store, raw) = (fresh.store().await, raw(&fresh).await);
    put(&store, "t/a", "x").await;
    put(&store, "t/c", "x").await;
    write(&raw, "t/b", vec![0; 64]).await;
    let range = |after: Option<&str>| Read::Range { prefix: path("t"), after: after.map(path), limit: 9 };
    let spoilt = store.read(&[range(None)]).await;
    assert!(matches!(spoilt, Err(StoreError::Forged { path: forged }) if forged == path("t/b")));
    assert_eq!(one(&store, range(Some("t/b"))).await.rows().len(), 1);
}
