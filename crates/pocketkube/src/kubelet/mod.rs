//! The node agents: they take Pods through their life on simulated nodes.
//!
//! [`Kubelets`] is the fleet of a cluster. Nodes are cheap: they share informers, the heartbeat
//! task and the network; each Pod is one task ([`pod_worker`]). Mirrors `pkg/kubelet` (v1.35).

mod backoff;
mod connect;
mod container_config;
mod downward;
mod environment;
mod expansion;
pub(crate) mod heartbeat;
mod hooks;
mod images;
mod metrics_server;
mod node;
mod pod_worker;
mod power;
mod pressure;
mod probe;
mod prober;
mod registration;
mod restart;
pub mod runtime;
mod static_pods;
mod status;
mod status_writer;
mod text;
mod volumes;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, Service};
use parking_lot::{Mutex, RwLock};
use tokio::sync::mpsc;

use crate::api::StatusError;
use crate::authentication::UserInfo;
use crate::client::{Change, Client, EventRecorder, Informers, Kind};
use crate::clock::Clock;
use crate::component_helpers::usage::{ContainerUsage, PodMetrics};
use crate::sockets::Sockets;
use crate::tasks::Tasks;

pub use metrics_server::MetricsServer;
pub use node::NodeConfig;
pub use power::NodeState;
pub use pressure::Pressure;
pub use registration::VERSION;

use environment::Caches;
use heartbeat::Alive;
use node::Node;
use pod_worker::view::PodView;
use pod_worker::{PodEvent, PodWorker};
use runtime::{Catalogue, ImagePolicy, PodNetwork, Runtime, RuntimeConfig};
use volumes::Reference;

/// What the nodes of a cluster have in common.
pub struct KubeletsConfig {
    /// Any client; kubelets speak in the name of their nodes.
    pub client: Client,
    pub informers: Informers,
    pub clock: Clock,
    pub tasks: Tasks,
    pub sockets: Arc<dyn Sockets>,
    pub catalogue: Arc<Catalogue>,
    pub image_policy: ImagePolicy,
    pub cluster_dns: IpAddr,
    pub cluster_domain: String,
}

/// All simulated nodes of a cluster.
pub struct Kubelets {
    config: KubeletsConfig,
    recorder: EventRecorder,
    sources: Caches,
    persistent: Arc<Mutex<BTreeMap<String, Arc<runtime::filesystem::Volume>>>>,
    kubelets: RwLock<HashMap<String, Arc<Kubelet>>>,
    /// The nodes that have no power, by name.
    lost: Mutex<BTreeMap<String, Arc<Node>>>,
    alive: Alive,
    /// Who wants to hear of a change of a ConfigMap or Secret: senders by the Pod's uid.
    interested: Mutex<HashMap<Reference, HashMap<String, mpsc::UnboundedSender<PodEvent>>>>,
}

/// One node's agent: its Pods by uid.
struct Kubelet {
    node: Arc<Node>,
    pods: Mutex<HashMap<String, PodHandle>>,
}

struct PodHandle {
    events: mpsc::UnboundedSender<PodEvent>,
    view: Arc<PodView>,
    references: Vec<Reference>,
}

impl Kubelets {
    /// The agents of a cluster, without any node yet. Call [`Kubelets::add_node`] for each, then
    /// [`Kubelets::run`].
    pub fn new(config: KubeletsConfig) -> Arc<Self> {
        let informers = &config.informers;
        let recorder = EventRecorder::new(
            config.client.clone(),
            config.clock.clone(),
            &config.tasks,
            "kubelet",
            "",
        );
        Arc::new(Self {
            recorder,
            sources: Caches {
                config_maps: informers.lister::<ConfigMap>(),
                secrets: informers.lister::<Secret>(),
                services: informers.lister::<Service>(),
            },
            persistent: Arc::default(),
            kubelets: RwLock::default(),
            lost: Mutex::default(),
            alive: Alive::default(),
            interested: Mutex::default(),
            config,
        })
    }

    /// Registers a node and lets it live. Fails where its Node object can't be created.
    pub async fn add_node(self: &Arc<Self>, config: NodeConfig) -> Result<(), StatusError> {
        let node = Arc::new(self.make_node(config));
        static_pods::deliver_images(&node);
        self.take_in(node).await
    }

