//! Tables of decisions: who asks what, under which policies, and AWS's message when the answer is no.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealroom_authz::{
    AttachedPolicy, Controls, Denied, Facts, GrantFact, IdentityPolicies, Layer, Policy, Principal, PrincipalName,
    Resource, ResourcePolicy, decide, decide_with, would_allow_put_policy,
};
use serde_json::Value;

use crate::support::{KEY, Keys, OWNER, account, caller, key_facts, kind};

const ROLE: &str = "arn:aws:iam::111122223333:role/deployer";
const BUCKET: &str = "arn:aws:s3:::records/2026/a.csv";

/// The policies that rows name, by name.
struct Policies(BTreeMap<String, Arc<Policy>>);

impl Policies {
    fn load() -> Self {
        let table: Value = serde_json::from_str(include_str!("decisions/policies.json")).unwrap();
        let policy = |(name, entry): (&String, &Value)| {
            let (of, text) = (kind(entry["kind"].as_str().unwrap()), entry["document"].to_string());
            let read = if entry["stored"] == true { Policy::parse_stored } else { Policy::parse };
            (name.clone(), Arc::new(read(&text, of).unwrap_or_else(|error| panic!("{name}: {error}"))))
        };
        Self(table.as_object().unwrap().iter().map(policy).collect())
    }

    fn get(&self, name: &str) -> &Arc<Policy> {
        self.0.get(name).unwrap_or_else(|| panic!("no policy {name}"))
    }

    /// A policy called by its name; names that begin `arn:` or `p-` are kept after an `=`.
    fn attached(&self, name: &str) -> AttachedPolicy {
        let (name, shown) = name.split_once('=').unwrap_or((name, name));
        AttachedPolicy { name: shown.into(), policy: Arc::clone(self.get(name)) }
    }

    fn list(&self, names: &Value) -> Vec<AttachedPolicy> {
        let names = names.as_array().into_iter().flatten();
        names.map(|name| self.attached(name.as_str().unwrap())).collect()
    }

    fn levels(&self, levels: &Value) -> Vec<Arc<[AttachedPolicy]>> {
        levels.as_array().into_iter().flatten().map(|level| self.list(level).into()).collect()
    }
}

fn resource<'a>(row: &'a Value, policies: &'a Policies) -> (Resource<'a>, ResourcePolicy<'a>) {
    let owned = |arn| Resource { arn, account: Some(account(OWNER)) };
    let policy = |element: &str| row[element].as_str().map(|name| &**policies.get(name));
    match (policy("key"), policy("trust"), policy("bucket")) {
        (Some(key), None, None) if row["grants-alone"] == true => (owned(KEY), ResourcePolicy::Denying(key)),
        (Some(key), None, None) => (owned(KEY), ResourcePolicy::Mandatory(key)),
        (None, Some(trust), None) => (owned(ROLE), ResourcePolicy::Trust(trust)),
        (None, None, Some(bucket)) => (owned(BUCKET), ResourcePolicy::Optional(bucket)),
        (None, None, None) if row["plain"] == true => (owned(BUCKET), ResourcePolicy::None),
        (None, None, None) => (Resource::NONE, ResourcePolicy::None),
        _ => panic!("two resources: {row}"),
    }
}

