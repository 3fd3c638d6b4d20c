//! Where the room keeps its rows.
//!
//! ```text
//! kms / <account> / <region> / key       / <key id>                    KeyDocument
//! kms / <account> / <region> / material  / <key id> / <material id>    Material: every piece but the current one
//! kms / <account> / <region> / rotation  / <key id> / <number>         RotationRecord, in the order of time
//! kms / <account> / <region> / alias     / <alias name>                AliasRecord
//! kms / <account> / <region> / named     / <key id>                    KeyAliases: the names of the key's aliases
//! kms / <account> / <region> / used      / <key id>                    UsedRecord: the last use that was noted
//! kms / <account> / <region> / tombstone / <key id>                    Tombstone
//! kms / <account> / <region> / tombstone / <key id> / <material id>    Tombstone of pieces that went ahead of their key
//! kms / <account> / <region> / granted, grant, grantee, grant-name, retiring / ...    see `grants::paths`
//! kms / due / <micros> / <kind> / <account> / <region> / <key id>      what falls due, in order of time
//! kms / noted                                                          Noted: how far the journal's uses are noted
//! ```
//!
//! What related multi-Region keys have in common, the history and the pieces of material that aren't current, lies in the
//! Region of the first of them ([`KeyRecord::home`](crate::record::KeyRecord::home)).
//!
//! No account is called `due` or `noted`, so the last lines can't meet the others.

use sealroom_foundation::{AccountId, KeyArn, KeyId, MaterialId, Region, Timestamp};
use sealroom_store::KeyPath;

const ROOM: &str = "kms";
const DUE: &str = "due";

/// The name of an alias with its owner: what the alias mirror is keyed by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AliasName {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// With its prefix.
    pub(crate) name: Box<str>,
}

/// What falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DueKind {
    /// The destruction of a key whose deletion was scheduled.
    DeleteKey,
    /// What is left of a destroyed key's grants.
    DeleteGrants,
    /// The end of imported material.
    ExpireMaterial,
    /// A rotation by its period.
    RotateKey,
    /// The end of a rotation that RotateKeyOnDemand began.
    RotateOnDemand,
    /// The end of a replica's making, or of a change of places between primary and replica.
    SettleKey,
}

impl DueKind {
    const ALL: [Self; 6] = [
        Self::DeleteKey,
        Self::DeleteGrants,
        Self::ExpireMaterial,
        Self::RotateKey,
        Self::RotateOnDemand,
        Self::SettleKey,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::DeleteKey => "delete-key",
            Self::DeleteGrants => "delete-grants",
            Self::ExpireMaterial => "expire-material",
            Self::RotateKey => "rotate-key",
            Self::RotateOnDemand => "rotate-on-demand",
            Self::SettleKey => "settle-key",
        }
    }
}

/// A due row's path, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    pub(crate) kind: DueKind,
    pub(crate) key: KeyArn,
}

/// The prefix of everything in this room.
pub(crate) fn room() -> KeyPath {
    KeyPath::build(ROOM)
}

pub(crate) fn region_of(account: AccountId, region: Region) -> KeyPath {
    room().text(account.as_str()).text(region.as_str())
}

/// The prefix of an account's keys in a Region.
pub(crate) fn keys(account: AccountId, region: Region) -> KeyPath {
    region_of(account, region).text("key")
}

pub(crate) fn key(arn: &KeyArn) -> KeyPath {
    keys(arn.account, arn.region).text(&arn.key.to_string())
}

/// A piece of a key's material: what the mirror of pieces is keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MaterialName {
    pub(crate) key: KeyArn,
    pub(crate) id: MaterialId,
}

/// The prefix of a key's pieces of material that aren't current.
pub(crate) fn materials(arn: &KeyArn) -> KeyPath {
    region_of(arn.account, arn.region).text("material").text(&arn.key.to_string())
}

pub(crate) fn material(arn: &KeyArn, id: &MaterialId) -> KeyPath {
    materials(arn).text(&id.to_string())
}

/// The prefix of a key's history.
pub(crate) fn rotations(arn: &KeyArn) -> KeyPath {
    region_of(arn.account, arn.region).text("rotation").text(&arn.key.to_string())
}

