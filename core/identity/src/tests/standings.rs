//! What a caller's policies are made of, and when they are looked up again.

use sealroom_api::sigv4::Refusal;
use sealroom_foundation::ports::{Purpose, Seal as _};
use sealroom_foundation::{AccessKeyId, AccountId, Timestamp};
use sealroom_store::Batch;

use crate::caller::Caller;
use crate::draw;
use crate::records::entity::{
    self, HolderKind, HolderName, HolderRecord, IdRecord, PolicyRecord, PolicyRef, RoleRecord, TagRecord,
    Versioned as _,
};
use crate::records::{self, AccessKeyRecord};
use crate::session::{self, Bearer, SessionRecord};
use crate::testing::{FakeEntropy, FakeSeal, House, NOW, Signed};
use crate::{Bound, Mode, global_condition};

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn record(kind: HolderKind, id: &str, name: &str) -> HolderRecord {
    let mut record = HolderRecord::new(id.to_owned(), name, "/", NOW);
    record.role = (kind == HolderKind::Role).then(|| RoleRecord {
        trust: r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#.to_owned(),
        bound: Bound::default(),
        description: None,
        max_session: 3_600,
    });
    record
}

fn written(batch: Batch, kind: HolderKind, record: &HolderRecord) -> Batch {
    let whose = IdRecord::new(account(), kind, &record.name);
    let path = HolderName::new(account(), kind, &record.name).path();
    batch.put(path, record.to_bytes()).put(entity::id(&record.id), whose.to_bytes())
}

impl House {
    async fn write(&self, batch: Batch) {
        self.store.commit(batch).await.unwrap();
    }

    /// The user `alice` in the group `team`, with her access key.
    async fn alice(&self) -> (HolderRecord, HolderRecord) {
        let mut alice = record(HolderKind::User, "AIDAALICEALICEALICE00", "Alice");
        alice.groups = vec!["AGPATEAMTEAMTEAMTEAM0".to_owned()];
        alice.tags = vec![TagRecord { key: "Team".to_owned(), value: "red".to_owned() }];
        let team = record(HolderKind::Group, "AGPATEAMTEAMTEAMTEAM0", "team");
        let id: AccessKeyId = KEY.parse().unwrap();
        let sealed = FakeSeal::default().seal(Purpose::AccessKeySecret, KEY.as_bytes(), SECRET);
        let key = AccessKeyRecord::new(account(), &sealed, NOW).of_user(&alice.id);
        let batch = written(Batch::default(), HolderKind::User, &alice);
        let batch = written(batch, HolderKind::Group, &team);
        self.write(batch.put(records::access_key(id), key.encode())).await;
        (alice, team)
    }

    async fn known(&self) -> Result<Caller, Refusal> {
        self.authenticate(&Signed::with(KEY, SECRET)).await.map(|known| known.caller)
    }
}

fn names(caller: &Caller) -> Vec<String> {
    caller.policies().attached.iter().map(|policy| policy.name.to_string()).collect()
}

#[tokio::test]
async fn a_users_policies_are_its_own_and_its_groups() {
    let house = House::new(Mode::Production).await;
    let (mut alice, mut team) = house.alice().await;
    let caller = house.known().await.unwrap();
    assert_eq!((caller.arn(), caller.user_id()), ("arn:aws:iam::111122223333:user/Alice", "AIDAALICEALICEALICE00"));
    assert!(names(&caller).is_empty());

    let managed = PolicyRef::own(account(), "/", "Managed");
    let policy = PolicyRecord::new("ANPA".to_owned(), "Managed", "/", ALLOW, NOW);
    alice.inline.insert("inline".to_owned(), ALLOW.to_owned());
    alice.attached = vec![PolicyRef::aws("/", "AdministratorAccess")];
    alice.boundary = Some(managed.clone());
    team.inline.insert("of-the-team".to_owned(), ALLOW.to_owned());
    team.attached = vec![managed];
    let batch = written(Batch::default(), HolderKind::User, &alice);
    let batch = written(batch, HolderKind::Group, &team);
    house.write(batch.put(entity::policy(account(), "managed"), policy.to_bytes())).await;
    let caller = house.known().await.unwrap();
    assert_eq!(
        names(&caller),
        [
            "inline",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "of-the-team",
            "arn:aws:iam::111122223333:policy/Managed"
        ]
    );
    assert_eq!(&*caller.policies().boundary.unwrap().name, "arn:aws:iam::111122223333:policy/Managed");
    assert!(caller.policies().session.is_none());
}

