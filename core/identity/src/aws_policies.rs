//! The managed policies that AWS provides and that concern what is served here: every account can attach them, nobody can
//! change them.
//!
//! The documents are what AWS publishes for these names, with the actions of services that aren't here left in where they
//! stand among others. A policy that isn't in this list doesn't exist here.

use std::sync::{Arc, LazyLock};

use sealroom_authz::{AttachedPolicy, Policy, PolicyKind};
use sealroom_foundation::{Partition, Timestamp};

use crate::records::entity::PolicyRef;

/// One of AWS's own policies.
pub(crate) struct AwsPolicy {
    pub(crate) name: &'static str,
    /// `/`, or `/service-role/` and the like.
    pub(crate) path: &'static str,
    /// `ANPA…`
    pub(crate) id: &'static str,
    pub(crate) description: &'static str,
    /// The number of the version that is shown.
    pub(crate) version: u32,
    /// Seconds since 1970.
    created: i64,
    pub(crate) document: &'static str,
}

impl AwsPolicy {
    pub(crate) fn reference(&self) -> PolicyRef {
        PolicyRef::aws(self.path, self.name)
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::from_seconds(self.created)
    }
}

macro_rules! document {
    ($statement:literal) => {
        concat!(r#"{"Version":"2012-10-17","Statement":["#, $statement, "]}")
    };
}

/// By name.
pub(crate) const ALL: &[AwsPolicy] = &[
    AwsPolicy {
        name: "AWSKeyManagementServicePowerUser",
        path: "/",
        id: "ANPAJNPP7PPPPMJRV2SA4",
        description: "Provides access to AWS Key Management Service (KMS).",
        version: 2,
        created: 1_423_248_004,
        document: document!(
            r#"{"Effect":"Allow","Action":["kms:CreateAlias","kms:CreateKey","kms:DeleteAlias","kms:Describe*","kms:GenerateRandom","kms:Get*","kms:List*","kms:TagResource","kms:UntagResource","iam:ListGroups","iam:ListRoles","iam:ListUsers"],"Resource":"*"}"#
        ),
    },
    AwsPolicy {
        name: "AdministratorAccess",
        path: "/",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        description: "Provides full access to AWS services and resources.",
        version: 1,
        created: 1_423_247_966,
        document: document!(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#),
    },
    AwsPolicy {
        name: "AmazonS3FullAccess",
        path: "/",
        id: "ANPAIFIR6V6BVTRAHWINE",
        description: "Provides full access to all buckets via the AWS Management Console.",
        version: 2,
        created: 1_423_248_058,
        document: document!(r#"{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}"#),
    },
    AwsPolicy {
        name: "AmazonS3ReadOnlyAccess",
        path: "/",
        id: "ANPAIZTJ4DXE7G6AGAE6M",
        description: "Provides read only access to all buckets via the AWS Management Console.",
        version: 3,
        created: 1_423_248_059,
        document: document!(
            r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}"#
        ),
    },
    AwsPolicy {
        name: "AmazonSQSFullAccess",
        path: "/",
        id: "ANPAI65L554VRJ33ECQS6",
        description: "Provides full access to Amazon SQS via the AWS Management Console.",
        version: 1,
        created: 1_423_248_047,
        document: document!(r#"{"Action":["sqs:*"],"Effect":"Allow","Resource":"*"}"#),
    },
    AwsPolicy {
        name: "IAMFullAccess",
        path: "/",
        id: "ANPAI7XKCFMBPM3QQRRVQ",
        description: "Provides full access to IAM via the AWS Management Console.",
        version: 2,
        created: 1_423_247_998,
        document: document!(
            r#"{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}"#
        ),
    },
    AwsPolicy {
        name: "IAMReadOnlyAccess",
        path: "/",
        id: "ANPAJKSO7NDY4T57MWDSQ",
        description: "Provides read only access to IAM via the AWS Management Console.",
        version: 4,
        created: 1_423_247_999,
        document: document!(
            r#"{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}"#
        ),
    },
    AwsPolicy {
        name: "PowerUserAccess",
        path: "/",
        id: "ANPAJYRXTHIB4FOVS3ZXS",
        description: "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
        version: 5,
        created: 1_423_247_967,
        document: document!(
            r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}"#
        ),
    },
];

/// The policy that `reference` points at.
pub(crate) fn find(reference: &PolicyRef) -> Option<&'static AwsPolicy> {
    ALL.iter().find(|policy| policy.reference() == *reference)
}

/// The same, compiled.
pub(crate) fn compiled(reference: &PolicyRef) -> Option<AttachedPolicy> {
    static COMPILED: LazyLock<Vec<(PolicyRef, AttachedPolicy)>> = LazyLock::new(|| {
        let compile = |policy: &AwsPolicy| {
            let compiled = Arc::new(Policy::parse(policy.document, PolicyKind::Identity).ok()?);
            let reference = policy.reference();
            let name = reference.arn(Partition::Aws).into();
            Some((reference, AttachedPolicy { name, policy: compiled }))
        };
        ALL.iter().filter_map(compile).collect()
    });
    COMPILED.iter().find(|(known, _)| known == reference).map(|(_, policy)| policy.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_compiles_and_stands_in_its_place() {
        for policy in ALL {
            assert!(compiled(&policy.reference()).is_some(), "{}", policy.name);
            assert_eq!(policy.id.len(), 21, "{}", policy.name);
        }
        assert!(ALL.is_sorted_by_key(|policy| policy.name));
        assert!(compiled(&PolicyRef::aws("/", "NoSuchPolicy")).is_none());
    }
}