    fn show_static_pods(&self, node: &Arc<Node>) {
        if node.config.is_control_plane {
            let name = format!("static pods of {}", node.config.name);
            self.config
                .tasks
                .spawn(name, static_pods::mirror(node.clone()));
        }
    }

    fn make_node(&self, config: NodeConfig) -> Node {
        let KubeletsConfig {
            client,
            clock,
            tasks,
            sockets,
            ..
        } = &self.config;
        let runtime = Runtime::new(RuntimeConfig {
            node_ip: config.ip,
            pod_cidr: config.pod_cidr,
            clock: clock.clone(),
            tasks: tasks.clone(),
            sockets: sockets.clone(),
            catalogue: self.config.catalogue.clone(),
            image_policy: self.config.image_policy,
        });
        let network = PodNetwork::new(
            sockets.clone(),
            clock.clone(),
            config.ip,
            config.name.clone(),
        );
        Node {
            client: client.with_user(UserInfo::node(&config.name)),
            recorder: self.recorder.on_host(&config.name),
            runtime,
            network,
            sources: self.sources.clone(),
            clock: clock.clone(),
            cluster_dns: self.config.cluster_dns,
            cluster_domain: self.config.cluster_domain.clone(),
            host_paths: Mutex::default(),
            persistent: self.persistent.clone(),
            boots: AtomicU32::new(0),
            pressures: Mutex::default(),
            is_reclaiming: AtomicBool::new(false),
            config,
        }
    }

    /// Follows Pods and what they are configured from, and keeps the nodes alive, in tasks of
    /// their own.
    pub fn run(self: &Arc<Self>) {
        let beats = heartbeat::keep_alive(self.alive.clone(), self.config.clock.clone());
        self.config.tasks.spawn("heartbeats of nodes", beats);
        let kubelets = self.clone();
        self.config.tasks.spawn("start of kubelets", async move {
            kubelets.follow().await;
        });
    }

    /// Subscribes once everything that Pods are configured from is known: a Pod must not fail for
    /// a ConfigMap that merely has not been seen yet.
    async fn follow(self: &Arc<Self>) {
        let informers = &self.config.informers;
        let config_maps = informers.get::<ConfigMap>();
        let secrets = informers.get::<Secret>();
        let services = informers.get::<Service>();
        config_maps.wait_synced().await;
        secrets.wait_synced().await;
        services.wait_synced().await;
        let kubelets = self.clone();
        config_maps.subscribe(move |change| {
            let object = change.object();
            kubelets.refresh(&Reference::ConfigMap {
                namespace: object.namespace().to_owned(),
                name: object.name().to_owned(),
            });
        });
        let kubelets = self.clone();
        secrets.subscribe(move |change| {
            let object = change.object();
            kubelets.refresh(&Reference::Secret {
                namespace: object.namespace().to_owned(),
                name: object.name().to_owned(),
            });
        });
        let kubelets = self.clone();
        let pods = informers.get::<Pod>();
        pods.subscribe(move |change| kubelets.pod_changed(change));
    }

    fn refresh(&self, reference: &Reference) {
        let interested = self.interested.lock();
        for sender in interested
            .get(reference)
            .into_iter()
            .flat_map(HashMap::values)
        {
            let _ = sender.send(PodEvent::Refresh);
        }
    }

    fn pod_changed(self: &Arc<Self>, change: &Change<Pod>) {
        let pod = change.object();
        let Some(kubelet) = self.kubelet(node_of(pod)) else {
            return;
        };
        match change {
            Change::Deleted(_) => {
                kubelet.tell(pod.uid(), PodEvent::Gone);
                if static_pods::is_mirror(pod) {
                    self.show_static_pods(&kubelet.node);
                }
            }
            Change::Updated { old, .. } if !matters(old, pod) => {}
            _ if kubelet.has(pod.uid()) => {
                kubelet.tell(pod.uid(), PodEvent::Updated(pod.clone()));
            }
            _ => self.take_on(&kubelet, pod),
        }
    }

