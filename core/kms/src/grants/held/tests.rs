//! Whatever `Held` finds by its indexes is what looking at every grant would find.

use proptest::prelude::*;
use sealroom_authz::PrincipalName;

use super::*;
use crate::grants::Party;
use crate::grants::record::GrantId;

fn context() -> impl Strategy<Value = Context> {
    prop::collection::btree_map("[ab]", "[12]", 0..3)
}

fn constraint() -> impl Strategy<Value = ContextConstraint> {
    prop_oneof![
        Just(ContextConstraint::Any),
        context().prop_map(ContextConstraint::Equals),
        context().prop_map(ContextConstraint::Subset),
    ]
}

fn operation() -> impl Strategy<Value = GrantOperation> {
    prop::sample::select(vec![
        GrantOperation::Encrypt,
        GrantOperation::Decrypt,
        GrantOperation::DescribeKey,
        GrantOperation::CreateGrant,
    ])
}

prop_compose! {
    fn granted()(
        operations in prop::collection::vec(operation(), 1..4),
        context in constraint(),
        issuer in prop::sample::select(vec!["111122223333", "444455556666"]),
        id: [u8; 32],
    ) -> GrantRecord {
        GrantRecord {
            id: GrantId::from_random(id),
            key: KeyArn {
                region: "eu-central-1".parse().unwrap(),
                account: "111122223333".parse().unwrap(),
                key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
            },
            name: "".into(),
            created: sealroom_foundation::Timestamp::EPOCH,
            issuer: issuer.parse().unwrap(),
            grantee: Party::service("s3.amazonaws.com"),
            retiring: None,
            operations: Operations::of(&operations),
            constraints: Constraints { context, source_arn: None },
        }
    }
}

proptest! {
    #[test]
    fn the_indexes_find_what_a_look_at_every_grant_would(
        grants in prop::collection::vec(granted(), 0..12),
        operation in operation(),
        asked in prop::option::of(context()),
        child in granted(),
    ) {
        let wanted = Wanted {
            operation,
            context: asked.as_ref(),
            source_arn: None,
            child: Some((&child.operations, &child.constraints)),
        };
        let mut slow: Vec<AccountId> =
            grants.iter().filter(|grant| wanted.is_given_by(grant)).map(|grant| grant.issuer).collect();
        slow.sort_unstable();
        slow.dedup();
        let held = Held::of(grants);
        let mut facts = Vec::new();
        held.collect(&wanted, &mut facts);
        let mut fast: Vec<AccountId> = facts.iter().map(|fact| fact.issued_by).collect();
        fast.sort_unstable();
        fast.dedup();
        prop_assert_eq!(slow, fast);
        for fact in facts {
            prop_assert_eq!(fact.grantee, &PrincipalName::Service("s3.amazonaws.com".into()));
        }
    }

    /// What a constraint that lies within another admits, the other admits too.
    #[test]
    fn a_constraint_within_another_admits_no_more(one in constraint(), two in constraint(), asked in prop::option::of(context())) {
        if one.is_within(&two) && one.admits(asked.as_ref()) {
            prop_assert!(two.admits(asked.as_ref()), "{one:?} within {two:?}: {asked:?}");
        }
    }
}
