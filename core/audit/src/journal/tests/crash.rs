//! Random effects, failures and crashes, by seed: nothing is answered that isn't recorded, and what was committed is
//! recorded exactly once.

use std::collections::HashMap;

use super::faults::OnCommit;
use super::*;

/// Numbers that a seed decides.
struct Dice(u64);

impl Dice {
    /// Below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

/// Where a run takes place, and what a crash does to it.
pub(super) trait World {
    /// The store, after a crash or for the first time.
    async fn reopen(&mut self) -> Store;
    /// Everything that was appended is synced.
    fn all_synced(&mut self);
    /// The process is killed, or the machine loses power. No handle is left.
    fn crash(&mut self, dice: &mut dyn FnMut(u64) -> u64);
    /// Whether a crash loses what isn't synced.
    fn loses_unsynced(&self) -> bool;
}

/// A memory engine survives the journal, so a crash loses nothing but what was on its way.
struct Memory(Engine);

impl World for Memory {
    async fn reopen(&mut self) -> Store {
        Store::open(self.0.clone(), Barrier::insecure_none()).await.unwrap()
    }

    fn all_synced(&mut self) {}

    fn crash(&mut self, _dice: &mut dyn FnMut(u64) -> u64) {}

    fn loses_unsynced(&self) -> bool {
        false
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Answered; `true` when only a crash of the machine may lose the record.
    Value {
        synced: bool,
    },
    Changed,
    Conflict,
    Unrecorded,
    Unavailable,
    CutOff,
}

struct Run<W> {
    world: W,
    dice: Dice,
    ended: Vec<Ended>,
    sync: Sync,
}

impl<W: World> Run<W> {
    async fn step(&mut self, house: &House, journal: &Journal) {
        match self.dice.roll(12) {
            0 => self.tend(journal).await,
            1 => drop(house.clock.0.fetch_add(40, Ordering::Relaxed)),
            2 => journal.inner.disk.log.sync_now().unwrap(),
            3..=7 => {
                let ended = self.value(journal).await;
                self.ended.push(ended);
            }
            _ => {
                let ended = self.change(house, journal).await;
                self.ended.push(ended);
            }
        }
        if journal.counts().unsynced_bytes == 0 {
            self.world.all_synced();
        }
    }

    /// A world that loses what isn't synced must know what a tending synced before it goes on.
    async fn tend(&mut self, journal: &Journal) {
        journal.tend().await;
        journal.inner.disk.log.sync_now().unwrap();
        self.world.all_synced();
    }

    fn next(&self) -> u64 {
        u64::try_from(self.ended.len()).unwrap()
    }

    async fn value(&mut self, journal: &Journal) -> Ended {
        let op = self.next();
        let mut release = pin!(journal.release(value(op)));
        let polled = match poll(release.as_mut()) {
            Poll::Ready(released) => released,
            Poll::Pending if self.dice.one_in(3) => return Ended::CutOff,
            Poll::Pending => {
                journal.inner.disk.log.sync_now().unwrap();
                release.await
            }
        };
        match polled {
            Released::Answer(answer) => {
                assert_eq!(answer, op);
                assert!(is_recorded(journal, op).await);
                Ended::Value { synced: self.sync == Sync::Always }
            }
            Released::Unrecorded => Ended::Unrecorded,
            Released::Refused(_) | Released::Conflict | Released::Unavailable => panic!("{polled:?}"),
        }
    }