/// The entry of a key's history at a place, from 0.
pub(crate) fn rotation(arn: &KeyArn, place: u32) -> KeyPath {
    rotations(arn).u64_be(place.into())
}

/// The prefix of an account's aliases in a Region.
pub(crate) fn aliases(account: AccountId, region: Region) -> KeyPath {
    region_of(account, region).text("alias")
}

pub(crate) fn alias(alias: &AliasName) -> KeyPath {
    aliases(alias.account, alias.region).text(&alias.name)
}

/// The list of a key's aliases. A key without it has never had any.
pub(crate) fn named(arn: &KeyArn) -> KeyPath {
    region_of(arn.account, arn.region).text("named").text(&arn.key.to_string())
}

pub(crate) fn used(arn: &KeyArn) -> KeyPath {
    region_of(arn.account, arn.region).text("used").text(&arn.key.to_string())
}

pub(crate) fn noted() -> KeyPath {
    room().text("noted")
}

pub(crate) fn tombstone(arn: &KeyArn) -> KeyPath {
    region_of(arn.account, arn.region).text("tombstone").text(&arn.key.to_string())
}

/// The tombstone of pieces that went before their key, of which this was the first.
pub(crate) fn tombstone_of_pieces(arn: &KeyArn, first: &MaterialId) -> KeyPath {
    tombstone(arn).text(&first.to_string())
}

/// Whether a row is what remains of a destroyed key.
pub(crate) fn is_tombstone(path: &KeyPath) -> bool {
    path.starts_with(&room()) && key_under(path).is_some_and(|(kind, _)| kind == "tombstone")
}

/// Whether a row tells of pieces that went before their key.
pub(crate) fn is_tombstone_of_pieces(path: &KeyPath) -> bool {
    path.starts_with(&room()) && piece_under(path).is_some_and(|(kind, _)| kind == "tombstone")
}

/// The prefix of all due rows.
pub(crate) fn dues() -> KeyPath {
    room().text(DUE)
}

pub(crate) fn due(due: &Due) -> KeyPath {
    let micros = u64::try_from(due.at.as_micros()).unwrap_or(0);
    dues()
        .u64_be(micros)
        .text(due.kind.as_str())
        .text(due.key.account.as_str())
        .text(due.key.region.as_str())
        .text(&due.key.key.to_string())
}

/// The key that a key row is about.
pub(crate) fn key_of(path: &KeyPath) -> Option<KeyArn> {
    let (kind, arn) = key_under(path)?;
    (kind == "key").then_some(arn)
}

/// The key whose entry a row is part of: its own row, the mark of its grants, and the list of its aliases.
pub(crate) fn entry_of(path: &KeyPath) -> Option<KeyArn> {
    let (kind, arn) = key_under(path)?;
    matches!(kind.as_str(), "key" | "granted" | "named").then_some(arn)
}

/// The piece of material that a row holds.
pub(crate) fn material_of(path: &KeyPath) -> Option<MaterialName> {
    let (kind, name) = piece_under(path)?;
    (kind == "material").then_some(name)
}

/// The kind of a row below a key's, and the piece of the key's material that it bears the name of.
fn piece_under(path: &KeyPath) -> Option<(String, MaterialName)> {
    let mut parts = texts(path);
    let (owner, region, kind, key) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
    let material = parts.next()?;
    let key = KeyArn { account: account(&owner)?, region: region.parse().ok()?, key: id(key)? };
    let name = MaterialName { key, id: material.parse().ok()? };
    parts.next().is_none().then_some((kind, name))
}

/// The alias that an alias row is about.
pub(crate) fn alias_of(path: &KeyPath) -> Option<AliasName> {
    let mut parts = texts(path);
    let (account, region) = (parts.next()?, parts.next()?);
    let (kind, name) = (parts.next()?, parts.next()?);
    if kind != "alias" || parts.next().is_some() {
        return None;
    }
    Some(AliasName { account: account.parse().ok()?, region: region.parse().ok()?, name: name.into() })
}

/// What a due row is about; `None` for rows of kinds that this version doesn't know.
pub(crate) fn due_of(path: &KeyPath) -> Option<Due> {
    let at = i64::try_from(path.segment_u64(2)?).ok()?;
    let mut parts = path.segments().skip(3).map(String::from_utf8).map_while(Result::ok);
    let kind = parts.next()?;
    let kind = DueKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    let key = KeyArn { account: account(&parts.next()?)?, region: parts.next()?.parse().ok()?, key: id(parts.next())? };
    Some(Due { at: Timestamp::from_micros(at), kind, key })
}

