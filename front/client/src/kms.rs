//! The KMS calls that sealing files makes, and which keys unsealing may call for.
//!
//! A message's header names the keys that its data key is encrypted under, and anybody could have written it. So a
//! key is called for only when the user allowed it: by its ARN, or by its account.

use std::fmt;
use std::str::FromStr;

use sealroom_foundation::{AccountId, Arn, Region, Secret, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::client::{Client, ClientError};
use crate::message::{EncryptionContext, Header, KMS_PROVIDER};

const SERVICE: &str = "kms";

/// The ARN of a KMS key: of the key itself, not of an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKeyArn {
    text: String,
    partition: String,
    region: Region,
    account: AccountId,
}

/// A text is no ARN of a KMS key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not the ARN of a KMS key (`arn:aws:kms:REGION:ACCOUNT:key/ID`)")]
pub struct NoKeyArn(String);

impl FromStr for KmsKeyArn {
    type Err = NoKeyArn;
    fn from_str(text: &str) -> Result<Self, NoKeyArn> {
        let parsed = || {
            // It is shown to the user and sent: nothing that a terminal would act on.
            let arn = Arn::parse(text).filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic()))?;
            let id = arn.resource.strip_prefix("key/").filter(|id| !id.is_empty())?;
            (arn.service == SERVICE && !id.contains('/')).then_some(())?;
            let (region, account) = (arn.region.parse().ok()?, arn.account.parse().ok()?);
            Some(Self { text: text.to_owned(), partition: arn.partition.to_owned(), region, account })
        };
        parsed().ok_or_else(|| NoKeyArn(text.to_owned()))
    }
}

impl fmt::Display for KmsKeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl KmsKeyArn {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The Region in which the key is called for.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// Whose key it is.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }
}

/// Which keys may be called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedKeys {
    /// These: the SDKs' strict mode.
    Keys(Vec<KmsKeyArn>),
    /// All of these accounts in this partition: the SDKs' discovery mode with a filter.
    Accounts {
        /// `aws`
        partition: String,
        /// Whose keys.
        accounts: Vec<AccountId>,
    },
}

impl AllowedKeys {
    /// Whether `key` may be called for.
    #[must_use]
    pub fn allows(&self, key: &KmsKeyArn) -> bool {
        match self {
            Self::Keys(keys) => keys.contains(key),
            Self::Accounts { partition, accounts } => key.partition == *partition && accounts.contains(&key.account),
        }
    }
}

/// The KMS keys that a header names, each with the data key that is encrypted under it. None of it is authenticated.
pub fn named_keys(header: &Header) -> impl Iterator<Item = (KmsKeyArn, &[u8])> {
    header.data_keys().iter().filter(|key| key.provider == KMS_PROVIDER.as_bytes()).filter_map(|key| {
        let arn = std::str::from_utf8(&key.provider_info).ok()?.parse().ok()?;
        Some((arn, key.ciphertext.as_slice()))
    })
}

/// A data key, in the clear and encrypted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GeneratedDataKey {
    /// The ARN of the key that it is encrypted under.
    pub key_id: String,
    /// The data key.
    #[serde(deserialize_with = "secret")]
    pub plaintext: Secret<[u8]>,
    /// The encrypted data key.
    #[serde(deserialize_with = "bytes")]
    pub ciphertext_blob: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    key_id: String,
    #[serde(deserialize_with = "secret")]
    plaintext: Secret<[u8]>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey<'a> {
    key_id: &'a str,
    key_spec: &'static str,
    encryption_context: &'a std::collections::BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: String,
    encryption_context: &'a std::collections::BTreeMap<String, String>,
}

impl Client {
    /// GenerateDataKey of 32 bytes, under `key` (its id, ARN, alias or alias ARN) and bound to `context`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn generate_data_key(
        &self,
        key: &str,
        context: &EncryptionContext,
        now: Timestamp,
    ) -> Result<GeneratedDataKey, ClientError> {
        let input = GenerateDataKey { key_id: key, key_spec: "AES_256", encryption_context: context.pairs() };
        self.ask("GenerateDataKey", &input, now).await
    }

    /// Decrypt of a data key under `key` and no other, bound to `context`.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::OtherKey`] when the answer is about another key than was asked for.
    pub async fn decrypt_data_key(
        &self,
        key: &KmsKeyArn,
        encrypted: &[u8],
        context: &EncryptionContext,
        now: Timestamp,
    ) -> Result<Secret<[u8]>, ClientError> {
        let ciphertext_blob = base64_simd::STANDARD.encode_to_string(encrypted);
        let input = Decrypt { key_id: key.as_str(), ciphertext_blob, encryption_context: context.pairs() };
        let answer: Decrypted = self.ask("Decrypt", &input, now).await?;
        if answer.key_id == key.as_str() { Ok(answer.plaintext) } else { Err(ClientError::OtherKey) }
    }

    async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        operation: &str,
        input: &(impl Serialize + Sync),
        now: Timestamp,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(input).map_err(ClientError::Answer)?;
        let answer = self.call(SERVICE, &format!("TrentService.{operation}"), body, now).await?;
        serde_json::from_slice(&answer).map_err(ClientError::Answer)
    }
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    // The error of the decoder would be the same for every text: which one it was must not be told.
    base64_simd::STANDARD.decode_to_vec(text).map_err(|_| serde::de::Error::custom("not base64"))
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<[u8]>, D::Error> {
    bytes(deserializer).map(Secret::from_vec)
}

#[cfg(test)]
mod tests;
