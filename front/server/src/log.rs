//! What the process says on standard error: one event a line, for people or for collectors.

use std::io::IsTerminal as _;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, LogSettings};

/// The PostgreSQL client, which at `debug` shows its statements' parameters; the journal's records are among them.
const TALKATIVE: [&str; 2] = ["tokio_postgres", "deadpool_postgres"];

/// Whether an event may be shown at all, whatever level the settings ask for.
fn may_be_shown(target: &str, level: Level) -> bool {
    level <= Level::INFO || !TALKATIVE.iter().any(|talkative| target.starts_with(talkative))
}

/// Starts logging as `settings` say. Only the first call in a process counts.
pub(crate) fn start(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let shown = filter_fn(|metadata| may_be_shown(metadata.target(), *metadata.level()));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would be written to the very place that can't be written to, and end the thread.
        .log_internal_errors(false);
    // A second server in one process (a test) finds a subscriber in place and speaks through that one.
    let _ = match settings.format {
        LogFormat::Text => {
            builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).finish().with(shown).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).finish().with(shown).try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_parameters_is_never_shown() {
        for (target, level, shown) in [
            ("tokio_postgres::query", Level::DEBUG, false),
            ("tokio_postgres::query", Level::TRACE, false),
            ("tokio_postgres", Level::INFO, true),
            ("tokio_postgres::connection", Level::WARN, true),
            ("deadpool_postgres", Level::DEBUG, false),
            ("sealroom_server::front", Level::TRACE, true),
        ] {
            assert_eq!(may_be_shown(target, level), shown, "{target} {level}");
        }
    }
}
