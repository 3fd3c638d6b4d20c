//! What one sync of the disk takes, without a server: the bound of whatever waits for one.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

/// Syncs of one probe.
const SYNCS: usize = 20;
/// About as long as a journal's record.
const RECORD: usize = 1_024;

/// Milliseconds of each of a few syncs of a growing file in `folder`, with `records` records appended before each.
pub(super) fn sync_ms(folder: &Path, records: usize) -> Result<Vec<f64>> {
    let path = folder.join("probe");
    let mut file = File::create(&path)?;
    let bytes = vec![b'x'; records * RECORD];
    let mut times_ms = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&bytes)?;
        let begin = Instant::now();
        file.sync_data()?;
        times_ms.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    std::fs::remove_file(&path)?;
    Ok(times_ms)
}
