//! The operator's service: accounts, which `identity` keeps, and the upkeep of the store, which needs the whole house.
//!
//! What takes long becomes a task ([`crate::tasks`]): the call answers at once, and DescribeTask tells how far it has come.
//! A task records that it begins before it touches anything, and what came of it.

mod journaled;
mod rotations;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::operator::{
    CancelRootRotationInput, CancelRootRotationOutput, CreateAccountInput, CreateAccountOutput,
    DeleteAccountPolicyInput, DeleteAccountPolicyOutput, DescribeTaskInput, DescribeTaskOutput, ErrorCode,
    FinishRootRotationInput, FinishRootRotationOutput, ListAccountPoliciesInput, ListAccountPoliciesOutput,
    ListAccountsInput, ListAccountsOutput, OperatorService, PutAccountPolicyInput, PutAccountPolicyOutput,
    StartBackupInput, StartBackupOutput, StartDomainRotationInput, StartDomainRotationOutput, StartRootRotationInput,
    StartRootRotationOutput, TaskDetails, TaskNumber, TaskState,
};
use sealroom_audit::{Effect, Effects, Event, Journal};
use sealroom_identity::Call;
use serde_json::{Value, json};

use crate::backup::{self, Contents};
use crate::rotate::Keeper;
use crate::tasks::{Busy, Task, Tasks};

pub(crate) use journaled::Journaled;

const SOURCE: &str = "sealroom";

/// What answers the operator.
#[derive(Clone)]
pub(crate) struct Operator {
    pub(crate) keeper: Keeper,
    pub(crate) journal: Journal,
    pub(crate) tasks: Tasks,
}

impl OperatorService for Operator {
    type Context = Call;
    type Out = Effects<ErrorAnswer>;

    async fn create_account(&self, cx: &Call, input: &CreateAccountInput) -> Effect<CreateAccountOutput, ErrorAnswer> {
        self.keeper.identity.create_account(cx, input).await
    }

    async fn list_accounts(&self, cx: &Call, input: &ListAccountsInput) -> Effect<ListAccountsOutput, ErrorAnswer> {
        self.keeper.identity.list_accounts(cx, input).await
    }

    async fn put_account_policy(
        &self,
        cx: &Call,
        input: &PutAccountPolicyInput,
    ) -> Effect<PutAccountPolicyOutput, ErrorAnswer> {
        self.keeper.identity.put_account_policy(cx, input).await
    }

    async fn delete_account_policy(
        &self,
        cx: &Call,
        input: &DeleteAccountPolicyInput,
    ) -> Effect<DeleteAccountPolicyOutput, ErrorAnswer> {
        self.keeper.identity.delete_account_policy(cx, input).await
    }

    async fn list_account_policies(
        &self,
        cx: &Call,
        input: &ListAccountPoliciesInput,
    ) -> Effect<ListAccountPoliciesOutput, ErrorAnswer> {
        self.keeper.identity.list_account_policies(cx, input).await
    }

    async fn start_backup(&self, cx: &Call, input: &StartBackupInput) -> Effect<StartBackupOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "StartBackup", false).request(input.audit_parameters());
        let begun = self.backup(cx, input).map(|task| StartBackupOutput { task: told(&task) });
        started(begun, event, StartBackupOutput::audit_elements)
    }

    async fn start_domain_rotation(
        &self,
        cx: &Call,
        input: &StartDomainRotationInput,
    ) -> Effect<StartDomainRotationOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "StartDomainRotation", false).request(input.audit_parameters());
        let begun = self.rotate_domain(cx).map(|task| StartDomainRotationOutput { task: told(&task) });
        started(begun, event, StartDomainRotationOutput::audit_elements)
    }

    async fn start_root_rotation(
        &self,
        cx: &Call,
        input: &StartRootRotationInput,
    ) -> Effect<StartRootRotationOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "StartRootRotation", false).request(input.audit_parameters());
        let begun = self.rotate_root(cx, input).map(|task| StartRootRotationOutput { task: told(&task) });
        started(begun, event, StartRootRotationOutput::audit_elements)
    }

    async fn finish_root_rotation(
        &self,
        cx: &Call,
        input: &FinishRootRotationInput,
    ) -> Effect<FinishRootRotationOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "FinishRootRotation", false).request(input.audit_parameters());
        let begun = self.finish_root(cx).map(|task| FinishRootRotationOutput { task: told(&task) });
        started(begun, event, FinishRootRotationOutput::audit_elements)
    }

    async fn cancel_root_rotation(
        &self,
        cx: &Call,
        input: &CancelRootRotationInput,
    ) -> Effect<CancelRootRotationOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "CancelRootRotation", false).request(input.audit_parameters());
        let begun = self.cancel_root(cx).map(|task| CancelRootRotationOutput { task: told(&task) });
        started(begun, event, CancelRootRotationOutput::audit_elements)
    }

    async fn describe_task(&self, cx: &Call, input: &DescribeTaskInput) -> Effect<DescribeTaskOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "DescribeTask", true).request(input.audit_parameters());
        let found = operators_only(cx, "DescribeTask").and_then(|()| {
            let unknown = || ErrorCode::TaskNotFoundException.with(format!("Task {} is not known.", input.task_id));
            self.tasks.find(&input.task_id).ok_or_else(unknown)
        });
        match found {
            Ok(task) => Effect::value(DescribeTaskOutput { task: told(&task) }, event),
            Err(refusal) => refused(refusal, event),
        }
    }
}

