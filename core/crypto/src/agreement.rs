//! ECDH (NIST SP 800-56A) on P-256, P-384 and P-521: the shared secret is the raw x coordinate.
//!
//! The other side's key is foreign input. It is taken in one form only: DER `SubjectPublicKeyInfo` of a named curve,
//! the point uncompressed or compressed, to the last byte as this room would write it. Explicit curve parameters, BER,
//! bytes behind the end and points of other curves are refused by that; whether the point is on the curve is checked
//! by the library.

use aws_lc_rs::agreement::{self as lc, Algorithm, UnparsedPublicKey};
use sealroom_foundation::Secret;

use crate::der;
use crate::ec::Curve;

/// A curve for agreement.
struct Group {
    algorithm: &'static Algorithm,
    /// `{ id-ecPublicKey, the named curve }`.
    identifier: &'static [u8],
    /// How long a coordinate is, in bytes.
    coordinate: usize,
}

const P256: Group = Group {
    algorithm: &lc::ECDH_P256,
    identifier: &[
        0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        0x03, 0x01, 0x07,
    ],
    coordinate: 32,
};
const P384: Group = Group {
    algorithm: &lc::ECDH_P384,
    identifier: &[
        0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
    ],
    coordinate: 48,
};
const P521: Group = Group {
    algorithm: &lc::ECDH_P521,
    identifier: &[
        0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23,
    ],
    coordinate: 66,
};

impl Group {
    fn of(curve: Curve) -> Option<&'static Self> {
        match curve {
            Curve::P256 => Some(&P256),
            Curve::P384 => Some(&P384),
            Curve::P521 => Some(&P521),
            // AWS: no key agreement on secp256k1.
            Curve::P256K1 => None,
        }
    }

    /// The point in a `SubjectPublicKeyInfo`, in its short or its long form.
    fn point<'s>(&self, spki: &'s [u8]) -> Option<&'s [u8]> {
        let form = |length, marks: &[u8]| {
            let point = der::raw_key(self.identifier, length, spki)?;
            marks.contains(point.first()?).then_some(point)
        };
        form(1 + 2 * self.coordinate, &[4]).or_else(|| form(1 + self.coordinate, &[2, 3]))
    }
}

/// A private key loaded for agreement.
pub struct AgreementKey {
    group: &'static Group,
    key: lc::PrivateKey,
}

impl AgreementKey {
    /// Loads PKCS#8; `None` when it is no key of this curve, or for secp256k1, which agrees on nothing.
    #[must_use]
    pub fn from_pkcs8(curve: Curve, pkcs8: &[u8]) -> Option<Self> {
        let group = Group::of(curve)?;
        let key = lc::PrivateKey::from_private_key_der(group.algorithm, pkcs8).ok()?;
        Some(Self { group, key })
    }

    /// Agrees with the owner of a public key, DER `SubjectPublicKeyInfo`. The secret is as long as a coordinate: 32,
    /// 48 or 66 bytes. `None` when the public key can't be used; see the head of this module.
    #[must_use]
    pub fn agree(&self, peer: &[u8]) -> Option<Secret<[u8]>> {
        let peer = UnparsedPublicKey::new(self.group.algorithm, self.group.point(peer)?);
        lc::agree(&self.key, peer, (), |secret| Ok(Secret::copy_of(secret))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ec::EcKeyPair;
    use crate::rsa::NewPair;

    const CURVES: [(Curve, usize); 3] = [(Curve::P256, 32), (Curve::P384, 48), (Curve::P521, 66)];

    fn pair(curve: Curve) -> (AgreementKey, NewPair) {
        let pair = EcKeyPair::generate(curve).unwrap().export().unwrap();
        (AgreementKey::from_pkcs8(curve, pair.pkcs8.expose()).unwrap(), pair)
    }

    /// The same key with its point compressed.
    fn compressed(curve: Curve, spki: &[u8]) -> Vec<u8> {
        let group = Group::of(curve).unwrap();
        let point = group.point(spki).unwrap();
        let short = [&[2 + (point.last().unwrap() & 1)], &point[1..=group.coordinate]].concat();
        der::spki(group.identifier, &short)
    }

    #[test]
    fn both_sides_agree_on_a_secret_of_the_coordinates_length() {
        for (curve, length) in CURVES {
            let ((ours, our_pair), (theirs, their_pair)) = (pair(curve), pair(curve));
            let secret = ours.agree(&their_pair.spki).unwrap();
            assert_eq!(secret.len(), length);
            assert!(secret.ct_eq(theirs.agree(&our_pair.spki).unwrap().expose()));
            assert!(secret.ct_eq(ours.agree(&compressed(curve, &their_pair.spki)).unwrap().expose()));
            assert!(!secret.ct_eq(ours.agree(&our_pair.spki).unwrap().expose()));
        }
    }

    #[test]
    fn keys_of_another_curve_or_form_are_refused() {
        for (curve, _) in CURVES {
            let (ours, pair) = pair(curve);
            for other in [Curve::P256, Curve::P384, Curve::P521, Curve::P256K1] {
                let foreign = EcKeyPair::generate(other).unwrap().export().unwrap();
                assert_eq!(ours.agree(&foreign.spki).is_some(), curve == other);
                assert_eq!(AgreementKey::from_pkcs8(curve, foreign.pkcs8.expose()).is_some(), curve == other);
            }
            let group = Group::of(curve).unwrap();
            let point = group.point(&pair.spki).unwrap().to_vec();
            let with = |change: &dyn Fn(&mut Vec<u8>)| {
                let mut point = point.clone();
                change(&mut point);
                ours.agree(&der::spki(group.identifier, &point))
            };
            assert!(with(&|_| ()).is_some());
            assert!(with(&|point| *point.last_mut().unwrap() ^= 1).is_none(), "off the curve");
            assert!(with(&|point| point[0] = 6 + (point.last().unwrap() & 1)).is_none(), "hybrid");
            assert!(with(&|point| *point = vec![0]).is_none(), "infinity");
            assert!(with(&|point| point[1..].fill(0)).is_none(), "nought");
            assert!(with(&|point| point[1..].fill(0xff)).is_none(), "beyond the field");
            assert!(ours.agree(&point).is_none(), "a bare point");
            assert!(ours.agree(&[pair.spki.as_slice(), &[0]].concat()).is_none(), "bytes behind");
            for length in 0..pair.spki.len() {
                assert!(ours.agree(&pair.spki[..length]).is_none(), "{length}");
            }
        }
    }
}
