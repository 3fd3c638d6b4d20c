//! Checkpoints: a signature over the heads of all lanes. It knows how one is made and checked, not when.
//!
//! ```text
//! body      = statement ‖ signature (ECDSA P-256, SHA-256, DER) over "sealroom journal checkpoint 1" ‖ time (8) ‖ statement
//! statement = length of the public key (2) ‖ public key (DER SubjectPublicKeyInfo)
//!           ‖ number of lanes (2) ‖ for each lane, from 0 on:
//!               number of its newest frame (8; 0 when it has none) ‖ link of that frame (32) ‖ settled (8)
//! ```
//!
//! `settled` says up to which frame of the lane no outbox row is left, so that a start knows how far back to look for
//! what it finds in the outbox. Checkpoints stand in lane 0, and bind only what had been synced: a power failure
//! takes nothing away that a checkpoint speaks of. The public key tells a stranger's signature from a wrong one; who
//! verifies says which keys to trust.

use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::ec::{self, Curve};
use sealroom_foundation::Timestamp;
use sealroom_foundation::ports::{Purpose, Sign};

use super::frame::{self, Link};

const DOMAIN: &[u8] = b"sealroom journal checkpoint 1";

/// How far a lane has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    pub(crate) link: Link,
    pub(crate) settled: u64,
}

/// A checkpoint as it was read, its signature not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint<'a> {
    time: Timestamp,
    statement: &'a [u8],
    signature: &'a [u8],
    /// The key that it says it was signed with.
    pub(crate) public: &'a [u8],
    /// The heads, by lane.
    pub(crate) heads: Vec<Head>,
}

/// Appends the body of a checkpoint of `heads` to `out`.
pub(crate) fn write(out: &mut Vec<u8>, heads: &[Head], time: Timestamp, sign: &dyn Sign) {
    loop {
        let public = sign.public(Purpose::JournalCheckpoint);
        let statement = statement(&public, heads);
        let signature = sign.sign(Purpose::JournalCheckpoint, &signed(time, &statement));
        // A rotation may have put another key in its place between the two.
        if sign.public(Purpose::JournalCheckpoint) == public {
            out.extend_from_slice(&statement);
            out.extend_from_slice(&signature);
            return;
        }
    }
}

fn statement(public: &[u8], heads: &[Head]) -> Vec<u8> {
    let mut statement = Vec::with_capacity(128 + heads.len() * 48);
    // INVARIANT: a P-256 key is 91 bytes, and there are at most 255 lanes.
    statement.extend_from_slice(&u16::try_from(public.len()).unwrap_or_default().to_be_bytes());
    statement.extend_from_slice(public);
    statement.extend_from_slice(&u16::try_from(heads.len()).unwrap_or_default().to_be_bytes());
    for head in heads {
        statement.extend_from_slice(&head.sequence.to_be_bytes());
        statement.extend_from_slice(&head.link);
        statement.extend_from_slice(&head.settled.to_be_bytes());
    }
    statement
}

fn signed(time: Timestamp, statement: &[u8]) -> Vec<u8> {
    [DOMAIN, &time.as_micros().to_be_bytes(), statement].concat()
}

impl<'a> Checkpoint<'a> {
    /// Takes the body of a checkpoint made at `time` apart.
    pub(crate) fn read(time: Timestamp, body: &'a [u8]) -> Option<Self> {
        let mut rest = body;
        let key_bytes = usize::from(u16::from_be_bytes(frame::take(&mut rest)?));
        let (public, mut rest) = rest.split_at_checked(key_bytes)?;
        let lanes = u16::from_be_bytes(frame::take(&mut rest)?);
        let mut heads = Vec::with_capacity(usize::from(lanes));
        for _ in 0..lanes {
            let sequence = u64::from_be_bytes(frame::take(&mut rest)?);
            let link = frame::take(&mut rest)?;
            let settled = u64::from_be_bytes(frame::take(&mut rest)?);
            heads.push(Head { sequence, link, settled });
        }
        let (statement, signature) = body.split_at_checked(body.len() - rest.len())?;
        Some(Self { time, statement, signature, public, heads })
    }

    /// Whether the key that it names signed it.
    pub(crate) fn is_signed(&self) -> bool {
        let digest = DigestAlg::Sha256.digest(&signed(self.time, self.statement));
        ec::verify_digest(Curve::P256, self.public, &digest, self.signature)
    }
}
