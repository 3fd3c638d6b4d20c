//! What a task tells the journal: that it begins, and what came of it.

use sealroom_audit::{Event, EventContext, Journal};
use sealroom_foundation::ports::Clock;
use sealroom_foundation::{AccountId, Region};
use sealroom_identity::Call;
use serde_json::Value;

use super::{Operator, SOURCE};
use crate::backup::Source;
use crate::tasks::Task;

/// Records what a task does, as the operator's service in the Region of the call that began it.
pub(crate) struct Journaled {
    journal: Journal,
    source: Source,
    account: AccountId,
    region: Region,
    task: String,
}

impl Journaled {
    pub(super) fn of(operator: &Operator, cx: &Call, task: &Task) -> Self {
        let (journal, source) = (operator.journal.clone(), operator.keeper.source.clone());
        Self { journal, source, account: cx.caller().account(), region: cx.region(), task: task.id.clone() }
    }

    /// Records an event with `details`, an object that the task's number is added to.
    ///
    /// # Errors
    /// What to tell the operator when it can't be recorded.
    pub(crate) async fn record(&self, name: &'static str, mut details: Value) -> Result<(), String> {
        if let Value::Object(members) = &mut details {
            members.insert("taskId".to_owned(), Value::from(self.task.as_str()));
        }
        let context = EventContext::internal(self.account, self.region, self.source.clock.service());
        let event = Event::service(&context, SOURCE, name).details(details.to_string().into_bytes());
        let recorded = self.journal.record(event.into()).await;
        recorded.map_err(|error| error.to_string())
    }
}
