//! What sets the operations apart before they do anything: names, what a `KeyId` may be, whose keys they reach.

/// One operation, as resolution, authorization and the journal see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    /// AWS's name.
    pub(crate) name: &'static str,
    /// The action that its caller must be allowed; for ReEncrypt, on the source.
    pub(crate) action: &'static str,
    /// Whether the journal calls it read-only; cryptography is.
    pub(crate) read_only: bool,
    /// Whether a key may be named by an alias.
    pub(crate) aliases: bool,
    /// Whether it can succeed on a key of another account.
    pub(crate) cross_account: bool,
    /// Whether it takes rights away: such calls may use what is kept of the disk for them.
    pub(crate) takes_rights: bool,
    /// Whether GetKeyLastUsage tells of it.
    pub(crate) tracked: bool,
}

impl Operation {
    /// A cryptographic operation: any name, any account.
    const fn cryptographic(name: &'static str, action: &'static str) -> Self {
        Self { tracked: true, ..Self::open(name, action) }
    }

    /// One of the reads that go with cryptography: any name, any account.
    const fn open(name: &'static str, action: &'static str) -> Self {
        Self { aliases: true, cross_account: true, ..Self::look(name, action) }
    }

    /// A look at a key of the caller's account, named by id or key ARN.
    const fn look(name: &'static str, action: &'static str) -> Self {
        Self { read_only: true, ..Self::change(name, action) }
    }

    /// An operation that changes a key of the caller's account, named by id or key ARN.
    const fn change(name: &'static str, action: &'static str) -> Self {
        Self {
            name,
            action,
            read_only: false,
            aliases: false,
            cross_account: false,
            takes_rights: false,
            tracked: false,
        }
    }
}

pub(crate) const CANCEL_KEY_DELETION: Operation = Operation::change("CancelKeyDeletion", "kms:CancelKeyDeletion");
pub(crate) const CONNECT_CUSTOM_KEY_STORE: Operation =
    Operation::change("ConnectCustomKeyStore", "kms:ConnectCustomKeyStore");
pub(crate) const CREATE_ALIAS: Operation = Operation::change("CreateAlias", "kms:CreateAlias");
pub(crate) const CREATE_CUSTOM_KEY_STORE: Operation =
    Operation::change("CreateCustomKeyStore", "kms:CreateCustomKeyStore");
pub(crate) const CREATE_GRANT: Operation =
    Operation { cross_account: true, ..Operation::change("CreateGrant", "kms:CreateGrant") };
pub(crate) const CREATE_KEY: Operation = Operation::change("CreateKey", "kms:CreateKey");
pub(crate) const DECAPSULATE: Operation = Operation::cryptographic("Decapsulate", "kms:Decapsulate");
pub(crate) const DECRYPT: Operation = Operation::cryptographic("Decrypt", "kms:Decrypt");
pub(crate) const DELETE_ALIAS: Operation = Operation::change("DeleteAlias", "kms:DeleteAlias");
pub(crate) const DELETE_CUSTOM_KEY_STORE: Operation =
    Operation::change("DeleteCustomKeyStore", "kms:DeleteCustomKeyStore");
pub(crate) const DELETE_IMPORTED_KEY_MATERIAL: Operation =
    Operation { takes_rights: true, ..Operation::change("DeleteImportedKeyMaterial", "kms:DeleteImportedKeyMaterial") };
pub(crate) const DERIVE_SHARED_SECRET: Operation =
    Operation::cryptographic("DeriveSharedSecret", "kms:DeriveSharedSecret");
pub(crate) const DESCRIBE_CUSTOM_KEY_STORES: Operation =
    Operation { read_only: true, ..Operation::change("DescribeCustomKeyStores", "kms:DescribeCustomKeyStores") };
pub(crate) const DESCRIBE_KEY: Operation = Operation::open("DescribeKey", "kms:DescribeKey");
pub(crate) const DISABLE_KEY: Operation =
    Operation { takes_rights: true, ..Operation::change("DisableKey", "kms:DisableKey") };
