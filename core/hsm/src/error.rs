//! Why the HSM refuses. What fails to open says one thing, whatever the cause.

use thiserror::Error;

/// Why a command was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HsmError {
    /// The ciphertext doesn't open: damaged, foreign, made by another key or with another encryption context.
    #[error("the ciphertext does not open")]
    InvalidCiphertext,
    /// The token doesn't open with this binding: damaged, foreign, or of another key.
    #[error("the key token does not open")]
    InvalidToken,
    /// A digest has another length than the algorithm's hash.
    #[error("the digest has the wrong length")]
    DigestLength,
    /// The plaintext is longer than the algorithm takes with this key.
    #[error("the plaintext is longer than {max} bytes")]
    PlaintextTooLong {
        /// The longest plaintext, in bytes.
        max: usize,
    },
    /// The command, its algorithm or its message type doesn't suit the key's spec and usage.
    #[error("not for a key of this spec and usage")]
    NotForThisSpec,
    /// A number of bytes is out of its range.
    #[error("a length is out of its range")]
    LengthOutOfRange,
    /// The other side's public key can't be used.
    #[error("not a usable public key")]
    InvalidPublicKey,
    /// Imported key material doesn't unwrap or isn't a key of the spec.
    #[error("not usable key material")]
    InvalidKeyMaterial,
    /// A spec or command that this version doesn't serve.
    #[error("not served by this version")]
    NotServed,
    /// The pool's queue is full: try again.
    #[error("the queue of the HSM is full")]
    Busy,
    /// The cryptographic library failed where it can't fail: out of memory, or stopping.
    #[error("the HSM failed")]
    Failed,
}

/// Why the HSM doesn't start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StartError {
    /// A power-on self-test gave another answer than the known one.
    #[error("self-test `{0}` failed")]
    SelfTest(&'static str),
    /// The domain keys are none, or the library can't use them.
    #[error("the domain keys can't be used")]
    DomainKeys,
}

/// Why wrapped domain keys don't open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DomainKeysError {
    /// Another root of trust wrapped them, or they are damaged.
    #[error("the domain keys don't open under this root of trust")]
    Root,
    /// They open, but their form is unknown: written by a newer version.
    #[error("the domain keys have an unknown form")]
    Form,
}
