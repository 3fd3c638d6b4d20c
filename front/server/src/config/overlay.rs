//! The environment over the file: `SEALROOM_SECTION__NAME=value`.
//!
//! A variable holds text, a setting has a type. The type is taken from the setting's default: where that is no text,
//! the variable is read as a TOML value, a list also as words between commas. Settings without a default are texts.

use toml::{Table, Value};

use super::{Config, ConfigError};

const PREFIX: &str = "SEALROOM_";
const SEPARATOR: &str = "__";

/// The process's variables whose names and values are text.
#[expect(clippy::disallowed_methods, reason = "the environment belongs to the server's config")]
pub(super) fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Lays every setting of `environment` over `table`; later deserialisation refuses what no setting is.
pub(super) fn apply(table: &mut Table, environment: impl Iterator<Item = (String, String)>) -> Result<(), ConfigError> {
    let defaults = Table::try_from(Config::default()).map_err(|error| ConfigError::Invalid(error.to_string()))?;
    for (variable, text) in environment {
        let Some((section, name)) = setting_of(&variable) else { continue };
        let default = defaults.get(&section).and_then(|section| section.get(&name));
        let value = typed(&variable, text, default)?;
        let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        let Some(section) = section.as_table_mut() else {
            return Err(ConfigError::Invalid(format!("`{variable}` overlays what is no section")));
        };
        section.insert(name, value);
    }
    Ok(())
}

/// `SEALROOM_SERVER__ADMIN_LISTEN` is `admin_listen` of `server`.
fn setting_of(variable: &str) -> Option<(String, String)> {
    let (section, name) = variable.strip_prefix(PREFIX)?.split_once(SEPARATOR)?;
    Some((section.to_ascii_lowercase(), name.to_ascii_lowercase()))
}

fn typed(variable: &str, text: String, default: Option<&Value>) -> Result<Value, ConfigError> {
    match default {
        None | Some(Value::String(_)) => Ok(Value::String(text)),
        Some(Value::Array(_)) if !text.trim_start().starts_with('[') => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(Value::Array(words.map(|word| Value::String(word.to_owned())).collect()))
        }
        Some(_) => text
            .parse::<Value>()
            .map_err(|_| ConfigError::Invalid(format!("`{variable}` is no value of the setting's type"))),
    }
}
