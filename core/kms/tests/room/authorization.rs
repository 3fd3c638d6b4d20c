//! Who may do what, from `tests/tables/authorization.txt`: an own key policy with and without the action, with a deny,
//! and other accounts. What conditions see is `tests/tables/conditions.txt`.

use sealroom_api::kms::Operation;
use serde_json::{Value, json};

use crate::enclave::with_recipient;
use crate::house::{House, OTHER, OWNER};
use crate::references::subject;
use crate::table::{expect, report, rows};
use crate::world::{self, hidden, operation_of, policy, request};

const TABLE: &str = include_str!("../tables/authorization.txt");
/// What is refused to whoever may ask for it.
pub(crate) const UNSUPPORTED: &str =
    "UnsupportedOperationException Custom key stores are not supported by this version of the service.";
const CONDITIONS: &str = include_str!("../tables/conditions.txt");

/// One row of the table.
pub(crate) struct Rights {
    pub(crate) row: &'static str,
    pub(crate) action: &'static str,
    /// Whether the policy of a key allows it.
    pub(crate) of_a_key: bool,
    /// Whether a grant alone does.
    pub(crate) of_a_grant: bool,
    /// Whether it names an alias and no key (`aliases.rs` looks at those).
    pub(crate) of_an_alias: bool,
    pub(crate) other_accounts: bool,
    pub(crate) aliases: bool,
}

impl Rights {
    pub(crate) fn all() -> Vec<Self> {
        let rows = rows(TABLE).into_iter().map(|cells| {
            let [row, action, others, aliases] = cells[..] else { panic!("{cells:?}") };
            Self {
                row,
                action,
                of_a_key: !matches!(others, "-" | "grant" | "alias"),
                of_a_grant: others == "grant",
                of_an_alias: others == "alias",
                other_accounts: others == "yes",
                aliases: aliases == "yes",
            }
        });
        rows.collect()
    }

    pub(crate) fn of_keys() -> Vec<Self> {
        Self::all().into_iter().filter(|rights| rights.of_a_key).collect()
    }
}

