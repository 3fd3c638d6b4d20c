//! The HSM itself: domain keys inside, commands in, replies out.

use sealroom_crypto::ec::EcKeyPair;
use sealroom_crypto::envelope::SealingKey;
use sealroom_crypto::{certificate, digest, random, rsa};
use sealroom_foundation::ports::{Entropy, Purpose, Seal, SealBroken, Sign};
use sealroom_foundation::{AccountId, KeyId, MaterialId, Secret};

use crate::algorithm::EncryptionAlgorithm;
use crate::binding::KeyBinding;
use crate::blob::BlobKind;
use crate::command::{Command, KeyRef, Release, Released, Reply};
use crate::domain::{self, DomainKeys, Domains};
use crate::error::{HsmError, StartError};
use crate::import::{self, Target};
use crate::objects::{self, Object};
use crate::shelf::Shelf;
use crate::spare::Spares;
use crate::spec::{Origin, Spec, Usage};
use crate::{agreement, asymmetric, kem, mac, pair, recipient, selftest, sm2, symmetric, token};

/// The most random bytes a caller gets at once. AWS: `NumberOfBytes` is 1 to 1,024.
const MAX_RANDOM: u16 = 1_024;

/// The function from commands and tokens to replies, with the domain keys inside. Shared by reference.
pub struct Hsm {
    pub(crate) domains: Domains,
    pub(crate) objects: Shelf<Object>,
    pub(crate) message_keys: Shelf<SealingKey>,
    spares: Spares,
}

impl Hsm {
    /// Runs the power-on self-tests and takes the domain keys over.
    ///
    /// # Errors
    /// [`StartError`] names the test that failed.
    #[expect(clippy::needless_pass_by_value, reason = "the caller is to keep no domain keys")]
    pub fn start(keys: DomainKeys) -> Result<Self, StartError> {
        selftest::run()?;
        Ok(Self {
            domains: keys.derive()?,
            objects: Shelf::new(objects::KEPT),
            message_keys: Shelf::new(symmetric::KEPT),
            spares: Spares::default(),
        })
    }

    /// Takes domain keys over that were added to those of the start. The one that seals of them seals from now on (see
    /// [`DomainKeys::announcing_newest`]); what the older ones sealed still opens.
    ///
    /// # Errors
    /// [`StartError::DomainKeys`] when one can't be used.
    #[expect(clippy::needless_pass_by_value, reason = "the caller is to keep no domain keys")]
    pub fn adopt(&self, keys: DomainKeys) -> Result<(), StartError> {
        self.domains.adopt(&keys)
    }

    /// Whether `keys` are exactly the domain keys that are inside.
    #[must_use]
    pub fn works_with(&self, keys: &DomainKeys) -> bool {
        self.domains.are_of(keys)
    }

    /// The public key that signs for `purpose` under domain key `newer`, and a signature over it by the domain key before
    /// that one: [`successor_statement`] says over what. Who trusts the old key may then trust the new one. `None` when there
    /// is no such domain key, or none before it.
    #[must_use]
    pub fn vouch(&self, purpose: Purpose, newer: u32) -> Option<(Vec<u8>, Vec<u8>)> {
        let public = self.domains.get(newer)?.signer(purpose)?.spki.clone();
        let before = self.domains.all().filter(|domain| domain.id < newer).max_by_key(|domain| domain.id)?;
        let digest = digest::DigestAlg::Sha256.digest(&successor_statement(&public));
        let signature = before.signer(purpose)?.pair.sign_digest(&digest).ok()?;
        Some((public, signature))
    }

    /// Drops what is kept ready of all keys: it is loaded again when it is used. After tokens were sealed anew nobody brings
    /// the old ones again, by which it is found.
    pub fn forget_loaded(&self) {
        self.objects.clear();
        self.message_keys.clear();
    }

    /// The number of the domain key that seals.
    #[must_use]
    pub fn sealing_domain(&self) -> u32 {
        self.domains.sealing().id
    }

