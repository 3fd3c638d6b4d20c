//! Another root of trust in place of the present one, of the same kind or another; a changed passphrase is one too.
//!
//! It takes two calls, with the operator's own work between them. After the first both roots open the store; then the new
//! one is put where the configuration says, on every node; the second asks for the configured root, and only when that is
//! the new one, the old one's rows go. So nobody is locked out who can still be let in.

use std::sync::Arc;

use sealroom_foundation::ports::Root;
use sealroom_hsm::DomainKeys;
use sealroom_store::Batch;

use super::{Keeper, Numbers, RotateError, unblocked};
use crate::backup::Progress;
use crate::boot::{self, BootError, Held, NewRoot, NextRoot, OpenRoot, Which};

/// What [`prepare`] is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) to: NewRoot,
    /// The kind that the present root must have; `None` for any.
    pub(crate) from: Option<String>,
}

/// Wraps the domain keys under a second root as well. When that was done before, it is proved again.
///
/// # Errors
/// [`RotateError`].
pub(crate) async fn prepare(keeper: &Keeper, change: Change, progress: &Progress) -> Result<Numbers, RotateError> {
    progress.say("opening the domain keys", 0, None);
    let held = Held::of(&keeper.source.engine).await?;
    let kind = held.cluster()?.root;
    if change.from.is_some_and(|from| from != kind) {
        return Err(RotateError::Kind(kind));
    }
    if held.next_root()?.is_none() {
        begin(keeper, &held, change.to.clone()).await?;
    }
    progress.say("opening them with the new root", 0, None);
    let held = Held::of(&keeper.source.engine).await?;
    let next = held.next_root()?.ok_or(RotateError::Meanwhile)?;
    let begun = RotateError::OtherBegun(next.root.clone());
    if change.to.kind() != next.root || !change.to.is_there() {
        return Err(begun);
    }
    let keys = match unblocked(move || open_next(&change.to, &next)).await {
        Err(RotateError::Boot(
            BootError::DomainKeys(_) | BootError::Root(sealroom_roots::RootError::WrongPassphrase),
        )) => {
            return Err(begun);
        }
        opened => opened?,
    };
    known(keeper, &keys)?;
    Ok(numbers(&keys, true))
}

async fn begin(keeper: &Keeper, held: &Held, to: NewRoot) -> Result<(), RotateError> {
    let (config, read, kind) = (Arc::clone(&keeper.config), held.clone(), to.kind());
    let (wrapped, made) = unblocked(move || {
        let present = read.open_as(Which::Present, &config)?;
        if same_root(&to, &read)? {
            return Ok((None, present));
        }
        let made = to.make()?;
        let wrapped = present.keys.wrap(&*made.root);
        Ok((Some(NextRoot::new(made.root.kind(), &made.parameters, &wrapped)), present))
    })
    .await?;
    known(keeper, &made.keys)?;
    let next = wrapped.ok_or(RotateError::Same)?;
    tracing::info!(kind, "a second root of trust is being added");
    let mut batch = Batch::default().put(boot::next_root_path(), next.encode());
    batch.guards.extend(held.guards());
    keeper.write(batch).await
}

/// Whether the new root opens what the present one wrapped.
fn same_root(to: &NewRoot, held: &Held) -> Result<bool, BootError> {
    let cluster = held.cluster()?;
    if to.kind() != cluster.root || !to.is_there() {
        return Ok(false);
    }
    let parameters = cluster.root_parameters().ok_or(BootError::Damaged("cluster"))?;
    match to.open(&parameters) {
        Ok(root) => Ok(DomainKeys::unwrap(&*root, held.domain_keys()?).is_ok()),
        Err(BootError::Root(sealroom_roots::RootError::WrongPassphrase)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn open_next(to: &NewRoot, next: &NextRoot) -> Result<DomainKeys, BootError> {
    let (parameters, wrapped) = next.parts().ok_or(BootError::Damaged("next-root"))?;
    let root: Box<dyn Root> = to.open(&parameters)?;
    Ok(DomainKeys::unwrap(&*root, &wrapped)?)
}

/// Puts the next root in the present one's place, if the configuration names it, and proves that nothing is left of the old
/// one. Without a next root it only proves.
///
/// # Errors
/// [`RotateError`].
pub(crate) async fn finish(keeper: &Keeper, progress: &Progress) -> Result<Numbers, RotateError> {
    progress.say("opening the domain keys", 0, None);
    let (held, OpenRoot { keys, which, .. }) = keeper.open().await?;
    known(keeper, &keys)?;
    if let Some(next) = held.next_root()? {
        if which == Which::Present {
            return Err(RotateError::StillPresent);
        }
        let (parameters, wrapped) = next.parts().ok_or(BootError::Damaged("next-root"))?;
        // What the old root wrapped is wiped from the disk.
        let mut batch = Batch { destroys: true, ..Batch::default() }
            .put(boot::cluster_path(), held.cluster()?.with_root(&next.root, &parameters).encode())
            .put(boot::domain_keys_path(), wrapped)
            .delete(boot::next_root_path());
        batch.guards.extend(held.guards());
        keeper.write(batch).await?;
    }
    prove(keeper, progress).await
}

/// Takes the next root back.
///
/// # Errors
/// [`RotateError`], among others when the configuration names the next root already.
pub(crate) async fn cancel(keeper: &Keeper, progress: &Progress) -> Result<Numbers, RotateError> {
    let (held, OpenRoot { which, .. }) = keeper.open().await?;
    if held.next_root()?.is_none() {
        return Err(RotateError::NotBegun);
    }
    if which == Which::Next {
        return Err(RotateError::AlreadyNext);
    }
    let mut batch = Batch { destroys: true, ..Batch::default() }.delete(boot::next_root_path());
    batch.guards.extend(held.guards());
    keeper.write(batch).await?;
    prove(keeper, progress).await
}

/// The configured root opens the domain keys, and nothing stands in `boot` that another root could open.
async fn prove(keeper: &Keeper, progress: &Progress) -> Result<Numbers, RotateError> {
    progress.say("proving that nothing is left", 0, None);
    let (held, OpenRoot { keys, which, .. }) = keeper.open().await?;
    if which == Which::Next || held.next_root()?.is_some() {
        return Err(RotateError::Meanwhile);
    }
    known(keeper, &keys)?;
    let known = boot::known_paths();
    let mut snapshot = keeper.source.engine.snapshot().await?;
    while let Some(page) = snapshot.next().await? {
        for row in &page {
            if row.path >= boot::behind_boot() {
                return Ok(numbers(&keys, false));
            }
            if row.path.starts_with(&boot::prefix()) && !known.contains(&row.path) {
                return Err(RotateError::Stray(row.path.to_string()));
            }
        }
    }
    Ok(numbers(&keys, false))
}

/// Whether these are the keys that this server works with.
fn known(keeper: &Keeper, keys: &DomainKeys) -> Result<(), RotateError> {
    if keeper.source.hsm.works_with(keys) { Ok(()) } else { Err(RotateError::OtherKeys) }
}

fn numbers(keys: &DomainKeys, two: bool) -> Numbers {
    let count = u64::try_from(keys.count()).unwrap_or(u64::MAX);
    vec![("DomainKeys", count), ("Roots", if two { 2 } else { 1 })]
}
