//! A new domain key: made, given to every node, then everything that is kept is sealed under it.
//!
//! The end is a proof, not a count of what was done: all rows as of one commit are opened, and none of what a domain key seals
//! is under an older one. What clients hold (page markers, grant tokens) isn't in reach; the older keys still open it.

use std::time::Duration;

use sealroom_foundation::ports::Purpose;
use sealroom_store::{Batch, KeyPath};
use serde_json::json;

use super::{Keeper, Numbers, RotateError, unblocked};
use crate::backup::{self, Contents, KEY_ADDED, Progress};
use crate::boot::{self, DomainRotation, Held, OpenRoot, Stage};
use crate::operate::Journaled;

/// How long other nodes are given to follow: they look twice a second.
const OTHER_NODES: Duration = Duration::from_secs(3);
/// How long calls are given that have taken the older key and not yet committed.
const CALLS: Duration = Duration::from_secs(1);
/// How often everything is looked through before it is given up.
const ROUNDS: usize = 20;

/// Rotates the domain key, or goes on with a rotation that was cut off. Blocks between its awaits: not for a thread of the
/// runtime.
///
/// # Errors
/// [`RotateError`]; the same call then goes on where this one ended.
pub(crate) async fn rotate(keeper: &Keeper, journal: &Journaled, progress: &Progress) -> Result<Numbers, RotateError> {
    let (held, OpenRoot { keys, .. }) = keeper.open().await?;
    let begun = held.rotation()?;
    let to = begun.as_ref().map_or(keys.newest().saturating_add(1), |begun| begun.to);
    let resumed = begun.is_some();
    drop((keys, held));
    record(journal, "DomainRotationStarted", json!({ "domain": to, "resumed": resumed })).await?;
    if !resumed {
        announce(keeper, to).await?;
    }
    adopt(keeper).await?;
    let shared = keeper.source.engine.has_other_nodes();
    if shared {
        wait("waiting for other nodes to open with it", OTHER_NODES, progress).await;
    }
    take_into_use(keeper, journal, to).await?;
    let (step, time) =
        if shared { ("waiting for other nodes to seal with it", OTHER_NODES) } else { ("waiting for calls", CALLS) };
    wait(step, time, progress).await;
    let renewed = renew(keeper, progress).await?;
    let proved = prove(keeper, progress).await?;
    end(keeper, to).await?;
    let numbers = vec![
        ("DomainKey", u64::from(to)),
        ("SealedAnew", renewed),
        ("Rows", proved.rows),
        ("KeyTokens", proved.tokens),
        ("AccessKeys", proved.secrets),
        ("UnderOlderDomainKeys", proved.older),
    ];
    record(journal, "DomainRotationCompleted", numbers.iter().map(|(name, number)| (*name, json!(number))).collect())
        .await?;
    Ok(numbers)
}

/// Makes the key and writes it down, for every node to open with.
pub(super) async fn announce(keeper: &Keeper, to: u32) -> Result<(), RotateError> {
    let (held, OpenRoot { root, mut keys, .. }) = keeper.open().await?;
    if held.next_root()?.is_some() {
        // The next root would have to wrap the new key too, and it needn't be at hand.
        return Err(RotateError::RootBegun);
    }
    if !keeper.source.hsm.works_with(&keys) {
        return Err(RotateError::OtherKeys);
    }
    if !keys.rotate() {
        return Err(RotateError::TooMany);
    }
    if keys.newest() != to {
        return Err(RotateError::Meanwhile);
    }
    let mut batch = Batch::default()
        .put(boot::domain_keys_path(), keys.wrap(&*root))
        .put(boot::rotation_path(), DomainRotation::new(to, Stage::Announced).encode());
    batch.guards.extend(held.guards());
    keeper.write(batch).await
}

/// Has this node do what the rows say of the domain keys. That the root opens what was written is seen here.
async fn adopt(keeper: &Keeper) -> Result<(), RotateError> {
    let (_, OpenRoot { keys, .. }) = keeper.open().await?;
    keeper.source.hsm.adopt(keys)?;
    Ok(())
}

/// From here on every node seals with it. The journal is told first which key its checkpoints will be signed with.
async fn take_into_use(keeper: &Keeper, journal: &Journaled, to: u32) -> Result<(), RotateError> {
    if stage(keeper, to).await? == Stage::Announced {
        let vouched = keeper.source.hsm.vouch(Purpose::JournalCheckpoint, to);
        let (public, signature) = vouched.ok_or(RotateError::OtherKeys)?;
        let text = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
        record(journal, KEY_ADDED, json!({ "publicKey": text(&public), "signature": text(&signature) })).await?;
        take_stage(keeper, to).await?;
    }
    adopt(keeper).await
}

async fn stage(keeper: &Keeper, to: u32) -> Result<Stage, RotateError> {
    let rotation = Held::of(&keeper.source.engine).await?.rotation()?;
    Ok(rotation.filter(|rotation| rotation.to == to).ok_or(RotateError::Meanwhile)?.stage)
}

