//! The condition keys of a KMS request, answered one at a time when a policy asks for them.
//!
//! Keys arrive in ASCII lower case. What a key means is the developer guide's page on KMS condition keys; for global ones
//! that are no key's or request's own, `identity` answers. A key that doesn't apply to the request is absent.

use std::collections::BTreeMap;

use sealroom_authz::{ConditionKeys, Presence};
use sealroom_foundation::Timestamp;
use sealroom_hsm::{Origin, Spec, Usage};
use sealroom_identity::{Call, global_condition};

use crate::attestation::Attestation;
use crate::grants::asked::AskedGrant;
use crate::record::{KeyRecord, MultiRegionRole, Tag};

/// What the request itself says, as far as policies may ask. Defaults are filled in before.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    /// Encrypt, Decrypt, ReEncrypt and the data keys.
    pub(crate) encryption_context: Option<&'a BTreeMap<String, String>>,
    /// Their algorithm.
    pub(crate) encryption_algorithm: Option<&'static str>,
    /// Sign and Verify.
    pub(crate) signing_algorithm: Option<&'static str>,
    /// Sign and Verify.
    pub(crate) message_type: Option<&'static str>,
    /// GenerateMac and VerifyMac.
    pub(crate) mac_algorithm: Option<&'static str>,
    /// DeriveSharedSecret.
    pub(crate) key_agreement_algorithm: Option<&'static str>,
    /// GenerateDataKeyPair, with plaintext and without.
    pub(crate) data_key_pair_spec: Option<&'static str>,
    /// What the recipient of the request proved, where it may name one.
    pub(crate) attestation: Option<&'a Attestation>,
    /// The alias that the request named the key by, with its prefix.
    pub(crate) alias: Option<&'a str>,
    /// ReEncrypt: whether source and destination are one key.
    pub(crate) same_key: Option<bool>,
    /// ScheduleKeyDeletion.
    pub(crate) window_days: Option<u16>,
    /// TagResource: the tags as they were sent.
    pub(crate) tags: &'a [Tag],
    /// UntagResource.
    pub(crate) tag_keys: &'a [String],
    /// GetKeyPolicy and PutKeyPolicy.
    pub(crate) policy_name: Option<&'a str>,
    /// PutKeyPolicy.
    pub(crate) bypass_lockout_check: Option<bool>,
    /// EnableKeyRotation.
    pub(crate) rotation_period_days: Option<u16>,
    /// GetParametersForImport.
    pub(crate) wrapping_algorithm: Option<&'static str>,
    /// GetParametersForImport.
    pub(crate) wrapping_key_spec: Option<&'static str>,
    /// ImportKeyMaterial.
    pub(crate) expiration_model: Option<&'static str>,
    /// ImportKeyMaterial.
    pub(crate) valid_to: Option<Timestamp>,
    /// ReplicateKey.
    pub(crate) replica_region: Option<&'a str>,
    /// UpdatePrimaryRegion.
    pub(crate) primary_region: Option<&'a str>,
    /// CreateGrant, ListGrants, RevokeGrant and RetireGrant.
    pub(crate) grant: Option<AskedGrant<'a>>,
    /// CreateKey, and ReplicateKey as one: what is to be made.
    pub(crate) new_key: Option<NewKey<'a>>,
}

/// A key that doesn't exist yet.
#[derive(Clone, Copy)]
pub(crate) struct NewKey<'a> {
    pub(crate) spec: Spec,
    pub(crate) usage: Usage,
    pub(crate) origin: Origin,
    /// Which one of related keys it will be; `None` for a single-Region key.
    pub(crate) multi_region: Option<MultiRegionRole>,
    pub(crate) bypass_lockout_check: bool,
    pub(crate) tags: &'a [Tag],
}

/// All condition keys of one request about one key, or about none.
pub(crate) struct Conditions<'a> {
    call: &'a Call,
    key: Option<&'a KeyRecord>,
    asked: Asked<'a>,
}

impl<'a> Conditions<'a> {
    pub(crate) fn new(call: &'a Call, key: Option<&'a KeyRecord>, asked: Asked<'a>) -> Self {
        Self { call, key, asked }
    }

