//! The operations on domain keys and root of trust. Each becomes a task; the rules are in [`crate::rotate`].

use std::path::PathBuf;
use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::operator::{RootKindType, StartRootRotationInput};
use sealroom_identity::Call;
use serde_json::{Value, json};

use super::journaled::Journaled;
use super::{Operator, operators_only};
use crate::boot::NewRoot;
use crate::rotate::{self, Change, Numbers, RotateError};
use crate::tasks::{Ended, Task};

const DOMAIN: &str = "DomainRotation";
const ROOT: &str = "RootRotation";

impl Operator {
    pub(super) fn rotate_domain(&self, cx: &Call) -> Result<Arc<Task>, ErrorAnswer> {
        operators_only(cx, "StartDomainRotation")?;
        if let Some(running) = self.tasks.running(DOMAIN) {
            // Who asked before has gone away, and looks on.
            return Ok(running);
        }
        let task = self.begin(DOMAIN)?;
        let (journal, keeper, progress) = (Journaled::of(self, cx, &task), self.keeper.clone(), task.progress());
        task.run(async move {
            match rotate::rotate_domain(&keeper, &journal, &progress).await {
                Ok(numbers) => Ok(numbers),
                Err(error) => failed(&journal, "DomainRotationFailed", &error).await,
            }
        });
        Ok(task)
    }

    pub(super) fn rotate_root(&self, cx: &Call, input: &StartRootRotationInput) -> Result<Arc<Task>, ErrorAnswer> {
        operators_only(cx, "StartRootRotation")?;
        let change = change(input)?;
        let task = self.begin(ROOT)?;
        let (journal, keeper, progress) = (Journaled::of(self, cx, &task), self.keeper.clone(), task.progress());
        task.run(async move {
            journal.record("RootRotationStarted", json!({ "root": change.to.kind() })).await?;
            let done = rotate::prepare_root(&keeper, change, &progress).await;
            recorded(&journal, "RootRotationPrepared", done).await
        });
        Ok(task)
    }

    pub(super) fn finish_root(&self, cx: &Call) -> Result<Arc<Task>, ErrorAnswer> {
        operators_only(cx, "FinishRootRotation")?;
        let task = self.begin(ROOT)?;
        let (journal, keeper, progress) = (Journaled::of(self, cx, &task), self.keeper.clone(), task.progress());
        task.run(async move {
            journal.record("RootRotationFinishing", json!({})).await?;
            let done = rotate::finish_root(&keeper, &progress).await;
            recorded(&journal, "RootRotationCompleted", done).await
        });
        Ok(task)
    }

    pub(super) fn cancel_root(&self, cx: &Call) -> Result<Arc<Task>, ErrorAnswer> {
        operators_only(cx, "CancelRootRotation")?;
        let task = self.begin(ROOT)?;
        let (journal, keeper, progress) = (Journaled::of(self, cx, &task), self.keeper.clone(), task.progress());
        task.run(async move {
            journal.record("RootRotationCancelling", json!({})).await?;
            let done = rotate::cancel_root(&keeper, &progress).await;
            recorded(&journal, "RootRotationCancelled", done).await
        });
        Ok(task)
    }
}

/// What is asked for: exactly one new root.
fn change(input: &StartRootRotationInput) -> Result<Change, ErrorAnswer> {
    let to = match (&input.key_file, &input.passphrase_file) {
        (Some(file), None) => NewRoot::KeyFile(PathBuf::from(file)),
        (None, Some(file)) => NewRoot::PassphraseFile(PathBuf::from(file)),
        (Some(_), Some(_)) | (None, None) => {
            return Err(ErrorAnswer::validation("Exactly one of KeyFile and PassphraseFile must be given."));
        }
    };
    let (NewRoot::KeyFile(path) | NewRoot::PassphraseFile(path)) = &to;
    if !path.is_absolute() {
        return Err(ErrorAnswer::validation("KeyFile and PassphraseFile must be absolute paths."));
    }
    Ok(Change { to, from: input.from.map(RootKindType::as_str).map(str::to_owned) })
}

/// Tells the journal what came of a task.
async fn recorded(journal: &Journaled, name: &'static str, done: Result<Numbers, RotateError>) -> Ended {
    match done {
        Ok(numbers) => {
            let details: Value = numbers.iter().map(|(name, number)| (*name, json!(number))).collect();
            journal.record(name, details).await?;
            Ok(numbers)
        }
        Err(error) => failed(journal, "RootRotationFailed", &error).await,
    }
}

async fn failed(journal: &Journaled, name: &'static str, error: &RotateError) -> Ended {
    let reason = error.to_string();
    tracing::error!(%reason, "a rotation of the house's keys was not carried out");
    journal.record(name, json!({ "reason": reason })).await?;
    Err(reason)
}
