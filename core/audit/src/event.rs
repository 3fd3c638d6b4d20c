//! What happened, in the parts of a CloudTrail record: what all events of a call share, and what one event adds.
//!
//! An [`Event`] takes typed fields and JSON fragments. A fragment is already redacted by the room that hands it in: no
//! plaintext, ciphertext, message, signature, key material, grant or session token may stand in one. There is
//! deliberately no way to give an event a byte string, a `Secret` or a value to serialise. This module formats
//! nothing (`record` does) and draws no ids (the journal does).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use sealroom_foundation::{AccountId, KeyArn, MaterialId, Region, RequestId, Timestamp};

use crate::packed::Packed;

/// What all events of one call share. Made once per call, by the room that knows the caller.
#[derive(Debug)]
pub struct EventContext {
    /// `userIdentity`: a JSON object.
    pub identity: Packed,
    /// `userIdentity` in the copy that another account gets of a shared event: a JSON object that tells the caller's
    /// account and principal id, no more.
    pub identity_elsewhere: Packed,
    /// `sourceIPAddress`.
    pub origin: Origin,
    /// `userAgent`, as sent. LIMIT: its first 1,024 bytes are recorded.
    pub user_agent: Arc<str>,
    /// `awsRegion`: where the call was made.
    pub region: Region,
    /// `requestID`; service events have none.
    pub request: Option<RequestId>,
    /// `tlsDetails`; `None` for a call without TLS.
    pub tls: Option<Arc<TlsDetails>>,
    /// `eventTime`: the service clock when the call began.
    pub time: Timestamp,
    /// `recipientAccountId`: the account of the caller.
    pub recipient: AccountId,
}

impl EventContext {
    /// What the service itself does on `recipient`'s resources, as AWS records it: `AWS Internal` throughout.
    #[must_use]
    pub fn internal(recipient: AccountId, region: Region, time: Timestamp) -> Arc<Self> {
        let identity = Packed::of_json(&format!(r#"{{"accountId":"{recipient}","invokedBy":"AWS Internal"}}"#));
        Arc::new(Self {
            identity_elsewhere: identity.clone(),
            identity,
            origin: Origin::Service("AWS Internal"),
            user_agent: Arc::from("AWS Internal"),
            region,
            request: None,
            tls: None,
            time,
            recipient,
        })
    }
}

/// Where a call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The peer's address.
    Address(IpAddr),
    /// A service that called on somebody's behalf (`s3.amazonaws.com`), or `AWS Internal`.
    Service(&'static str),
}

/// `tlsDetails`. Made once per connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsDetails {
    /// `tlsVersion`, such as `TLSv1.3`.
    pub version: Cow<'static, str>,
    /// `cipherSuite`, such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: Cow<'static, str>,
    /// `keyExchange`, such as `X25519MLKEM768`.
    pub key_exchange: Option<Cow<'static, str>>,
    /// `clientProvidedHostHeader`. LIMIT: its first 1,024 bytes are recorded.
    pub host: Arc<str>,
}

/// One entry of `resources`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A KMS key, typed `AWS::KMS::Key`.
    Key(KeyArn),
    /// Anything else.
    Other {
        /// `accountId`; some types have none.
        account: Option<AccountId>,
        /// `type`, such as `AWS::IAM::Role`.
        kind: &'static str,
        /// `ARN`.
        arn: Box<str>,
    },
}

/// `additionalEventData`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Additional {
    /// The member is left out.
    #[default]
    None,
    /// `{"keyMaterialId": …}`.
    KeyMaterial(MaterialId),
    /// `{"sourceKeyMaterialId": …, "destinationKeyMaterialId": …}`, of symmetric keys only.
    KeyMaterials(Option<MaterialId>, Option<MaterialId>),
    /// A redacted JSON object.
    Json(Vec<u8>),
}

/// Which of CloudTrail's kinds of management event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `AwsApiCall`.
    Call,
    /// `AwsServiceEvent`, with `serviceEventDetails` as a redacted JSON object.
    Service(Option<Vec<u8>>),
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Option<Box<str>>,
}

/// One event: a call or something the service did. Built in a chain, then handed to an [`crate::Effect`].
///
/// JSON fragments are objects that hold nothing secret; see the head of this module.
#[derive(Debug, Clone)]
pub struct Event {
    pub(crate) context: Arc<EventContext>,
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    pub(crate) read_only: bool,
    pub(crate) kind: Kind,
    pub(crate) failure: Option<Failure>,
    pub(crate) request: Option<Vec<u8>>,
    pub(crate) response: Option<Vec<u8>>,
    pub(crate) additional: Additional,
    pub(crate) resource: Option<Resource>,
    pub(crate) more_resources: Vec<Resource>,
    pub(crate) shared_with: Option<AccountId>,
    pub(crate) frees: bool,
    pub(crate) uses: bool,
}

