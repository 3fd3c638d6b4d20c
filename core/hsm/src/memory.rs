//! What the system does for secrets in memory. The only unsafe code of this room.
//!
//! JUSTIFICATION: mapping a page with properties of its own (wiped in a forked child, absent from dumps) and borrowing
//! its bytes can't be said in safe Rust. Everything else here is safe calls.
//!
//! What stays outside every protection: registers, the stacks of C functions, and copies that the library makes while
//! it exports a key. The threat model says so.

#![expect(unsafe_code, reason = "maps a page of memory and borrows it")]

use std::ptr::NonNull;

const PAGE: usize = 4_096;

/// Which protections are active; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protections {
    /// No debugger of the same user, and no core dump, reads this process.
    pub not_dumpable: bool,
    /// The limit for core files is nought.
    pub no_core_files: bool,
    /// No page of this process is written to swap. False under a limit on locked memory (`RLIMIT_MEMLOCK`), unless the
    /// process has `CAP_IPC_LOCK`.
    pub memory_locked: bool,
    /// The pool of random bytes is wiped in a forked child.
    pub wiped_on_fork: bool,
}

/// Asks the system for what protection it gives. Call once, first in `main`.
#[must_use]
pub fn harden() -> Protections {
    Protections {
        not_dumpable: forbid_dumps(),
        no_core_files: forbid_core_files(),
        memory_locked: lock_memory(),
        wiped_on_fork: WipedPage::new().is_some(),
    }
}

#[cfg(target_os = "linux")]
fn forbid_dumps() -> bool {
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn forbid_dumps() -> bool {
    false
}

fn forbid_core_files() -> bool {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(rustix::process::Resource::Core, none).is_ok()
}

/// Locks present and future pages as they are first touched. Only where no limit counts: under a limit, a later
/// allocation would fail.
#[cfg(target_os = "linux")]
fn lock_memory() -> bool {
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::{Resource, getrlimit};
    use rustix::thread::{CapabilitySet, capabilities};

    let privileged = || capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    (unlimited || privileged())
        && mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn lock_memory() -> bool {
    false
}

/// A page of memory that the kernel wipes in a forked child and leaves out of dumps. Wiped when dropped.
pub(crate) struct WipedPage(NonNull<[u8; PAGE]>);

impl WipedPage {
    /// `None` where the system has no such pages.
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> Option<Self> {
        use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

        // SAFETY: the kernel picks the place of a new private mapping, so no other memory is touched.
        let start = unsafe {
            mmap_anonymous(std::ptr::null_mut(), PAGE, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        };
        let start = start.ok()?;
        // SAFETY: both advices are for exactly the page mapped above, which nobody has borrowed yet.
        let advised =
            unsafe { madvise(start, PAGE, Advice::LinuxWipeOnFork).and(madvise(start, PAGE, Advice::LinuxDontDump)) };
        if advised.is_err() {
            // SAFETY: the page was mapped above and nobody refers to it. Failing leaks one page.
            let _ = unsafe { munmap(start, PAGE) };
            return None;
        }
        NonNull::new(start.cast()).map(Self)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> Option<Self> {
        None
    }

    /// The page's bytes; zero at first, and in a forked child.
    pub(crate) fn bytes(&mut self) -> &mut [u8; PAGE] {
        // SAFETY: `new` mapped PAGE readable and writable bytes, zeroed by the kernel; they stay mapped until `drop`,
        // and the only borrow is bound to `&mut self`. A `u8` may have any value and stand anywhere.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for WipedPage {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(self.bytes().as_mut_slice());
        // SAFETY: the page was mapped by `new` with this length and is not borrowed any more.
        #[cfg(unix)]
        let _ = unsafe { rustix::mm::munmap(self.0.as_ptr().cast(), PAGE) };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_page_starts_empty_and_keeps_what_is_written() {
        let mut page = WipedPage::new().unwrap();
        assert!(page.bytes().iter().all(|byte| *byte == 0));
        page.bytes()[4_095] = 7;
        assert_eq!(page.bytes()[4_095], 7);
    }

    #[test]
    fn the_kernel_was_told_to_wipe_and_not_to_dump_the_page() {
        let page = WipedPage::new().unwrap();
        let address = page.0.as_ptr().addr();
        let flags = flags_of(address).expect("the page is mapped");
        assert!(flags.contains(" wf") && flags.contains(" dd"), "{flags}");
    }

    /// The kernel's flags of the mapping that `address` is in.
    #[expect(clippy::disallowed_methods, reason = "the kernel tells what it was told in a file")]
    fn flags_of(address: usize) -> Option<String> {
        let maps = String::from_utf8(std::fs::read("/proc/self/smaps").ok()?).ok()?;
        let holds = |line: &str| {
            let (start, end) = line.split_whitespace().next()?.split_once('-')?;
            let number = |hex| usize::from_str_radix(hex, 16).ok();
            Some((number(start)?..number(end)?).contains(&address))
        };
        let mut lines = maps.lines().skip_while(|line| holds(line) != Some(true));
        lines.find(|line| line.starts_with("VmFlags:")).map(str::to_owned)
    }

    #[test]
    fn hardening_holds_afterwards() {
        // nextest gives each test a process of its own; under `cargo test` this hardens the test's process.
        let active = harden();
        assert!(active.not_dumpable && active.no_core_files && active.wiped_on_fork);
        assert_eq!(rustix::process::dumpable_behavior(), Ok(rustix::process::DumpableBehavior::NotDumpable));
        assert_eq!(rustix::process::getrlimit(rustix::process::Resource::Core).current, Some(0));
    }
}
