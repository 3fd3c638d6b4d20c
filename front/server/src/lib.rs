//! Config, sockets, TLS, routing, wiring, timers. No rules of its own.
//!
//! ```text
//! serve ─> boot (root, domain keys, store) ─> house (the rooms, put together) ─> front, admin, operator's socket
//!                                                                           └─> timers
//! ```
//!
//! What the service does is said by the rooms; this one opens their doors. It alone knows the clock, the environment and
//! the runtime. What would surprise: nothing here opens an effect: the front is given services behind `Through`.

mod admin;
mod attestation;
mod backup;
mod boot;
mod clock;
mod config;
mod files;
mod front;
mod house;
mod init;
mod log;
mod metrics;
mod operate;
mod rotate;
mod serve;
mod tasks;
mod timers;
mod transport;
mod usage;

pub use backup::{BackupError, BackupFile, Contents, Manifest, Progress, Restored, Seen, check_backup, restore};
pub use boot::BootError;
pub use config::{
    AttestationSettings, AuditSettings, AuditSync, CompatSetting, Config, ConfigError, LimitSettings, LogFormat,
    LogSettings, RootKind, RootSettings, ServerSettings, Setting, StoreSettings, TlsSettings,
};
pub use house::HouseError;
pub use init::{InitError, Initialised, init};
/// What needs no server: opening a ciphertext with the material that was imported.
pub use sealroom_hsm::offline;
pub use serve::{Listening, ServeError, serve};
pub use transport::tls::TlsError;

/// Whether the configuration can be used: its settings fit together, and the certificates and the key that it names can
/// be read. Nothing is opened that a running server holds.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_config(config: &Config, dev: bool) -> Result<(), ServeError> {
    config.check(dev)?;
    serve::check_files(config)?;
    Ok(())
}