fn statement(effect: &str, who: &[&str], actions: &str, names: &[&str]) -> Value {
    let roots: Vec<String> = who.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    let mut statement = json!({"Effect": effect, "Principal": {"AWS": roots}, "Resource": "*"});
    statement[actions] = json!(names);
    statement
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[tokio::test]
async fn an_action_is_decided_by_the_policy_of_its_key() {
    let house = House::new().await;
    let good = world::make(&house, OWNER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    let mut faults = Vec::new();
    for rights in Rights::of_keys() {
        let Rights { row, action, other_accounts, .. } = rights;
        let everything = statement("Allow", &[OWNER], "Action", &["kms:*"]);
        let denied = |reason: &str, arn: &str| {
            format!(
                "AccessDeniedException User: arn:aws:iam::{OWNER}:root is not authorized to perform: {action} on resource: \
                 {arn} {reason}"
            )
        };
        let silence = format!("because no resource-based policy allows the {action} action");
        let deny = "with an explicit deny in a resource-based policy".to_owned();
        let reach = if other_accounts { "ok".to_owned() } else { hidden(OTHER, action) };
        let cases = [
            ("the action alone", OWNER, vec![statement("Allow", &[OWNER], "Action", &[action])], None),
            ("all but the action", OWNER, vec![statement("Allow", &[OWNER], "NotAction", &[action])], Some(silence)),
            ("a deny", OWNER, vec![everything.clone(), statement("Deny", &[OWNER], "Action", &[action])], Some(deny)),
            ("nothing", OTHER, vec![everything.clone()], Some(hidden(OTHER, action))),
            (
                "everything, and the action for another",
                OTHER,
                vec![everything.clone(), statement("Allow", &[OTHER], "Action", &[action])],
                Some(reach),
            ),
            (
                "everything, and all but the action for another",
                OTHER,
                vec![everything.clone(), statement("Allow", &[OTHER], "NotAction", &[action])],
                Some(hidden(OTHER, action)),
            ),
            (
                "everything for both, and a deny for another",
                OTHER,
                vec![
                    statement("Allow", &[OWNER, OTHER], "Action", &["kms:*"]),
                    statement("Deny", &[OTHER], "Action", &[action]),
                ],
                Some(hidden(OTHER, action)),
            ),
        ];
        for (name, who, statements, expected) in cases {
            let key = subject(&house, row).await;
            house.set_policy(&key.id, &document(&statements)).await;
            let expected = match expected {
                None => "ok".to_owned(),
                Some(text) if text == "ok" || text.starts_with("AccessDenied") => text,
                Some(reason) => denied(&reason, &key.arn),
            };
            let said = house.ask_as(who, operation_of(row), &request(row, &key, &key.arn, &good)).await.said();
            expect(&mut faults, &format!("{row}: {name}, asked by {who}"), &expected, &said);
        }
    }
    report(&faults);
}

#[tokio::test]
async fn what_is_about_no_key_is_decided_by_the_callers_account() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    let mut faults = Vec::new();
    let of_none = |rights: &Rights| !rights.of_a_key && !rights.of_a_grant && !rights.of_an_alias;
    for Rights { row, action, .. } in Rights::all().into_iter().filter(of_none) {
        let asked = request(row, &key, &key.arn, &key);
        let said = house.ask_in(&house.operator_call(), row, &asked).await.said();
        let expected = format!(
            "AccessDeniedException User: * is not authorized to perform: {action} on resource: * because no \
             identity-based policy allows the {action} action"
        );
        expect(&mut faults, row, &expected, &said);
        let refused = Operation::from_name(row).unwrap().refused();
        let expected = if refused { UNSUPPORTED } else { "ok" };
        expect(&mut faults, row, expected, &house.ask(row, &asked).await.said());
    }
    report(&faults);
}

#[tokio::test]
async fn a_key_in_another_account_is_found_by_its_aliases_arn_and_by_no_bare_name() {
    let house = House::new().await;
    let key = world::make(&house, OTHER, &json!({"Policy": policy(&[OWNER, OTHER], &["kms:*"])})).await;
    house.set_alias(OTHER, "alias/shared", &key.id).await;
    let arn = format!("arn:aws:kms:us-east-1:{OTHER}:alias/shared");
    let encrypt = |name: &str| json!({"KeyId": name, "Plaintext": world::PLAINTEXT});
    assert_eq!(house.ask("Encrypt", &encrypt(&arn)).await.ok()["KeyId"], key.arn.as_str());
    let said = house.ask("Encrypt", &encrypt("alias/shared")).await.said();
    assert_eq!(said, format!("NotFoundException Alias arn:aws:kms:us-east-1:{OWNER}:alias/shared is not found."));
}

/// The request's own values, defaults included, are what conditions see.
#[tokio::test]
async fn conditions_see_the_request_with_its_defaults() {
    let house = House::new().await;
    let good = world::symmetric(&house).await;
    let mut faults = Vec::new();
    for cells in rows(CONDITIONS) {
        let [row, operator, condition, value, members, allowed] = cells[..] else { panic!("{cells:?}") };
        let members = with_recipient(serde_json::from_str(members).unwrap());
        let key = subject(&house, row).await;
        let mut statement = statement("Allow", &[OWNER], "Action", &["kms:*"]);
        statement["Condition"][operator][condition] = json!(value);
        house.set_policy(&key.id, &document(&[statement])).await;
        let mut asked = request(row, &key, &key.arn, &good);
        for (name, member) in members.as_object().unwrap() {
            asked[name] = member.clone();
        }
        let said = house.ask(operation_of(row), &asked).await.said();
        let expected = if allowed == "yes" { "ok" } else { "AccessDeniedException" };
        let code = said.split(' ').next().unwrap();
        expect(&mut faults, &format!("{row} {operator} {condition} {value}: {said}"), expected, code);
    }
    report(&faults);
}

#[tokio::test]
async fn a_condition_on_the_alias_holds_for_who_names_the_key_by_it() {
    let house = House::new().await;
    let key = world::symmetric(&house).await;
    house.set_alias(OWNER, "alias/app", &key.id).await;
    let mut allow = statement("Allow", &[OWNER], "Action", &["kms:*"]);
    allow["Condition"]["StringEquals"]["kms:RequestAlias"] = json!("alias/app");
    house.set_policy(&key.id, &document(&[allow])).await;
    let alias_arn = format!("arn:aws:kms:us-east-1:{OWNER}:alias/app");
    for (name, allowed) in [("alias/app", true), (&*alias_arn, true), (&*key.id, false), (&*key.arn, false)] {
        for operation in ["Encrypt", "DescribeKey"] {
            let said = house.ask(operation, &request(operation, &key, name, &key)).await.said();
            assert_eq!(said == "ok", allowed, "{operation} {name}: {said}");
        }
    }
}
