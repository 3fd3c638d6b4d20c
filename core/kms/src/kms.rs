//! [`Kms`]: the room, put together. What it answers stands in `service`.

use std::sync::Arc;

use sealroom_foundation::KeyArn;
use sealroom_foundation::ports::{Entropy, Seal};
use sealroom_hsm::Door;
use sealroom_identity::Identity;
use sealroom_store::{KeyPath, Mirror, View};

use crate::attestation::AttestationRoots;
use crate::entry::{self, KeyEntry, Policies};
use crate::grants::{self, Held, Holder};
use crate::multi_region::MultiRegionRules;
use crate::paths::{self, AliasName, MaterialName};
use crate::quotas::Quotas;
use crate::record::Material;
use crate::rotation::OnDemandRules;
use crate::settings::Settings;
use crate::stored::AliasRecord;

mod service;

/// The KMS of every account and Region of one store. Cheap to clone.
#[derive(Clone)]
pub struct Kms {
    pub(crate) view: View,
    pub(crate) door: Door,
    pub(crate) identity: Identity,
    pub(crate) seal: Arc<dyn Seal>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<Mirror<KeyArn, KeyEntry>>,
    pub(crate) aliases: Arc<Mirror<AliasName, AliasRecord>>,
    pub(crate) pieces: Arc<Mirror<MaterialName, Material>>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) grants: Arc<Mirror<Holder, Held>>,
    pub(crate) on_demand: OnDemandRules,
    pub(crate) quotas: Arc<Quotas>,
    pub(crate) multi_region: Arc<MultiRegionRules>,
    pub(crate) attestation_roots: AttestationRoots,
}

impl Kms {
    /// The room over its rows. `view` must reach [`Kms::prefix`].
    #[must_use]
    pub fn new(
        view: View,
        door: Door,
        identity: Identity,
        seal: Arc<dyn Seal>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
    ) -> Self {
        let keys = Mirror::new(view.feed(), settings.cached_keys.min(entry::KEYS), paths::entry_of);
        let aliases = Mirror::new(view.feed(), settings.cached_keys.min(entry::ALIASES), paths::alias_of);
        let pieces = Mirror::new(view.feed(), settings.cached_keys.min(entry::PIECES), paths::material_of);
        let (keys, aliases, pieces) = (Arc::new(keys), Arc::new(aliases), Arc::new(pieces));
        let grants = Arc::new(Mirror::new(view.feed(), grants::GRANTEES, grants::paths::held_of));
        let (policies, on_demand) = (Arc::default(), OnDemandRules::of(settings.compat));
        let quotas = Arc::new(Quotas::new(settings.limits, settings.requests));
        let multi_region = Arc::new(MultiRegionRules::new(settings.regions, settings.compat));
        let attestation_roots = settings.attestation_roots;
        Self {
            view,
            door,
            identity,
            seal,
            entropy,
            keys,
            aliases,
            pieces,
            policies,
            grants,
            on_demand,
            quotas,
            multi_region,
            attestation_roots,
        }
    }

    /// Where this room's rows lie.
    #[must_use]
    pub fn prefix() -> KeyPath {
        paths::room()
    }
}
