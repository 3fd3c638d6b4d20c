//! What AWS's CLI reads from the environment and from its shared files, read as it does.
//!
//! AWS: an option comes before the environment and the environment before the profile; `AWS_ENDPOINT_URL_KMS` before
//! `AWS_ENDPOINT_URL`, `AWS_REGION` before `AWS_DEFAULT_REGION`. A profile that the command line names comes before
//! credentials of the environment; one that `AWS_PROFILE` names doesn't. Unlike there, no endpoint is not AWS's: a file
//! of this house isn't sent anybody by omission.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sealroom_client::{Client, Region, Secret, Signer, Trust};

use super::files;
use super::profile::{DEFAULT, Keys, Profile};

/// Where what a call needs is looked up. An empty variable is none.
pub(super) struct Environment<F = fn(&str) -> Option<String>> {
    variable: F,
    /// The profile that the command line names.
    named: Option<String>,
    profile: Profile,
}

impl Environment {
    /// The process's environment and the shared files, with the profile `named` on the command line.
    ///
    /// # Errors
    /// For a file that can't be read, and a profile that was named and isn't there.
    pub(super) fn read(named: Option<&str>) -> Result<Self> {
        let mut environment = Self { variable, named: named.map(str::to_owned), profile: Profile::default() };
        let [config, credentials] = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
            .map(|(name, usual)| environment.shared_file(name, usual));
        environment.take_profile(&config?, &credentials?)?;
        Ok(environment)
    }

    /// The content of the file that `variable` names, or of the usual one; empty when there is none.
    fn shared_file(&self, variable: &str, usual: &str) -> Result<Secret<[u8]>> {
        let home = self.value("HOME").map(PathBuf::from);
        let path = match (self.value(variable).map(PathBuf::from), home) {
            (Some(path), Some(home)) => path.strip_prefix("~").map_or(path.clone(), |rest| home.join(rest)),
            (Some(path), None) => path,
            (None, Some(home)) => home.join(".aws").join(usual),
            (None, None) => return Ok(Secret::from_vec(Vec::new())),
        };
        match files::read(&path) {
            Ok(content) => Ok(Secret::from_vec(content)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Secret::from_vec(Vec::new())),
            Err(error) => Err(error).with_context(|| format!("`{}`", path.display())),
        }
    }
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    fn take_profile(&mut self, config: &Secret<[u8]>, credentials: &Secret<[u8]>) -> Result<()> {
        let named = self.named.clone().or_else(|| self.value("AWS_PROFILE"));
        let name = named.as_deref().unwrap_or(DEFAULT);
        let text = |bytes| std::str::from_utf8(bytes).ok().context("AWS's shared files are not in UTF-8");
        match Profile::find(text(config.expose())?, text(credentials.expose())?, name)? {
            Some(profile) => self.profile = profile,
            None if named.is_some() => bail!("there is no profile `{name}`"),
            None => {}
        }
        Ok(())
    }

    /// A client of KMS at `endpoint` (an option), whose calls are of `region`.
    pub(super) fn client(&self, endpoint: Option<&str>, region: Region) -> Result<Client> {
        let trust = match self.value("AWS_CA_BUNDLE").or_else(|| self.profile.ca_bundle.clone()) {
            Some(path) => {
                let authorities = files::read(Path::new(&path));
                Trust::Pem(authorities.with_context(|| format!("the certificate authorities in `{path}`"))?)
            }
            None => Trust::System,
        };
        Ok(Client::signed(&self.endpoint(endpoint)?, self.signer(region)?, &trust)?)
    }

