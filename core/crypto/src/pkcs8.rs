//! Private keys from outside: PKCS#8 (RFC 5208, RFC 5958) as DER or BER, read strictly and written anew.
//!
//! What goes in is somebody's file; what comes out is a pair in the forms in which it is kept, made by the library that
//! uses it. The public half comes from the private one; where the file has one too, it must agree. Refused are:
//! the forms without an envelope (SEC 1, PKCS #1), explicit curve parameters, other algorithms than the one that is
//! asked for, more than two primes, and bytes behind the end. Attributes are dropped.
//!
//! What would surprise: the library alone takes explicit parameters of curves it knows, and bytes behind the end.

use crate::ber::{self, Der, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Wiped};
use crate::ec::{Curve, EcKeyPair};
use crate::ed25519;
use crate::rsa::{self, NewPair};
use crate::sm2;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const SM2_CURVE: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];
const NULL: &[u8] = &[0x05, 0x00];

const BIT_STRING: u8 = 0x03;

/// `[0]` constructed: the attributes of PKCS#8, and the parameters inside an elliptic curve key.
const FIRST: u8 = 0xa0;
/// `[1]` primitive: the public half of RFC 5958.
const PUBLIC: u8 = 0x81;
/// `[1]` constructed: the public half inside an elliptic curve key.
const EC_PUBLIC: u8 = 0xa1;

fn curve_id(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        Curve::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
        Curve::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        Curve::P256K1 => &[0x2b, 0x81, 0x04, 0x00, 0x0a],
    }
}

/// An RSA pair whose modulus has exactly `bits`: 2,048, 3,072 or 4,096.
#[must_use]
pub fn rsa(ber: &[u8], bits: u16) -> Option<NewPair> {
    let key = Envelope::read(ber)?;
    if key.algorithm()? != (RSA, NULL) {
        return None;
    }
    key.checked(rsa::load(&key.anew()?, bits)?)
}

/// A pair of this curve.
#[must_use]
pub fn ec(ber: &[u8], curve: Curve) -> Option<NewPair> {
    let key = named_curve(ber, curve_id(curve))?;
    key.checked(EcKeyPair::from_pkcs8(curve, &key.anew()?)?.export().ok()?)
}

/// An SM2 pair.
#[must_use]
pub fn sm2(ber: &[u8]) -> Option<NewPair> {
    let key = named_curve(ber, SM2_CURVE)?;
    key.checked(sm2::KeyPair::from_pkcs8(&key.anew()?)?.export().ok()?)
}

/// An Ed25519 key.
#[must_use]
pub fn ed25519(ber: &[u8]) -> Option<ed25519::PrivateKey> {
    let key = Envelope::read(ber)?;
    if key.algorithm()? != (ED25519, &[]) {
        return None;
    }
    let private = ed25519::PrivateKey::from_pkcs8(&key.anew()?)?;
    key.agrees_with(&private.public_spki()).then_some(private)
}

/// The key of a named curve. Where the parameters stand inside a second time, they must be the same name.
fn named_curve(ber: &[u8], curve: &[u8]) -> Option<Envelope> {
    let key = Envelope::read(ber)?;
    let (algorithm, parameters) = key.algorithm()?;
    let is_named = |parameters| {
        let mut reader = Der::new(parameters);
        Some(reader.value(OBJECT_IDENTIFIER)? == curve && reader.end().is_some())
    };
    let mut outer = Der::new(&key.key);
    let mut inner = Der::new(outer.value(SEQUENCE)?);
    outer.end()?;
    inner.value(INTEGER)?;
    inner.value(OCTET_STRING)?;
    let named_inside = inner.optional(FIRST)?.is_none_or(|parameters| is_named(parameters) == Some(true));
    inner.optional(EC_PUBLIC)?;
    inner.end()?;
    if algorithm != EC || !is_named(parameters)? || !named_inside {
        return None;
    }
    Some(key)
}

/// A key in its envelope: both in DER.
struct Envelope {
    /// The content of the algorithm identifier.
    algorithm: Vec<u8>,
    key: Wiped,
    /// The public half that stands beside the key, a bit string, if there is one.
    public: Option<Vec<u8>>,
}

impl Envelope {
    fn read(ber: &[u8]) -> Option<Self> {
        let der = ber::to_der(ber)?;
        let mut outer = Der::new(&der);
        let mut info = Der::new(outer.value(SEQUENCE)?);
        outer.end()?;
        let version = info.value(INTEGER)?;
        let algorithm = info.value(SEQUENCE)?.to_vec();
        let key = ber::to_der(info.value(OCTET_STRING)?)?;
        info.optional(FIRST)?;
        let public = info.optional(PUBLIC)?.map(<[u8]>::to_vec);
        info.end()?;
        let suits = match version {
            [0] => public.is_none(),
            [1] => true,
            _ => false,
        };
        suits.then_some(Self { algorithm, key, public })
    }

    /// The object identifier, and the parameters as they stand.
    fn algorithm(&self) -> Option<(&[u8], &[u8])> {
        let mut reader = Der::new(&self.algorithm);
        Some((reader.value(OBJECT_IDENTIFIER)?, reader.rest()))
    }

    /// Whether the public half beside the key, if there is one, is that of the pair. LIMIT: a compressed point is none.
    fn agrees_with(&self, spki: &[u8]) -> bool {
        self.public.as_deref().is_none_or(|public| {
            // The bit string ends the `SubjectPublicKeyInfo`, and begins behind its head there.
            let mut bits = ber::wiped(public.len() + 4);
            ber::put(&mut bits, BIT_STRING, public).is_some() && spki.ends_with(&bits)
        })
    }

    fn checked(&self, pair: NewPair) -> Option<NewPair> {
        self.agrees_with(&pair.spki).then_some(pair)
    }

    /// Version 0, without attributes and public half.
    fn anew(&self) -> Option<Wiped> {
        // Four headers of four bytes at most, and three bytes of version.
        let room = self.algorithm.len() + self.key.len() + 24;
        let mut content = ber::wiped(room);
        ber::put(&mut content, INTEGER, &[0])?;
        ber::put(&mut content, SEQUENCE, &self.algorithm)?;
        ber::put(&mut content, OCTET_STRING, &self.key)?;
        let mut whole = ber::wiped(room);
        ber::put(&mut whole, SEQUENCE, &content)?;
        Some(whole)
    }
}

#[cfg(test)]
mod tests;
