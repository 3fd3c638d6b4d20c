//! The operator's operations on control policies.

use sealroom_api::error::ErrorAnswer;
use sealroom_api::operator::{
    ControlPolicy, ControlPolicyType, DeleteAccountPolicyInput, DeleteAccountPolicyOutput, ErrorCode,
    ListAccountPoliciesInput, ListAccountPoliciesOutput, PutAccountPolicyInput, PutAccountPolicyOutput,
};
use sealroom_audit::Effect;
use sealroom_authz::Policy;
use sealroom_foundation::AccountId;
use sealroom_store::{Answer, Batch, Guard, Read, Row};

use super::{SOURCE, operators_only, refused};
use crate::call::Call;
use crate::controls::{FULL_ACCESS, full_access, read_as};
use crate::identity::Identity;
use crate::records::entity::Versioned as _;
use crate::records::{self, ControlKind, ControlRecord};

/// LIMIT: control policies of one kind on one account (AWS Organizations, "Quotas").
const PER_ACCOUNT: usize = 5;

impl From<ControlPolicyType> for ControlKind {
    fn from(named: ControlPolicyType) -> Self {
        match named {
            ControlPolicyType::ServiceControlPolicy => Self::Service,
            ControlPolicyType::ResourceControlPolicy => Self::Resource,
        }
    }
}

impl From<ControlKind> for ControlPolicyType {
    fn from(kind: ControlKind) -> Self {
        match kind {
            ControlKind::Service => Self::ServiceControlPolicy,
            ControlKind::Resource => Self::ResourceControlPolicy,
        }
    }
}

impl Identity {
    /// The operation PutAccountPolicy of the operator's service.
    pub async fn put_account_policy(
        &self,
        cx: &Call,
        input: &PutAccountPolicyInput,
    ) -> Effect<PutAccountPolicyOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "PutAccountPolicy", false).request(input.audit_parameters());
        match self.put_control(cx, input).await {
            Ok(batch) => Effect::change(PutAccountPolicyOutput {}, batch, event),
            Err(refusal) => refused(refusal, event),
        }
    }

    /// The operation DeleteAccountPolicy of the operator's service.
    pub async fn delete_account_policy(
        &self,
        cx: &Call,
        input: &DeleteAccountPolicyInput,
    ) -> Effect<DeleteAccountPolicyOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "DeleteAccountPolicy", false).request(input.audit_parameters());
        match self.delete_control(cx, input).await {
            Ok(batch) => Effect::change(DeleteAccountPolicyOutput {}, batch, event),
            Err(refusal) => refused(refusal, event),
        }
    }

    /// The operation ListAccountPolicies of the operator's service.
    pub async fn list_account_policies(
        &self,
        cx: &Call,
        input: &ListAccountPoliciesInput,
    ) -> Effect<ListAccountPoliciesOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "ListAccountPolicies", true).request(input.audit_parameters());
        match self.list_controls(cx, input).await {
            Ok(policies) => Effect::value(ListAccountPoliciesOutput { policies }, event),
            Err(refusal) => refused(refusal, event),
        }
    }

    pub(crate) async fn put_control(&self, cx: &Call, input: &PutAccountPolicyInput) -> Result<Batch, ErrorAnswer> {
        operators_only(cx, "PutAccountPolicy")?;
        let (account, kind) = (self.known_account(&input.account_id).await?, input.r#type.into());
        Policy::parse(&input.document, read_as(kind)).map_err(|error| {
            let place = error.statement.map(|index| format!("statement {}: ", index.saturating_add(1)));
            let text = format!("{}{error}", place.unwrap_or_default());
            ErrorCode::MalformedPolicyDocumentException.with(text)
        })?;
        let rows = self.controls(account, kind).await?;
        let path = records::control(account, kind, &input.name);
        let replaced = rows.iter().find(|row| row.path == path);
        let mut batch = match replaced {
            Some(row) => Batch::default().guard(Guard::Version(path.clone(), row.version)),
            None => Batch::default().guard(Guard::Absent(path.clone())),
        };
        if replaced.is_none() && rows.len() >= PER_ACCOUNT {
            let text = format!("An account has at most {PER_ACCOUNT} policies of a type.");
            return Err(ErrorCode::LimitExceededException.with(text));
        }
        if rows.is_empty() {
            // AWS: it comes with the first, so that what nothing denies stays allowed.
            let full = ControlRecord::new(FULL_ACCESS, full_access(kind));
            batch = batch
                .guard(Guard::Empty(records::controls_of(account, kind)))
                .put(records::control(account, kind, FULL_ACCESS), full.to_bytes());
        }
        // The last write of a path wins: a policy of that very name is the caller's own.
        Ok(batch.put(path, ControlRecord::new(&input.name, &input.document).to_bytes()))
    }

    pub(crate) async fn delete_control(
        &self,
        cx: &Call,
        input: &DeleteAccountPolicyInput,
    ) -> Result<Batch, ErrorAnswer> {
        operators_only(cx, "DeleteAccountPolicy")?;
        let (account, kind) = (self.known_account(&input.account_id).await?, input.r#type.into());
        let path = records::control(account, kind, &input.name);
        let rows = self.controls(account, kind).await?;
        let Some(row) = rows.iter().find(|row| row.path == path) else {
            let text = format!("Account {account} has no policy {} of that type.", input.name);
            return Err(ErrorCode::PolicyNotFoundException.with(text));
        };
        Ok(Batch::default().guard(Guard::Version(path.clone(), row.version)).delete(path))
    }

    pub(crate) async fn list_controls(
        &self,
        cx: &Call,
        input: &ListAccountPoliciesInput,
    ) -> Result<Vec<ControlPolicy>, ErrorAnswer> {
        operators_only(cx, "ListAccountPolicies")?;
        let account = self.known_account(&input.account_id).await?;
        let mut policies = Vec::new();
        for kind in ControlKind::ALL {
            for row in self.controls(account, kind).await? {
                let record = ControlRecord::from_bytes(&row.value).ok_or_else(ErrorAnswer::internal_failure)?;
                policies.push(ControlPolicy { r#type: kind.into(), name: record.name, document: record.document });
            }
        }
        Ok(policies)
    }

    async fn known_account(&self, id: &str) -> Result<AccountId, ErrorAnswer> {
        let account = id.parse().map_err(|_| ErrorAnswer::validation("AccountId must be twelve digits."))?;
        match self.account_exists(account).await {
            Ok(true) => Ok(account),
            Ok(false) => Err(ErrorCode::AccountNotFoundException.with(format!("Account {account} does not exist."))),
            Err(_) => Err(ErrorAnswer::service_unavailable()),
        }
    }

    async fn controls(&self, account: AccountId, kind: ControlKind) -> Result<Vec<Row>, ErrorAnswer> {
        let range = Read::Range { prefix: records::controls_of(account, kind), after: None, limit: Read::MAX_LIMIT };
        let answers = self.room.view.read(&[range]).await.map_err(|_| ErrorAnswer::service_unavailable())?;
        Ok(answers.into_iter().next().map(Answer::rows).unwrap_or_default())
    }
}
