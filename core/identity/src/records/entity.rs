//! The rows of users, groups, roles and managed policies: where they lie and what they say. Version 1 of each.
//!
//! ```text
//! identity / <account> / global / user | group | role / <name>          HolderRecord
//! identity / <account> / global / policy  / <name>                      PolicyRecord
//! identity / <account> / global / profile / <name>                      ProfileRecord
//! identity / <account> / global / member  / <group id> / <user id>      the user is in the group
//! identity / <account> / global / bearer  / <owner> / <policy> / <holder id>   the policy is attached to it
//! identity / <account> / global / bounded / <owner> / <policy> / <holder id>   the policy is its boundary
//! identity / <account> / global / key-of  / <user id> / <access key id>        the user's access key
//! identity / <account> / global / hosted  / <role id> / <profile>       the instance profile that holds the role
//! identity / <account> / global / alias                                 AliasRecord: the account's alias
//! identity / platform  / global / id / <unique id>                      IdRecord: whose id it is
//! identity / platform  / global / account-alias / <alias>               whose alias it is
//! ```
//!
//! Names stand in lower case, because IAM tells none apart by case. Whatever points at a user, group or role names its
//! unique id, so that a new name changes two rows, and a new bearer of an old name inherits nothing.

use std::collections::BTreeMap;

use sealroom_foundation::{AccessKeyId, AccountId, Arn, Partition, Timestamp};
use sealroom_store::KeyPath;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ROOM, VERSION, encode};
use crate::principals::Bound;

/// The three who can hold policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HolderKind {
    User,
    Group,
    Role,
}

impl HolderKind {
    pub(crate) const ALL: [Self; 3] = [Self::User, Self::Group, Self::Role];

    /// `user`: in paths, in ARNs, and in IAM's texts.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// What its unique ids begin with.
    pub(crate) fn id_prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
        }
    }
}

/// A user, group or role by its name: what the mirror of holders is keyed by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HolderName {
    pub(crate) account: AccountId,
    pub(crate) kind: HolderKind,
    /// In lower case.
    name: Box<str>,
}

impl HolderName {
    pub(crate) fn new(account: AccountId, kind: HolderKind, name: &str) -> Self {
        Self { account, kind, name: name.to_lowercase().into() }
    }

    /// Where its row lies.
    pub(crate) fn path(&self) -> KeyPath {
        holders(self.account, self.kind).text(&self.name)
    }

    /// Whose row `path` is.
    pub(crate) fn of(path: &KeyPath) -> Option<Self> {
        let mut segments = path.segments().map(String::from_utf8);
        let mut next = || segments.next()?.ok();
        if next()? != ROOM {
            return None;
        }
        let account = next()?.parse().ok()?;
        next()?;
        let kind = next()?;
        let kind = HolderKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        let name = next()?.into();
        next().is_none().then_some(Self { account, kind, name })
    }
}

/// A managed policy as others point at it: the part of its ARN behind `arn:<partition>:iam::`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PolicyRef(String);

impl PolicyRef {
    /// A policy of `account`.
    pub(crate) fn own(account: AccountId, path: &str, name: &str) -> Self {
        Self(format!("{account}:policy{path}{name}"))
    }

    /// A policy of AWS's own.
    pub(crate) fn aws(path: &str, name: &str) -> Self {
        Self(format!("aws:policy{path}{name}"))
    }