    /// What the request says, for whoever looks for a grant that fits it.
    pub(crate) fn asked(&self) -> &Asked<'a> {
        &self.asked
    }

    fn kms(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        if let Some(pair) = key.strip_prefix("encryptioncontext:") {
            return self.context_pair(pair, visit);
        }
        if let Some(measured) = key.strip_prefix("recipientattestation:") {
            return one(self.asked.attestation.and_then(|attestation| attestation.condition(measured)), visit);
        }
        if let Some(grant) = &self.asked.grant
            && let Some(presence) = grant.lookup(self.call, key, visit)
        {
            return presence;
        }
        match key {
            "encryptioncontextkeys" => each(self.context().map(|(key, _)| key), visit),
            "encryptionalgorithm" => one(self.asked.encryption_algorithm, visit),
            "signingalgorithm" => one(self.asked.signing_algorithm, visit),
            "messagetype" => one(self.asked.message_type, visit),
            "macalgorithm" => one(self.asked.mac_algorithm, visit),
            "keyagreementalgorithm" => one(self.asked.key_agreement_algorithm, visit),
            "datakeypairspec" => one(self.asked.data_key_pair_spec, visit),
            "requestalias" => one(self.asked.alias, visit),
            "reencryptonsamekey" => one(self.asked.same_key.map(truth), visit),
            "schedulekeydeletionpendingwindowindays" => {
                one(self.asked.window_days.map(|days| days.to_string()).as_deref(), visit)
            }
            "rotationperiodindays" => {
                one(self.asked.rotation_period_days.map(|days| days.to_string()).as_deref(), visit)
            }
            "wrappingalgorithm" => one(self.asked.wrapping_algorithm, visit),
            "wrappingkeyspec" => one(self.asked.wrapping_key_spec, visit),
            "expirationmodel" => one(self.asked.expiration_model, visit),
            // Seconds: both the operators of numbers and those of dates read them.
            "validto" => one(self.asked.valid_to.map(|at| at.as_seconds().to_string()).as_deref(), visit),
            "bypasspolicylockoutsafetycheck" => {
                let of_new_key = self.asked.new_key.map(|key| key.bypass_lockout_check);
                one(self.asked.bypass_lockout_check.or(of_new_key).map(truth), visit)
            }
            "replicaregion" => one(self.asked.replica_region, visit),
            "primaryregion" => one(self.asked.primary_region, visit),
            "policyname" => one(self.asked.policy_name, visit),
            "resourcealiases" => self.aliases(visit),
            "calleraccount" => one(Some(self.call.caller().account().as_str()), visit),
            "viaservice" => {
                let nearest = self.call.caller().via().last();
                one(nearest.map(|service| service.endpoint(self.call.region())).as_deref(), visit)
            }
            _ => self.of_the_key(key, visit),
        }
    }

    /// AWS heeds it in the policies of users and roles alone; here it is answered wherever it is asked.
    fn aliases(&self, visit: &mut dyn FnMut(&str)) -> Presence {
        match self.key.map(|key| &key.aliases) {
            None => Presence::Absent,
            Some(Some(names)) => each(names.iter().map(|name| &**name), visit),
            // Nobody looked: no answer must give what the true one wouldn't.
            Some(None) => Presence::Untold,
        }
    }

    /// What both an existing key and one that is to be made have.
    fn of_the_key(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        let new = self.asked.new_key;
        let old = self.key;
        match key {
            "keyspec" | "customermasterkeyspec" => {
                one(old.map(|k| k.spec).or(new.map(|k| k.spec)).map(Spec::as_str), visit)
            }
            "keyusage" | "customermasterkeyusage" => {
                one(old.map(|k| k.usage).or(new.map(|k| k.usage)).map(Usage::as_str), visit)
            }
            "keyorigin" => one(old.map(|k| k.origin).or(new.map(|k| k.origin)).map(Origin::as_str), visit),
            "multiregion" => {
                let old = old.map(|k| k.multi_region.is_some());
                one(old.or(new.map(|k| k.multi_region.is_some())).map(truth), visit)
            }
            "multiregionkeytype" => {
                let old = old.and_then(|k| k.multi_region.as_ref()).map(|relatives| relatives.role);
                let new = new.and_then(|k| k.multi_region);
                one(old.or(new).map(MultiRegionRole::as_str), visit)
            }
            _ => Presence::Absent,
        }
    }

    fn context(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.asked.encryption_context.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The tags that the request brings.
    fn request_tags(&self) -> &'a [Tag] {
        self.asked.new_key.map_or(self.asked.tags, |key| key.tags)
    }

    /// AWS: the name of a condition key is case-insensitive, the context key in it included.
    fn context_pair(&self, wanted: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        each(self.context().filter(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value), visit)
    }

    fn aws(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        if let Some(tag) = key.strip_prefix("resourcetag/") {
            return tagged(self.key.map(|key| &*key.tags), tag, visit);
        }
        if let Some(tag) = key.strip_prefix("requesttag/") {
            return tagged(Some(self.request_tags()), tag, visit);
        }
        match key {
            "resourceaccount" => one(self.key.map(|key| key.arn.account.to_string()).as_deref(), visit),
            "tagkeys" => {
                let sent = self.request_tags().iter().map(|tag| &*tag.key);
                each(sent.chain(self.asked.tag_keys.iter().map(String::as_str)), visit)
            }
            _ => global_condition(self.call, key, visit),
        }
    }
}

impl ConditionKeys for Conditions<'_> {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        match key.split_once(':') {
            Some(("kms", key)) => self.kms(key, visit),
            Some(("aws", key)) => self.aws(key, visit),
            Some(_) | None => Presence::Absent,
        }
    }
}

fn tagged(tags: Option<&[Tag]>, wanted: &str, visit: &mut dyn FnMut(&str)) -> Presence {
    let tags = tags.unwrap_or_default().iter();
    each(tags.filter(|tag| tag.key.eq_ignore_ascii_case(wanted)).map(|tag| &*tag.value), visit)
}

pub(crate) fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

pub(crate) fn one(value: Option<&str>, visit: &mut dyn FnMut(&str)) -> Presence {
    each(value, visit)
}

pub(crate) fn each<'t>(values: impl IntoIterator<Item = &'t str>, visit: &mut dyn FnMut(&str)) -> Presence {
    let mut presence = Presence::Absent;
    for value in values {
        presence = Presence::Present;
        visit(value);
    }
    presence
}
