//! The record of a cluster: what stands in clear beside the wrapped keys, and nothing secret.

use sealroom_foundation::Timestamp;
use serde::{Deserialize, Serialize};

/// The version that is written.
const VERSION: u16 = 1;

/// The row `boot / cluster`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    v: u16,
    /// Sixteen random bytes in hex: which cluster a backup is of.
    pub(crate) id: String,
    /// Whether dev mode founded it.
    pub(super) dev: bool,
    /// The kind of its root of trust, as `Root::kind` says it.
    pub(crate) root: String,
    /// What opens the root besides its secret, in base64: a passphrase's salt and cost. No secret.
    root_parameters: String,
    created_micros: i64,
}

impl Cluster {
    pub(super) fn new(id: [u8; 16], dev: bool, root: &str, root_parameters: &[u8], now: Timestamp) -> Self {
        Self {
            v: VERSION,
            id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            dev,
            root: root.to_owned(),
            root_parameters: base64_simd::STANDARD.encode_to_string(root_parameters),
            created_micros: now.as_micros(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // INVARIANT: a struct of texts and numbers always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The same under another root.
    pub(crate) fn with_root(&self, root: &str, root_parameters: &[u8]) -> Self {
        let root_parameters = base64_simd::STANDARD.encode_to_string(root_parameters);
        Self { root: root.to_owned(), root_parameters, ..self.clone() }
    }

    /// `None` for what this version can't read.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|cluster: &Self| cluster.v == VERSION)
    }

    /// What opens the root besides its secret; `None` when the record is damaged.
    pub(crate) fn root_parameters(&self) -> Option<Vec<u8>> {
        base64_simd::STANDARD.decode_to_vec(&self.root_parameters).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_version_1_reads_for_ever() {
        let stored = br#"{"v":1,"id":"07070707070707070707070707070707","dev":true,"root":"key-file","root_parameters":"AQI=","created_micros":1000000}"#;
        let cluster = Cluster::new([7; 16], true, "key-file", &[1, 2], Timestamp::from_seconds(1));
        assert_eq!(Cluster::decode(stored).as_ref(), Some(&cluster));
        assert_eq!(cluster.encode(), stored);
        assert_eq!(cluster.root_parameters().as_deref(), Some(&[1u8, 2][..]));
    }

    #[test]
    fn other_versions_and_damage_are_refused() {
        let newer = br#"{"v":2,"id":"","dev":true,"root":"","root_parameters":"","created_micros":0}"#;
        assert_eq!(Cluster::decode(newer), None);
        assert_eq!(Cluster::decode(b"{}"), None);
        assert_eq!(Cluster::decode(b""), None);
    }
}
