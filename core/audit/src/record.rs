//! CloudTrail's record shape: an [`Event`] becomes one line of JSON, packed, in a buffer that the caller keeps.
//!
//! Members stand in the order of AWS's own records. Long texts are cut, and fragments that would make a record longer
//! than [`RECORD_MAX`] are replaced by an object that says so; what remains is bounded, so every event can be recorded.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use sealroom_foundation::{AccountId, EventId, KeyArn, Partition};

use crate::event::{Additional, Event, Kind, Origin, Resource, TlsDetails};
use crate::json;
use crate::packed::{self, Word, word};

/// LIMIT: bytes of one record.
pub(crate) const RECORD_MAX: usize = 256 * 1024;
/// LIMIT: bytes of a text such as `errorMessage` or `userAgent`; the rest is cut, as CloudTrail does.
pub(crate) const TEXT_MAX: usize = 1024;

/// Which account's copy of an event, and the ids that stand in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copied<'a> {
    pub(crate) event: &'a Event,
    pub(crate) id: EventId,
    /// The id that both copies of a cross-account event carry.
    pub(crate) shared: Option<EventId>,
    /// `None`: the caller's own copy.
    pub(crate) owner: Option<AccountId>,
}

/// The record is longer than [`RECORD_MAX`] even without its fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// How many of an event's fragments are written, from all to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fragments {
    All,
    NoRequest,
    None,
}

/// Appends the record to `out`; leaves `out` as it was when it can't.
pub(crate) fn write(out: &mut Vec<u8>, copied: &Copied<'_>) -> Result<(), TooLong> {
    let start = out.len();
    for fragments in [Fragments::All, Fragments::NoRequest, Fragments::None] {
        whole(out, copied, fragments);
        if out.get(start..).is_some_and(packed::fits) {
            return Ok(());
        }
        out.truncate(start);
    }
    Err(TooLong)
}

fn whole(out: &mut Vec<u8>, copied: &Copied<'_>, fragments: Fragments) {
    let event = copied.event;
    caller(out, copied);
    failure(out, event);
    word(out, Word::Request);
    fragment(out, event.request.as_deref(), fragments < Fragments::NoRequest);
    if event.response.is_some() {
        word(out, Word::Response);
        fragment(out, event.response.as_deref(), fragments < Fragments::None);
    } else {
        word(out, Word::NoResponse);
    }
    additional(out, &event.additional, fragments < Fragments::None);
    ids(out, copied);
    resources(out, event);
    tail(out, copied, fragments < Fragments::None);
    out.push(b'}');
}

fn caller(out: &mut Vec<u8>, copied: &Copied<'_>) {
    let (event, context) = (copied.event, &*copied.event.context);
    let identity = if copied.owner.is_some() { &context.identity_elsewhere } else { &context.identity };
    word(out, Word::Start);
    out.extend_from_slice(identity.as_bytes());
    word(out, Word::Time);
    packed::time(out, context.time);
    word(out, Word::Source);
    match event.source {
        "kms.amazonaws.com" => word(out, Word::Kms),
        other => json::string(out, other),
    }
    word(out, Word::Name);
    json::string(out, event.name);
    word(out, Word::Region);
    out.extend_from_slice(context.region.as_str().as_bytes());
    word(out, Word::Address);
    origin(out, context.origin);
    word(out, Word::Agent);
    json::string(out, json::head(&context.user_agent, TEXT_MAX));
}

fn failure(out: &mut Vec<u8>, event: &Event) {
    let Some(failure) = &event.failure else { return };
    word(out, Word::ErrorCode);
    json::string(out, &failure.code);
    if let Some(message) = &failure.message {
        word(out, Word::ErrorMessage);
        json::string(out, message);
    }
}

