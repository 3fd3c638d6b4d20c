//! What this room's own records in the journal say, read back: whose event it is, of which kind, about which keys.
//!
//! It reads CloudTrail's shape, as `audit` writes it, and decides nothing: what follows from a destruction is `bury`'s
//! affair, and from a use `usage`'s.

use sealroom_foundation::{Arn, KeyArn};
use serde::Deserialize;

use crate::paths;
use crate::report::SOURCE;

/// A record of a KMS event that succeeded.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told<'a> {
    event_source: &'a str,
    #[serde(rename = "eventName")]
    pub(crate) name: &'a str,
    #[serde(rename = "eventType")]
    pub(crate) kind: &'a str,
    #[serde(default)]
    error_code: Option<&'a str>,
    #[serde(default, rename = "eventID")]
    pub(crate) event: &'a str,
    #[serde(default, rename = "requestID")]
    pub(crate) request: Option<&'a str>,
    /// The account that has this copy of it.
    #[serde(default, rename = "recipientAccountId")]
    pub(crate) recipient: &'a str,
    #[serde(default, borrow)]
    resources: Vec<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(rename = "ARN")]
    arn: &'a str,
}

impl<'a> Told<'a> {
    /// Reads a record; `None` for another service's, for a refusal, and for what is no record.
    pub(crate) fn read(record: &'a [u8]) -> Option<Self> {
        let told: Self = serde_json::from_slice(record).ok()?;
        (told.event_source == SOURCE && told.error_code.is_none()).then_some(told)
    }

    /// The keys among its resources, also of an account that no client can name.
    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyArn> + '_ {
        self.resources.iter().filter_map(|named| key_arn(named.arn))
    }
}

pub(crate) fn key_arn(text: &str) -> Option<KeyArn> {
    let arn = Arn::parse(text)?;
    let (region, account) = (arn.region.parse().ok()?, paths::account(arn.account)?);
    Some(KeyArn { region, account, key: arn.resource.strip_prefix("key/")?.parse().ok()? })
}
