//! A digest of what comes in parts, to be signed or verified at the end.

use aws_lc_rs::digest as lc;

use crate::digest::{Digest, DigestAlg};

/// A hash of what came so far.
pub struct Transcript(lc::Context);

impl Transcript {
    /// Of nothing yet.
    #[must_use]
    pub fn new(hash: DigestAlg) -> Self {
        Self(lc::Context::new(hash.algorithm()))
    }

    /// Takes the next part.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of all parts.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hash_like_the_whole() {
        for hash in [DigestAlg::Sha256, DigestAlg::Sha384, DigestAlg::Sha512] {
            let mut transcript = Transcript::new(hash);
            [&b"one"[..], b"", b" and two"].iter().for_each(|part| transcript.update(part));
            assert_eq!(transcript.finish().as_ref(), hash.digest(b"one and two").as_ref());
        }
    }
}
