//! What the configuration takes and refuses.

use super::*;

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::parse(text, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn nothing_said_means_the_defaults() {
    assert_eq!(parse("", &[]).unwrap(), Config::default());
    Config::default().check(false).unwrap();
    Config::default().check(true).unwrap();
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = parse(
        "[server]\nlisten = '127.0.0.1:1'\nthreads = 2\n",
        &[
            ("SEALROOM_SERVER__LISTEN", "127.0.0.1:2"),
            ("SEALROOM_SERVER__ADMIN_LISTEN", "127.0.0.1:3"),
            ("SEALROOM_SERVER__REGIONS", "eu-central-1, us-east-1"),
            ("SEALROOM_LIMITS__REQUESTS", "7"),
            ("SEALROOM_TLS__INSECURE", "true"),
            ("SEALROOM_STORE__URL", "123"),
            ("SEALROOM_CONFIG", "no setting"),
            ("PATH", "no setting either"),
        ],
    )
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.server.listen, SocketAddr::from(([127, 0, 0, 1], 2)));
    assert_eq!(config.server.admin_listen, Some(SocketAddr::from(([127, 0, 0, 1], 3))));
    assert_eq!(config.server.regions, ["eu-central-1", "us-east-1"]);
    assert_eq!((config.server.threads, config.limits.requests, config.tls.insecure), (2, 7, true));
    assert_eq!(config.store.url, "123");
}

#[test]
fn unknown_keys_and_wrong_types_are_refused() {
    let cases: [(&str, &[(&str, &str)], &str); 8] = [
        ("[server]\nlisten_on = '127.0.0.1:1'", &[], "unknown field `listen_on`"),
        ("[sever]\n", &[], "unknown field `sever`"),
        ("listen = 1", &[], "unknown field `listen`"),
        ("[server]\nthreads = 'two'", &[], "invalid type"),
        ("[server\n", &[], "expected"),
        ("", &[("SEALROOM_SERVER__LISTENS", "x")], "unknown field `listens`"),
        ("", &[("SEALROOM_SERVERS__LISTEN", "x")], "unknown field `servers`"),
        ("", &[("SEALROOM_LIMITS__REQUESTS", "many")], "`SEALROOM_LIMITS__REQUESTS`"),
    ];
    for (text, variables, wanted) in cases {
        let error = parse(text, variables).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text:?} {variables:?}: {error}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let cases = [
        ("[server]\nlisten = '0.0.0.0:443'", false, "tls.certificate"),
        ("[server]\nlisten = '0.0.0.0:443'\n[tls]\ninsecure = true", false, ""),
        ("[server]\nlisten = '0.0.0.0:443'\n[tls]\ncertificate = 'a'\nprivate_key = 'b'", false, ""),
        ("[server]\nlisten = '0.0.0.0:443'\n[tls]\ninsecure = true", true, "server.listen"),
        ("[server]\nlisten = '[::1]:443'", true, ""),
        ("[server]\nlisten = '127.0.0.1:80'\nadmin_listen = '127.0.0.1:80'", false, "server.admin_listen"),
        ("[server]\nlisten = '127.0.0.1:0'\nadmin_listen = '127.0.0.1:0'", false, ""),
        ("[tls]\ncertificate = 'a'", false, "tls.private_key"),
        ("[tls]\nprivate_key = 'a'", false, "tls.certificate"),
        ("[server]\nregions = []", false, "server.regions"),
        ("[server]\nregions = []", true, ""),
        ("[server]\nregions = ['Mars']", false, "server.regions"),
        ("[root]\nkind = 'passphrase'", false, "root.kind"),
        ("[root]\nkind = 'passphrase'\npassphrase_env = 'P'", false, ""),
        ("[root]\nkind = 'passphrase'\npassphrase_env = 'P'\npassphrase_file = 'p'", false, "root.kind"),
        ("[root]\npassphrase_env = 'P'", false, "root.kind"),
        ("[store]\nurl = 'mysql://'", false, "store.url"),
        ("[store]\nurl = 'postgres://sealroom@db/sealroom'", false, ""),
        ("[limits]\nrequests = 0", false, "limits.requests"),
        ("[limits]\nbody_timeout_ms = 0", false, "limits.body_timeout_ms"),
    ];
    for (text, dev, wanted) in cases {
        match parse(text, &[]).unwrap().check(dev) {
            Ok(()) => assert_eq!(wanted, "", "{text}"),
            Err(ConfigError::Refused { setting, .. }) => assert_eq!(setting, wanted, "{text}"),
            Err(other) => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn every_setting_stands_in_the_manual_table() {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    for setting in Config::settings() {
        let section = defaults.get(setting.section).and_then(toml::Value::as_table);
        assert!(section.is_some(), "{setting:?}");
        assert!(!setting.text.is_empty(), "{setting:?}");
    }
    let listed = Config::settings().len();
    let with_default: usize = defaults.values().filter_map(toml::Value::as_table).map(toml::Table::len).sum();
    assert!(listed >= with_default, "{listed} listed, {with_default} have a default");
}