#[tokio::test]
async fn policies_are_looked_up_again_when_one_of_them_changes_and_not_before() {
    let house = House::new(Mode::Production).await;
    let (alice, mut team) = house.alice().await;
    let standing = async || std::ptr::from_ref(house.known().await.unwrap().standing().unwrap());
    let first = standing().await;
    assert_eq!(first, standing().await);
    for number in 0..50 {
        let other = record(HolderKind::User, &format!("AIDA{number:017}"), &format!("user{number}"));
        house.write(written(Batch::default(), HolderKind::User, &other)).await;
        assert_eq!(first, standing().await, "somebody else's row changes nothing");
    }
    team.inline.insert("p".to_owned(), ALLOW.to_owned());
    house.write(written(Batch::default(), HolderKind::Group, &team)).await;
    let caller = house.known().await.unwrap();
    assert_eq!(names(&caller), ["p"]);
    house.write(Batch::default().delete(HolderName::new(account(), HolderKind::Group, "team").path())).await;
    assert!(names(&house.known().await.unwrap()).is_empty(), "a group that is gone gives nothing");
    let path = HolderName::new(account(), HolderKind::User, "alice").path();
    house.write(Batch::default().delete(path.clone()).delete(entity::id(&alice.id))).await;
    assert_eq!(house.known().await.unwrap_err(), Refusal::UnknownKey);
    // Another one of the same name is somebody else.
    let again = record(HolderKind::User, "AIDASOMEBODYELSE00000", "alice");
    house.write(written(Batch::default(), HolderKind::User, &again)).await;
    assert_eq!(house.known().await.unwrap_err(), Refusal::UnknownKey);
}

#[tokio::test]
async fn who_is_bounded_by_a_policy_that_is_gone_is_let_in_by_nobody() {
    let house = House::new(Mode::Production).await;
    let (mut alice, _) = house.alice().await;
    alice.boundary = Some(PolicyRef::own(account(), "/", "Gone"));
    house.write(written(Batch::default(), HolderKind::User, &alice)).await;
    assert_eq!(house.known().await.unwrap_err(), Refusal::Unreachable);
}

#[tokio::test]
async fn an_inactive_access_key_is_unknown() {
    let house = House::new(Mode::Production).await;
    let (alice, _) = house.alice().await;
    house.known().await.unwrap();
    let sealed = FakeSeal::default().seal(Purpose::AccessKeySecret, KEY.as_bytes(), SECRET);
    let mut key = AccessKeyRecord::new(account(), &sealed, NOW).of_user(&alice.id);
    key.inactive = true;
    house.write(Batch::default().put(records::access_key(KEY.parse().unwrap()), key.encode())).await;
    assert_eq!(house.known().await.unwrap_err(), Refusal::UnknownKey);
}

#[tokio::test]
async fn tags_and_names_of_a_user_are_condition_keys() {
    let house = House::new(Mode::Production).await;
    house.alice().await;
    let call = house.call(house.known().await.unwrap());
    let value = |key: &str| {
        let mut values = Vec::new();
        global_condition(&call, key, &mut |value| values.push(value.to_owned()));
        values
    };
    assert_eq!(value("principaltag/team"), ["red"]);
    assert_eq!(value("principaltag/other"), [""; 0]);
    assert_eq!(value("username"), ["Alice"]);
    assert_eq!(value("userid"), ["AIDAALICEALICEALICE00"]);
    assert_eq!(value("principalarn"), ["arn:aws:iam::111122223333:user/Alice"]);
    assert_eq!(value("principaltype"), ["User"]);
    for absent in ["tokenissuetime", "multifactorauthpresent", "sourceidentity", "sourcearn", "sourceaccount"] {
        assert_eq!(value(absent), [""; 0], "{absent}");
    }
}

