//! What the process says on standard error: one event a line, for people or for collectors.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, LogSettings};

/// What speaks no louder than this, whatever the settings say: at `debug` the PostgreSQL client shows its statements'
/// parameters, and the journal's records are among them.
const QUIET: [&str; 2] = ["tokio_postgres=info", "deadpool_postgres=info"];

/// Starts logging as `settings` say. Only the first call in a process counts.
pub(crate) fn start(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = QUIET.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would be written to the very place that can't be written to, and end the thread.
        .log_internal_errors(false);
    // A second server in one process (a test) finds a subscriber in place and speaks through that one.
    let _ = match settings.format {
        LogFormat::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
}
