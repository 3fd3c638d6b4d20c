//! The rules of AWS, one by one: each with a request that is allowed, and with the one thing that has it refused.
//!
//! `decisions/rules.json` cites the page that states a rule. The refused request is the allowed one with a single member
//! replaced, so that nothing else can be the cause. `cargo xtask mutants` inverts each operator of the evaluator in turn; a
//! row of this table or of the others must notice.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealroom_authz::{
    AttachedPolicy, Controls, Denied, Facts, GrantFact, IdentityPolicies, Layer, Policy, PolicyKind, PrincipalName,
    Resource, ResourcePolicy, decide,
};
use serde_json::{Value, json};

use crate::support::{KEY, Keys, OWNER, account, caller, kind};

const ROLE: &str = "arn:aws:iam::111122223333:role/deployer";
const BUCKET: &str = "arn:aws:s3:::records/2026/a.csv";

/// A policy of these statements.
fn policy(statements: &Value, version: &str, kind: PolicyKind) -> Arc<Policy> {
    let text = json!({"Version": version, "Statement": statements}).to_string();
    Arc::new(Policy::parse(&text, kind).unwrap_or_else(|error| panic!("{text}: {error}")))
}

/// The policies of a list of lists of statements, or of one list; none when nothing is said or nothing stands there.
fn attached(statements: &Value, version: &str, kind: PolicyKind) -> Vec<AttachedPolicy> {
    match statements.as_array() {
        Some(list) if !list.is_empty() => {
            vec![AttachedPolicy { name: "p".into(), policy: policy(statements, version, kind) }]
        }
        _ => Vec::new(),
    }
}

fn outcome(row: &Value) -> Result<(), Denied> {
    let version = row["version"].as_str().unwrap_or("2012-10-17");
    let principal = caller(row["caller"].as_str().unwrap());
    let keys = Keys::of(&row["context"]);
    let of = |member: &str, name: &str| row[member].is_array().then(|| policy(&row[member], version, kind(name)));
    let (key, trust, bucket) = (of("key", "key"), of("trust", "trust"), of("bucket", "resource"));
    let owned = |arn| Resource { arn, account: Some(account(OWNER)) };
    let (resource, resource_policy) = match (&key, &trust, &bucket) {
        (Some(key), None, None) => (owned(KEY), ResourcePolicy::Mandatory(key)),
        (None, Some(trust), None) => (owned(ROLE), ResourcePolicy::Trust(trust)),
        (None, None, Some(bucket)) => (owned(BUCKET), ResourcePolicy::Optional(bucket)),
        _ => panic!("one resource, please: {row}"),
    };
    let own = attached(&row["identity"], version, PolicyKind::Identity);
    let boundary = attached(&row["boundary"], version, PolicyKind::Identity);
    let session = attached(&row["session"], version, PolicyKind::Identity);
    let endpoint = attached(&row["endpoint"], version, PolicyKind::Resource);
    let levels = |member: &str, kind: PolicyKind| -> Vec<Arc<[AttachedPolicy]>> {
        row[member].as_array().into_iter().flatten().map(|level| attached(level, version, kind).into()).collect()
    };
    let (scp, rcp) = (levels("scp", PolicyKind::Identity), levels("rcp", PolicyKind::Resource));
    let grantees: Vec<PrincipalName> = row["grants"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|name| {
            let name = name.as_str().unwrap();
            PrincipalName::parse_aws(name).unwrap_or_else(|| PrincipalName::Service(name.into()))
        })
        .collect();
    let grant = |grantee| GrantFact { id: "g", grantee, issued_by: account(OWNER) };
    let grants: Vec<GrantFact<'_>> = grantees.iter().map(grant).collect();
    let facts = Facts {
        principal: &principal,
        action: row["action"].as_str().unwrap(),
        resource,
        resource_policy,
        identity: IdentityPolicies {
            attached: &own,
            boundary: boundary.first(),
            session: row["session"].is_array().then_some(&*session),
        },
        controls: Controls { service_control: &scp, resource_control: &rcp, endpoint: endpoint.first() },
        grants: &grants,
        conditions: &keys,
    };
    decide(&facts).map(drop)
}

/// `implicit identity`, `explicit trust`: whether a statement denies, and the layer.
fn told(denied: &Denied) -> String {
    let layer = match denied.layer() {
        Layer::Identity => "identity",
        Layer::Resource => "resource",
        Layer::Trust => "trust",
        Layer::Boundary => "boundary",
        Layer::Session => "session",
        Layer::ServiceControl => "scp",
        Layer::ResourceControl => "rcp",
        Layer::Endpoint => "endpoint",
    };
    format!("{} {layer}", if denied.is_explicit() { "explicit" } else { "implicit" })
}

#[test]
fn each_rule_allows_one_request_and_refuses_the_one_that_differs_in_one_thing() {
    let rules: Vec<Value> = serde_json::from_str(include_str!("decisions/rules.json")).unwrap();
    assert!(rules.len() >= 120, "{} rules", rules.len());
    let (mut ids, mut wrong) = (BTreeSet::new(), Vec::new());
    for rule in &rules {
        let id = rule["id"].as_str().unwrap();
        assert!(ids.insert(id), "two rules are called {id}");
        assert!(
            ["cites", "rule"].iter().all(|member| rule[member].as_str().is_some_and(|text| !text.is_empty())),
            "{id}"
        );
        let allowed = &rule["allowed"];
        let change = rule["refused-with"].as_object().unwrap();
        let (member, value) = change.iter().next().unwrap();
        assert_eq!(change.len(), 1, "{id}: one thing differs");
        let mut refused = allowed.clone();
        assert_ne!(allowed[member], *value, "{id}: nothing differs");
        refused[member] = value.clone();
        if let Err(denied) = outcome(allowed) {
            wrong.push(format!("{id}: refused, {}", told(&denied)));
        }
        match outcome(&refused) {
            Ok(()) => wrong.push(format!("{id}: allowed with {member} = {value}")),
            Err(denied) if told(&denied) != rule["refusal"].as_str().unwrap() => {
                wrong.push(format!("{id}: {} and not {}", told(&denied), rule["refusal"]));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
