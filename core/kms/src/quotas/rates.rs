//! AWS's request quotas: which operations share one, and how many calls it is for.
//!
//! AWS publishes the numbers under "Request quotas" of the developer guide, but none for GetKeyLastUsage, Encapsulate and Decapsulate
//! (`docs/decisions/0007-quotas.md` says what stands here instead).

use sealroom_foundation::Region;
use sealroom_hsm::Spec;

/// So many calls in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) calls: u32,
    pub(super) seconds: u32,
}

/// One quota of an account in a Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) name: &'static str,
    pub(super) rate: Rate,
}

impl Quota {
    const fn per_second(name: &'static str, calls: u32) -> Self {
        Self { name, rate: Rate { calls, seconds: 1 } }
    }

    const fn one_in(name: &'static str, seconds: u32) -> Self {
        Self { name, rate: Rate { calls: 1, seconds } }
    }
}

/// The quota that a call of `operation` counts against, with a key of this spec.
pub(super) fn of(operation: &'static str, spec: Option<Spec>, region: Region) -> Quota {
    match operation {
        "Decrypt"
        | "DeriveSharedSecret"
        | "Encrypt"
        | "GenerateDataKey"
        | "GenerateDataKeyWithoutPlaintext"
        | "GenerateMac"
        | "GenerateRandom"
        | "ReEncrypt"
        | "Sign"
        | "Verify"
        | "VerifyMac"
        | "Decapsulate"
        | "Encapsulate" => of_cryptography(spec.unwrap_or(Spec::SymmetricDefault), region),
        "DescribeKey" | "GetPublicKey" | "ListResourceTags" => Quota::per_second(operation, 2_000),
        "GetKeyPolicy" | "GetKeyRotationStatus" | "GetKeyLastUsage" => Quota::per_second(operation, 1_000),
        "ListAliases" | "ListKeys" => Quota::per_second(operation, 500),
        "ListGrants" | "ListKeyPolicies" | "ListKeyRotations" | "ListRetirableGrants" => {
            Quota::per_second(operation, 100)
        }
        "CreateGrant" | "RetireGrant" | "RevokeGrant" => Quota::per_second(operation, 50),
        "DeleteAlias" | "EnableKeyRotation" | "PutKeyPolicy" | "ScheduleKeyDeletion" => {
            Quota::per_second(operation, 15)
        }
        "TagResource" => Quota::per_second(operation, 10),
        "GetParametersForImport" => Quota::one_in(operation, 4),
        // The rest is AWS's lowest round number: making and changing keys, aliases and key stores.
        _ => Quota::per_second(operation, 5),
    }
}

fn of_cryptography(spec: Spec, region: Region) -> Quota {
    match spec {
        Spec::SymmetricDefault | Spec::Hmac224 | Spec::Hmac256 | Spec::Hmac384 | Spec::Hmac512 => {
            Quota::per_second("symmetric", symmetric(region))
        }
        Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096 => Quota::per_second("RSA", 1_000),
        Spec::EccNistP256
        | Spec::EccNistP384
        | Spec::EccNistP521
        | Spec::EccSecgP256K1
        | Spec::EccNistEdwards25519
        | Spec::Sm2 => Quota::per_second("ECC", 1_000),
        Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87 => Quota::per_second("ML-DSA", 1_000),
        Spec::MlKem512 | Spec::MlKem768 | Spec::MlKem1024 => Quota::per_second("ML-KEM", 1_000),
    }
}

fn symmetric(region: Region) -> u32 {
    match region.as_str() {
        "us-east-1" | "us-west-2" | "eu-west-1" => 100_000,
        "us-east-2" | "ap-southeast-1" | "ap-southeast-2" | "ap-northeast-1" | "eu-central-1" | "eu-west-2" => 20_000,
        _ => 10_000,
    }
}

/// The quota of making a key pair of this spec, with or without its plaintext.
pub(super) fn of_pair(pair: &'static str) -> Quota {
    match pair {
        "RSA_2048" => Quota::one_in(pair, 1),
        "RSA_3072" => Quota::one_in(pair, 2),
        "RSA_4096" => Quota::one_in(pair, 10),
        "ECC_NIST_P384" => Quota::per_second(pair, 10),
        "ECC_NIST_P521" => Quota::per_second(pair, 5),
        // P-256, secp256k1, SM2; Ed25519 is younger than AWS's table.
        _ => Quota::per_second(pair, 25),
    }
}
