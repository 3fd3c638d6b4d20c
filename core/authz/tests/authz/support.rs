//! What the tables are written in: names of callers, condition keys from a map, policies by kind.

use std::collections::BTreeMap;

use sealroom_authz::{
    ConditionKeys, Controls, Denied, Facts, IdentityPolicies, Policy, PolicyKind, Presence, Principal, Resource,
    ResourcePolicy, decide,
};
use sealroom_foundation::{AccountId, Partition};

pub(crate) const OWNER: &str = "111122223333";
pub(crate) const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

pub(crate) fn account(text: &str) -> AccountId {
    text.parse().unwrap()
}

pub(crate) fn kind(name: &str) -> PolicyKind {
    match name {
        "key" => PolicyKind::Key { account: account(OWNER) },
        "trust" => PolicyKind::Trust { account: account(OWNER) },
        "resource" => PolicyKind::Resource,
        "identity" => PolicyKind::Identity,
        other => panic!("no kind of policy: {other}"),
    }
}

/// `root:<account>`, `user:<account>:<path and name>`, `role:<account>:<path and name>:<session>`,
/// `federated:<account>:<name>:<user>`, `service:<name>`, `provider:<name>`, `nobody`. Unique ids are
/// `AIDA0000000000<name in upper case>` and `AROA…`.
pub(crate) fn caller(text: &str) -> Principal {
    if let Some(provider) = text.strip_prefix("provider:") {
        return Principal::federated(provider);
    }
    let parts: Vec<_> = text.split(':').collect();
    let id = |prefix: &str, name: &str| {
        let name = name.rsplit('/').next().unwrap().to_ascii_uppercase();
        format!("{prefix}0000000000{}", name.replace('-', ""))
    };
    match *parts.as_slice() {
        ["root", owner] => Principal::root(Partition::Aws, account(owner)),
        ["user", owner, name] => Principal::user(Partition::Aws, account(owner), name, &id("AIDA", name)),
        ["role", owner, name, session] => {
            Principal::assumed_role(Partition::Aws, account(owner), name, &id("AROA", name), session)
        }
        ["federated", owner, name, user] => {
            Principal::federated_user(Partition::Aws, account(owner), name, user, &id("AIDA", user))
        }
        ["service", name] => Principal::service(name),
        ["nobody"] => Principal::Anonymous,
        _ => panic!("no caller: {text}"),
    }
}

/// Answers from a map; a key without values in it can't be told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(pub(crate) BTreeMap<String, Option<Vec<String>>>);

impl Keys {
    pub(crate) fn of(rows: &serde_json::Value) -> Self {
        let values = |value: &serde_json::Value| match value {
            serde_json::Value::Null => None,
            serde_json::Value::Array(values) => Some(values.iter().map(|v| v.as_str().unwrap().to_owned()).collect()),
            value => Some(vec![value.as_str().unwrap().to_owned()]),
        };
        let rows = rows.as_object().into_iter().flatten();
        Self(rows.map(|(key, value)| (key.to_ascii_lowercase(), values(value))).collect())
    }
}

impl ConditionKeys for Keys {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        match self.0.get(key) {
            None => Presence::Absent,
            Some(None) => Presence::Untold,
            Some(Some(values)) => {
                values.iter().for_each(|value| visit(value));
                Presence::Present
            }
        }
    }
}

/// A request about [`KEY`], whose policy is all that there is.
pub(crate) fn key_facts<'a>(
    principal: &'a Principal,
    action: &'a str,
    policy: &'a Policy,
    keys: &'a Keys,
) -> Facts<'a> {
    Facts {
        principal,
        action,
        resource: Resource { arn: KEY, account: Some(account(OWNER)) },
        resource_policy: ResourcePolicy::Mandatory(policy),
        identity: IdentityPolicies::NONE,
        controls: Controls::NONE,
        grants: &[],
        conditions: keys,
    }
}

/// Decides on `kms:Encrypt` with [`KEY`] for its account's root user.
pub(crate) fn root_may_encrypt(policy: &Policy, keys: &Keys) -> Result<(), Denied> {
    let root = caller("root:111122223333");
    decide(&key_facts(&root, "kms:Encrypt", policy, keys)).map(drop)
}

/// The rows of a table in text: `|` between fields, `#` begins a comment line.
pub(crate) fn rows<const N: usize>(table: &'static str) -> Vec<[&'static str; N]> {
    let lines = table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let row = |line: &'static str| {
        let fields: Vec<_> = line.split(" | ").map(str::trim).collect();
        <[&str; N]>::try_from(fields).unwrap_or_else(|_| panic!("not {N} fields: {line}"))
    };
    lines.map(row).collect()
}
