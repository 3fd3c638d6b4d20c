//! Events × states from `tests/tables/lifecycle.txt`, and what no sequence of events can bring about.

use proptest::prelude::*;
use sealroom_foundation::{KeyArn, KeyId, MaterialId, Region, Timestamp};
use sealroom_hsm::{KeyBinding, KeyToken, Origin, Spec, Usage};

use super::*;
use crate::record::{KeyManager, Made, Material, MultiRegion};

const TABLE: &str = include_str!("../../tests/tables/lifecycle.txt");
const NOW: Timestamp = Timestamp::EPOCH;
const WINDOW: u16 = 7;

fn record(state: KeyState, with_material: bool, replicas: Vec<Region>) -> KeyRecord {
    let arn = KeyArn {
        region: "us-east-1".parse().unwrap(),
        account: "111122223333".parse().unwrap(),
        key: KeyId::from_bytes(false, [1; 16]),
    };
    let (spec, usage, origin) = (Spec::SymmetricDefault, Usage::EncryptDecrypt, Origin::AwsKms);
    let (account, key, material) = (arn.account, arn.key, MaterialId::from_bytes([2; 32]));
    let binding = KeyBinding { account, key, material, spec, usage, origin };
    let material = Material::new(binding, KeyToken::from_bytes(b"token").unwrap(), None);
    let multi_region = (!replicas.is_empty()).then(|| MultiRegion { replicas, ..MultiRegion::primary_of(arn.region) });
    let made = Made {
        spec,
        usage,
        origin,
        manager: KeyManager::Customer,
        state,
        created: NOW,
        multi_region,
        material: with_material.then_some(material),
        tags: Box::default(),
    };
    KeyRecord::new(arn, made)
}

fn due() -> Timestamp {
    NOW.plus_days(WINDOW.into())
}

fn state(name: &str) -> KeyState {
    match name {
        "Enabled" => KeyState::Enabled,
        "Disabled" => KeyState::Disabled,
        "PendingDeletion" => KeyState::PendingDeletion { due: due() },
        "PendingReplicaDeletion" => KeyState::PendingReplicaDeletion { window_days: WINDOW },
        "PendingImport" => KeyState::PendingImport,
        "Unavailable" => KeyState::Unavailable { enabled: true },
        "Creating" => KeyState::Creating { due: due() },
        "Updating" => KeyState::Updating { due: due() },
        unknown => panic!("the table names `{unknown}`"),
    }
}

fn event(name: &str) -> (Event, Timestamp) {
    match name {
        "Enable" => (Event::Enable, NOW),
        "Disable" => (Event::Disable, NOW),
        "ScheduleDeletion" => (Event::ScheduleDeletion { window_days: WINDOW }, NOW),
        "CancelDeletion" => (Event::CancelDeletion, NOW),
        "DeletionDue" => (Event::DeletionDue, due().plus_seconds(-1)),
        "DeletionDue*" => (Event::DeletionDue, due()),
        "Import" | "Import-" => (Event::Import, NOW),
        "DeleteMaterial" | "DeleteMaterial-" => (Event::DeleteMaterial, NOW),
        "LoseMaterial" | "LoseMaterial-" => (Event::LoseMaterial, NOW),
        "Replicate" => (Event::Replicate, NOW),
        "ChangePlaces" => (Event::ChangePlaces { due: due() }, NOW),
        "ReplicasGone" => (Event::ReplicasGone, NOW),
        "Settle" => (Event::Settle, due().plus_seconds(-1)),
        "Settle*" => (Event::Settle, due()),
        unknown => panic!("the table names `{unknown}`"),
    }
}

fn said(outcome: &Result<Next, StateError>) -> String {
    match outcome {
        Ok(Next::Stay) => "stay".to_owned(),
        Ok(Next::Destroy) => "destroy".to_owned(),
        Ok(Next::Become(state)) => state.as_str().to_owned(),
        Err(error) => format!("({error:?})"),
    }
}

