//! The rows of this room: where they lie and what they say. Version 1 of each.
//!
//! ```text
//! identity / platform / global / account    / <12 digits>     AccountRecord
//! identity / platform / global / access-key / <access key id> AccessKeyRecord
//! identity / platform / global / control / <account> / scp | rcp / <name in lower case>   ControlRecord
//! ```
//!
//! Accounts and access keys lie under `platform`, because an access key is looked up before anyone knows its account. The
//! rows of an account's users, groups, roles and policies: [`entity`].

pub(crate) mod entity;

use sealroom_foundation::{AccessKeyId, AccountId, Timestamp};
use sealroom_store::KeyPath;
use serde::{Deserialize, Serialize};

/// The newest version that is written; older ones, down to one less, are read.
const VERSION: u16 = 1;

const ROOM: &str = "identity";
const ACCOUNT: &str = "account";
const ACCESS_KEY: &str = "access-key";

/// The room's prefix.
pub(crate) fn root() -> KeyPath {
    KeyPath::build(ROOM)
}

fn kind(kind: &str) -> KeyPath {
    KeyPath::build(ROOM).text(AccountId::platform().as_str()).text("global").text(kind)
}

/// All accounts.
pub(crate) fn accounts() -> KeyPath {
    kind(ACCOUNT)
}

/// One account.
pub(crate) fn account(account: AccountId) -> KeyPath {
    accounts().text(account.as_str())
}

/// All access keys.
pub(crate) fn access_keys() -> KeyPath {
    kind(ACCESS_KEY)
}

/// One access key.
pub(crate) fn access_key(id: AccessKeyId) -> KeyPath {
    access_keys().text(id.as_str())
}

/// The access key whose row `path` is.
pub(crate) fn access_key_of(path: &KeyPath) -> Option<AccessKeyId> {
    let id = path.starts_with(&kind(ACCESS_KEY)).then(|| path.segment_text(4))??;
    id.parse().ok()
}

/// The account whose row `path` is.
pub(crate) fn account_of(path: &KeyPath) -> Option<AccountId> {
    let id = path.starts_with(&accounts()).then(|| path.segment_text(4))??;
    id.parse().ok()
}

/// The two kinds of control policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ControlKind {
    /// Around the principals of an account.
    Service,
    /// Around its resources.
    Resource,
}

impl ControlKind {
    pub(crate) const ALL: [Self; 2] = [Self::Service, Self::Resource];

    fn as_str(self) -> &'static str {
        match self {
            Self::Service => "scp",
            Self::Resource => "rcp",
        }
    }
}

/// The control policies of all accounts.
pub(crate) fn controls() -> KeyPath {
    kind("control")
}

/// An account's control policies of a kind.
pub(crate) fn controls_of(account: AccountId, kind: ControlKind) -> KeyPath {
    controls().text(account.as_str()).text(kind.as_str())
}

/// A control policy by its name, in whatever case.
pub(crate) fn control(account: AccountId, kind: ControlKind, name: &str) -> KeyPath {
    controls_of(account, kind).text(&name.to_lowercase())
}

/// The account and kind of the control policy whose row `path` is.
pub(crate) fn control_of(path: &KeyPath) -> Option<(AccountId, ControlKind)> {
    let below = path.starts_with(&controls()).then(|| (path.segment_text(4), path.segment_text(5)))?;
    let kind = ControlKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == below.1.as_deref())?;
    Some((below.0?.parse().ok()?, kind))
}

/// A control policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlRecord {
    v: u16,
    /// As it was written.
    pub(crate) name: String,
    pub(crate) document: String,
}

impl ControlRecord {
    pub(crate) fn new(name: &str, document: &str) -> Self {
        Self { v: VERSION, name: name.to_owned(), document: document.to_owned() }
    }
}

impl entity::Versioned for ControlRecord {
    fn version(&self) -> u16 {
        self.v
    }
}

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRecord {
    v: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    created_micros: i64,
}