impl Event {
    /// A call of operation `name` (`Encrypt`) of the service `source` (`kms.amazonaws.com`). Parameters and elements
    /// are `null` until they are given.
    #[must_use]
    pub fn call(context: &Arc<EventContext>, source: &'static str, name: &'static str, read_only: bool) -> Self {
        Self {
            context: Arc::clone(context),
            source,
            name,
            read_only,
            kind: Kind::Call,
            failure: None,
            request: None,
            response: None,
            additional: Additional::None,
            resource: None,
            more_resources: Vec::new(),
            shared_with: None,
            frees: false,
            uses: false,
        }
    }

    /// What the service did by itself (`DeleteKey`, `RotateKey`): an `AwsServiceEvent`, never read-only.
    #[must_use]
    pub fn service(context: &Arc<EventContext>, source: &'static str, name: &'static str) -> Self {
        Self { kind: Kind::Service(None), ..Self::call(context, source, name, false) }
    }

    /// `serviceEventDetails`, as a JSON object. Makes the event a service event.
    #[must_use]
    pub fn details(self, json: Vec<u8>) -> Self {
        Self { kind: Kind::Service(Some(json)), ..self }
    }

    /// `requestParameters`, as a JSON object: the generated `audit_parameters()` of the input.
    #[must_use]
    pub fn request(self, json: Vec<u8>) -> Self {
        Self { request: Some(json), ..self }
    }

    /// `responseElements`, as a JSON object: the generated `audit_elements()` of the output.
    #[must_use]
    pub fn response(self, json: Vec<u8>) -> Self {
        Self { response: Some(json), ..self }
    }

    /// `additionalEventData`, as a JSON object.
    #[must_use]
    pub fn additional(self, json: Vec<u8>) -> Self {
        Self { additional: Additional::Json(json), ..self }
    }

    /// `additionalEventData.keyMaterialId`, of a symmetric key.
    #[must_use]
    pub fn key_material(self, material: MaterialId) -> Self {
        Self { additional: Additional::KeyMaterial(material), ..self }
    }

    /// `additionalEventData.sourceKeyMaterialId` and `destinationKeyMaterialId` of a `ReEncrypt`; `None` for keys that
    /// aren't symmetric.
    #[must_use]
    pub fn key_materials(self, from: Option<MaterialId>, to: Option<MaterialId>) -> Self {
        Self { additional: Additional::KeyMaterials(from, to), ..self }
    }

    /// Adds an entry to `resources`; without one the member is left out.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        if self.resource.is_none() {
            return Self { resource: Some(resource), ..self };
        }
        self.more_resources.push(resource);
        self
    }

    /// `errorCode` and `errorMessage`; an error without a message has no `errorMessage`. LIMIT: the first 1,024 bytes
    /// of the message are recorded.
    #[must_use]
    pub fn error(self, code: impl Into<Cow<'static, str>>, message: Option<&str>) -> Self {
        let message = message.map(|text| Box::from(crate::json::head(text, crate::record::TEXT_MAX)));
        Self { failure: Some(Failure { code: code.into(), message }), ..self }
    }

    /// Another account owns the resource and gets its own copy; the two records carry one `sharedEventID`. Without
    /// effect when `owner` is the caller's own account.
    #[must_use]
    pub fn shared_with(self, owner: AccountId) -> Self {
        let shared_with = (owner != self.context.recipient).then_some(owner);
        Self { shared_with, ..self }
    }

    /// Marks a call that frees space or takes rights away: it may use what is kept of the disk for such calls.
    #[must_use]
    pub fn frees(self) -> Self {
        Self { frees: true, ..self }
    }

    /// Marks a call that used the keys among its resources: see [`crate::Journal::take_uses`].
    #[must_use]
    pub fn uses(self) -> Self {
        Self { uses: true, ..self }
    }

    /// The keys among its resources.
    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyArn> {
        self.resource.iter().chain(&self.more_resources).filter_map(|resource| match resource {
            Resource::Key(key) => Some(*key),
            Resource::Other { .. } => None,
        })
    }
}

/// The events of one effect: at least one.
#[derive(Debug, Clone)]
pub struct Events {
    first: Event,
    more: Vec<Event>,
}

impl Events {
    /// Adds one (`UpdatePrimaryRegion` is recorded in two Regions).
    #[must_use]
    pub fn and(mut self, event: Event) -> Self {
        self.more.push(event);
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Event> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// Whether every one of them frees space or takes rights away.
    pub(crate) fn free(&self) -> bool {
        self.iter().all(|event| event.frees)
    }
}

impl From<Event> for Events {
    fn from(first: Event) -> Self {
        Self { first, more: Vec::new() }
    }
}