#[test]
fn every_event_in_every_state_is_as_the_table_says() {
    let rows = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut states, mut checked) = (Vec::new(), 0);
    for row in rows {
        let mut cells = row.split_whitespace();
        let first = cells.next().unwrap();
        if first == "states" {
            states = cells.collect();
            continue;
        }
        let (event, now) = event(first);
        for (name, expected) in states.iter().zip(cells) {
            let outcome = step(&record(state(name), !first.ends_with('-'), Vec::new()), event, now);
            assert_eq!(said(&outcome), expected, "{first} in {name}");
            checked += 1;
        }
    }
    assert_eq!(checked, 17 * 8);
}

#[test]
fn a_key_without_material_waits_for_import_after_a_cancelled_deletion() {
    let pending = record(state("PendingDeletion"), false, Vec::new());
    assert_eq!(step(&pending, Event::CancelDeletion, NOW), Ok(Next::Become(KeyState::PendingImport)));
}

#[test]
fn a_primary_with_replicas_waits_for_them_first() {
    let primary = record(KeyState::Enabled, true, vec!["eu-central-1".parse().unwrap()]);
    let expected = KeyState::PendingReplicaDeletion { window_days: 9 };
    assert_eq!(step(&primary, Event::ScheduleDeletion { window_days: 9 }, NOW), Ok(Next::Become(expected)));
}

#[test]
fn the_deletion_is_due_when_the_window_has_passed() {
    let enabled = record(KeyState::Enabled, true, Vec::new());
    let expected = KeyState::PendingDeletion { due: NOW.plus_days(30) };
    assert_eq!(step(&enabled, Event::ScheduleDeletion { window_days: 30 }, NOW), Ok(Next::Become(expected)));
}

#[test]
fn a_primary_with_replicas_is_never_destroyed() {
    let primary = record(state("PendingDeletion"), true, vec!["eu-central-1".parse().unwrap()]);
    assert_eq!(step(&primary, Event::DeletionDue, due()), Ok(Next::Stay));
}

#[test]
fn a_replica_that_lacks_material_waits_for_its_import_when_it_is_made() {
    for name in ["Creating", "Updating"] {
        let lacking = record(state(name), false, Vec::new());
        assert_eq!(step(&lacking, Event::Settle, due()), Ok(Next::Become(KeyState::PendingImport)));
    }
}

#[test]
fn the_window_of_a_primary_begins_when_its_last_replica_is_gone() {
    let primary = record(KeyState::PendingReplicaDeletion { window_days: 9 }, true, Vec::new());
    let later = NOW.plus_days(100);
    let expected = KeyState::PendingDeletion { due: later.plus_days(9) };
    assert_eq!(step(&primary, Event::ReplicasGone, later), Ok(Next::Become(expected)));
}

fn events() -> impl Strategy<Value = Vec<(Event, u32)>> {
    let event = prop_oneof![
        Just(Event::Enable),
        Just(Event::Disable),
        (7u16..=30).prop_map(|window_days| Event::ScheduleDeletion { window_days }),
        Just(Event::CancelDeletion),
        Just(Event::DeletionDue),
    ];
    proptest::collection::vec((event, 0u32..20), 0..40)
}

proptest! {
    #[test]
    fn a_key_is_destroyed_only_after_a_whole_window_without_a_cancellation(events in events()) {
        let mut key = record(KeyState::Enabled, true, Vec::new());
        let (mut now, mut scheduled) = (NOW, None);
        for (event, days) in events {
            now = now.plus_days(days);
            match step(&key, event, now) {
                Ok(Next::Become(state)) => {
                    scheduled = match event {
                        Event::ScheduleDeletion { window_days } => Some(now.plus_days(window_days.into())),
                        _ => None,
                    };
                    key = key.in_state(state);
                }
                Ok(Next::Destroy) => {
                    prop_assert!(scheduled.is_some_and(|due| due <= now));
                    return Ok(());
                }
                Ok(Next::Stay) => {}
                Err(_) => prop_assert!(!matches!(event, Event::DeletionDue)),
            }
            prop_assert_eq!(key.state.usable().is_ok(), key.state == KeyState::Enabled);
            prop_assert_eq!(scheduled.is_some(), matches!(key.state, KeyState::PendingDeletion { .. }));
        }
    }
}
