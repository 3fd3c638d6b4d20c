//! Two nodes on one store: each does what the rows say of the domain keys. And the root's two steps, without a server.

use std::path::Path;

use sealroom_audit::Reader;
use sealroom_foundation::Timestamp;
use sealroom_foundation::ports::Entropy as _;
use sealroom_hsm::Door;
use sealroom_identity::Mode;
use sealroom_store::{Engine, Log};

use super::*;
use crate::backup::Progress;
use crate::boot::{self, NewRoot, Opened, Wanted};
use crate::clock::SystemClock;
use crate::rotate::domain::{announce, take_stage};

/// A node on `engine` whose root key is in `folder`.
async fn node(engine: &Engine, folder: &Path, wanted: Wanted) -> Keeper {
    let mut config = Config::default();
    config.server.data_dir = folder.to_owned();
    let clock = Arc::new(SystemClock::new());
    let opened = boot::open_on(engine, &config, wanted, "here", Timestamp::EPOCH).await.unwrap();
    let Opened { hsm, store, engine, barrier, .. } = opened;
    // A store's journal is open once; what is looked at here needs none.
    let journal = folder.join(hsm.id_bytes().map(|byte| format!("{byte:02x}")).concat());
    let journal = Reader::of(Log::in_folder(&journal, 1).unwrap());
    let identity =
        Identity::new(store.view(Identity::prefix()), hsm.clone(), hsm.clone(), clock.clone(), Mode::Production);
    let door = Door::new(hsm.clone(), 1, 16);
    let kms = Kms::new(
        store.view(Kms::prefix()),
        door,
        identity.clone(),
        hsm.clone(),
        hsm.clone(),
        sealroom_kms::Settings::default(),
    );
    let source = Source { engine, barrier, hsm, journal, clock };
    Keeper { config: Arc::new(config), kms, identity, source }
}

#[tokio::test]
async fn another_node_opens_with_a_new_domain_key_before_any_seals_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::memory();
    let first = node(&engine, folder.path(), Wanted::Init).await;
    let second = node(&engine, folder.path(), Wanted::Serve).await;
    let sealing = |keeper: &Keeper| keeper.source.hsm.sealing_domain();
    let opens = |keeper: &Keeper| keeper.source.hsm.public_keys(sealroom_foundation::ports::Purpose::PageMarker).len();
    let seen = follow(&second, None).await.unwrap();
    assert_eq!((seen, sealing(&second), opens(&second)), (follow(&second, seen).await.unwrap(), 1, 1));

    announce(&first, 2).await.unwrap();
    // Who didn't see it can't do it again.
    assert!(matches!(announce(&second, 2).await, Err(RotateError::OtherKeys | RotateError::Meanwhile)));
    let seen = follow(&second, seen).await.unwrap();
    assert_eq!((sealing(&second), opens(&second)), (1, 2));
    // A node that starts now does the same.
    let third = node(&engine, folder.path(), Wanted::Serve).await;
    assert_eq!((sealing(&third), opens(&third)), (1, 2));

    take_stage(&first, 2).await.unwrap();
    let seen = follow(&second, seen).await.unwrap();
    assert_eq!((sealing(&second), sealing(&node(&engine, folder.path(), Wanted::Serve).await)), (2, 2));
    // Without its root a node goes on with what it has, and says so.
    std::fs::remove_file(folder.path().join("root.key")).unwrap();
    assert_eq!(follow(&second, seen).await.unwrap(), seen);
    assert!(matches!(follow(&second, None).await, Err(RotateError::Boot(BootError::Root(_)))));
}

#[tokio::test]
async fn a_root_that_others_change_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::memory();
    let keeper = node(&engine, folder.path(), Wanted::Init).await;
    let change = |name: &str| Change { to: NewRoot::KeyFile(folder.path().join(name)), from: None };
    let silent = Progress::silent();
    prepare_root(&keeper, change("one"), &silent).await.unwrap();
    let refused = prepare_root(&keeper, change("two"), &silent).await;
    assert!(matches!(refused, Err(RotateError::OtherBegun(kind)) if kind == "key-file"));
    assert!(matches!(announce(&keeper, 2).await, Err(RotateError::RootBegun)));
    assert!(matches!(finish_root(&keeper, &silent).await, Err(RotateError::StillPresent)));
    let wrong = Change { from: Some("passphrase".to_owned()), ..change("one") };
    assert!(matches!(prepare_root(&keeper, wrong, &silent).await, Err(RotateError::Kind(kind)) if kind == "key-file"));
    // The next root of a store is no root of another.
    let (elsewhere, other) = (tempfile::tempdir().unwrap(), Engine::memory());
    let stranger = node(&other, elsewhere.path(), Wanted::Init).await;
    let mixed = Keeper { source: stranger.source.clone(), ..keeper.clone() };
    assert!(finish_root(&mixed, &silent).await.is_err());
    cancel_root(&keeper, &silent).await.unwrap();
    assert!(matches!(cancel_root(&keeper, &silent).await, Err(RotateError::NotBegun)));
}
