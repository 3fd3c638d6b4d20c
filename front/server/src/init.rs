//! Setting a store up: root of trust, keys of the house, and a first account whose root access key is shown once.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sealroom_api::ErrorAnswer;
use sealroom_api::operator::{CreateAccountInput, OperatorService as _};
use sealroom_foundation::{AccountId, RequestId, Secret};
use sealroom_identity::{Call, RequestInfo};
use thiserror::Error;

use crate::boot::Wanted;
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::house::{House, HouseError};
use crate::{log, serve};

/// What a new store begins with.
#[derive(Debug)]
pub struct Initialised {
    /// The first account.
    pub account: String,
    /// The id of its root access key.
    pub access_key_id: String,
    /// The secret of that key. Nobody can show it again.
    pub secret_access_key: Secret<[u8]>,
    /// The kind of the root of trust.
    pub root: &'static str,
}

/// Why nothing was set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InitError {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The rooms can't be put together.
    #[error(transparent)]
    House(#[from] HouseError),
    /// The store keeps nothing.
    #[error("`store.url` is `memory`, which keeps nothing: there is nothing to set up")]
    Memory,
    /// The first account can't be made. The store is set up: `sealroom account create` makes one later.
    #[error("the store is set up, but its first account was not made: {0}")]
    Account(String),
    /// The system gives no threads.
    #[error("the system gives no threads: {0}")]
    System(#[from] std::io::Error),
}

/// Sets the store that `config` names up, with a first account: `id`, or one of random digits, called `name`. Blocks
/// the calling thread.
///
/// # Errors
/// [`InitError`]; what is set up already stays as it is.
pub fn init(config: &Config, id: Option<AccountId>, name: Option<&str>) -> Result<Initialised, InitError> {
    config.check(false)?;
    if config.store.url == "memory" {
        return Err(InitError::Memory);
    }
    log::start(&config.log);
    serve::harden();
    serve::runtime(config)?.block_on(set_up(config, id, name))
}

async fn set_up(config: &Config, id: Option<AccountId>, name: Option<&str>) -> Result<Initialised, InitError> {
    let (house, root) = House::open(config, Wanted::Init, Arc::new(SystemClock::new())).await?;
    let input = CreateAccountInput { account_id: id.map(|id| id.to_string()), name: name.map(str::to_owned) };
    let made = house.services.operator.create_account(&call(&house, config, "sealroom init"), &input).await;
    house.journal.close().await;
    let made = made.map_err(|error: ErrorAnswer| InitError::Account(error.message.unwrap_or_default()))?;
    Ok(Initialised {
        account: made.account.account_id,
        access_key_id: made.access_key_id,
        secret_access_key: made.secret_access_key,
        root,
    })
}

/// The operator's own call: made here, not over the socket.
pub(crate) fn call(house: &House, config: &Config, by: &'static str) -> Call {
    let request = RequestInfo {
        id: RequestId::from_random(house.entropy().id_bytes()),
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: Arc::from(by),
        tls: None,
        secure: false,
    };
    Call::new(house.identity.operator_caller(), serve::home_region(config, false), request, house.now())
}
