//! What the operator may choose: one struct, read from one TOML file, overlaid by the environment.
//!
//! Every setting is written down once, in the [`settings!`] tables below: its name, type, default and the sentence
//! that explains it. The struct, the defaults and `docs/config.md` come from there. Unknown keys are refused, in the
//! file and in the environment alike, because a misspelt setting that is silently ignored is a hole in production.
//!
//! `SEALROOM_SERVER__LISTEN=0.0.0.0:443` overlays `[server] listen`: the section and the setting, two underscores
//! between them. Names without two underscores are no settings. Secrets stand in no setting: a setting names the file,
//! the variable or the credential that holds one.
//!
//! Whether the chosen values fit together is [`check`]'s matter, not this file's.

mod check;
#[cfg(test)]
mod docs;
mod overlay;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a configuration can't be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read the configuration file `{}`", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no TOML, or a key in it or in the environment is unknown or of the wrong type.
    #[error("the configuration is not valid: {0}")]
    Invalid(String),
    /// Two settings contradict each other, or one has a value that can't work.
    #[error("setting `{setting}`: {reason}")]
    Refused {
        /// The setting, as `section.name`.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// One setting, for the page of the manual.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The section, such as `server`.
    pub section: &'static str,
    /// The name inside the section.
    pub name: &'static str,
    /// What it means.
    pub text: &'static [&'static str],
}

/// Declares one section: the struct, its defaults and its rows of the manual.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        [$section:ident] $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $name {
            /// The rows of the manual.
            pub const SETTINGS: &'static [Setting] = &[
                $( Setting { section: stringify!($section), name: stringify!($field), text: &[$($doc),+] }, )+
            ];
        }
    };
}

settings! {
    /// `[server]`: where the service listens and what it serves.
    [server] ServerSettings {
        /// Address of the service. Other than a loopback address it needs `[tls]`, or `tls.insecure = true`.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 4566)),
        /// Address of `/healthz`, `/readyz` and `/metrics`; none when absent. Never the service's address.
        admin_listen: Option<SocketAddr> = None,
        /// Folder of the embedded store, the journal, the root key file and the operator's socket.
        data_dir: PathBuf = PathBuf::from("/var/lib/sealroom"),
        /// Regions that are served, and where keys can be replicated; `serve --dev` serves every one.
        regions: Vec<String> = vec!["us-east-1".to_owned()],
        /// Base domains; a name below one is a virtual host of a bucket.
        domains: Vec<String> = vec!["localhost".to_owned()],
        /// `extended`, or `aws` to refuse what Sealroom allows beyond AWS (direct Encrypt up to 1 MiB and the like).
        compat: CompatSetting = CompatSetting::Extended,
        /// Threads that serve requests; 0 means one for each processor.
        threads: usize = 0,
        /// How long requests that are being served may go on after SIGTERM, in seconds.
        drain_seconds: u64 = 30,
    }
}

settings! {
    /// `[limits]`: what a client may take of the machine.
    [limits] LimitSettings {
        /// Connections served at once; one more is answered 503 and closed.
        connections: usize = 4_096,
        /// Requests served at once; one more is answered 503, which every SDK repeats.
        requests: usize = 1_024,
        /// How long a client may take to send the head of a request, and a kept connection may be idle, in milliseconds.
        header_timeout_ms: u64 = 30_000,
        /// How long a client may take to send the body of a request, in milliseconds.
        body_timeout_ms: u64 = 30_000,
        /// How long a TLS handshake may take, in milliseconds.
        handshake_timeout_ms: u64 = 10_000,
        /// Threads for slow cryptography (RSA and the like); 0 means one less than there are processors.
        pool_threads: usize = 0,
        /// Slow commands that may wait for such a thread; one more is throttled.
        pool_queue: usize = 256,
    }
}

settings! {
    /// `[quotas]`: how much of the service an account may use in a Region. Each server counts calls for itself.
    [quotas] QuotaSettings {
        /// `off`, or `aws` for AWS's number of calls a second of each kind; one more is throttled.
        requests: RequestQuotaSetting = RequestQuotaSetting::Off,
        /// Servers on one store that share these calls; each gives its part.
        nodes: u32 = 1,
        /// Customer managed keys, in whatever state; 1 to 10,000,000.
        keys: u32 = 100_000,
        /// Aliases of a key; 1 to 1,000.
        aliases_per_key: u32 = 50,
        /// Grants on a key; 1 to 1,000,000.
        grants_per_key: u32 = 50_000,
    }
}

settings! {
    /// `[tls]`: the certificate of the service. Both files are read again on SIGHUP and when they change.
    [tls] TlsSettings {
        /// PEM file with the certificate and its chain.
        certificate: Option<PathBuf> = None,
        /// PEM file with the private key (PKCS #8, SEC 1 or PKCS #1).
        private_key: Option<PathBuf> = None,
        /// Allows plain HTTP on an address other than loopback: for a listener behind a TLS proxy.
        insecure: bool = false,
    }
}

settings! {
    /// `[store]`: where the rows are kept.
    [store] StoreSettings {
        /// `sqlite` (in the data folder), `memory` (nothing is kept), or `postgres://user@host/database`.
        url: String = "sqlite".to_owned(),
    }
}

settings! {
    /// `[root]`: the root of trust that wraps every other key.
    [root] RootSettings {
        /// `key-file` or `passphrase`.
        kind: RootKind = RootKind::KeyFile,
        /// The key file; `root.key` in the data folder when absent. Keep it on another disk than the data.
        key_file: Option<PathBuf> = None,
        /// File that holds the passphrase; one line end at its end is not part of it.
        passphrase_file: Option<PathBuf> = None,
        /// Environment variable that holds the passphrase.
        passphrase_env: Option<String> = None,
        /// systemd credential (`LoadCredential=`) that holds the passphrase.
        passphrase_credential: Option<String> = None,
    }
}

