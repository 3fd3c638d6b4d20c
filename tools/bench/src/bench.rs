//! What every suite measures with: the server's binary, the echo, the processors, and room for data.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::thread::{CpuSet, sched_getaffinity};
use tempfile::TempDir;

use crate::Settings;
use crate::process::{Process, stay_on};

/// How the server's journal reaches the disk: `audit.sync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Journal {
    /// Within 10 ms.
    Interval,
    /// Before the answer.
    Always,
}

/// The settings of a run, with what they imply.
pub(crate) struct Bench {
    settings: Settings,
    server: PathBuf,
    scratch: PathBuf,
    /// The processors for server and load, when they are to be kept apart.
    pinned: Option<(usize, usize)>,
    processors: usize,
}

impl Bench {
    /// Checks the settings; with `--pin`, moves this thread to its processor.
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        let server = settings.server.clone().context("--server PATH is missing")?;
        ensure!(server.is_file(), "no server at {}", server.display());
        let program = std::env::current_exe()?;
        let beside = program.parent().context("a program in no folder")?;
        let scratch = settings.scratch.clone().unwrap_or_else(|| beside.to_owned());
        std::fs::create_dir_all(&scratch)?;
        let usable = sched_getaffinity(None)?;
        let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| usable.is_set(*core)).collect();
        let pinned = match (settings.pin, processors.as_slice()) {
            (false, _) => None,
            (true, [server, load, ..]) => Some((*server, *load)),
            (true, _) => anyhow::bail!("--pin needs two processors"),
        };
        if let Some((_, load)) = pinned {
            stay_on(load)?;
        }
        let processors = if pinned.is_some() { 1 } else { processors.len() };
        Ok(Self { settings, server, scratch, pinned, processors })
    }

    /// A server on `data`.
    pub(crate) fn server(&self, data: &Path, journal: Journal) -> Result<Process> {
        self.server_with(data, journal, &[])
    }

    /// The same with more settings in its environment.
    pub(crate) fn server_with(&self, data: &Path, journal: Journal, settings: &[(&str, &str)]) -> Result<Process> {
        let mut command: Vec<OsString> = vec![self.server.clone().into()];
        command.extend(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"].map(OsString::from));
        command.push(data.into());
        if let Some(config) = &self.settings.config {
            command.extend([OsString::from("--config"), config.into()]);
        }
        let sync = match journal {
            Journal::Interval => "interval",
            Journal::Always => "always",
        };
        let in_memory = journal == Journal::Always && is_in_memory(data)?;
        ensure!(!in_memory, "{} is in memory, where a journal costs nothing: use --scratch", data.display());
        let settings = [&[("SEALROOM_AUDIT__SYNC", sync)], settings].concat();
        Process::start(&command, &settings, self.server_core())
    }

    /// The echo, on the processors that the server has.
    pub(crate) fn echo(&self) -> Result<Process> {
        let command = [std::env::current_exe()?.into(), "echo".into()];
        Process::start(&command, &[], self.server_core())
    }

    /// An empty folder that is removed in the end.
    pub(crate) fn temporary(&self) -> Result<TempDir> {
        tempfile::Builder::new().prefix("bench-").tempdir_in(&self.scratch).context("a temporary folder")
    }

    /// The folder in which `keys` keys are kept, if they are.
    pub(crate) fn kept(&self, keys: usize) -> Option<PathBuf> {
        self.settings.keep.as_ref().map(|keep| keep.join(format!("keys-{keys}")))
    }

    /// The processor of the servers, when they are kept to one.
    pub(crate) fn server_core(&self) -> Option<usize> {
        self.pinned.map(|(server, _)| server)
    }

    /// Processors that a server may use.
    pub(crate) fn server_processors(&self) -> usize {
        self.processors
    }

    /// Length of one measured span.
    pub(crate) fn span(&self) -> Duration {
        self.settings.span()
    }

    /// Interleaved repetitions.
    pub(crate) fn repetitions(&self) -> usize {
        self.settings.repetitions.into()
    }

    /// Whether this is the short form of a run.
    pub(crate) fn is_quick(&self) -> bool {
        self.settings.quick
    }

    /// Whether principals use the keys of their own accounts only.
    pub(crate) fn own_keys(&self) -> bool {
        self.settings.own_keys
    }

    /// What the figures depend on.
    pub(crate) fn setting(&self) -> Vec<(&'static str, String)> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        let pinned = self.pinned.map_or_else(
            || format!("servers and load share {} processors", self.processors),
            |(server, load)| format!("servers on processor {server}, load on {load}"),
        );
        vec![
            ("processor", model.trim_start_matches([' ', '\t', ':']).to_owned()),
            ("placement", pinned),
            ("load average at the start", read("/proc/loadavg").trim().to_owned()),
            ("keys", if self.settings.own_keys { "of each caller's own account" } else { "of one account" }.to_owned()),
            ("data below", self.scratch.display().to_string()),
            ("spans", format!("{} × {} ms, interleaved; medians", self.repetitions(), self.span().as_millis())),
        ]
    }
}

/// Whether a folder is in a file system without a disk.
fn is_in_memory(folder: &Path) -> Result<bool> {
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    let magic = u64::try_from(rustix::fs::statfs(folder)?.f_type)?;
    Ok([TMPFS, RAMFS].contains(&magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_in_memory_is_known() {
        assert!(is_in_memory(Path::new("/dev/shm")).unwrap());
        assert!(!is_in_memory(Path::new("/proc")).unwrap());
    }
}