pub(crate) const DISABLE_KEY_ROTATION: Operation = Operation::change("DisableKeyRotation", "kms:DisableKeyRotation");
pub(crate) const DISCONNECT_CUSTOM_KEY_STORE: Operation =
    Operation::change("DisconnectCustomKeyStore", "kms:DisconnectCustomKeyStore");
pub(crate) const ENABLE_KEY: Operation = Operation::change("EnableKey", "kms:EnableKey");
pub(crate) const ENABLE_KEY_ROTATION: Operation = Operation::change("EnableKeyRotation", "kms:EnableKeyRotation");
pub(crate) const ENCAPSULATE: Operation = Operation::cryptographic("Encapsulate", "kms:Encapsulate");
pub(crate) const ENCRYPT: Operation = Operation::cryptographic("Encrypt", "kms:Encrypt");
pub(crate) const GENERATE_DATA_KEY: Operation = Operation::cryptographic("GenerateDataKey", "kms:GenerateDataKey");
pub(crate) const GENERATE_DATA_KEY_PAIR: Operation =
    Operation::cryptographic("GenerateDataKeyPair", "kms:GenerateDataKeyPair");
pub(crate) const GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT: Operation =
    Operation::cryptographic("GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyPairWithoutPlaintext");
pub(crate) const GENERATE_DATA_KEY_WITHOUT_PLAINTEXT: Operation =
    Operation::cryptographic("GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext");
pub(crate) const GENERATE_MAC: Operation = Operation::cryptographic("GenerateMac", "kms:GenerateMac");
pub(crate) const GENERATE_RANDOM: Operation =
    Operation { read_only: true, ..Operation::change("GenerateRandom", "kms:GenerateRandom") };
pub(crate) const GET_KEY_LAST_USAGE: Operation = Operation::look("GetKeyLastUsage", "kms:GetKeyLastUsage");
pub(crate) const GET_KEY_POLICY: Operation =
    Operation { read_only: true, ..Operation::change("GetKeyPolicy", "kms:GetKeyPolicy") };
pub(crate) const GET_KEY_ROTATION_STATUS: Operation =
    Operation { cross_account: true, ..Operation::look("GetKeyRotationStatus", "kms:GetKeyRotationStatus") };
pub(crate) const GET_PARAMETERS_FOR_IMPORT: Operation =
    Operation::look("GetParametersForImport", "kms:GetParametersForImport");
pub(crate) const GET_PUBLIC_KEY: Operation = Operation::open("GetPublicKey", "kms:GetPublicKey");
pub(crate) const IMPORT_KEY_MATERIAL: Operation = Operation::change("ImportKeyMaterial", "kms:ImportKeyMaterial");
pub(crate) const LIST_ALIASES: Operation = Operation::look("ListAliases", "kms:ListAliases");
pub(crate) const LIST_GRANTS: Operation =
    Operation { read_only: true, cross_account: true, ..Operation::change("ListGrants", "kms:ListGrants") };
pub(crate) const LIST_KEY_ROTATIONS: Operation = Operation::look("ListKeyRotations", "kms:ListKeyRotations");
pub(crate) const LIST_KEYS: Operation = Operation { read_only: true, ..Operation::change("ListKeys", "kms:ListKeys") };
pub(crate) const LIST_KEY_POLICIES: Operation =
    Operation { read_only: true, ..Operation::change("ListKeyPolicies", "kms:ListKeyPolicies") };
pub(crate) const LIST_RESOURCE_TAGS: Operation =
    Operation { read_only: true, ..Operation::change("ListResourceTags", "kms:ListResourceTags") };
pub(crate) const LIST_RETIRABLE_GRANTS: Operation =
    Operation { read_only: true, ..Operation::change("ListRetirableGrants", "kms:ListRetirableGrants") };
