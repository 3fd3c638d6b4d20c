//! Programs that are measured: started, found at the address that they print, read from `/proc`, and never left behind.
//!
//! A child is started through this program (`child`), which asks the system to kill it when its parent dies, moves to
//! the processor it is to have and becomes the program. So nothing outlives a measurement, whatever ends that.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, PipeReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};

/// How long a program may take to say where it listens.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when it is asked to.
const STOP: Duration = Duration::from_secs(40);
/// How long it may be busy by itself.
const SETTLE: Duration = Duration::from_secs(90);
/// How long it must need less than a fiftieth of a processor to count as quiet.
const QUIET: Duration = Duration::from_millis(500);
/// How many of its last lines are kept, to be shown when it fails.
const LINES: usize = 30;

/// A running program that listens. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    started: Instant,
    log: Log,
}

type Log = Arc<Mutex<VecDeque<String>>>;

impl Process {
    /// Starts `command` on `core` (on any, when there is none) and waits for `… is listening on http://ADDRESS`.
    pub(crate) fn start(command: &[OsString], environment: &[(&str, &str)], core: Option<usize>) -> Result<Self> {
        let (output, end) = std::io::pipe()?;
        let mut wrapper = Command::new(std::env::current_exe()?);
        wrapper
            .arg("child")
            .arg(format!("--parent={}", std::process::id()))
            .args(core.map(|core| format!("--core={core}")))
            .arg("--")
            .args(command);
        wrapper.env_clear().envs(environment.iter().copied());
        wrapper.stdin(Stdio::null()).stdout(end.try_clone()?).stderr(end);
        let started = Instant::now();
        let child = wrapper.spawn()?;
        drop(wrapper); // It holds the writing ends of the pipe.

        let log = Log::default();
        let (sender, addresses) = channel();
        let mut process = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), started, log };
        let log = Arc::clone(&process.log);
        thread::spawn(move || follow(output, &sender, &log));
        process.address = process.wait_for(&addresses).with_context(|| format!("{command:?}"))?;
        Ok(process)
    }

    fn wait_for(&self, addresses: &Receiver<SocketAddr>) -> Result<SocketAddr> {
        match addresses.recv_timeout(START) {
            Ok(address) => Ok(address),
            Err(RecvTimeoutError::Timeout) => {
                bail!("it doesn't listen after {} s\n{}", START.as_secs(), self.last_lines())
            }
            Err(RecvTimeoutError::Disconnected) => bail!("it ended before it listened\n{}", self.last_lines()),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When it was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// What it printed last.
    pub(crate) fn last_lines(&self) -> String {
        let lines = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().fold(String::new(), |text, line| text + "  " + line + "\n")
    }

    /// Processor time of all its threads so far, in user and kernel mode.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let ticks = cpu_ticks(&stat).context("an unknown form of /proc/PID/stat")?;
        Ok(Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second()))
    }

    /// Waits until it does nothing by itself any more, such as making key pairs in advance.
    pub(crate) fn settle(&self) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < SETTLE {
            let before = self.cpu()?;
            thread::sleep(QUIET);
            if self.cpu()?.saturating_sub(before) <= QUIET / 50 {
                return Ok(());
            }
        }
        bail!("it is busy by itself after {} s", SETTLE.as_secs())
    }

    /// Resident memory in KiB: now, and at most so far.
    pub(crate) fn memory_kib(&self) -> Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let read = |name| kib(&status, name).with_context(|| format!("no {name} in /proc/PID/status"));
        Ok((read("VmRSS:")?, read("VmHWM:")?))
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(pid, Signal::TERM)?;
        let begin = Instant::now();
        while begin.elapsed() < STOP {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "it ended with {status}\n{}", self.last_lines());
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        bail!("it goes on {} s after it was asked to end\n{}", STOP.as_secs(), self.last_lines())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended and been waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads all that a program prints, for as long as it runs.
fn follow(output: PipeReader, found: &Sender<SocketAddr>, log: &Log) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if let Some(address) = listening(&line) {
            // The receiver is gone once it has an address.
            let _received = found.send(address);
        }
        let mut lines = log.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

fn listening(line: &str) -> Option<SocketAddr> {
    line.split_once(" is listening on http://")?.1.split_whitespace().next()?.parse().ok()
}

/// User and kernel mode: the 14th and 15th field; the second, in parentheses, may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    user.checked_add(system)
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Keeps the calling thread, and the threads and programs it starts from now on, on one processor.
pub(crate) fn stay_on(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).with_context(|| format!("processor {core}"))
}

/// Becomes `command`, which the system kills as soon as the process `parent` ends; returns only when that fails.
pub(crate) fn become_child(parent: u32, core: Option<usize>, command: &[OsString]) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the line above sends no signal.
    let alive = getppid().is_some_and(|pid| u32::try_from(pid.as_raw_nonzero().get()) == Ok(parent));
    ensure!(alive, "the process {parent} has ended");
    core.map_or(Ok(()), stay_on)?;
    let (program, arguments) = command.split_first().context("no program")?;
    Err(Command::new(program).args(arguments).exec()).with_context(|| format!("{}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_proc_and_the_programs_say() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 9 0 0 0 120 34 0 0 20 0 4 0 5 6 7";
        assert_eq!(cpu_ticks(stat), Some(154));
        assert_eq!(cpu_ticks("7 (a) S 1"), None);
        let status = "VmPeak:\t  9 kB\nVmHWM:\t  8 kB\nVmRSS:\t  7 kB\n";
        assert_eq!((kib(status, "VmRSS:"), kib(status, "VmHWM:"), kib(status, "VmX:")), (Some(7), Some(8), None));
        for (line, expected) in [
            ("sealroom is listening on http://127.0.0.1:80", Some("127.0.0.1:80")),
            ("2026 INFO sealroom is listening on http://127.0.0.1:80 dev=true", Some("127.0.0.1:80")),
            ("sealroom is listening on http://localhost", None),
            ("admin at http://127.0.0.1:80", None),
        ] {
            assert_eq!(listening(line), expected.map(|address| address.parse().unwrap()), "{line}");
        }
    }
}
