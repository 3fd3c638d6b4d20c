//! What AWS's CLI reads from the environment, read as it does. Configuration files and profiles are not read.
//!
//! AWS: an option comes before the environment, `AWS_ENDPOINT_URL_KMS` before `AWS_ENDPOINT_URL`, `AWS_REGION` before
//! `AWS_DEFAULT_REGION`. Unlike there, no endpoint is not AWS's: a file of this house isn't sent anybody by omission.

use std::path::Path;

use anyhow::{Context as _, Result};
use sealroom_client::{Client, Region, Secret, Signer, Trust};

use super::files;

/// A client of KMS at `endpoint` (an option), whose calls are of `region`.
pub(super) fn client(endpoint: Option<&str>, region: Region) -> Result<Client> {
    let environment = Environment(variable);
    let trust = match environment.value("AWS_CA_BUNDLE") {
        Some(path) => Trust::Pem(files::read(Path::new(&path)).with_context(|| format!("AWS_CA_BUNDLE: `{path}`"))?),
        None => Trust::System,
    };
    Ok(Client::signed(&environment.endpoint(endpoint)?, environment.signer(region)?, &trust)?)
}

/// The Region of calls for a key that doesn't say it: `option`'s, or the environment's.
pub(super) fn region(option: Option<Region>) -> Result<Region> {
    Environment(variable).region(option)
}

/// Looks variables up. An empty one is none.
struct Environment<F>(F);

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    fn value(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn endpoint(&self, option: Option<&str>) -> Result<String> {
        let ignored = self
            .value("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|ignored| ignored.eq_ignore_ascii_case("true"));
        let configured = || {
            let value = self.value("AWS_ENDPOINT_URL_KMS").or_else(|| self.value("AWS_ENDPOINT_URL"));
            value.filter(|_| !ignored)
        };
        let endpoint = option.map(str::to_owned).or_else(configured);
        endpoint.context("no endpoint: say --endpoint, or set AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL")
    }

    fn region(&self, option: Option<Region>) -> Result<Region> {
        if let Some(region) = option {
            return Ok(region);
        }
        let told = self.value("AWS_REGION").or_else(|| self.value("AWS_DEFAULT_REGION"));
        let told = told.context("no Region: say --region, or set AWS_REGION or AWS_DEFAULT_REGION")?;
        told.parse().with_context(|| format!("`{told}` is no Region"))
    }

    fn signer(&self, region: Region) -> Result<Signer> {
        let told = |name| self.value(name).with_context(|| format!("no credentials: set {name}"));
        let access_key_id = told("AWS_ACCESS_KEY_ID")?.parse().context("AWS_ACCESS_KEY_ID")?;
        let secret_access_key = Secret::from_vec(told("AWS_SECRET_ACCESS_KEY")?.into_bytes());
        Ok(Signer { access_key_id, secret_access_key, session_token: self.value("AWS_SESSION_TOKEN"), region })
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
        Environment(|name: &str| pairs.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
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
        for (pairs, lacking) in [(&all[..1], "AWS_SECRET_ACCESS_KEY"), (&all[1..], "AWS_ACCESS_KEY_ID")] {
            let error = environment(pairs).signer(region).err().unwrap();
            assert!(error.to_string().contains(lacking), "{error}");
        }
    }
}
