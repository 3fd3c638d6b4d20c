//! Buckets, and the quotas as AWS publishes them. Whether operations are charged is `tests/room/quotas.rs`.

use super::*;

fn account(number: u32) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

fn region() -> Region {
    "eu-north-1".parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn one_node() -> Buckets {
    Buckets::new(NonZeroU32::MIN)
}

const THREE: Quota = Quota { name: "three", rate: Rate { calls: 3, seconds: 1 } };
const ONE_IN_TEN: Quota = Quota { name: "one in ten", rate: Rate { calls: 1, seconds: 10 } };

/// How many of `tries` calls are admitted at one moment.
fn admitted(buckets: &Buckets, quota: &Quota, now: Timestamp, tries: usize) -> usize {
    (0..tries).filter(|_| buckets.take(account(1), region(), quota, now)).count()
}

#[test]
fn a_bucket_gives_its_calls_at_once_and_fills_evenly() {
    let buckets = one_node();
    for (millis, calls) in
        [(0, 3), (0, 0), (333, 0), (334, 1), (500, 0), (1_000, 2), (1_001, 0), (1_334, 1), (5_000, 3)]
    {
        assert_eq!(admitted(&buckets, &THREE, at(millis), 9), calls, "at {millis} ms");
    }
}

#[test]
fn a_quota_below_one_a_second_gives_one_call_at_a_time() {
    let buckets = one_node();
    for (millis, calls) in [(0, 1), (9_999, 0), (10_000, 1), (100_000, 1)] {
        assert_eq!(admitted(&buckets, &ONE_IN_TEN, at(millis), 3), calls, "at {millis} ms");
    }
}

#[test]
fn a_refused_call_takes_nothing_and_a_clock_that_stands_gives_nothing() {
    let buckets = one_node();
    assert_eq!(admitted(&buckets, &THREE, at(0), 1_000), 3);
    assert_eq!(admitted(&buckets, &THREE, at(1_000), 9), 3);
    assert_eq!(admitted(&buckets, &THREE, at(1_000), 9), 0);
}

#[test]
fn accounts_regions_and_quotas_are_charged_apart() {
    let (buckets, elsewhere) = (one_node(), "us-west-2".parse().unwrap());
    assert_eq!(admitted(&buckets, &THREE, at(0), 9), 3);
    assert!(buckets.take(account(2), region(), &THREE, at(0)));
    assert!(buckets.take(account(1), elsewhere, &THREE, at(0)));
    assert!(buckets.take(account(1), region(), &ONE_IN_TEN, at(0)));
    assert!(!buckets.take(account(1), region(), &THREE, at(0)));
}

#[test]
fn so_many_buckets_are_kept_and_full_ones_make_room() {
    let buckets = one_node();
    let everyone = u32::try_from(SHARDS * BUCKETS + 2_000).unwrap();
    let now = |moment| (0..everyone).filter(|who| buckets.take(account(*who), region(), &THREE, at(moment))).count();
    let kept = now(0);
    assert!(kept <= SHARDS * BUCKETS, "{kept}");
    assert!(kept > SHARDS * BUCKETS / 2, "{kept}");
    let again = now(60_000);
    assert!(again > SHARDS * BUCKETS / 2, "{again}");
}

#[test]
fn nodes_share_a_quota() {
    let buckets = Buckets::new(NonZeroU32::new(3).unwrap());
    for (millis, calls) in [(0, 1), (999, 0), (1_000, 1), (9_000, 1)] {
        assert_eq!(admitted(&buckets, &THREE, at(millis), 9), calls, "at {millis} ms");
    }
    let six = Quota { name: "six", rate: Rate { calls: 6, seconds: 1 } };
    assert_eq!(admitted(&buckets, &six, at(0), 9), 2);
}

/// Operation, key spec, Region, quota, calls, seconds: typed from AWS's table of request quotas.
const AWS: &str = "
Decrypt SYMMETRIC_DEFAULT us-east-1 symmetric 100000 1
Decrypt SYMMETRIC_DEFAULT us-west-2 symmetric 100000 1
Decrypt SYMMETRIC_DEFAULT eu-west-1 symmetric 100000 1
Decrypt SYMMETRIC_DEFAULT us-east-2 symmetric 20000 1
Decrypt SYMMETRIC_DEFAULT ap-southeast-1 symmetric 20000 1
Decrypt SYMMETRIC_DEFAULT ap-southeast-2 symmetric 20000 1
Decrypt SYMMETRIC_DEFAULT ap-northeast-1 symmetric 20000 1
Decrypt SYMMETRIC_DEFAULT eu-central-1 symmetric 20000 1
Decrypt SYMMETRIC_DEFAULT eu-west-2 symmetric 20000 1
Decrypt SYMMETRIC_DEFAULT eu-north-1 symmetric 10000 1
Encrypt SYMMETRIC_DEFAULT eu-north-1 symmetric 10000 1
GenerateDataKey SYMMETRIC_DEFAULT eu-north-1 symmetric 10000 1
GenerateDataKeyWithoutPlaintext SYMMETRIC_DEFAULT eu-north-1 symmetric 10000 1
ReEncrypt SYMMETRIC_DEFAULT eu-north-1 symmetric 10000 1
GenerateRandom - eu-north-1 symmetric 10000 1
GenerateMac HMAC_224 eu-north-1 symmetric 10000 1
VerifyMac HMAC_256 eu-north-1 symmetric 10000 1
GenerateMac HMAC_384 eu-north-1 symmetric 10000 1
VerifyMac HMAC_512 eu-north-1 symmetric 10000 1
Encrypt RSA_2048 us-east-1 RSA 1000 1
Decrypt RSA_3072 eu-north-1 RSA 1000 1
Sign RSA_4096 eu-north-1 RSA 1000 1
Verify RSA_2048 eu-north-1 RSA 1000 1
ReEncrypt RSA_2048 eu-north-1 RSA 1000 1
Sign ECC_NIST_P256 eu-north-1 ECC 1000 1
Verify ECC_NIST_P384 eu-north-1 ECC 1000 1
DeriveSharedSecret ECC_NIST_P521 eu-north-1 ECC 1000 1
Sign ECC_SECG_P256K1 eu-north-1 ECC 1000 1
Sign ECC_NIST_EDWARDS25519 eu-north-1 ECC 1000 1
Encrypt SM2 cn-north-1 ECC 1000 1
Sign ML_DSA_44 eu-north-1 ML-DSA 1000 1
Verify ML_DSA_65 eu-north-1 ML-DSA 1000 1
Sign ML_DSA_87 eu-north-1 ML-DSA 1000 1
Encapsulate ML_KEM_512 eu-north-1 ML-KEM 1000 1
Decapsulate ML_KEM_768 eu-north-1 ML-KEM 1000 1
Decapsulate ML_KEM_1024 eu-north-1 ML-KEM 1000 1
DescribeKey - us-east-1 DescribeKey 2000 1
GetPublicKey RSA_2048 us-east-1 GetPublicKey 2000 1
ListResourceTags - us-east-1 ListResourceTags 2000 1
GetKeyPolicy - us-east-1 GetKeyPolicy 1000 1
GetKeyRotationStatus - us-east-1 GetKeyRotationStatus 1000 1
GetKeyLastUsage - us-east-1 GetKeyLastUsage 1000 1
ListAliases - us-east-1 ListAliases 500 1
ListKeys - us-east-1 ListKeys 500 1
ListGrants - us-east-1 ListGrants 100 1
ListKeyPolicies - us-east-1 ListKeyPolicies 100 1
ListKeyRotations - us-east-1 ListKeyRotations 100 1
ListRetirableGrants - us-east-1 ListRetirableGrants 100 1
CreateGrant - us-east-1 CreateGrant 50 1
RetireGrant - us-east-1 RetireGrant 50 1
RevokeGrant - us-east-1 RevokeGrant 50 1
DeleteAlias - us-east-1 DeleteAlias 15 1
EnableKeyRotation - us-east-1 EnableKeyRotation 15 1
PutKeyPolicy - us-east-1 PutKeyPolicy 15 1
ScheduleKeyDeletion - us-east-1 ScheduleKeyDeletion 15 1
TagResource - us-east-1 TagResource 10 1
CancelKeyDeletion - us-east-1 CancelKeyDeletion 5 1
ConnectCustomKeyStore - us-east-1 ConnectCustomKeyStore 5 1
CreateCustomKeyStore - us-east-1 CreateCustomKeyStore 5 1
DeleteCustomKeyStore - us-east-1 DeleteCustomKeyStore 5 1
DescribeCustomKeyStores - us-east-1 DescribeCustomKeyStores 5 1
DisconnectCustomKeyStore - us-east-1 DisconnectCustomKeyStore 5 1
UpdateCustomKeyStore - us-east-1 UpdateCustomKeyStore 5 1
CreateAlias - us-east-1 CreateAlias 5 1
CreateKey - us-east-1 CreateKey 5 1
DeleteImportedKeyMaterial - us-east-1 DeleteImportedKeyMaterial 5 1
DisableKey - us-east-1 DisableKey 5 1
DisableKeyRotation - us-east-1 DisableKeyRotation 5 1
EnableKey - us-east-1 EnableKey 5 1
ImportKeyMaterial - us-east-1 ImportKeyMaterial 5 1
ReplicateKey - us-east-1 ReplicateKey 5 1
RotateKeyOnDemand - us-east-1 RotateKeyOnDemand 5 1
UntagResource - us-east-1 UntagResource 5 1
UpdateAlias - us-east-1 UpdateAlias 5 1
UpdateKeyDescription - us-east-1 UpdateKeyDescription 5 1
UpdatePrimaryRegion - us-east-1 UpdatePrimaryRegion 5 1
GetParametersForImport - us-east-1 GetParametersForImport 1 4
";

#[test]
fn quotas_are_aws_s() {
    for row in AWS.lines().filter(|line| !line.is_empty()) {
        let [operation, spec, region, name, calls, seconds] = row.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let spec = (spec != "-").then(|| spec.parse().unwrap());
        let rate = Rate { calls: calls.parse().unwrap(), seconds: seconds.parse().unwrap() };
        assert_eq!(rates::of(operation, spec, region.parse().unwrap()), Quota { name, rate }, "{row}");
    }
}

#[test]
fn the_table_has_every_operation_but_key_pairs() {
    let known: std::collections::BTreeSet<&str> = AWS.lines().filter_map(|line| line.split(' ').next()).collect();
    for operation in sealroom_api::kms::Operation::ALL {
        let pair = operation.name().starts_with("GenerateDataKeyPair");
        assert_ne!(known.contains(operation.name()), pair, "{}", operation.name());
    }
}

#[test]
fn key_pairs_have_quotas_of_their_own() {
    for (pair, calls, seconds) in [
        ("ECC_NIST_P256", 25, 1),
        ("ECC_NIST_P384", 10, 1),
        ("ECC_NIST_P521", 5, 1),
        ("ECC_SECG_P256K1", 25, 1),
        ("SM2", 25, 1),
        ("RSA_2048", 1, 1),
        ("RSA_3072", 1, 2),
        ("RSA_4096", 1, 10),
    ] {
        assert_eq!(rates::of_pair(pair), Quota { name: pair, rate: Rate { calls, seconds } });
    }
}
