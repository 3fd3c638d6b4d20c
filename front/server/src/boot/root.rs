//! Which root of trust the configuration means, made for a new cluster or opened for one that is there.

use std::path::{Path, PathBuf};

use sealroom_foundation::Secret;
use sealroom_foundation::ports::Root;
use sealroom_roots::{KeyFile, Passphrase};

use super::BootError;
use crate::config::{Config, RootKind, RootSettings};
use crate::files;

/// LIMIT: bytes of a passphrase file.
const MAX_PASSPHRASE: usize = 64 * 1024;

/// A new root.
pub(crate) struct Made {
    pub(crate) root: Box<dyn Root>,
    /// What opens it again besides its secret; stored in clear.
    pub(crate) parameters: Vec<u8>,
}

/// A root for a new cluster. A key file that is there already is taken.
pub(super) fn make(config: &Config) -> Result<Made, BootError> {
    match config.root.kind {
        RootKind::KeyFile => make_key_file(&config.key_file()),
        RootKind::Passphrase => made_of(&passphrase(&config.root)?),
    }
}

/// The root that `config` names, which must be of the kind `founded`; `parameters` are what was stored of it.
pub(super) fn open(config: &Config, founded: &str, parameters: &[u8]) -> Result<Box<dyn Root>, BootError> {
    let configured = kind_name(config.root.kind);
    if founded != configured {
        return Err(BootError::OtherRoot { configured, founded: founded.to_owned() });
    }
    match config.root.kind {
        RootKind::KeyFile => Ok(Box::new(KeyFile::open(&config.key_file())?)),
        RootKind::Passphrase => Ok(Box::new(Passphrase::open(&passphrase(&config.root)?, parameters)?)),
    }
}

/// Where a root lies that is to take the present one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewRoot {
    /// In this key file, which is made when it isn't there.
    KeyFile(PathBuf),
    /// It comes from the passphrase in this file.
    PassphraseFile(PathBuf),
}

impl NewRoot {
    /// As the root calls itself.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::KeyFile(_) => kind_name(RootKind::KeyFile),
            Self::PassphraseFile(_) => kind_name(RootKind::Passphrase),
        }
    }

    /// Whether it was made before. A passphrase always was: somebody thought of it.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::KeyFile(path) => path.exists(),
            Self::PassphraseFile(_) => true,
        }
    }

    /// The root, made where it isn't there yet.
    pub(crate) fn make(&self) -> Result<Made, BootError> {
        match self {
            Self::KeyFile(path) => make_key_file(path),
            Self::PassphraseFile(path) => made_of(&content_of(path, of_file(path))?),
        }
    }

    /// The root that was made before, with the parameters that were stored of it.
    pub(crate) fn open(&self, parameters: &[u8]) -> Result<Box<dyn Root>, BootError> {
        match self {
            Self::KeyFile(path) => Ok(Box::new(KeyFile::open(path)?)),
            Self::PassphraseFile(path) => {
                Ok(Box::new(Passphrase::open(&content_of(path, of_file(path))?, parameters)?))
            }
        }
    }
}

fn make_key_file(path: &Path) -> Result<Made, BootError> {
    let root = if path.exists() { KeyFile::open(path)? } else { KeyFile::create(path)? };
    Ok(Made { root: Box::new(root), parameters: Vec::new() })
}

fn made_of(passphrase: &Secret<[u8]>) -> Result<Made, BootError> {
    let (root, parameters) = Passphrase::create(passphrase)?;
    Ok(Made { root: Box::new(root), parameters })
}

/// As the roots say it themselves; `a_configured_kind_is_called_as_the_root_calls_itself` holds the two together.
fn kind_name(kind: RootKind) -> &'static str {
    match kind {
        RootKind::KeyFile => "key-file",
        RootKind::Passphrase => "passphrase",
    }
}

fn passphrase(settings: &RootSettings) -> Result<Secret<[u8]>, BootError> {
    if let Some(variable) = &settings.passphrase_env {
        return of_variable(variable);
    }
    let Some((path, from)) = passphrase_file(settings) else {
        return Err(BootError::Passphrase {
            from: "nowhere: the configuration names no source".to_owned(),
            source: None,
        });
    };
    content_of(&path, from)
}

fn content_of(path: &Path, from: String) -> Result<Secret<[u8]>, BootError> {
    let content = files::read_secret(path, MAX_PASSPHRASE)
        .map_err(|source| BootError::Passphrase { from, source: Some(source) })?;
    Ok(without_line_end(content))
}

fn of_file(path: &Path) -> String {
    format!("the file `{}`", path.display())
}

#[expect(clippy::disallowed_methods, reason = "the environment belongs to the server's config")]
fn of_variable(variable: &str) -> Result<Secret<[u8]>, BootError> {
    match std::env::var(variable) {
        Ok(text) => Ok(Secret::from_vec(text.into_bytes())),
        Err(_) => Err(BootError::Passphrase { from: format!("the variable `{variable}`"), source: None }),
    }
}

/// The file that holds the passphrase, and what to call it.
fn passphrase_file(settings: &RootSettings) -> Option<(PathBuf, String)> {
    if let Some(path) = &settings.passphrase_file {
        return Some((path.clone(), of_file(path)));
    }
    let name = settings.passphrase_credential.as_deref()?;
    Some((credentials_folder().join(name), format!("the credential `{name}`")))
}

/// Where systemd puts a unit's credentials; an empty path, in which nothing is found, outside of a unit.
#[expect(clippy::disallowed_methods, reason = "the environment belongs to the server's config")]
fn credentials_folder() -> PathBuf {
    std::env::var_os("CREDENTIALS_DIRECTORY")
        .map_or_else(|| Path::new("").join("credentials-of-no-unit"), PathBuf::from)
}

/// One line end at the end isn't part of the passphrase: editors put it there.
fn without_line_end(content: Secret<[u8]>) -> Secret<[u8]> {
    let bytes = content.expose();
    let kept = bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    match kept {
        Some(kept) => Secret::copy_of(kept),
        None => content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_no_part_of_a_passphrase() {
        for (file, passphrase) in [
            ("word", "word"),
            ("word\n", "word"),
            ("word\r\n", "word"),
            ("word\n\n", "word\n"),
            (" w \t", " w \t"),
            ("", ""),
        ] {
            assert_eq!(without_line_end(Secret::copy_of(file.as_bytes())).expose(), passphrase.as_bytes(), "{file:?}");
        }
    }

    #[test]
    fn a_configured_kind_is_called_as_the_root_calls_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::create(&folder.path().join("root.key")).unwrap();
        assert_eq!(file.kind(), kind_name(RootKind::KeyFile));
        let (phrase, _) = Passphrase::create(&Secret::copy_of(b"word")).unwrap();
        assert_eq!(phrase.kind(), kind_name(RootKind::Passphrase));
    }
}
