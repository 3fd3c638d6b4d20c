//! That what is found by the index is what a look at every grant would find, and that nothing is remembered too.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sealroom_api::Enumeration;
use sealroom_foundation::Timestamp;
use sealroom_store::{Barrier, Batch, Engine, KeyPath, Mirror, Store};

use super::*;
use crate::grants::Party;
use crate::grants::record::GrantId;

fn key() -> KeyArn {
    KeyArn {
        region: "eu-central-1".parse().unwrap(),
        account: "111122223333".parse().unwrap(),
        key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
    }
}

fn context() -> impl Strategy<Value = Context> {
    proptest::collection::btree_map(select(vec!["a", "b", "A"]), select(vec!["1", "2"]), 0..3)
        .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

fn operations() -> impl Strategy<Value = Operations> {
    subsequence(GrantOperation::ALL.to_vec(), 1..4).prop_map(|listed| Operations::of(&listed))
}

fn constraints() -> impl Strategy<Value = Constraints> {
    let context = prop_oneof![
        Just(ContextConstraint::Any),
        context().prop_map(ContextConstraint::Equals),
        context().prop_map(ContextConstraint::Subset),
    ];
    let source = select(vec![None, None, Some("arn:aws:s3:us-east-1:111122223333:b")]);
    (context, source).prop_map(|(context, source)| Constraints { context, source_arn: source.map(Into::into) })
}

fn grants() -> impl Strategy<Value = Vec<GrantRecord>> {
    let issuer = select(vec!["111122223333", "444455556666"]);
    let grant = (operations(), constraints(), issuer).prop_map(|(operations, constraints, issuer)| GrantRecord {
        id: GrantId::from_random([0; 32]),
        key: key(),
        name: Box::default(),
        created: Timestamp::EPOCH,
        issuer: issuer.parse().unwrap(),
        grantee: Party::service("s3.amazonaws.com"),
        retiring: None,
        operations,
        constraints,
    });
    proptest::collection::vec(grant, 0..8)
}

/// The rules of grant constraints, said again without an index.
fn gives(grant: &GrantRecord, operation: GrantOperation, context: &Context, source: Option<&str>) -> bool {
    let takes_context = !matches!(operation, GrantOperation::DescribeKey | GrantOperation::GetPublicKey);
    let admits = match &grant.constraints.context {
        ContextConstraint::Any => true,
        ContextConstraint::Equals(pairs) => pairs == context,
        ContextConstraint::Subset(pairs) => pairs.iter().all(|(key, value)| context.get(key) == Some(value)),
    };
    let source = match &grant.constraints.source_arn {
        None => true,
        Some(wanted) => source == Some(&**wanted),
    };
    grant.operations.as_slice().contains(&operation) && source && (admits || !takes_context)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// A grant never gives an operation outside its list, nor a context outside its constraint; and whatever one of them
    /// gives is found.
    #[test]
    fn what_is_found_is_what_is_given(
        grants in grants(),
        operation in select(GrantOperation::ALL.to_vec()),
        context in context(),
        source in select(vec![None, Some("arn:aws:s3:us-east-1:111122223333:b"), Some("arn:aws:s3:us-east-1:111122223333:c")]),
    ) {
        prop_assume!(!matches!(operation, GrantOperation::CreateGrant | GrantOperation::RetireGrant));
        // On keys that GetPublicKey can be asked of, nothing has a context.
        prop_assume!(operation != GrantOperation::GetPublicKey);
        let held = Held::of(grants.clone());
        let wanted = Wanted { operation, context: Some(&context), source_arn: source, child: None };
        let mut facts = Vec::new();
        held.collect(&wanted, &mut facts);
        for issuer in ["111122223333", "444455556666"] {
            let issuer: AccountId = issuer.parse().unwrap();
            let given = grants.iter().any(|grant| grant.issuer == issuer && gives(grant, operation, &context, source));
            prop_assert_eq!(facts.iter().filter(|fact| fact.issued_by == issuer).count(), usize::from(given));
        }
    }

    /// What a grant gives on never gives what the grant itself doesn't.
    #[test]
    fn a_grant_that_is_passed_on_gives_no_more(
        parent in constraints(),
        child in constraints(),
        given in (operations(), operations()),
        context in context(),
    ) {
        let (own, passed) = given;
        let holds_all = passed.is_within(&own);
        for operation in GrantOperation::ALL {
            prop_assert!(!holds_all || !passed.contains(*operation) || own.contains(*operation));
        }
        if child.are_within(&parent) {
            prop_assert!(!child.context.admits(Some(&context)) || parent.context.admits(Some(&context)));
            prop_assert!(parent.source_arn.is_none() || parent.source_arn == child.source_arn);
        }
    }
}

/// Many grants of one kind are kept once.
#[test]
fn grants_that_give_the_same_are_looked_at_once() {
    let grant = GrantRecord {
        id: GrantId::from_random([0; 32]),
        key: key(),
        name: Box::default(),
        created: Timestamp::EPOCH,
        issuer: "111122223333".parse().unwrap(),
        grantee: Party::service("s3.amazonaws.com"),
        retiring: None,
        operations: Operations::of(&[GrantOperation::Encrypt]),
        constraints: Constraints::default(),
    };
    let many = (0..100).map(|n| GrantRecord { id: GrantId::from_random([n; 32]), ..grant.clone() });
    assert_eq!(Held::of(many).grants.len(), 1);
}

#[tokio::test]
async fn that_nothing_is_held_is_remembered_until_something_is() {
    let store = Store::open(Engine::memory(), Barrier::insecure_none()).await.unwrap();
    let mirror = Mirror::new(store.feed(), 16, paths::held_of);
    let (holder, loads) = (Holder { key: key(), digest: [7; 32] }, Cell::new(0));
    let look = async || {
        let load = || async {
            loads.set(loads.get() + 1);
            Ok::<_, KmsError>(Some(Held::default()))
        };
        mirror.get_or_load(&holder, load).await.unwrap().unwrap();
        loads.get()
    };
    assert_eq!((look().await, look().await), (1, 1));
    let put = async |path: KeyPath| store.commit(Batch::default().put(path, Vec::new())).await.unwrap();
    let id = GrantId::from_random([1; 32]);
    put(paths::held(&Holder { digest: [8; 32], ..holder }).text(id.as_str())).await;
    put(paths::grant(&key(), &id)).await;
    assert_eq!(look().await, 1, "what others hold doesn't count");
    put(paths::held(&holder).text(id.as_str())).await;
    assert_eq!((look().await, look().await), (2, 2));
}
