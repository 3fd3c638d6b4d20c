//! The operator's calls, typed: what `sealroom account` sends and is told.

use sealroom_foundation::{AccountId, Secret, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

use crate::client::{Client, ClientError};

const SERVICE: &str = "sealroom";

/// A new account with its root access key, which is shown only this once.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreatedAccount {
    /// The account.
    pub account: ListedAccount,
    /// `AKIA…`
    pub access_key_id: String,
    /// Forty characters.
    #[serde(deserialize_with = "secret")]
    pub secret_access_key: Secret<[u8]>,
}

/// An account as the server tells of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListedAccount {
    /// Twelve digits.
    pub account_id: String,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// When it was made, in seconds since 1970.
    pub creation_date: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateAccount<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListAccounts {
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    accounts: Vec<ListedAccount>,
    next_marker: Option<String>,
}

impl Client {
    /// Makes an account, `id` or one that the server draws, called `name`.
    ///
    /// # Errors
    /// [`ClientError`]; `AccountAlreadyExistsException` among the refusals.
    pub async fn create_account(
        &self,
        id: Option<AccountId>,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<CreatedAccount, ClientError> {
        let account_id = id.as_ref().map(AccountId::as_str);
        self.operate("CreateAccount", &CreateAccount { account_id, name }, now).await
    }

    /// All accounts, in the order of their ids, page after page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_accounts(&self, now: Timestamp) -> Result<Vec<ListedAccount>, ClientError> {
        let mut accounts = Vec::new();
        let mut marker = None;
        loop {
            let page: Page = self.operate("ListAccounts", &ListAccounts { marker }, now).await?;
            accounts.extend(page.accounts);
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(accounts);
            }
        }
    }

    async fn operate<T: for<'a> Deserialize<'a>>(
        &self,
        operation: &str,
        input: &(impl Serialize + Sync),
        now: Timestamp,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(input).map_err(ClientError::Answer)?;
        let answer = self.call(SERVICE, &format!("Sealroom.{operation}"), body, now).await?;
        serde_json::from_slice(&answer).map_err(ClientError::Answer)
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<[u8]>, D::Error> {
    String::deserialize(deserializer).map(|text| Secret::from_vec(text.into_bytes()))
}
