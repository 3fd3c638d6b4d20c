//! Where grants lie. The row of a grant is copied to each place where it is looked for.
//!
//! ```text
//! kms / <account> / <region> / granted    / <key id>                                  the mark of the last change
//! kms / <account> / <region> / grant      / <key id> / <grant id>                     GrantRecord
//! kms / <account> / <region> / grantee    / <key id> / <digest of grantee> / <grant id>      the same
//! kms / <account> / <region> / grant-name / <key id> / <digest of what was asked>     NamedGrant
//! kms / <retirer's account> / <region> / retiring / <digest of retirer> / <account> / <key id> / <grant id>  GrantRecord
//! ```
//!
//! Services that may retire are found under the platform's account.

use sealroom_foundation::{AccountId, KeyArn, Region};
use sealroom_store::KeyPath;

use crate::grants::held::Holder;
use crate::grants::record::{GrantId, GrantRecord};
use crate::paths::{account, region_of};

fn of_key(kind: &str, key: &KeyArn) -> KeyPath {
    region_of(key.account, key.region).text(kind).text(&key.key.to_string())
}

/// The mark that each change of a key's grants leaves. A key without it has never had any.
pub(crate) fn granted(key: &KeyArn) -> KeyPath {
    of_key("granted", key)
}

/// The prefix of a key's grants.
pub(crate) fn grants(key: &KeyArn) -> KeyPath {
    of_key("grant", key)
}

pub(crate) fn grant(key: &KeyArn, id: &GrantId) -> KeyPath {
    grants(key).text(id.as_str())
}

/// The prefix of what a grantee holds on a key.
pub(crate) fn held(holder: &Holder) -> KeyPath {
    holdings(&holder.key).bytes(&holder.digest)
}

pub(crate) fn holding(grant: &GrantRecord) -> KeyPath {
    held(&Holder { key: grant.key, digest: grant.grantee.digest() }).text(grant.id.as_str())
}

/// The prefix of what anybody holds on a key.
pub(crate) fn holdings(key: &KeyArn) -> KeyPath {
    of_key("grantee", key)
}

/// The grant that was made for a named request.
pub(crate) fn named(key: &KeyArn, asked: [u8; 32]) -> KeyPath {
    of_key("grant-name", key).bytes(&asked)
}

/// The prefix of the grants that somebody may retire.
pub(crate) fn retirables(account: AccountId, region: Region, retirer: [u8; 32]) -> KeyPath {
    region_of(account, region).text("retiring").bytes(&retirer)
}

/// One of them.
pub(crate) fn retirable(prefix: KeyPath, key: &KeyArn, id: &GrantId) -> KeyPath {
    prefix.text(key.account.as_str()).text(&key.key.to_string()).text(id.as_str())
}

/// Whose holding a row is part of.
pub(crate) fn held_of(path: &KeyPath) -> Option<Holder> {
    let mut parts = path.segments().skip(1);
    let mut text = || parts.next().and_then(|part| String::from_utf8(part).ok());
    let (owner, region) = (text()?, text()?);
    if text()? != "grantee" {
        return None;
    }
    let key = text()?.parse().ok()?;
    let key = KeyArn { account: account(&owner)?, region: region.parse().ok()?, key };
    Some(Holder { key, digest: parts.next()?.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::{entry_of, key, key_of};

    #[test]
    fn paths_are_read_back_by_their_mirrors_and_no_others() {
        let arn = KeyArn {
            region: "eu-central-1".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
        };
        let id = GrantId::from_random([7; 32]);
        // Bytes that paths escape.
        let holder = Holder { key: arn, digest: std::array::from_fn(|at| u8::try_from(at % 3).unwrap()) };
        assert_eq!(held_of(&held(&holder).text(id.as_str())), Some(holder));
        assert_eq!(entry_of(&granted(&arn)), Some(arn));
        assert_eq!(entry_of(&key(&arn)), Some(arn));
        let retirable = retirable(retirables(arn.account, arn.region, [1; 32]), &arn, &id);
        for other in [granted(&arn), grant(&arn, &id), named(&arn, [1; 32]), retirable, key(&arn)] {
            assert_eq!(held_of(&other), None, "{other}");
        }
        for other in [grant(&arn, &id), named(&arn, [1; 32]), grants(&arn)] {
            assert_eq!(entry_of(&other).or(key_of(&other)), None, "{other}");
        }
        assert_eq!(key_of(&granted(&arn)), None);
    }
}
