//! The operator's service: accounts, which `identity` keeps, and the upkeep of the store, which needs the whole house.
//!
//! What takes long becomes a task ([`crate::tasks`]): the call answers at once, and DescribeTask tells how far it has come.
//! A task records that it begins before it touches anything, and what came of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::operator::{
    CreateAccountInput, CreateAccountOutput, DescribeTaskInput, DescribeTaskOutput, ErrorCode, ListAccountsInput,
    ListAccountsOutput, OperatorService, StartBackupInput, StartBackupOutput, TaskDetails, TaskNumber, TaskState,
};
use sealroom_audit::{Effect, Effects, Event, EventContext, Journal};
use sealroom_foundation::ports::Clock;
use sealroom_foundation::{AccountId, Region};
use sealroom_identity::{Call, Identity};
use serde_json::{Value, json};

use crate::backup::{self, Contents, Source};
use crate::tasks::{Busy, Task, Tasks};

const SOURCE: &str = "sealroom";

/// What answers the operator.
#[derive(Clone)]
pub(crate) struct Operator {
    pub(crate) identity: Identity,
    pub(crate) source: Source,
    pub(crate) journal: Journal,
    pub(crate) tasks: Tasks,
}

impl OperatorService for Operator {
    type Context = Call;
    type Out = Effects<ErrorAnswer>;

    async fn create_account(&self, cx: &Call, input: &CreateAccountInput) -> Effect<CreateAccountOutput, ErrorAnswer> {
        self.identity.create_account(cx, input).await
    }

    async fn list_accounts(&self, cx: &Call, input: &ListAccountsInput) -> Effect<ListAccountsOutput, ErrorAnswer> {
        self.identity.list_accounts(cx, input).await
    }

    async fn start_backup(&self, cx: &Call, input: &StartBackupInput) -> Effect<StartBackupOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "StartBackup", false).request(input.audit_parameters());
        match self.backup(cx, input) {
            Ok(task) => {
                let output = StartBackupOutput { task: told(&task) };
                let event = event.response(output.audit_elements());
                Effect::value(output, event)
            }
            Err(refusal) => refused(refusal, event),
        }
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
        let (journal, source, progress) = (Journaled::of(self, cx, &task), self.source.clone(), task.progress());
        task.run(async move {
            journal.record("BackupStarted", json!({ "folder": folder })).await?;
            let taken = backup::take(&source, &folder, &progress).await;
            match taken {
                Ok((manifest, contents)) => {
                    let Contents { rows, keys, tokens, tombstones, records, .. } = contents;
                    let numbers = vec![
                        ("Sequence", manifest.sequence),
                        ("Rows", rows),
                        ("Keys", keys),
                        ("KeyTokens", tokens),
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
        self.tasks.begin(kind, &*self.source.hsm).map_err(|Busy { kind }| {
            ErrorCode::TaskInProgressException.with(format!("A task of kind {kind} is running; wait for its end."))
        })
    }
}

/// Records what a task does, as the operator's service in the Region of the call that began it.
struct Journaled {
    journal: Journal,
    source: Source,
    account: AccountId,
    region: Region,
    task: String,
}

impl Journaled {
    fn of(operator: &Operator, cx: &Call, task: &Task) -> Self {
        let (journal, source) = (operator.journal.clone(), operator.source.clone());
        Self { journal, source, account: cx.caller().account(), region: cx.region(), task: task.id.clone() }
    }

    async fn record(&self, name: &'static str, mut details: Value) -> Result<(), String> {
        if let Value::Object(members) = &mut details {
            members.insert("taskId".to_owned(), Value::from(self.task.as_str()));
        }
        let context = EventContext::internal(self.account, self.region, self.source.clock.service());
        let event = Event::service(&context, SOURCE, name).details(details.to_string().into_bytes());
        let recorded = self.journal.record(event.into()).await;
        recorded.map_err(|error| error.to_string())
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

fn refused<T>(refusal: ErrorAnswer, event: Event) -> Effect<T, ErrorAnswer> {
    let event = event.error(refusal.code.clone(), refusal.message.as_deref());
    Effect::refusal(refusal, event)
}
