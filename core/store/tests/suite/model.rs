//! Random commits and reads, compared with the simplest thing that could be right: an ordered map.

use std::collections::BTreeMap;

use sealroom_store::{Answer, Batch, Committed, Guard, KeyPath, Read, Write};

use super::{Fresh, Numbers, path};

#[derive(Default)]
struct Model {
    rows: BTreeMap<KeyPath, (Vec<u8>, u64)>,
    newest: u64,
}

impl Model {
    fn below(&self, prefix: &KeyPath) -> impl Iterator<Item = (&KeyPath, &(Vec<u8>, u64))> {
        self.rows.iter().filter(move |(path, _)| path.starts_with(prefix) && *path != prefix)
    }

    fn holds(&self, guard: &Guard) -> bool {
        match guard {
            Guard::Version(path, version) => self.rows.get(path).is_some_and(|(_, held)| held == version),
            Guard::Absent(path) => !self.rows.contains_key(path),
            Guard::Empty(prefix) => self.below(prefix).next().is_none(),
            Guard::AtMost(prefix, limit) => self.below(prefix).count() <= usize::try_from(*limit).unwrap(),
        }
    }

    fn commit(&mut self, batch: &Batch, outcome: Committed) {
        let expected = batch.guards.iter().all(|guard| self.holds(guard));
        let Committed::At(sequence) = outcome else {
            assert!(!expected, "a batch whose guards hold was refused: {batch:?}");
            return;
        };
        assert!(expected, "a batch whose guards don't hold was written: {batch:?}");
        if batch.writes.is_empty() {
            assert_eq!(sequence, self.newest);
            return;
        }
        assert!(sequence > self.newest);
        self.newest = sequence;
        for write in &batch.writes {
            match write {
                Write::Put(path, value) => drop(self.rows.insert(path.clone(), (value.clone(), sequence))),
                Write::Delete(path) => drop(self.rows.remove(path)),
            }
        }
    }

    fn check(&self, read: &Read, answer: &Answer) {
        match (read, answer) {
            (Read::Get(path), Answer::Row(row)) => {
                let found = row.as_ref().map(|row| (row.value.clone(), row.version));
                assert_eq!(found.as_ref(), self.rows.get(path), "{path}");
            }
            (Read::Range { prefix, after, limit }, Answer::Rows { rows, more }) => {
                let limit = usize::try_from(*limit).unwrap();
                let behind = self.below(prefix).filter(|(path, _)| after.as_ref().is_none_or(|after| *path > after));
                let all: Vec<_> = behind.map(|(path, (value, version))| (path, value, *version)).collect();
                let found: Vec<_> = rows.iter().map(|row| (&row.path, &row.value, row.version)).collect();
                assert_eq!(found, all[..all.len().min(limit)], "{read:?}");
                assert_eq!(*more, all.len() > limit, "{read:?}");
            }
            (_, answer) => panic!("{read:?} was answered with {answer:?}"),
        }
    }
}

pub(crate) async fn random_commits_and_reads_agree_with_a_model(fresh: Fresh) {
    let store = fresh.store().await;
    let mut model = Model { newest: super::at(store.commit(Batch::default()).await.unwrap()), ..Model::default() };
    let mut numbers = Numbers::new(42);
    for round in 0..250_u64 {
        let mut batch = Batch { destroys: numbers.below(50) == 0, ..Batch::default() };
        for _ in 0..numbers.below(5) {
            let path = any_path(&mut numbers);
            batch = match numbers.below(3) {
                0 => batch.delete(path),
                _ => batch.put(path, vec![u8::try_from(round % 256).unwrap(); numbers.below(3_000)]),
            };
        }
        for _ in 0..numbers.below(3) {
            let path = any_path(&mut numbers);
            let version = model.rows.get(&path).map_or(0, |(_, version)| *version);
            batch = batch.guard(match numbers.below(5) {
                0 => Guard::Absent(path),
                1 => Guard::Empty(path),
                2 => Guard::AtMost(path, u32::try_from(numbers.below(8)).unwrap()),
                _ => Guard::Version(path, version),
            });
        }
        let outcome = store.commit(batch.clone()).await.unwrap();
        model.commit(&batch, outcome);
        let reads: Vec<_> = (0..1 + numbers.below(4)).map(|_| any_read(&mut numbers)).collect();
        let answers = store.read(&reads).await.unwrap();
        assert_eq!(answers.len(), reads.len());
        reads.iter().zip(&answers).for_each(|(read, answer)| model.check(read, answer));
    }
}

fn any_path(numbers: &mut Numbers) -> KeyPath {
    let segments = ["", "a", "b", "\u{0}", "\u{1}", "aa"];
    (0..1 + numbers.below(3)).fold(path("m"), |path, _| path.text(segments[numbers.below(segments.len())]))
}

fn any_read(numbers: &mut Numbers) -> Read {
    if numbers.below(2) == 0 {
        return Read::Get(any_path(numbers));
    }
    let prefix = if numbers.below(2) == 0 { path("m") } else { any_path(numbers) };
    let after = (numbers.below(2) == 0).then(|| any_path(numbers));
    Read::Range { prefix, after, limit: u32::try_from(numbers.below(12)).unwrap() }
}