    /// Starts the worker of a Pod that is new to its node.
    fn take_on(self: &Arc<Self>, kubelet: &Arc<Kubelet>, pod: &Arc<Pod>) {
        let (events, inbox) = mpsc::unbounded_channel();
        let view = Arc::new(PodView::default());
        let uid = pod.uid().to_owned();
        let references = volumes::references(pod);
        {
            let mut interested = self.interested.lock();
            for reference in &references {
                let senders = interested.entry(reference.clone()).or_default();
                senders.insert(uid.clone(), events.clone());
            }
        }
        let handle = PodHandle {
            events,
            view: view.clone(),
            references,
        };
        kubelet.pods.lock().insert(uid.clone(), handle);
        let worker = PodWorker::new(kubelet.node.clone(), pod.clone(), view, inbox);
        let (kubelets, kubelet) = (self.clone(), kubelet.clone());
        let name = format!("pod {}", pod.key());
        self.config.tasks.spawn(name, async move {
            worker.run().await;
            kubelets.forget(&kubelet, &uid);
        });
    }

    fn forget(&self, kubelet: &Kubelet, uid: &str) {
        let handle = {
            let mut pods = kubelet.pods.lock();
            // Of a node that was lost nothing is left, and of a Pod that starts anew there is a
            // worker that goes on.
            let has_ended = pods.get(uid).is_some_and(|own| own.events.is_closed());
            has_ended.then(|| pods.remove(uid)).flatten()
        };
        if let Some(handle) = handle {
            self.lose_interest(uid, &handle);
        }
    }

    fn lose_interest(&self, uid: &str, handle: &PodHandle) {
        let mut interested = self.interested.lock();
        for reference in &handle.references {
            if let Some(senders) = interested.get_mut(reference) {
                senders.remove(uid);
                if senders.is_empty() {
                    interested.remove(reference);
                }
            }
        }
    }

    fn kubelet(&self, node: &str) -> Option<Arc<Kubelet>> {
        self.kubelets.read().get(node).cloned()
    }

    fn sockets(&self) -> &Arc<dyn Sockets> {
        &self.config.sockets
    }

    /// From where the API server's own connections come: the first control-plane node.
    fn control_plane_ip(&self) -> IpAddr {
        let kubelets = self.kubelets.read();
        let mut nodes = kubelets.values().map(|kubelet| &kubelet.node.config);
        let control_plane = nodes.find(|config| config.is_control_plane);
        control_plane.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |config| config.ip)
    }
}

impl Kubelet {
    fn has(&self, uid: &str) -> bool {
        self.pods.lock().contains_key(uid)
    }

    fn tell(&self, uid: &str, event: PodEvent) {
        if let Some(handle) = self.pods.lock().get(uid) {
            let _ = handle.events.send(event);
        }
    }

    fn view(&self, uid: &str) -> Option<Arc<PodView>> {
        self.pods.lock().get(uid).map(|handle| handle.view.clone())
    }
}

impl PodMetrics for Kubelets {
    fn usage(&self, pod: &Pod) -> Vec<ContainerUsage> {
        let kubelet = self.kubelet(node_of(pod));
        let view = kubelet.and_then(|kubelet| kubelet.view(pod.uid()));
        let running = view.map(|view| view.running()).unwrap_or_default();
        let usage = running.into_iter().map(|(name, container)| ContainerUsage {
            name,
            running: container.running_time(),
            cpu_time: container.cpu_time(),
            memory_bytes: container.memory_bytes(),
        });
        usage.collect()
    }
}

fn node_of(pod: &Pod) -> &str {
    let spec = pod.spec.as_ref();
    spec.and_then(|spec| spec.node_name.as_deref())
        .unwrap_or_default()
}

/// Whether a change is more than the status that the kubelet itself writes.
fn matters(old: &Pod, new: &Pod) -> bool {
    let gates = new
        .spec
        .as_ref()
        .and_then(|spec| spec.readiness_gates.as_ref());
    old.spec != new.spec
        || old.labels() != new.labels()
        || old.annotations() != new.annotations()
        || old.meta().deletion_timestamp != new.meta().deletion_timestamp
        || old.meta().deletion_grace_period_seconds != new.meta().deletion_grace_period_seconds
        || gates.is_some_and(|gates| !gates.is_empty())
        || lost_readiness(old, new)
}

/// Whether the Pod was marked as not ready, perhaps not by its kubelet.
fn lost_readiness(old: &Pod, new: &Pod) -> bool {
    let ready = |pod: &Pod| {
        let status = pod.status.as_ref();
        let mut conditions = status
            .into_iter()
            .flat_map(|status| status.conditions.iter().flatten());
        conditions.any(|own| own.type_ == "Ready" && own.status == "True")
    };
    ready(old) && !ready(new)
}
