//! The indexer of key uses: about once a minute, what the journal gathered is noted by the key room.
//!
//! What the journal didn't gather, because it was recorded before this start or was too much, is read back from it. It runs
//! one at a time; a run that fails is made up for by the next one, which reads back what that one had taken.

use std::sync::Arc;

use sealroom_audit::{Journal, LaneUses, Use};
use sealroom_foundation::Timestamp;
use sealroom_kms::{Kms, uses_of};
use thiserror::Error;

/// Entries read back at once.
const ENTRIES: u32 = 256;
/// LIMIT: uses read back before they are noted.
const USES: usize = 65_536;
const MINUTE_MICROS: i64 = 60_000_000;

/// Uses could not be noted.
#[derive(Debug, Error)]
pub(crate) enum NotNoted {
    /// The key room's store doesn't answer, or a row is damaged.
    #[error("{0}")]
    Room(String),
    /// The journal can't be read back.
    #[error(transparent)]
    Journal(#[from] sealroom_audit::ReadError),
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Indexer {
    state: Arc<tokio::sync::Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Up to which frame of each lane uses are noted; `None` before the first run and after one that failed.
    noted: Option<Vec<u64>>,
    /// When it ran last, by the service clock.
    at: Option<Timestamp>,
}

impl Indexer {
    /// Notes what was used, if the last time is a minute ago or more.
    ///
    /// # Errors
    /// [`NotNoted`]; the next run makes up for it.
    pub(crate) async fn run_if_due(&self, journal: &Journal, kms: &Kms, now: Timestamp) -> Result<(), NotNoted> {
        let due = self.state.lock().await.at.is_none_or(|at| now.micros_since(at) >= MINUTE_MICROS);
        if due { self.run(journal, kms, now).await } else { Ok(()) }
    }

    /// Notes what was used by now.
    ///
    /// # Errors
    /// As [`Indexer::run_if_due`].
    pub(crate) async fn run(&self, journal: &Journal, kms: &Kms, now: Timestamp) -> Result<(), NotNoted> {
        // Held across awaits on purpose: it is what makes the next run wait for this one, and no call takes it.
        let mut state = self.state.lock().await;
        let mut noted = match state.noted.take() {
            Some(noted) => noted,
            None => kms.noted().await.map_err(of_room)?,
        };
        for gathered in journal.take_uses() {
            let LaneUses { lane, after, through, uses } = gathered;
            if noted.len() <= lane {
                noted.resize(lane + 1, 0);
            }
            if let Some(place) = noted.get_mut(lane) {
                // Frames that were noted before they were synced can be gone after a power cut, and others have their numbers.
                *place = after.min(*place);
            }
            read_back(journal, kms, &mut noted, lane, after).await?;
            if let Some(place) = noted.get_mut(lane)
                && *place < through
            {
                *place = through;
                kms.note_uses(&uses, &noted).await.map_err(of_room)?;
            }
        }
        (state.noted, state.at) = (Some(noted), Some(now));
        Ok(())
    }
}

/// Notes the uses in the frames of `lane` up to `end` that aren't noted.
async fn read_back(journal: &Journal, kms: &Kms, noted: &mut [u64], lane: usize, end: u64) -> Result<(), NotNoted> {
    let reader = journal.reader();
    let mut uses: Vec<Use> = Vec::new();
    let mut after = noted.get(lane).copied().unwrap_or_default();
    while after < end {
        let limit = u32::try_from(end - after).unwrap_or(u32::MAX).min(ENTRIES);
        let page = reader.read(lane, after, limit).await?;
        let found = page.entries.iter().flat_map(|entry| entry.records.iter().map(|record| (record, entry.time)));
        uses.extend(found.flat_map(|(record, time)| uses_of(record, time)));
        // Where frames are gone there is nothing to read back.
        after = page.next.unwrap_or(end);
        if uses.len() >= USES || after >= end {
            if let Some(place) = noted.get_mut(lane) {
                *place = after;
            }
            kms.note_uses(&uses, noted).await.map_err(of_room)?;
            uses.clear();
        }
    }
    Ok(())
}

fn of_room(error: sealroom_api::ErrorAnswer) -> NotNoted {
    NotNoted::Room(error.message.unwrap_or_else(|| error.code.into_owned()))
}