/// A token for a new access key, and its secret.
fn token(record: &SessionRecord) -> (AccessKeyId, Vec<u8>, String) {
    let entropy = FakeEntropy::default();
    let id = draw::access_key_id(&entropy, "ASIA").unwrap();
    let secret = draw::secret_bytes(&entropy);
    let token = session::seal(&FakeSeal::default(), id, &secret, record);
    let text = std::str::from_utf8(token.expose()).unwrap().to_owned();
    (id, draw::secret_text(secret.expose()).expose().to_vec(), text)
}

#[tokio::test]
async fn a_session_of_a_role_is_what_its_token_says_for_as_long_as_it_says() {
    let house = House::new(Mode::Production).await;
    let mut role = record(HolderKind::Role, "AROAROLEROLEROLEROLE0", "deployer");
    role.inline.insert("p".to_owned(), ALLOW.to_owned());
    house.write(written(Batch::default(), HolderKind::Role, &role)).await;
    let bearer = Bearer::Role { id: role.id.clone(), session: "ci".to_owned() };
    let mut session = SessionRecord::new(account(), bearer, NOW, 900);
    session.policy = Some(ALLOW.to_owned());
    session.tags = vec![TagRecord { key: "team".to_owned(), value: "blue".to_owned() }];
    let (id, secret, token) = token(&session);
    let signed = Signed { token: Some(&token), ..Signed::with(id.as_str(), &secret) };
    let caller = house.authenticate(&signed).await.unwrap().caller;
    assert_eq!(caller.arn(), "arn:aws:sts::111122223333:assumed-role/deployer/ci");
    assert_eq!(caller.user_id(), "AROAROLEROLEROLEROLE0:ci");
    assert_eq!((names(&caller), caller.policies().session.map(<[_]>::len)), (vec!["p".to_owned()], Some(1)));
    let call = house.call(caller);
    let mut seen = Vec::new();
    for key in ["principaltag/team", "principalarn", "tokenissuetime", "multifactorauthpresent", "username"] {
        global_condition(&call, key, &mut |value| seen.push(value.to_owned()));
    }
    let issued = Timestamp::iso_seconds(NOW).to_string();
    assert_eq!(seen, ["blue", "arn:aws:iam::111122223333:role/deployer", &*issued, "false"]);

    let unsigned = Signed { token: None, ..Signed::with(id.as_str(), &secret) };
    assert_eq!(house.authenticate(&unsigned).await.unwrap_err(), Refusal::UnknownKey);
    let other = Signed { token: Some("AAAA"), ..Signed::with(id.as_str(), &secret) };
    assert_eq!(house.authenticate(&other).await.unwrap_err(), Refusal::BadSessionToken);
    house.clock.advance(899);
    house.authenticate(&signed).await.unwrap();
    house.clock.advance(1);
    assert_eq!(house.authenticate(&signed).await.unwrap_err(), Refusal::ExpiredToken);
}

#[test]
fn a_token_opens_for_its_access_key_and_purpose_alone() {
    let seal = FakeSeal::default();
    let session = SessionRecord::new(account(), Bearer::Root, NOW, 900);
    let (id, secret, token) = token(&session);
    let (opened, found) = session::open(&seal, id, &token).unwrap();
    assert_eq!((&opened.record, found.expose(), opened.is_limited()), (&session, &*secret, false));
    assert!(!token.contains("111122223333"));
    let other: AccessKeyId = "ASIAOTHEROTHEROTHER0".parse().unwrap();
    assert!(session::open(&seal, other, &token).is_none());
    let bytes = base64_simd::STANDARD.decode_to_vec(&token).unwrap();
    let mut newer = bytes.clone();
    newer[0] = 2;
    let cut = &bytes[..bytes.len() - 1];
    for wrong in [&newer[..], cut, &bytes[1..], &[]] {
        assert!(session::open(&seal, id, &base64_simd::STANDARD.encode_to_string(wrong)).is_none());
    }
    let foreign = [&[1][..], &seal.seal(Purpose::PageMarker, id.as_str().as_bytes(), b"x")].concat();
    assert!(session::open(&seal, id, &base64_simd::STANDARD.encode_to_string(foreign)).is_none());
    assert!(session::open(&seal, id, "no base64!").is_none());
}
