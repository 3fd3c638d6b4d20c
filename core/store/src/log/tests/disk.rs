//! A disk that forgets: the simulated twin of the log's file layer.
//!
//! It keeps what was written and what is durable apart. A power cut picks, for every sector and every name that was not synced,
//! the old or the new at random. It can also be full, fail, and stop in the middle of whatever is going on.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};

use crate::log::folder::{Folder, Storage};
use crate::log::memory::{read_from, write_into};

const SECTOR: usize = 512;

/// Numbers that look random and are the same in every run.
#[derive(Clone)]
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16).unwrap() % end.max(1)
    }

    pub(super) fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub(super) struct Disk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: Vec<Bytes>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Bytes that may still be written before the disk is full.
    room: Option<usize>,
    /// Operations until everything fails, as for a process that is gone.
    stops_in: Option<usize>,
    fail_writes: bool,
    fail_syncs: bool,
    gate: Option<Gate>,
}

/// Where a sync waits for a test.
#[derive(Clone)]
pub(super) struct Gate {
    reached: Arc<Barrier>,
    open: Arc<Barrier>,
}

impl Gate {
    /// Returns when a sync waits.
    pub(super) fn reached(&self) {
        self.reached.wait();
    }

    pub(super) fn open(&self) {
        self.open.wait();
    }
}

#[derive(Default)]
struct Bytes {
    written: Vec<u8>,
    durable: Vec<u8>,
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next operation: fails when the disk has stopped.
    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        match &mut state.stops_in {
            Some(0) => return Err(io::Error::other("the disk has stopped")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(state)
    }

    pub(super) fn stop_in(&self, operations: usize) {
        self.state().stops_in = Some(operations);
    }

    /// Lets the disk run until [`Disk::resume`].
    pub(super) fn pause(&self) -> Option<usize> {
        self.state().stops_in.take()
    }

    pub(super) fn resume(&self, stops_in: Option<usize>) {
        self.state().stops_in = stops_in;
    }

    /// Makes the next sync of a file wait until the gate is opened.
    pub(super) fn hold_syncs(&self) -> Gate {
        let gate = Gate { reached: Arc::new(Barrier::new(2)), open: Arc::new(Barrier::new(2)) };
        self.state().gate = Some(gate.clone());
        gate
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.state().stops_in == Some(0)
    }

    pub(super) fn leave_room(&self, bytes: Option<usize>) {
        self.state().room = bytes;
    }

    pub(super) fn fail_writes(&self) {
        self.state().fail_writes = true;
    }

    pub(super) fn fail_syncs(&self) {
        self.state().fail_syncs = true;
    }

    /// What the disk holds after the power went and came back.
    pub(super) fn cut_power(&self, numbers: &mut Numbers) -> Self {
        let state = self.state();
        let mut after = State::default();
        let mut names: Vec<&String> = state.names.keys().chain(state.durable_names.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (new, old) = (state.names.get(name), state.durable_names.get(name));
            let kept = if new == old || numbers.one_in(2) { new } else { old };
            if let Some(file) = kept.map(|file| &state.files[*file]) {
                let left = file.survive(numbers);
                after.names.insert(name.clone(), after.files.len());
                after.files.push(Bytes { written: left.clone(), durable: left });
            }
        }
        after.durable_names = after.names.clone();
        Self { state: Arc::new(Mutex::new(after)) }
    }

    /// What the disk holds after the process went, and the system stayed.
    pub(super) fn kill_process(&self) -> Self {
        let state = self.state();
        let files = state.files.iter();
        let files = files.map(|file| Bytes { written: file.written.clone(), durable: file.durable.clone() }).collect();
        let (names, durable_names) = (state.names.clone(), state.durable_names.clone());
        Self { state: Arc::new(Mutex::new(State { files, names, durable_names, ..State::default() })) }
    }

    /// Changes a file's bytes behind everybody's back.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let file = state.names[name];
        change(&mut state.files[file].written);
        state.files[file].durable = state.files[file].written.clone();
    }

    pub(super) fn file_names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    pub(super) fn contents(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.files[state.names[name]].written.clone()
    }
}

impl Bytes {
    /// Each sector is the old or the new one; so is the length.
    fn survive(&self, numbers: &mut Numbers) -> Vec<u8> {
        let (new, old) = (&self.written, &self.durable);
        if new == old {
            return new.clone();
        }
        let length = if numbers.one_in(2) { new.len() } else { old.len() };
        let mut left = vec![0; length];
        let kind = numbers.below(3);
        for (sector, place) in left.chunks_mut(SECTOR).enumerate() {
            let from = match kind {
                0 => new,
                1 if numbers.one_in(8) => old,
                1 => new,
                _ if numbers.one_in(2) => new,
                _ => old,
            };
            read_from(from, place, u64::try_from(sector * SECTOR).unwrap());
        }
        left
    }
}

/// An open file of the disk.
pub(super) struct DiskFile {
    disk: Disk,
    file: usize,
}

impl Folder for Disk {
    type File = DiskFile;

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.step()?.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<DiskFile> {
        let mut state = self.step()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(Bytes::default());
        state.names.insert(name.to_owned(), file);
        drop(state);
        Ok(DiskFile { disk: self.clone(), file })
    }

    fn open(&self, name: &str) -> io::Result<DiskFile> {
        let file = self.step()?.names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(DiskFile { disk: self.clone(), file })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step()?.names.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.step()?;
        if state.fail_syncs {
            return Err(io::Error::other("the sync failed"));
        }
        state.durable_names = state.names.clone();
        Ok(())
    }
}

impl Storage for DiskFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.step()?;
        if state.fail_writes {
            return Err(io::Error::other("the write failed"));
        }
        let count = match &mut state.room {
            Some(0) => return Err(io::ErrorKind::StorageFull.into()),
            Some(room) => {
                let count = bytes.len().min(*room);
                *room -= count;
                count
            }
            None => bytes.len(),
        };
        write_into(&mut state.files[self.file].written, &bytes[..count], offset);
        Ok(count)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(read_from(&self.disk.step()?.files[self.file].written, into, offset))
    }

    fn length(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.disk.step()?.files[self.file].written.len()).unwrap())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.disk.step()?.files[self.file].written.resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let gate = self.disk.state().gate.take();
        if let Some(gate) = gate {
            gate.reached();
            gate.open();
        }
        let mut state = self.disk.step()?;
        if state.fail_syncs {
            return Err(io::Error::other("the sync failed"));
        }
        let file = &mut state.files[self.file];
        file.durable = file.written.clone();
        Ok(())
    }
}
