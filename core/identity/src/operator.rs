//! The operator's own operations on accounts. What else the operator may ask for needs more than this room knows; the server
//! puts both together.
//!
//! Open to the operator's socket only; a signature, whoever's, isn't enough yet.

mod policies;

use sealroom_api::error::ErrorAnswer;
use sealroom_api::operator::{
    Account, CreateAccountInput, CreateAccountOutput, ErrorCode, ListAccountsInput, ListAccountsOutput,
};
use sealroom_audit::{Effect, Event};
use sealroom_foundation::ports::{Purpose, Seal};
use sealroom_foundation::{AccountId, Timestamp};
use sealroom_store::{Answer, Batch, Read, Row};

use crate::accounts::{self, AccountError, NewAccount};
use crate::call::Call;
use crate::identity::Identity;
use crate::records::{self, AccountRecord};

const SOURCE: &str = "sealroom";
/// What markers of `ListAccounts` are bound to.
const MARKER_AAD: &[u8] = b"sealroom:ListAccounts";
/// LIMIT: how long a marker is good.
const MARKER_HOURS: i64 = 24;
const DEFAULT_PAGE: u32 = 100;

impl Identity {
    /// The operation CreateAccount of the operator's service.
    pub async fn create_account(
        &self,
        cx: &Call,
        input: &CreateAccountInput,
    ) -> Effect<CreateAccountOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "CreateAccount", false).request(input.audit_parameters());
        match self.new_account(cx, input).await {
            Ok((output, batch)) => {
                let event = event.response(output.audit_elements());
                Effect::change(output, batch, event)
            }
            Err(refusal) => refused(refusal, event),
        }
    }

    /// The operation ListAccounts of the operator's service.
    pub async fn list_accounts(&self, cx: &Call, input: &ListAccountsInput) -> Effect<ListAccountsOutput, ErrorAnswer> {
        let event = cx.event(SOURCE, "ListAccounts", true).request(input.audit_parameters());
        match self.page(cx, input).await {
            Ok(page) => Effect::value(page, event),
            Err(refusal) => refused(refusal, event),
        }
    }
}

impl Identity {
    pub(crate) async fn new_account(
        &self,
        cx: &Call,
        input: &CreateAccountInput,
    ) -> Result<(CreateAccountOutput, Batch), ErrorAnswer> {
        operators_only(cx, "CreateAccount")?;
        let id = input.account_id.as_deref().map(str::parse).transpose();
        let id = id.map_err(|_| ErrorAnswer::validation("AccountId must be twelve digits."))?;
        let room = &self.room;
        let made = accounts::prepare(&room.view, &*room.seal, &*room.entropy, id, input.name.clone(), cx.now()).await;
        let (new, batch) = made.map_err(|error| answer_to(&error))?;
        Ok((output_of(new), batch))
    }

    pub(crate) async fn page(&self, cx: &Call, input: &ListAccountsInput) -> Result<ListAccountsOutput, ErrorAnswer> {
        operators_only(cx, "ListAccounts")?;
        let seal = &*self.room.seal;
        let after = input.marker.as_deref().map(|marker| open_marker(seal, marker, cx.now())).transpose()?;
        let limit = input.limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(DEFAULT_PAGE);
        let read = Read::Range { prefix: records::accounts(), after: after.map(records::account), limit };
        let answers = self.room.view.read(&[read]).await.map_err(|_| ErrorAnswer::service_unavailable())?;
        let Some(Answer::Rows { rows, more }) = answers.into_iter().next() else {
            return Err(ErrorAnswer::internal_failure());
        };
        let accounts: Vec<Account> =
            rows.iter().map(account_of).collect::<Option<_>>().ok_or_else(ErrorAnswer::internal_failure)?;
        let last = rows.last().filter(|_| more).and_then(|row| records::account_of(&row.path));
        let next_marker = last.map(|last| seal_marker(seal, last, cx.now()));
        Ok(ListAccountsOutput { accounts, next_marker, truncated: more })
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

fn answer_to(error: &AccountError) -> ErrorAnswer {
    match error {
        AccountError::Exists { account } => {
            ErrorCode::AccountAlreadyExistsException.with(format!("Account {account} already exists."))
        }
        AccountError::TooMany => {
            let most = accounts::MAX_ACCOUNTS;
            ErrorCode::LimitExceededException.with(format!("There are {most} accounts, and there may be no more."))
        }
        AccountError::Store(_) => ErrorAnswer::service_unavailable(),
        AccountError::Malformed => ErrorAnswer::internal_failure(),
    }
}

fn output_of(new: NewAccount) -> CreateAccountOutput {
    let account = Account { account_id: new.account.to_string(), name: new.name, creation_date: new.created };
    CreateAccountOutput {
        account,
        access_key_id: new.access_key_id.to_string(),
        secret_access_key: new.secret_access_key,
    }
}

fn account_of(row: &Row) -> Option<Account> {
    let record = AccountRecord::decode(&row.value)?;
    let creation_date = record.created();
    let account_id = records::account_of(&row.path)?.to_string();
    Some(Account { account_id, name: record.name, creation_date })
}

/// Expiry in seconds (eight bytes), then the last account of the page.
fn seal_marker(seal: &dyn Seal, last: AccountId, now: Timestamp) -> String {
    let expires = now.plus_seconds(MARKER_HOURS * 3_600).as_seconds();
    let text = [&expires.to_be_bytes()[..], last.as_str().as_bytes()].concat();
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(seal.seal(Purpose::PageMarker, MARKER_AAD, &text))
}

fn open_marker(seal: &dyn Seal, marker: &str, now: Timestamp) -> Result<AccountId, ErrorAnswer> {
    let last = || {
        let sealed = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(marker).ok()?;
        let opened = seal.open(Purpose::PageMarker, MARKER_AAD, &sealed).ok()?;
        let (expires, account) = opened.expose().split_first_chunk::<8>()?;
        let good = now.as_seconds() < i64::from_be_bytes(*expires);
        std::str::from_utf8(account).ok().filter(|_| good)?.parse().ok()
    };
    last().ok_or_else(|| ErrorCode::InvalidMarkerException.bare())
}
