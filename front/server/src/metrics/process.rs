//! The process's own use of the machine, under the names that Prometheus's clients agreed on. Linux only; elsewhere
//! the two lines are missing.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::files;

/// Reads `/proc/self` at each scrape.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(seconds) = cpu_seconds() {
            let help = "User and system processor time, in seconds";
            let metric = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            ConstCounter::new(seconds).encode(metric)?;
        }
        if let Some(bytes) = resident_bytes() {
            let help = "Resident memory, in bytes";
            let metric = encoder.encode_descriptor("process_resident_memory_bytes", help, None, MetricType::Gauge)?;
            ConstGauge::new(bytes).encode(metric)?;
        }
        Ok(())
    }
}

/// `utime` and `stime` of proc(5), the 14th and 15th field; the 2nd may hold blanks, but ends with `)`.
#[expect(clippy::cast_precision_loss, reason = "ticks of a process stay far below 2^53")]
fn cpu_seconds() -> Option<f64> {
    let stat = files::read_text("/proc/self/stat".as_ref()).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_ascii_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The 2nd field of `statm`, in pages.
fn resident_bytes() -> Option<u64> {
    let statm = files::read_text("/proc/self/statm".as_ref()).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_uses_some_memory_and_time() {
        assert!(super::resident_bytes().unwrap() > 100_000);
        assert!(super::cpu_seconds().unwrap() >= 0.0);
    }
}
