//! Texts as AWS's guide has them, and texts that are none.

use super::*;

const CONFIG: &str = "\
# of everybody
[default]
region = eu-central-1
endpoint_url=http://default:1

[profile work]
Region = us-west-2
services = house
ca_bundle = /etc/house.pem
s3 =
  region = nested
  max_concurrent_requests = 20
output = json

[profile \"two words\"]
ignore_configured_endpoint_urls = TRUE
aws_access_key_id = AKIAINCONFIG
aws_secret_access_key = in=config

[profile role]
role_arn = arn:aws:iam::111122223333:role/r
source_profile = work
[profile sso]
sso_session = house
[profile program]
credential_process = /bin/true
[services house]
s3 =
  endpoint_url = http://s3:1
kms =
  endpoint_url = http://kms:1
[services other]
kms =
  endpoint_url = http://other:1
";

const CREDENTIALS: &str = "\
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = default/secret+
; of a session
[work]
aws_access_key_id = AKIAWORK
aws_secret_access_key = work
aws_session_token = token==
region = sa-east-1
[program]
aws_access_key_id = AKIAPROGRAM
aws_secret_access_key = program
[role]
aws_access_key_id = AKIAROLE
aws_secret_access_key = role
";

fn find(name: &str) -> Profile {
    Profile::find(CONFIG, CREDENTIALS, name).unwrap().unwrap()
}

/// The access key, its secret and the token, or the setting that says where they are.
fn told(keys: &Keys) -> String {
    match keys {
        Keys::Absent => String::new(),
        Keys::Elsewhere(setting) => format!("elsewhere: {setting}"),
        Keys::Here { id, secret, token } => {
            let secret = std::str::from_utf8(secret.expose()).unwrap();
            format!("{id} {secret} {}", token.as_deref().unwrap_or("-"))
        }
    }
}

#[test]
fn a_profile_says_region_and_endpoint() {
    let rows = [
        ("default", Some("eu-central-1"), Some("http://default:1"), None, false),
        ("work", Some("sa-east-1"), Some("http://kms:1"), Some("/etc/house.pem"), false),
        ("two words", None, None, None, true),
    ];
    for (name, region, endpoint, ca_bundle, ignores) in rows {
        let profile = find(name);
        let found = (profile.region.as_deref(), profile.endpoint.as_deref(), profile.ca_bundle.as_deref());
        assert_eq!((found, profile.ignores_endpoints), ((region, endpoint, ca_bundle), ignores), "{name}");
    }
}

#[test]
fn a_profile_says_who_calls() {
    let rows = [
        ("default", "AKIADEFAULT default/secret+ -"),
        ("work", "AKIAWORK work token=="),
        ("two words", "AKIAINCONFIG in=config -"),
        ("role", "elsewhere: role_arn"),
        ("sso", "elsewhere: sso_session"),
        ("program", "AKIAPROGRAM program -"),
    ];
    for (name, keys) in rows {
        assert_eq!(told(&find(name).keys), keys, "{name}");
    }
    let program = Profile::find(CONFIG, "", "program").unwrap().unwrap();
    assert_eq!(told(&program.keys), "elsewhere: credential_process");
    assert_eq!(told(&Profile::find("[default]", "", DEFAULT).unwrap().unwrap().keys), "");
}

#[test]
fn a_profile_that_is_not_there_is_none() {
    for name in ["absent", "house", "profile work", "s3"] {
        assert!(Profile::find(CONFIG, CREDENTIALS, name).unwrap().is_none(), "{name}");
    }
    // A config file wants the word, a credentials file doesn't know it.
    assert!(Profile::find("[work]\nregion = a", "[profile work]\nregion = a", "work").unwrap().is_none());
    assert!(Profile::find("[profile default]", "", DEFAULT).unwrap().is_some());
    assert!(Profile::find("", "", DEFAULT).unwrap().is_none());
}

#[test]
fn what_is_no_file_of_aws_is_refused_without_showing_it() {
    let rows = [
        ("region = us-east-1", "line 1 is neither"),
        ("[default]\n\nhunter2", "line 3 is neither"),
        ("[default]\naws_access_key_id = AKIA\n", "there is no `aws_secret_access_key`"),
        ("[default]\naws_access_key_id = AKIA\naws_secret_access_key =\n", "there is no `aws_secret_access_key`"),
        ("[default]\naws_access_key_id =\naws_secret_access_key = hunter2\n", "`aws_access_key_id` is empty"),
    ];
    for (text, wanted) in rows {
        for (config, credentials) in [(text, ""), ("", text)] {
            let refused = format!("{:#}", Profile::find(config, credentials, DEFAULT).err().unwrap());
            assert!(refused.contains(wanted) && !refused.contains("hunter2"), "{refused}");
        }
    }
}
