//! The decision on a key when grants may give what policies don't.

use std::sync::Arc;

use sealroom_api::Enumeration;
use sealroom_api::kms::GrantOperation;
use sealroom_authz::{Allowed, Facts, GrantFact, PrincipalName, ResourcePolicy, decide, decide_with};
use sealroom_foundation::KeyArn;
use sealroom_identity::Call;
use sealroom_store::{Answer, Read};

use crate::authorize;
use crate::conditions::Conditions;
use crate::entry::KeyEntry;
use crate::error::KmsError;
use crate::grants::asked::AskedGrant;
use crate::grants::held::{Held, Holder, Wanted};
use crate::grants::party::names_of;
use crate::grants::record::{GrantId, GrantRecord};
use crate::grants::{paths, token, written};
use crate::kms::Kms;
use crate::operation::RETIRE_GRANT;

impl Kms {
    /// Whether the caller may do `action` with `key`, by a policy or by a grant. A grant that one of `tokens` came with is
    /// looked for in the store itself; tokens that aren't good are left to [`Kms::check_grant_tokens`].
    ///
    /// # Errors
    /// AWS's text for the refusal.
    pub(crate) async fn authorize<'a>(
        &self,
        call: &'a Call,
        action: &'static str,
        key: &'a KeyEntry,
        conditions: &'a Conditions<'a>,
        tokens: Option<&Vec<String>>,
    ) -> Result<Allowed<'a>, KmsError> {
        let denied = match decide(&facts(call, action, key, conditions)) {
            Ok(allowed) => return Ok(allowed),
            Err(denied) => denied,
        };
        let operation = action.strip_prefix("kms:").and_then(GrantOperation::from_text);
        let Some(operation) = operation.filter(|_| !denied.is_explicit()) else {
            return Err(authorize::refused(call, action, key, &denied));
        };
        // Boxed: whom the policies allow needs no room for it.
        let granted = Box::pin(self.granted(call, key, tokens)).await?;
        let mut grants: Vec<GrantFact<'_>> = Vec::new();
        let wanted = wanted(call, operation, conditions);
        granted.held.iter().for_each(|held| held.collect(&wanted, &mut grants));
        grants.extend(granted.brought.iter().filter(|grant| wanted.is_given_by(grant)).map(GrantRecord::fact));
        if grants.is_empty() {
            return Err(authorize::refused(call, action, key, &denied));
        }
        let decided = decide_with(&facts(call, action, key, conditions), &grants);
        decided.map_err(|denied| authorize::refused(call, action, key, &denied))
    }

    /// The grants on `key` that may be the caller's.
    async fn granted(&self, call: &Call, key: &KeyEntry, tokens: Option<&Vec<String>>) -> Result<Granted, KmsError> {
        let brought = self.brought(&key.record.arn, tokens).await?;
        let mut held = Vec::new();
        if key.granted.is_some() {
            for digest in names_of(call.caller().principal()) {
                held.push(self.held(&Holder { key: key.record.arn, digest }).await?);
            }
        }
        Ok(Granted { held, brought })
    }

    /// The grants on `key` that good tokens came with and that haven't ended.
    async fn brought(&self, key: &KeyArn, tokens: Option<&Vec<String>>) -> Result<Vec<GrantRecord>, KmsError> {
        let opened = tokens.into_iter().flatten().filter_map(|token| token::open(&*self.seal, token).ok());
        let paths = opened.filter(|(of, _)| of == key).map(|(key, grant)| paths::grant(&key, &grant));
        let reads: Vec<Read> = paths.map(Read::Get).collect();
        if reads.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.view.read(&reads).await?.into_iter().filter_map(Answer::row);
        rows.map(|row| written::read(&row)).collect()
    }

    /// Whether all of `tokens` are ours. Asked after the decision, so that a bad token tells no stranger that the key is
    /// there.
    ///
    /// # Errors
    /// [`KmsError::GrantToken`].
    pub(crate) fn check_grant_tokens(&self, tokens: Option<&Vec<String>>) -> Result<(), KmsError> {
        tokens.into_iter().flatten().try_for_each(|token| token::open(&*self.seal, token).map(drop))
    }

    /// The grant that a token came with, which may have ended.
    ///
    /// # Errors
    /// [`KmsError::GrantToken`].
    pub(crate) fn open_grant_token(&self, token: &str) -> Result<(KeyArn, GrantId), KmsError> {
        token::open(&*self.seal, token)
    }
}

/// Grants that are looked at for one decision.
struct Granted {
    held: Vec<Arc<Held>>,
    brought: Vec<GrantRecord>,
}

fn facts<'a>(call: &'a Call, action: &'static str, key: &'a KeyEntry, conditions: &'a Conditions<'a>) -> Facts<'a> {
    authorize::of_key(call, action, key, ResourcePolicy::Mandatory(&key.policy), conditions)
}

fn wanted<'a>(call: &'a Call, operation: GrantOperation, conditions: &Conditions<'a>) -> Wanted<'a> {
    let asked = conditions.asked();
    let child = match asked.grant {
        Some(AskedGrant::New { operations, constraints, .. }) => Some((operations, constraints)),
        Some(AskedGrant::Known | AskedGrant::Ending(_)) | None => None,
    };
    Wanted { operation, context: asked.encryption_context, source_arn: call.caller().source_arn(), child }
}

/// Whether the caller may retire `grant`. The grant itself says who may: its retiring principal, its grantee if it gives
/// that operation, and its issuer's account. Key policies can only deny it; the policies of users count as far as one of
/// these accounts lets them.
///
/// # Errors
/// AWS's text for the refusal.
pub(crate) fn ending(
    call: &Call,
    key: &KeyEntry,
    grant: &GrantRecord,
    conditions: &Conditions<'_>,
) -> Result<(), KmsError> {
    let action = RETIRE_GRANT.action;
    let issuer = PrincipalName::Account(grant.issuer);
    // The grant gives it to them wherever they are: nothing of their own account is needed besides.
    let fact = |grantee| GrantFact { id: grant.id.as_str(), grantee, issued_by: call.caller().account() };
    let mut grants = vec![fact(&issuer)];
    grants.extend(grant.retiring.as_ref().map(|retirer| fact(retirer.name())));
    grants.extend(grant.grantee_retires().then(|| fact(grant.grantee.name())));
    let facts = authorize::of_key(call, action, key, ResourcePolicy::Denying(&key.policy), conditions);
    decide_with(&facts, &grants).map(drop).map_err(|denied| authorize::refused(call, action, key, &denied))
}
