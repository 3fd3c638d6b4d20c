//! The security token operations: temporary credentials for roles, users and those whom users vouch for.
//!
//! What a session may do isn't decided here: its token says what it is, and each of its calls is decided by what its user's
//! or role's policies are then.

mod assume_role;
mod desk;
mod error;
mod tokens;

use sealroom_api::error::ErrorAnswer;
use sealroom_api::sts as shapes;
use sealroom_api::sts::StsService;
use sealroom_audit::{Effect, Effects};

use crate::call::Call;
use crate::identity::Identity;
use desk::Desk;

const SOURCE: &str = "sts.amazonaws.com";

impl StsService for Identity {
    type Context = Call;
    type Out = Effects<ErrorAnswer>;

    async fn assume_role(
        &self,
        cx: &Call,
        input: &shapes::AssumeRoleInput,
    ) -> Effect<shapes::AssumeRoleOutput, ErrorAnswer> {
        let mut desk = Desk::new(self, cx, shapes::Operation::AssumeRole);
        let outcome = Box::pin(assume_role::assume(&mut desk, input)).await;
        desk.close(outcome, || input.audit_parameters(), shapes::AssumeRoleOutput::audit_elements)
    }

    async fn get_access_key_info(
        &self,
        cx: &Call,
        input: &shapes::GetAccessKeyInfoInput,
    ) -> Effect<shapes::GetAccessKeyInfoOutput, ErrorAnswer> {
        let desk = Desk::new(self, cx, shapes::Operation::GetAccessKeyInfo);
        let outcome = tokens::access_key_info(&desk, input).await;
        desk.close(outcome, || input.audit_parameters(), shapes::GetAccessKeyInfoOutput::audit_elements)
    }

    /// Needs no permission and can't be denied.
    async fn get_caller_identity(
        &self,
        cx: &Call,
        _input: &shapes::GetCallerIdentityInput,
    ) -> Effect<shapes::GetCallerIdentityOutput, ErrorAnswer> {
        let caller = cx.caller();
        let output = shapes::GetCallerIdentityOutput {
            arn: Some(caller.arn().to_owned()),
            user_id: Some(caller.user_id().to_owned()),
            account: Some(caller.account().to_string()),
        };
        Effect::value(output, cx.event(SOURCE, "GetCallerIdentity", true))
    }

    async fn get_federation_token(
        &self,
        cx: &Call,
        input: &shapes::GetFederationTokenInput,
    ) -> Effect<shapes::GetFederationTokenOutput, ErrorAnswer> {
        let desk = Desk::new(self, cx, shapes::Operation::GetFederationToken);
        let outcome = Box::pin(tokens::federation(&desk, input)).await;
        desk.close(outcome, || input.audit_parameters(), shapes::GetFederationTokenOutput::audit_elements)
    }

    async fn get_session_token(
        &self,
        cx: &Call,
        input: &shapes::GetSessionTokenInput,
    ) -> Effect<shapes::GetSessionTokenOutput, ErrorAnswer> {
        let desk = Desk::new(self, cx, shapes::Operation::GetSessionToken);
        let outcome = tokens::session(&desk, input);
        desk.close(outcome, || input.audit_parameters(), shapes::GetSessionTokenOutput::audit_elements)
    }
}
