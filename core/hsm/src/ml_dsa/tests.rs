//! ML-DSA keys: messages and µs, and what each signature verifies as.

use sealroom_foundation::Secret;

use super::*;
use crate::command::{Command, Reply};
use crate::hsm::tests::{TestKey, hsm};
use crate::selftest::lattice::ML_DSA;
use crate::spec::Spec;

use SigningAlgorithm::MlDsaShake256 as Shake;

/// FIPS 204, table 2.
const ROWS: [(Spec, usize, usize); 3] =
    [(Spec::MlDsa44, 2_420, 1_334), (Spec::MlDsa65, 3_309, 1_974), (Spec::MlDsa87, 4_627, 2_614)];

fn sign(hsm: &Hsm, key: KeyRef<'_>, algorithm: SigningAlgorithm, message: Message<'_>) -> Result<Vec<u8>, HsmError> {
    match hsm.execute(Command::Sign { key, algorithm, message })? {
        Reply::Signature(signature) => Ok(signature),
        other => panic!("{other:?}"),
    }
}

fn verify(
    hsm: &Hsm,
    key: KeyRef<'_>,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, HsmError> {
    match hsm.execute(Command::Verify { key, algorithm, message, signature })? {
        Reply::Verified(right) => Ok(right),
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_and_mus_are_signed_and_digests_refused() {
    let hsm = hsm();
    for (spec, length, public_length) in ROWS {
        let owned = TestKey::new(&hsm, spec, Usage::SignVerify);
        let key = owned.get();
        assert_eq!(owned.public.as_ref().map(Vec::len), Some(public_length));
        let rows = [
            (Shake, Message::Raw(b"m"), None),
            (Shake, Message::Raw(&[7; 64]), None),
            (Shake, Message::ExternalMu(&[7; 64]), None),
            (Shake, Message::ExternalMu(&[7; 63]), Some(HsmError::DigestLength)),
            (Shake, Message::ExternalMu(&[7; 65]), Some(HsmError::DigestLength)),
            (Shake, Message::ExternalMu(b""), Some(HsmError::DigestLength)),
            (Shake, Message::Digest(&[7; 64]), Some(HsmError::NotForThisSpec)),
            (SigningAlgorithm::EcdsaSha256, Message::Raw(b"m"), Some(HsmError::NotForThisSpec)),
            (SigningAlgorithm::Ed25519Sha512, Message::Raw(b"m"), Some(HsmError::NotForThisSpec)),
        ];
        for (algorithm, message, refused) in rows {
            let signed = sign(&hsm, key, algorithm, message);
            assert_eq!(signed.as_ref().err(), refused.as_ref(), "{spec} {algorithm} {message:?}");
            let signature = signed.unwrap_or_else(|_| vec![1; length]);
            assert_eq!(signature.len(), length);
            let verified = verify(&hsm, key, algorithm, message, &signature);
            assert_eq!(verified, refused.map_or(Ok(true), Err), "{spec} {algorithm} {message:?}");
        }
    }
}

#[test]
fn a_signature_verifies_for_its_message_and_key_only() {
    let hsm = hsm();
    for (spec, ..) in ROWS {
        let (owned, other) = (TestKey::new(&hsm, spec, Usage::SignVerify), TestKey::new(&hsm, spec, Usage::SignVerify));
        let (key, bytes) = (owned.get(), [7u8; 64]);
        let of_message = sign(&hsm, key, Shake, Message::Raw(&bytes)).unwrap();
        let of_mu = sign(&hsm, key, Shake, Message::ExternalMu(&bytes)).unwrap();
        // The same 64 bytes as a message and as a µ are two things.
        let rows = [
            (key, Message::Raw(&bytes), &of_message, true),
            (key, Message::ExternalMu(&bytes), &of_mu, true),
            (key, Message::Raw(&bytes), &of_mu, false),
            (key, Message::ExternalMu(&bytes), &of_message, false),
            (key, Message::Raw(b"another"), &of_message, false),
            (key, Message::ExternalMu(&[8; 64]), &of_mu, false),
            (other.get(), Message::Raw(&bytes), &of_message, false),
            (other.get(), Message::ExternalMu(&bytes), &of_mu, false),
        ];
        for (number, (key, message, signature, right)) in rows.into_iter().enumerate() {
            assert_eq!(verify(&hsm, key, Shake, message, signature), Ok(right), "{spec} {number}");
            assert_eq!(verify(&hsm, key, Shake, message, &signature[1..]), Ok(false), "{spec} {number}");
        }
        assert_ne!(sign(&hsm, key, Shake, Message::Raw(&bytes)).unwrap(), of_message);
    }
}

/// The µ was computed by another program.
#[test]
fn a_message_and_its_mu_verify_each_others_signatures() {
    let hsm = hsm();
    for ((spec, ..), answer) in ROWS.into_iter().zip(ML_DSA) {
        let template = TestKey::new(&hsm, spec, Usage::SignVerify);
        let seed = Secret::copy_of(&[answer.seed; 32]);
        let token = token::seal_pair(hsm.domains.sealing(), &template.binding, answer.spki, &seed).unwrap();
        let key = KeyRef { binding: &template.binding, token: &token };
        let (message, mu) = (Message::Raw(crate::selftest::MESSAGE), Message::ExternalMu(&answer.mu));
        for (signed, verified) in [(message, mu), (mu, message)] {
            let signature = sign(&hsm, key, Shake, signed).unwrap();
            assert_eq!(verify(&hsm, key, Shake, verified, &signature), Ok(true), "{spec}");
        }
        assert_eq!(verify(&hsm, key, Shake, mu, answer.signature), Ok(true), "{spec}");
    }
}
