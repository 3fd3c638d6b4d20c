//! Accounts and their root access keys: made here, their secrets shown once and sealed from then on.

use sealroom_foundation::ports::{Entropy, Purpose, Seal};
use sealroom_foundation::{AccessKeyId, AccountId, Secret, Timestamp};
use sealroom_store::{Batch, Guard, Read, StoreError, View};
use thiserror::Error;

use crate::draw;
use crate::records::{self, AccessKeyRecord, AccountRecord};

/// What the ids of access keys that last begin with.
pub(crate) const LONG_LIVED: &str = "AKIA";
/// LIMIT: accounts of one store.
pub const MAX_ACCOUNTS: u32 = 10_000;

/// A new account with its root access key, which nobody is shown again.
#[derive(Debug)]
pub struct NewAccount {
    /// The account.
    pub account: AccountId,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// `AKIA` and sixteen more characters.
    pub access_key_id: AccessKeyId,
    /// Forty characters.
    pub secret_access_key: Secret<[u8]>,
}

/// Why there is no new account.
#[derive(Debug, Error)]
pub enum AccountError {
    /// That id is taken.
    #[error("account `{account}` already exists")]
    Exists {
        /// The id.
        account: AccountId,
    },
    /// There are [`MAX_ACCOUNTS`].
    #[error("there are as many accounts as there may be")]
    TooMany,
    /// The store failed.
    #[error("the accounts can not be reached")]
    Store(#[from] StoreError),
    /// A generated id has the wrong form: a fault in this program.
    #[error("a generated id is malformed")]
    Malformed,
}

/// Makes an account, `id` or one of twelve random digits, with its root access key, and the batch that keeps both.
/// The batch's guards hold only while neither exists.
pub(crate) async fn prepare(
    view: &View,
    seal: &dyn Seal,
    entropy: &dyn Entropy,
    id: Option<AccountId>,
    name: Option<String>,
    now: Timestamp,
) -> Result<(NewAccount, Batch), AccountError> {
    let account = match id {
        Some(id) => id,
        None => random_account(entropy)?,
    };
    let everyone = Read::Range { prefix: records::accounts(), after: None, limit: MAX_ACCOUNTS };
    let mut answers = view.read(&[Read::Get(records::account(account)), everyone]).await?;
    let count = answers.pop().map(|answer| answer.rows().len()).unwrap_or_default();
    if answers.pop().and_then(sealroom_store::Answer::row).is_some() {
        return Err(AccountError::Exists { account });
    }
    if u32::try_from(count).unwrap_or(u32::MAX) >= MAX_ACCOUNTS {
        return Err(AccountError::TooMany);
    }
    let access_key_id = draw::access_key_id(entropy, LONG_LIVED).ok_or(AccountError::Malformed)?;
    let secret_access_key = draw::secret_text(draw::secret_bytes(entropy).expose());
    let sealed = seal.seal(Purpose::AccessKeySecret, access_key_id.as_str().as_bytes(), secret_access_key.expose());
    let (account_row, key_row) = (records::account(account), records::access_key(access_key_id));
    let batch = Batch::default()
        .guard(Guard::Absent(account_row.clone()))
        .guard(Guard::Absent(key_row.clone()))
        .guard(Guard::AtMost(records::accounts(), MAX_ACCOUNTS - 1))
        .put(account_row, AccountRecord::new(name.clone(), now).encode())
        .put(key_row, AccessKeyRecord::new(account, &sealed, now).encode());
    Ok((NewAccount { account, name, created: now, access_key_id, secret_access_key }, batch))
}

/// Twelve digits of even odds: bytes that would favour some digits are thrown away.
fn random_account(entropy: &dyn Entropy) -> Result<AccountId, AccountError> {
    let mut digits = String::with_capacity(12);
    while digits.len() < 12 {
        let fair = entropy.id_bytes().into_iter().filter(|byte| *byte < 250).map(|byte| char::from(b'0' + byte % 10));
        digits.extend(fair.take(12 - digits.len()));
    }
    digits.parse().map_err(|_| AccountError::Malformed)
}
