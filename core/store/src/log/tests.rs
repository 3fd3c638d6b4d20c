//! The log in files over a disk that forgets, fills up, fails and decays.

mod disk;

use std::collections::BTreeMap;

use disk::{Disk, Numbers};

use crate::log::files::{FileLog, Leases};
use crate::log::{LogError, Position, Record};

/// Small files, so that lanes have many.
const SEGMENT: u64 = 2_500;

fn open(disk: &Disk, lanes: usize) -> Result<FileLog<Disk>, LogError> {
    FileLog::open(disk.clone(), lanes, SEGMENT, Leases::default().take("test", None)?)
}

/// A record that says where it belongs.
fn record(lane: usize, sequence: u64, length: usize) -> Vec<u8> {
    format!("{lane}/{sequence}/").bytes().cycle().take(length).collect()
}

/// What a lane must still hold, and what it may.
#[derive(Clone, Default)]
struct Expected {
    /// Everything appended and not known to be lost, by number.
    appended: BTreeMap<u64, Vec<u8>>,
    /// Up to here nothing may be lost.
    synced: u64,
    /// Up to here records may have been forgotten.
    trimmed: u64,
}

async fn check_lane(log: &FileLog<Disk>, lane: usize, expected: &mut Expected, seed: u64) {
    let last = log.last(lane).unwrap().sequence;
    let appended = expected.appended.last_key_value().map_or(expected.synced, |(sequence, _)| *sequence);
    assert!(last >= expected.synced, "seed {seed}: lane {lane} ends at {last}, {} was synced", expected.synced);
    assert!(
        last <= appended.max(expected.trimmed),
        "seed {seed}: lane {lane} has record {last}, which nobody appended"
    );
    let mut found: Vec<Record> = Vec::new();
    loop {
        let after = found.last().map_or(0, |record| record.position.sequence);
        let page = log.read(lane, after, 7).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    let oldest = found.first().map_or(last + 1, |record| record.position.sequence);
    assert!(oldest <= expected.trimmed + 1, "seed {seed}: lane {lane} begins at {oldest}");
    let sequences: Vec<u64> = found.iter().map(|record| record.position.sequence).collect();
    assert_eq!(sequences, (oldest..=last).collect::<Vec<_>>(), "seed {seed}: lane {lane} has a gap");
    for Record { position, bytes } in &found {
        assert_eq!(Some(bytes), expected.appended.get(&position.sequence), "seed {seed}: {position:?}");
    }
    // Numbers that were lost without having been synced are given again.
    expected.appended.split_off(&(last + 1));
    expected.synced = last;
}

/// Appends, syncs, trims, fills the disk; until the disk stops, or so many steps are done.
async fn work(log: &FileLog<Disk>, disk: &Disk, lanes: &mut [Expected], numbers: &mut Numbers) {
    for _ in 0..numbers.below(60) {
        let lane = numbers.below(lanes.len());
        match numbers.below(12) {
            0 | 1 => {
                let covered: Vec<u64> = (0..lanes.len()).map(|lane| log.last(lane).unwrap().sequence).collect();
                if log.sync_now().is_ok() {
                    lanes.iter_mut().zip(covered).for_each(|(lane, last)| lane.synced = last);
                }
            }
            2 => {
                let upto = numbers.below(usize::try_from(log.last(lane).unwrap().sequence + 1).unwrap());
                let upto = u64::try_from(upto).unwrap();
                // However it ends, it may have forgotten that much and no more.
                lanes[lane].trimmed = lanes[lane].trimmed.max(upto);
                let last = log.last(lane).unwrap().sequence;
                if log.trim(Position { lane, sequence: upto }).await.is_ok() {
                    lanes[lane].synced = last;
                }
            }
            3 if numbers.one_in(4) => disk.leave_room(Some(numbers.below(3_000))),
            _ => {
                let sequence = log.last(lane).unwrap().sequence + 1;
                let length = [0, 10, 100, 600, 1_500][numbers.below(5)];
                let bytes = record(lane, sequence, length);
                match log.append(lane, &bytes) {
                    Ok(position) => {
                        assert_eq!(position, Position { lane, sequence });
                        lanes[lane].appended.insert(sequence, bytes);
                    }
                    Err(LogError::Full) => disk.leave_room(None),
                    Err(LogError::Poisoned { .. }) => {
                        // It may have reached the disk whole, and be found.
                        lanes[lane].appended.entry(sequence).or_insert(bytes);
                        if disk.has_stopped() {
                            return;
                        }
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
        if disk.has_stopped() {
            return;
        }
    }
}

/// 250 disks, each cut off from its power or its process four times, also while it recovers from the last time.
#[tokio::test]
async fn a_thousand_crashes_lose_nothing_that_was_synced_and_invent_nothing() {
    for seed in 0..250 {
        let mut numbers = Numbers::new(seed);
        let mut disk = Disk::default();
        let mut lanes = vec![Expected::default(); 2];
        for _ in 0..4 {
            if numbers.one_in(2) {
                disk.stop_in(numbers.below(150));
            }
            match open(&disk, lanes.len()) {
                Ok(log) => {
                    if !disk.has_stopped() {
                        disk_checks(&log, &disk, &mut lanes, seed).await;
                    }
                    work(&log, &disk, &mut lanes, &mut numbers).await;
                }
                Err(LogError::Damaged { lane, sequence }) => {
                    panic!("seed {seed}: lane {lane} is damaged at {sequence}")
                }
                Err(other) => assert!(disk.has_stopped(), "seed {seed}: {other}"),
            }
            disk = if numbers.one_in(4) { disk.kill_process() } else { disk.cut_power(&mut numbers) };
        }
        let log = open(&disk, lanes.len()).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        disk_checks(&log, &disk, &mut lanes, seed).await;
    }
}

/// Checks all lanes without letting the disk stop meanwhile.
async fn disk_checks(log: &FileLog<Disk>, disk: &Disk, lanes: &mut [Expected], seed: u64) {
    let stops = disk.pause();
    for (lane, expected) in lanes.iter_mut().enumerate() {
        check_lane(log, lane, expected, seed).await;
    }
    disk.resume(stops);
}

/// A lane of many files, all synced.
fn written(records: u64) -> Disk {
    let disk = Disk::default();
    let log = open(&disk, 1).unwrap();
    for sequence in 1..=records {
        log.append(0, &record(0, sequence, 100)).unwrap();
        if sequence % 10 == 0 {
            log.sync_now().unwrap();
        }
    }
    log.sync_now().unwrap();
    disk
}

/// All records, if the log can be opened and read.
async fn read_all(disk: &Disk) -> Result<Vec<Vec<u8>>, LogError> {
    let log = open(disk, 1)?;
    let records = log.read(0, 0, 1_000).await?;
    Ok(records.into_iter().map(|record| record.bytes).collect())
}

#[tokio::test]
async fn a_changed_byte_of_what_was_synced_is_damage_and_never_a_shorter_log() {
    let whole = written(60);
    let expected: Vec<_> = (1..=60).map(|sequence| record(0, sequence, 100)).collect();
    assert_eq!(read_all(&whole.kill_process()).await.unwrap(), expected);
    let names = whole.file_names();
    assert!(names.len() >= 3, "{names:?}");
    let mut damaged = 0;
    for name in &names {
        for place in (0..whole.contents(name).len()).step_by(13) {
            let disk = whole.kill_process();
            disk.change(name, |bytes| bytes[place] ^= 0x10);
            match read_all(&disk).await {
                // A mark says nothing that the records don't, as long as they are there.
                Ok(records) => assert!(records == expected, "{name}, byte {place}: {} records", records.len()),
                Err(LogError::Damaged { .. }) => damaged += 1,
                // The byte that names the format.
                Err(LogError::Unavailable { .. }) => assert_eq!(place, 7, "{name}"),
                Err(other) => panic!("{name}, byte {place}: {other}"),
            }
        }
    }
    assert!(damaged > 300, "{damaged}");
}

#[tokio::test]
async fn missing_files_and_lost_ends_of_what_was_synced_are_damage() {
    let whole = written(60);
    let names = whole.file_names();
    let middle = names[1].clone();
    let disk = whole.kill_process();
    crate::log::folder::Folder::remove(&disk, &middle).unwrap();
    assert!(matches!(read_all(&disk).await, Err(LogError::Damaged { .. })));
    // The last file ends with a mark behind the last record.
    let disk = whole.kill_process();
    disk.change(names.last().unwrap(), |bytes| {
        let record = bytes.len() - 2 * crate::log::frame::FRAME - 100;
        bytes.drain(record..bytes.len() - crate::log::frame::FRAME);
    });
    assert!(matches!(read_all(&disk).await, Err(LogError::Damaged { sequence: 60, .. })));
}

#[tokio::test]
async fn a_file_of_a_newer_format_is_left_alone() {
    let disk = written(5);
    let name = disk.file_names().remove(0);
    disk.change(&name, |bytes| bytes[7] = 2);
    let before = disk.contents(&name);
    assert!(matches!(read_all(&disk).await, Err(LogError::Unavailable { .. })));
    assert_eq!(disk.contents(&name), before);
}

#[tokio::test]
async fn records_that_look_like_frames_prove_nothing() {
    let disk = Disk::default();
    let log = open(&disk, 1).unwrap();
    log.append(0, b"first").unwrap();
    log.sync_now().unwrap();
    let mark = disk.contents(&disk.file_names()[0]).split_off(crate::log::frame::HEADER + crate::log::frame::FRAME + 5);
    assert_eq!(mark.len(), crate::log::frame::FRAME);
    drop(log);
    // Another file has another salt: a copied mark isn't one there.
    let other = Disk::default();
    let log = open(&other, 1).unwrap();
    for _ in 0..3 {
        log.append(0, &mark.repeat(20)).unwrap();
    }
    let name = other.file_names().remove(0);
    other.change(&name, |bytes| bytes[crate::log::frame::HEADER] ^= 1);
    drop(log);
    let log = open(&other, 1).unwrap();
    assert_eq!(log.last(0).unwrap().sequence, 0);
}

#[tokio::test]
async fn a_full_disk_takes_nothing_half_and_goes_on_when_there_is_room() {
    // Also where a new file is due, whose header may not fit.
    for room in [0, 1, 19, 20, 39, 40, 41, 100, 119] {
        for before in [5, 21, 22] {
            let disk = Disk::default();
            let log = open(&disk, 1).unwrap();
            let mut expected = Vec::new();
            for sequence in 1..=before {
                expected.push(record(0, sequence, 100));
                log.append(0, &expected[expected.len() - 1]).unwrap();
            }
            disk.leave_room(Some(room));
            assert!(matches!(log.append(0, &[1; 100]), Err(LogError::Full)), "room {room}");
            assert!(matches!(log.append(0, &[1; 100]), Err(LogError::Full)), "room {room}");
            log.sync_now().unwrap();
            assert_eq!(log.last(0).unwrap().sequence, before);
            disk.leave_room(None);
            expected.push(record(0, before + 1, 100));
            assert_eq!(log.append(0, &expected[expected.len() - 1]).unwrap().sequence, before + 1, "room {room}");
            let found: Vec<_> = log.read(0, 0, 100).await.unwrap().into_iter().map(|record| record.bytes).collect();
            assert_eq!(found, expected, "room {room}");
            drop(log);
            assert_eq!(read_all(&disk.kill_process()).await.unwrap(), expected, "room {room}");
        }
    }
}

#[tokio::test]
async fn a_failed_write_poisons_its_lane() {
    let disk = Disk::default();
    let log = open(&disk, 2).unwrap();
    log.append(0, b"written").unwrap();
    log.sync_now().unwrap();
    disk.fail_writes();
    assert!(matches!(log.append(0, b"x"), Err(LogError::Poisoned { lane: 0, .. })));
    assert!(matches!(log.append(0, b"x"), Err(LogError::Poisoned { lane: 0, .. })));
    assert!(matches!(log.sync_now(), Err(LogError::Poisoned { lane: 0, .. })));
    // What was synced before stays synced, and readable.
    log.synced(Position { lane: 0, sequence: 1 }).await.unwrap();
    assert_eq!(log.read(0, 0, 9).await.unwrap().len(), 1);
    assert!(matches!(log.append(1, b"x"), Err(LogError::Poisoned { lane: 1, .. })));
}

#[tokio::test]
async fn a_failed_sync_poisons_its_lane_and_tells_those_who_wait() {
    let disk = Disk::default();
    let log = std::sync::Arc::new(open(&disk, 2).unwrap());
    let position = log.append(1, b"x").unwrap();
    let waiting = tokio::spawn({
        let log = std::sync::Arc::clone(&log);
        async move { log.synced(position).await }
    });
    disk.fail_syncs();
    assert!(matches!(log.sync_now(), Err(LogError::Poisoned { lane: 1, .. })));
    assert!(matches!(waiting.await.unwrap(), Err(LogError::Poisoned { lane: 1, .. })));
    assert!(matches!(log.append(1, b"y"), Err(LogError::Poisoned { lane: 1, .. })));
    assert_eq!(log.append(0, b"other lanes work").unwrap().sequence, 1);
}

#[tokio::test]
async fn trimming_removes_whole_files_and_never_the_one_being_written() {
    let disk = written(60);
    let log = open(&disk, 1).unwrap();
    let files = disk.file_names();
    log.trim(Position { lane: 0, sequence: 30 }).await.unwrap();
    let left = disk.file_names();
    assert!(left.len() < files.len() && left.len() > 1, "{left:?}");
    let oldest = log.read(0, 0, 1).await.unwrap()[0].position.sequence;
    assert!(oldest > 1 && oldest <= 31, "{oldest}");
    log.trim(Position { lane: 0, sequence: u64::MAX }).await.unwrap();
    assert_eq!(disk.file_names(), files[files.len() - 1..]);
    drop(log);
    assert_eq!(open(&disk.kill_process(), 1).unwrap().last(0).unwrap().sequence, 60);
}

#[test]
fn appends_do_not_wait_for_a_sync() {
    // A sync that waits for the test, and appends on the test's thread meanwhile.
    let disk = Disk::default();
    let log = open(&disk, 1).unwrap();
    log.append(0, b"before").unwrap();
    let gate = disk.hold_syncs();
    std::thread::scope(|scope| {
        let sync = scope.spawn(|| log.sync_now());
        gate.reached();
        assert_eq!(log.append(0, b"meanwhile").unwrap().sequence, 2);
        gate.open();
        sync.join().unwrap().unwrap();
    });
    assert!(log.unsynced_bytes() > 0, "the sync covers what was there when it began");
    log.sync_now().unwrap();
    assert_eq!(log.unsynced_bytes(), 0);
}