    /// Reads an ARN. `None` for what is no ARN of a managed policy.
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        let arn = Arn::parse(arn)?;
        let name = arn.resource.strip_prefix("policy/")?;
        let named = !name.is_empty() && !name.ends_with('/');
        let owned = arn.account == "aws" || arn.account.parse::<AccountId>().is_ok();
        let global = arn.service == "iam" && arn.region.is_empty();
        (named && owned && global).then(|| Self(format!("{}:{}", arn.account, arn.resource)))
    }

    /// The whole ARN.
    pub(crate) fn arn(&self, partition: Partition) -> String {
        format!("arn:{partition}:iam::{}", self.0)
    }

    /// `aws`, or the account.
    pub(crate) fn owner(&self) -> &str {
        self.0.split_once(':').map_or("", |(owner, _)| owner)
    }

    /// The account whose policy it is; `None` for AWS's own.
    pub(crate) fn account(&self) -> Option<AccountId> {
        self.owner().parse().ok()
    }

    /// The policy's name.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// `/` or `/team/`: what stands before the name.
    pub(crate) fn path(&self) -> &str {
        let resource = self.0.split_once(":policy").map_or("", |(_, resource)| resource);
        resource.strip_suffix(self.name()).unwrap_or_default()
    }

    /// The name that its row has, or would have.
    pub(crate) fn key(&self) -> String {
        self.name().to_lowercase()
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagRecord {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A user, group or role with everything that it holds itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HolderRecord {
    v: u16,
    /// `AIDA…`, `AGPA…`, `AROA…`
    pub(crate) id: String,
    /// As it was written.
    pub(crate) name: String,
    /// `/` or `/team/`
    pub(crate) path: String,
    created_micros: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    /// Inline policies: names and documents, as they were put.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) inline: BTreeMap<String, String>,
    /// Managed policies, in the order in which they were attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attached: Vec<PolicyRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boundary: Option<PolicyRef>,
    /// A user's groups, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    /// What only roles have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<RoleRecord>,
}

/// What only roles have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRecord {
    /// The trust policy's document.
    pub(crate) trust: String,
    /// Whom it named when it was put.
    #[serde(default, skip_serializing_if = "Bound::is_empty")]
    pub(crate) bound: Bound,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Seconds.
    pub(crate) max_session: i32,
}

impl HolderRecord {
    pub(crate) fn new(id: String, name: &str, path: &str, created: Timestamp) -> Self {
        Self {
            v: VERSION,
            id,
            name: name.to_owned(),
            path: path.to_owned(),
            created_micros: created.as_micros(),
            tags: Vec::new(),
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: None,
            groups: Vec::new(),
            role: None,
        }
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::from_micros(self.created_micros)
    }

    /// `/team/bob`
    pub(crate) fn path_name(&self) -> String {
        format!("{}{}", self.path, self.name)
    }

    /// The ARN of the `kind` that it is.
    pub(crate) fn arn(&self, partition: Partition, account: AccountId, kind: HolderKind) -> String {
        format!("arn:{partition}:iam::{account}:{}{}", kind.as_str(), self.path_name())
    }
}

/// A managed policy of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyRecord {
    v: u16,
    /// `ANPA…`
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    created_micros: i64,
    updated_micros: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    /// Oldest first, never empty.
    pub(crate) versions: Vec<VersionRecord>,
    /// The number of the default version.
    pub(crate) default: u32,
    /// The number of the newest version that there ever was.
    pub(crate) newest: u32,
}

/// A version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionRecord {
    pub(crate) number: u32,
    created_micros: i64,
    pub(crate) document: String,
}

impl VersionRecord {
    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::from_micros(self.created_micros)
    }
}

impl PolicyRecord {
    pub(crate) fn new(id: String, name: &str, path: &str, document: &str, created: Timestamp) -> Self {
        let created_micros = created.as_micros();
        let first = VersionRecord { number: 1, created_micros, document: document.to_owned() };
        Self {
            v: VERSION,
            id,
            name: name.to_owned(),
            path: path.to_owned(),
            created_micros,
            updated_micros: created_micros,
            description: None,
            tags: Vec::new(),
            versions: vec![first],
            default: 1,
            newest: 1,
        }
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::from_micros(self.created_micros)
    }

    pub(crate) fn updated(&self) -> Timestamp {
        Timestamp::from_micros(self.updated_micros)
    }

    /// The version of that number.
    pub(crate) fn version(&self, number: u32) -> Option<&VersionRecord> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// Adds a version; the number that it got.
    pub(crate) fn add(&mut self, document: &str, now: Timestamp) -> u32 {
        self.newest = self.newest.saturating_add(1);
        self.updated_micros = now.as_micros();
        let document = document.to_owned();
        self.versions.push(VersionRecord { number: self.newest, created_micros: self.updated_micros, document });
        self.newest
    }

    /// Makes a version the default.
    pub(crate) fn set_default(&mut self, number: u32, now: Timestamp) {
        self.default = number;
        self.updated_micros = now.as_micros();
    }
}

/// Whose unique id it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdRecord {
    v: u16,
    account: String,
    pub(crate) kind: HolderKind,
    pub(crate) name: String,
}

impl IdRecord {
    pub(crate) fn new(account: AccountId, kind: HolderKind, name: &str) -> Self {
        Self { v: VERSION, account: account.to_string(), kind, name: name.to_owned() }
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        self.account.parse().ok()
    }
}

