//! Where bytes come from and where they go: files and the standard streams.
//!
//! An output grows in a temporary file beside its place and gets its name at the end, in one step, when all was right.
//! It replaces nothing unless told to. If it fails, or is dropped, the temporary file is gone.

use std::fs::{File, Permissions};
use std::io::{IsTerminal as _, Read, Seek as _, Stdin, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempPath;

/// The name of standard input and standard output.
const STANDARD: &str = "-";

/// Whether `path` means a standard stream.
pub(super) fn is_standard(path: &Path) -> bool {
    path == Path::new(STANDARD)
}

/// A whole small file.
pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    open(path)?.read_to_end(&mut content)?;
    Ok(content)
}

#[expect(clippy::disallowed_methods, reason = "the files that the command line names")]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

/// What is read.
pub(super) enum Input {
    /// With its length, where it is known beforehand.
    File(File, Option<u64>),
    /// Standard input.
    Standard(Stdin),
}

impl Input {
    pub(super) fn open(path: &Path) -> Result<Self> {
        if is_standard(path) {
            return Ok(Self::Standard(std::io::stdin()));
        }
        let told = || format!("`{}`", path.display());
        let file = open(path).with_context(told)?;
        let metadata = file.metadata().with_context(told)?;
        ensure!(!metadata.is_dir(), "{} is a folder; `tar` makes a file of one", told());
        Ok(Self::File(file, metadata.is_file().then_some(metadata.len())))
    }

    /// How many bytes come; `None` where nobody knows.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::File(_, length) => *length,
            Self::Standard(_) => None,
        }
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::File(file, _) => file.read(into),
            Self::Standard(stdin) => stdin.read(into),
        }
    }
}

/// What is written, which says how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sealed file: as readable as any new file.
    Sealed,
    /// Plaintext whose frames are authenticated one by one: for its owner only.
    Unsigned,
    /// Plaintext whose signature comes last: nothing of it is let out before. For its owner only.
    Signed,
}

/// Where it goes.
pub(super) enum Output {
    /// A file in the making, and what becomes of it.
    File { file: File, temporary: TempPath, target: PathBuf, force: bool },
    /// Standard output, from a nameless file that is let out at the end.
    Spooled(File),
    /// Standard output.
    Standard,
}

impl Output {
    /// Refuses a target that is there already, unless `force`, and makes the temporary file.
    pub(super) fn prepare(target: &Path, force: bool, kind: Kind) -> Result<Self> {
        if is_standard(target) {
            ensure!(
                kind != Kind::Sealed || !std::io::stdout().is_terminal(),
                "a sealed file is nothing for a terminal: say --output, or redirect"
            );
            return Ok(match kind {
                Kind::Signed => Self::Spooled(tempfile::tempfile().context("no temporary file (TMPDIR)")?),
                Kind::Sealed | Kind::Unsigned => Self::Standard,
            });
        }
        let told = target.display();
        match target.symlink_metadata() {
            Ok(there) if !there.is_file() => bail!("`{told}` is there and is no file"),
            Ok(_) if !force => bail!("`{told}` is there already: --force replaces it"),
            Ok(_) | Err(_) => {}
        }
        ensure!(target.file_name().is_some(), "`{told}` is no name of a file");
        let folder = folder_of(target);
        let mode = if kind == Kind::Sealed { 0o666 } else { 0o600 };
        let made = tempfile::Builder::new()
            .prefix(".sealroom-")
            .suffix(".tmp")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder);
        let (file, temporary) = made.with_context(|| format!("can not write to `{}`", folder.display()))?.into_parts();
        Ok(Self::File { file, temporary, target: target.to_owned(), force })
    }

    /// Lets `write` write, away from the runtime's thread, and gives the output its name, or lets it out, when it was
    /// done.
    pub(super) async fn write<F>(self, write: F) -> Result<()>
    where
        F: FnOnce(&mut dyn Write) -> Result<()> + Send + 'static,
    {
        match self {
            Self::File { mut file, temporary, target, force } => {
                away(move || {
                    write(&mut file)?;
                    file.sync_all().context("can not write")
                })
                .await?;
                let named = if force { temporary.persist(&target) } else { temporary.persist_noclobber(&target) };
                named.map_err(|failed| failed.error).with_context(|| format!("`{}`", target.display()))?;
                // The name, too, is to outlive a crash. Some file systems can't sync a folder, and the file is there.
                let _ = open(folder_of(&target)).and_then(|folder| folder.sync_all());
                Ok(())
            }
            Self::Spooled(mut file) => {
                away(move || {
                    write(&mut file)?;
                    file.rewind()?;
                    let mut out = std::io::stdout().lock();
                    std::io::copy(&mut file, &mut out).context("standard output")?;
                    out.flush().context("standard output")
                })
                .await
            }
            Self::Standard => away(move || write(&mut std::io::stdout().lock())).await,
        }
    }
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

async fn away(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    tokio::task::spawn_blocking(work).await.context("the work was given up")?
}

#[cfg(test)]
mod tests;
