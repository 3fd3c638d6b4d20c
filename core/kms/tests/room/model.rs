//! Random sequences of calls and leaps of time against AWS's lifecycle rules, written down once more and shorter.
//!
//! A failing sequence is shrunk and printed with its seed.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::house::House;
use crate::world::{self, Key};

const DAY: i64 = 86_400;

/// What somebody does.
#[derive(Debug, Clone)]
enum Step {
    Enable,
    Disable,
    Schedule(Option<u16>),
    Cancel,
    Encrypt,
    Decrypt,
    Sleep { seconds: i64 },
}

/// A key as the developer guide tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Model {
    Enabled,
    Disabled,
    Pending { due: i64 },
    Gone,
}

impl Model {
    /// What the step answers, and what it makes of the key.
    fn step(self, step: &Step, now: i64) -> (&'static str, Self) {
        const PENDING: &str = "KMSInvalidStateException";
        match (self, step) {
            (Self::Pending { due }, Step::Sleep { .. }) if due <= now => ("ok", Self::Gone),
            (same, Step::Sleep { .. }) => ("ok", same),
            (Self::Gone, _) => ("NotFoundException", Self::Gone),
            (Self::Pending { .. }, Step::Cancel) => ("ok", Self::Disabled),
            (same, Step::Cancel) => (PENDING, same),
            (Self::Pending { due }, _) => (PENDING, Self::Pending { due }),
            (_, Step::Enable) => ("ok", Self::Enabled),
            (_, Step::Disable) => ("ok", Self::Disabled),
            (_, Step::Schedule(days)) => ("ok", Self::Pending { due: now + i64::from(days.unwrap_or(30)) * DAY }),
            (Self::Enabled, Step::Encrypt | Step::Decrypt) => ("ok", self),
            (Self::Disabled, Step::Encrypt | Step::Decrypt) => ("DisabledException", self),
        }
    }

    fn shown(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::Pending { .. } => "PendingDeletion",
            Self::Gone => "gone",
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        2 => Just(Step::Enable),
        2 => Just(Step::Disable),
        2 => proptest::option::of(7u16..=30).prop_map(Step::Schedule),
        2 => Just(Step::Cancel),
        2 => Just(Step::Encrypt),
        1 => Just(Step::Decrypt),
        // Leaps that land before, on and behind a deletion date.
        3 => prop_oneof![Just(7 * DAY), Just(7 * DAY - 1), Just(1), 1..40 * DAY].prop_map(|seconds| Step::Sleep { seconds }),
    ];
    proptest::collection::vec((0..2usize, step), 1..24)
}

async fn ask(house: &House, key: &Key, step: &Step) -> (String, Value) {
    let (operation, request) = match step {
        Step::Enable => ("EnableKey", json!({"KeyId": key.id})),
        Step::Disable => ("DisableKey", json!({"KeyId": key.arn})),
        Step::Schedule(days) => ("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": days})),
        Step::Cancel => ("CancelKeyDeletion", json!({"KeyId": key.id})),
        Step::Encrypt => ("Encrypt", json!({"KeyId": key.id, "Plaintext": world::PLAINTEXT})),
        Step::Decrypt => ("Decrypt", json!({"KeyId": key.id, "CiphertextBlob": key.ciphertext})),
        Step::Sleep { .. } => return ("ok".to_owned(), Value::Null),
    };
    let answer = house.ask(operation, &request).await;
    let said = answer.said();
    let code = said.split(' ').next().unwrap().to_owned();
    (code, if said == "ok" { answer.ok() } else { Value::Null })
}

/// Two keys, so that a step on one must leave the other as it is.
async fn run(steps: &[(usize, Step)]) -> Result<(), TestCaseError> {
    let house = House::new().await;
    let keys = [world::symmetric(&house).await, world::symmetric(&house).await];
    let (mut models, mut now, mut expected) = ([Model::Enabled; 2], 0, 0);
    house.records().await;
    for (which, step) in steps {
        if let Step::Sleep { seconds } = step {
            house.clock.advance(*seconds);
            now += seconds;
            let done = house.run_due().await;
            let after = models.map(|model| model.step(step, now).1);
            let destroyed = models.iter().zip(&after).filter(|(before, after)| before != after).count();
            prop_assert_eq!(done, destroyed);
            models = after;
            expected += destroyed;
        } else {
            let (code, next) = models[*which].step(step, now);
            let (said, answer) = ask(&house, &keys[*which], step).await;
            prop_assert_eq!(&said, code, "{:?} of {:?}", step, models[*which]);
            if let (Step::Schedule(_), Model::Pending { due }, "ok") = (step, next, code) {
                prop_assert_eq!(answer["DeletionDate"].as_f64(), Some(f64::from(i32::try_from(due).unwrap())));
            }
            models[*which] = next;
            expected += 1;
        }
        for (model, key) in models.iter().zip(&keys) {
            let shown = house.ask("DescribeKey", &json!({"KeyId": key.id})).await;
            let shown = match shown.said().as_str() {
                "ok" => shown.ok()["KeyMetadata"]["KeyState"].as_str().unwrap().to_owned(),
                _ => "gone".to_owned(),
            };
            prop_assert_eq!(&shown, model.shown());
        }
        let pending = models.iter().filter(|model| matches!(model, Model::Pending { .. })).count();
        let rows = house.rows("kms").await;
        let dues = rows.iter().filter(|row| row.path.segment_text(1).as_deref() == Some("due")).count();
        prop_assert_eq!(dues, pending, "a due row for each pending deletion and no other");
    }
    let records = house.records().await;
    let told = records.iter().filter(|record| record["eventName"] != "DescribeKey").count();
    prop_assert_eq!(told, expected, "a record for each step and each destruction");
    Ok(())
}

#[test]
fn any_sequence_of_calls_and_leaps_of_time_is_as_awss_rules_say() {
    let config = Config { cases: 320, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut runner = TestRunner::new(config);
    runner.run(&steps(), |steps| runtime.block_on(run(&steps))).unwrap_or_else(|failure| panic!("{failure}"));
}
