//! What reading a policy and deciding cost: nanoseconds per call on one thread, best of several rounds.
//!
//! `cargo run --release -p sealroom-authz --example cost`

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool for people: it measures and prints")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use sealroom_authz::{
    AttachedPolicy, ConditionKeys, Controls, Facts, IdentityPolicies, Policy, PolicyKind, Presence, Principal,
    Resource, ResourcePolicy, decide,
};
use sealroom_foundation::{AccountId, Partition};

const ROUNDS: u32 = 200;
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const DEFAULT: &str = r#"{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions",
    "Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}"#;
const MANAGED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},
    "Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],
    "Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333",
    "kms:ViaService":"s3.eu-central-1.amazonaws.com"}}},{"Effect":"Allow",
    "Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":["kms:Describe*","kms:Get*","kms:List*"],
    "Resource":"*"}]}"#;
const IDENTITY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt"],
    "Resource":"arn:aws:kms:*:111122223333:key/*","Condition":{
    "StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"},
    "IpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}},
    {"Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;

struct Keys;

impl ConditionKeys for Keys {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        visit(match key {
            "kms:calleraccount" => "111122223333",
            "kms:viaservice" => "s3.eu-central-1.amazonaws.com",
            "aws:resourcetag/team" | "aws:principaltag/team" => "red",
            "aws:sourceip" => "192.0.2.7",
            "aws:securetransport" => "true",
            _ => return Presence::Absent,
        });
        Presence::Present
    }
}

fn measure(name: &str, calls: u32, mut call: impl FnMut()) {
    let best = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        (0..calls).for_each(|_| call());
        begin.elapsed().as_nanos() / u128::from(calls)
    });
    println!("{name:<66} {:>9} ns", best.min().unwrap_or_default());
}

fn main() -> Result<(), Box<dyn Error>> {
    let account: AccountId = "111122223333".parse()?;
    let kind = PolicyKind::Key { account };
    let (default, managed) = (Policy::parse(DEFAULT, kind)?, Policy::parse(MANAGED, kind)?);
    let identity = Policy::parse(IDENTITY, PolicyKind::Identity)?;
    measure("read the default key policy", 1_000, || {
        let _ = black_box(Policy::parse_stored(black_box(DEFAULT), kind));
    });
    measure("read an identity policy with conditions", 1_000, || {
        let _ = black_box(Policy::parse_stored(black_box(IDENTITY), PolicyKind::Identity));
    });
    let root = Principal::root(Partition::Aws, account);
    let session = Principal::assumed_role(Partition::Aws, account, "deployer", "AROA0000000000000000", "ci");
    let attached = [AttachedPolicy { name: "inline".into(), policy: identity.into() }];
    let facts = |principal, policy, identity| Facts {
        principal,
        action: "kms:Encrypt",
        resource: Resource { arn: KEY, account: Some(account) },
        resource_policy: ResourcePolicy::Mandatory(policy),
        identity,
        controls: Controls::NONE,
        grants: &[],
        conditions: &Keys,
    };
    let attached = IdentityPolicies { attached: &attached, ..IdentityPolicies::NONE };
    let (five, heavy) = (five_of_four()?, heavy()?);
    let five = IdentityPolicies { attached: &five, ..IdentityPolicies::NONE };
    let heavy = IdentityPolicies { attached: &heavy, ..IdentityPolicies::NONE };
    for (name, facts) in [
        ("decide: default key policy, root user", facts(&root, &default, IdentityPolicies::NONE)),
        ("decide: managed key's policy, session", facts(&session, &managed, IdentityPolicies::NONE)),
        ("decide: default key policy, session with conditions", facts(&session, &default, attached)),
        ("decide: default key policy, five policies of four statements", facts(&session, &default, five)),
        ("decide: default key policy, 32 KiB of policies", facts(&session, &default, heavy)),
        ("refuse: default key policy, session without policies", facts(&session, &default, IdentityPolicies::NONE)),
    ] {
        measure(name, 5_000, || {
            let _ = black_box(decide(black_box(&facts)));
        });
    }
    hostile(facts(&root, &default, IdentityPolicies::NONE), kind)
}

/// Five identity policies of four statements, as administrators write them; the last allows.
fn five_of_four() -> Result<Vec<AttachedPolicy>, Box<dyn Error>> {
    let document = |number: usize| {
        let action = if number == 4 { r#""kms:Encrypt","kms:Decrypt""# } else { r#""kms:Sign","kms:Verify""# };
        format!(
            r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::data-{number}/*"}},
            {{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:111122223333:queue-{number}"}},
            {{"Effect":"Allow","Action":[{action}],"Resource":"arn:aws:kms:*:111122223333:key/*",
              "Condition":{{"StringEquals":{{"aws:ResourceTag/team":"red"}}}}}},
            {{"Effect":"Deny","Action":"kms:ScheduleKeyDeletion","Resource":"*"}}]}}"#
        )
    };
    attached((0..5).map(document))
}

/// 32 KiB of identity policies: more than a role can have inline, in policies as large as they may be. The last allows.
fn heavy() -> Result<Vec<AttachedPolicy>, Box<dyn Error>> {
    let document = |number: usize| {
        let buckets: Vec<String> =
            (0..115).map(|n| format!(r#""arn:aws:s3:::team-{number}-bucket-{n}/reports/*""#)).collect();
        let actions: Vec<String> = (0..40).map(|n| format!(r#""s3:Get{number}x{n}*""#)).collect();
        let own = if number == 5 { r#","kms:Encrypt""# } else { "" };
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{}],"Resource":[{}]}},
            {{"Effect":"Allow","Action":["kms:Sign"{own}],"Resource":"*"}}]}}"#,
            actions.join(","),
            buckets.join(",")
        )
    };
    let documents: Vec<String> = (0..6).map(document).collect();
    println!("{} bytes of policies", documents.iter().map(String::len).sum::<usize>());
    attached(documents.into_iter())
}

fn attached(documents: impl Iterator<Item = String>) -> Result<Vec<AttachedPolicy>, Box<dyn Error>> {
    let read = |text: String| -> Result<AttachedPolicy, Box<dyn Error>> {
        Ok(AttachedPolicy { name: "p".into(), policy: Policy::parse(&text, PolicyKind::Identity)?.into() })
    };
    documents.map(read).collect()
}

/// The costliest decision: a key policy that spends the whole budget.
fn hostile(facts: Facts<'_>, kind: PolicyKind) -> Result<(), Box<dyn Error>> {
    struct Long(String);
    impl ConditionKeys for Long {
        fn lookup(&self, _key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
            visit(&self.0);
            Presence::Present
        }
    }
    let patterns = vec![format!("\"{}b\"", "*a".repeat(100)); 140].join(",");
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",
        "Condition":{{"StringLike":{{"a:b":[{patterns}]}}}}}}}}"#
    );
    let (policy, keys) = (Policy::parse(&text, kind)?, Long("a".repeat(8_000)));
    let facts = Facts { resource_policy: ResourcePolicy::Mandatory(&policy), conditions: &keys, ..facts };
    measure("refuse: a hostile key policy of 28 KiB", 1, || {
        let _ = black_box(decide(black_box(&facts)));
    });
    Ok(())
}
