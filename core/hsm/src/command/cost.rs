//! Which commands run on the calling thread, and which on the pool.

use crate::command::{Command, Release};
use crate::spec::Spec;

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Microseconds: on the calling thread.
    Inline,
    /// Up to a second: on a thread of the pool.
    Pool,
}

impl Command<'_> {
    /// Where the command belongs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        match self {
            // Another half of an RSA key besides, and as long as the recipient likes it.
            Self::Decrypt { release: Release::To(_), .. }
            | Self::Agree { release: Release::To(_), .. }
            | Self::DataKey { release: Some(Release::To(_)), .. }
            | Self::DataKeyPair { release: Some(Release::To(_)), .. }
            | Self::Random { release: Release::To(_), .. }
            | Self::VerifyCertified { .. } => Cost::Pool,
            Self::GenerateKey { spec, .. } | Self::DataKeyPair { spec, .. } => cost_of(*spec, Work::Make),
            Self::WrappingKey { .. } | Self::Import { .. } => Cost::Pool,
            Self::Decrypt { key, .. }
            | Self::Sign { key, .. }
            | Self::Agree { key, .. }
            | Self::Decapsulate { key, .. } => cost_of(key.binding.spec, Work::Private),
            Self::Encrypt { key, .. } | Self::Verify { key, .. } | Self::Encapsulate { key } => {
                cost_of(key.binding.spec, Work::Public)
            }
            Self::ReEncrypt { from, to, .. } => {
                match (cost_of(from.binding.spec, Work::Private), cost_of(to.binding.spec, Work::Public)) {
                    (Cost::Inline, Cost::Inline) => Cost::Inline,
                    _ => Cost::Pool,
                }
            }
            Self::DataKey { .. }
            | Self::Mac { .. }
            | Self::VerifyMac { .. }
            | Self::PublicKey { .. }
            | Self::Random { .. }
            | Self::Rewrap { .. }
            | Self::Forget { .. } => Cost::Inline,
        }
    }
}

/// Which half of a key works, or whether there is a new one.
#[derive(Clone, Copy)]
enum Work {
    Make,
    Private,
    Public,
}

/// Nothing that takes more than 0.1 ms is inline. A few on the pool would just fit: P-384 stays together with its Verify,
/// and ML-DSA repeats a signature until it succeeds, so that its worst is far from its best. Measured on a Zen 4 that others used too (`cargo run --release -p sealroom-hsm
/// --example cost`), whole commands in µs; RSA is made in advance where it can be:
///
/// ```text
///              make  private  public                      make  private  public
/// P-256          18       19      66      Ed25519           11       10      41
/// P-256, Agree            50              ML_DSA_44         36       98      32
/// P-384          66       88     221      ML_DSA_65         60      176      49
/// P-384, Agree           159              ML_DSA_87         92      207      84
/// P-521         100      169     349      ML_KEM_512        12       22      12
/// P256K1        261      246     222      ML_KEM_1024       24       46      23
/// RSA_2048   60,000      352      24      RSA_4096     700,000    1,891      90
/// ```
fn cost_of(spec: Spec, work: Work) -> Cost {
    match (spec, work) {
        (
            Spec::SymmetricDefault
            | Spec::Hmac224
            | Spec::Hmac256
            | Spec::Hmac384
            | Spec::Hmac512
            | Spec::EccNistP256
            | Spec::EccNistEdwards25519
            | Spec::MlKem512
            | Spec::MlKem768
            | Spec::MlKem1024,
            _,
        )
        | (Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87, Work::Make | Work::Public)
        | (Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096, Work::Public) => Cost::Inline,
        (Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87, Work::Private)
        | (Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096, Work::Make | Work::Private)
        | (Spec::EccNistP384 | Spec::EccNistP521 | Spec::EccSecgP256K1 | Spec::Sm2, _) => Cost::Pool,
    }
}

#[cfg(test)]
mod tests {
    use Cost::{Inline, Pool};
    use sealroom_foundation::{AccountId, KeyId, MaterialId};

    use super::*;
    use crate::algorithm::{
        AgreementAlgorithm, EncryptionAlgorithm, MacAlgorithm, SigningAlgorithm, WrappingAlgorithm,
    };
    use crate::binding::KeyBinding;
    use crate::blob::BlobKind;
    use crate::command::{KeyRef, Message};
    use crate::spec::{Origin, Usage};
    use crate::token::KeyToken;

