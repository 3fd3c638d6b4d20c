//! The security token operations.

use sealroom_api::error::ErrorAnswer;
use sealroom_api::sts::{GetCallerIdentityInput, GetCallerIdentityOutput, StsService};
use sealroom_audit::{Effect, Effects};

use crate::call::Call;
use crate::identity::Identity;

const SOURCE: &str = "sts.amazonaws.com";

impl StsService for Identity {
    type Context = Call;
    type Out = Effects<ErrorAnswer>;

    /// Needs no permission and can't be denied.
    async fn get_caller_identity(
        &self,
        cx: &Call,
        _input: &GetCallerIdentityInput,
    ) -> Effect<GetCallerIdentityOutput, ErrorAnswer> {
        let caller = cx.caller();
        let output = GetCallerIdentityOutput {
            arn: Some(caller.arn().to_owned()),
            user_id: Some(caller.user_id().to_owned()),
            account: Some(caller.account().to_string()),
        };
        Effect::value(output, cx.event(SOURCE, "GetCallerIdentity", true))
    }
}
