//! What a request presents as its signature, taken apart and checked as far as no key is needed.
//!
//! Knows no access key and no session: it says which key was named and, given that key, whether the signature holds.

use std::borrow::Cow;

use http::HeaderValue;
use sealroom_crypto::ct_eq;
use sealroom_foundation::{Region, Timestamp};

use super::canonical::{self, Scope};
use super::claims::{self, Claims, Found};
use super::{ALGORITHM, Refusal, Request, Rules, SigningKey, TERMINATOR};

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Where the signature stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URL.
    Query,
}

/// A complete, fresh and rightly scoped signature of which only the access key, the signature itself and the session
/// are still to be checked.
#[derive(Debug, Clone)]
pub struct Presented<'a> {
    place: Place,
    stamp: Cow<'a, str>,
    credential: Credential<'a>,
    region: Region,
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    session_token: Option<Cow<'a, str>>,
    stated_sha256: Option<&'a HeaderValue>,
}

/// The five elements of `Credential`, cut out of one text; `ends` says where each ends, one slash before the next.
#[derive(Debug, Clone)]
struct Credential<'a> {
    text: Cow<'a, str>,
    ends: [usize; 5],
}

impl<'a> Presented<'a> {
    /// Reads and checks all that needs no key, in AWS's order; `now` is the wall clock's.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(request: &Request<'a>, rules: &Rules<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let found = Found::in_headers(request.headers)?;
        let in_query = request.query.split('&').any(|piece| piece.starts_with("X-Amz-Algorithm"));
        let claims = match found.authorization {
            Some(_) if in_query => return Err(Refusal::TwoPlaces),
            Some(_) => claims::of_headers(&found)?,
            None => claims::of_query(request.query)?,
        };
        claims.checked(&found, rules, now)
    }

    /// As [`Presented::read`], from the `Authorization` header only.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_headers(request: &Request<'a>, rules: &Rules<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let found = Found::in_headers(request.headers)?;
        claims::of_headers(&found)?.checked(&found, rules, now)
    }

    /// As [`Presented::read`], from the query only.
    ///
    /// `X-Amz-Expires` is not looked at.
    // AWS: outside S3 a presigned request is good for the service's skew, whatever it says of its own expiry.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_query(request: &Request<'a>, rules: &Rules<'_>, now: Timestamp) -> Result<Self, Refusal> {
        let found = Found::in_headers(request.headers)?;
        claims::of_query(request.query)?.checked(&found, rules, now)
    }

    /// Whether the signature is `key`'s over `request` with a body of which `body_sha256` is the digest.
    ///
    /// `scratch` is a buffer to work in; what it holds before and after has no meaning.
    ///
    /// # Errors
    /// [`Refusal::Mismatch`], whatever it is that differs.
    pub fn verify(
        &self,
        request: &Request<'_>,
        body_sha256: &[u8; 32],
        key: &SigningKey,
        scratch: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        // AWS: UNSIGNED-PAYLOAD and STREAMING-* exist in S3 only; everywhere else the body's hash is what counts.
        if self.stated_sha256.is_some_and(|stated| stated.as_bytes() != canonical::hex(body_sha256)) {
            return Err(Refusal::Mismatch);
        }
        let scope = Scope { date: self.date(), region: self.region.as_str(), service: self.service() };
        canonical::string_to_sign(request, &self.signed_headers, body_sha256, &self.stamp, scope, scratch)
            .map_err(|_| Refusal::Mismatch)?;
        let right = canonical::hex(&key.tag(scratch));
        if ct_eq(&right, self.signature.as_bytes()) { Ok(()) } else { Err(Refusal::Mismatch) }
    }

    /// Where the signature stood.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The access key id as the client wrote it: any text without a slash.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.credential.element(0)
    }

    /// The scope's date, `20260912`: the day of the stamp.
    #[must_use]
    pub fn date(&self) -> &str {
        self.credential.element(1)
    }

    /// The scope's Region, one that is served.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The scope's service: the one of the rules.
    #[must_use]
    pub fn service(&self) -> &str {
        self.credential.element(3)
    }

    /// The session token that came along, unchecked.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }
}

