//! Sets the scene of a kata, finds it as it was left, or takes a reset back; and its judge.
//!
//! Shared by the driver of the terminal interface and by the commands.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use kube::Client;

use crate::check::{self, Arena, Judge, Patience, Scene};
use crate::course::KataInstance;
use crate::sandbox::{self, Observer, Places, Sandbox, ShellEnvironment, keep, seed};

/// A judge of the checks that make the kata's tasks done.
pub fn judge(sandbox: &dyn Sandbox, observer: &Observer, kata: &KataInstance) -> Result<Judge> {
    Ok(judge_of_all(sandbox, observer, kata)?.only(&kata.checks_of_tasks()))
}

fn judge_of_all(sandbox: &dyn Sandbox, observer: &Observer, kata: &KataInstance) -> Result<Judge> {
    let checks = check::read(&kata.checks)?;
    let scene = Scene {
        observer: observer.clone(),
        namespace: kata.namespace().to_owned(),
        values: Arc::new(kata.values.clone()),
        clock: sandbox.clock().clone(),
        wire: sandbox.wire(),
        arena: Arena::default(),
    };
    Ok(Judge::new(scene, checks))
}

/// A scene that stands, and how to start the shell in it.
pub struct Prepared {
    /// It was seeded anew, not found as it was left.
    pub fresh: bool,
    pub shell: ShellEnvironment,
    /// What the cluster would not take back.
    pub refused: Vec<String>,
}

/// Sets the scene of a kata, or leaves it as the learner left it, unless it must be `fresh`.
///
/// Fails where the cluster refuses, or where the scene does not come to be as the kata says.
pub async fn prepare_kata<F, T>(
    sandbox: &dyn Sandbox,
    places: &Places,
    kata: &KataInstance,
    fresh: bool,
    told: F,
) -> Result<Prepared>
where
    F: Fn(&'static str) -> T,
    T: Future<Output = ()>,
{
    sandbox::fit(sandbox, kata).await?;
    let (client, territory) = (sandbox.client(), sandbox.territory());
    territory.enter(&client, kata).await?;
    let stands = !fresh && seed::stands(&client, kata).await?;
    if !stands {
        keep_what_stands(&client, places, kata, &told).await;
        told("clearing the place").await;
        sandbox::reset::remove(&client, kata).await?;
        told("setting the scene").await;
        territory.claim(&client, kata).await?;
        seed::seed(&client, kata).await?;
        told("waiting for the scene").await;
        await_scene(sandbox, kata).await?;
    }
    let shell = sandbox::shell_in(sandbox, places, kata, !stands);
    let shell = shell.context("cannot prepare the shell")?;
    Ok(Prepared {
        fresh: !stands,
        shell,
        refused: Vec::new(),
    })
}

/// So that it can be taken back. A scene that cannot be kept must not stand in the way of a new
/// one.
async fn keep_what_stands<F, T>(client: &Client, places: &Places, kata: &KataInstance, told: &F)
where
    F: Fn(&'static str) -> T,
    T: Future<Output = ()>,
{
    let keep = async {
        if seed::scenes(client, kata).await?.is_empty() {
            return keep::Kept::forget(places, &kata.id);
        }
        told("keeping what is there").await;
        let kept = keep::keep(client, kata).await?;
        kept.save(places, &kata.id)
    };
    if let Err(error) = keep.await {
        tracing::warn!("what stands could not be kept: {error:#}");
        // Better nothing to take back than something else.
        let _ = keep::Kept::forget(places, &kata.id);
    }
}

/// Takes the last reset back: what stood `before` stands again instead of what stands `now`.
pub async fn restore_kata<F, T>(
    sandbox: &dyn Sandbox,
    places: &Places,
    now: &KataInstance,
    before: &KataInstance,
    told: F,
) -> Result<Prepared>
where
    F: Fn(&'static str) -> T,
    T: Future<Output = ()>,
{
    let client = sandbox.client();
    let kept = keep::Kept::load(places, &before.id)?
        .filter(|kept| kept.seed == before.seed)
        .context("nothing was kept that could be taken back")?;
    let territory = sandbox.territory();
    territory.enter(&client, now).await?;
    told("clearing the place").await;
    sandbox::reset::remove(&client, now).await?;
    told("putting back what was there").await;
    let refused = keep::put_back(&client, &kept).await?;
    seed::change_nodes(&client, before).await?;
    keep::Kept::forget(places, &before.id)?;
    sandbox::take_back_workspace(places, &before.id)?;
    let shell = sandbox::shell_in(sandbox, places, before, false);
    let shell = shell.context("cannot prepare the shell")?;
    Ok(Prepared {
        fresh: false,
        shell,
        refused,
    })
}

/// The start scene must show what the kata describes.
async fn await_scene(sandbox: &dyn Sandbox, kata: &KataInstance) -> Result<()> {
    if kata.scene.is_empty() {
        return Ok(());
    }
    let observer = Observer::new(sandbox.client());
    let judge = judge_of_all(sandbox, &observer, kata)?;
    let verdicts = judge.only(&kata.scene).settle(Patience::Full).await;
    match verdicts.iter().find(|verdict| !verdict.holds()) {
        None => Ok(()),
        Some(verdict) => {
            let seen: Vec<String> = verdict
                .differences
                .iter()
                .map(|it| format!("{}: expected {}, seen {}", it.field, it.expected, it.seen))
                .collect();
            anyhow::bail!(
                "the scene is not as described: {} ({})",
                verdict.says,
                seen.join("; ")
            )
        }
    }
}
