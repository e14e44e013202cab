//! A node to run containers on, without a cluster around it.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pocketkube::clock::Clock;
use pocketkube::kubelet::runtime::{
    Catalogue, Container, ContainerConfig, DnsConfig, ImagePolicy, PodSandbox, Runtime,
    RuntimeConfig, SandboxConfig, StoredImage, Streams,
};
use pocketkube::network::{Network, NetworkConfig};
use pocketkube::tasks::Tasks;
use tokio::io::AsyncReadExt;

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::embedded()));

pub struct Node {
    pub clock: Clock,
    pub network: Network,
    pub runtime: Arc<Runtime>,
}

pub const GRACE: Duration = Duration::from_secs(30);

impl Node {
    pub fn new() -> Self {
        let clock = Clock::starting_at("2025-01-02T03:04:05Z".parse().unwrap(), 1.0);
        let network = Network::new(NetworkConfig::default(), clock.clone());
        let runtime = Runtime::new(RuntimeConfig {
            node_ip: IpAddr::from([172, 18, 0, 2]),
            pod_cidr: "10.244.1.0/24".parse().unwrap(),
            clock: clock.clone(),
            tasks: Tasks::new(),
            sockets: Arc::new(network.clone()),
            catalogue: CATALOGUE.clone(),
            image_policy: ImagePolicy::Strict,
        });
        Self {
            clock,
            network,
            runtime,
        }
    }

    pub fn image(&self, name: &str) -> StoredImage {
        self.runtime
            .images()
            .preload(&name.parse().unwrap())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn pod(&self, name: &str) -> Arc<PodSandbox> {
        let dns =
            DnsConfig::cluster_first(IpAddr::from([10, 96, 0, 10]), "default", "cluster.local");
        self.runtime
            .run_sandbox(SandboxConfig {
                namespace: "default".to_owned(),
                name: name.to_owned(),
                hostname: name.to_owned(),
                dns,
                ..SandboxConfig::default()
            })
            .unwrap()
    }

    /// A container with a command in a Pod of its own, started.
    pub fn run(&self, image: &str, command: &[&str]) -> Running {
        self.run_with(image, command, |_| {})
    }

    pub fn run_with(
        &self,
        image: &str,
        command: &[&str],
        change: impl FnOnce(&mut ContainerConfig),
    ) -> Running {
        let pod = self.pod("pod");
        let container = self.create(&pod, "main", image, command, change);
        container.start().unwrap();
        Running { container, pod }
    }

    pub fn create(
        &self,
        pod: &Arc<PodSandbox>,
        name: &str,
        image: &str,
        command: &[&str],
        change: impl FnOnce(&mut ContainerConfig),
    ) -> Arc<Container> {
        let mut config = ContainerConfig::new(name, self.image(image));
        config.command = command.iter().map(|word| (*word).to_owned()).collect();
        change(&mut config);
        pod.create_container(config).unwrap()
    }
}

/// A started container and its Pod.
pub struct Running {
    pub container: Arc<Container>,
    pub pod: Arc<PodSandbox>,
}

impl std::ops::Deref for Running {
    type Target = Arc<Container>;

    fn deref(&self) -> &Arc<Container> {
        &self.container
    }
}

impl Running {
    /// Waits for the end: status and log.
    pub async fn outcome(&self) -> (i32, String) {
        let status = self.container.wait().await;
        (status.code, self.container.logs().text())
    }

    /// Waits until the log has the text.
    pub async fn logs(&self, text: &str) {
        for _ in 0..10_000 {
            if self.container.logs().text().contains(text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!(
            "{text:?} is not in the log: {}",
            self.container.logs().text()
        );
    }

    /// Runs a shell command in the container: status, stdout, stderr.
    pub async fn sh(&self, script: &str) -> (i32, String, String) {
        exec(&self.container, &["sh", "-c", script]).await
    }
}

pub async fn exec(container: &Arc<Container>, command: &[&str]) -> (i32, String, String) {
    let (stdout, mut read_stdout) = tokio::io::duplex(1024);
    let (stderr, mut read_stderr) = tokio::io::duplex(1024);
    let streams = Streams {
        stdout: Some(Box::new(stdout)),
        stderr: Some(Box::new(stderr)),
        ..Streams::default()
    };
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    let (mut out, mut err) = (String::new(), String::new());
    let (code, _, _) = tokio::join!(
        container.exec(command, false, streams),
        read_stdout.read_to_string(&mut out),
        read_stderr.read_to_string(&mut err),
    );
    (code.unwrap(), out, err)
}