/// A fragment, `null`, or, when it isn't `wanted`, an object that tells what was left out.
fn fragment(out: &mut Vec<u8>, json: Option<&[u8]>, wanted: bool) {
    match json {
        None => out.extend_from_slice(b"null"),
        Some(json) if wanted => out.extend_from_slice(json),
        Some(json) => {
            out.extend_from_slice(br#"{"omitted":true,"originalSize":"#);
            json::decimal(out, json.len() as u64, 1);
            out.extend_from_slice(br#","reason":"the record would be longer than 262144 bytes"}"#);
        }
    }
}

fn additional(out: &mut Vec<u8>, additional: &Additional, wanted: bool) {
    match additional {
        Additional::None | Additional::KeyMaterials(None, None) => {}
        Additional::KeyMaterial(material) => {
            word(out, Word::Additional);
            word(out, Word::Material);
            packed::hex_32(out, material.as_bytes());
            out.extend_from_slice(br#""}"#);
        }
        Additional::KeyMaterials(from, to) => {
            word(out, Word::Additional);
            let named = [(&br#""sourceKeyMaterialId":""#[..], from), (&br#""destinationKeyMaterialId":""#[..], to)];
            let mut open = b'{';
            for (name, material) in named.iter().filter_map(|(name, id)| id.map(|id| (name, id))) {
                out.push(open);
                out.extend_from_slice(name);
                packed::hex_32(out, material.as_bytes());
                out.push(b'"');
                open = b',';
            }
            out.push(b'}');
        }
        Additional::Json(json) => {
            word(out, Word::Additional);
            fragment(out, Some(json), wanted);
        }
    }
}

fn ids(out: &mut Vec<u8>, copied: &Copied<'_>) {
    let event = copied.event;
    if let Some(request) = &event.context.request {
        word(out, Word::RequestId);
        packed::uuid(out, request.as_bytes());
        word(out, Word::EventId);
    } else {
        out.extend_from_slice(br#","eventID":""#);
    }
    packed::uuid(out, copied.id.as_bytes());
    word(out, if event.read_only { Word::ReadOnly } else { Word::Mutating });
}

fn resources(out: &mut Vec<u8>, event: &Event) {
    let Some(first) = &event.resource else { return };
    word(out, Word::Resources);
    resource(out, first);
    for another in &event.more_resources {
        out.push(b',');
        resource(out, another);
    }
    out.push(b']');
}

fn resource(out: &mut Vec<u8>, resource: &Resource) {
    match resource {
        Resource::Key(key) => {
            word(out, Word::ResourceAccount);
            packed::account(out, key.account);
            word(out, Word::KeyType);
            key_arn(out, key);
            out.extend_from_slice(br#""}"#);
        }
        Resource::Other { account, kind, arn } => {
            out.push(b'{');
            if let Some(account) = account {
                out.extend_from_slice(br#""accountId":""#);
                out.extend_from_slice(account.as_str().as_bytes());
                out.extend_from_slice(br#"","#);
            }
            out.extend_from_slice(br#""type":"#);
            json::string(out, kind);
            out.extend_from_slice(br#","ARN":"#);
            json::string(out, arn);
            out.push(b'}');
        }
    }
}

fn tail(out: &mut Vec<u8>, copied: &Copied<'_>, wanted: bool) {
    let (event, context) = (copied.event, &*copied.event.context);
    word(out, if event.kind == Kind::Call { Word::Call } else { Word::Service });
    word(out, Word::Recipient);
    packed::account(out, copied.owner.unwrap_or(context.recipient));
    out.push(b'"');
    if let Kind::Service(Some(details)) = &event.kind {
        out.extend_from_slice(br#","serviceEventDetails":"#);
        fragment(out, Some(details), wanted);
    }
    if let Some(shared) = &copied.shared {
        word(out, Word::Shared);
        packed::uuid(out, shared.as_bytes());
        out.push(b'"');
    }
    word(out, Word::Category);
    if let Some(details) = &context.tls {
        tls(out, details);
    }
}

fn tls(out: &mut Vec<u8>, details: &TlsDetails) {
    word(out, Word::Tls);
    json::string(out, &details.version);
    word(out, Word::Cipher);
    json::string(out, &details.cipher_suite);
    word(out, Word::Host);
    json::string(out, json::head(&details.host, TEXT_MAX));
    if let Some(exchange) = &details.key_exchange {
        word(out, Word::Exchange);
        json::string(out, exchange);
    }
    out.push(b'}');
}

fn origin(out: &mut Vec<u8>, origin: Origin) {
    match origin {
        Origin::Service(name) => json::string(out, name),
        Origin::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)) => word(out, Word::Local),
        Origin::Address(IpAddr::V4(address)) => {
            let mut before = b'"';
            for octet in address.octets() {
                out.push(before);
                json::decimal(out, u64::from(octet), 1);
                before = b'.';
            }
            out.push(b'"');
        }
        Origin::Address(IpAddr::V6(address)) => {
            // INVARIANT: writing to a vector doesn't fail, and an address holds nothing to escape.
            let _ = write!(out, "\"{address}\"");
        }
    }
}

fn key_arn(out: &mut Vec<u8>, arn: &KeyArn) {
    match arn.region.partition() {
        Partition::Aws => word(out, Word::KeyArn),
        other => {
            out.extend_from_slice(b"arn:");
            out.extend_from_slice(other.as_str().as_bytes());
            out.extend_from_slice(b":kms:");
        }
    }
    out.extend_from_slice(arn.region.as_str().as_bytes());
    out.push(b':');
    packed::account(out, arn.account);
    word(out, Word::Key);
    if arn.key.is_multi_region() {
        out.extend_from_slice(b"mrk-");
        packed::hex_16(out, &arn.key.to_bytes());
    } else {
        packed::uuid(out, &arn.key.to_bytes());
    }
}

#[cfg(test)]
mod tests;
