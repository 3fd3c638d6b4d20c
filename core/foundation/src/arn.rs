//! Amazon Resource Names, split and borrowed, never interpreted: what a resource part means is its service's affair.

use std::fmt;

/// A group of Regions with its own ARN prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Partition {
    /// `aws`
    Aws,
    /// `aws-cn`
    AwsCn,
    /// `aws-us-gov`
    AwsUsGov,
}

impl Partition {
    /// The partition that a Region name's beginning tells: `cn-`, `us-gov-`, else `aws`.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        if region.starts_with("cn-") {
            return Self::AwsCn;
        }
        if region.starts_with("us-gov-") { Self::AwsUsGov } else { Self::Aws }
    }

    /// The partition of that name; `aws` for all others.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name {
            "aws-cn" => Self::AwsCn,
            "aws-us-gov" => Self::AwsUsGov,
            _ => Self::Aws,
        }
    }

    /// The text in an ARN.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The six parts of `arn:partition:service:region:account:resource`. Region and account may be empty; the resource
/// may hold colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// `kms`, `iam`, …
    pub service: &'a str,
    /// Empty for global services.
    pub region: &'a str,
    /// Twelve digits, or empty.
    pub account: &'a str,
    /// Everything after the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits `text`; `None` when it doesn't begin with `arn:`, has fewer than six parts, or an empty partition,
    /// service or resource.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        let filled = !arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty();
        filled.then_some(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_into_six_parts() {
        let arn = Arn::parse("arn:aws:sns:us-east-1:111122223333:topic:more").unwrap();
        assert_eq!((arn.service, arn.region, arn.resource), ("sns", "us-east-1", "topic:more"));
        let arn = Arn::parse("arn:aws:iam::111122223333:root").unwrap();
        assert_eq!((arn.region, arn.account, arn.resource), ("", "111122223333", "root"));
    }

    #[test]
    fn refuses_what_is_no_arn() {
        for wrong in ["", "arn", "arn:aws:kms", "urn:aws:kms:r:a:x", "arn::kms:r:a:x", "arn:aws:kms:r:a:"] {
            assert_eq!(Arn::parse(wrong), None, "{wrong}");
        }
    }
}