/// An access key of an account's root user, or of a user. The secret is sealed for `Purpose::AccessKeySecret`, bound to
/// the access key id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessKeyRecord {
    v: u16,
    account: String,
    sealed_secret: String,
    created_micros: i64,
    /// The unique id of the user; `None` for the root user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Whether its user, or who administers it, switched it off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) inactive: bool,
}

impl AccountRecord {
    pub(crate) fn new(name: Option<String>, created: Timestamp) -> Self {
        Self { v: VERSION, name, created_micros: created.as_micros() }
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::from_micros(self.created_micros)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// `None` when the bytes are no record of a version that this program reads.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|record: &Self| record.v == VERSION)
    }
}

impl AccessKeyRecord {
    pub(crate) fn new(account: AccountId, sealed_secret: &[u8], created: Timestamp) -> Self {
        let sealed_secret = base64_simd::STANDARD.encode_to_string(sealed_secret);
        let (account, created_micros) = (account.to_string(), created.as_micros());
        Self { v: VERSION, account, sealed_secret, created_micros, user: None, inactive: false }
    }

    /// The same as the key of the user with that unique id.
    pub(crate) fn of_user(self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self }
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::from_micros(self.created_micros)
    }

    /// The same with its secret sealed anew.
    pub(crate) fn with_secret(self, sealed_secret: &[u8]) -> Self {
        Self { sealed_secret: base64_simd::STANDARD.encode_to_string(sealed_secret), ..self }
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        self.account.parse().ok()
    }

    pub(crate) fn sealed_secret(&self) -> Option<Vec<u8>> {
        base64_simd::STANDARD.decode_to_vec(&self.sealed_secret).ok()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// `None` when the bytes are no record of a version that this program reads.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|record: &Self| record.v == VERSION)
    }
}

pub(crate) fn encode(record: &impl Serialize) -> Vec<u8> {
    // INVARIANT: structs of numbers and strings always serialise; an empty row would be refused when it is read.
    serde_json::to_vec(record).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_version_open_for_ever() {
        let account = include_bytes!("../tests/records/v1/account.json");
        let record = AccountRecord::decode(account.trim_ascii()).unwrap();
        assert_eq!(record, AccountRecord::new(Some("Payments".to_owned()), Timestamp::from_seconds(1_789_194_084)));
        assert_eq!(record.encode(), account.trim_ascii());

        let key = include_bytes!("../tests/records/v1/access-key.json");
        let record = AccessKeyRecord::decode(key.trim_ascii()).unwrap();
        let owner = "111122223333".parse().unwrap();
        assert_eq!(record, AccessKeyRecord::new(owner, b"sealed bytes", Timestamp::from_seconds(1_789_194_084)));
        assert_eq!(record.encode(), key.trim_ascii());

        let key = include_bytes!("../tests/records/v1/user-access-key.json");
        let record = AccessKeyRecord::decode(key.trim_ascii()).unwrap();
        let whose = AccessKeyRecord::new(owner, b"sealed bytes", Timestamp::from_seconds(1_789_194_084));
        assert_eq!(record, AccessKeyRecord { inactive: true, ..whose.of_user("AIDA0000000000000USER") });
        assert_eq!(record.encode(), key.trim_ascii());
    }

    #[test]
    fn records_of_another_version_are_refused() {
        let newer = br#"{"v":2,"created_micros":0}"#;
        assert_eq!(AccountRecord::decode(newer), None);
        assert_eq!(AccountRecord::decode(b""), None);
        assert_eq!(AccessKeyRecord::decode(b"{}"), None);
    }

    #[test]
    fn paths_and_ids_agree() {
        let id: AccessKeyId = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        assert_eq!(access_key_of(&access_key(id)), Some(id));
        assert_eq!(account_of(&access_key(id)), None);
        let owner: AccountId = "111122223333".parse().unwrap();
        assert_eq!(account_of(&account(owner)), Some(owner));
        assert_eq!(access_key_of(&account(owner)), None);
        assert!(account(owner).starts_with(&root()));
        for kind in ControlKind::ALL {
            assert_eq!(control_of(&control(owner, kind, "DenyAll")), Some((owner, kind)));
        }
        assert_eq!(control_of(&account(owner)), None);
    }
}
