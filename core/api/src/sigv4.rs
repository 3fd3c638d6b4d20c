//! AWS Signature Version 4: what a request presents, whether it holds, and how to sign one.
//!
//! Pure: no clock, no store, no cache. The caller brings the request's head, the SHA-256 of the body that really
//! arrived, the time by the wall clock and, once [`Presented`] has named the access key, its [`SigningKey`].
//! The order of checks is AWS's (`Presented::read` makes all that need no key, `Presented::verify` the last):
//!
//! ```text
//! token there -> complete -> date -> host signed -> algorithm -> credential form -> scope | key id | signature | session
//! \________________________ Presented::read ____________________________________________/  caller   verify      caller
//! ```
//!
//! What would surprise: signed header names must come in the one canonical form (lower case, ascending, each once), so
//! that a request can't make the canonical text longer than itself; the payload hash is always that of the body,
//! whatever `x-amz-content-sha256` says, and a header that says otherwise is refused; Signature Versions 2 and 4A are
//! never accepted.

mod canonical;
mod claims;
mod key;
mod presented;
mod refusal;
mod sign;
#[cfg(test)]
mod tests;

use http::HeaderMap;
use sealroom_foundation::Region;

pub use key::{SigningKey, derive_signing_key};
pub use presented::{Place, Presented};
pub use refusal::{Dialect, Refusal};
pub use sign::{Credentials, SignError, sign};

/// The one algorithm that is accepted.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last element of every credential scope.
pub const TERMINATOR: &str = "aws4_request";

/// What a service asks of a signature.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The name that the credential scope must carry: `kms`, `sts`, …
    pub service: &'a str,
    /// How far the request's stamp may lie from the wall clock, either way, in minutes; both ends included.
    pub skew_minutes: u32,
    /// The Regions served here.
    pub regions: Regions<'a>,
}

impl Rules<'static> {
    /// KMS: five minutes, every Region.
    pub const KMS: Self = Self { service: "kms", skew_minutes: 5, regions: Regions::Any };
    /// STS: fifteen minutes, every Region.
    pub const STS: Self = Self { service: "sts", skew_minutes: 15, regions: Regions::Any };
    /// IAM: fifteen minutes, every Region.
    pub const IAM: Self = Self { service: "iam", skew_minutes: 15, regions: Regions::Any };
    /// The operator's own service, when it is called with a signature.
    pub const SEALROOM: Self = Self { service: "sealroom", skew_minutes: 15, regions: Regions::Any };
}

/// Which Regions a scope may name.
#[derive(Debug, Clone, Copy)]
pub enum Regions<'a> {
    /// Whatever is formed like a Region.
    Any,
    /// These only.
    Only(&'a [Region]),
}

impl Regions<'_> {
    fn admit(self, region: Region) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.contains(&region),
        }
    }
}

/// The head of a request as it came over the wire, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `POST`, `GET`, …
    pub method: &'a str,
    /// The path, still percent-encoded; empty is `/`.
    pub path: &'a str,
    /// What follows the `?`, still percent-encoded; empty when there is none.
    pub query: &'a str,
    /// The authority of an HTTP/2 request, which stands for its `host` header.
    pub authority: Option<&'a str>,
    /// All headers.
    pub headers: &'a HeaderMap,
}

impl<'a> From<&'a http::request::Parts> for Request<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            authority: parts.uri.authority().map(http::uri::Authority::as_str),
            headers: &parts.headers,
        }
    }
}
