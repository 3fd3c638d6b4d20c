//! When a key was last used: noted at most once a minute from what the journal gathered, and shown by GetKeyLastUsage.
//!
//! The journal knows every use; a row for each key says which was the last, so that nobody has to search. Beside the rows
//! stands how far they have been noted, lane by lane, and it is written with them: who was killed in between notes the
//! same again, from the journal itself ([`uses_of`]). An older use never takes the place of a newer one.

use std::collections::HashMap;

use sealroom_api::ErrorAnswer;
use sealroom_audit::Use;
use sealroom_foundation::{Arn, KeyArn, Timestamp};
use sealroom_store::{Answer, Batch, Committed, Guard, Read, Row};
use serde::Deserialize;

use crate::error::KmsError;
use crate::kms::Kms;
use crate::operation::tracked;
use crate::paths;
use crate::report::SOURCE;
use crate::stored::{Noted, UsedRecord};

/// LIMIT: keys noted in one commit; each is two questions to the store.
const KEYS: usize = Read::MAX_READS / 2;
/// LIMIT: how often keys are noted that others change meanwhile.
const ATTEMPTS: u32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_source: &'a str,
    event_name: &'a str,
    event_type: &'a str,
    #[serde(default)]
    error_code: Option<&'a str>,
    #[serde(rename = "eventID")]
    event: &'a str,
    #[serde(default, rename = "requestID")]
    request: Option<&'a str>,
    recipient_account_id: &'a str,
    #[serde(default, borrow)]
    resources: Vec<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(rename = "ARN")]
    arn: &'a str,
}

/// The uses that a CloudTrail record of the journal tells the owner of the keys; `time` is the time of the record's entry.
#[must_use]
pub fn uses_of(record: &[u8], time: Timestamp) -> Vec<Use> {
    let Ok(record) = serde_json::from_slice::<Record<'_>>(record) else { return Vec::new() };
    let call = record.event_source == SOURCE && record.event_type == "AwsApiCall" && record.error_code.is_none();
    let Some(operation) = tracked(record.event_name).filter(|_| call) else { return Vec::new() };
    let Ok(event) = record.event.parse() else { return Vec::new() };
    let request = record.request.and_then(|text| text.parse().ok());
    let keys = record.resources.iter().filter_map(|named| key_arn(named.arn));
    let owned = keys.filter(|key| key.account.as_str() == record.recipient_account_id);
    owned.map(|key| Use { key, operation, time, event, request }).collect()
}

fn key_arn(text: &str) -> Option<KeyArn> {
    let arn = Arn::parse(text)?;
    let (region, account) = (arn.region.parse().ok()?, paths::account(arn.account)?);
    Some(KeyArn { region, account, key: arn.resource.strip_prefix("key/")?.parse().ok()? })
}

impl Kms {
    /// Up to which frame of each lane uses have been noted; 0 for a lane that isn't there.
    ///
    /// # Errors
    /// When the store doesn't answer, or the row is damaged.
    pub async fn noted(&self) -> Result<Vec<u64>, ErrorAnswer> {
        let read = async {
            let Some(row) = self.row(paths::noted()).await? else { return Ok(Vec::new()) };
            let noted = Noted::from_bytes(&row.value);
            noted.map(|noted| noted.0).map_err(|_| KmsError::Fault("the row of what is noted can't be read"))
        };
        read.await.map_err(|error: KmsError| error.answer())
    }

    /// Notes `uses`, and that the lanes have been noted up to `through`. Keys that are no more are left out.
    ///
    /// # Errors
    /// When the store doesn't answer, or a row is damaged; what wasn't noted is to be noted again.
    pub async fn note_uses(&self, uses: &[Use], through: &[u64]) -> Result<(), ErrorAnswer> {
        let note = async {
            let mut newest: HashMap<KeyArn, Use> = HashMap::new();
            for used in uses {
                let kept = newest.entry(used.key).or_insert(*used);
                if kept.time <= used.time {
                    *kept = *used;
                }
            }
            let newest: Vec<Use> = newest.into_values().collect();
            for some in newest.chunks(KEYS) {
                self.note_some(some).await?;
            }
            // Last: until it stands, everything is noted again.
            let noted = Batch::default().put(paths::noted(), Noted(through.to_vec()).to_bytes());
            self.view.commit(noted).await?;
            Ok(())
        };
        note.await.map_err(|error: KmsError| error.answer())
    }

    async fn note_some(&self, uses: &[Use]) -> Result<(), KmsError> {
        let reads: Vec<Read> = uses
            .iter()
            .flat_map(|used| [Read::Get(paths::key(&used.key)), Read::Get(paths::used(&used.key))])
            .collect();
        for _ in 0..ATTEMPTS {
            let mut answers = self.view.read(&reads).await?.into_iter().map(Answer::row);
            let mut batch = Batch::default();
            for used in uses {
                let (Some(key), Some(known)) = (answers.next(), answers.next()) else {
                    return Err(KmsError::Fault("the store gave fewer answers than there were questions"));
                };
                // A key that was destroyed meanwhile takes its row along, so the row may not come back.
                let Some(key) = key else { continue };
                let known = known.map(|row| read(&row)).transpose()?;
                if known.is_none_or(|known| known.time <= used.time) {
                    let guard = Guard::Version(paths::key(&used.key), key.version);
                    batch = batch.guard(guard).put(paths::used(&used.key), UsedRecord::from(used).to_bytes());
                }
            }
            if batch.writes.is_empty() || matches!(self.view.commit(batch).await?, Committed::At(_)) {
                return Ok(());
            }
        }
        Err(KmsError::Fault("keys changed too often to note their use"))
    }

    /// The last use of a key that was noted.
    pub(crate) async fn last_use(&self, key: &KeyArn) -> Result<Option<UsedRecord>, KmsError> {
        self.row(paths::used(key)).await?.map(|row| read(&row)).transpose()
    }
}

fn read(row: &Row) -> Result<UsedRecord, KmsError> {
    UsedRecord::from_bytes(&row.value).map_err(|_| {
        tracing::error!(path = %row.path, "a row of a key's last use can't be read");
        KmsError::Fault("a row of a key's last use can't be read")
    })
}
