//! Invariant 5: every served operation has its rows in the tables and its golden. What is missing fails here.

use std::collections::BTreeSet;

use sealroom_api::kms::Operation;
use serde_json::Value;

use crate::audit::golden;
use crate::authorization::Rights;
use crate::states;
use crate::world::operation_of;

fn served() -> BTreeSet<&'static str> {
    Operation::ALL.iter().map(|operation| operation.name()).collect()
}

#[test]
fn every_served_operation_has_a_row_in_the_table_of_states() {
    let rows: BTreeSet<&str> = states::rows().into_iter().map(|(row, _)| operation_of(row)).collect();
    assert_eq!(rows, served(), "tests/tables/states.txt has a row for each served operation, and no other");
}

#[test]
fn every_served_operation_has_a_row_in_the_table_of_authorization() {
    let rows: BTreeSet<&str> = Rights::all().into_iter().map(|rights| operation_of(rights.row)).collect();
    assert_eq!(rows, served(), "tests/tables/authorization.txt has a row for each served operation, and no other");
}

#[test]
fn both_tables_have_the_same_rows() {
    let states: BTreeSet<&str> = states::rows().into_iter().map(|(row, _)| row).collect();
    let rights: BTreeSet<&str> = Rights::all().into_iter().map(|rights| rights.row).collect();
    assert_eq!(states, rights);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "goldens are files")]
fn every_served_operation_has_a_golden_with_a_success_and_a_refusal() {
    for operation in served() {
        let path = golden(operation);
        let text = std::fs::read(&path).unwrap_or_else(|_| panic!("{operation} has no golden {}", path.display()));
        let cases: Value = serde_json::from_slice(&text).unwrap();
        let answers: Vec<&str> =
            cases.as_object().unwrap().values().map(|case| case["answer"].as_str().unwrap()).collect();
        let refused = Operation::from_name(operation).unwrap().refused();
        assert_ne!(
            answers.contains(&"ok"),
            refused,
            "{operation}: a success of what is refused, or none of what isn't"
        );
        assert!(answers.iter().any(|answer| *answer != "ok"), "{operation}: no refusal");
        let recorded = cases.as_object().unwrap().values().all(|case| !case["records"].as_array().unwrap().is_empty());
        assert!(recorded, "{operation}: a case without a record");
    }
}

#[test]
fn no_golden_stands_for_an_operation_that_is_not_served() {
    let folder = golden("x").parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut known = served();
    // What the service does by itself.
    known.extend(["DeleteExpiredKeyMaterial", "DeleteKey", "RotateKey", "SynchronizeMultiRegionKey"]);
    for file in files {
        assert!(known.contains(file.file_stem().unwrap().to_str().unwrap()), "{}", file.display());
    }
}