    fn generate(spec: Spec) -> Command<'static> {
        let (account, key) = (AccountId::platform(), KeyId::from_bytes(false, [1; 16]));
        Command::GenerateKey { account, key, spec, usage: Usage::SignVerify, origin: Origin::AwsKms }
    }

    fn binding(spec: Spec) -> KeyBinding {
        let (account, key) = (AccountId::platform(), KeyId::from_bytes(false, [1; 16]));
        let (material, usage) = (MaterialId::from_bytes([1; 32]), Usage::SignVerify);
        KeyBinding { account, key, material, spec, usage, origin: Origin::AwsKms }
    }

    /// Making, private half, public half.
    const COSTS: [(Spec, [Cost; 3]); 20] = [
        (Spec::Rsa2048, [Pool, Pool, Inline]),
        (Spec::Rsa3072, [Pool, Pool, Inline]),
        (Spec::Rsa4096, [Pool, Pool, Inline]),
        (Spec::EccNistP256, [Inline, Inline, Inline]),
        (Spec::EccNistP384, [Pool, Pool, Pool]),
        (Spec::EccNistP521, [Pool, Pool, Pool]),
        (Spec::EccSecgP256K1, [Pool, Pool, Pool]),
        (Spec::SymmetricDefault, [Inline, Inline, Inline]),
        (Spec::Hmac224, [Inline, Inline, Inline]),
        (Spec::Hmac256, [Inline, Inline, Inline]),
        (Spec::Hmac384, [Inline, Inline, Inline]),
        (Spec::Hmac512, [Inline, Inline, Inline]),
        (Spec::Sm2, [Pool, Pool, Pool]),
        (Spec::MlDsa44, [Inline, Pool, Inline]),
        (Spec::MlDsa65, [Inline, Pool, Inline]),
        (Spec::MlDsa87, [Inline, Pool, Inline]),
        (Spec::EccNistEdwards25519, [Inline, Inline, Inline]),
        (Spec::MlKem512, [Inline, Inline, Inline]),
        (Spec::MlKem768, [Inline, Inline, Inline]),
        (Spec::MlKem1024, [Inline, Inline, Inline]),
    ];

    #[test]
    fn only_what_takes_microseconds_runs_inline() {
        assert!(COSTS.iter().map(|(spec, _)| spec).eq(Spec::ALL));
        let token = KeyToken::from_bytes(&[1]).unwrap();
        let (symmetric, context, b) = (binding(Spec::SymmetricDefault), b"".as_slice(), b"b".as_slice());
        let wrapping = KeyRef { binding: &symmetric, token: &token };
        for (spec, [make, private, public]) in COSTS {
            let binding = binding(spec);
            let key = KeyRef { binding: &binding, token: &token };
            let (encryption, signing) = (EncryptionAlgorithm::SymmetricDefault, SigningAlgorithm::EcdsaSha256);
            let to = Release::To(b);
            let (message, kind) = (Message::Raw(b), BlobKind::Message);
            let re_encrypt = |from, to| Command::ReEncrypt {
                from,
                from_algorithm: encryption,
                from_context: context,
                ciphertext: b,
                to,
                to_algorithm: encryption,
                to_context: context,
            };
            let import = |spec| Command::Import {
                account: binding.account,
                key: binding.key,
                spec,
                usage: binding.usage,
                wrapping,
                algorithm: WrappingAlgorithm::RsaesOaepSha256,
                wrapped: b,
            };
            for (command, cost) in [
                (generate(spec), make),
                (Command::DataKeyPair { key: wrapping, context, spec, release: Some(Release::Plain) }, make),
                (
                    Command::Decrypt { key, algorithm: encryption, context, ciphertext: b, release: Release::Plain },
                    private,
                ),
                (Command::Sign { key, algorithm: signing, message }, private),
                (
                    Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer: b, release: Release::Plain },
                    private,
                ),
                (Command::Decapsulate { key, ciphertext: b }, private),
                (re_encrypt(key, wrapping), private),
                (Command::Encrypt { key, algorithm: encryption, context, plaintext: b, kind }, public),
                (Command::Verify { key, algorithm: signing, message, signature: b }, public),
                (Command::Encapsulate { key }, public),
                (re_encrypt(wrapping, key), public),
                (Command::Mac { key, algorithm: MacAlgorithm::HmacSha256, message: b }, Inline),
                (Command::VerifyMac { key, algorithm: MacAlgorithm::HmacSha256, message: b, mac: b }, Inline),
                (Command::DataKey { key, context, bytes: 32, release: Some(Release::Plain) }, Inline),
                (Command::PublicKey { key }, Inline),
                (Command::Random { bytes: 32, release: Release::Plain }, Inline),
                (Command::Rewrap { key }, Inline),
                (Command::Forget { token: [1; 32] }, Inline),
                (Command::Decrypt { key, algorithm: encryption, context, ciphertext: b, release: to }, Pool),
                (Command::DataKey { key, context, bytes: 32, release: Some(to) }, Pool),
                (Command::DataKeyPair { key: wrapping, context, spec, release: Some(to) }, Pool),
                (Command::Agree { key, algorithm: AgreementAlgorithm::Ecdh, peer: b, release: to }, Pool),
                (Command::Random { bytes: 32, release: to }, Pool),
                (Command::VerifyCertified { roots: &[], leaf: b, issuers: &[], at: 0, message: b, signature: b }, Pool),
                (Command::WrappingKey { account: binding.account, key: binding.key, spec }, Pool),
                (import(spec), Pool),
            ] {
                assert_eq!(command.cost(), cost, "{command:?} {spec}");
            }
        }
    }
}
