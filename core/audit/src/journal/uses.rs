//! When each key was last used, gathered where uses are recorded, so that nobody has to read the journal for it.
//!
//! A lane gathers while it runs and forgets with the process: who wants to know writes down how far it has noted, and
//! reads the journal from there to where the gathering began. The same happens when too many keys were used between two
//! looks. It knows of a use what [`crate::Event::uses`] says, and not what a use is.

use std::collections::HashMap;

use sealroom_foundation::{EventId, KeyArn, RequestId, Timestamp};

/// LIMIT: keys that a lane gathers between two looks.
const KEYS: usize = 65_536;

/// A use of a key that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The key.
    pub key: KeyArn,
    /// The operation's name.
    pub operation: &'static str,
    /// `eventTime`.
    pub time: Timestamp,
    /// `eventID` of the record that the key's owner has.
    pub event: EventId,
    /// `requestID`.
    pub request: Option<RequestId>,
}

/// What one lane gathered: the last use of every key that was used in frames behind `after` up to `through`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneUses {
    /// The lane.
    pub lane: usize,
    /// The number of the frame behind which the gathering began.
    pub after: u64,
    /// The number of the last frame that was gathered from.
    pub through: u64,
    /// One for each key, in no order.
    pub uses: Vec<Use>,
}

/// What a lane gathers.
pub(super) struct Gathered {
    after: u64,
    uses: HashMap<KeyArn, Use>,
    /// Whether there were too many keys, so that the gathering is of no use.
    lost: bool,
    /// Of the frame that isn't written yet.
    pending: Vec<Use>,
}

impl Gathered {
    /// Begins behind frame `after`.
    pub(super) fn new(after: u64) -> Self {
        Self { after, uses: HashMap::new(), lost: false, pending: Vec::new() }
    }

    /// A new frame begins: what an earlier one would have told is forgotten if that wasn't written.
    pub(super) fn begin(&mut self) {
        self.pending.clear();
    }

    /// The frame tells of a use.
    pub(super) fn expect(&mut self, used: Use) {
        self.pending.push(used);
    }

    /// The frame is written.
    pub(super) fn keep(&mut self) {
        for used in self.pending.drain(..) {
            if self.lost {
                continue;
            }
            if self.uses.len() >= KEYS && !self.uses.contains_key(&used.key) {
                self.lost = true;
                self.uses = HashMap::new();
                continue;
            }
            self.uses.insert(used.key, used);
        }
    }

    /// Everything gathered by now, in frames up to `through`; the gathering begins anew behind it.
    pub(super) fn take(&mut self, lane: usize, through: u64) -> LaneUses {
        let lost = std::mem::replace(&mut self.lost, false);
        let after = std::mem::replace(&mut self.after, through);
        let uses = std::mem::take(&mut self.uses).into_values().collect();
        LaneUses { lane, after: if lost { through } else { after }, through, uses }
    }
}

#[cfg(test)]
mod tests {
    use sealroom_foundation::KeyId;

    use super::*;

    fn used(number: u32, second: i64) -> Use {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let key = KeyId::from_random(id, false);
        let key = KeyArn { region: "us-east-1".parse().unwrap(), account: "111122223333".parse().unwrap(), key };
        let (time, event) = (Timestamp::from_seconds(second), EventId::from_random([7; 16]));
        Use { key, operation: "Encrypt", time, event, request: None }
    }

    fn gather(gathered: &mut Gathered, used: Use) {
        gathered.begin();
        gathered.expect(used);
        gathered.keep();
    }

    #[test]
    fn the_last_use_of_each_key_is_kept_until_it_is_taken() {
        let mut gathered = Gathered::new(5);
        gather(&mut gathered, used(1, 1));
        gather(&mut gathered, used(2, 2));
        gather(&mut gathered, used(1, 3));
        let mut taken = gathered.take(3, 9);
        taken.uses.sort_by_key(|used| used.time);
        assert_eq!(taken, LaneUses { lane: 3, after: 5, through: 9, uses: vec![used(2, 2), used(1, 3)] });
        assert_eq!(gathered.take(3, 9), LaneUses { lane: 3, after: 9, through: 9, uses: Vec::new() });
    }

    #[test]
    fn what_was_not_written_was_no_use() {
        let mut gathered = Gathered::new(0);
        gathered.begin();
        gathered.expect(used(1, 1));
        gather(&mut gathered, used(2, 2));
        assert_eq!(gathered.take(0, 1).uses, [used(2, 2)]);
    }

    #[test]
    fn too_many_keys_are_left_to_be_read_back() {
        let mut gathered = Gathered::new(0);
        let most = u32::try_from(KEYS).unwrap();
        for number in 0..most {
            gather(&mut gathered, used(number, 1));
        }
        gather(&mut gathered, used(0, 2));
        assert_eq!(gathered.take(0, 10).uses.len(), KEYS);
        for number in 0..=most {
            gather(&mut gathered, used(number, 1));
        }
        assert_eq!(gathered.take(0, 20), LaneUses { lane: 0, after: 20, through: 20, uses: Vec::new() });
        gather(&mut gathered, used(1, 3));
        assert_eq!(gathered.take(0, 21), LaneUses { lane: 0, after: 20, through: 21, uses: vec![used(1, 3)] });
    }
}
