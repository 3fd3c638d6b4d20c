//! AWS's shared files, `config` and `credentials`, read as AWS's CLI reads them: what one profile says.
//!
//! Only what a call of KMS needs is looked at. Credentials that would have to be fetched (a role, single sign-on, a
//! program) aren't: [`Keys::Elsewhere`] says so, that nobody calls as somebody else by omission. This module knows no
//! file and no variable: it takes texts.
//!
//! AWS: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use sealroom_client::Secret;

/// The profile when none is named.
pub(super) const DEFAULT: &str = "default";

const KEY_ID: &str = "aws_access_key_id";
const KEY: &str = "aws_secret_access_key";
const TOKEN: &str = "aws_session_token";
/// Settings that come before keys in the credentials file.
///
/// AWS: the order of botocore's `create_credential_resolver`.
const FETCHED_FIRST: [&str; 4] = ["role_arn", "web_identity_token_file", "sso_session", "sso_start_url"];
/// Those that come after them.
const FETCHED_LATER: [&str; 2] = ["login_session", "credential_process"];

/// What the files say for one profile.
#[derive(Default)]
pub(super) struct Profile {
    /// The Region of calls.
    pub(super) region: Option<String>,
    /// Where KMS is.
    pub(super) endpoint: Option<String>,
    /// Whether no endpoint but an option's counts.
    pub(super) ignores_endpoints: bool,
    /// A file of certificate authorities.
    pub(super) ca_bundle: Option<String>,
    /// Who calls.
    pub(super) keys: Keys,
}

/// Who calls, as far as a profile says it.
#[derive(Default)]
pub(super) enum Keys {
    /// Not at all.
    #[default]
    Absent,
    /// With these.
    Here {
        /// The access key.
        id: String,
        /// Its secret.
        secret: Secret<[u8]>,
        /// The token of temporary credentials.
        token: Option<String>,
    },
    /// With keys that this setting says where to fetch.
    Elsewhere(&'static str),
}

/// Settings by name; one that is nested has its parent's name and a dot before its own.
type Section<'a> = BTreeMap<String, &'a str>;

impl Profile {
    /// The profile `name` of both texts; `None` when neither has it.
    ///
    /// # Errors
    /// For a line that is none of the format's, and for half of a pair of keys.
    pub(super) fn find(config: &str, credentials: &str, name: &str) -> Result<Option<Self>> {
        let (config, credentials) =
            (sections(config).context("the config file")?, sections(credentials).context("the credentials file")?);
        let own = |(title, _): &(&str, Section<'_>)| title_names(title, "profile", name);
        let in_config = merged(config.iter().filter(|section| own(section) || (name == DEFAULT && section.0 == name)));
        let in_credentials = merged(credentials.iter().filter(|(title, _)| *title == name));
        if in_config.is_none() && in_credentials.is_none() {
            return Ok(None);
        }
        let (in_config, in_credentials) = (in_config.unwrap_or_default(), in_credentials.unwrap_or_default());
        let set =
            |name: &str| in_credentials.get(name).or_else(|| in_config.get(name)).map(|value| (*value).to_owned());
        let services = set("services")
            .and_then(|services| merged(config.iter().filter(|(title, _)| title_names(title, "services", &services))));
        let of_kms = services.and_then(|services| services.get("kms.endpoint_url").map(|url| (*url).to_owned()));
        Ok(Some(Self {
            region: set("region"),
            endpoint: of_kms.or_else(|| set("endpoint_url")),
            ignores_endpoints: set("ignore_configured_endpoint_urls")
                .is_some_and(|set| set.eq_ignore_ascii_case("true")),
            ca_bundle: set("ca_bundle"),
            keys: keys(&in_config, &in_credentials).with_context(|| format!("profile `{name}`"))?,
        }))
    }
}

fn keys(config: &Section<'_>, credentials: &Section<'_>) -> Result<Keys> {
    let fetched = |names: &[&'static str]| {
        names.iter().copied().find(|name| config.contains_key(*name) || credentials.contains_key(*name))
    };
    if let Some(setting) = fetched(&FETCHED_FIRST) {
        return Ok(Keys::Elsewhere(setting));
    }
    if credentials.contains_key(KEY_ID) {
        return pair(credentials);
    }
    if let Some(setting) = fetched(&FETCHED_LATER) {
        return Ok(Keys::Elsewhere(setting));
    }
    if config.contains_key(KEY_ID) { pair(config) } else { Ok(Keys::Absent) }
}

fn pair(section: &Section<'_>) -> Result<Keys> {
    let told = |name: &str| section.get(name).copied().filter(|value| !value.is_empty());
    let id = told(KEY_ID).with_context(|| format!("`{KEY_ID}` is empty"))?.to_owned();
    let secret = told(KEY).with_context(|| format!("there is no `{KEY}`"))?;
    Ok(Keys::Here { id, secret: Secret::copy_of(secret.as_bytes()), token: told(TOKEN).map(str::to_owned) })
}

/// Whether the title of a section is `kind` and `name`, which may stand in quotes.
fn title_names(title: &str, kind: &str, name: &str) -> bool {
    let rest = title.strip_prefix(kind).filter(|rest| rest.starts_with([' ', '\t']));
    let told = rest.map(str::trim);
    told.is_some_and(|told| told == name || told.strip_prefix('"').and_then(|t| t.strip_suffix('"')) == Some(name))
}

/// All of `sections`; of a setting that comes twice, the later. `None` when there is no section.
fn merged<'a: 's, 's>(sections: impl Iterator<Item = &'s (&'a str, Section<'a>)>) -> Option<Section<'a>> {
    sections.fold(None, |merged, (_, section)| {
        let mut merged = merged.unwrap_or_default();
        merged.extend(section.iter().map(|(name, value)| (name.clone(), *value)));
        Some(merged)
    })
}

/// The sections of a text, in its order, each with its title.
fn sections(text: &str) -> Result<Vec<(&str, Section<'_>)>> {
    let mut sections: Vec<(&str, Section<'_>)> = Vec::new();
    let mut parent = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(title) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            sections.push((title.0.trim(), Section::new()));
            parent.clear();
            continue;
        }
        // The line isn't shown: it may be a secret's.
        let Some(((name, value), (_, section))) = bare.split_once('=').zip(sections.last_mut()) else {
            bail!("line {number} is neither a section nor a setting in one");
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if !line.starts_with([' ', '\t']) {
            // Those that follow indented are nested in it.
            parent.clear();
            parent.push_str(if value.is_empty() { name.as_str() } else { "" });
            section.insert(name, value);
        } else if parent.is_empty() {
            section.insert(name, value);
        } else {
            section.insert(format!("{parent}.{name}"), value);
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests;
