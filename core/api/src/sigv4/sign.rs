//! Signing a request of our own: the command line's client, the services that call others, and the tests.

use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, InvalidHeaderValue};
use http::request::Parts;
use sealroom_crypto::digest::sha256;
use sealroom_foundation::{Region, Timestamp};
use thiserror::Error;

use super::canonical::{self, Scope};
use super::{ALGORITHM, Request, SigningKey, TERMINATOR};

/// Who signs. Borrowed: the secret stays where it is kept.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a [u8],
    /// The token of temporary credentials.
    pub session_token: Option<&'a str>,
}

/// Why a request can't be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignError {
    /// There is neither a `host` header nor an authority.
    #[error("the request names no host")]
    NoHost,
    /// A credential holds what no header may.
    #[error("a credential can't be written into a header")]
    Unprintable,
}

impl From<InvalidHeaderValue> for SignError {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::Unprintable
    }
}

/// Signs `parts` with `body` for `region` and `service` at `now`, in the `Authorization` header.
///
/// Adds `x-amz-date`, `x-amz-security-token` when there is one, and `authorization`; every other header that stands in
/// `parts` by then is signed too, so nothing may be added or changed afterwards.
///
/// # Errors
/// [`SignError`]; `parts` may then have a date.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    credentials: &Credentials<'_>,
    region: Region,
    service: &str,
    now: Timestamp,
) -> Result<(), SignError> {
    let stamp = now.iso_basic().to_string();
    let date = stamp.get(..8).unwrap_or_default();
    parts.headers.remove(AUTHORIZATION);
    parts.headers.insert(HeaderName::from_static("x-amz-date"), HeaderValue::try_from(stamp.as_str())?);
    if let Some(token) = credentials.session_token {
        let mut token = HeaderValue::try_from(token)?;
        token.set_sensitive(true);
        parts.headers.insert(HeaderName::from_static("x-amz-security-token"), token);
    }
    if !parts.headers.contains_key(HOST) && parts.uri.authority().is_none() {
        return Err(SignError::NoHost);
    }
    let signed_headers = names(parts);
    let scope = Scope { date, region: region.as_str(), service };
    let mut text = Vec::new();
    // INVARIANT: the names come sorted from the headers themselves, so they are canonical and all there.
    canonical::string_to_sign(&Request::from(&*parts), &signed_headers, &sha256(body), &stamp, scope, &mut text)
        .map_err(|_| SignError::NoHost)?;
    let key = SigningKey::derive(credentials.secret_access_key, date, region.as_str(), service);
    let signature = canonical::hex(&key.tag(&text));
    let signature = std::str::from_utf8(&signature).unwrap_or_default();
    let access_key_id = credentials.access_key_id;
    let authorization = format!(
        "{ALGORITHM} Credential={access_key_id}/{date}/{region}/{service}/{TERMINATOR}, SignedHeaders={signed_headers}, \
         Signature={signature}"
    );
    parts.headers.insert(AUTHORIZATION, HeaderValue::try_from(authorization)?);
    Ok(())
}

fn names(parts: &Parts) -> String {
    let mut names: Vec<&str> = parts.headers.keys().map(HeaderName::as_str).chain(["host"]).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}
