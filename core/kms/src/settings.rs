//! What an operator can choose of the room.

use sealroom_api::Compat;
use sealroom_foundation::Region;

use crate::attestation::AttestationRoots;
use crate::entry;
use crate::quotas::{Limits, RequestQuotas};

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
    /// What the attestation documents of recipients must lead to; with none, requests with a recipient are refused.
    pub attestation_roots: AttestationRoots,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cached_keys: entry::KEYS,
            compat: Compat::Extended,
            limits: Limits::default(),
            requests: RequestQuotas::default(),
            regions: None,
            attestation_roots: AttestationRoots::default(),
        }
    }
}
