//! Tables first: published examples, botocore's signatures, every refusal; then what must hold for any input.

mod properties;
mod published;
mod refusals;
mod vectors;

use http::request::{Builder, Parts};
use sealroom_crypto::digest::sha256;
use sealroom_foundation::Timestamp;

use super::{Credentials, Presented, Refusal, Regions, Request, Rules, SigningKey, sign};

const KEY_ID: &str = "AKIDEXAMPLE";
/// The access keys that exist.
const KEY_IDS: [&str; 2] = [KEY_ID, "AKIAIOSFODNN7EXAMPLE"];
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const STAMP: &str = "20150830T123600Z";

/// The rules of the published examples.
const EXAMPLES: Rules<'static> = Rules { service: "service", skew_minutes: 15, regions: Regions::Any };

fn at(stamp: &str) -> Timestamp {
    Timestamp::parse_iso_basic(stamp).unwrap()
}

fn parts(builder: Builder) -> Parts {
    builder.body(()).unwrap().into_parts().0
}

/// Reads and verifies, as identity does for a caller whose secret is `secret`.
fn check(parts: &Parts, body: &[u8], rules: &Rules<'_>, secret: &str, now: Timestamp) -> Result<(), Refusal> {
    let request = Request::from(parts);
    let presented = Presented::read(&request, rules, now)?;
    if !KEY_IDS.contains(&presented.access_key_id()) {
        return Err(Refusal::UnknownKey);
    }
    let key = SigningKey::derive(secret.as_bytes(), presented.date(), presented.region().as_str(), presented.service());
    presented.verify(&request, &sha256(body), &key, &mut Vec::new())
}

/// A request that a KMS client would send, signed with our own signer.
fn signed_encrypt(body: &[u8]) -> Parts {
    let mut parts = parts(
        Builder::new()
            .method("POST")
            .uri("/")
            .header("host", "localhost:4566")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "TrentService.Encrypt"),
    );
    let credentials = Credentials { access_key_id: KEY_ID, secret_access_key: SECRET.as_bytes(), session_token: None };
    sign(&mut parts, body, &credentials, "us-east-1".parse().unwrap(), "kms", at(STAMP)).unwrap();
    parts
}
