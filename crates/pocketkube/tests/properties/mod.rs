//! What the control loops must keep to, whatever happens.
//!
//! A seeded user scales, rolls out, deletes, drains and cuts watches while a fleet of stand-ins
//! for kubelets is slow, breaks and comes back. Every commit is judged by every row of
//! [`invariants`], and so is every moment at which nobody has anything left to do; in the end
//! the user makes peace and everything has to converge. Time is virtual: it passes when all wait.
//!
//! By itself a test tries the first few seeds; `POCKETKUBE_SEEDS` says how many instead, and
//! `POCKETKUBE_SEED` which one alone. Names and some choices of the scheduler do not come from the
//! seed: the same seed finds nearly the same again, not always the very same.

mod actions;
mod fleet;
mod invariants;
mod objects;
mod state;
mod workloads;
mod world;

use workloads::Focus;
use world::World;

/// How many seeds are tried when nobody asks for more.
const SEEDS: u64 = 4;

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("POCKETKUBE_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("POCKETKUBE_SEEDS").unwrap_or(SEEDS)).collect(),
    }
}

async fn explore(focus: Focus) {
    let mut world = World::new().await;
    for seed in seeds() {
        if let Err(why) = world.live_through(focus, seed).await {
            panic!(
                "seed {seed} of {focus:?}: {why}\nto see it again: POCKETKUBE_SEED={seed}\n{}",
                world.chronicle()
            );
        }
    }
    world.cluster.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn deployments_keep_their_limits_and_converge() {
    explore(Focus::Deployments).await;
}

#[tokio::test(start_paused = true)]
async fn stateful_sets_keep_their_order_and_converge() {
    explore(Focus::StatefulSets).await;
}

#[tokio::test(start_paused = true)]
async fn jobs_count_every_pod_once_and_end() {
    explore(Focus::Jobs).await;
}

#[tokio::test(start_paused = true)]
async fn daemon_sets_keep_to_one_pod_a_node_and_converge() {
    explore(Focus::DaemonSets).await;
}
