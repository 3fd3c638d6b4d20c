//! [`Desk`]: one call of an STS operation: the caller, the session that it gets, the record.

use sealroom_api::ErrorAnswer;
use sealroom_api::sts::{Credentials, Operation, PolicyDescriptorType, Tag};
use sealroom_audit::{Effect, Resource};
use sealroom_authz::{Policy, PolicyKind};
use sealroom_foundation::AccountId;
use sealroom_store::Read;

use crate::aws_policies;
use crate::call::Call;
use crate::draw;
use crate::identity::{Identity, Room, TEMPORARY};
use crate::records::entity::{self, PolicyRef, TagRecord};
use crate::session::{self, SessionRecord};
use crate::sts::SOURCE;
use crate::sts::error::StsError;

/// LIMIT: characters that session policies, their ARNs and tags may take together.
const PACKED: usize = 2_048;
/// LIMIT: managed policies of one session.
const POLICY_ARNS: usize = 10;

/// One call.
pub(crate) struct Desk<'a> {
    identity: &'a Identity,
    pub(crate) call: &'a Call,
    operation: Operation,
    /// The role that the call is about, and whose it is.
    role: Option<(AccountId, String)>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(identity: &'a Identity, call: &'a Call, operation: Operation) -> Self {
        Self { identity, call, operation, role: None }
    }

    pub(crate) fn room(&self) -> &'a Room {
        &self.identity.room
    }

    /// The operation's name.
    pub(crate) fn name(&self) -> &'static str {
        self.operation.name()
    }

    /// The call is about this role.
    pub(crate) fn role(&mut self, owner: AccountId, arn: &str) {
        self.role = Some((owner, arn.to_owned()));
    }

    /// The session policies that a request brings, into `session`, and how much of the room for them they take, in percent;
    /// `None` when there are neither policies nor tags.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) async fn limits(
        &self,
        session: &mut SessionRecord,
        owner: AccountId,
        policy: Option<&String>,
        arns: Option<&Vec<PolicyDescriptorType>>,
    ) -> Result<Option<i32>, StsError> {
        if let Some(text) = policy {
            if text.chars().count() > PACKED {
                let what = format!("length less than or equal to {PACKED}");
                return Err(StsError::Constraint { value: text.clone(), at: "policy", what });
            }
            Policy::parse(text, PolicyKind::Identity)?;
            session.policy = Some(text.clone());
        }
        let arns = arns.into_iter().flatten();
        for arn in arns.filter_map(|descriptor| descriptor.arn.as_ref()) {
            session.policy_arns.push(self.managed(owner, arn).await?);
        }
        if session.policy_arns.len() > POLICY_ARNS {
            return Err(StsError::Validation("The number of policy ARNs exceeds the limit of 10."));
        }
        let policies = session.policy.as_ref().map_or(0, String::len)
            + session.policy_arns.iter().map(|policy| policy.arn(self.call.region().partition()).len()).sum::<usize>();
        let tags = session.tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum::<usize>();
        let percent = (policies + tags).saturating_mul(100).div_ceil(PACKED);
        match percent {
            0 => Ok(None),
            1..=100 => Ok(i32::try_from(percent).ok()),
            _ => Err(StsError::TooLarge(percent)),
        }
    }

    /// A managed policy that a request names: AWS's, or one of the account that the session is of.
    async fn managed(&self, owner: AccountId, arn: &str) -> Result<PolicyRef, StsError> {
        let absent = || StsError::Invalid(arn.to_owned());
        let policy = PolicyRef::parse(arn).ok_or_else(absent)?;
        let there = match policy.account() {
            None => aws_policies::find(&policy).is_some(),
            Some(account) if account == owner => {
                let answers = self.room().view.read(&[Read::Get(entity::policy(account, policy.name()))]).await?;
                answers.into_iter().next().and_then(sealroom_store::Answer::row).is_some()
            }
            Some(_) => false,
        };
        there.then_some(policy).ok_or_else(absent)
    }

    /// New temporary credentials of `session`.
    pub(crate) fn credentials(&self, session: &SessionRecord) -> Result<Credentials, StsError> {
        let room = self.room();
        let id =
            draw::access_key_id(&*room.entropy, TEMPORARY).ok_or(StsError::Fault("an access key id is malformed"))?;
        let secret = draw::secret_bytes(&*room.entropy);
        Ok(Credentials {
            access_key_id: id.to_string(),
            session_token: session::seal(&*room.seal, id, &secret, session),
            secret_access_key: draw::secret_text(secret.expose()),
            expiration: session.expires(),
        })
    }

    /// Ends the call: records it. Nothing is written: a session lives in its token.
    pub(crate) fn close<T>(
        &self,
        outcome: Result<T, StsError>,
        parameters: impl FnOnce() -> Vec<u8>,
        elements: impl FnOnce(&T) -> Vec<u8>,
    ) -> Effect<T, ErrorAnswer> {
        let event = self.call.event(SOURCE, self.name(), self.operation.read_only());
        match outcome {
            Ok(output) => {
                let mut event = event.request(parameters()).response(elements(&output));
                if let Some((owner, arn)) = &self.role {
                    let resource =
                        Resource::Other { account: Some(*owner), kind: "AWS::IAM::Role", arn: arn.as_str().into() };
                    event = event.resource(resource);
                    if *owner != self.call.caller().account() {
                        event = event.shared_with(*owner);
                    }
                }
                Effect::value(output, event)
            }
            Err(error) => {
                let answer = error.answer();
                let event = match error {
                    // CloudTrail: who is denied leaves no parameters, and its code lacks the `Exception`.
                    StsError::AccessDenied(_) => event.error("AccessDenied", answer.message.as_deref()),
                    _ => event.error(answer.code.clone(), answer.message.as_deref()).request(parameters()),
                };
                Effect::refusal(answer, event)
            }
        }
    }
}

/// The session tags that a request brings, none twice.
///
/// # Errors
/// AWS's text for a key that stands twice.
pub(crate) fn tags_of(tags: Option<&Vec<Tag>>) -> Result<Vec<TagRecord>, StsError> {
    let mut read: Vec<TagRecord> = Vec::new();
    for tag in tags.into_iter().flatten() {
        if read.iter().any(|known| known.key.eq_ignore_ascii_case(&tag.key)) {
            return Err(StsError::Parameter(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        read.push(TagRecord { key: tag.key.clone(), value: tag.value.clone() });
    }
    Ok(read)
}
