//! Changes, the feed, and mirrors that follow it.

use std::convert::Infallible;

use sealroom_store::{Batch, Changes, KeyPath, Mirror, Store};

use super::{Fresh, Numbers, at, path, put, value};

fn names(changes: &[(u64, KeyPath)]) -> Vec<(u64, String)> {
    changes.iter().map(|(sequence, path)| (*sequence, path.to_string())).collect()
}

pub(crate) async fn changes_tell_the_paths_of_every_commit_in_order(fresh: Fresh) {
    let store = fresh.store().await;
    let start = at(store.commit(Batch::default()).await.unwrap());
    let both = Batch::default().put(path("t/b"), vec![1]).put(path("t/a"), vec![1]).put(path("t/b"), vec![2]);
    let first = at(store.commit(both).await.unwrap());
    let second = at(store.commit(Batch::default().delete(path("t/a")).delete(path("t/never"))).await.unwrap());
    let expected = [(first, "t/a"), (first, "t/b"), (second, "t/a"), (second, "t/never")];
    let expected = expected.map(|(sequence, name)| (sequence, name.to_owned()));
    assert_eq!(names(&store.changes(start, 100).await.unwrap().unwrap()), expected);
    assert_eq!(names(&store.changes(first, 100).await.unwrap().unwrap()), expected[2..]);
    assert_eq!(store.changes(second, 100).await.unwrap(), Some(Vec::new()));
    // Ahead of the store: an engine that can lose commits to a fail-over says that it knows nothing of that.
    for after in [second + 1, u64::MAX] {
        assert_eq!(store.changes(after, 100).await.unwrap().unwrap_or_default(), [], "after {after}");
    }
}

pub(crate) async fn changes_never_cut_a_commit(fresh: Fresh) {
    let store = fresh.store().await;
    let start = at(store.commit(Batch::default()).await.unwrap());
    for commit in ["x", "y"] {
        let three = (0..3).fold(Batch::default(), |batch, n| batch.put(path("t").text(commit).u64_be(n), vec![1]));
        store.commit(three).await.unwrap();
    }
    for (limit, expected) in [(0, 3), (1, 3), (3, 3), (5, 3), (6, 6), (7, 6)] {
        assert_eq!(store.changes(start, limit).await.unwrap().unwrap().len(), expected, "limit {limit}");
    }
}

pub(crate) async fn a_commit_is_published_before_it_is_answered(fresh: Fresh) {
    let store = fresh.store().await;
    store.poll_changes().await.unwrap();
    for round in 0..20 {
        let before = store.feed().head().unwrap();
        let changed = path("t").u64_be(round);
        store.commit(Batch::default().put(changed.clone(), vec![1])).await.unwrap();
        let Changes::Paths { head, commits } = store.feed().since(before) else { panic!("lost track") };
        assert!(head > before);
        assert!(commits.iter().any(|paths| paths.contains(&changed)), "round {round}");
    }
}

fn whole_path(path: &KeyPath) -> Option<KeyPath> {
    Some(path.clone())
}

async fn cached(mirror: &Mirror<KeyPath, String>, store: &Store, name: &str) -> Option<String> {
    let load = || async { Ok::<_, Infallible>(value(store, name).await) };
    mirror.get_or_load(&path(name), load).await.unwrap().map(|value| value.as_ref().clone())
}

pub(crate) async fn a_mirror_never_answers_with_what_a_commit_changed(fresh: Fresh) {
    let store = fresh.store().await;
    store.poll_changes().await.unwrap();
    let mirror = Mirror::new(store.feed(), 8, whole_path);
    let rows = ["t/a", "t/b", "t/c"];
    let mut numbers = Numbers::new(7);
    let mut model: [Option<String>; 3] = Default::default();
    for round in 0..60 {
        let row = numbers.below(3);
        if numbers.below(4) == 0 {
            model[row] = None;
            store.commit(Batch::default().delete(path(rows[row]))).await.unwrap();
        } else {
            model[row] = Some(format!("{round}"));
            put(&store, rows[row], &format!("{round}")).await;
        }
        assert_eq!(mirror.get(&path(rows[row])), None, "round {round}");
        for (name, expected) in rows.iter().zip(&model) {
            assert_eq!(&cached(&mirror, &store, name).await, expected, "round {round}");
            assert_eq!(mirror.get(&path(name)).is_some(), expected.is_some(), "round {round}");
        }
    }
}

pub(crate) async fn a_mirror_of_one_store_follows_commits_through_another(fresh: Fresh) {
    let (one, two) = (fresh.store().await, fresh.store().await);
    let mirror = Mirror::new(one.feed(), 8, whole_path);
    put(&two, "t/a", "first").await;
    assert_eq!(cached(&mirror, &one, "t/a").await.as_deref(), Some("first"));
    put(&two, "t/a", "second").await;
    assert_eq!(mirror.get(&path("t/a")), None);
    assert_eq!(cached(&mirror, &one, "t/a").await.as_deref(), Some("second"));
}

pub(crate) async fn polling_what_nobody_else_can_change_keeps_mirrors_warm(fresh: Fresh) {
    let store = fresh.store().await;
    let mirror = Mirror::new(store.feed(), 8, whole_path);
    put(&store, "t/a", "x").await;
    store.poll_changes().await.unwrap();
    cached(&mirror, &store, "t/a").await;
    for _ in 0..3 {
        store.poll_changes().await.unwrap();
    }
    assert!(mirror.get(&path("t/a")).is_some());
}
