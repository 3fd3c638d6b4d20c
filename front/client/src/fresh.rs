//! What is drawn anew for each sealed file. A file is sealed by a process without an HSM, so its random bytes are the
//! library's; its data key is not drawn here but asked of KMS.

use sealroom_crypto::ec::{Curve, EcKeyPair};
use sealroom_crypto::{Failed, random};

/// A message id, never to be drawn again: the salt of the message's keys.
#[must_use]
pub fn message_id() -> [u8; 32] {
    let mut id = [0; 32];
    random::fill(&mut id);
    id
}

/// The pair that signs one message and is forgotten.
///
/// # Errors
/// [`Failed`].
pub fn signing_pair() -> Result<EcKeyPair, Failed> {
    EcKeyPair::generate(Curve::P384)
}
