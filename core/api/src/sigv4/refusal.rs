//! Why a request's signature was not accepted, and AWS's words for it.
//!
//! The texts are AWS's, to the letter, blanks at the end included; code and status differ between the services that
//! speak JSON and those that speak query.

use std::borrow::Cow;

use sealroom_foundation::Timestamp;
use thiserror::Error;

use crate::error::ErrorAnswer;

/// The family of codes in which a service refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// aws-json 1.0 and 1.1 (KMS, Secrets Manager, DynamoDB): status 400, codes with `Exception`.
    Json,
    /// aws-query (STS, IAM): status 403, codes of their own.
    Query,
}

/// Why the caller isn't known. The `Display` text is for logs; [`Refusal::message`] is what the caller reads.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No signature of version 4 in header or query.
    #[error("the request carries no signature")]
    MissingToken,
    /// One in the header and one in the query.
    #[error("the request carries two signatures")]
    TwoPlaces,
    /// A header or parameter of the signature came twice.
    #[error("`{what}` came twice")]
    Repeated {
        /// The header or parameter.
        what: &'static str,
    },
    /// A piece of the `Authorization` header has no equal sign.
    #[error("a piece of the authorization header has no equal sign")]
    NotKeyValue {
        /// That piece.
        piece: String,
        /// The whole header.
        header: String,
    },
    /// The `Authorization` header lacks parameters, or the request a date.
    #[error("the authorization header is incomplete")]
    IncompleteHeader {
        /// The parameters that are missing, in AWS's order.
        missing: Vec<&'static str>,
        /// Whether there is neither `X-Amz-Date` nor `Date`.
        date_missing: bool,
        /// The whole header.
        header: String,
    },
    /// The query lacks parameters of a signature.
    #[error("the query's signature is incomplete")]
    IncompleteQuery {
        /// The parameters that are missing, in AWS's order.
        missing: Vec<&'static str>,
    },
    /// The date isn't `YYYYMMDD'T'HHMMSS'Z'`.
    #[error("the date is malformed")]
    DateForm {
        /// What came.
        got: String,
    },
    /// Too old.
    #[error("the signature is too old")]
    Expired {
        /// When it was made.
        stamp: Timestamp,
        /// The wall clock.
        now: Timestamp,
        /// The skew that the service allows.
        minutes: u32,
    },
    /// Too far in the future.
    #[error("the signature is from the future")]
    NotYetCurrent {
        /// When it says that it was made.
        stamp: Timestamp,
        /// The wall clock.
        now: Timestamp,
        /// The skew that the service allows.
        minutes: u32,
    },
    /// A header that must be signed isn't.
    #[error("`{header}` is not signed")]
    NotSigned {
        /// That header.
        header: &'static str,
    },
    /// Another algorithm.
    #[error("the algorithm is not supported")]
    Algorithm {
        /// What came.
        got: String,
    },
    /// The credential doesn't have five elements.
    #[error("the credential is malformed")]
    CredentialForm {
        /// What came.
        got: String,
    },
    /// The credential's scope isn't this service's, now and here.
    #[error("the credential's scope is wrong")]
    Scope {
        /// Whether the Region is served.
        valid_region: bool,
        /// The right service, if it was another.
        wanted_service: Option<String>,
        /// The terminator, if it was wrong.
        terminator: Option<String>,
        /// The scope's date and the request's stamp, if the days differ.
        date: Option<(String, String)>,
    },
    /// Nobody has this access key.
    #[error("the access key is unknown")]
    UnknownKey,
    /// The signature is another than it should be, or a signed header isn't there.
    #[error("the signature does not match")]
    Mismatch,
    /// The session token doesn't open, or isn't this access key's.
    #[error("the session token is invalid")]
    BadSessionToken,
    /// The session is over.
    #[error("the session token is expired")]
    ExpiredToken,
    /// The credentials can't be looked up now: nobody's fault but ours.
    #[error("the credentials can not be reached")]
    Unreachable,
}

/// Which code a refusal has; each of the caller's is spelt in two ways.
#[derive(Clone, Copy)]
enum Kind {
    Missing,
    Incomplete,
    Invalid,
    Unrecognized,
    Expired,
    Ours,
}

impl Refusal {
    /// What the caller is told, in the service's dialect.
    #[must_use]
    pub fn answer(&self, dialect: Dialect) -> ErrorAnswer {
        let status = match dialect {
            Dialect::Json => 400,
            Dialect::Query => 403,
        };
        let code = match (self.kind(), dialect) {
            (Kind::Missing, Dialect::Json) => "MissingAuthenticationTokenException",
            (Kind::Missing, Dialect::Query) => "MissingAuthenticationToken",
            (Kind::Incomplete, Dialect::Json) => "IncompleteSignatureException",
            (Kind::Incomplete, Dialect::Query) => "IncompleteSignature",
            (Kind::Invalid, Dialect::Json) => "InvalidSignatureException",
            (Kind::Invalid, Dialect::Query) => "SignatureDoesNotMatch",
            (Kind::Unrecognized, Dialect::Json) => "UnrecognizedClientException",
            (Kind::Unrecognized, Dialect::Query) => "InvalidClientTokenId",
            (Kind::Expired, Dialect::Json) => "ExpiredTokenException",
            (Kind::Expired, Dialect::Query) => "ExpiredToken",
            (Kind::Ours, _) => return ErrorAnswer::service_unavailable(),
        };
        ErrorAnswer::sender(code, status, Some(self.message().into_owned()))
    }