impl Operator {
    fn backup(&self, cx: &Call, input: &StartBackupInput) -> Result<Arc<Task>, ErrorAnswer> {
        operators_only(cx, "StartBackup")?;
        let folder = PathBuf::from(&input.folder);
        if !folder.is_absolute() {
            return Err(ErrorAnswer::validation("Folder must be an absolute path."));
        }
        let task = self.begin("Backup")?;
        let (journal, source, progress) = (Journaled::of(self, cx, &task), self.keeper.source.clone(), task.progress());
        task.run(async move {
            journal.record("BackupStarted", json!({ "folder": folder })).await?;
            let taken = backup::take(&source, &folder, &progress).await;
            match taken {
                Ok((manifest, contents)) => {
                    let Contents { rows, keys, tokens, secrets, tombstones, records, .. } = contents;
                    let numbers = vec![
                        ("Sequence", manifest.sequence),
                        ("Rows", rows),
                        ("Keys", keys),
                        ("KeyTokens", tokens),
                        ("AccessKeys", secrets),
                        ("Tombstones", tombstones),
                        ("JournalRecords", records),
                        ("Bytes", manifest.bytes()),
                    ];
                    journal.record("BackupCompleted", details(&folder, &numbers)).await?;
                    Ok(numbers)
                }
                Err(error) => {
                    let reason = error.to_string();
                    tracing::error!(folder = %folder.display(), %error, "the backup was not taken");
                    journal.record("BackupFailed", json!({ "folder": folder, "reason": reason })).await?;
                    Err(reason)
                }
            }
        });
        Ok(task)
    }

    fn begin(&self, kind: &'static str) -> Result<Arc<Task>, ErrorAnswer> {
        self.tasks.begin(kind, &*self.keeper.source.hsm).map_err(|Busy { kind }| {
            ErrorCode::TaskInProgressException.with(format!("A task of kind {kind} is running; wait for its end."))
        })
    }
}

fn details(folder: &Path, numbers: &[(&'static str, u64)]) -> Value {
    let mut details = json!({ "folder": folder });
    if let Value::Object(members) = &mut details {
        members.extend(numbers.iter().map(|(name, number)| ((*name).to_owned(), Value::from(*number))));
    }
    details
}

/// A task as the operator is told of it.
fn told(task: &Task) -> TaskDetails {
    let state = task.state();
    let (state_name, numbers, reason) = match state.ended {
        None => (TaskState::Running, Vec::new(), None),
        Some(Ok(numbers)) => (TaskState::Completed, numbers, None),
        Some(Err(reason)) => (TaskState::Failed, Vec::new(), Some(reason)),
    };
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let number = |(name, value): (&'static str, u64)| TaskNumber { name: name.to_owned(), value: whole(value) };
    TaskDetails {
        task_id: task.id.clone(),
        kind: task.kind.to_owned(),
        state: state_name,
        step: state.seen.step.to_owned(),
        done: whole(state.seen.done),
        total: state.seen.total.map(whole),
        numbers: Some(numbers.into_iter().map(number).collect()),
        reason,
    }
}

fn operators_only(cx: &Call, operation: &str) -> Result<(), ErrorAnswer> {
    if cx.caller().is_operator() {
        return Ok(());
    }
    let arn = cx.caller().arn();
    Err(ErrorAnswer::access_denied(format!(
        "User: {arn} is not authorized to perform: sealroom:{operation} because only the operator's socket allows it"
    )))
}

/// The answer to a call that begins a task.
fn started<T>(
    begun: Result<T, ErrorAnswer>,
    event: Event,
    elements: impl FnOnce(&T) -> Vec<u8>,
) -> Effect<T, ErrorAnswer> {
    match begun {
        Ok(output) => {
            let event = event.response(elements(&output));
            Effect::value(output, event)
        }
        Err(refusal) => refused(refusal, event),
    }
}

fn refused<T>(refusal: ErrorAnswer, event: Event) -> Effect<T, ErrorAnswer> {
    let event = event.error(refusal.code.clone(), refusal.message.as_deref());
    Effect::refusal(refusal, event)
}
