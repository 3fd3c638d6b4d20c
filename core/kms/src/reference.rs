//! What a request's `KeyId` can say: an id, a key ARN, an alias name or an alias ARN, as it stands in the text.
//!
//! This module parses and knows no store: whether such a key exists is `resolve`'s question. What would surprise: a
//! text that is no ARN of KMS isn't a malformed ARN to KMS but a key id that doesn't exist, and is told so.

use sealroom_foundation::{AccountId, Arn, KeyArn, KeyId, Region};

/// The prefix of alias names; they keep it everywhere.
pub(crate) const ALIAS_PREFIX: &str = "alias/";

/// A `KeyId` taken apart. Borrowed from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyReference<'a> {
    /// A bare key id: a key of the caller's account.
    Id(KeyId),
    /// A key ARN, of any account and Region.
    Arn(KeyArn),
    /// An alias name with its prefix: an alias of the caller's account.
    Alias(&'a str),
    /// An alias ARN, of any account and Region.
    AliasArn(AliasArn<'a>),
}

/// An alias ARN taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AliasArn<'a> {
    /// The Region in the ARN.
    pub(crate) region: Region,
    /// The account that owns the alias.
    pub(crate) account: AccountId,
    /// The name with its prefix.
    pub(crate) name: &'a str,
}

/// Why a text is no reference to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReferenceError<'a> {
    /// Neither an id nor an ARN of KMS; holds the text that KMS repeats: the id part of a key ARN, or the whole.
    Invalid(&'a str),
}

impl<'a> KeyReference<'a> {
    /// Takes `text` apart. The model's length limits are checked already.
    ///
    /// # Errors
    /// [`ReferenceError::Invalid`] when it has none of the four forms.
    pub(crate) fn parse(text: &'a str) -> Result<Self, ReferenceError<'a>> {
        if text.starts_with(ALIAS_PREFIX) {
            return Ok(Self::Alias(text));
        }
        if text.starts_with("arn:") {
            return parse_arn(text);
        }
        text.parse().map(Self::Id).map_err(|_| ReferenceError::Invalid(text))
    }

    /// Whether this names a key by an alias.
    pub(crate) fn is_alias(&self) -> bool {
        match self {
            Self::Alias(_) | Self::AliasArn(_) => true,
            Self::Id(_) | Self::Arn(_) => false,
        }
    }

    /// The name of the alias, with its prefix, when the key is named by one.
    pub(crate) fn alias_name(&self) -> Option<&'a str> {
        match self {
            Self::Alias(name) => Some(name),
            Self::AliasArn(arn) => Some(arn.name),
            Self::Id(_) | Self::Arn(_) => None,
        }
    }
}

fn parse_arn(text: &str) -> Result<KeyReference<'_>, ReferenceError<'_>> {
    let invalid = ReferenceError::Invalid(text);
    let arn = Arn::parse(text).filter(|arn| arn.service == "kms").ok_or(invalid)?;
    let region: Region = arn.region.parse().map_err(|_| invalid)?;
    let account: AccountId = arn.account.parse().map_err(|_| invalid)?;
    if region.partition().as_str() != arn.partition {
        return Err(invalid);
    }
    if arn.resource.starts_with(ALIAS_PREFIX) {
        return Ok(KeyReference::AliasArn(AliasArn { region, account, name: arn.resource }));
    }
    let id = arn.resource.strip_prefix("key/").ok_or(invalid)?;
    let key = id.parse().map_err(|_| ReferenceError::Invalid(id))?;
    Ok(KeyReference::Arn(KeyArn { region, account, key }))
}

/// The ARN of the alias `name` (with its prefix).
pub(crate) fn alias_arn(region: &Region, account: &AccountId, name: &str) -> String {
    format!("arn:{}:kms:{region}:{account}:{name}", region.partition())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const MRK: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

    #[test]
    fn the_four_forms_parse() {
        assert_eq!(KeyReference::parse(ID), Ok(KeyReference::Id(ID.parse().unwrap())));
        assert_eq!(KeyReference::parse(MRK), Ok(KeyReference::Id(MRK.parse().unwrap())));
        assert_eq!(KeyReference::parse("alias/a/b"), Ok(KeyReference::Alias("alias/a/b")));
        let (region, account) = ("eu-central-1".parse().unwrap(), "111122223333".parse().unwrap());
        assert_eq!(
            KeyReference::parse(&format!("arn:aws:kms:eu-central-1:111122223333:key/{MRK}")),
            Ok(KeyReference::Arn(KeyArn { region, account, key: MRK.parse().unwrap() }))
        );
        assert_eq!(
            KeyReference::parse("arn:aws:kms:eu-central-1:111122223333:alias/x"),
            Ok(KeyReference::AliasArn(AliasArn { region, account, name: "alias/x" }))
        );
    }

    #[test]
    fn anything_else_is_an_invalid_key_id() {
        for (text, told) in [
            ("fake-key-id", "fake-key-id"),
            ("mrk-fake-key-id", "mrk-fake-key-id"),
            ("1234abcd12ab34cd56ef1234567890ab", "1234abcd12ab34cd56ef1234567890ab"),
            ("arn:aws:kms:us-east-1:111122223333:key/fake", "fake"),
            ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
            ("arn:aws:kms:us-east-1:1:key/x", "arn:aws:kms:us-east-1:1:key/x"),
            ("arn:aws-cn:kms:us-east-1:111122223333:key/x", "arn:aws-cn:kms:us-east-1:111122223333:key/x"),
            ("arn:aws:kms:us-east-1:111122223333:grant/x", "arn:aws:kms:us-east-1:111122223333:grant/x"),
            ("arn:", "arn:"),
        ] {
            assert_eq!(KeyReference::parse(text), Err(ReferenceError::Invalid(told)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_arn_parses_to_itself(bytes: [u8; 16], multi_region: bool, digits in "[0-9]{12}", region in "(us|eu|cn)-(east|west)-[1-9]") {
            let arn = KeyArn {
                region: region.parse().unwrap(),
                account: digits.parse().unwrap(),
                key: KeyId::from_random(bytes, multi_region),
            };
            let text = arn.to_string();
            prop_assert_eq!(KeyReference::parse(&text), Ok(KeyReference::Arn(arn)));
        }

        #[test]
        fn no_text_makes_it_fail_otherwise(text in "\\PC{0,80}") {
            let _ = KeyReference::parse(&text);
            let _ = KeyReference::parse(&format!("arn:aws:kms:{text}"));
        }
    }
}