    /// Runs a command on the calling thread, however long it takes.
    ///
    /// # Errors
    /// [`HsmError`]; never [`HsmError::Busy`].
    pub fn execute(&self, command: Command<'_>) -> Result<Reply, HsmError> {
        match command {
            Command::GenerateKey { account, key, spec, usage, origin } => {
                self.generate_key(account, key, spec, usage, origin)
            }
            Command::Encrypt { key, algorithm, context, plaintext, kind } => {
                self.encrypt(key, algorithm, context, plaintext, kind).map(Reply::Ciphertext)
            }
            Command::Decrypt { key, algorithm, context, ciphertext, release } => {
                let plaintext = self.decrypt(key, algorithm, context, ciphertext)?;
                recipient::release(plaintext, release).map(Reply::Plaintext)
            }
            Command::ReEncrypt { from, from_algorithm, from_context, ciphertext, to, to_algorithm, to_context } => {
                let plaintext = self.decrypt(from, from_algorithm, from_context, ciphertext)?;
                let kind = BlobKind::Message;
                self.encrypt(to, to_algorithm, to_context, plaintext.expose(), kind).map(Reply::Ciphertext)
            }
            Command::DataKey { key, context, bytes, release } => {
                symmetric::data_key(self, key, context, bytes, release)
            }
            Command::DataKeyPair { key, context, spec, release } => self.data_key_pair(key, context, spec, release),
            Command::Sign { key, algorithm, message } => {
                asymmetric::sign(self, key, algorithm, message).map(Reply::Signature)
            }
            Command::Verify { key, algorithm, message, signature } => {
                asymmetric::verify(self, key, algorithm, message, signature).map(Reply::Verified)
            }
            Command::Mac { key, algorithm, message } => mac::mac(self, key, algorithm, message).map(Reply::Mac),
            Command::VerifyMac { key, algorithm, message, mac } => {
                mac::verify(self, key, algorithm, message, mac).map(Reply::Verified)
            }
            Command::PublicKey { key } => asymmetric::public_key(self, key).map(Reply::PublicKey),
            Command::Random { bytes, release } => recipient::release(random_bytes(bytes)?, release).map(Reply::Random),
            Command::VerifyCertified { roots, leaf, issuers, at, message, signature } => {
                let roots = certificate::Roots::from_der(roots.iter().copied());
                let key = roots.and_then(|roots| roots.leaf_key(leaf, issuers, at));
                Ok(Reply::Verified(key.is_some_and(|key| key.verifies(message, signature))))
            }
            Command::Rewrap { key } => self.rewrap(key),
            Command::Forget { token } => {
                self.objects.forget(&token);
                self.message_keys.forget(&token);
                Ok(Reply::Done)
            }
            Command::Agree { key, algorithm, peer, release } => {
                recipient::release(agreement::agree(self, key, algorithm, peer)?, release).map(Reply::Plaintext)
            }
            Command::Encapsulate { key } => kem::encapsulate(self, key),
            Command::Decapsulate { key, ciphertext } => {
                kem::decapsulate(self, key, ciphertext).map(Released::Plain).map(Reply::Plaintext)
            }
            Command::WrappingKey { account, key, spec } => import::wrapping_key(self, account, key, spec),
            Command::Import { account, key, spec, usage, wrapping, algorithm, wrapped } => {
                let target = Target { account, key, spec, usage };
                import::import(self, &target, wrapping, algorithm, wrapped)
            }
        }
    }

    fn encrypt(
        &self,
        key: KeyRef<'_>,
        algorithm: EncryptionAlgorithm,
        context: &[u8],
        plaintext: &[u8],
        kind: BlobKind,
    ) -> Result<Vec<u8>, HsmError> {
        if algorithm == EncryptionAlgorithm::SymmetricDefault {
            return symmetric::encrypt(self, key, context, plaintext, kind);
        }
        asymmetric::encrypt(self, key, algorithm, context, plaintext)
    }

