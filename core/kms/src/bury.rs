//! Keys that were destroyed stay destroyed: a backup from before their end still holds them, and the journal from behind it
//! says so.
//!
//! A restore shows every record of the journal to [`destroyed_key`] and has the house do what [`Kms::bury`] answers. It is
//! the same destruction as the one that fell due, with the same tombstone. What would surprise: an id alone isn't enough. A
//! replica of a multi-Region key may be made again under the id of one that was destroyed, so only a key that is older
//! than the destruction is taken for the destroyed one.

use sealroom_api::ErrorAnswer;
use sealroom_audit::{Effect, Event, EventContext, Resource};
use sealroom_foundation::{Arn, KeyArn, Timestamp};
use serde::Deserialize;

use crate::error::KmsError;
use crate::kms::Kms;
use crate::paths;
use crate::report::SOURCE;

/// The event that the destruction of a key leaves.
pub(crate) const DELETE_KEY: &str = "DeleteKey";

/// A key that the journal knows to be destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destroyed {
    /// The key.
    pub key: KeyArn,
    /// When, by the service clock.
    pub at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_source: &'a str,
    event_name: &'a str,
    event_type: &'a str,
    #[serde(default)]
    error_code: Option<&'a str>,
    #[serde(default, borrow)]
    resources: Vec<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(rename = "ARN")]
    arn: &'a str,
}

/// The key whose destruction a CloudTrail record of the journal tells of; `at` is the time of the record's entry.
#[must_use]
pub fn destroyed_key(record: &[u8], at: Timestamp) -> Option<Destroyed> {
    let record: Record<'_> = serde_json::from_slice(record).ok()?;
    let told = record.event_source == SOURCE
        && record.event_name == DELETE_KEY
        && record.event_type == "AwsServiceEvent"
        && record.error_code.is_none();
    let key = key_arn(record.resources.first().filter(|_| told)?.arn)?;
    Some(Destroyed { key, at })
}

/// Also of an account that no client can name.
fn key_arn(text: &str) -> Option<KeyArn> {
    let arn = Arn::parse(text)?;
    let (region, account) = (arn.region.parse().ok()?, paths::account(arn.account)?);
    Some(KeyArn { region, account, key: arn.resource.strip_prefix("key/")?.parse().ok()? })
}

impl Kms {
    /// Destroys a key that the store brings back although the journal knows that it was destroyed; `None` when it isn't
    /// there, or was made later. `now` is the service's time.
    ///
    /// # Errors
    /// When the store doesn't answer, or the key's rows are damaged.
    pub async fn bury(
        &self,
        destroyed: &Destroyed,
        now: Timestamp,
    ) -> Result<Option<Effect<(), ErrorAnswer>>, ErrorAnswer> {
        self.burial(destroyed, now).await.map_err(|error| error.answer())
    }

    async fn burial(&self, destroyed: &Destroyed, now: Timestamp) -> Result<Option<Effect<(), ErrorAnswer>>, KmsError> {
        let Destroyed { key: arn, at } = *destroyed;
        let Some(key) = self.load(&arn).await?.filter(|key| key.entry.record.created <= at) else { return Ok(None) };
        let batch = self.destruction(&key, None, now).await?;
        let batch = batch.ok_or(KmsError::Fault("a key changed while a restore destroyed it again"))?;
        let context = EventContext::internal(arn.account, arn.region, now);
        let details = format!(r#"{{"destroyedMicros":{}}}"#, at.as_micros());
        let event = Event::service(&context, SOURCE, DELETE_KEY).details(details.into_bytes());
        Ok(Some(Effect::change((), batch, event.resource(Resource::Key(arn)).frees())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

    fn record(source: &str, name: &str, kind: &str, more: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.11","eventSource":"{source}","eventName":"{name}","eventType":"{kind}"{more},
            "resources":[{{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"{ARN}"}}]}}"#
        )
    }

    #[test]
    fn only_the_end_of_a_key_counts() {
        let kms = "kms.amazonaws.com";
        for (text, told) in [
            (record(kms, "DeleteKey", "AwsServiceEvent", ""), true),
            (record(kms, "DeleteKey", "AwsServiceEvent", r#","errorCode":"InternalFailure""#), false),
            (record(kms, "DeleteKey", "AwsApiCall", ""), false),
            (record(kms, "ScheduleKeyDeletion", "AwsApiCall", ""), false),
            (record(kms, "RotateKey", "AwsServiceEvent", ""), false),
            (record("s3.amazonaws.com", "DeleteKey", "AwsServiceEvent", ""), false),
            (
                r#"{"eventSource":"kms.amazonaws.com","eventName":"DeleteKey","eventType":"AwsServiceEvent"}"#.into(),
                false,
            ),
            (String::new(), false),
        ] {
            let at = Timestamp::from_seconds(7);
            let expected = told.then(|| Destroyed { key: key_arn(ARN).unwrap(), at });
            assert_eq!(destroyed_key(text.as_bytes(), at), expected, "{text}");
        }
    }
}
