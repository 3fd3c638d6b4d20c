//! The condition keys that the grant operations answer besides those of every operation.

use sealroom_api::kms::{CreateGrantInput, GrantConstraints, GrantOperation};
use sealroom_authz::Presence;
use sealroom_identity::Call;

use crate::conditions::{each, one, truth};
use crate::grants::record::GrantRecord;
use crate::grants::{Constraints, ContextConstraint, Operations};

/// What a request says of grants.
#[derive(Clone, Copy)]
pub(crate) enum AskedGrant<'a> {
    /// CreateGrant, with the same as the room reads it.
    New { input: &'a CreateGrantInput, operations: &'a Operations, constraints: &'a Constraints },
    /// ListGrants and RevokeGrant.
    Known,
    /// RetireGrant, of this grant.
    Ending(&'a GrantRecord),
}

impl AskedGrant<'_> {
    /// Answers for the `kms:` condition key `key`; `None` when it is none of grants.
    pub(crate) fn lookup(&self, call: &Call, key: &str, visit: &mut dyn FnMut(&str)) -> Option<Presence> {
        if key == "grantisforawsresource" {
            return match self {
                Self::New { .. } | Self::Known => Some(one(Some(truth(is_for_aws_resource(call))), visit)),
                Self::Ending(_) => None,
            };
        }
        match self {
            Self::New { input, .. } => of_new(input, key, visit),
            Self::Known => None,
            Self::Ending(grant) => match key {
                "grantconstrainttype" => Some(one(context_type(&grant.constraints.context), visit)),
                _ => None,
            },
        }
    }
}

fn of_new(input: &CreateGrantInput, key: &str, visit: &mut dyn FnMut(&str)) -> Option<Presence> {
    let constraints = input.constraints.as_ref();
    let text = |text: &Option<String>, visit: &mut dyn FnMut(&str)| Some(one(text.as_deref(), visit));
    match key {
        "grantoperations" => Some(each(input.operations.iter().copied().map(GrantOperation::as_str), visit)),
        "granteeprincipal" => text(&input.grantee_principal, visit),
        "retiringprincipal" => text(&input.retiring_principal, visit),
        "granteeserviceprincipal" => text(&input.grantee_service_principal, visit),
        "retiringserviceprincipal" => text(&input.retiring_service_principal, visit),
        "grantconstrainttype" => Some(each(constraints.into_iter().flat_map(types), visit)),
        "grantconstraintsourcearn" => {
            Some(one(constraints.and_then(|constraints| constraints.source_arn.as_deref()), visit))
        }
        _ => None,
    }
}

fn types(constraints: &GrantConstraints) -> impl Iterator<Item = &'static str> {
    let equals = constraints.encryption_context_equals.is_some().then_some("EncryptionContextEquals");
    let subset = constraints.encryption_context_subset.is_some().then_some("EncryptionContextSubset");
    equals.into_iter().chain(subset)
}

fn context_type(context: &ContextConstraint) -> Option<&'static str> {
    match context {
        ContextConstraint::Any => None,
        ContextConstraint::Equals(_) => Some("EncryptionContextEquals"),
        ContextConstraint::Subset(_) => Some("EncryptionContextSubset"),
    }
}

/// AWS: true when an integrated service calls, on somebody's behalf or by itself.
fn is_for_aws_resource(call: &Call) -> bool {
    !call.caller().via().is_empty() || call.caller().is_service()
}
