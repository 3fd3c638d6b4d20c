//! Where a signature stands and what it says of itself: the `Authorization` header or the query, taken apart.
//!
//! Only completeness is judged here; whether the claims hold is `presented`'s affair.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

use super::canonical;
use super::{Place, Refusal};

/// The headers that a signature is about, found in one pass.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) authorization: Option<&'a HeaderValue>,
    pub(super) amz_date: Option<&'a HeaderValue>,
    pub(super) date: Option<&'a HeaderValue>,
    session_token: Option<&'a HeaderValue>,
    pub(super) stated_sha256: Option<&'a HeaderValue>,
    pub(super) target: Option<&'a HeaderValue>,
}

/// What a request says about its signature, before any of it is checked.
pub(super) struct Claims<'a> {
    pub(super) place: Place,
    pub(super) algorithm: Cow<'a, str>,
    pub(super) credential: Cow<'a, str>,
    pub(super) signed_headers: Cow<'a, str>,
    pub(super) signature: Cow<'a, str>,
    pub(super) stamp: Cow<'a, str>,
    /// From the query.
    pub(super) session_token: Option<Cow<'a, str>>,
}

impl<'a> Found<'a> {
    /// Each header that a signature is about may come once.
    pub(super) fn in_headers(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for (name, value) in headers {
            let (slot, what) = match name.as_str() {
                "authorization" => (&mut found.authorization, "Authorization"),
                "x-amz-date" => (&mut found.amz_date, "X-Amz-Date"),
                "date" => (&mut found.date, "Date"),
                "x-amz-security-token" => (&mut found.session_token, "X-Amz-Security-Token"),
                "x-amz-content-sha256" => (&mut found.stated_sha256, "X-Amz-Content-Sha256"),
                "x-amz-target" => (&mut found.target, "X-Amz-Target"),
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(Refusal::Repeated { what });
            }
        }
        Ok(found)
    }

    /// The header's session token. One that isn't text is still one, and refused as such.
    pub(super) fn session_token(&self) -> Option<Cow<'a, str>> {
        self.session_token.map(|value| String::from_utf8_lossy(value.as_bytes()))
    }
}

/// What isn't UTF-8 counts as not there.
fn text_of(header: Option<&HeaderValue>) -> Option<&str> {
    header.and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
}

/// The claims of the `Authorization` header and of the headers that go with it.
pub(super) fn of_headers<'a>(found: &Found<'a>) -> Result<Claims<'a>, Refusal> {
    let header = text_of(found.authorization).unwrap_or_default().trim();
    if !header.starts_with("AWS4-") {
        return Err(Refusal::MissingToken);
    }
    let (algorithm, parameters) = header.split_once([' ', '\t']).unwrap_or((header, ""));
    let (mut credential, mut signature, mut signed_headers) = (None, None, None);
    for piece in parameters.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        let Some((name, value)) = piece.split_once('=') else {
            return Err(Refusal::NotKeyValue { piece: piece.to_owned(), header: header.to_owned() });
        };
        let (slot, name) = match name {
            "Credential" => (&mut credential, "Credential"),
            "Signature" => (&mut signature, "Signature"),
            "SignedHeaders" => (&mut signed_headers, "SignedHeaders"),
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return Err(Refusal::Repeated { what: name });
        }
    }
    let stamp = text_of(found.amz_date.or(found.date));
    // AWS: an empty list of signed headers is complete, and fails for want of the host.
    let (credential, signature) = (filled(credential), filled(signature));
    let (Some(credential), Some(signature), Some(signed_headers), Some(stamp)) =
        (credential, signature, signed_headers, stamp)
    else {
        let here = [credential.is_some(), signature.is_some(), signed_headers.is_some()];
        let parameters = ["Credential", "Signature", "SignedHeaders"].into_iter().zip(here);
        return Err(Refusal::IncompleteHeader {
            missing: parameters.filter(|(_, here)| !here).map(|(name, _)| name).collect(),
            date_missing: stamp.is_none(),
            header: header.to_owned(),
        });
    };
    Ok(Claims {
        place: Place::Header,
        algorithm: algorithm.into(),
        credential: credential.into(),
        signed_headers: signed_headers.into(),
        signature: signature.into(),
        stamp: stamp.into(),
        session_token: None,
    })
}

fn filled(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

const QUERY_PARAMETERS: [&str; 5] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
const QUERY_TOKEN: &str = "X-Amz-Security-Token";

/// The claims of a presigned request's query.
pub(super) fn of_query(query: &str) -> Result<Claims<'_>, Refusal> {
    let mut found: [Option<Cow<'_, str>>; 5] = Default::default();
    let mut session_token = None;
    for (name, value) in canonical::parameters(query) {
        let slots = QUERY_PARAMETERS.iter().zip(found.iter_mut());
        let mut slots = slots.chain(std::iter::once((&QUERY_TOKEN, &mut session_token)));
        let Some((what, slot)) = slots.find(|(wanted, _)| wanted.as_bytes() == name.as_ref()) else { continue };
        if slot.replace(text(value)).is_some() {
            return Err(Refusal::Repeated { what });
        }
    }
    if found.iter().all(Option::is_none) {
        return Err(Refusal::MissingToken);
    }
    let here: [bool; 5] =
        std::array::from_fn(|at| found.get(at).and_then(Option::as_deref).is_some_and(|value| !value.is_empty()));
    let [Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(stamp)] = found else {
        return Err(incomplete_query(here));
    };
    if here.contains(&false) {
        return Err(incomplete_query(here));
    }
    Ok(Claims { place: Place::Query, algorithm, credential, signed_headers, signature, stamp, session_token })
}

fn incomplete_query(here: [bool; 5]) -> Refusal {
    let parameters = QUERY_PARAMETERS.into_iter().zip(here);
    Refusal::IncompleteQuery { missing: parameters.filter(|(_, here)| !here).map(|(name, _)| name).collect() }
}

/// What isn't UTF-8 matches nothing that we look for.
fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}