    fn decrypt(
        &self,
        key: KeyRef<'_>,
        algorithm: EncryptionAlgorithm,
        context: &[u8],
        ciphertext: &[u8],
    ) -> Result<Secret<[u8]>, HsmError> {
        if algorithm == EncryptionAlgorithm::SymmetricDefault {
            return symmetric::decrypt(self, key, context, ciphertext);
        }
        asymmetric::decrypt(self, key, algorithm, context, ciphertext)
    }

    fn generate_key(
        &self,
        account: AccountId,
        key: KeyId,
        spec: Spec,
        usage: Usage,
        origin: Origin,
    ) -> Result<Reply, HsmError> {
        if !spec.allows(usage) {
            return Err(HsmError::NotForThisSpec);
        }
        let mut material = [0u8; 32];
        random::fill(&mut material);
        let material = MaterialId::from_bytes(material);
        let binding = KeyBinding { account, key, material, spec, usage, origin };
        if spec.is_asymmetric() {
            let pair = pair::generate(self, spec)?;
            // Asked for only now: making a pair takes long, and a rotation may have come in between.
            let token = token::seal_pair(self.domains.sealing(), &binding, &pair.spki, &pair.private)?;
            return Ok(Reply::Key { material, token, public: Some(pair.spki) });
        }
        let length = spec.hmac_bytes().unwrap_or(32);
        let backing = Secret::filled_slice(length, random::fill);
        let token = token::seal(self.domains.sealing(), &binding, backing.expose())?;
        Ok(Reply::Key { material, token, public: None })
    }

    pub(crate) fn new_pair(&self, spec: Spec) -> Result<rsa::NewPair, HsmError> {
        if let Some(bits) = spec.rsa_bits() {
            return match self.spares.take(spec) {
                Some(pair) => Ok(pair),
                None => rsa::generate(bits).map_err(|_| HsmError::Failed),
            };
        }
        if spec == Spec::Sm2 {
            return sm2::generate();
        }
        let curve = spec.curve().ok_or(HsmError::NotForThisSpec)?;
        EcKeyPair::generate(curve).and_then(|pair| pair.export()).map_err(|_| HsmError::Failed)
    }

    fn data_key_pair(
        &self,
        key: KeyRef<'_>,
        context: &[u8],
        spec: Spec,
        release: Option<Release<'_>>,
    ) -> Result<Reply, HsmError> {
        let pair = pair::generate_for_outside(self, spec)?;
        let kind = BlobKind::DataKey;
        let ciphertext = symmetric::encrypt(self, key, context, pair.private.expose(), kind)?;
        let plaintext = release.map(|release| recipient::release(pair.private, release)).transpose()?;
        Ok(Reply::DataKeyPair { public: pair.spki, plaintext, ciphertext })
    }

    fn rewrap(&self, key: KeyRef<'_>) -> Result<Reply, HsmError> {
        let content = token::open(&self.domains, key.binding, key.token)?;
        token::seal(self.domains.sealing(), key.binding, content.expose()).map(Reply::Token)
    }

    /// Makes a store key: wrapped, to be stored in clear, and plain, for the barrier.
    ///
    /// # Errors
    /// [`HsmError::Failed`] when the library fails.
    pub fn new_store_key(&self) -> Result<(Vec<u8>, Secret<[u8; 32]>), HsmError> {
        let key = Secret::filled(|key: &mut [u8; 32]| random::fill(key));
        let domain = self.domains.sealing();
        let wrapped = domain::seal(domain.id, &domain.store_keys, b"", key.expose());
        wrapped.map(|wrapped| (wrapped, key)).ok_or(HsmError::Failed)
    }

