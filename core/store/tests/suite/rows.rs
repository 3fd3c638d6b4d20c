//! Rows: what is written is read, in order, whole, as of one moment, and within the limits.

use std::sync::Arc;

use sealroom_store::{Answer, Barrier, Batch, Committed, Guard, KeyPath, Read, Store, StoreError, Write};

use super::cipher::TestCipher;
use super::{Fresh, at, get, names, one, path, put, value};

pub(crate) async fn rows_are_read_back_under_the_number_of_their_commit(fresh: Fresh) {
    let store = fresh.store().await;
    assert_eq!(get(&store, "t/a").await, None);
    let both = Batch::default().put(path("t/a"), b"1".to_vec()).put(path("t/b"), Vec::new());
    let first = at(store.commit(both).await.unwrap());
    let second = put(&store, "t/b", "2").await;
    assert!(first > 0 && second > first);
    let rows: Vec<_> = [get(&store, "t/a").await, get(&store, "t/b").await].into_iter().flatten().collect();
    let seen: Vec<_> = rows.iter().map(|row| (row.path.to_string(), row.value.clone(), row.version)).collect();
    assert_eq!(seen, [("t/a".to_owned(), b"1".to_vec(), first), ("t/b".to_owned(), b"2".to_vec(), second)]);
}

pub(crate) async fn rows_come_in_the_order_of_their_paths(fresh: Fresh) {
    let store = fresh.store().await;
    let base = || KeyPath::build("t");
    let mut ordered = vec![base().bytes(b""), base().bytes(b"").text("x")];
    ordered
        .extend([&[0x00][..], &[0x00, 0x00], &[0x00, 0x01], &[0x01], &[0x01, 0x00], &[0x02]].map(|b| base().bytes(b)));
    ordered.extend(["a", "aa", "ab", "b"].map(|text| base().text(text)));
    ordered.extend([0x7f, 0x80, 0xff].map(|byte| base().bytes(&[byte])));
    let numbers = || base().bytes(&[0xff, 0xff]);
    ordered.extend([0, 1, 255, 256, 257, u64::MAX].map(|number| numbers().u64_be(number)));
    // Written in an order that is none.
    let shuffled = (0..ordered.len()).map(|place| ordered[place * 8 % ordered.len()].clone());
    for path in shuffled {
        store.commit(Batch::default().put(path, b"x".to_vec())).await.unwrap();
    }
    let range = Read::Range { prefix: base(), after: None, limit: 100 };
    let found: Vec<_> = one(&store, range).await.rows().into_iter().map(|row| row.path).collect();
    assert_eq!(found, ordered);
}

pub(crate) async fn a_range_holds_what_lies_below_its_prefix_and_nothing_else(fresh: Fresh) {
    let store = fresh.store().await;
    for name in ["t", "t/a", "t/a/1", "t/a/1/x", "t/a/2", "t/ab", "t/b", "t/a\u{0}b", "t/a\u{1}", "s/a/1", "u/a/1"] {
        put(&store, name, "x").await;
    }
    let cases: [(&str, &[&str]); 6] = [
        ("t/a", &["t/a/1", "t/a/1/x", "t/a/2"]),
        ("t/a/1", &["t/a/1/x"]),
        ("t/a/1/x", &[]),
        ("t", &["t/a", "t/a/1", "t/a/1/x", "t/a/2", "t/a%00b", "t/a%01", "t/ab", "t/b"]),
        ("s", &["s/a/1"]),
        ("missing", &[]),
    ];
    for (prefix, expected) in cases {
        assert_eq!(names(&store, prefix).await, expected, "below {prefix}");
    }
}