settings! {
    /// `[audit]`: the journal.
    [audit] AuditSettings {
        /// `interval`: answers go out when the record is written, and it is on the disk within 10 ms;
        /// `always`: answers wait for the disk.
        sync: AuditSync = AuditSync::Interval,
    }
}

settings! {
    /// `[attestation]`: whose attestation documents name a recipient.
    [attestation] AttestationSettings {
        /// PEM file of the root certificates that the attestation documents of `Recipient` must lead to, at most 16; without
        /// one, requests with a `Recipient` are refused. It is read at the start. See [recipients](recipients.md).
        roots: Option<PathBuf> = None,
    }
}

settings! {
    /// `[log]`: what the process says on standard error.
    [log] LogSettings {
        /// `text` or `json`; one event a line either way.
        format: LogFormat = LogFormat::Text,
        /// `error`, `warn`, `info`, `debug`, or a filter such as `info,sealroom_server=debug`.
        level: String = "info".to_owned(),
    }
}

/// Where the founding description is wider than AWS, which of the two holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CompatSetting {
    /// AWS's limits.
    Aws,
    /// Sealroom's wider ones.
    Extended,
}

/// Whether calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestQuotaSetting {
    /// They aren't.
    Off,
    /// Against AWS's request quotas.
    Aws,
}

/// Which root of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootKind {
    /// A file of 32 random bytes, readable by the owner alone.
    KeyFile,
    /// A passphrase, stretched by Argon2id.
    Passphrase,
}

/// When a record of the journal counts as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditSync {
    /// Written at once, synced within 10 ms.
    Interval,
    /// Synced before the answer.
    Always,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[server]`.
    pub server: ServerSettings,
    /// `[limits]`.
    pub limits: LimitSettings,
    /// `[quotas]`.
    pub quotas: QuotaSettings,
    /// `[tls]`.
    pub tls: TlsSettings,
    /// `[store]`.
    pub store: StoreSettings,
    /// `[root]`.
    pub root: RootSettings,
    /// `[audit]`.
    pub audit: AuditSettings,
    /// `[attestation]`.
    pub attestation: AttestationSettings,
    /// `[log]`.
    pub log: LogSettings,
}

impl Config {
    /// Reads the file at `path`, if one is given, and lays the process's environment over it.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] and [`ConfigError::Invalid`]. The values aren't weighed against each other yet:
    /// [`Config::check`] does that, after the command line had its say.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match path {
            None => String::new(),
            Some(path) => crate::files::read_text(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?,
        };
        Self::parse(&text, overlay::process_environment())
    }

    /// The configuration of a file's text under these environment variables.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for what isn't TOML, for unknown keys and for values of the wrong type.
    pub fn parse(text: &str, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let invalid = |error: toml::de::Error| ConfigError::Invalid(error.to_string().trim_end().to_owned());
        let mut table: toml::Table = toml::from_str(text).map_err(invalid)?;
        overlay::apply(&mut table, environment)?;
        table.try_into().map_err(invalid)
    }

    /// Whether the settings fit together; `dev` is whether the server runs in dev mode.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] with the first setting that doesn't.
    pub fn check(&self, dev: bool) -> Result<(), ConfigError> {
        check::check(self, dev)
    }

    /// Where the root key file stands.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.root.key_file.clone().unwrap_or_else(|| self.server.data_dir.join("root.key"))
    }

    /// Where the operator's socket stands.
    #[must_use]
    pub fn operator_socket(&self) -> PathBuf {
        self.server.data_dir.join("operator.sock")
    }

    /// Every setting, in the order of the manual.
    #[must_use]
    pub fn settings() -> Vec<Setting> {
        [
            ServerSettings::SETTINGS,
            LimitSettings::SETTINGS,
            QuotaSettings::SETTINGS,
            TlsSettings::SETTINGS,
            StoreSettings::SETTINGS,
            RootSettings::SETTINGS,
            AuditSettings::SETTINGS,
            AttestationSettings::SETTINGS,
            LogSettings::SETTINGS,
        ]
        .concat()
    }
}

impl QuotaSettings {
    /// How many of each thing there may be.
    #[must_use]
    pub fn limits(&self) -> sealroom_kms::Limits {
        let Self { keys, aliases_per_key, grants_per_key, .. } = *self;
        sealroom_kms::Limits { keys, aliases_per_key, grants_per_key }
    }

    /// Whether calls are counted.
    #[must_use]
    pub fn requests(&self) -> sealroom_kms::RequestQuotas {
        match self.requests {
            RequestQuotaSetting::Off => sealroom_kms::RequestQuotas::Off,
            RequestQuotaSetting::Aws => {
                let nodes = NonZeroU32::new(self.nodes).unwrap_or(NonZeroU32::MIN);
                sealroom_kms::RequestQuotas::Aws { nodes }
            }
        }
    }
}

impl LimitSettings {
    /// See [`LimitSettings::header_timeout_ms`].
    #[must_use]
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// See [`LimitSettings::body_timeout_ms`].
    #[must_use]
    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// See [`LimitSettings::handshake_timeout_ms`].
    #[must_use]
    pub fn handshake_timeout(&self) -> Duration {
        Duration::from_millis(self.handshake_timeout_ms)
    }
}