    /// Wraps a store key anew, under the domain key that seals; `None` when that one wrapped it already.
    ///
    /// # Errors
    /// [`SealBroken`] when it is damaged or of another cluster.
    pub fn rewrap_store_key(&self, wrapped: &[u8]) -> Result<Option<Vec<u8>>, SealBroken> {
        let key = self.open_store_key(wrapped)?;
        let domain = self.domains.sealing();
        if domain::split(wrapped).is_some_and(|(id, _)| id == domain.id) {
            return Ok(None);
        }
        domain::seal(domain.id, &domain.store_keys, b"", key.expose()).map(Some).ok_or(SealBroken)
    }

    /// Opens what [`Hsm::new_store_key`] wrapped.
    ///
    /// # Errors
    /// [`SealBroken`] when it is damaged or of another cluster.
    pub fn open_store_key(&self, wrapped: &[u8]) -> Result<Secret<[u8; 32]>, SealBroken> {
        let opened = || {
            let (id, sealed) = domain::split(wrapped)?;
            let key = self.domains.get(id)?.store_keys.open(b"", sealed)?;
            Secret::copy_from(key.expose())
        };
        opened().ok_or(SealBroken)
    }

    /// The public keys (DER `SubjectPublicKeyInfo`) that something signed for `purpose` may bear: one of each domain key.
    #[must_use]
    pub fn public_keys(&self, purpose: Purpose) -> Vec<Vec<u8>> {
        self.domains.all().filter_map(|domain| domain.signer(purpose)).map(|signer| signer.spki.clone()).collect()
    }

    /// The RSA pairs kept ready.
    #[must_use]
    pub fn spares(&self) -> &Spares {
        &self.spares
    }
}

/// What [`Hsm::vouch`] signs, so that it is no signature over anything else.
#[must_use]
pub fn successor_statement(public: &[u8]) -> Vec<u8> {
    [b"sealroom successor of a signing key 1\0", public].concat()
}

fn random_bytes(bytes: u16) -> Result<Secret<[u8]>, HsmError> {
    if bytes == 0 || bytes > MAX_RANDOM {
        return Err(HsmError::LengthOutOfRange);
    }
    Ok(Secret::filled_slice(usize::from(bytes), random::fill))
}

impl Seal for Hsm {
    fn seal(&self, purpose: Purpose, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let domain = self.domains.sealing();
        let sealed = domain.seal_key(purpose).and_then(|key| domain::seal(domain.id, key, aad, plaintext));
        // INVARIANT: every purpose has a key, and the library fails only where memory ends. Nothing sealed opens as
        // nothing, so even then no value passes for another.
        sealed.unwrap_or_default()
    }

    fn open(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Result<Secret<[u8]>, SealBroken> {
        let opened = || {
            let (id, sealed) = domain::split(sealed)?;
            self.domains.get(id)?.seal_key(purpose)?.open(aad, sealed)
        };
        opened().ok_or(SealBroken)
    }

    fn reseal(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, SealBroken> {
        let value = self.open(purpose, aad, sealed)?;
        let current = domain::split(sealed).is_some_and(|(id, _)| id == self.sealing_domain());
        Ok((!current).then(|| self.seal(purpose, aad, value.expose())))
    }
}

impl Sign for Hsm {
    fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Vec<u8> {
        let digest = digest::DigestAlg::Sha256.digest(bytes);
        let signer = self.domains.sealing().signer(purpose);
        // INVARIANT: as for `seal`; no signature verifies as none.
        signer.and_then(|signer| signer.pair.sign_digest(&digest).ok()).unwrap_or_default()
    }

    fn public(&self, purpose: Purpose) -> Vec<u8> {
        // INVARIANT: every purpose has a signer.
        self.domains.sealing().signer(purpose).map(|signer| signer.spki.clone()).unwrap_or_default()
    }

    fn publics(&self, purpose: Purpose) -> Vec<Vec<u8>> {
        self.public_keys(purpose)
    }
}

impl Entropy for Hsm {
    fn fill(&self, out: &mut [u8]) {
        random::fill(out);
    }

    fn id_bytes(&self) -> [u8; 16] {
        crate::random::pooled()
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
pub(crate) mod tests;