impl<'a> Credential<'a> {
    /// `keyid/date/region/service/term`; slashes at the end don't count.
    fn parse(text: Cow<'a, str>) -> Result<Self, Refusal> {
        let trimmed = text.trim_end_matches('/');
        let mut ends = [trimmed.len(); 5];
        let mut slashes = trimmed.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
        let five = ends.iter_mut().take(4).all(|end| slashes.next().map(|at| *end = at).is_some());
        if !five || slashes.next().is_some() {
            return Err(Refusal::CredentialForm { got: text.into_owned() });
        }
        Ok(Self { text, ends })
    }

    fn element(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end + 1);
        let end = self.ends.get(index).copied().unwrap_or_default();
        // INVARIANT: `parse` found the ends in this text, in order, so the range lies in it.
        self.text.get(start..end).unwrap_or_default()
    }
}

impl<'a> Claims<'a> {
    fn checked(self, found: &Found<'a>, rules: &Rules<'_>, now: Timestamp) -> Result<Presented<'a>, Refusal> {
        fresh(&self.stamp, rules, now)?;
        host_is_signed(found, &self.signed_headers)?;
        if self.algorithm != ALGORITHM {
            return Err(Refusal::Algorithm { got: self.algorithm.into_owned() });
        }
        let credential = Credential::parse(self.credential)?;
        let region = scoped(&credential, &self.stamp, rules)?;
        Ok(Presented {
            place: self.place,
            stamp: self.stamp,
            credential,
            region,
            signed_headers: self.signed_headers,
            signature: self.signature,
            session_token: self.session_token.or_else(|| found.session_token()),
            stated_sha256: found.stated_sha256,
        })
    }
}

fn fresh(stamp: &str, rules: &Rules<'_>, now: Timestamp) -> Result<(), Refusal> {
    let Some(moment) = Timestamp::parse_iso_basic(stamp) else {
        return Err(Refusal::DateForm { got: stamp.to_owned() });
    };
    let age = now.micros_since(moment);
    let minutes = rules.skew_minutes;
    let limit = i64::from(minutes) * MICROS_PER_MINUTE;
    // A stamp has whole seconds: the one that the clock is still in counts as now.
    let age = if age > 0 { Timestamp::from_seconds(now.as_seconds()).micros_since(moment) } else { age };
    if age > limit {
        return Err(Refusal::Expired { stamp: moment, now, minutes });
    }
    if age < -limit {
        return Err(Refusal::NotYetCurrent { stamp: moment, now, minutes });
    }
    Ok(())
}

fn host_is_signed(found: &Found<'_>, signed_headers: &str) -> Result<(), Refusal> {
    let signed = |wanted: &str| signed_headers.split(';').any(|name| name.eq_ignore_ascii_case(wanted));
    if !signed("host") {
        return Err(Refusal::NotSigned { header: "Host" });
    }
    // Ours, stricter than AWS: an unsigned target would let whoever is on the wire choose the operation.
    if found.target.is_some() && !signed("x-amz-target") {
        return Err(Refusal::NotSigned { header: "X-Amz-Target" });
    }
    Ok(())
}

/// Checks the scope and returns its Region; all faults are told at once.
fn scoped(credential: &Credential<'_>, stamp: &str, rules: &Rules<'_>) -> Result<Region, Refusal> {
    let [date, region, service, terminator] = [1, 2, 3, 4].map(|index| credential.element(index));
    let region = region.parse::<Region>().ok().filter(|region| rules.regions.admit(*region));
    let day = stamp.get(..8).unwrap_or_default();
    match region {
        Some(region) if service == rules.service && terminator == TERMINATOR && date == day => Ok(region),
        _ => Err(Refusal::Scope {
            valid_region: region.is_some(),
            wanted_service: (service != rules.service).then(|| rules.service.to_owned()),
            terminator: (terminator != TERMINATOR).then(|| terminator.to_owned()),
            date: (date != day).then(|| (date.to_owned(), stamp.to_owned())),
        }),
    }
}
