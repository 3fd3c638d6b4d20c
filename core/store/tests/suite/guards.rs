//! Guards: each one true and false, together, and against each other.

use sealroom_store::{Batch, Committed, Guard, Read, StoreError};

use super::{Fresh, at, names, path, put, value};

pub(crate) async fn each_guard_holds_or_not(fresh: Fresh) {
    let store = fresh.store().await;
    let old = put(&store, "t/a", "old").await;
    let version = put(&store, "t/a", "new").await;
    for name in ["t/dir/1", "t/dir/2", "t/dir/3", "t/dir/3/deep", "t/dirt"] {
        put(&store, name, "x").await;
    }
    let cases = [
        (Guard::Version(path("t/a"), version), true),
        (Guard::Version(path("t/a"), old), false),
        (Guard::Version(path("t/a"), version + 1), false),
        (Guard::Version(path("t/a"), 0), false),
        (Guard::Version(path("t/a"), u64::MAX), false),
        (Guard::Version(path("t/missing"), version), false),
        (Guard::Version(path("t/missing"), 0), false),
        (Guard::Absent(path("t/missing")), true),
        (Guard::Absent(path("t/dir")), true),
        (Guard::Absent(path("t/a")), false),
        (Guard::Empty(path("t/missing")), true),
        (Guard::Empty(path("t/a")), true),
        (Guard::Empty(path("t/dirt")), true),
        (Guard::Empty(path("t/dir/3")), false),
        (Guard::Empty(path("t/dir")), false),
        (Guard::Empty(path("t")), false),
        (Guard::AtMost(path("t/dir"), 5), true),
        (Guard::AtMost(path("t/dir"), 4), true),
        (Guard::AtMost(path("t/dir"), 3), false),
        (Guard::AtMost(path("t/dir"), 0), false),
        (Guard::AtMost(path("t/missing"), 0), true),
        (Guard::AtMost(path("t"), u32::MAX), true),
    ];
    for (guard, holds) in cases {
        let committed = store.commit(Batch::default().guard(guard.clone())).await.unwrap();
        assert_eq!(matches!(committed, Committed::At(_)), holds, "{guard:?}");
    }
}

pub(crate) async fn a_batch_whose_guard_fails_writes_nothing(fresh: Fresh) {
    let store = fresh.store().await;
    let version = put(&store, "t/a", "x").await;
    let refused = Batch::default()
        .put(path("t/b"), vec![1])
        .delete(path("t/a"))
        .guard(Guard::Version(path("t/a"), version))
        .guard(Guard::Absent(path("t/b")))
        .guard(Guard::Absent(path("t/a")));
    assert_eq!(store.commit(refused).await.unwrap(), Committed::Conflict);
    assert_eq!(names(&store, "t").await, ["t/a"]);
    assert_eq!(store.commit(Batch::default()).await.unwrap(), Committed::At(version));
}

pub(crate) async fn guards_are_looked_at_before_the_writes(fresh: Fresh) {
    let store = fresh.store().await;
    let batch = Batch::default()
        .put(path("t/a"), vec![1])
        .put(path("t/b"), vec![1])
        .guard(Guard::Absent(path("t/a")))
        .guard(Guard::Empty(path("t")))
        .guard(Guard::AtMost(path("t"), 0));
    let version = at(store.commit(batch).await.unwrap());
    let replace = Batch::default().put(path("t/a"), vec![2]).guard(Guard::Version(path("t/a"), version));
    assert!(at(store.commit(replace).await.unwrap()) > version);
}

pub(crate) async fn of_concurrent_commits_with_one_guard_exactly_one_wins(fresh: Fresh) {
    let store = fresh.store().await;
    let mut version = put(&store, "t/a", "0").await;
    for round in 0..10 {
        let racers: Vec<_> = (0..16)
            .map(|racer| {
                let store = store.clone();
                let batch = Batch::default()
                    .put(path("t/a"), format!("{round}/{racer}").into_bytes())
                    .put(path("t/won").u64_be(round), vec![racer])
                    .guard(Guard::Version(path("t/a"), version))
                    .guard(Guard::Absent(path("t/won").u64_be(round)));
                tokio::spawn(async move { store.commit(batch).await.unwrap() })
            })
            .collect();
        let mut winners = Vec::new();
        for (racer, outcome) in racers.into_iter().enumerate() {
            if let Committed::At(sequence) = outcome.await.unwrap() {
                winners.push((racer, sequence));
            }
        }
        let [(winner, sequence)] = winners[..] else { panic!("{} won round {round}", winners.len()) };
        assert_eq!(value(&store, "t/a").await, Some(format!("{round}/{winner}")));
        version = sequence;
    }
    assert_eq!(names(&store, "t/won").await.len(), 10);
}

pub(crate) async fn concurrent_commits_never_pass_at_most(fresh: Fresh) {
    let store = fresh.store().await;
    let racers: Vec<_> = (0..40)
        .map(|racer| {
            let store = store.clone();
            let batch = Batch::default().put(path("t").u64_be(racer), vec![1]).guard(Guard::AtMost(path("t"), 9));
            tokio::spawn(async move { store.commit(batch).await.unwrap() })
        })
        .collect();
    let mut won = 0;
    for outcome in racers {
        won += usize::from(outcome.await.unwrap() != Committed::Conflict);
    }
    assert_eq!((won, names(&store, "t").await.len()), (10, 10));
}

pub(crate) async fn a_view_refuses_what_lies_outside_it(fresh: Fresh) {
    let store = fresh.store().await;
    let view = store.view(path("t/mine"));
    put(&store, "t/other/secret", "x").await;
    let inside = Batch::default().put(path("t/mine"), vec![1]).put(path("t/mine/a"), vec![2]);
    at(view.commit(inside).await.unwrap());
    let outside = [
        Batch::default().put(path("t/mine/a"), vec![3]).put(path("t/other/a"), vec![3]),
        Batch::default().delete(path("t/other/secret")),
        Batch::default().put(path("t/mine/a"), vec![3]).guard(Guard::Absent(path("t/other/secret"))),
        Batch::default().put(path("t/minefield"), vec![3]),
        Batch::default().guard(Guard::Empty(path("t"))),
    ];
    for batch in outside {
        assert!(matches!(view.commit(batch.clone()).await, Err(StoreError::OutsideView { .. })), "{batch:?}");
        assert!(view.admits(&batch).is_err(), "{batch:?}");
    }
    let reads = [
        Read::Get(path("t/other/secret")),
        Read::Range { prefix: path("t"), after: None, limit: 9 },
        Read::Range { prefix: path("t/other"), after: Some(path("t/mine/a")), limit: 9 },
    ];
    for read in reads {
        assert!(matches!(view.read(&[read]).await, Err(StoreError::OutsideView { .. })));
    }
    assert!(view.view(path("t/other")).is_err());
    let narrower = view.view(path("t/mine/a")).unwrap();
    assert_eq!(narrower.read(&[Read::Get(path("t/mine/a"))]).await.unwrap().remove(0).row().unwrap().value, [2]);
    assert!(narrower.read(&[Read::Get(path("t/mine"))]).await.is_err());
}
