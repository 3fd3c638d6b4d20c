//! Temporary credentials: what a session token holds, and how it is sealed.
//!
//! Nothing is stored: a token carries its own secret access key and everything that the session is, sealed for
//! [`Purpose::SessionToken`] and bound to its access key id. So it survives restarts and works on every node, and nobody can read
//! or make one. It can't be taken back either; what the session may do is decided anew at each call, by the policies of
//! the user or role as they are then (a policy that denies by `aws:TokenIssueTime` ends older sessions, as in AWS).
//!
//! ```text
//! base64( version byte | seal( 30 bytes of the secret access key | SessionRecord as JSON ) )
//! ```

use std::sync::Arc;

use sealroom_authz::{AttachedPolicy, Policy, PolicyKind};
use sealroom_foundation::ports::{Purpose, Seal};
use sealroom_foundation::{AccessKeyId, AccountId, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::draw::{SECRET_BYTES, secret_text};
use crate::records::entity::{PolicyRef, TagRecord};

const VERSION: u8 = 1;
/// What a session's inline policy is called when it is blamed.
const INLINE: &str = "session policy";

/// Who a session is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bearer {
    /// GetSessionToken by an account's root user.
    Root,
    /// GetSessionToken by a user.
    User {
        /// `AIDA…`
        id: String,
    },
    /// AssumeRole.
    Role {
        /// `AROA…`
        id: String,
        /// The session's name.
        session: String,
    },
    /// GetFederationToken by a user.
    Federated {
        /// The user's id.
        id: String,
        /// The federated user's name.
        name: String,
    },
}

/// What a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRecord {
    account: String,
    pub(crate) bearer: Bearer,
    issued_micros: i64,
    expires_micros: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policy_arns: Vec<PolicyRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    /// The keys of tags that go on to roles which the session assumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) transitive: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_identity: Option<String>,
}

impl SessionRecord {
    pub(crate) fn new(account: AccountId, bearer: Bearer, issued: Timestamp, seconds: i64) -> Self {
        Self {
            account: account.to_string(),
            bearer,
            issued_micros: issued.as_micros(),
            expires_micros: issued.plus_seconds(seconds).as_micros(),
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive: Vec::new(),
            source_identity: None,
        }
    }

    pub(crate) fn issued(&self) -> Timestamp {
        Timestamp::from_micros(self.issued_micros)
    }

    pub(crate) fn expires(&self) -> Timestamp {
        Timestamp::from_micros(self.expires_micros)
    }

    /// The tags that go on to roles which the session assumes.
    pub(crate) fn transitive_tags(&self) -> impl Iterator<Item = &TagRecord> {
        let goes_on = |tag: &&TagRecord| self.transitive.iter().any(|key| key.eq_ignore_ascii_case(&tag.key));
        self.tags.iter().filter(goes_on)
    }
}

/// A session as it is kept while it is in use.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) record: SessionRecord,
    /// The inline policy, compiled.
    pub(crate) policy: Option<AttachedPolicy>,
    /// As it is sent.
    pub(crate) token: Box<str>,
}

impl Session {
    /// Whether policies of its own limit it.
    pub(crate) fn is_limited(&self) -> bool {
        self.policy.is_some() || !self.record.policy_arns.is_empty()
    }
}

/// Seals a session: the token for its access key `id`, whose secret these bytes are.
pub(crate) fn seal(
    seal: &dyn Seal,
    id: AccessKeyId,
    secret: &Secret<[u8; SECRET_BYTES]>,
    record: &SessionRecord,
) -> Secret<[u8]> {
    let mut plain = secret.expose().to_vec();
    plain.reserve_exact(1_024);
    plain.extend_from_slice(&crate::records::encode(record));
    let plain = Secret::from_vec(plain);
    let mut token = vec![VERSION];
    token.extend(seal.seal(Purpose::SessionToken, id.as_str().as_bytes(), plain.expose()));
    Secret::from_vec(base64_simd::STANDARD.encode_type::<Vec<u8>>(&token))
}

/// Opens a token that came with the access key `id`: the session and its secret access key. `None` for whatever [`seal`]
/// didn't make for that access key.
pub(crate) fn open(seal: &dyn Seal, id: AccessKeyId, token: &str) -> Option<(Session, Secret<[u8]>)> {
    let bytes = base64_simd::STANDARD.decode_to_vec(token).ok()?;
    let (&[VERSION], sealed) = bytes.split_first_chunk::<1>()? else { return None };
    let plain = seal.open(Purpose::SessionToken, id.as_str().as_bytes(), sealed).ok()?;
    let (secret, record) = plain.expose().split_first_chunk::<SECRET_BYTES>()?;
    let record: SessionRecord = serde_json::from_slice(record).ok()?;
    let policy = match &record.policy {
        None => None,
        Some(text) => {
            let policy = Arc::new(Policy::parse_stored(text, PolicyKind::Identity).ok()?);
            Some(AttachedPolicy { name: INLINE.into(), policy })
        }
    };
    let account = record.account.parse().ok()?;
    Some((Session { account, record, policy, token: token.into() }, secret_text(secret)))
}
