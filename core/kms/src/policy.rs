//! Key policies as a request brings them: which are refused, and what stands in when none is brought.
//!
//! What a policy means is `authz`'s affair. This module adds what needs other rooms: whether the principals exist,
//! whether the caller would lock itself out, and AWS's texts.

use sealroom_authz::{
    ConditionKeys, Facts, Malformed, Policy, PolicyKind, Presence, Resource, ResourcePolicy, would_allow_put_policy,
};
use sealroom_foundation::{AccountId, KeyArn, Partition};
use sealroom_identity::{Bound, Call, Service};

use crate::authorize;
use crate::conditions::{Conditions, one};
use crate::error::KmsError;
use crate::kms::Kms;

/// The policy of a key that was made without one: the account's own policies decide. Laid out as AWS shows it.
pub(crate) fn default_policy(partition: Partition, account: AccountId) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

/// The condition keys of the PutKeyPolicy that the lockout check imagines: those of the request, and the name of the only
/// policy that can be put.
struct Later<'a>(&'a Conditions<'a>);

impl ConditionKeys for Later<'_> {
    fn lookup(&self, key: &str, visit: &mut dyn FnMut(&str)) -> Presence {
        match key {
            "kms:policyname" => one(Some("default"), visit),
            other => self.0.lookup(other, visit),
        }
    }
}

/// The policy of the AWS managed key of `service`: used through the service alone, seen by the account.
pub(crate) fn managed_policy(service: Service, arn: &KeyArn) -> String {
    let KeyArn { region, account, .. } = arn;
    let (name, endpoint, partition) = (managed_name(service), service.endpoint(*region), region.partition());
    let title = managed_title(service);
    format!(
        r#"{{"Version":"2012-10-17","Id":"auto-{name}-1","Statement":[{{"Sid":"Allow access through {title} for all principals in the account that are authorized to use {short}","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*","Condition":{{"StringEquals":{{"kms:CallerAccount":"{account}","kms:ViaService":"{endpoint}"}}}}}},{{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::{account}:root"}},"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}}]}}"#,
        short = managed_short(service),
    )
}

/// The service's name in `alias/aws/<name>`: that of its endpoint, but that EC2's key is that of its volumes.
pub(crate) fn managed_name(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "ebs",
        other => other.principal().trim_end_matches(".amazonaws.com"),
    }
}

/// The services that an account can have a managed key for, in the order of their names.
const MANAGED: [Service; 8] = [
    Service::DynamoDb,
    Service::Ec2,
    Service::Lambda,
    Service::Rds,
    Service::Redshift,
    Service::S3,
    Service::SecretsManager,
    Service::Sqs,
];

/// The names behind `alias/aws/`.
pub(crate) fn managed_names() -> impl Iterator<Item = &'static str> {
    MANAGED.into_iter().map(managed_name)
}

/// The service whose key `alias/aws/<name>` is.
pub(crate) fn managed_service(name: &str) -> Option<Service> {
    MANAGED.into_iter().find(|service| managed_name(*service) == name)
}

fn managed_title(service: Service) -> &'static str {
    match service {
        Service::Kms => "Key Management Service (KMS)",
        Service::S3 => "S3",
        Service::CloudTrail => "CloudTrail",
        Service::SecretsManager => "AWS Secrets Manager",
        Service::Sqs => "Simple Queue Service (SQS)",
        Service::Ec2 => "EBS",
        Service::Rds => "RDS",
        Service::Redshift => "Redshift",
        Service::DynamoDb => "DynamoDB",
        Service::Lambda => "Lambda",
    }
}

fn managed_short(service: Service) -> &'static str {
    match service {
        Service::Sqs => "SQS",
        Service::Kms => "KMS",
        other => managed_title(other),
    }
}

/// What a managed key says of itself.
pub(crate) fn managed_description(service: Service) -> String {
    let what = match service {
        Service::S3 => "S3 objects",
        Service::Sqs => "SQS messages",
        Service::SecretsManager => "Secrets Manager data",
        Service::Ec2 => "EBS volumes",
        Service::Rds => "RDS database volumes",
        Service::Redshift => "Redshift clusters",
        Service::DynamoDb => "DynamoDB data",
        Service::Lambda => "Lambda functions",
        Service::CloudTrail => "CloudTrail logs",
        Service::Kms => "KMS data",
    };
    format!("Default key that protects my {what} when no other key is defined")
}

impl Kms {
    /// Checks the policy that a caller wants to put on `key`: who the users and roles are that it names.
    ///
    /// # Errors
    /// The policy's own faults, unknown principals, then the lockout.
    pub(crate) async fn check_policy(
        &self,
        call: &Call,
        key: &KeyArn,
        text: &str,
        bypass_lockout_check: bool,
        conditions: &Conditions<'_>,
    ) -> Result<Bound, KmsError> {
        let policy =
            Policy::parse(text, PolicyKind::Key { account: key.account }).map_err(|error| match error.kind {
                Malformed::TooLarge { .. } => KmsError::PolicySize,
                Malformed::InvalidPrincipal { .. } => KmsError::PolicyPrincipal,
                _ => KmsError::Policy,
            })?;
        let bound = self.identity.bind(&policy).await?.map_err(|_absent| KmsError::PolicyPrincipal)?;
        let arn = key.to_string();
        let resource = Resource { arn: &arn, account: Some(key.account) };
        let later = Later(conditions);
        let facts = authorize::facts(call, "kms:PutKeyPolicy", resource, ResourcePolicy::None, conditions);
        let facts = Facts { conditions: &later, ..facts };
        if bypass_lockout_check || would_allow_put_policy(&policy, resource, &facts) {
            return Ok(bound);
        }
        Err(KmsError::Lockout)
    }
}
