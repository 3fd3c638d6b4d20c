//! Which keys may have signed a journal's checkpoints, for who knows older ones only.
//!
//! A rotation of the domain keys brings a new key for checkpoints. Before its first signature the journal is told of it, in an
//! event that the key before it signed ([`Hsm::vouch`](sealroom_hsm::Hsm::vouch)). So whoever has a backup from before the rotation can verify
//! the journal from after it. The events are read from a journal that nobody has verified yet: what counts is the signature
//! in them.

use std::collections::BTreeSet;

use sealroom_audit::{Fault, ReadError, Reader, Verified};
use sealroom_crypto::digest::DigestAlg;
use sealroom_crypto::ec::{self, Curve};
use sealroom_hsm::successor_statement;
use serde::Deserialize;

/// The event that tells of a new key.
pub(crate) const KEY_ADDED: &str = "CheckpointKeyAdded";

/// Entries of a journal read at once.
const ENTRIES: u32 = 256;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_name: &'a str,
    #[serde(default)]
    service_event_details: Option<Details>,
}

/// Both in base64.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    public_key: String,
    signature: String,
}

struct Successor {
    public: Vec<u8>,
    signature: Vec<u8>,
}

/// Verifies `journal` with the keys `known`, and every key that one of them vouches for in it, and so on.
pub(super) async fn verify(journal: &Reader, known: Vec<Vec<u8>>) -> Result<Verified, ReadError> {
    match journal.verify(&known).await {
        Err(ReadError::Broken { fault: Fault::Stranger, .. }) => {
            let told = told(journal).await?;
            journal.verify(&with_successors(known, &told)).await
        }
        verified => verified,
    }
}

fn with_successors(known: Vec<Vec<u8>>, told: &[Successor]) -> Vec<Vec<u8>> {
    let mut trusted: BTreeSet<Vec<u8>> = known.into_iter().collect();
    loop {
        let vouched = |next: &&Successor| {
            let digest = DigestAlg::Sha256.digest(&successor_statement(&next.public));
            let signs = |key: &Vec<u8>| ec::verify_digest(Curve::P256, key, &digest, &next.signature);
            !trusted.contains(&next.public) && trusted.iter().any(signs)
        };
        let Some(next) = told.iter().find(vouched) else { return trusted.into_iter().collect() };
        trusted.insert(next.public.clone());
    }
}

/// What the journal tells of new keys.
async fn told(journal: &Reader) -> Result<Vec<Successor>, ReadError> {
    let mut told = Vec::new();
    for lane in 0..journal.lanes() {
        let mut after = 0;
        loop {
            let page = journal.read(lane, after, ENTRIES).await?;
            let records = page.entries.iter().flat_map(|entry| &entry.records);
            told.extend(records.filter_map(|record| successor(record)));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    Ok(told)
}

fn successor(record: &[u8]) -> Option<Successor> {
    // Most records are none, and reading all of each would take long.
    record.windows(KEY_ADDED.len()).any(|part| part == KEY_ADDED.as_bytes()).then_some(())?;
    let record: Record<'_> = serde_json::from_slice(record).ok()?;
    let details = record.service_event_details.filter(|_| record.event_name == KEY_ADDED)?;
    let bytes = |text: &str| base64_simd::STANDARD.decode_to_vec(text).ok();
    Some(Successor { public: bytes(&details.public_key)?, signature: bytes(&details.signature)? })
}

#[cfg(test)]
mod tests {
    use sealroom_foundation::ports::Purpose;
    use sealroom_hsm::{DomainKeys, Hsm};

    use super::*;

    fn successor_of(hsm: &Hsm, newer: u32) -> Successor {
        let (public, signature) = hsm.vouch(Purpose::JournalCheckpoint, newer).unwrap();
        Successor { public, signature }
    }

    #[test]
    fn trust_goes_from_key_to_key_and_to_nobody_else() {
        let mut keys = DomainKeys::generate();
        assert!(keys.rotate() && keys.rotate());
        let (hsm, mut other) = (Hsm::start(keys).unwrap(), DomainKeys::generate());
        assert!(other.rotate());
        let stranger = Hsm::start(other).unwrap();
        let all = hsm.public_keys(Purpose::JournalCheckpoint);
        let (second, third) = (successor_of(&hsm, 2), successor_of(&hsm, 3));
        let first = all.iter().find(|key| **key != second.public && **key != third.public).unwrap().clone();
        assert!(
            hsm.vouch(Purpose::JournalCheckpoint, 1).is_none() && hsm.vouch(Purpose::JournalCheckpoint, 4).is_none()
        );
        // The order in which they are told doesn't matter.
        let told = [successor_of(&hsm, 3), successor_of(&stranger, 2), successor_of(&hsm, 2)];
        let trusted = with_successors(vec![first.clone()], &told);
        let expected: BTreeSet<Vec<u8>> = all.into_iter().collect();
        assert_eq!(trusted.into_iter().collect::<BTreeSet<_>>(), expected);
        // A link that is missing or forged ends it.
        assert_eq!(with_successors(vec![first.clone()], &told[..1]).len(), 1);
        let forged = Successor { signature: third.signature.clone(), ..successor_of(&hsm, 2) };
        assert_eq!(with_successors(vec![first], &[forged, third]).len(), 1);
    }

    #[test]
    fn only_an_event_of_a_new_key_tells_of_one() {
        for (record, told) in [
            (
                r#"{"eventName":"CheckpointKeyAdded","serviceEventDetails":{"publicKey":"AQ==","signature":"Ag=="}}"#,
                true,
            ),
            (r#"{"eventName":"CheckpointKeyAdded","serviceEventDetails":{"publicKey":"?","signature":"Ag=="}}"#, false),
            (r#"{"eventName":"CheckpointKeyAdded"}"#, false),
            (r#"{"eventName":"Encrypt","x":"CheckpointKeyAdded"}"#, false),
            ("CheckpointKeyAdded", false),
        ] {
            assert_eq!(successor(record.as_bytes()).is_some(), told, "{record}");
        }
    }
}
