//! Key material from outside: pairs to wrap it under, and the way in.
//!
//! A wrapping pair belongs to the one key that is imported into. Its token is sealed under a key of its own
//! ([`token::seal_wrapping`]): no other command opens it, whatever binding it is told, and it opens no KMS key's.
//!
//! Whatever fails behind the token says one thing, [`HsmError::InvalidKeyMaterial`], wrapping and material alike. Where
//! the first layer of RSA_AES_KEY_WRAP doesn't open, the second is tried under a random key, so that time doesn't tell
//! the layers apart either.

use sealroom_crypto::ec::Curve;
use sealroom_crypto::rsa::{DecryptingKey, OaepHash};
use sealroom_crypto::{key_wrap, pkcs8, random, sm2};
use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use crate::algorithm::WrappingAlgorithm;
use crate::binding::KeyBinding;
use crate::command::{KeyRef, Reply};
use crate::error::HsmError;
use crate::hsm::Hsm;
use crate::material;
use crate::pair::Pair;
use crate::spec::{Origin, Spec, Usage};
use crate::token::{self, Halves};

/// The length of a SYMMETRIC_DEFAULT key, in bytes.
const SYMMETRIC: usize = 32;

/// The longest HMAC key, in bytes. AWS: at least as many bits as the spec says, at most 1,024.
const MAX_HMAC: usize = 128;

impl Spec {
    /// Whether material of such keys can be imported. AWS: not that of ML-DSA and ML-KEM keys.
    #[must_use]
    pub fn is_importable(self) -> bool {
        Kind::of(self).is_some()
    }
}

impl WrappingAlgorithm {
    /// Whether material of spec `material` may come in wrapped like this under a pair of spec `wrapping`.
    ///
    /// AWS: RSA_AES_KEY_WRAP carries RSA and ECC keys only; RSAES_OAEP everything but RSA keys, and under RSA_2048
    /// neither ECC_NIST_P521 nor ECC_NIST_EDWARDS25519; SM2PKE everything, under SM2. RSAES_PKCS1_V1_5 carries nothing
    /// any more. ML-DSA and ML-KEM keys can't be imported.
    #[must_use]
    pub fn suits(self, wrapping: Spec, material: Spec) -> bool {
        let kind = Kind::of(material);
        match (self, wrapping.rsa_bits(), kind) {
            (Self::RsaesPkcs1V15, _, _) | (_, _, None) => false,
            (Self::Sm2Pke, _, Some(_)) => wrapping == Spec::Sm2,
            (Self::RsaAesKeyWrapSha1 | Self::RsaAesKeyWrapSha256, Some(_), Some(kind)) => {
                matches!(kind, Kind::Rsa(_) | Kind::Ec(_) | Kind::Ed25519)
            }
            (Self::RsaesOaepSha1 | Self::RsaesOaepSha256, Some(bits), Some(kind)) => match kind {
                Kind::Rsa(_) => false,
                Kind::Ec(Curve::P521) | Kind::Ed25519 => bits > 2_048,
                Kind::Symmetric | Kind::Hmac(_) | Kind::Ec(_) | Kind::Sm2 => true,
            },
            (_, None, Some(_)) => false,
        }
    }
}

/// What can be imported.
enum Kind {
    Symmetric,
    /// With its least length in bytes.
    Hmac(usize),
    /// With the bits of its modulus.
    Rsa(u16),
    Ec(Curve),
    Ed25519,
    Sm2,
}

impl Kind {
    fn of(spec: Spec) -> Option<Self> {
        Some(match spec {
            Spec::SymmetricDefault => Self::Symmetric,
            Spec::Hmac224 | Spec::Hmac256 | Spec::Hmac384 | Spec::Hmac512 => Self::Hmac(spec.hmac_bytes()?),
            Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096 => Self::Rsa(spec.rsa_bits()?),
            Spec::EccNistP256 | Spec::EccNistP384 | Spec::EccNistP521 | Spec::EccSecgP256K1 => Self::Ec(spec.curve()?),
            Spec::EccNistEdwards25519 => Self::Ed25519,
            Spec::Sm2 => Self::Sm2,
            Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87 => return None,
            Spec::MlKem512 | Spec::MlKem768 | Spec::MlKem1024 => return None,
        })
    }

    /// The material that the unwrapped bytes are.
    fn read(self, bytes: Secret<[u8]>) -> Option<Material> {
        match self {
            Self::Symmetric => (bytes.len() == SYMMETRIC).then_some(Material::Secret(bytes)),
            Self::Hmac(least) => (least..=MAX_HMAC).contains(&bytes.len()).then_some(Material::Secret(bytes)),
            Self::Rsa(bits) => pkcs8::rsa(bytes.expose(), bits).map(|pair| Material::Pair(pair.into())),
            Self::Ec(curve) => pkcs8::ec(bytes.expose(), curve).map(|pair| Material::Pair(pair.into())),
            Self::Ed25519 => pkcs8::ed25519(bytes.expose()).map(|key| Material::Pair(key.into())),
            Self::Sm2 => pkcs8::sm2(bytes.expose()).map(|pair| Material::Pair(pair.into())),
        }
    }
}

