//! The canonical request and the string to sign, written into one reused buffer.
//!
//! Knows the form only; whether the parts were the right ones is `presented`'s affair.

use std::borrow::Cow;

use sealroom_crypto::digest::sha256;

use super::{ALGORITHM, Request, TERMINATOR};

/// The credential scope without its terminator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// A signed header isn't there, or the list of signed headers isn't in canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotCanonical;

/// Writes the string to sign over `request` into `out`, whose content is replaced and whose capacity is reused.
///
/// `signed_headers` is the list as presented, separated by semicolons.
pub(super) fn string_to_sign(
    request: &Request<'_>,
    signed_headers: &str,
    body_sha256: &[u8; 32],
    stamp: &str,
    scope: Scope<'_>,
    out: &mut Vec<u8>,
) -> Result<(), NotCanonical> {
    canonical_request(request, signed_headers, body_sha256, out)?;
    let digest = sha256(out);
    out.clear();
    for part in [ALGORITHM, "\n", stamp, "\n", scope.date, "/", scope.region, "/", scope.service, "/", TERMINATOR, "\n"]
    {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(&hex(&digest));
    Ok(())
}

pub(super) fn canonical_request(
    request: &Request<'_>,
    signed_headers: &str,
    body_sha256: &[u8; 32],
    out: &mut Vec<u8>,
) -> Result<(), NotCanonical> {
    out.clear();
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    write_path(request.path, out);
    out.push(b'\n');
    write_query(request.query, out);
    out.push(b'\n');
    let mut previous = "";
    for name in signed_headers.split(';') {
        // LIMIT: ascending and each once, so the text grows no longer than the request's own headers.
        if name <= previous || name.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(NotCanonical);
        }
        write_header(request, name, out)?;
        previous = name;
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(&hex(body_sha256));
    Ok(())
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0u8; 64];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [lower_digit(byte >> 4), lower_digit(byte & 15)];
    }
    text
}

/// Arithmetic without branch or table, so that the loop above becomes vector instructions.
fn lower_digit(nibble: u8) -> u8 {
    nibble + b'0' + u8::from(nibble > 9) * (b'a' - b'9' - 1)
}

fn upper_digit(nibble: u8) -> u8 {
    nibble + b'0' + u8::from(nibble > 9) * (b'A' - b'9' - 1)
}

/// `name:value\n`; several headers of one name are joined by commas in the order in which they came.
fn write_header(request: &Request<'_>, name: &str, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let mut values = request.headers.get_all(name).iter();
    match (values.next(), request.authority) {
        (Some(first), _) => write_trimmed(first.as_bytes(), out),
        (None, Some(authority)) if name == "host" => out.extend_from_slice(authority.as_bytes()),
        (None, _) => return Err(NotCanonical),
    }
    for value in values {
        out.push(b',');
        write_trimmed(value.as_bytes(), out);
    }
    out.push(b'\n');
    Ok(())
}

/// Without blanks at either end, and with each run of blanks inside as one space, quotes or not.
fn write_trimmed(value: &[u8], out: &mut Vec<u8>) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    if !value.iter().any(is_blank) {
        out.extend_from_slice(value);
        return;
    }
    let words = value.split(is_blank).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// The path without dot segments and repeated slashes, percent-encoded once more than on the wire.
// AWS: every service but S3 encodes the already encoded path a second time.
fn write_path(path: &str, out: &mut Vec<u8>) {
    if path.is_empty() || path == "/" {
        out.push(b'/');
        return;
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    for segment in &segments {
        out.push(b'/');
        write_encoded(segment.as_bytes(), out);
    }
    if path.ends_with('/') || segments.is_empty() {
        out.push(b'/');
    }
}

/// The parameters decoded, encoded in the one canonical way, sorted by name and then value; a presented signature is
/// left out, because it can't sign itself.
fn write_query(query: &str, out: &mut Vec<u8>) {
    if query.is_empty() {
        return;
    }
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> =
        parameters(query).filter(|(name, _)| name.as_ref() != b"X-Amz-Signature").map(canonical_pair).collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

fn canonical_pair((name, value): (Cow<'_, [u8]>, Cow<'_, [u8]>)) -> (Vec<u8>, Vec<u8>) {
    let encoded = |bytes: &[u8]| {
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2);
        write_encoded(bytes, &mut out);
        out
    };
    (encoded(&name), encoded(&value))
}

/// The decoded parameters of a query in the order in which they came; `name` alone is `name=`.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    query.split('&').filter(|piece| !piece.is_empty()).map(|piece| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        (decoded(name), decoded(value))
    })
}

/// Percent-decoded, `+` as a space; a percent sign without two hex digits stands for itself.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, after) = match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (first, tail),
            },
            (b'+', _) => (b' ', tail),
            _ => (first, tail),
        };
        out.push(byte);
        rest = after;
    }
    Cow::Owned(out)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// RFC 3986: everything but the unreserved characters as `%XX`.
fn write_encoded(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte),
            _ => out.extend_from_slice(&[b'%', upper_digit(byte >> 4), upper_digit(byte & 15)]),
        }
    }
}
