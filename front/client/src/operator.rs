//! The operator's calls, typed: what `sealroom account`, `backup` and the rotations send and are told.

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

/// Long work that the server does, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Task {
    /// 32 hex digits.
    pub task_id: String,
    /// What it is: `Backup`.
    pub kind: String,
    /// `RUNNING`, `COMPLETED` or `FAILED`.
    pub state: String,
    /// What is being done.
    pub step: String,
    /// How much of the step is done.
    pub done: u64,
    /// How much the step has to do, when that is known.
    pub total: Option<u64>,
    /// What came of it.
    #[serde(default)]
    pub numbers: Vec<TaskNumber>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// One number of what came of a task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskNumber {
    /// What it counts: `Rows`.
    pub name: String,
    /// How many.
    pub value: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StartBackup<'a> {
    folder: &'a str,
}

/// The root of trust that is to take the present one's place; absolute paths on the server's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum NewRoot<'a> {
    /// A key file, made when it isn't there.
    KeyFile(&'a str),
    /// The passphrase in a file.
    PassphraseFile(&'a str),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StartRootRotation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(flatten)]
    to: NewRoot<'a>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeTask<'a> {
    task_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaskAnswer {
    task: Task,
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

/// A control policy of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ControlPolicy {
    /// `SERVICE_CONTROL_POLICY` or `RESOURCE_CONTROL_POLICY`.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// Its document.
    pub document: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccountPolicy<'a> {
    account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ControlPolicies {
    policies: Vec<ControlPolicy>,
}

#[derive(Deserialize)]
struct Done {}

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

    /// Attaches a control policy of this type to an account, in place of one of that name.
    ///
    /// # Errors
    /// [`ClientError`]; `MalformedPolicyDocumentException` among the refusals.
    pub async fn put_account_policy(
        &self,
        account: AccountId,
        kind: &str,
        name: &str,
        document: &str,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let (account_id, r#type) = (account.as_str(), Some(kind));
        let input = AccountPolicy { account_id, r#type, name: Some(name), document: Some(document) };
        self.operate::<Done>("PutAccountPolicy", &input, now).await.map(drop)
    }

    /// Detaches a control policy from an account.
    ///
    /// # Errors
    /// [`ClientError`]; `PolicyNotFoundException` among the refusals.
    pub async fn delete_account_policy(
        &self,
        account: AccountId,
        kind: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let (account_id, r#type) = (account.as_str(), Some(kind));
        let input = AccountPolicy { account_id, r#type, name: Some(name), document: None };
        self.operate::<Done>("DeleteAccountPolicy", &input, now).await.map(drop)
    }

    /// The control policies of an account.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_account_policies(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<ControlPolicy>, ClientError> {
        let input = AccountPolicy { account_id: account.as_str(), r#type: None, name: None, document: None };
        let listed: ControlPolicies = self.operate("ListAccountPolicies", &input, now).await?;
        Ok(listed.policies)
    }

    /// Has the server begin a backup into `folder`, an absolute path on its machine.
    ///
    /// # Errors
    /// [`ClientError`]; `TaskInProgressException` among the refusals.
    pub async fn start_backup(&self, folder: &str, now: Timestamp) -> Result<Task, ClientError> {
        self.task("StartBackup", &StartBackup { folder }, now).await
    }

    /// Has the server begin, or go on with, a rotation of the domain key.
    ///
    /// # Errors
    /// [`ClientError`]; `TaskInProgressException` among the refusals.
    pub async fn start_domain_rotation(&self, now: Timestamp) -> Result<Task, ClientError> {
        self.task("StartDomainRotation", &Nothing {}, now).await
    }

    /// Has the server let a second root of trust open the store; `from` is the kind that the present one must have.
    ///
    /// # Errors
    /// [`ClientError`]; `TaskInProgressException` among the refusals.
    pub async fn start_root_rotation(
        &self,
        to: NewRoot<'_>,
        from: Option<&str>,
        now: Timestamp,
    ) -> Result<Task, ClientError> {
        self.task("StartRootRotation", &StartRootRotation { from, to }, now).await
    }

    /// Has the server put the second root in the first one's place.
    ///
    /// # Errors
    /// [`ClientError`]; `TaskInProgressException` among the refusals.
    pub async fn finish_root_rotation(&self, now: Timestamp) -> Result<Task, ClientError> {
        self.task("FinishRootRotation", &Nothing {}, now).await
    }

    /// Has the server take the second root back.
    ///
    /// # Errors
    /// [`ClientError`]; `TaskInProgressException` among the refusals.
    pub async fn cancel_root_rotation(&self, now: Timestamp) -> Result<Task, ClientError> {
        self.task("CancelRootRotation", &Nothing {}, now).await
    }

    /// Asks for something that a task is told of.
    async fn task(
        &self,
        operation: &str,
        input: &(impl Serialize + Sync),
        now: Timestamp,
    ) -> Result<Task, ClientError> {
        let answer: TaskAnswer = self.operate(operation, input, now).await?;
        Ok(answer.task)
    }

    /// How far a task has come.
    ///
    /// # Errors
    /// [`ClientError`]; `TaskNotFoundException` among the refusals.
    pub async fn describe_task(&self, task_id: &str, now: Timestamp) -> Result<Task, ClientError> {
        self.task("DescribeTask", &DescribeTask { task_id }, now).await
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