    /// What the caller reads: the same in both dialects.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::MissingToken => "Request is missing Authentication Token".into(),
            Self::TwoPlaces => {
                "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.".into()
            }
            Self::Repeated { what } => format!("'{what}' must not be repeated.").into(),
            Self::NotKeyValue { piece, header } => {
                format!("'{piece}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'")
                    .into()
            }
            Self::IncompleteHeader { missing, date_missing, header } => {
                incomplete_header(missing, *date_missing, header).into()
            }
            Self::IncompleteQuery { missing } => incomplete_query(missing).into(),
            Self::DateForm { got } => format!(
                "Date must be in ISO-8601 'basic format'. Got '{got}'. See http://en.wikipedia.org/wiki/ISO_8601"
            )
            .into(),
            Self::Expired { stamp, now, minutes } => {
                let (edge, now) = (now.plus_seconds(-60 * i64::from(*minutes)).iso_basic(), now.iso_basic());
                let stamp = stamp.iso_basic();
                format!("Signature expired: {stamp} is now earlier than {edge} ({now} - {minutes} min.)").into()
            }
            Self::NotYetCurrent { stamp, now, minutes } => {
                let (edge, now) = (now.plus_seconds(60 * i64::from(*minutes)).iso_basic(), now.iso_basic());
                let stamp = stamp.iso_basic();
                format!("Signature not yet current: {stamp} is still later than {edge} ({now} + {minutes} min.)").into()
            }
            Self::NotSigned { header } => {
                format!("'{header}' must be a 'SignedHeader' in the AWS Authorization.").into()
            }
            Self::Algorithm { got } => {
                format!("Unsupported AWS 'algorithm': '{got}' (only AWS4-HMAC-SHA256 for now). ").into()
            }
            Self::CredentialForm { got } => format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{got}'"
            )
            .into(),
            Self::Scope { valid_region, wanted_service, terminator, date } => {
                scope(*valid_region, wanted_service.as_deref(), terminator.as_deref(), date.as_ref()).into()
            }
            Self::UnknownKey => "The security token included in the request is invalid.".into(),
            Self::Mismatch => "The request signature we calculated does not match the signature you provided. Check \
                               your AWS Secret Access Key and signing method. Consult the service documentation for \
                               details."
                .into(),
            // AWS: no full stop, unlike the text for an unknown key.
            Self::BadSessionToken => "The security token included in the request is invalid".into(),
            Self::ExpiredToken => "The security token included in the request is expired".into(),
            Self::Unreachable => "The request has failed due to a temporary failure of the server.".into(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::MissingToken => Kind::Missing,
            Self::Repeated { .. }
            | Self::NotKeyValue { .. }
            | Self::IncompleteHeader { .. }
            | Self::IncompleteQuery { .. }
            | Self::DateForm { .. }
            | Self::Algorithm { .. }
            | Self::CredentialForm { .. } => Kind::Incomplete,
            Self::TwoPlaces
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::NotSigned { .. }
            | Self::Scope { .. }
            | Self::Mismatch => Kind::Invalid,
            Self::UnknownKey | Self::BadSessionToken => Kind::Unrecognized,
            Self::ExpiredToken => Kind::Expired,
            Self::Unreachable => Kind::Ours,
        }
    }
}

fn incomplete_header(missing: &[&str], date_missing: bool, header: &str) -> String {
    let mut text: String =
        missing.iter().map(|name| format!("Authorization header requires '{name}' parameter. ")).collect();
    if date_missing {
        text.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    }
    text.push_str("Authorization=");
    text.push_str(header);
    text
}

fn incomplete_query(missing: &[&str]) -> String {
    let mut text: String =
        missing.iter().map(|name| format!("AWS query-string parameters must include '{name}'. ")).collect();
    text.push_str("Re-examine the query-string parameters.");
    text
}

fn scope(
    valid_region: bool,
    service: Option<&str>,
    terminator: Option<&str>,
    date: Option<&(String, String)>,
) -> String {
    let mut text = String::new();
    if !valid_region {
        text.push_str("Credential should be scoped to a valid region. ");
    }
    if let Some(service) = service {
        text.push_str(&format!("Credential should be scoped to correct service: '{service}'. "));
    }
    if let Some(terminator) = terminator {
        text.push_str(&format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'. "
        ));
    }
    if let Some((date, stamp)) = date {
        let day = stamp.get(..8).unwrap_or_default();
        text.push_str(&format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
             '{day}', from '{stamp}'."
        ));
    }
    text
}
