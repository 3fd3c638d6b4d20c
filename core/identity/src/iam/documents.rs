//! Policy documents as requests bring them: which are refused, and how they are shown again.

use std::fmt::Write as _;

use sealroom_authz::{Malformed, Policy, PolicyKind, PrincipalName};
use sealroom_foundation::AccountId;

use crate::iam::desk::Desk;
use crate::iam::error::{IamError, invalid_principal, text_of};
use crate::principals::Bound;
use crate::records::entity::HolderKind;

/// LIMIT: characters of a managed policy, blanks aside (IAM, "IAM and AWS STS quotas").
const MANAGED: usize = 6_144;
/// LIMIT: characters of a trust policy, blanks aside.
const TRUST: usize = 2_048;

/// LIMIT: characters of all inline policies of one holder together, blanks aside.
fn inline_limit(kind: HolderKind) -> usize {
    match kind {
        HolderKind::User => 2_048,
        HolderKind::Group => 5_120,
        HolderKind::Role => 10_240,
    }
}

/// Checks a managed policy.
///
/// # Errors
/// IAM's text for what is wrong with it.
pub(crate) fn managed(text: &str) -> Result<(), IamError> {
    read(text, PolicyKind::Identity)?;
    if weight(text) > MANAGED {
        return Err(IamError::Quota { what: "PolicySize", limit: MANAGED });
    }
    Ok(())
}

/// Checks an inline policy of the holder called `name`, whose other ones weigh `others`.
///
/// # Errors
/// IAM's text for what is wrong with it.
pub(crate) fn inline(text: &str, kind: HolderKind, name: &str, others: usize) -> Result<(), IamError> {
    read(text, PolicyKind::Identity)?;
    let limit = inline_limit(kind);
    if weight(text).saturating_add(others) > limit {
        return Err(IamError::InlineSize { kind, name: name.to_owned(), limit });
    }
    Ok(())
}

/// Checks a trust policy of a role: its principals must exist. Who they are now.
///
/// # Errors
/// IAM's text for what is wrong with it.
pub(crate) async fn trust(desk: &Desk<'_>, text: &str) -> Result<Bound, IamError> {
    let account: AccountId = desk.account();
    let policy = read(text, PolicyKind::Trust { account })?;
    let bound = desk.identity().bind(&policy).await?.map_err(|name| {
        let (kind, name) = shown(&name);
        IamError::Document(invalid_principal(kind, &name))
    })?;
    if weight(text) > TRUST {
        return Err(IamError::Quota { what: "ACLSizePerRole", limit: TRUST });
    }
    Ok(bound)
}

fn shown(name: &PrincipalName) -> (&'static str, String) {
    match name {
        PrincipalName::Everyone => ("AWS", "*".to_owned()),
        PrincipalName::Account(account) => ("AWS", account.to_string()),
        PrincipalName::User(name)
        | PrincipalName::Role(name)
        | PrincipalName::Session(name)
        | PrincipalName::UniqueId(name) => ("AWS", name.to_string()),
        PrincipalName::Service(name) => ("Service", name.to_string()),
        PrincipalName::Federated(name) => ("Federated", name.to_string()),
        PrincipalName::CanonicalUser(name) => ("CanonicalUser", name.to_string()),
    }
}

/// Reads a document.
///
/// # Errors
/// IAM's text for what is wrong with it.
pub(crate) fn read(text: &str, kind: PolicyKind) -> Result<Policy, IamError> {
    Policy::parse(text, kind).map_err(|malformed| match malformed.kind {
        Malformed::TooLarge { limit, .. } => IamError::Quota { what: "PolicySize", limit },
        _ => IamError::Document(text_of(&malformed)),
    })
}

/// What counts of a document: IAM leaves blanks out.
pub(crate) fn weight(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// A document as IAM answers it: percent-encoded (RFC 3986).
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // INVARIANT: writing to a string doesn't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_shown_percent_encoded() {
        assert_eq!(encoded(r#"{"A":"é *~"}"#), "%7B%22A%22%3A%22%C3%A9%20%2A~%22%7D");
    }

    #[test]
    fn blanks_weigh_nothing() {
        assert_eq!(weight("{ \"a\" :\n\t1 }"), 7);
        let long = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":["*"{}]}}}}"#,
            r#","*""#.repeat(1_600)
        );
        assert!(matches!(managed(&long), Err(IamError::Quota { what: "PolicySize", limit: 6_144 })));
        assert!(matches!(inline(&long, HolderKind::Role, "r", 8_000), Err(IamError::InlineSize { limit: 10_240, .. })));
        assert!(inline(&long, HolderKind::Role, "r", 0).is_ok());
    }
}
