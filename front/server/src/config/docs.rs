//! `docs/config.md` is made of the settings' own sentences; this golden test keeps it so (`UPDATE=1` rewrites it).

use std::fmt::Write as _;
use std::path::Path;

use super::{Config, Setting};

const HEAD: &str = "# Settings

Made from `front/server/src/config.rs` by `UPDATE=1 cargo nextest run -p sealroom-server`; do not edit.

`sealroom serve --config sealroom.toml` reads a TOML file of the sections below. A variable of the environment overlays
a setting: `SEALROOM_SERVER__LISTEN=0.0.0.0:443` is `listen` of `[server]`. Options of the command line overlay both.
Unknown keys are refused. `sealroom check-config --config sealroom.toml` says whether a file can be used.
";

fn default_of(setting: &Setting, defaults: &toml::Table) -> String {
    match defaults.get(setting.section).and_then(|section| section.get(setting.name)) {
        Some(value) => format!("`{value}`"),
        None => "none".to_owned(),
    }
}

fn page() -> String {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    let (mut text, mut section) = (HEAD.to_owned(), "");
    for setting in Config::settings() {
        if setting.section != section {
            section = setting.section;
            write!(text, "\n## `[{section}]`\n\n| setting | default | meaning |\n|---|---|---|\n").unwrap();
        }
        let meaning: Vec<&str> = setting.text.iter().map(|line| line.trim()).collect();
        let default = default_of(&setting, &defaults);
        writeln!(text, "| `{}` | {default} | {} |", setting.name, meaning.join(" ")).unwrap();
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a golden file")]
fn the_manual_page_is_what_the_struct_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page(), "run with UPDATE=1");
}
