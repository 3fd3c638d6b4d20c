//! Operations × ways in which a policy or a grant speaks of their caller, whole: the grid of `tests/tables/grid.txt`.
//!
//! The caller is a user of the key's account, or of another. What each letter stands for is said in the table.

use std::collections::BTreeMap;

use sealroom_api::Enumeration as _;
use sealroom_api::kms::{GrantOperation, Operation};
use serde_json::{Value, json};

use crate::authorization::Rights;
use crate::house::{Answer, House, OTHER, OWNER};
use crate::people::User;
use crate::references::subject;
use crate::table::lines;
use crate::world::{self, Key, operation_of, policy, request, root};

const TABLE: &str = include_str!("../tables/grid.txt");

/// The ways, in the order of the table's columns.
const WAYS: [&str; 10] = [
    "nothing",
    "account",
    "account+identity",
    "named",
    "grant",
    "named+deny",
    "identity+key-deny",
    "across-key",
    "across-identity",
    "across-both",
];

/// A statement of a key's policy.
fn of_key(effect: &str, who: &str, action: &str) -> Value {
    json!({"Effect": effect, "Principal": {"AWS": who}, "Action": action, "Resource": "*"})
}

/// A statement of a user's policy.
fn of_user(effect: &str, action: &str) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": "*"})
}

struct People {
    alice: User,
    bob: User,
    /// The other side of a ReEncrypt, where both may.
    good: Key,
}

/// Sets one way up for an operation on a key; who then asks.
async fn arrange<'p>(house: &House, people: &'p People, way: &str, rights: &Rights, key: &Key) -> &'p User {
    let (alice, bob, action) = (&people.alice, &people.bob, rights.action);
    let own = || of_key("Allow", &root(OWNER), "kms:*");
    let other = || of_key("Allow", &root(OTHER), action);
    let (statements, identity, user) = match way {
        // Something must stand there; it is about nobody who asks.
        "nothing" => (vec![of_key("Allow", &root(OTHER), "kms:ListGrants")], vec![], alice),
        "account" | "grant" => (vec![own()], vec![], alice),
        "account+identity" => (vec![own()], vec![of_user("Allow", action)], alice),
        "named" => (vec![own(), of_key("Allow", &alice.arn, action)], vec![], alice),
        "named+deny" => (vec![own(), of_key("Allow", &alice.arn, action)], vec![of_user("Deny", action)], alice),
        "identity+key-deny" => (vec![own(), of_key("Deny", &alice.arn, action)], vec![of_user("Allow", action)], alice),
        "across-key" => (vec![own(), other()], vec![], bob),
        "across-identity" => (vec![own()], vec![of_user("Allow", action)], bob),
        "across-both" => (vec![own(), other()], vec![of_user("Allow", action)], bob),
        unknown => panic!("no way `{unknown}`"),
    };
    let other_side = json!({"Effect": "Allow", "Action": "kms:ReEncrypt*", "Resource": people.good.arn});
    house.set_user_policy(user, &[identity, vec![other_side]].concat()).await;
    if rights.of_a_key || rights.of_a_grant {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        house.set_policy(&key.id, &document).await;
    }
    user
}

/// What an answer is in the table.
fn letter(answer: &Answer) -> char {
    let said = answer.said();
    if said == "ok" || !said.starts_with("AccessDenied") {
        return 'y';
    }
    for (text, letter) in [
        ("because no identity-based policy allows", 'i'),
        ("because no resource-based policy allows", 'r'),
        ("with an explicit deny in an identity-based policy", 'd'),
        ("with an explicit deny in a resource-based policy", 'k'),
        ("because the resource does not exist in this Region", 'h'),
    ] {
        if said.contains(text) {
            return letter;
        }
    }
    panic!("no letter for {said}");
}

#[tokio::test]
async fn every_operation_answers_as_the_policies_of_its_caller_and_key_say() {
    let house = House::new().await;
    let open = policy(&[OWNER, OTHER], &["kms:*"]);
    let good = world::make(&house, OWNER, &json!({"Policy": open})).await;
    let everybody = json!({"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})
    .to_string();
    house.set_policy(&good.id, &everybody).await;
    let people = People { alice: house.user(OWNER, "alice").await, bob: house.user(OTHER, "bob").await, good };
    let mut grid = BTreeMap::new();
    for rights in Rights::all().iter().filter(|rights| rights.of_a_key || !rights.of_an_alias && !rights.of_a_grant) {
        let mut letters = String::new();
        for way in WAYS {
            let key = if rights.of_a_key { subject(&house, rights.row).await } else { world::symmetric(&house).await };
            let user = arrange(&house, &people, way, rights, &key).await;
            if way == "grant" {
                grant(&house, &key, user, operation_of(rights.row), rights.row).await;
            }
            let call = house.call_of_user(user).await;
            let asked = request(rights.row, &key, &key.arn, &people.good);
            let answer = house.ask_in(&call, operation_of(rights.row), &asked).await;
            letters.push(letter(&answer));
        }
        grid.insert(rights.row, letters);
    }
    let text: String = grid.iter().map(|(row, letters)| format!("{row:<36}{}\n", spaced(letters))).collect();
    let kept: String = lines(TABLE).map(|line| format!("{line}\n")).collect();
    assert!(text == kept, "tests/tables/grid.txt says otherwise. This is what was answered:\n{text}");
}

fn spaced(letters: &str) -> String {
    letters.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

/// A grant of the operation to the user, if there are such.
async fn grant(house: &House, key: &Key, user: &User, operation: &str, row: &str) {
    let name = match row {
        "ReEncryptFrom" | "ReEncryptTo" => row,
        _ => operation,
    };
    if GrantOperation::from_text(name).is_some() {
        let asked = json!({"KeyId": key.id, "GranteePrincipal": user.arn, "Operations": [name]});
        // Not every kind of key may be granted everything.
        house.ask("CreateGrant", &asked).await;
    }
}

#[test]
fn the_grid_has_every_operation() {
    let rows: Vec<&str> = lines(TABLE).filter_map(|line| line.split_whitespace().next()).collect();
    for operation in Operation::ALL {
        let there = rows.iter().any(|row| operation_of(row) == operation.name());
        let elsewhere = ["DeleteAlias", "RetireGrant"].contains(&operation.name());
        assert!(there != elsewhere, "{}: aliases.rs and grants.rs look at those", operation.name());
    }
}
