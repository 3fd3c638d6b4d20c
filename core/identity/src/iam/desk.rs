//! [`Desk`]: one call of an IAM operation, as its module sees it: the caller, the rows, the decision, the record.
//!
//! Every operation reads the rows themselves, not what is mirrored of them, and its batch holds only while they are as they
//! were read; who was overtaken is asked again.

use sealroom_api::ErrorAnswer;
use sealroom_api::iam::{Operation, Tag};
use sealroom_audit::Effect;
use sealroom_authz::{ConditionKeys, Facts, Presence, Resource, ResourcePolicy, decide};
use sealroom_foundation::{AccountId, Partition, Timestamp};
use sealroom_store::{Answer, Batch, KeyPath, Read, Row};

use crate::call::Call;
use crate::conditions::{each, global_condition, one};
use crate::iam::error::IamError;
use crate::identity::{Identity, Room};
use crate::records::entity::TagRecord;
use crate::session::Bearer;

const SOURCE: &str = "iam.amazonaws.com";

/// One call.
pub(crate) struct Desk<'a> {
    identity: &'a Identity,
    pub(crate) call: &'a Call,
    operation: Operation,
}

/// What an operation came to.
pub(crate) struct Done<T> {
    output: T,
    batch: Option<Batch>,
}

impl<T> Done<T> {
    /// An answer that changes nothing.
    pub(crate) fn answer(output: T) -> Self {
        Self { output, batch: None }
    }

    /// An answer that holds once `batch` is committed.
    pub(crate) fn change(output: T, batch: Batch) -> Self {
        Self { output, batch: Some(batch) }
    }
}

impl<T: Default> Done<T> {
    /// A change that answers nothing.
    pub(crate) fn so(batch: Batch) -> Self {
        Self::change(T::default(), batch)
    }

    /// Everything is as it should be already.
    pub(crate) fn already() -> Self {
        Self::answer(T::default())
    }
}