pub(crate) async fn a_range_goes_on_behind_any_path_and_says_whether_there_is_more(fresh: Fresh) {
    let store = fresh.store().await;
    for name in ["s/z", "t/b", "t/d", "t/f", "u/a"] {
        put(&store, name, "x").await;
    }
    type Case = (Option<&'static str>, u32, &'static [&'static str], bool);
    let cases: [Case; 12] = [
        (None, 3, &["t/b", "t/d", "t/f"], false),
        (None, 2, &["t/b", "t/d"], true),
        (None, 1, &["t/b"], true),
        (None, 0, &[], true),
        (None, 10_000, &["t/b", "t/d", "t/f"], false),
        (Some("t/b"), 2, &["t/d", "t/f"], false),
        (Some("t/c"), 1, &["t/d"], true),
        (Some("t/f"), 5, &[], false),
        (Some("t/f"), 0, &[], false),
        (Some("t"), 5, &["t/b", "t/d", "t/f"], false),
        (Some("a/before"), 5, &["t/b", "t/d", "t/f"], false),
        (Some("u/behind"), 5, &[], false),
    ];
    for (after, limit, expected, expected_more) in cases {
        let range = Read::Range { prefix: path("t"), after: after.map(path), limit };
        let Answer::Rows { rows, more } = one(&store, range).await else { panic!("a range answers rows") };
        let found: Vec<_> = rows.iter().map(|row| row.path.to_string()).collect();
        assert_eq!((found.as_slice(), more), (expected.map_strings().as_slice(), expected_more), "{after:?} {limit}");
    }
}

trait MapStrings {
    fn map_strings(&self) -> Vec<String>;
}

impl MapStrings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

pub(crate) async fn the_last_write_of_a_path_wins(fresh: Fresh) {
    let store = fresh.store().await;
    put(&store, "t/was", "there").await;
    let batch = Batch::default()
        .put(path("t/a"), b"first".to_vec())
        .delete(path("t/a"))
        .put(path("t/a"), b"last".to_vec())
        .put(path("t/gone"), b"x".to_vec())
        .delete(path("t/gone"))
        .delete(path("t/was"))
        .delete(path("t/never"));
    let version = at(store.commit(batch).await.unwrap());
    let row = get(&store, "t/a").await.unwrap();
    assert_eq!((row.value.as_slice(), row.version), (&b"last"[..], version));
    assert_eq!(names(&store, "t").await, ["t/a"]);
}

pub(crate) async fn versions_never_repeat(fresh: Fresh) {
    let store = fresh.store().await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        put(&store, "t/a", "x").await;
        seen.push(get(&store, "t/a").await.unwrap().version);
        seen.push(at(store.commit(Batch::default().delete(path("t/a"))).await.unwrap()));
    }
    assert!(seen.is_sorted_by(|left, right| left < right), "{seen:?}");
}

pub(crate) async fn a_batch_without_writes_answers_the_newest_number(fresh: Fresh) {
    let store = fresh.store().await;
    let before = at(store.commit(Batch::default()).await.unwrap());
    let written = put(&store, "t/a", "x").await;
    assert!(written > before);
    let asked = Batch::default().guard(Guard::Version(path("t/a"), written));
    assert_eq!(store.commit(asked).await.unwrap(), Committed::At(written));
    assert_eq!(store.commit(Batch::default()).await.unwrap(), Committed::At(written));
    let failed = Batch::default().guard(Guard::Absent(path("t/a")));
    assert_eq!(store.commit(failed).await.unwrap(), Committed::Conflict);
}

pub(crate) async fn every_limit_admits_its_number_and_refuses_one_more(fresh: Fresh) {
    let store = fresh.store().await;
    let number = |index: usize| path("t").u64_be(u64::try_from(index).unwrap());
    let writes =
        |count| Batch { writes: (0..count).map(|n| Write::Put(number(n), vec![1])).collect(), ..Batch::default() };
    let guards = |count| Batch { guards: vec![Guard::Absent(path("g")); count], ..Batch::default() };
    let value = |bytes| Batch::default().put(path("t/large"), vec![7; bytes]);
    let long = |bytes: usize| Batch::default().put(path("t").bytes(&vec![b'x'; bytes - 3]), vec![1]);
    let batches = [
        ("writes", writes(Batch::MAX_WRITES), writes(Batch::MAX_WRITES + 1)),
        ("guards", guards(Batch::MAX_GUARDS), guards(Batch::MAX_GUARDS + 1)),
        ("value", value(Write::MAX_VALUE), value(Write::MAX_VALUE + 1)),
        ("path", long(KeyPath::MAX_BYTES), long(KeyPath::MAX_BYTES + 1)),
    ];
    for (what, admitted, refused) in batches {
        assert!(matches!(store.commit(admitted).await, Ok(Committed::At(_))), "{what}");
        assert!(matches!(store.commit(refused).await, Err(StoreError::TooLarge { .. })), "{what}");
    }
    let range = |limit| vec![Read::Range { prefix: path("t"), after: None, limit }];
    let gets = |count| vec![Read::Get(path("t/missing")); count];
    let reads = [
        ("rows", range(Read::MAX_LIMIT), range(Read::MAX_LIMIT + 1)),
        ("questions", gets(Read::MAX_READS), gets(Read::MAX_READS + 1)),
    ];
    for (what, admitted, refused) in reads {
        assert!(store.read(&admitted).await.is_ok(), "{what}");
        assert!(matches!(store.read(&refused).await, Err(StoreError::TooLarge { .. })), "{what}");
    }
    assert_eq!(one(&store, range(Read::MAX_LIMIT).remove(0)).await.rows().len(), Batch::MAX_WRITES + 2);
}

pub(crate) async fn a_large_value_comes_back_whole(fresh: Fresh) {
    let store = fresh.store().await;
    let large: Vec<u8> = (0..Write::MAX_VALUE).map(|n| u8::try_from(n % 251).unwrap()).collect();
    store.commit(Batch::default().put(path("t/large"), large.clone())).await.unwrap();
    assert!(get(&store, "t/large").await.unwrap().value == large);
    put(&store, "t/large", "small").await;
    assert_eq!(value(&store, "t/large").await.as_deref(), Some("small"));
}

pub(crate) async fn the_boot_prefix_and_the_store_keep_apart(fresh: Fresh) {
    let store = fresh.store().await;
    let boot = || path("boot/id");
    let batches = [
        Batch::default().put(path("t/a"), vec![1]).put(boot(), vec![1]),
        Batch::default().delete(boot()),
        Batch::default().guard(Guard::Absent(boot())).put(path("t/a"), vec![1]),
        Batch::default().guard(Guard::Empty(path("boot"))),
    ];
    for batch in batches {
        let refused = store.commit(batch.clone()).await;
        assert!(matches!(refused, Err(StoreError::Reserved { .. })), "{batch:?}");
    }
    for read in [Read::Get(boot()), Read::Range { prefix: path("boot"), after: None, limit: 1 }] {
        let refused = store.read(&[Read::Get(path("t/a")), read]).await;
        assert!(matches!(refused, Err(StoreError::Reserved { .. })));
    }
    let outside = path("bootleg/id");
    assert!(matches!(fresh.engine.boot_read(&outside).await, Err(StoreError::Reserved { .. })));
    let mixed = Batch::default().put(boot(), vec![1]).put(outside, vec![1]);
    assert!(matches!(fresh.engine.boot_write(mixed).await, Err(StoreError::Reserved { .. })));
    assert_eq!(fresh.engine.boot_read(&boot()).await.unwrap(), None);
    put(&store, "bootleg/id", "not boot").await;
}

pub(crate) async fn boot_rows_are_read_and_written_with_guards(fresh: Fresh) {
    let boot = || path("boot/domain/1");
    let once = || Batch::default().put(boot(), b"wrapped".to_vec()).guard(Guard::Absent(boot()));
    let version = at(fresh.engine.boot_write(once()).await.unwrap());
    assert_eq!(fresh.engine.boot_write(once()).await.unwrap(), Committed::Conflict);
    let row = fresh.engine.boot_read(&boot()).await.unwrap().unwrap();
    assert_eq!((row.value.as_slice(), row.version), (&b"wrapped"[..], version));
}

pub(crate) async fn two_stores_over_one_engine_see_the_same_rows(fresh: Fresh) {
    let one = fresh.store().await;
    let two = Store::open(fresh.engine.clone(), Barrier::new(1, Arc::new(TestCipher::new(1)))).await.unwrap();
    put(&one, "t/a", "x").await;
    assert_eq!(value(&two, "t/a").await.as_deref(), Some("x"));
}

pub(crate) async fn a_read_sees_one_moment(fresh: Fresh) {
    let store = fresh.store().await;
    let both = |number: u64| {
        let value = number.to_be_bytes().to_vec();
        Batch::default().put(path("t/left"), value.clone()).put(path("t/right/1"), value)
    };
    store.commit(both(0)).await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 1..100 {
                store.commit(both(number)).await.unwrap();
            }
        }
    });
    let range = Read::Range { prefix: path("t/right"), after: None, limit: 1 };
    while !writer.is_finished() {
        let answers = store.read(&[Read::Get(path("t/left")), range.clone()]).await.unwrap();
        let rows: Vec<_> = answers.into_iter().flat_map(Answer::rows).collect();
        assert_eq!((&rows[0].value, rows[0].version), (&rows[1].value, rows[1].version));
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

pub(crate) async fn a_commit_whose_future_is_dropped_happens_all_the_same(fresh: Fresh) {
    let store = fresh.store().await;
    let before = put(&store, "t/a", "before").await;
    {
        let mut commit = Box::pin(store.commit(Batch::default().put(path("t/a"), b"after".to_vec())));
        let begun = std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx).is_pending())).await;
        // Either it is done already, or it has begun and goes on without us.
        let _ = begun;
    }
    // A later commit comes behind it.
    let after = at(store.commit(Batch::default().put(path("t/b"), vec![1])).await.unwrap());
    assert_eq!(value(&store, "t/a").await.as_deref(), Some("after"));
    assert!(after > before + 1);
}
