//! The boot rows that open everything else, wherever they were found: in a store, or in a backup of one.

use std::sync::Arc;

use sealroom_foundation::ports::Root;
use sealroom_hsm::{DomainKeys, Hsm};
use sealroom_store::{Barrier, Engine, Guard, KeyPath};

use super::cluster::Cluster;
use super::pending::{DomainRotation, NextRoot, Stage};
use super::rows::RowCipher;
use super::{
    BootError, FIRST_EPOCH, cluster_path, domain_keys_path, next_root_path, root, rotation_path, store_key_path,
};
use crate::config::Config;

/// A row as it was found.
#[derive(Debug, Clone)]
struct Found {
    value: Vec<u8>,
    /// 0 for a row that isn't a store's.
    version: u64,
}

/// The rows, as far as they were found.
#[derive(Default, Clone)]
pub(crate) struct Held {
    cluster: Option<Found>,
    domain_keys: Option<Found>,
    store_key: Option<Found>,
    next_root: Option<Found>,
    rotation: Option<Found>,
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

/// Which of two roots it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one that the cluster's row names.
    Present,
    /// The one that is to take its place.
    Next,
}

/// A root that opened the domain keys.
pub(crate) struct OpenRoot {
    pub(crate) root: Box<dyn Root>,
    /// The newest seals, unless it is only announced.
    pub(crate) keys: DomainKeys,
    pub(crate) which: Which,
}

impl Held {
    /// The rows of a store, as of one moment.
    pub(crate) async fn of(engine: &Engine) -> Result<Self, BootError> {
        let mut held = Self::default();
        let paths = held.places().map(|(path, _)| path);
        for ((_, place), row) in held.places().into_iter().zip(engine.boot_rows(&paths).await?) {
            *place = row.map(|row| Found { value: row.value, version: row.version });
        }
        Ok(held)
    }

    /// Keeps the value of a row if it is one of them.
    pub(crate) fn offer(&mut self, path: &KeyPath, value: &[u8]) {
        for (known, place) in self.places() {
            if known == *path {
                *place = Some(Found { value: value.to_vec(), version: 0 });
            }
        }
    }

    fn places(&mut self) -> [(KeyPath, &mut Option<Found>); 5] {
        [
            (cluster_path(), &mut self.cluster),
            (domain_keys_path(), &mut self.domain_keys),
            (store_key_path(FIRST_EPOCH), &mut self.store_key),
            (next_root_path(), &mut self.next_root),
            (rotation_path(), &mut self.rotation),
        ]
    }

    /// Hold as long as these rows are as they were read.
    pub(crate) fn guards(&self) -> [Guard; 4] {
        [
            unchanged(cluster_path(), self.cluster.as_ref()),
            unchanged(domain_keys_path(), self.domain_keys.as_ref()),
            unchanged(next_root_path(), self.next_root.as_ref()),
            unchanged(rotation_path(), self.rotation.as_ref()),
        ]
    }

    /// The versions of the rows that say which domain keys there are and which of them seals.
    pub(crate) fn versions(&self) -> [Option<u64>; 2] {
        [&self.domain_keys, &self.rotation].map(|found| found.as_ref().map(|found| found.version))
    }

    pub(crate) fn cluster(&self) -> Result<Cluster, BootError> {
        let cluster = self.cluster.as_ref().and_then(|found| Cluster::decode(&found.value));
        cluster.ok_or(BootError::Damaged("cluster"))
    }

    pub(crate) fn next_root(&self) -> Result<Option<NextRoot>, BootError> {
        let next = self.next_root.as_ref().map(|found| NextRoot::decode(&found.value));
        next.map(|next| next.ok_or(BootError::Damaged("next-root"))).transpose()
    }

    pub(crate) fn rotation(&self) -> Result<Option<DomainRotation>, BootError> {
        let rotation = self.rotation.as_ref().map(|found| DomainRotation::decode(&found.value));
        rotation.map(|rotation| rotation.ok_or(BootError::Damaged("domain-rotation"))).transpose()
    }

    pub(crate) fn domain_keys(&self) -> Result<&[u8], BootError> {
        self.domain_keys.as_ref().map(|found| &*found.value).ok_or(BootError::Damaged("domain-keys"))
    }

    /// The store key as the HSM wrapped it, and what holds as long as it is that.
    pub(crate) fn store_key(&self) -> Result<(&[u8], Guard), BootError> {
        let found = self.store_key.as_ref().ok_or(BootError::Damaged("store-key"))?;
        Ok((&found.value, unchanged(store_key_path(FIRST_EPOCH), Some(found))))
    }

    /// Opens the domain keys with the root that `config` names: the present one or, while there is one, the next. Reads
    /// files, and for a passphrase computes for a tenth of a second.
    ///
    /// # Errors
    /// [`BootError`]: of the two, that of the root whose kind is configured, and rather that of the present one.
    pub(crate) fn open_root(&self, config: &Config) -> Result<OpenRoot, BootError> {
        match (self.open_as(Which::Present, config), self.next_root()?) {
            (Ok(open), _) => Ok(open),
            (Err(error), None) => Err(error),
            (Err(BootError::OtherRoot { .. }), Some(_)) => self.open_as(Which::Next, config),
            (Err(error), Some(_)) => self.open_as(Which::Next, config).map_err(|_| error),
        }
    }

    /// Opens the domain keys with the root that `config` names, as this one of the two.
    ///
    /// # Errors
    /// [`BootError`].
    pub(crate) fn open_as(&self, which: Which, config: &Config) -> Result<OpenRoot, BootError> {
        let (kind, parameters, wrapped) = match which {
            Which::Present => {
                let cluster = self.cluster()?;
                let parameters = cluster.root_parameters().ok_or(BootError::Damaged("cluster"))?;
                (cluster.root, parameters, self.domain_keys()?.to_vec())
            }
            Which::Next => {
                let next = self.next_root()?.ok_or(BootError::Damaged("next-root"))?;
                let (parameters, wrapped) = next.parts().ok_or(BootError::Damaged("next-root"))?;
                (next.root, parameters, wrapped)
            }
        };
        let root = root::open(config, &kind, &parameters)?;
        let keys = DomainKeys::unwrap(&*root, &wrapped)?;
        let announced =
            self.rotation()?.is_some_and(|rotation| rotation.stage == Stage::Announced && rotation.to == keys.newest());
        Ok(OpenRoot { root, keys: if announced { keys.announcing_newest() } else { keys }, which })
    }

    /// Opens them with the root of trust that `config` names: root, domain keys, HSM, store key.
    pub(crate) fn unlock(&self, config: &Config) -> Result<Unlocked, BootError> {
        let cluster = self.cluster()?;
        let OpenRoot { root, keys, .. } = self.open_root(config)?;
        let hsm = Arc::new(Hsm::start(keys)?);
        let key = hsm.open_store_key(self.store_key()?.0).map_err(|_| BootError::Damaged("store-key"))?;
        let barrier = Barrier::new(FIRST_EPOCH, Arc::new(RowCipher::new(&key, hsm.clone())));
        Ok(Unlocked { hsm, barrier, root: root.kind(), dev: cluster.dev, cluster: cluster.id })
    }
}

fn unchanged(path: KeyPath, found: Option<&Found>) -> Guard {
    match found {
        Some(found) => Guard::Version(path, found.version),
        None => Guard::Absent(path),
    }
}
