//! The operations, one file for each or for a pair that differs in a word.
//!
//! All read alike: `resolve`, `authorize`, what the request asks against the key's state, usage and algorithm, then one
//! command or one batch. Each ends in a report, so that no way out is unrecorded.

pub(crate) mod change_alias;
pub(crate) mod create_alias;
pub(crate) mod create_grant;
pub(crate) mod create_key;
pub(crate) mod custom_key_stores;
pub(crate) mod data_key;
pub(crate) mod data_key_pair;
pub(crate) mod decrypt;
pub(crate) mod delete_material;
pub(crate) mod deletion;
pub(crate) mod describe_key;
pub(crate) mod encrypt;
pub(crate) mod end_grant;
pub(crate) mod import_material;
pub(crate) mod import_parameters;
pub(crate) mod key_policy;
pub(crate) mod last_usage;
pub(crate) mod list_aliases;
pub(crate) mod list_grants;
pub(crate) mod list_key_rotations;
pub(crate) mod list_keys;
pub(crate) mod list_retirable_grants;
pub(crate) mod mac;
pub(crate) mod public_key;
pub(crate) mod random;
pub(crate) mod re_encrypt;
pub(crate) mod replicate_key;
pub(crate) mod rotate_on_demand;
pub(crate) mod rotation;
pub(crate) mod shared_secret;
pub(crate) mod sign;
pub(crate) mod switch;
pub(crate) mod tagging;
pub(crate) mod update_description;
pub(crate) mod update_primary_region;