    fn value(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    fn endpoint(&self, option: Option<&str>) -> Result<String> {
        let ignored = self
            .value("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .map_or(self.profile.ignores_endpoints, |ignored| ignored.eq_ignore_ascii_case("true"));
        let configured = || {
            let value = self.value("AWS_ENDPOINT_URL_KMS").or_else(|| self.value("AWS_ENDPOINT_URL"));
            value.or_else(|| self.profile.endpoint.clone()).filter(|_| !ignored)
        };
        let endpoint = option.map(str::to_owned).or_else(configured);
        endpoint.context("no endpoint: say --endpoint, or set AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL")
    }

    /// The Region of calls for a key that doesn't say it: `option`'s, or the environment's.
    pub(super) fn region(&self, option: Option<Region>) -> Result<Region> {
        if let Some(region) = option {
            return Ok(region);
        }
        let told = self.value("AWS_REGION").or_else(|| self.value("AWS_DEFAULT_REGION"));
        let told = told.or_else(|| self.profile.region.clone());
        let told = told.context("no Region: say --region, or set AWS_REGION or AWS_DEFAULT_REGION")?;
        told.parse().with_context(|| format!("`{told}` is no Region"))
    }

    fn signer(&self, region: Region) -> Result<Signer> {
        let from_variables = self.value("AWS_ACCESS_KEY_ID").filter(|_| self.named.is_none());
        let (id, secret_access_key, session_token) = match (from_variables, &self.profile.keys) {
            (Some(id), _) => {
                let secret = self.value("AWS_SECRET_ACCESS_KEY");
                let secret = secret.context("no credentials: set AWS_SECRET_ACCESS_KEY")?;
                (id, Secret::from_vec(secret.into_bytes()), self.value("AWS_SESSION_TOKEN"))
            }
            (None, Keys::Here { id, secret, token }) => (id.clone(), Secret::copy_of(secret.expose()), token.clone()),
            (None, Keys::Elsewhere(setting)) => bail!(
                "the profile's credentials come by `{setting}`, which is not followed here: AWS's CLI puts them into \
                 variables, with `eval \"$(aws configure export-credentials --format env)\"`"
            ),
            (None, Keys::Absent) if self.named.is_some() => bail!("the profile has no credentials"),
            (None, Keys::Absent) => {
                bail!("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or keep them in a profile")
            }
        };
        let access_key_id = id.parse().with_context(|| format!("the access key `{id}`"))?;
        Ok(Signer { access_key_id, secret_access_key, session_token, region })
    }
}

#[expect(clippy::disallowed_methods, reason = "the environment belongs to the server's config and the binary")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment<'a>(pairs: &'a [(&'a str, &'a str)]) -> Environment<impl Fn(&str) -> Option<String> + 'a> {
        with_files(pairs, None, "", "").unwrap()
    }

