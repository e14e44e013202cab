//! A whole cluster: builds the parts, wires them in order, and ends them together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::api::GroupResource;
use crate::authentication::{Authenticators, ServiceAccountTokens, UserInfo};
use crate::authorization::{Authorizer, Components, Node, Privileged, Rbac, Union};
use crate::client::{Client, Informers};
use crate::clock::Clock;
use crate::controller::{ControllerManager, ControllerOptions};
use crate::endpoints::{ApiServer, ApiServerParts};
use crate::fleet::Fleet;
use crate::insight::Insight;
use crate::kubelet::runtime::image::Catalogue;
use crate::kubelet::{Kubelets, heartbeat};
use crate::network::Network;
use crate::nodes::{self, Nodes, Surroundings};
use crate::outbound::{Identity, Outbound};
use crate::registry::{Registry, ResourceTable, apiextensions, built_in_resources, new_uid};
use crate::rewind::{Rewinder, Rewound};
use crate::scheduler::Decisions;
use crate::server::{self, CertificateError, ClusterCertificates, Https, Issued, ListenError};
use crate::storage::{DurableError, RewindError, Storage};
use crate::tasks::Tasks;
use crate::trace::{TraceError, Traced};
use crate::{admission, bootstrap, skip};

/// How long the parts of a cluster may take to end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The cluster could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    #[error(transparent)]
    State(#[from] DurableError),
    #[error("cannot use the folder {path} for the cluster's state")]
    StateFolder {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot serve the API to containers")]
    Inside(#[from] ListenError),
    #[error("cannot create what every cluster begins with")]
    Bootstrap(#[source] crate::api::StatusError),
}

/// What a cluster shall be like.
#[derive(Clone)]
pub struct ClusterBuilder {
    nodes: usize,
    clock: Clock,
    name: String,
    state: Option<PathBuf>,
    catalogue: Option<Arc<Catalogue>>,
}

/// A running cluster. Dropping it leaves its tasks to the runtime; [`Cluster::shutdown`] ends
/// them in order.
pub struct Cluster {
    server: ApiServer,
    certificates: Arc<ClusterCertificates>,
    admin: Issued,
    clock: Clock,
    tasks: Tasks,
    controllers: Arc<ControllerManager>,
    rewinder: Rewinder,
    /// Ends last, when nobody writes any more.
    state_writer: Tasks,
    nodes: Nodes,
    name: String,
    address: Mutex<Option<SocketAddr>>,
    requests: Arc<AtomicU64>,
}

/// Somebody in the cluster who waits for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTimer {
    pub due: Timestamp,
    /// The name of the task.
    pub who: String,
}

/// When a node of a cluster that was kept last said that it lives. Its time may have been skipped:
/// it goes on from there, never back.
fn last_heartbeat(storage: &Storage) -> Option<Timestamp> {
    let leases = GroupResource::new("coordination.k8s.io", "leases");
    let leases = storage.list(&leases, heartbeat::LEASES).items;
    let renewed = leases.iter().filter_map(|lease| {
        let renewed = lease.value()["spec"]["renewTime"].as_str()?;
        renewed.parse().ok()
    });
    renewed.max()
}

impl ClusterBuilder {
    /// Simulated nodes, the control plane among them. 0 is a control plane alone: an API server
    /// with controllers and without kubelets.
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// The time that the whole cluster lives in.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The name in the kubeconfig and of the nodes.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// Keeps the cluster's objects and authority in a folder, and begins with what is there.
    pub fn state(mut self, folder: Option<PathBuf>) -> Self {
        self.state = folder;
        self
    }

    /// The images that the cluster's registries have, instead of those in the program.
    pub fn catalogue(mut self, catalogue: Arc<Catalogue>) -> Self {
        self.catalogue = Some(catalogue);
        self
    }

    /// Starts everything; the API answers when this returns.
    pub async fn start(self) -> Result<Cluster, StartError> {
        let state_writer = Tasks::new();
        let (certificates, storage) = self.foundations(&state_writer)?;
        let certificates = Arc::new(certificates);
        let admin = UserInfo::admin();
        let admin = certificates.client(&admin.name, &["system:masters"])?;
        let tasks = Tasks::new();
        let resources = Arc::new(ResourceTable::new(built_in_resources()));
        if let Some(last) = last_heartbeat(&storage) {
            let next = last.saturating_add(heartbeat::RENEWAL).unwrap_or(last);
            self.clock.advance_to(next);
        }
        let registry = Registry::new(storage, resources, self.clock.clone());
        apiextensions::restore(&registry);
        let (private_key, public_key) = certificates.token_key();
        let tokens = ServiceAccountTokens::new(&private_key, &public_key, registry.clone());
        let tokens = Arc::new(tokens);
        let authorizer: Arc<dyn Authorizer> = Arc::new(Union(vec![
            Box::new(Privileged),
            Box::new(Components),
            Box::new(Node::new(registry.clone(), bootstrap::node_rules())),
            Box::new(Rbac::new(registry.storage().clone())),
        ]));
        // An authority of its own: who has its certificate may say who somebody else is.
        let front_proxy = ClusterCertificates::generate()?;
        let identity = front_proxy.client(bootstrap::FRONT_PROXY, &[])?;
        let outbound = Outbound::new(
            registry.clone(),
            tasks.clone(),
            Identity {
                certificate: identity.certificate_pem,
                key: identity.key_pem,
            },
        );
        registry.connect_converter(Arc::new(outbound.clone()));
        let server = ApiServer::new(ApiServerParts {
            admission: admission::default_chain(&registry, &authorizer, &outbound),
            outbound: outbound.clone(),
            registry,
            authenticators: Authenticators {
                tokens: vec![Box::new(tokens.clone())],
            },
            tokens: tokens.clone(),
            authorizer,
        });
        let is_new = bootstrap::create(&server)
            .await
            .map_err(StartError::Bootstrap)?;
        let (clients, proxies) = (certificates.authority_pem(), front_proxy.authority_pem());
        bootstrap::publish_authentication(&server, clients, proxies)
            .await
            .map_err(StartError::Bootstrap)?;
        let clock = self.clock.clone();
        let manager = UserInfo::component("system:kube-controller-manager");
        let client = Client::new(Arc::new(server.clone()), manager, "kube-controller-manager");
        let informers = Informers::new(client.clone(), clock.clone(), tasks.clone());
        let nodes = nodes::start(
            &Surroundings {
                server: &server,
                informers: &informers,
                clock: &clock,
                tasks: &tasks,
                name: &self.name,
                catalogue: self.catalogue.unwrap_or_else(Catalogue::shared),
            },
            self.nodes,
        )
        .await
        .map_err(StartError::Bootstrap)?;
        let options = ControllerOptions {
            resources: server.registry().resources().clone(),
            root_ca: certificates.authority_pem().to_owned(),
            metrics: Some(nodes.kubelets.clone()),
            tokens: Some(tokens),
            certificates: Some(certificates.clone()),
            outbound: Some(outbound),
        };
        let controllers = ControllerManager::start(client, informers, clock, options, &tasks);
        let controllers = Arc::new(controllers);
        let rewinder = Rewinder::new(
            server.registry().clone(),
            nodes.kubelets.clone(),
            controllers.clone(),
        );
        if let Some(listener) = nodes.listen_as_api_server() {
            let https = Https::new(server.clone(), &certificates, Arc::default(), tasks.clone())?;
            server::serve_inside(https, listener);
        }
        let keep = bootstrap::keep_kubernetes_service(server.clone(), self.clock.clone());
        tasks.spawn("kubernetes service", keep);
        let keep = bootstrap::keep_flow_control(server.clone(), self.clock.clone());
        tasks.spawn("flow control", keep);
        if self.nodes > 0 {
            let lead = bootstrap::lead(leaders(&server, &self.name), self.clock.clone());
            tasks.spawn("leases of the control plane", lead);
        }
        if is_new && self.nodes > 0 {
            let system =
                bootstrap::create_system(server.clone(), certificates.authority_pem().to_owned());
            tasks.spawn("system components", system);
        }
        Ok(Cluster {
            server,
            certificates,
            admin,
            clock: self.clock,
            tasks,
            controllers,
            rewinder,
            state_writer,
            nodes,
            name: self.name,
            address: Mutex::new(None),
            requests: Arc::default(),
        })
    }

    fn foundations(
        &self,
        state_writer: &Tasks,
    ) -> Result<(ClusterCertificates, Storage), StartError> {
        let capacity = Storage::DEFAULT_LOG_CAPACITY;
        let Some(folder) = &self.state else {
            return Ok((ClusterCertificates::generate()?, Storage::new(capacity)));
        };
        std::fs::create_dir_all(folder).map_err(|source| StartError::StateFolder {
            path: folder.display().to_string(),
            source,
        })?;
        let certificates = ClusterCertificates::keep_in(folder)?;
        let storage = Storage::open(&folder.join("objects.redb"), capacity, state_writer)?;
        Ok((certificates, storage))
    }
}

/// Scheduler and controller manager, each as itself, on the node of the control plane.
fn leaders(server: &ApiServer, name: &str) -> Vec<bootstrap::Leader> {
    let leader = |component: &'static str| {
        let user = UserInfo::component(&format!("system:{component}"));
        let client = Client::new(Arc::new(server.clone()), user, component);
        let host = format!("{name}-control-plane");
        bootstrap::Leader::new(client, component, &host, &new_uid())
    };
    vec![leader("kube-scheduler"), leader("kube-controller-manager")]
}

impl Cluster {
    /// A cluster of three nodes at the machine's pace, unless told otherwise.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder {
            nodes: 3,
            clock: Clock::real(),
            name: "kubekata".to_owned(),
            state: None,
            catalogue: None,
        }
    }

    /// A cluster as the builder makes it when nothing is said.
    pub async fn start() -> Result<Cluster, StartError> {
        Self::builder().start().await
    }

    /// A client with the administrator's rights that uses no socket.
    pub fn client(&self) -> kube::Client {
        self.client_as(UserInfo::admin())
    }

    /// A client that acts as `user`.
    pub fn client_as(&self, user: UserInfo) -> kube::Client {
        server::in_process_client(self.server.clone(), user, self.tasks.clone())
    }

    /// Serves HTTPS on `address` (port 0 takes any free one) and returns where it listens.
    pub async fn serve(&self, address: SocketAddr) -> Result<SocketAddr, ListenError> {
        let https = Https::new(
            self.server.clone(),
            &self.certificates,
            self.requests.clone(),
            self.tasks.clone(),
        )?;
        let bound = server::listen(https, address).await?;
        *self.address.lock() = Some(bound);
        Ok(bound)
    }

    /// The administrator's kubeconfig. Leads nowhere before [`Cluster::serve`].
    pub fn kubeconfig(&self) -> String {
        let address = self
            .address
            .lock()
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 6443)));
        server::kubeconfig(&self.name, address, &self.certificates, &self.admin)
    }

    /// How many requests came over HTTPS so far: whoever hosts a cluster can tell whether
    /// anyone works with it.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Lets a span of cluster time pass at once: everything that is due in it happens in its order,
    /// and when this returns the cluster is quiet again. Dropped before, it stops where it is.
    ///
    /// Not for use in a task of this cluster, which would wait for itself.
    pub async fn skip(&self, span: Duration) {
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        let until = self.clock.now().saturating_add(span);
        self.skip_until(until.unwrap_or(Timestamp::MAX)).await;
    }

    /// The same, up to a moment.
    pub async fn skip_until(&self, until: Timestamp) {
        skip::skip_until(&self.clock, &self.tasks, until).await;
    }

    /// Who in the cluster waits for what time, in order: the first of each.
    pub fn next_timers(&self, count: usize) -> Vec<NextTimer> {
        let mut next: Vec<NextTimer> = Vec::new();
        for timer in self.clock.next_timers(count.saturating_mul(20)) {
            let Some(mut who) = timer.task.and_then(|id| self.tasks.name_of(id)) else {
                continue;
            };
            // Workers of a controller are told apart by a number, which says nothing here.
            if let Some((name, number)) = who.rsplit_once(' ')
                && number.parse::<usize>().is_ok()
            {
                who = name.to_owned();
            }
            if next.len() < count && next.iter().all(|known| known.who != who) {
                let due = timer.due;
                next.push(NextTimer { due, who });
            }
        }
        next
    }

    /// The API server, for in-process clients of other identities.
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// Why Pods are on their nodes, or still waiting for one.
    pub fn scheduling_decisions(&self) -> &Decisions {
        &self.nodes.decisions
    }

    /// The agents of the simulated nodes.
    pub fn kubelets(&self) -> &Arc<Kubelets> {
        &self.nodes.kubelets
    }

    /// What can be asked about the cluster, for whoever does not own it.
    pub fn insight(&self) -> Insight {
        Insight {
            registry: self.server.registry().clone(),
            decisions: self.nodes.decisions.clone(),
        }
    }

    /// What brought an object about and what came of it: see [`Insight::trace`].
    pub fn trace(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<Traced>, TraceError> {
        self.insight().trace(kind, namespace, name)
    }

    /// Goes back in the cluster's history.
    pub fn rewinder(&self) -> &Rewinder {
        &self.rewinder
    }

    /// The revision that the cluster is at: see [`Cluster::rewind`].
    pub fn snapshot(&self) -> u64 {
        self.rewinder.snapshot()
    }

    /// Brings back what was there at a revision: see [`Rewinder`].
    pub async fn rewind(&self, to: u64) -> Result<Rewound, RewindError> {
        self.rewinder.rewind(to).await
    }

    /// The nodes: more and fewer of them, and what can happen to them.
    pub fn fleet(&self) -> Fleet {
        let transport = Arc::new(self.server.clone());
        Fleet {
            kubelets: self.nodes.kubelets.clone(),
            network: self.nodes.network.clone(),
            client: Client::new(transport, UserInfo::admin(), "kubekata"),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
        }
    }

    /// The network that Pods and Services are on.
    pub fn network(&self) -> &Network {
        &self.nodes.network
    }

    /// Breaks every watch that clients have over HTTP, as a network does that fails.
    pub fn cut_watches(&self) {
        self.server.cut_watches();
    }

    /// Forgets what happened until now: a client that goes on from an earlier revision is answered
    /// 410 and has to list anew.
    pub fn forget_history(&self) {
        self.server.registry().storage().forget();
    }

    /// Ends every watch at once, those of the cluster's own loops included: whoever follows has to
    /// list anew. What happened until now is forgotten.
    pub fn expire_watches(&self) {
        self.server.registry().storage().expire_watches();
    }

    /// Ends all controllers in the middle of their work and starts new ones a second of cluster
    /// time later, as when the controller manager crashes. Fails with the names of tasks that did
    /// not end.
    pub async fn restart_controllers(&self) -> Result<(), Vec<String>> {
        self.controllers.restart().await
    }

    /// Ends every task, then saves what is left to save. Fails with the names of those that did
    /// not end in time.
    pub async fn shutdown(&self) -> Result<(), Vec<String>> {
        let controllers = self.controllers.shutdown().await;
        let ended = self.tasks.shutdown(SHUTDOWN_LIMIT).await;
        controllers
            .and(ended)
            .and(self.state_writer.shutdown(SHUTDOWN_LIMIT).await)
    }
}
