//! Config, sockets, TLS, routing, wiring, timers. No rules of its own.

mod config;
mod files;

pub use config::{
    AuditSettings, AuditSync, CompatSetting, Config, ConfigError, LimitSettings, LogFormat, LogSettings, RootKind,
    RootSettings, ServerSettings, Setting, StoreSettings, TlsSettings,
};
