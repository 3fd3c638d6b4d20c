//! The boot rows that open everything else, wherever they were found: in a store, or in a backup of one.

use std::sync::Arc;

use sealroom_hsm::{DomainKeys, Hsm};
use sealroom_store::{Barrier, KeyPath};

use super::cluster::Cluster;
use super::rows::RowCipher;
use super::{BootError, FIRST_EPOCH, cluster_path, domain_keys_path, root, store_key_path};
use crate::config::Config;

/// The rows, as far as they were found.
#[derive(Default)]
pub(crate) struct Held {
    cluster: Option<Vec<u8>>,
    domain_keys: Option<Vec<u8>>,
    store_key: Option<Vec<u8>>,
}

/// What they open.
pub(crate) struct Unlocked {
    pub(crate) hsm: Arc<Hsm>,
    pub(crate) barrier: Barrier,
    /// The kind of the root, for the log.
    pub(crate) root: &'static str,
    /// Whether dev mode founded the cluster.
    pub(crate) dev: bool,
    /// The cluster's id, in hex.
    pub(crate) cluster: String,
}

impl Held {
    /// Keeps the value of a row if it is one of them.
    pub(crate) fn offer(&mut self, path: &KeyPath, value: &[u8]) {
        let known = [
            (cluster_path(), &mut self.cluster),
            (domain_keys_path(), &mut self.domain_keys),
            (store_key_path(FIRST_EPOCH), &mut self.store_key),
        ];
        for (known, place) in known {
            if known == *path {
                *place = Some(value.to_vec());
            }
        }
    }

    /// Opens them with the root of trust that `config` names: root, domain keys, HSM, store key.
    pub(crate) fn unlock(&self, config: &Config) -> Result<Unlocked, BootError> {
        let row = self.cluster.as_deref().and_then(Cluster::decode);
        let cluster = row.ok_or(BootError::Damaged("cluster"))?;
        let root = root::open(config, &cluster)?;
        let wrapped = self.domain_keys.as_deref().ok_or(BootError::Damaged("domain-keys"))?;
        let hsm = Arc::new(Hsm::start(DomainKeys::unwrap(&*root, wrapped)?)?);
        let wrapped = self.store_key.as_deref().ok_or(BootError::Damaged("store-key"))?;
        let key = hsm.open_store_key(wrapped).map_err(|_| BootError::Damaged("store-key"))?;
        let barrier = Barrier::new(FIRST_EPOCH, Arc::new(RowCipher::new(&key, hsm.clone())));
        Ok(Unlocked { hsm, barrier, root: root.kind(), dev: cluster.dev, cluster: cluster.id })
    }
}