/// An instance profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileRecord {
    v: u16,
    /// `AIPA…`
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    created_micros: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<TagRecord>,
    /// The id of its role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
}

impl ProfileRecord {
    pub(crate) fn new(id: String, name: &str, path: &str, created: Timestamp) -> Self {
        let created_micros = created.as_micros();
        let (name, path) = (name.to_owned(), path.to_owned());
        Self { v: VERSION, id, name, path, created_micros, tags: Vec::new(), role: None }
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::from_micros(self.created_micros)
    }
}

/// An account's alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasRecord {
    v: u16,
    /// The alias; in the row that lies under it, the account.
    pub(crate) is: String,
}

impl AliasRecord {
    pub(crate) fn new(is: &str) -> Self {
        Self { v: VERSION, is: is.to_owned() }
    }
}

/// A record that says its version.
pub(crate) trait Versioned: Serialize + DeserializeOwned {
    fn version(&self) -> u16;

    fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// `None` when the bytes are no record of a version that this program reads.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|record: &Self| record.version() == VERSION)
    }
}

macro_rules! versioned {
    ($($record:ty)*) => { $(
        impl Versioned for $record {
            fn version(&self) -> u16 {
                self.v
            }
        }
    )* };
}
versioned!(HolderRecord PolicyRecord IdRecord ProfileRecord AliasRecord);

/// What a row says whose path says everything.
pub(crate) const MARK: &[u8] = br#"{"v":1}"#;

fn of(account: AccountId, kind: &str) -> KeyPath {
    KeyPath::build(ROOM).text(account.as_str()).text("global").text(kind)
}

/// An account's users, groups or roles.
pub(crate) fn holders(account: AccountId, kind: HolderKind) -> KeyPath {
    of(account, kind.as_str())
}

/// An account's managed policies.
pub(crate) fn policies(account: AccountId) -> KeyPath {
    of(account, "policy")
}

/// A managed policy by its name, in whatever case.
pub(crate) fn policy(account: AccountId, name: &str) -> KeyPath {
    policies(account).text(&name.to_lowercase())
}

/// The policy whose row `path` is: its account, and its name in lower case.
pub(crate) fn policy_of(path: &KeyPath) -> Option<(AccountId, Box<str>)> {
    let account = path.segment_text(1)?.parse().ok()?;
    let name = path.starts_with(&policies(account)).then(|| path.segment_text(4))??;
    Some((account, name.into()))
}

/// Whose unique id it is.
pub(crate) fn id(id: &str) -> KeyPath {
    of(AccountId::platform(), "id").text(id)
}

/// The users of a group.
pub(crate) fn members(account: AccountId, group: &str) -> KeyPath {
    of(account, "member").text(group)
}

/// Those whom a policy is attached to.
pub(crate) fn bearers(account: AccountId, policy: &PolicyRef) -> KeyPath {
    of(account, "bearer").text(policy.owner()).text(&policy.key())
}

/// Those whose boundary a policy is.
pub(crate) fn bounded(account: AccountId, policy: &PolicyRef) -> KeyPath {
    of(account, "bounded").text(policy.owner()).text(&policy.key())
}

/// A user's access keys.
pub(crate) fn keys_of(account: AccountId, user: &str) -> KeyPath {
    of(account, "key-of").text(user)
}

/// The mark of a user's access key.
pub(crate) fn key_of(account: AccountId, user: &str, key: AccessKeyId) -> KeyPath {
    keys_of(account, user).text(key.as_str())
}

/// An account's instance profiles.
pub(crate) fn profiles(account: AccountId) -> KeyPath {
    of(account, "profile")
}

/// An instance profile by its name, in whatever case.
pub(crate) fn profile(account: AccountId, name: &str) -> KeyPath {
    profiles(account).text(&name.to_lowercase())
}

/// The instance profiles that hold a role.
pub(crate) fn hosts(account: AccountId, role: &str) -> KeyPath {
    of(account, "hosted").text(role)
}

/// An account's alias.
pub(crate) fn account_alias(account: AccountId) -> KeyPath {
    of(account, "alias").text("account")
}

