//! Founding a cluster, opening it again, and everything that must not open.

use std::path::Path;

use super::*;
use crate::config::{RootKind, StoreSettings};

const NOW: Timestamp = Timestamp::EPOCH;

fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    config.server.data_dir = folder.to_owned();
    config
}

async fn try_open(engine: &Engine, config: &Config, wanted: Wanted) -> Result<Opened, BootError> {
    open_on(engine, config, wanted, "here", NOW).await
}

#[tokio::test]
async fn a_cluster_opens_again_with_its_rows_and_under_its_root_only() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, config) = (Engine::memory(), config(folder.path()));
    let path = KeyPath::build("server").text("row");
    let first = try_open(&engine, &config, Wanted::Init).await.unwrap();
    first.store.commit(Batch::default().put(path.clone(), b"value".to_vec())).await.unwrap();
    drop(first);

    let again = try_open(&engine, &config, Wanted::Serve).await.unwrap();
    let answers = again.store.read(&[sealroom_store::Read::Get(path)]).await.unwrap();
    assert_eq!(answers.into_iter().next().and_then(sealroom_store::Answer::row).unwrap().value, b"value");

    let foreign = tempfile::tempdir().unwrap();
    sealroom_roots::KeyFile::create(&foreign.path().join("root.key")).unwrap();
    let refused = try_open(&engine, &self::config(foreign.path()), Wanted::Serve).await;
    assert!(matches!(refused.err(), Some(BootError::DomainKeys(DomainKeysError::Root))));
}

#[tokio::test]
async fn only_the_restore_itself_opens_what_is_being_restored() {
    for founded in [Wanted::Init, Wanted::Dev] {
        let folder = tempfile::tempdir().unwrap();
        let (engine, config) = (Engine::memory(), config(folder.path()));
        let refused = try_open(&engine, &config, Wanted::Restore).await;
        assert!(matches!(refused.err(), Some(BootError::NotInitialised { .. })));
        try_open(&engine, &config, founded).await.unwrap();
        engine.boot_write(Batch::default().put(restoring_path(), b"any".to_vec())).await.unwrap();
        for wanted in [Wanted::Serve, Wanted::Dev, Wanted::Init] {
            let refused = try_open(&engine, &config, wanted).await;
            assert!(matches!(refused.err(), Some(BootError::Unfinished { .. })), "{founded:?} {wanted:?}");
        }
        try_open(&engine, &config, Wanted::Restore).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_wanted_must_fit_what_is_there() {
    for (founded, wanted, opens) in [
        (None, Wanted::Serve, false),
        (None, Wanted::Dev, true),
        (None, Wanted::Init, true),
        (Some(Wanted::Init), Wanted::Init, false),
        (Some(Wanted::Init), Wanted::Serve, true),
        (Some(Wanted::Init), Wanted::Dev, false),
        (Some(Wanted::Dev), Wanted::Dev, true),
        (Some(Wanted::Dev), Wanted::Serve, false),
        (Some(Wanted::Dev), Wanted::Init, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (engine, config) = (Engine::memory(), config(folder.path()));
        if let Some(founded) = founded {
            try_open(&engine, &config, founded).await.unwrap();
        }
        let opened = try_open(&engine, &config, wanted).await;
        assert_eq!(opened.is_ok(), opens, "{founded:?} {wanted:?} {:?}", opened.err());
    }
}

#[tokio::test]
async fn a_store_in_memory_needs_no_setting_up() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { store: StoreSettings { url: "memory".to_owned() }, ..config(folder.path()) };
    try_open(&Engine::memory(), &config, Wanted::Serve).await.unwrap();
}

#[tokio::test]
async fn a_key_file_of_a_founding_that_was_cut_off_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    sealroom_roots::KeyFile::create(&config.key_file()).unwrap();
    try_open(&Engine::memory(), &config, Wanted::Init).await.unwrap();
}

#[tokio::test]
async fn a_passphrase_opens_what_it_founded_and_a_wrong_one_or_another_kind_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passphrase");
    let mut config = config(folder.path());
    config.root.kind = RootKind::Passphrase;
    config.root.passphrase_file = Some(file.clone());
    let write = |text: &str| write_file(&file, text);
    write("correct horse\n");
    let engine = Engine::memory();
    try_open(&engine, &config, Wanted::Init).await.unwrap();
    try_open(&engine, &config, Wanted::Serve).await.unwrap();
    write("wrong horse\n");
    let refused = try_open(&engine, &config, Wanted::Serve).await;
    assert!(matches!(refused.err(), Some(BootError::Root(RootError::WrongPassphrase))));
    config.root.kind = RootKind::KeyFile;
    let refused = try_open(&engine, &config, Wanted::Serve).await;
    assert!(matches!(refused.err(), Some(BootError::OtherRoot { .. })));
}

#[expect(clippy::disallowed_methods, reason = "the test makes a passphrase file")]
fn write_file(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn two_founders_end_in_one_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, config) = (Engine::memory(), config(folder.path()));
    let loser = found(&engine, &config, Wanted::Dev, NOW);
    let winner = found(&engine, &config, Wanted::Dev, NOW);
    let (winner, loser) = (winner.await.unwrap(), loser.await.unwrap());
    assert_eq!(winner, loser);
    try_open(&engine, &config, Wanted::Dev).await.unwrap();
}

#[test]
fn a_place_shows_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.store.url = "postgres://user:pa@ss@host:5432/db".to_owned();
    assert_eq!(place(&config), "postgres://host:5432/db");
}
