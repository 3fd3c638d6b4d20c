//! Verifying under a public key that is given as a compressed point (SEC 1, 2.3.3) and nothing around it.

use crate::digest::Digest;
use crate::ec::{self, Curve};

/// Whether the DER `signature` over `digest` is right under the point. A point in another form is no key, and
/// nothing is right under it.
#[must_use]
pub fn verify_digest(curve: Curve, point: &[u8], digest: &Digest, signature: &[u8]) -> bool {
    let length = match curve {
        Curve::P256 | Curve::P256K1 => 33,
        Curve::P384 => 49,
        Curve::P521 => 67,
    };
    // The library reads a `SubjectPublicKeyInfo` or a point, and checks that a point is on the curve.
    point.len() == length
        && point.first().is_some_and(|form| matches!(form, 2 | 3))
        && ec::verify_digest(curve, point, digest, signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ec::EcKeyPair;

    #[test]
    fn a_signature_is_right_under_its_pairs_compressed_point_only() {
        for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::P256K1] {
            let pair = EcKeyPair::generate(curve).unwrap();
            let digest = curve.digest().digest(b"message");
            let signature = pair.sign_digest(&digest).unwrap();
            let point = pair.compressed_point().unwrap();
            assert!(verify_digest(curve, &point, &digest, &signature), "{curve:?}");
            assert!(!verify_digest(curve, &point, &curve.digest().digest(b"another"), &signature));
            // The other root of y, which is another key.
            let mut mirrored = point.clone();
            mirrored[0] ^= 1;
            assert!(!verify_digest(curve, &mirrored, &digest, &signature));
            let spki = pair.public_spki().unwrap();
            for other in [&point[1..], &[], &[point.as_slice(), &[0]].concat(), &spki] {
                assert!(!verify_digest(curve, other, &digest, &signature), "{curve:?} {other:?}");
            }
        }
    }
}