/// Whose alias it is.
pub(crate) fn alias_owner(alias: &str) -> KeyPath {
    of(AccountId::platform(), "account-alias").text(alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "111122223333".parse().unwrap()
    }

    #[test]
    fn rows_and_names_agree() {
        let name = HolderName::new(account(), HolderKind::Role, "Deployer");
        assert_eq!(HolderName::of(&name.path()), Some(name.clone()));
        assert_eq!(name, HolderName::new(account(), HolderKind::Role, "deployeR"));
        assert_ne!(name, HolderName::new(account(), HolderKind::User, "Deployer"));
        for other in [policy(account(), "p"), id("AIDA"), keys_of(account(), "AIDA"), name.path().text("x")] {
            assert_eq!(HolderName::of(&other), None, "{other}");
        }
        assert_eq!(policy_of(&policy(account(), "Team-Policy")), Some((account(), "team-policy".into())));
        assert_eq!(policy_of(&name.path()), None);
    }

    #[test]
    fn policies_are_pointed_at_by_owner_path_and_name() {
        let own = PolicyRef::own(account(), "/team/", "Reads");
        assert_eq!(PolicyRef::parse("arn:aws:iam::111122223333:policy/team/Reads"), Some(own.clone()));
        assert_eq!((own.owner(), own.path(), own.name()), ("111122223333", "/team/", "Reads"));
        assert_eq!(own.arn(Partition::AwsCn), "arn:aws-cn:iam::111122223333:policy/team/Reads");
        let aws = PolicyRef::parse("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
        assert_eq!((aws.owner(), aws.account(), aws.path()), ("aws", None, "/"));
        assert_eq!(aws, PolicyRef::aws("/", "AdministratorAccess"));
        for wrong in [
            "AdministratorAccess",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::aws:policy/team/",
            "arn:aws:iam::aws:role/x",
            "arn:aws:iam:us-east-1:aws:policy/x",
            "arn:aws:s3::aws:policy/x",
            "arn:aws:iam::1:policy/x",
        ] {
            assert_eq!(PolicyRef::parse(wrong), None, "{wrong}");
        }
    }

    /// Rows that a release wrote are read by every later one.
    #[test]
    fn records_of_every_version_open_for_ever() {
        let at = Timestamp::from_seconds(1_789_194_084);
        let tags = vec![TagRecord { key: "team".to_owned(), value: "red".to_owned() }];
        let mut user = HolderRecord::new("AIDA0000000000000USER".to_owned(), "Bob", "/team/", at);
        user.tags.clone_from(&tags);
        user.inline.insert("own".to_owned(), "{}".to_owned());
        user.attached = vec![PolicyRef::aws("/", "AdministratorAccess")];
        user.boundary = Some(PolicyRef::own(account(), "/", "Bound"));
        user.groups = vec!["AGPA000000000000GROUP".to_owned()];
        kept(include_bytes!("../../tests/records/v1/user.json"), &user);
        let mut role = HolderRecord::new("AROA0000000000000ROLE".to_owned(), "deployer", "/", at);
        let (trust, description) = ("{}".to_owned(), Some("Deploys.".to_owned()));
        role.role = Some(RoleRecord { trust, bound: Bound::default(), description, max_session: 3_600 });
        kept(include_bytes!("../../tests/records/v1/role.json"), &role);
        let mut policy = PolicyRecord::new("ANPA00000000000POLICY".to_owned(), "Keys", "/", "{}", at);
        policy.description = Some("Keys.".to_owned());
        policy.tags.clone_from(&tags);
        policy.add("[]", at);
        kept(include_bytes!("../../tests/records/v1/policy.json"), &policy);
        kept(include_bytes!("../../tests/records/v1/id.json"), &IdRecord::new(account(), HolderKind::User, "Bob"));
        let mut profile = ProfileRecord::new("AIPA0000000000PROFILE".to_owned(), "Servers", "/", at);
        (profile.tags, profile.role) = (tags, Some("AROA0000000000000ROLE".to_owned()));
        kept(include_bytes!("../../tests/records/v1/profile.json"), &profile);
        kept(include_bytes!("../../tests/records/v1/alias.json"), &AliasRecord::new("acme"));
    }

    fn kept<R: Versioned + PartialEq + std::fmt::Debug>(sample: &[u8], record: &R) {
        let text = String::from_utf8_lossy(sample.trim_ascii());
        assert_eq!(String::from_utf8_lossy(&record.to_bytes()), text);
        assert_eq!(R::from_bytes(sample.trim_ascii()).as_ref(), Some(record), "{text}");
        let newer = text.replacen("\"v\":1", "\"v\":2", 1);
        assert_eq!(R::from_bytes(newer.as_bytes()), None);
    }
}