/// Writes down that every node is to seal with it.
pub(super) async fn take_stage(keeper: &Keeper, to: u32) -> Result<(), RotateError> {
    let held = Held::of(&keeper.source.engine).await?;
    held.rotation()?.filter(|rotation| rotation.to == to).ok_or(RotateError::Meanwhile)?;
    let sealing = DomainRotation::new(to, Stage::Sealing).encode();
    let mut batch = Batch::default().put(boot::rotation_path(), sealing);
    batch.guards.extend(held.guards());
    keeper.write(batch).await
}

/// Seals anew whatever is under an older domain key, until nothing is; how many things that were.
async fn renew(keeper: &Keeper, progress: &Progress) -> Result<u64, RotateError> {
    let mut renewed = u64::from(renew_store_key(keeper).await?);
    for _ in 0..ROUNDS {
        let seen = |rows| progress.say("looking through rows", rows, None);
        let left = backup::prove_rows(&keeper.source, seen).await?.older;
        if left == 0 {
            return Ok(renewed);
        }
        let mut done = 0;
        let mut told = |more: u64| {
            done += more;
            progress.say("sealing anew", done, Some(left));
        };
        renewed += tokens(keeper, &mut told).await? + secrets(keeper, &mut told).await?;
    }
    Err(RotateError::Left(backup::prove_rows(&keeper.source, |_| {}).await?.older))
}

async fn tokens(keeper: &Keeper, told: &mut impl FnMut(u64)) -> Result<u64, RotateError> {
    let (mut after, mut all): (Option<KeyPath>, u64) = (None, 0);
    loop {
        let page = keeper.kms.rewrap(after).await?;
        all += page.tokens;
        told(page.tokens);
        if page.next.is_none() {
            return Ok(all);
        }
        after = page.next;
    }
}

async fn secrets(keeper: &Keeper, told: &mut impl FnMut(u64)) -> Result<u64, RotateError> {
    let (mut after, mut all): (Option<KeyPath>, u64) = (None, 0);
    loop {
        let page = keeper.identity.reseal(after).await?;
        all += page.secrets;
        told(page.secrets);
        if page.next.is_none() {
            return Ok(all);
        }
        after = page.next;
    }
}

/// Whether the store key was under an older domain key.
async fn renew_store_key(keeper: &Keeper) -> Result<bool, RotateError> {
    let held = Held::of(&keeper.source.engine).await?;
    let (wrapped, unchanged) = held.store_key()?;
    let renewed = keeper.source.hsm.rewrap_store_key(wrapped).map_err(|_| RotateError::StoreKey)?;
    let Some(renewed) = renewed else { return Ok(false) };
    let batch = Batch::default().guard(unchanged).put(boot::present_store_key_path(), renewed);
    keeper.write(batch).await?;
    Ok(true)
}

/// The look at everything with which a rotation ends.
async fn prove(keeper: &Keeper, progress: &Progress) -> Result<Contents, RotateError> {
    let seen = |rows| progress.say("proving that nothing is left", rows, None);
    let contents = backup::prove_rows(&keeper.source, seen).await?;
    if renew_store_key(keeper).await? || contents.older > 0 {
        return Err(RotateError::Left(contents.older.max(1)));
    }
    Ok(contents)
}

/// The rotation is over; what was replaced is wiped from the disk.
async fn end(keeper: &Keeper, to: u32) -> Result<(), RotateError> {
    let held = Held::of(&keeper.source.engine).await?;
    held.rotation()?.filter(|rotation| rotation.to == to).ok_or(RotateError::Meanwhile)?;
    let mut batch = Batch { destroys: true, ..Batch::default() }.delete(boot::rotation_path());
    batch.guards.extend(held.guards());
    keeper.write(batch).await?;
    keeper.source.hsm.forget_loaded();
    Ok(())
}

async fn record(journal: &Journaled, name: &'static str, details: serde_json::Value) -> Result<(), RotateError> {
    journal.record(name, details).await.map_err(RotateError::Unrecorded)
}

/// Waits, and shows that it does.
async fn wait(step: &'static str, time: Duration, progress: &Progress) {
    const TICK: Duration = Duration::from_millis(100);
    let ticks = u64::try_from(time.as_millis() / TICK.as_millis()).unwrap_or_default();
    for tick in 0..ticks {
        progress.say(step, tick, Some(ticks));
        tokio::time::sleep(TICK).await;
    }
}

/// What a node has seen of the domain keys: see [`follow`].
pub(crate) type Followed = Option<[Option<u64>; 2]>;

/// Does what another node's rotation asks of this one, if anything changed since `seen`; what has been seen then.
///
/// # Errors
/// [`RotateError`], when the store can't be read or the root isn't at hand; to be called again.
pub(crate) async fn follow(keeper: &Keeper, seen: Followed) -> Result<Followed, RotateError> {
    let held = Held::of(&keeper.source.engine).await?;
    let (versions, rotating) = (held.versions(), held.rotation()?.is_some());
    if seen == Some(versions) {
        return Ok(seen);
    }
    let config = std::sync::Arc::clone(&keeper.config);
    // A rotation of the root also writes the row; then the keys are known already, and nothing happens.
    let open = unblocked(move || held.open_root(&config)).await?;
    keeper.source.hsm.adopt(open.keys)?;
    if !rotating {
        keeper.source.hsm.forget_loaded();
    }
    Ok(Some(versions))
}
