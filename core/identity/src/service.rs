//! The services of this program as principals: [`Service`], and [`ServiceIdentity`], a room's own name.

use std::sync::Arc;

use sealroom_foundation::{AccountId, Arn, Region};

use crate::caller::Caller;
use crate::who::Who;

/// A service of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// `kms`
    Kms,
    /// `s3`
    S3,
    /// `cloudtrail`
    CloudTrail,
    /// `secretsmanager`
    SecretsManager,
    /// `sqs`
    Sqs,
    /// `ec2`, of which volumes are a part
    Ec2,
    /// `rds`
    Rds,
    /// `redshift`
    Redshift,
    /// `dynamodb`
    DynamoDb,
    /// `lambda`
    Lambda,
}

impl Service {
    /// `s3.amazonaws.com`: its principal in policies, `invokedBy` in events.
    #[must_use]
    pub fn principal(self) -> &'static str {
        match self {
            Self::Kms => "kms.amazonaws.com",
            Self::S3 => "s3.amazonaws.com",
            Self::CloudTrail => "cloudtrail.amazonaws.com",
            Self::SecretsManager => "secretsmanager.amazonaws.com",
            Self::Sqs => "sqs.amazonaws.com",
            Self::Ec2 => "ec2.amazonaws.com",
            Self::Rds => "rds.amazonaws.com",
            Self::Redshift => "redshift.amazonaws.com",
            Self::DynamoDb => "dynamodb.amazonaws.com",
            Self::Lambda => "lambda.amazonaws.com",
        }
    }

    /// `s3.eu-central-1.amazonaws.com`: the value of `kms:ViaService`.
    #[must_use]
    pub fn endpoint(self, region: Region) -> String {
        let name = self.principal().trim_end_matches(".amazonaws.com");
        format!("{name}.{region}.amazonaws.com")
    }
}

/// A room's right to act under its own name. Made once for each room, when the rooms are put together, by
/// [`crate::Identity::service`].
///
/// ```compile_fail
/// let forged = sealroom_identity::ServiceIdentity(sealroom_identity::Service::S3);
/// ```
/// ```compile_fail
/// fn twice(one: sealroom_identity::ServiceIdentity) -> sealroom_identity::ServiceIdentity { one.clone() }
/// ```
#[derive(Debug)]
pub struct ServiceIdentity(Service);

impl ServiceIdentity {
    pub(crate) fn new(service: Service) -> Self {
        Self(service)
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> Service {
        self.0
    }

    /// The service itself, acting on `resource_arn` in the resource's account: for jobs, and for what a service does on
    /// its own. `None` when the ARN names no account.
    #[must_use]
    pub fn caller_for(&self, resource_arn: &str) -> Option<Caller> {
        let account: AccountId = Arn::parse(resource_arn)?.account.parse().ok()?;
        Some(Caller::from(Arc::new(Who::service(self.0, account))).acting_for(resource_arn))
    }
}
