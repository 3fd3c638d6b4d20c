//! A journal of each version of the format opens for ever. `UPDATE=1` makes a sample that is missing, and changes none.

use std::fs::{create_dir_all, read_to_string};
use std::path::Path;

use sealroom_foundation::EventId;

use super::*;

/// What a sample holds: named values, one a line, in hex.
struct Sample(Vec<(String, Vec<u8>)>);

impl Sample {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| &value[..])
    }

    fn read(path: &Path) -> Self {
        let text = read_to_string(path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.map(|line| line.split_once(' ').unwrap()).map(|(name, hex)| (name.to_owned(), unhex(hex))).collect())
    }

    fn write(&self, path: &Path) {
        let mut text = String::from("# name, bytes in hex\n").into_bytes();
        for (name, value) in &self.0 {
            text.extend_from_slice(name.as_bytes());
            text.push(b' ');
            crate::json::hex(&mut text, value);
            text.push(b'\n');
        }
        create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the sample is the test's own")]
        std::fs::write(path, text).unwrap();
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Two lanes, a checkpoint, a change whose row is still there although it is recorded, and one that isn't recorded.
async fn make(path: &Path) {
    let house = House::new().await;
    let journal = house.by_hand(Sync::Interval, 2).await.unwrap();
    let lanes = &journal.inner.lanes;
    let entropy = &*house.entropy;
    let shared = Events::from(event(1).shared_with(account("444455556666")));
    lanes[0].record(&shared, entropy).unwrap();
    lanes[1].record(&event(2).into(), entropy).unwrap();
    lanes[1].record(&event(3).into(), entropy).unwrap();
    journal.tend().await;
    let recorded = lanes[1].entry(&event(4).into(), entropy).unwrap();
    lanes[1].append_entry(&recorded).unwrap();
    lanes[1].record(&event(5).into(), entropy).unwrap();
    let missing = lanes[0].entry(&event(6).into(), entropy).unwrap();
    let mut sample = Vec::new();
    sample.push(("public".to_owned(), house.trusted().remove(0)));
    for lane in 0..2 {
        for record in journal.inner.disk.log.read_all(lane).await.unwrap() {
            sample.push((format!("lane-{lane}"), record.bytes));
        }
    }
    let bookmark = house.store.read(&[Read::Get(disk::prefix().text("checkpoint"))]).await.unwrap();
    sample.push(("checkpoint".to_owned(), bookmark.into_iter().next().and_then(Answer::row).unwrap().value));
    for entry in [recorded, missing] {
        sample.push(("outbox".to_owned(), [&entry.id.as_bytes()[..], &entry.to_row()].concat()));
    }
    Sample(sample).write(path);
}

#[tokio::test]
async fn a_journal_of_version_1_opens_and_goes_on() {
    // Records in full, as they once were written, and packed, as they are.
    for name in ["journal.txt", "packed.txt"] {
        opens_and_goes_on(&Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journal/v1")).join(name)).await;
    }
}

async fn opens_and_goes_on(path: &Path) {
    #[expect(clippy::disallowed_methods, reason = "who runs the tests says whether samples are written")]
    if std::env::var_os("UPDATE").is_some() && !path.exists() {
        make(path).await;
    }
    let sample = Sample::read(path);
    let house = House::new().await;
    {
        let log = house.store.log(disk::LOG, 2).await.unwrap();
        for lane in 0..2 {
            for frame in sample.all(&format!("lane-{lane}")) {
                log.append(lane, frame).unwrap();
            }
        }
    }
    let mut batch = Batch::default();
    for row in sample.all("checkpoint") {
        batch = batch.put(disk::prefix().text("checkpoint"), row.to_vec());
    }
    for row in sample.all("outbox") {
        let (id, entry) = row.split_first_chunk::<16>().unwrap();
        batch = batch.put(outbox::path(EventId::from_random(*id)), entry.to_vec());
    }
    house.store.commit(batch).await.unwrap();
    let trusted: Vec<Vec<u8>> = sample.all("public").map(<[u8]>::to_vec).collect();

    let before = Reader::open(&house.store).await.unwrap().verify(&trusted).await.unwrap();
    assert_eq!(before, Verified { entries: 5, records: 6, checkpoints: 1, unbound: 3 });
    // The house's own key is another than the sample's.
    let journal = house.by_hand(Sync::Interval, 2).await.unwrap();
    assert_eq!(recorded(&journal).await, [1, 1, 2, 3, 4, 5, 6]);
    let first = &entries(&journal).await[0];
    assert_eq!((first.lane, first.sequence, first.time), (0, 1, Timestamp::from_seconds(1_000_001)));
    let records: Vec<Value> = first.records.iter().map(|record| json(record)).collect();
    assert_eq!(records[0]["eventID"], first.id.to_string());
    assert_eq!(records[0]["sharedEventID"], records[1]["sharedEventID"]);
    assert_eq!(records[1]["recipientAccountId"], "444455556666");
    journal.tend().await;
    assert_eq!((house.outbox().await, recorded(&journal).await), (0, vec![1, 1, 2, 3, 4, 5, 6]));
    journal.close().await;
    let both = [trusted, house.trusted()].concat();
    assert_eq!(journal.reader().verify(&both).await.unwrap().entries, 6);
}
