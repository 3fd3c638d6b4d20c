//! Rows of `boot` that stand only while something is changed: a root that is to take the present one's place, and a domain key
//! that is being taken into use. Neither holds anything in clear that is secret.

use serde::{Deserialize, Serialize};

/// The version that is written.
const VERSION: u16 = 1;

/// The row `boot / next-root`: the domain keys under a second root. As long as it stands, both roots open the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NextRoot {
    v: u16,
    /// Its kind, as `Root::kind` says it.
    pub(crate) root: String,
    /// What opens it besides its secret, in base64.
    root_parameters: String,
    /// The domain keys that it wrapped, in base64.
    domain_keys: String,
}

/// The row `boot / domain-rotation`: how far the newest domain key has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainRotation {
    v: u16,
    /// Its number.
    pub(crate) to: u32,
    pub(crate) stage: Stage,
}

/// What every node does with the newest domain key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// Opens with it.
    Announced,
    /// Seals with it. What the older ones sealed is being sealed anew.
    Sealing,
}

impl NextRoot {
    pub(crate) fn new(root: &str, root_parameters: &[u8], domain_keys: &[u8]) -> Self {
        let text = |bytes| base64_simd::STANDARD.encode_to_string(bytes);
        let (root_parameters, domain_keys) = (text(root_parameters), text(domain_keys));
        Self { v: VERSION, root: root.to_owned(), root_parameters, domain_keys }
    }

    /// What opens the root besides its secret, and what it wrapped; `None` when the row is damaged.
    pub(crate) fn parts(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let bytes = |text: &str| base64_simd::STANDARD.decode_to_vec(text).ok();
        Some((bytes(&self.root_parameters)?, bytes(&self.domain_keys)?))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // INVARIANT: a struct of texts and numbers always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// `None` for what this version can't read.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|next: &Self| next.v == VERSION)
    }
}

impl DomainRotation {
    pub(crate) fn new(to: u32, stage: Stage) -> Self {
        Self { v: VERSION, to, stage }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // INVARIANT: a struct of texts and numbers always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// `None` for what this version can't read.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|rotation: &Self| rotation.v == VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_version_1_read_for_ever() {
        let stored = br#"{"v":1,"root":"passphrase","root_parameters":"AQI=","domain_keys":"AwQ="}"#;
        let next = NextRoot::new("passphrase", &[1, 2], &[3, 4]);
        assert_eq!((NextRoot::decode(stored), next.encode()), (Some(next.clone()), stored.to_vec()));
        assert_eq!(next.parts(), Some((vec![1, 2], vec![3, 4])));
        for (stored, stage) in [
            (&br#"{"v":1,"to":2,"stage":"announced"}"#[..], Stage::Announced),
            (br#"{"v":1,"to":2,"stage":"sealing"}"#, Stage::Sealing),
        ] {
            let rotation = DomainRotation::new(2, stage);
            assert_eq!((DomainRotation::decode(stored), rotation.encode()), (Some(rotation.clone()), stored.to_vec()));
        }
    }

    #[test]
    fn other_versions_and_damage_are_refused() {
        let newer = br#"{"v":2,"root":"passphrase","root_parameters":"","domain_keys":""}"#;
        assert_eq!((NextRoot::decode(newer), NextRoot::decode(b"")), (None, None));
        assert_eq!(NextRoot { domain_keys: "?".to_owned(), ..NextRoot::new("", &[], &[]) }.parts(), None);
        let newer = br#"{"v":1,"to":2,"stage":"forgotten"}"#;
        assert_eq!((DomainRotation::decode(newer), DomainRotation::decode(b"{}")), (None, None));
    }
}