enum Material {
    Secret(Secret<[u8]>),
    Pair(Pair),
}

/// The key that is imported into.
pub(crate) struct Target {
    pub(crate) account: AccountId,
    pub(crate) key: KeyId,
    pub(crate) spec: Spec,
    pub(crate) usage: Usage,
}

pub(crate) fn wrapping_key(hsm: &Hsm, account: AccountId, key: KeyId, spec: Spec) -> Result<Reply, HsmError> {
    if spec.rsa_bits().is_none() && spec != Spec::Sm2 {
        return Err(HsmError::NotForThisSpec);
    }
    let pair = hsm.new_pair(spec)?;
    let mut material = [0u8; 32];
    random::fill(&mut material);
    let material = MaterialId::from_bytes(material);
    let binding = KeyBinding::of_wrapping_key(account, key, material, spec);
    let token = token::seal_wrapping(hsm.domains.sealing(), &binding, &pair)?;
    Ok(Reply::Key { material, token, public: Some(pair.spki) })
}

pub(crate) fn import(
    hsm: &Hsm,
    target: &Target,
    wrapping: KeyRef<'_>,
    algorithm: WrappingAlgorithm,
    wrapped: &[u8],
) -> Result<Reply, HsmError> {
    let Target { account, key, spec, usage } = *target;
    let suits = spec.allows(usage) && algorithm.suits(wrapping.binding.spec, spec);
    let kind = Kind::of(spec).filter(|_| suits).ok_or(HsmError::NotForThisSpec)?;
    let own = KeyBinding::of_wrapping_key(account, key, wrapping.binding.material, wrapping.binding.spec);
    if own != *wrapping.binding {
        return Err(HsmError::InvalidToken);
    }
    let content = token::open_wrapping(&hsm.domains, wrapping.binding, wrapping.token)?;
    let bytes = unwrapped(Halves::of(&content)?.private, algorithm, wrapped)?;
    let material = bytes.and_then(|bytes| kind.read(bytes)).ok_or(HsmError::InvalidKeyMaterial)?;
    seal(hsm, target, material)
}

fn seal(hsm: &Hsm, target: &Target, material: Material) -> Result<Reply, HsmError> {
    let Target { account, key, spec, usage } = *target;
    let told = match &material {
        Material::Secret(bytes) => bytes.expose(),
        Material::Pair(pair) => &pair.spki,
    };
    let id = material::id(account, key, told)?;
    let binding = KeyBinding { account, key, material: id, spec, usage, origin: Origin::External };
    let domain = hsm.domains.sealing();
    let (token, public) = match material {
        Material::Secret(bytes) => (token::seal(domain, &binding, bytes.expose())?, None),
        Material::Pair(pair) => (token::seal_pair(domain, &binding, &pair.spki, &pair.private)?, Some(pair.spki)),
    };
    Ok(Reply::Key { material: id, token, public })
}

/// What was wrapped, `None` when it doesn't unwrap.
fn unwrapped(pkcs8: &[u8], algorithm: WrappingAlgorithm, wrapped: &[u8]) -> Result<Option<Secret<[u8]>>, HsmError> {
    use WrappingAlgorithm as A;
    let rsa = || DecryptingKey::from_pkcs8(pkcs8).ok_or(HsmError::InvalidToken);
    Ok(match algorithm {
        A::RsaesOaepSha1 => rsa()?.decrypt_oaep(OaepHash::Sha1, wrapped),
        A::RsaesOaepSha256 => rsa()?.decrypt_oaep(OaepHash::Sha256, wrapped),
        A::RsaAesKeyWrapSha1 => two_layers(&rsa()?, OaepHash::Sha1, wrapped),
        A::RsaAesKeyWrapSha256 => two_layers(&rsa()?, OaepHash::Sha256, wrapped),
        A::Sm2Pke => sm2::KeyPair::from_pkcs8(pkcs8).ok_or(HsmError::InvalidToken)?.decrypt(wrapped),
        A::RsaesPkcs1V15 => return Err(HsmError::NotForThisSpec),
    })
}

/// RSA_AES_KEY_WRAP: an AES-256 key under OAEP, as long as the modulus, then the material under that key.
fn two_layers(rsa: &DecryptingKey, hash: OaepHash, wrapped: &[u8]) -> Option<Secret<[u8]>> {
    let (first, second) = wrapped.split_at_checked(rsa.modulus_bytes())?;
    let mut kek = Secret::filled(|kek: &mut [u8; 32]| random::fill(kek));
    if let Some(opened) = rsa.decrypt_oaep(hash, first).and_then(|opened| Secret::copy_from(opened.expose())) {
        kek = opened;
    }
    key_wrap::unwrap_padded(kek.expose(), second)
}

#[cfg(test)]
mod tests;