pub(crate) const PUT_KEY_POLICY: Operation = Operation::change("PutKeyPolicy", "kms:PutKeyPolicy");
pub(crate) const RE_ENCRYPT: Operation = Operation::cryptographic("ReEncrypt", "kms:ReEncryptFrom");
pub(crate) const REPLICATE_KEY: Operation = Operation::change("ReplicateKey", "kms:ReplicateKey");
pub(crate) const RETIRE_GRANT: Operation =
    Operation { cross_account: true, takes_rights: true, ..Operation::change("RetireGrant", "kms:RetireGrant") };
pub(crate) const REVOKE_GRANT: Operation =
    Operation { cross_account: true, takes_rights: true, ..Operation::change("RevokeGrant", "kms:RevokeGrant") };
pub(crate) const ROTATE_KEY_ON_DEMAND: Operation = Operation::change("RotateKeyOnDemand", "kms:RotateKeyOnDemand");
pub(crate) const SCHEDULE_KEY_DELETION: Operation =
    Operation { takes_rights: true, ..Operation::change("ScheduleKeyDeletion", "kms:ScheduleKeyDeletion") };
pub(crate) const SIGN: Operation = Operation::cryptographic("Sign", "kms:Sign");
pub(crate) const TAG_RESOURCE: Operation = Operation::change("TagResource", "kms:TagResource");
pub(crate) const UNTAG_RESOURCE: Operation = Operation::change("UntagResource", "kms:UntagResource");
pub(crate) const UPDATE_ALIAS: Operation = Operation::change("UpdateAlias", "kms:UpdateAlias");
pub(crate) const UPDATE_CUSTOM_KEY_STORE: Operation =
    Operation::change("UpdateCustomKeyStore", "kms:UpdateCustomKeyStore");
pub(crate) const UPDATE_KEY_DESCRIPTION: Operation =
    Operation::change("UpdateKeyDescription", "kms:UpdateKeyDescription");
pub(crate) const UPDATE_PRIMARY_REGION: Operation = Operation::change("UpdatePrimaryRegion", "kms:UpdatePrimaryRegion");
pub(crate) const VERIFY: Operation = Operation::cryptographic("Verify", "kms:Verify");
pub(crate) const VERIFY_MAC: Operation = Operation::cryptographic("VerifyMac", "kms:VerifyMac");

/// ReEncrypt as its destination sees it.
pub(crate) const RE_ENCRYPT_TO: Operation = Operation { action: "kms:ReEncryptTo", ..RE_ENCRYPT };

/// The operations that GetKeyLastUsage tells of.
const TRACKED: [Operation; 14] = [
    DECAPSULATE,
    DECRYPT,
    DERIVE_SHARED_SECRET,
    ENCAPSULATE,
    ENCRYPT,
    GENERATE_DATA_KEY,
    GENERATE_DATA_KEY_PAIR,
    GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
    GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
    GENERATE_MAC,
    RE_ENCRYPT,
    SIGN,
    VERIFY,
    VERIFY_MAC,
];

/// The name, if it is that of an operation that GetKeyLastUsage tells of.
pub(crate) fn tracked(name: &str) -> Option<&'static str> {
    TRACKED.iter().map(|operation| operation.name).find(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use sealroom_api::Enumeration as _;
    use sealroom_api::kms::KeyLastUsageTrackingOperation;

    use super::*;

    #[test]
    fn the_tracked_operations_are_those_of_the_model() {
        let mut known: Vec<&str> = KeyLastUsageTrackingOperation::ALL.iter().map(|name| name.as_str()).collect();
        known.sort_unstable();
        assert_eq!(TRACKED.map(|operation| operation.name)[..], known);
        assert!(TRACKED.iter().all(|operation| operation.tracked));
        for other in [GET_PUBLIC_KEY, DESCRIBE_KEY, GENERATE_RANDOM, CREATE_KEY] {
            assert!(!other.tracked, "{}", other.name);
        }
    }
}
