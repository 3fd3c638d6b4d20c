//! Why a root of trust can't be made or opened.

use std::path::PathBuf;

use thiserror::Error;

/// Why a root of trust can't be made or opened.
#[derive(Debug, Error)]
pub enum RootError {
    /// The system refused.
    #[error("key file `{}`: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others than its owner may read or write the key file.
    #[error("key file `{}` has mode {mode:04o}: it must be readable by its owner only (chmod 600)", path.display())]
    TooWide {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It isn't a key file, or it is damaged.
    #[error("`{}` is no key file, or it is damaged", path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The passphrase isn't the one that the parameters were made with.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The parameters of the passphrase are damaged or of a newer version.
    #[error("the parameters of the passphrase are damaged")]
    Parameters,
}
