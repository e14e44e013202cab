//! Runs a shell script in a simulated container: `container_sh IMAGE SCRIPT`.
use pocketkube::clock::Clock;
use pocketkube::kubelet::runtime::*;
use pocketkube::network::{Network, NetworkConfig};
use pocketkube::tasks::Tasks;
use std::sync::Arc;
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let clock = Clock::scaled(1.0);
    let network = Network::new(NetworkConfig::default(), clock.clone());
    let runtime = Runtime::new(RuntimeConfig {
        node_ip: [172, 18, 0, 2].into(),
        pod_cidr: "10.244.1.0/24".parse().unwrap(),
        clock: clock.clone(),
        tasks: Tasks::new(),
        sockets: Arc::new(network),
        catalogue: Arc::new(Catalogue::embedded()),
        image_policy: ImagePolicy::Strict,
    });
    let image = runtime.images().preload(&args[1].parse().unwrap()).unwrap();
    let pod = runtime
        .run_sandbox(SandboxConfig {
            namespace: "default".into(),
            name: "pod".into(),
            hostname: "pod".into(),
            dns: DnsConfig::cluster_first([10, 96, 0, 10].into(), "default", "cluster.local"),
            ..Default::default()
        })
        .unwrap();
    let mut config = ContainerConfig::new("main", image);
    if args.len() > 2 {
        config.command = vec!["sh".into(), "-c".into(), args[2].clone()];
    }
    if let Some(m) = args.get(3) {
        config.memory_limit = m.parse().ok();
    }
    let container = pod.create_container(config).unwrap();
    if let Err(e) = container.start() {
        println!("{e}");
        return;
    }
    let status = container.wait().await;
    print!("{}", container.logs().text());
    println!("[{} {}]", status.code, status.reason);
}