/// Calls `judge` with the facts of a row.
fn with_facts<T>(row: &Value, policies: &Policies, judge: impl FnOnce(&Facts<'_>) -> T) -> T {
    let principal = caller(row["caller"].as_str().unwrap());
    let keys = Keys::of(&row["context"]);
    let (resource, resource_policy) = resource(row, policies);
    let (attached, session) = (policies.list(&row["identity"]), policies.list(&row["session"]));
    let (scp, rcp) = (policies.levels(&row["scp"]), policies.levels(&row["rcp"]));
    let one = |element: &str| row[element].as_str().map(|name| policies.attached(name));
    let (boundary, endpoint) = (one("boundary"), one("endpoint"));
    let grantees = row["grants"].as_array().into_iter().flatten().map(|name| {
        let name = name.as_str().unwrap();
        PrincipalName::parse_aws(name).unwrap_or_else(|| PrincipalName::Service(name.into()))
    });
    let grantees: Vec<_> = grantees.collect();
    let issued_by = account(row["issuer"].as_str().unwrap_or(OWNER));
    let grants: Vec<_> = grantees.iter().map(|grantee| GrantFact { id: "g", grantee, issued_by }).collect();
    judge(&Facts {
        principal: &principal,
        action: row["action"].as_str().unwrap(),
        resource,
        resource_policy,
        identity: IdentityPolicies {
            attached: &attached,
            boundary: boundary.as_ref(),
            session: row["session"].is_array().then_some(&*session),
        },
        controls: Controls { service_control: &scp, resource_control: &rcp, endpoint: endpoint.as_ref() },
        grants: &grants,
        conditions: &keys,
    })
}

fn check(table: &str) {
    let policies = Policies::load();
    let rows: Vec<Value> = serde_json::from_str(table).unwrap();
    let (mut names, mut wrong) = (std::collections::BTreeSet::new(), Vec::new());
    for row in &rows {
        let (name, wanted) = (row["name"].as_str().unwrap(), row["expect"].as_str().unwrap());
        assert!(names.insert(name), "two rows are called {name}");
        let got = with_facts(row, &policies, |facts| outcome(facts, decide(facts).map(drop)));
        if got != wanted {
            wrong.push(format!("{name}\n  wanted {wanted}\n     got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// `allow`, or what follows the action in AWS's message, with the resource's ARN cut to `{arn}`.
fn outcome(facts: &Facts<'_>, decision: Result<(), Denied>) -> String {
    let Err(denied) = decision else { return "allow".to_owned() };
    let message = denied.message(facts.principal.arn(), facts.action, facts.resource.arn);
    let head = format!("User: {} is not authorized to perform: {} ", facts.principal.arn(), facts.action);
    let tail = message.strip_prefix(&head).unwrap_or_else(|| panic!("{message}"));
    let hidden = tail.contains("does not exist in this Region");
    assert!(hidden || tail.ends_with(&denied.reason_text()), "the message holds the reason: {message}");
    if facts.resource.arn == "*" { tail.to_owned() } else { tail.replace(facts.resource.arn, "{arn}") }
}

#[test]
fn key_policies_decide_as_aws_documents() {
    check(include_str!("decisions/key-policies.json"));
}

#[test]
fn identity_policies_boundaries_and_sessions_decide_as_aws_documents() {
    check(include_str!("decisions/identity.json"));
}

#[test]
fn another_accounts_callers_need_both_sides() {
    check(include_str!("decisions/across-accounts.json"));
}

#[test]
fn organisations_and_endpoints_limit_both_sides() {
    check(include_str!("decisions/controls.json"));
}

#[test]
fn grants_give_what_a_key_policy_would() {
    check(include_str!("decisions/grants.json"));
}

#[test]
fn trust_policies_and_optional_policies_decide_as_aws_documents() {
    check(include_str!("decisions/other-resources.json"));
}

#[test]
fn a_key_policy_locks_out_whoever_could_not_put_another() {
    let policies = Policies::load();
    let rows: Vec<Value> = serde_json::from_str(include_str!("decisions/lockout.json")).unwrap();
    for row in &rows {
        let passes = with_facts(row, &policies, |facts| {
            let key = Resource { arn: KEY, account: Some(account(OWNER)) };
            would_allow_put_policy(policies.get(row["proposed"].as_str().unwrap()), key, facts)
        });
        assert_eq!(Some(passes), row["passes"].as_bool(), "{}", row["name"]);
    }
}

#[test]
fn a_permission_names_what_it_is_for() {
    let (policies, keys, root) = (Policies::load(), Keys::default(), caller("root:111122223333"));
    let facts = key_facts(&root, "kms:Decrypt", policies.get("default"), &keys);
    let allowed = decide(&facts).unwrap();
    assert_eq!((allowed.action(), allowed.resource_arn()), ("kms:Decrypt", KEY));
}

/// What `decide_with` adds is decided as if it had stood among the facts, and nothing else is forgotten.
#[test]
fn grants_that_are_added_decide_like_those_that_stand_there() {
    let policies = Policies::load();
    let rows: Vec<Value> = serde_json::from_str(include_str!("decisions/grants.json")).unwrap();
    for row in &rows {
        let expected = row["expect"].as_str().unwrap();
        let got = with_facts(row, &policies, |facts| {
            let bare = Facts { grants: &[], ..*facts };
            outcome(facts, decide_with(&bare, facts.grants).map(drop))
        });
        assert_eq!(got, expected, "{}", row["name"]);
    }
}

#[test]
fn what_is_no_action_is_denied_to_everybody() {
    let (policies, keys, root) = (Policies::load(), Keys::default(), caller("root:111122223333"));
    let longest = format!("kms:{}", "A".repeat(124));
    for (action, allowed) in [
        ("kms:Encrypt", true),
        (&*longest, true),
        (&*format!("{longest}A"), false),
        ("kms", false),
        ("", false),
        (":", false),
        ("kms:", false),
        (":Encrypt", false),
        ("kms:Encrypt:more", false),
    ] {
        let facts = key_facts(&root, action, policies.get("everyone"), &keys);
        assert_eq!(decide(&facts).is_ok(), allowed, "{action}");
        if let Err(denied) = decide(&facts) {
            assert_eq!(denied.layer(), Layer::Resource, "{action}");
            let nowhere = Facts { resource: Resource::NONE, resource_policy: ResourcePolicy::None, ..facts };
            assert_eq!(decide(&nowhere).map(drop).unwrap_err().layer(), Layer::Identity, "{action}");
        }
    }
}

#[test]
fn each_layer_is_named_by_its_refusal() {
    let policies = Policies::load();
    let refuse = |row: &str| {
        let row: Value = serde_json::from_str(row).unwrap();
        with_facts(&row, &policies, |facts| decide(facts).map(drop)).unwrap_err().layer()
    };
    for (rest, layer) in [
        (r#""key":"default""#, Layer::Identity),
        (r#""key":"alice-encrypts""#, Layer::Resource),
        (r#""trust":"trust-lambda""#, Layer::Trust),
        (r#""key":"default","identity":["all-of-kms"],"boundary":"encrypt-only""#, Layer::Boundary),
        (r#""key":"default","identity":["all-of-kms"],"session":[]"#, Layer::Session),
        (r#""key":"everyone","scp":[[]]"#, Layer::ServiceControl),
        (r#""key":"everyone","rcp":[[]]"#, Layer::ResourceControl),
        (r#""key":"everyone","endpoint":"endpoint-encrypts""#, Layer::Endpoint),
    ] {
        let row = format!(r#"{{"caller":"user:111122223333:bob","action":"kms:Decrypt",{rest}}}"#);
        assert_eq!(refuse(&row), layer, "{rest}");
    }
}

#[test]
fn a_refusal_tells_which_statement_and_which_condition() {
    let policies = Policies::load();
    let findings = |row: &str| {
        let row: Value = serde_json::from_str(row).unwrap();
        let denied = with_facts(&row, &policies, |facts| decide(facts).map(drop)).unwrap_err();
        denied.findings().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for (row, wanted) in [
        (
            r#"{"caller":"user:111122223333:alice","action":"kms:Decrypt","key":"deny-alice-decrypts"}"#,
            vec!["resource-based policy, statement 2 (`not alice`): denies"],
        ),
        (
            r#"{"caller":"user:111122223333:alice","action":"kms:Decrypt","key":"managed",
                "context":{"kms:CallerAccount":"111122223333","kms:ViaService":"s3.eu-central-1.amazonaws.com"}}"#,
            vec![
                "resource-based policy, statement 1 (`Allow access through Simple Queue Service (SQS) for all \
                 principals in the account that are authorized to use SQS`): `StringEquals` does not hold for \
                 `kms:viaservice`",
            ],
        ),
        (
            r#"{"caller":"user:111122223333:bob","action":"kms:Encrypt","key":"alice-encrypts"}"#,
            vec!["resource-based policy, statement 1: does not name the principal"],
        ),
        (
            r#"{"caller":"user:111122223333:bob","action":"kms:Encrypt","key":"default","identity":["encrypt-another-key"]}"#,
            vec!["identity-based policy `encrypt-another-key`, statement 1: does not name the resource"],
        ),
        (
            r#"{"caller":"user:111122223333:bob","action":"kms:Encrypt","key":"everyone-but-untold","context":{"kms:ResourceAliases":null}}"#,
            vec!["resource-based policy, statement 2: the values of a condition key can't be told"],
        ),
        (r#"{"caller":"user:111122223333:bob","action":"kms:Encrypt","key":"default"}"#, vec![]),
    ] {
        assert_eq!(findings(row), wanted, "{row}");
    }
}

#[test]
fn findings_stop_at_sixteen() {
    let (keys, bob): (_, Principal) = (Keys::default(), caller("user:111122223333:bob"));
    let statement =
        r#"{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"kms:*","Resource":"*"}"#;
    for (statements, findings) in [(1, 1), (16, 16), (17, 16)] {
        let text = format!(r#"{{"Statement":[{}]}}"#, vec![statement; statements].join(","));
        let policy = Policy::parse(&text, kind("key")).unwrap();
        let denied = decide(&key_facts(&bob, "kms:Encrypt", &policy, &keys)).map(drop).unwrap_err();
        assert_eq!(denied.findings().len(), findings);
    }
}