/// What the decision on an operation may depend on besides the caller.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// Those of the user, role or policy that it is about.
    pub(crate) resource_tags: &'a [TagRecord],
    /// Those that the request brings.
    pub(crate) tags: &'a [Tag],
    pub(crate) tag_keys: &'a [String],
    /// The policy that is attached or detached.
    pub(crate) policy_arn: Option<&'a str>,
    /// The boundary that the request sets; or else the one that the user or role has.
    pub(crate) boundary: Option<&'a str>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(identity: &'a Identity, call: &'a Call, operation: Operation) -> Self {
        Self { identity, call, operation }
    }

    pub(crate) fn identity(&self) -> &'a Identity {
        self.identity
    }

    pub(crate) fn room(&self) -> &'a Room {
        &self.identity.room
    }

    /// The account that the operation works on: always the caller's own.
    pub(crate) fn account(&self) -> AccountId {
        self.call.caller().account()
    }

    pub(crate) fn partition(&self) -> Partition {
        self.call.region().partition()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.call.now()
    }

    /// The operation's name.
    pub(crate) fn name(&self) -> &'static str {
        self.operation.name()
    }

    /// `arn:aws:iam::111122223333:<resource>`
    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition(), self.account())
    }

    /// Whether the caller may do the operation to `resource`: an ARN, or `*`.
    ///
    /// # Errors
    /// AWS's text for the refusal; [`IamError::SessionOfUser`].
    pub(crate) fn allow(&self, resource: &str, asked: Asked<'_>) -> Result<(), IamError> {
        self.allow_action(&format!("iam:{}", self.name()), resource, asked)
    }

    /// The same for another action, which the operation needs besides its own.
    ///
    /// # Errors
    /// As [`Desk::allow`].
    pub(crate) fn allow_action(&self, action: &str, resource: &str, asked: Asked<'_>) -> Result<(), IamError> {
        let caller = self.call.caller();
        self.takes_session()?;
        let facts = Facts {
            principal: caller.principal(),
            action,
            // Users, groups, roles and policies have no policies of their own that could allow.
            resource: Resource { arn: resource, account: None },
            resource_policy: ResourcePolicy::None,
            identity: caller.policies(),
            controls: caller.controls(None),
            grants: &[],
            conditions: &Conditions { call: self.call, asked },
        };
        let decision = decide(&facts).map(drop);
        decision.map_err(|denied| IamError::AccessDenied(denied.message(caller.arn(), action, resource)))
    }

    /// Whether IAM takes the caller's credentials at all.
    ///
    /// # Errors
    /// [`IamError::SessionOfUser`].
    pub(crate) fn takes_session(&self) -> Result<(), IamError> {
        let session = self.call.caller().session();
        let of_user = session.is_some_and(|session| !matches!(session.record.bearer, Bearer::Role { .. }));
        if of_user { Err(IamError::SessionOfUser) } else { Ok(()) }
    }

    /// One row, as it is now.
    pub(crate) async fn row(&self, path: KeyPath) -> Result<Option<Row>, IamError> {
        Ok(self.rows([path]).await?.pop().flatten())
    }

    /// These rows, as of one moment.
    pub(crate) async fn rows(&self, paths: impl IntoIterator<Item = KeyPath>) -> Result<Vec<Option<Row>>, IamError> {
        let reads: Vec<Read> = paths.into_iter().map(Read::Get).collect();
        let mut rows = Vec::with_capacity(reads.len());
        for reads in reads.chunks(Read::MAX_READS) {
            rows.extend(self.room().view.read(reads).await?.into_iter().map(Answer::row));
        }
        Ok(rows)
    }

    /// At most `limit` rows below a path, behind `after`; and whether there are more.
    pub(crate) async fn below(
        &self,
        prefix: KeyPath,
        after: Option<KeyPath>,
        limit: u32,
    ) -> Result<(Vec<Row>, bool), IamError> {
        match self.room().view.read(&[Read::Range { prefix, after, limit }]).await?.into_iter().next() {
            Some(Answer::Rows { rows, more }) => Ok((rows, more)),
            Some(Answer::Row(_)) | None => Err(IamError::Fault("a range was answered with no rows")),
        }
    }

    /// How many rows lie below a path; counted no further than `most`.
    pub(crate) async fn count(&self, prefix: KeyPath, most: usize) -> Result<usize, IamError> {
        let limit = u32::try_from(most).unwrap_or(Read::MAX_LIMIT).clamp(1, Read::MAX_LIMIT);
        Ok(self.below(prefix, None, limit).await?.0.len())
    }

    /// Ends the call: records it and, if it changes something, what is to be written.
    pub(crate) fn close<T>(
        &self,
        outcome: Result<Done<T>, IamError>,
        parameters: impl FnOnce() -> Vec<u8>,
        elements: impl FnOnce(&T) -> Vec<u8>,
    ) -> Effect<T, ErrorAnswer> {
        let event = self.call.event(SOURCE, self.name(), self.operation.read_only());
        match outcome {
            Ok(Done { output, batch }) => {
                let event = event.request(parameters()).response(elements(&output));
                match batch {
                    Some(batch) => Effect::change(output, batch, event),
                    None => Effect::value(output, event),
                }
            }
            Err(error) => {
                let answer = error.answer();
                let event = event.error(error.recorded(), answer.message.as_deref());
                // CloudTrail: who is denied leaves no parameters.
                let event = match error {
                    IamError::AccessDenied(_) => event,
                    _ => event.request(parameters()),
                };
                Effect::refusal(answer, event)
            }
        }
    }
}

/// The condition keys of an IAM request.
struct Conditions<'a> {
    call: &'a Call,
    asked: Asked<'a>,
}

impl ConditionKeys for Conditions<'_> {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        let asked = &self.asked;
        let Some((vendor, name)) = key.split_once(':') else { return Presence::Absent };
        if let Some(tag) = name.strip_prefix("resourcetag/") {
            let found = asked.resource_tags.iter().filter(|known| known.key.eq_ignore_ascii_case(tag));
            return each(found.map(|tag| &*tag.value), visit);
        }
        match (vendor, name) {
            ("iam", "policyarn") => one(asked.policy_arn, visit),
            ("iam", "permissionsboundary") => one(asked.boundary, visit),
            ("aws", "resourceaccount") => one(Some(self.call.caller().account().as_str()), visit),
            ("aws", "tagkeys") => {
                let sent = asked.tags.iter().map(|tag| &*tag.key);
                each(sent.chain(asked.tag_keys.iter().map(String::as_str)), visit)
            }
            ("aws", name) => match name.strip_prefix("requesttag/") {
                Some(wanted) => {
                    let found = asked.tags.iter().filter(|tag| tag.key.eq_ignore_ascii_case(wanted));
                    each(found.map(|tag| &*tag.value), visit)
                }
                None => global_condition(self.call, name, visit),
            },
            _ => Presence::Absent,
        }
    }
}
