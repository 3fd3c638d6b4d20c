//! [`Kms`]: the room, put together. What it answers stands in `service`.

use std::sync::Arc;

use sealroom_api::Compat;
use sealroom_foundation::ports::{Entropy, Seal};
use sealroom_foundation::{KeyArn, Region};
use sealroom_hsm::Door;
use sealroom_identity::Identity;
use sealroom_store::{KeyPath, Mirror, View};

use crate::entry::{self, KeyEntry, Policies};
use crate::grants::{self, Held, Holder};
use crate::multi_region::MultiRegionRules;
use crate::paths::{self, AliasName, MaterialName};
use crate::quotas::{Limits, Quotas, RequestQuotas};
use crate::record::Material;
use crate::rotation::OnDemandRules;
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
}

/// What an operator can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many keys are kept in memory, how many aliases, and how many pieces of older material. At most 100,000 each.
    pub cached_keys: usize,
    /// Whose limits hold for what doesn't stand in a request.
    pub compat: Compat,
    /// How many of each thing there may be.
    pub limits: Limits,
    /// Whether calls are counted.
    pub requests: RequestQuotas,
    /// The Regions that are served, so that keys can be replicated there; `None`: every one.
    pub regions: Option<Vec<Region>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cached_keys: entry::KEYS,
            compat: Compat::Extended,
            limits: Limits::default(),
            requests: RequestQuotas::default(),
            regions: None,
        }
    }
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
        }
    }

    /// Where this room's rows lie.
    #[must_use]
    pub fn prefix() -> KeyPath {
        paths::room()
    }
}
