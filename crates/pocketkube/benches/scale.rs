//! How a cluster grows: Deployments of a hundred Pods each, created all at once, until every Pod is
//! ready: `cargo bench -p pocketkube --bench scale`.
//!
//! Sizes after `--` as NODESxPODS replace those of the curve: `-- 100x1000 1000x10000`. The cost of
//! a Pod should stay the same from the first line to the last. `-- full-speed` measures only how
//! long a Deployment of a hundred takes while time runs as fast as it can.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, ListParams, PostParams};
use pocketkube::Cluster;
use pocketkube::clock::Clock;
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Pods of a Deployment.
const REPLICAS: usize = 100;
/// The curve, as nodes and Pods.
const CURVE: [(usize, usize); 4] = [(100, 1000), (250, 2500), (500, 5000), (1000, 10_000)];
/// Cluster seconds per second where time runs as fast as it can.
const FULL_SPEED: f64 = 1000.0;
/// How often it is looked whether all are ready.
const LOOK: Duration = Duration::from_millis(20);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    if words.is_empty() || words.iter().any(|word| word == "full-speed") {
        full_speed().await?;
    }
    let sizes: Vec<(usize, usize)> = match words.is_empty() {
        true => CURVE.to_vec(),
        false => words.iter().filter_map(|word| size(word)).collect(),
    };
    if !sizes.is_empty() {
        println!("nodes   pods   started     ready   per pod   cpu/pod   memory  kB/pod");
    }
    for (nodes, pods) in sizes {
        grow(nodes, pods).await?;
    }
    Ok(())
}

fn size(word: &str) -> Option<(usize, usize)> {
    let (nodes, pods) = word.split_once('x')?;
    Some((nodes.parse().ok()?, pods.parse().ok()?))
}

async fn full_speed() -> Result<(), Failure> {
    let cluster = start(3, FULL_SPEED).await?;
    let begun = Instant::now();
    let deployments = deploy(&cluster, 1, REPLICAS).await?;
    all_ready(&deployments, REPLICAS).await?;
    let took = begun.elapsed();
    println!("a Deployment of {REPLICAS} at full speed is ready after {took:.2?}");
    end(&cluster).await
}

async fn grow(nodes: usize, pods: usize) -> Result<(), Failure> {
    let begun = Instant::now();
    let cluster = start(nodes, 1.0).await?;
    let started = begun.elapsed();
    let (cpu, memory) = (cpu_seconds(), resident_kilobytes());
    let begun = Instant::now();
    let deployments = deploy(&cluster, pods.div_ceil(REPLICAS), REPLICAS.min(pods)).await?;
    all_ready(&deployments, pods).await?;
    let took = begun.elapsed();
    let each = |total: f64| total / pods as f64;
    println!(
        "{nodes:>5} {pods:>6} {:>8.2}s {:>8.2}s {:>7.2}ms {:>7.2}ms {:>6}MB {:>7.1}",
        started.as_secs_f64(),
        took.as_secs_f64(),
        each(took.as_secs_f64() * 1000.0),
        each((cpu_seconds() - cpu) * 1000.0),
        resident_kilobytes() / 1024,
        each(resident_kilobytes().saturating_sub(memory) as f64),
    );
    end(&cluster).await
}

async fn start(nodes: usize, speed: f64) -> Result<Cluster, Failure> {
    // One more for the control plane, which takes no Pods.
    let builder = Cluster::builder()
        .nodes(nodes + 1)
        .clock(Clock::scaled(speed));
    Ok(builder.start().await?)
}

async fn end(cluster: &Cluster) -> Result<(), Failure> {
    let ended = cluster.shutdown().await;
    ended.map_err(|names| format!("did not end in time: {}", names.join(", ")).into())
}

async fn deploy(
    cluster: &Cluster,
    count: usize,
    replicas: usize,
) -> Result<Api<Deployment>, Failure> {
    let deployments: Api<Deployment> = Api::default_namespaced(cluster.client());
    for number in 0..count {
        let name = format!("web-{number}");
        let deployment = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{
                        "name": "web",
                        "image": "nginx:1.27",
                        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                    }]},
                },
            },
        }))?;
        deployments
            .create(&PostParams::default(), &deployment)
            .await?;
    }
    Ok(deployments)
}

async fn all_ready(deployments: &Api<Deployment>, pods: usize) -> Result<(), Failure> {
    let pods = i32::try_from(pods)?;
    loop {
        let all = deployments.list(&ListParams::default()).await?;
        let ready = all.items.iter().map(|own| {
            let status = own.status.as_ref();
            status.and_then(|own| own.ready_replicas).unwrap_or(0)
        });
        if ready.sum::<i32>() >= pods {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Processor time of this process so far; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    /// Of `/proc`, on every Linux that is in use.
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may hold spaces; what follows it does not.
    let numbers = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = numbers.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|number| number.parse::<f64>().ok()).sum();
    ticks / TICKS_A_SECOND
}

/// Memory of this process; 0 where the system does not tell.
fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