    /// With a profile named on the command line, and the two files.
    fn with_files<'a>(
        pairs: &'a [(&'a str, &'a str)],
        named: Option<&str>,
        config: &str,
        credentials: &str,
    ) -> Result<Environment<impl Fn(&str) -> Option<String> + 'a>> {
        let variable = |name: &str| pairs.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let mut made = Environment { variable, named: named.map(str::to_owned), profile: Profile::default() };
        made.take_profile(&Secret::copy_of(config.as_bytes()), &Secret::copy_of(credentials.as_bytes()))?;
        Ok(made)
    }

    #[test]
    fn the_endpoint_is_the_options_then_kmss_then_everybodys() {
        let both = [("AWS_ENDPOINT_URL_KMS", "http://kms"), ("AWS_ENDPOINT_URL", "http://all")];
        let ignored = |value| [("AWS_ENDPOINT_URL", "http://all"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", value)];
        let rows: [(&[(&str, &str)], Option<&str>, Option<&str>); 7] = [
            (&both, Some("http://option"), Some("http://option")),
            (&both, None, Some("http://kms")),
            (&both[1..], None, Some("http://all")),
            (&[("AWS_ENDPOINT_URL_KMS", ""), ("AWS_ENDPOINT_URL", "http://all")], None, Some("http://all")),
            (&[], None, None),
            (&ignored("TRUE"), None, None),
            (&ignored("false"), None, Some("http://all")),
        ];
        for (pairs, option, wanted) in rows {
            assert_eq!(environment(pairs).endpoint(option).ok().as_deref(), wanted, "{pairs:?} {option:?}");
        }
    }

    #[test]
    fn the_region_is_the_options_then_the_newer_variables() {
        let both = [("AWS_REGION", "eu-central-1"), ("AWS_DEFAULT_REGION", "us-west-2")];
        let rows: [(&[(&str, &str)], Option<&str>, Option<&str>); 5] = [
            (&both, Some("us-east-1"), Some("us-east-1")),
            (&both, None, Some("eu-central-1")),
            (&both[1..], None, Some("us-west-2")),
            (&[("AWS_REGION", "Frankfurt")], None, None),
            (&[], None, None),
        ];
        for (pairs, option, wanted) in rows {
            let region = environment(pairs).region(option.map(|region| region.parse().unwrap()));
            assert_eq!(region.ok().as_ref().map(Region::as_str), wanted, "{pairs:?} {option:?}");
        }
    }

    #[test]
    fn credentials_are_two_variables_and_perhaps_a_token() {
        let region: Region = "us-east-1".parse().unwrap();
        let all = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s3cret"), ("AWS_SESSION_TOKEN", "token")];
        let signer = environment(&all).signer(region).unwrap();
        assert_eq!((signer.access_key_id.as_str(), signer.session_token.as_deref()), ("AKIA", Some("token")));
        assert!(signer.secret_access_key.ct_eq(b"s3cret"));
        assert!(environment(&all[..2]).signer(region).unwrap().session_token.is_none());
        for (pairs, lacking) in [(&all[..1], "AWS_SECRET_ACCESS_KEY"), (&all[1..], "AWS_ACCESS_KEY_ID and")] {
            let error = environment(pairs).signer(region).err().unwrap();
            assert!(error.to_string().contains(lacking), "{error}");
        }
    }

    const CONFIG: &str = "[default]\nregion = eu-north-1\nendpoint_url = http://file\n\
                          [profile off]\nignore_configured_endpoint_urls = true\n\
                          [profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\n";
    const CREDENTIALS: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n\
                               [other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\n";

    #[test]
    fn the_environment_comes_before_the_profile_and_an_option_before_both() {
        let set = [("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "http://variable")];
        for (pairs, region, endpoint) in
            [(&set[..], "us-east-1", "http://variable"), (&[][..], "eu-north-1", "http://file")]
        {
            let environment = with_files(pairs, None, CONFIG, CREDENTIALS).unwrap();
            assert_eq!(environment.region(None).unwrap().as_str(), region);
            assert_eq!(environment.endpoint(None).unwrap(), endpoint);
            assert_eq!(environment.endpoint(Some("http://option")).unwrap(), "http://option");
        }
        let off = with_files(&set, Some("off"), CONFIG, "").unwrap();
        assert!(off.endpoint(None).is_err());
    }

    #[test]
    fn a_profile_of_the_command_line_calls_before_the_environments_keys() {
        let keys = [("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_PROFILE", "other")];
        let rows: [(&[(&str, &str)], Option<&str>, Result<&str, &str>); 8] = [
            (&keys, Some("other"), Ok("AKIAOTHER")),
            (&keys, None, Ok("AKIAVARIABLE")),
            (&keys[2..], None, Ok("AKIAOTHER")),
            (&keys[2..], Some("default"), Ok("AKIADEFAULT")),
            (&[], None, Ok("AKIADEFAULT")),
            (&keys, Some("off"), Err("the profile has no credentials")),
            (&keys, Some("role"), Err("`role_arn`")),
            (&keys, Some("absent"), Err("there is no profile `absent`")),
        ];
        for (pairs, named, wanted) in rows {
            let environment = with_files(pairs, named, CONFIG, CREDENTIALS);
            let signer = environment.and_then(|environment| environment.signer("us-east-1".parse().unwrap()));
            match (signer, wanted) {
                (Ok(signer), Ok(wanted)) => assert_eq!(signer.access_key_id.as_str(), wanted, "{named:?}"),
                (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{error}"),
                (signer, wanted) => panic!("{named:?}: {:?} {wanted:?}", signer.err()),
            }
        }
    }
}
