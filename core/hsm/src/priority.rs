//! The priority of threads, so that key generation never slows the cheap calls down.

/// How much lower the threads of the pool are: `nice` values go from −20 to 19.
const POOL_NICE: i32 = 10;

/// The lowest there is.
const LOWEST_NICE: i32 = 19;

/// Lowers the calling thread a good deal; false where the system can't do that for one thread.
pub(crate) fn lower_this_thread() -> bool {
    set(POOL_NICE)
}

/// Gives the calling thread the lowest priority; false where the system can't do that for one thread. For the thread
/// that calls [`Spares::make_one`](crate::Spares::make_one).
pub fn lowest_this_thread() -> bool {
    set(LOWEST_NICE)
}

/// On Linux, no process id means the calling thread; elsewhere it means the whole process.
#[cfg(target_os = "linux")]
fn set(nice: i32) -> bool {
    rustix::process::setpriority_process(None, nice).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn set(_nice: i32) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn one_thread_is_lowered_and_the_others_are_not() {
        let nice = || rustix::process::getpriority_process(None);
        let before = nice();
        let lowered = std::thread::spawn(move || (lowest_this_thread(), nice())).join().unwrap();
        assert_eq!(lowered, (true, Ok(LOWEST_NICE)));
        assert_eq!(nice(), before);
    }
}
