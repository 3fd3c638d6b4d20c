//! Config, sockets, TLS, routing, wiring, timers. No rules of its own.

mod admin;
mod clock;
mod config;
mod files;
mod metrics;
mod transport;

pub use config::{
    AuditSettings, AuditSync, CompatSetting, Config, ConfigError, LimitSettings, LogFormat, LogSettings, RootKind,
    RootSettings, ServerSettings, Setting, StoreSettings, TlsSettings,
};
pub use transport::tls::TlsError;