fn key_under(path: &KeyPath) -> Option<(String, KeyArn)> {
    let mut parts = texts(path);
    let (owner, region) = (parts.next()?, parts.next()?);
    let kind = parts.next()?;
    let arn = KeyArn { account: account(&owner)?, region: region.parse().ok()?, key: id(parts.next())? };
    parts.next().is_none().then_some((kind, arn))
}

/// The segments behind the room's name.
fn texts(path: &KeyPath) -> impl Iterator<Item = String> + '_ {
    path.segments().skip(1).map(String::from_utf8).map_while(Result::ok)
}

fn id(text: Option<String>) -> Option<KeyId> {
    text?.parse().ok()
}

pub(crate) fn account(text: &str) -> Option<AccountId> {
    let platform = AccountId::platform();
    if text == platform.as_str() { Some(platform) } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn() -> KeyArn {
        KeyArn {
            region: "eu-central-1".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            key: "mrk-1234abcd12ab34cd56ef1234567890ab".parse().unwrap(),
        }
    }

    #[test]
    fn paths_are_read_back() {
        let arn = arn();
        let name = AliasName { account: arn.account, region: arn.region, name: "alias/a/b".into() };
        let later = Due { at: Timestamp::from_seconds(1_800_000_000), kind: DueKind::DeleteKey, key: arn };
        assert_eq!(key_of(&key(&arn)), Some(arn));
        assert_eq!(alias_of(&alias(&name)), Some(name.clone()));
        for kind in DueKind::ALL {
            let later = Due { kind, ..later };
            assert_eq!(due_of(&due(&later)), Some(later));
        }
        let piece = MaterialName { key: arn, id: MaterialId::from_bytes([1; 32]) };
        assert_eq!(material_of(&material(&arn, &piece.id)), Some(piece));
        let platform = KeyArn { account: AccountId::platform(), ..arn };
        assert_eq!(key_of(&key(&platform)), Some(platform));
        assert_eq!((entry_of(&key(&arn)), entry_of(&named(&arn))), (Some(arn), Some(arn)));
    }

    #[test]
    fn a_row_of_another_kind_is_none_of_theirs() {
        let arn = arn();
        let name = AliasName { account: arn.account, region: arn.region, name: "alias/a".into() };
        for other in [
            tombstone(&arn),
            rotation(&arn, 1),
            named(&arn),
            used(&arn),
            noted(),
            alias(&name),
            keys(arn.account, arn.region),
            material(&arn, &MaterialId::from_bytes([1; 32])),
        ] {
            assert_eq!(key_of(&other), None, "{other}");
        }
        let pieces = tombstone_of_pieces(&arn, &MaterialId::from_bytes([1; 32]));
        for other in [tombstone(&arn), pieces, rotation(&arn, 1), key(&arn), alias(&name)] {
            assert_eq!(material_of(&other), None, "{other}");
        }
        let pieces = tombstone_of_pieces(&arn, &MaterialId::from_bytes([1; 32]));
        let told =
            [&tombstone(&arn), &pieces, &key(&arn)].map(|path| (is_tombstone(path), is_tombstone_of_pieces(path)));
        assert_eq!(told, [(true, false), (false, true), (false, false)]);
        assert_eq!(alias_of(&key(&arn)), None);
        assert_eq!((alias_of(&named(&arn)), entry_of(&alias(&name)), entry_of(&tombstone(&arn))), (None, None, None));
        assert_eq!(due_of(&key(&arn)), None);
    }

    #[test]
    fn a_history_stands_in_order() {
        assert!(rotation(&arn(), 9) < rotation(&arn(), 10));
        assert!(rotation(&arn(), 255) < rotation(&arn(), 256));
    }

    #[test]
    fn due_rows_stand_in_order_of_time() {
        let at = |seconds| due(&Due { at: Timestamp::from_seconds(seconds), kind: DueKind::DeleteKey, key: arn() });
        assert!(at(5) < at(6));
        assert!(at(255) < at(256));
        assert!(at(6).starts_with(&dues()));
    }
}