    async fn change(&mut self, house: &House, journal: &Journal) -> Ended {
        let op = self.next();
        let fault = match self.dice.roll(10) {
            0 => OnCommit::Lose,
            1 => OnCommit::LoseAnswer,
            2 => OnCommit::Linger,
            _ => OnCommit::Work,
        };
        let earlier = self.dice.roll(op.max(1));
        let mut batch = Batch::default().put(row(op), vec![1]).guard(Guard::Absent(row(op)));
        let conflicts = self.dice.one_in(5) && house.has_row(earlier).await;
        if conflicts {
            batch = batch.guard(Guard::Absent(row(earlier)));
        }
        journal.inner.disk.faults.on_commit(move || fault);
        let mut release = pin!(journal.release(Effect::<_, &str>::change(op, batch, event(op))));
        let polled = match poll(release.as_mut()) {
            Poll::Ready(released) => Some(released),
            Poll::Pending if self.dice.one_in(2) => None,
            Poll::Pending => {
                journal.inner.disk.faults.on_commit(|| OnCommit::Work);
                if self.dice.one_in(2) {
                    self.tend(journal).await;
                }
                Some(release.await)
            }
        };
        journal.inner.disk.faults.on_commit(|| OnCommit::Work);
        match polled {
            None => Ended::CutOff,
            Some(Released::Answer(answer)) => {
                assert_eq!((answer, house.has_row(op).await, conflicts), (op, true, false));
                Ended::Changed
            }
            Some(Released::Conflict) => {
                assert!(conflicts);
                Ended::Conflict
            }
            Some(Released::Unavailable) => Ended::Unavailable,
            Some(released) => panic!("{released:?}"),
        }
    }

    /// What must hold after a start.
    async fn check(&self, house: &House, journal: &Journal) {
        let mut times: HashMap<u64, usize> = HashMap::new();
        for op in recorded(journal).await {
            *times.entry(op).or_default() += 1;
        }
        for (op, ended) in (0..).zip(&self.ended) {
            let found = times.get(&op).copied().unwrap_or_default();
            let written = house.has_row(op).await;
            let right = match ended {
                Ended::Value { synced } => found == 1 || (found == 0 && !synced && self.world.loses_unsynced()),
                Ended::Changed => written && found == 1,
                Ended::Conflict => !written && found == 0,
                Ended::Unrecorded => !written && found == 0,
                // A value that was cut off may be recorded, a change is if it was written.
                Ended::Unavailable => found == usize::from(written),
                Ended::CutOff => found <= 1 && (!written || found == 1),
            };
            assert!(right, "operation {op} ended {ended:?}, is recorded {found} times; row: {written}");
        }
        journal.reader().verify(&house.trusted()).await.unwrap();
    }
}

/// Whether the newest entry of a lane is that of `op`.
async fn is_recorded(journal: &Journal, op: u64) -> bool {
    let op = format!(r#"{{"op":{op}}}"#).into_bytes();
    let log = &journal.inner.disk.log;
    for lane in 0..log.lanes() {
        let newest = log.last(lane).unwrap().sequence;
        let records = log.read(lane, newest.saturating_sub(1), 1).await.unwrap();
        if records.iter().any(|record| record.bytes.windows(op.len()).any(|part| part == op)) {
            return true;
        }
    }
    false
}

pub(super) async fn run(world: impl World, seed: u64) {
    let mut run = Run { world, dice: Dice(seed), ended: Vec::new(), sync: Sync::Interval };
    let mut house = House::on(Engine::memory()).await;
    for _ in 0..6 {
        house.store = run.world.reopen().await;
        run.sync = if run.dice.one_in(3) { Sync::Always } else { Sync::Interval };
        let lanes = usize::try_from(1 + run.dice.roll(3)).unwrap();
        {
            let journal = house.by_hand(run.sync, lanes).await.unwrap();
            run.check(&house, &journal).await;
            let mut full = Dice(run.dice.roll(u64::from(u32::MAX)));
            journal.inner.disk.faults.full_when(move || full.one_in(8));
            for _ in 0..run.dice.roll(40) {
                run.step(&house, &journal).await;
            }
            if run.dice.one_in(4) {
                journal.close().await;
                run.world.all_synced();
            }
        }
        // No handle may be left when it crashes.
        house.store = Store::open(Engine::memory(), Barrier::insecure_none()).await.unwrap();
        let dice = &mut run.dice;
        run.world.crash(&mut |sides| dice.roll(sides));
    }
    house.store = run.world.reopen().await;
    let journal = house.by_hand(Sync::Interval, 1).await.unwrap();
    run.check(&house, &journal).await;
    journal.tend().await;
    assert_eq!(house.outbox().await, 0);
    run.check(&house, &journal).await;
}

#[tokio::test]
async fn whatever_fails_and_crashes_each_committed_change_is_recorded_once() {
    for seed in 0..40 {
        run(Memory(Engine::memory()), seed).await;
    }
}
