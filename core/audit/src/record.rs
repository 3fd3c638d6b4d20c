//! CloudTrail's record shape: an [`Event`] becomes one line of JSON in a buffer that the caller keeps.
//!
//! Members stand in the order of AWS's own records. Long texts are cut, and fragments that would make a record longer
//! than [`RECORD_MAX`] are replaced by an object that says so; what remains is bounded, so every event can be recorded.

use std::io::Write as _;
use std::net::IpAddr;

use sealroom_foundation::{AccountId, EventId, KeyArn, KeyId, Timestamp};

use crate::event::{Additional, Event, Kind, Origin, Resource, TlsDetails};
use crate::json;

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
        if out.len() - start <= RECORD_MAX {
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
    out.extend_from_slice(br#","requestParameters":"#);
    fragment(out, event.request.as_deref(), fragments < Fragments::NoRequest);
    out.extend_from_slice(br#","responseElements":"#);
    fragment(out, event.response.as_deref(), fragments < Fragments::None);
    additional(out, &event.additional, fragments < Fragments::None);
    ids(out, copied);
    resources(out, event);
    tail(out, copied, fragments < Fragments::None);
    out.push(b'}');
}

fn caller(out: &mut Vec<u8>, copied: &Copied<'_>) {
    let (event, context) = (copied.event, &*copied.event.context);
    let identity = if copied.owner.is_some() { &context.identity_elsewhere } else { &context.identity };
    out.extend_from_slice(br#"{"eventVersion":"1.11","userIdentity":"#);
    out.extend_from_slice(identity.as_bytes());
    out.extend_from_slice(br#","eventTime":""#);
    time(out, context.time);
    out.extend_from_slice(br#"","eventSource":"#);
    json::string(out, event.source);
    out.extend_from_slice(br#","eventName":"#);
    json::string(out, event.name);
    out.extend_from_slice(br#","awsRegion":""#);
    out.extend_from_slice(context.region.as_str().as_bytes());
    out.extend_from_slice(br#"","sourceIPAddress":"#);
    origin(out, context.origin);
    out.extend_from_slice(br#","userAgent":"#);
    json::string(out, json::head(&context.user_agent, TEXT_MAX));
}

fn failure(out: &mut Vec<u8>, event: &Event) {
    let Some(failure) = &event.failure else { return };
    out.extend_from_slice(br#","errorCode":"#);
    json::string(out, &failure.code);
    if let Some(message) = &failure.message {
        out.extend_from_slice(br#","errorMessage":"#);
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
    const NAME: &[u8] = br#","additionalEventData":"#;
    match additional {
        Additional::None | Additional::KeyMaterials(None, None) => {}
        Additional::KeyMaterial(material) => {
            out.extend_from_slice(NAME);
            out.extend_from_slice(br#"{"keyMaterialId":""#);
            json::hex(out, material.as_bytes());
            out.extend_from_slice(br#""}"#);
        }
        Additional::KeyMaterials(from, to) => {
            out.extend_from_slice(NAME);
            let named = [(&br#""sourceKeyMaterialId":""#[..], from), (&br#""destinationKeyMaterialId":""#[..], to)];
            let mut open = b'{';
            for (name, material) in named.iter().filter_map(|(name, id)| id.map(|id| (name, id))) {
                out.push(open);
                out.extend_from_slice(name);
                json::hex(out, material.as_bytes());
                out.push(b'"');
                open = b',';
            }
            out.push(b'}');
        }
        Additional::Json(json) => {
            out.extend_from_slice(NAME);
            fragment(out, Some(json), wanted);
        }
    }
}

fn ids(out: &mut Vec<u8>, copied: &Copied<'_>) {
    let event = copied.event;
    if let Some(request) = &event.context.request {
        out.extend_from_slice(br#","requestID":""#);
        json::uuid(out, request.as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(br#","eventID":""#);
    json::uuid(out, copied.id.as_bytes());
    out.extend_from_slice(if event.read_only { br#"","readOnly":true"# } else { br#"","readOnly":false"# });
}

fn resources(out: &mut Vec<u8>, event: &Event) {
    let Some(first) = &event.resource else { return };
    out.extend_from_slice(br#","resources":["#);
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
            out.extend_from_slice(br#"{"accountId":""#);
            out.extend_from_slice(key.account.as_str().as_bytes());
            out.extend_from_slice(br#"","type":"AWS::KMS::Key","ARN":""#);
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
    let kind: &[u8] = match event.kind {
        Kind::Call => br#","eventType":"AwsApiCall""#,
        Kind::Service(_) => br#","eventType":"AwsServiceEvent""#,
    };
    out.extend_from_slice(kind);
    out.extend_from_slice(br#","managementEvent":true,"recipientAccountId":""#);
    out.extend_from_slice(copied.owner.unwrap_or(context.recipient).as_str().as_bytes());
    out.push(b'"');
    if let Kind::Service(Some(details)) = &event.kind {
        out.extend_from_slice(br#","serviceEventDetails":"#);
        fragment(out, Some(details), wanted);
    }
    if let Some(shared) = &copied.shared {
        out.extend_from_slice(br#","sharedEventID":""#);
        json::uuid(out, shared.as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(br#","eventCategory":"Management""#);
    if let Some(details) = &context.tls {
        tls(out, details);
    }
}

fn tls(out: &mut Vec<u8>, details: &TlsDetails) {
    out.extend_from_slice(br#","tlsDetails":{"tlsVersion":"#);
    json::string(out, &details.version);
    out.extend_from_slice(br#","cipherSuite":"#);
    json::string(out, &details.cipher_suite);
    out.extend_from_slice(br#","clientProvidedHostHeader":"#);
    json::string(out, json::head(&details.host, TEXT_MAX));
    if let Some(exchange) = &details.key_exchange {
        out.extend_from_slice(br#","keyExchange":"#);
        json::string(out, exchange);
    }
    out.push(b'}');
}

fn origin(out: &mut Vec<u8>, origin: Origin) {
    match origin {
        Origin::Service(name) => json::string(out, name),
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

/// `2026-09-12T06:21:24Z`.
fn time(out: &mut Vec<u8>, moment: Timestamp) {
    let civil = moment.civil();
    let parts = [
        (civil.year, 4, b'-'),
        (civil.month, 2, b'-'),
        (civil.day, 2, b'T'),
        (civil.hour, 2, b':'),
        (civil.minute, 2, b':'),
        (civil.second, 2, b'Z'),
    ];
    for (number, width, after) in parts {
        // INVARIANT: no part of a moment between the years 1 and 9999 is negative.
        json::decimal(out, number.unsigned_abs(), width);
        out.push(after);
    }
}

fn key_arn(out: &mut Vec<u8>, arn: &KeyArn) {
    out.extend_from_slice(b"arn:");
    out.extend_from_slice(arn.region.partition().as_str().as_bytes());
    out.extend_from_slice(b":kms:");
    out.extend_from_slice(arn.region.as_str().as_bytes());
    out.push(b':');
    out.extend_from_slice(arn.account.as_str().as_bytes());
    out.extend_from_slice(b":key/");
    key_id(out, arn.key);
}

fn key_id(out: &mut Vec<u8>, key: KeyId) {
    if key.is_multi_region() {
        out.extend_from_slice(b"mrk-");
        json::hex(out, &key.to_bytes());
    } else {
        json::uuid(out, &key.to_bytes());
    }
}

#[cfg(test)]
mod tests;
