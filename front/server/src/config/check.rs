//! Which settings fit together. Pure: looks at values only, never at files or sockets.

use std::net::{IpAddr, SocketAddr};

use sealroom_foundation::Region;

use super::{Config, ConfigError, RootKind};

/// See [`Config::check`].
pub(super) fn check(config: &Config, dev: bool) -> Result<(), ConfigError> {
    addresses(config, dev)?;
    tls(config, dev)?;
    regions(config, dev)?;
    root(config)?;
    store(config)?;
    quotas(config)?;
    limits(config)
}

/// Whether only this machine can reach `address`.
pub(super) fn is_loopback(address: SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    }
}

fn refused(setting: &'static str, reason: impl Into<String>) -> Result<(), ConfigError> {
    Err(ConfigError::Refused { setting, reason: reason.into() })
}

fn addresses(config: &Config, dev: bool) -> Result<(), ConfigError> {
    let server = &config.server;
    if dev && !is_loopback(server.listen) {
        return refused("server.listen", "dev mode has well-known credentials and listens on a loopback address only");
    }
    if server.admin_listen == Some(server.listen) && server.listen.port() != 0 {
        return refused("server.admin_listen", "is the service's own address");
    }
    if server.data_dir.as_os_str().is_empty() {
        return refused("server.data_dir", "is empty");
    }
    Ok(())
}

fn tls(config: &Config, dev: bool) -> Result<(), ConfigError> {
    let tls = &config.tls;
    match (&tls.certificate, &tls.private_key) {
        (Some(_), Some(_)) => Ok(()),
        (Some(_), None) => refused("tls.private_key", "is missing beside `tls.certificate`"),
        (None, Some(_)) => refused("tls.certificate", "is missing beside `tls.private_key`"),
        (None, None) if dev || tls.insecure || is_loopback(config.server.listen) => Ok(()),
        (None, None) => refused(
            "tls.certificate",
            "is needed to listen on an address other than loopback (or `tls.insecure = true` behind a TLS proxy)",
        ),
    }
}

fn regions(config: &Config, dev: bool) -> Result<(), ConfigError> {
    if config.server.regions.is_empty() && !dev {
        return refused("server.regions", "names no Region");
    }
    match config.server.regions.iter().find(|name| name.parse::<Region>().is_err()) {
        None => Ok(()),
        Some(name) => refused("server.regions", format!("`{name}` is no Region name")),
    }
}

fn root(config: &Config) -> Result<(), ConfigError> {
    let root = &config.root;
    let sources = [root.passphrase_file.is_some(), root.passphrase_env.is_some(), root.passphrase_credential.is_some()];
    let sources = sources.into_iter().filter(|given| *given).count();
    match (root.kind, sources) {
        (RootKind::KeyFile, 0) | (RootKind::Passphrase, 1) => Ok(()),
        (RootKind::KeyFile, _) => refused("root.kind", "is `key-file`, but a source of a passphrase is given"),
        (RootKind::Passphrase, 0) => refused(
            "root.kind",
            "is `passphrase`: give one of `root.passphrase_file`, `root.passphrase_env`, `root.passphrase_credential`",
        ),
        (RootKind::Passphrase, _) => refused("root.kind", "is `passphrase`, and more than one source of it is given"),
    }
}

fn store(config: &Config) -> Result<(), ConfigError> {
    let url = config.store.url.as_str();
    let known =
        matches!(url, "sqlite" | "memory") || url.starts_with("postgres://") || url.starts_with("postgresql://");
    if known { Ok(()) } else { refused("store.url", "is neither `sqlite` nor `memory` nor a `postgres://` URL") }
}

fn quotas(config: &Config) -> Result<(), ConfigError> {
    let quotas = &config.quotas;
    let counts = [
        ("quotas.nodes", quotas.nodes, 10_000),
        ("quotas.keys", quotas.keys, 10_000_000),
        ("quotas.aliases_per_key", quotas.aliases_per_key, 1_000),
        ("quotas.grants_per_key", quotas.grants_per_key, 1_000_000),
    ];
    match counts.into_iter().find(|(_, value, most)| !(1..=*most).contains(value)) {
        None => Ok(()),
        Some((setting, _, most)) => refused(setting, format!("must be 1 to {most}")),
    }
}

fn limits(config: &Config) -> Result<(), ConfigError> {
    let limits = &config.limits;
    let counts = [
        ("limits.connections", limits.connections),
        ("limits.requests", limits.requests),
        ("limits.pool_queue", limits.pool_queue),
    ];
    let times = [
        ("limits.header_timeout_ms", limits.header_timeout_ms),
        ("limits.body_timeout_ms", limits.body_timeout_ms),
        ("limits.handshake_timeout_ms", limits.handshake_timeout_ms),
    ];
    let zero_count = counts.iter().find(|(_, value)| *value == 0).map(|(name, _)| *name);
    let zero_time = times.iter().find(|(_, value)| *value == 0).map(|(name, _)| *name);
    match zero_count.or(zero_time) {
        None => Ok(()),
        Some(setting) => refused(setting, "must be at least 1"),
    }
}
