//! The ports: what a room needs of another without an arrow to it. Each has a fake in tests.

use thiserror::Error;

use crate::ids::KeyArn;
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a sealed or signed value is for. Part of the key derivation: what is sealed as a page marker never opens as
/// a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Markers of paged lists.
    PageMarker,
    /// Temporary credentials' session tokens.
    SessionToken,
    /// Secrets of long-lived access keys, at rest.
    AccessKeySecret,
    /// Grant tokens.
    GrantToken,
    /// Import tokens.
    ImportToken,
    /// Encoded authorization messages.
    AuthorizationMessage,
    /// Checkpoints of the journal.
    JournalCheckpoint,
    /// Manifests of backups.
    BackupManifest,
}

impl Purpose {
    /// The label that goes into the derivation. Never changes once released.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::PageMarker => "page-marker",
            Self::SessionToken => "session-token",
            Self::AccessKeySecret => "access-key-secret",
            Self::GrantToken => "grant-token",
            Self::ImportToken => "import-token",
            Self::AuthorizationMessage => "authorization-message",
            Self::JournalCheckpoint => "journal-checkpoint",
            Self::BackupManifest => "backup-manifest",
        }
    }
}

/// A sealed value doesn't open: damaged, foreign, sealed for another purpose or with other associated data. Which of
/// these, nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed value does not open")]
pub struct SealBroken;

/// Seals small values under keys that never leave the HSM.
pub trait Seal: Send + Sync {
    /// Encrypts and authenticates `plaintext`, bound to `purpose` and `aad`. Never the same bytes twice.
    fn seal(&self, purpose: Purpose, aad: &[u8], plaintext: &[u8]) -> Vec<u8>;

    /// Opens what [`Seal::seal`] made with the same `purpose` and `aad`.
    ///
    /// # Errors
    /// [`SealBroken`] for everything else.
    fn open(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Result<Secret<[u8]>, SealBroken>;

    /// Seals the value in `sealed` anew, under the key that seals now; `None` when that one sealed it. That there is an answer
    /// proves that it opens.
    ///
    /// # Errors
    /// [`SealBroken`] when it doesn't open.
    fn reseal(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, SealBroken>;
}

/// A root of trust: wraps the keys that everything else hangs from. Implemented by `roots`, used by `hsm`.
pub trait Root: Send + Sync {
    /// What kind of root this is, for the log and the boot record: `key-file`, `passphrase`.
    fn kind(&self) -> &'static str;

    /// Encrypts and authenticates `secret`, bound to `aad`.
    fn wrap(&self, aad: &[u8], secret: &[u8]) -> Vec<u8>;

    /// Opens what [`Root::wrap`] made with the same `aad`.
    ///
    /// # Errors
    /// [`SealBroken`] when it was wrapped by another root, with other `aad`, or is damaged.
    fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Secret<[u8]>, SealBroken>;
}

/// Signs with keys that never leave the HSM, so that others can check without it.
pub trait Sign: Send + Sync {
    /// A signature over `bytes` (ECDSA P-256 with SHA-256, DER) by the key of `purpose`.
    fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Vec<u8>;

    /// The public key of `purpose`, as DER `SubjectPublicKeyInfo`. It is another one after a rotation.
    fn public(&self, purpose: Purpose) -> Vec<u8>;

    /// The public keys that something signed for `purpose` may bear, now or before.
    fn publics(&self, purpose: Purpose) -> Vec<Vec<u8>>;
}

/// Random bytes for ids, salts and keys; `hsm` alone draws them.
pub trait Entropy: Send + Sync {
    /// Fills `out` with random bytes fit for ids and nonces.
    fn fill(&self, out: &mut [u8]);

    /// Sixteen random bytes: an id's worth.
    fn id_bytes(&self) -> [u8; 16] {
        let mut bytes = [0u8; 16];
        self.fill(&mut bytes);
        bytes
    }
}

/// The two clocks.
pub trait Clock: Send + Sync {
    /// The machine's time: freshness of signatures, TLS, time-outs.
    fn wall(&self) -> Timestamp;

    /// The service's time: everything else. Moved forward by the dev clock, never backwards.
    fn service(&self) -> Timestamp;
}

/// Whether something learnt about a key still holds: a key's epoch changes whenever its state, policy or grants do.
pub trait KeyEpochs: Send + Sync {
    /// The key's present epoch; callers compare, and forget what they learnt under another.
    fn epoch(&self, key: &KeyArn) -> u64;
}

/// A family of outcomes: what a service's method answers for each output type `T`.
///
/// Rooms answer `Effect<T>`, which nobody can open; the generated adapter answers `Result<T, E>`. A plain generic
/// associated type can't be equated for every `T` at once in a bound, a family can (`docs/decisions/0001`).
pub trait Outcomes: Send + Sync + 'static {
    /// The outcome of an operation whose output is `T`.
    type Of<T: Send>: Send;
}

/// The family of plain results.
pub struct Answers<E>(std::marker::PhantomData<fn() -> E>);

impl<E: Send + 'static> Outcomes for Answers<E> {
    type Of<T: Send> = Result<T, E>;
}

/// How a release ended.
#[derive(Debug)]
pub enum Released<T, E> {
    /// Recorded; here is the value.
    Answer(T),
    /// Recorded; the room refused.
    Refused(E),
    /// A guard of the batch didn't hold: nothing was written and nothing recorded. Ask the room again.
    Conflict,
    /// It could not be recorded: the caller gets an internal failure and no value.
    Unrecorded,
    /// The store can't be reached: the caller may retry later.
    Unavailable,
}

/// Opens an outcome after it has been committed and recorded; implemented by the journal alone.
pub trait Release<E>: Send + Sync {
    /// The family of outcomes that this opens.
    type Effects: Outcomes;

    /// Commits what the outcome wants written, records its events, and only then hands out its value.
    fn release<T: Send>(
        &self,
        effect: <Self::Effects as Outcomes>::Of<T>,
    ) -> impl Future<Output = Released<T, E>> + Send;
}
