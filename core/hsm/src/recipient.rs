//! Plaintexts that only a recipient may read: CMS `EnvelopedData` (RFC 5652) under the recipient's RSA key.
//!
//! A key for one message (AES-256 in CBC mode) encrypts the plaintext, and RSAES-OAEP with SHA-256 that key. Whose key it
//! is and why it may be trusted, the `kms` room knows. What would surprise: the form is BER with indefinite lengths around
//! the content, because the SDK of AWS for enclaves walks over the headers in a way that swallows any definite sequence
//! whole. It authenticates nothing; the channel does.

use sealroom_crypto::digest::sha256;
use sealroom_crypto::rsa::{self, OaepHash};
use sealroom_crypto::{cbc, random};
use sealroom_foundation::Secret;

use crate::command::{Release, Released};
use crate::error::HsmError;
use crate::random::pooled;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
/// `[0]`, with other elements inside.
const OUTER_0: u8 = 0xa0;
/// `[0]`, with bytes inside.
const INNER_0: u8 = 0x80;

/// `id-envelopedData`, 1.2.840.113549.1.7.3.
const ENVELOPED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
/// `id-data`, 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// `id-aes256-CBC`, 2.16.840.1.101.3.4.1.42.
const AES_256_CBC: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
/// `id-RSAES-OAEP`, 1.2.840.113549.1.1.7.
const OAEP: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07];
/// `id-mgf1`, 1.2.840.113549.1.1.8.
const MGF1: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// `id-sha256`, 2.16.840.1.101.3.4.2.1, with its parameters: NULL.
const SHA_256: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];
/// Version 2, of both the envelope and what it says of the recipient.
const VERSION: &[u8] = &[0x02, 0x01, 0x02];

/// AWS: long content stands in pieces of at most this many bytes.
const PIECE: usize = 1_000;

/// The plaintext in the form in which it leaves.
///
/// # Errors
/// [`HsmError::InvalidPublicKey`] when the recipient's key is no RSA key of 2,048 bits or more.
pub(crate) fn release(plaintext: Secret<[u8]>, how: Release<'_>) -> Result<Released, HsmError> {
    match how {
        Release::Plain => Ok(Released::Plain(plaintext)),
        Release::To(key) => envelope(key, plaintext.expose()).map(Released::Enveloped),
    }
}

fn envelope(key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, HsmError> {
    let once = Secret::filled(|key: &mut [u8; 32]| random::fill(key));
    let wrapped = rsa::encrypt_oaep(key, OaepHash::Sha256, once.expose()).ok_or(HsmError::InvalidPublicKey)?;
    let iv: [u8; 16] = pooled();
    let content = cbc::encrypt(&once, iv, plaintext).map_err(|_| HsmError::Failed)?;
    // AWS: 32 bytes; no known client reads how they are made.
    Ok(enveloped(&sha256(key), &wrapped, iv, &content))
}

/// The message around its variable parts.
fn enveloped(name: &[u8; 32], wrapped: &[u8], iv: [u8; 16], content: &[u8]) -> Vec<u8> {
    let hash = definite(SEQUENCE, &[SHA_256]);
    let mask = definite(SEQUENCE, &[MGF1, &hash]);
    let parameters = definite(SEQUENCE, &[&definite(OUTER_0, &[&hash]), &definite(OUTER_0 | 1, &[&mask])]);
    let transport = definite(SEQUENCE, &[OAEP, &parameters]);
    let recipient =
        definite(SEQUENCE, &[VERSION, &definite(INNER_0, &[name]), &transport, &definite(OCTETS, &[wrapped])]);
    let algorithm = definite(SEQUENCE, &[AES_256_CBC, &definite(OCTETS, &[&iv])]);
    let pieces: Vec<u8> = content.chunks(PIECE).flat_map(|piece| definite(OCTETS, &[piece])).collect();
    let content = indefinite(SEQUENCE, &[DATA, &algorithm, &indefinite(OUTER_0, &[&pieces])]);
    let envelope = indefinite(SEQUENCE, &[VERSION, &definite(SET, &[&recipient]), &content]);
    indefinite(SEQUENCE, &[ENVELOPED, &indefinite(OUTER_0, &[&envelope])])
}

/// An element behind its length, in the shortest form. LIMIT: 65,535 bytes, far beyond a wrapped key or a piece.
fn definite(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let [.., high, low] = body.len().to_be_bytes();
    let head = match body.len() {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, body].concat()
}

/// An element that ends where its end stands.
fn indefinite(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], &*parts.concat(), &[0, 0]].concat()
}

#[cfg(test)]
mod tests;
