//! A controller of kube-rs: a child with its owner, a finalizer, watches that break.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::finalizer::{self, Event, finalizer};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use parking_lot::Mutex;
use pocketkube::Cluster;
use serde_json::{Value, json};

const FINALIZER: &str = "test.example.com/mirror";
/// Nothing takes so long, unless it will never happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the operator knows while it runs.
struct Operator {
    client: Client,
    /// The ConfigMaps whose mirror was cleaned up.
    cleaned: Mutex<Vec<String>>,
    /// What went wrong on the way, in words.
    errors: Mutex<Vec<String>>,
}

impl Operator {
    /// Keeps a Secret beside every ConfigMap that asks for one.
    async fn reconcile(
        config_map: Arc<ConfigMap>,
        operator: Arc<Self>,
    ) -> Result<Action, finalizer::Error<kube::Error>> {
        let namespace = config_map.namespace().unwrap_or_default();
        let config_maps: Api<ConfigMap> = Api::namespaced(operator.client.clone(), &namespace);
        finalizer(&config_maps, FINALIZER, config_map, |event| async {
            match event {
                Event::Apply(config_map) => operator.mirror(&config_map).await?,
                Event::Cleanup(config_map) => {
                    operator.cleaned.lock().push(config_map.name_any());
                }
            }
            Ok(Action::await_change())
        })
        .await
    }

    async fn mirror(&self, config_map: &ConfigMap) -> Result<(), kube::Error> {
        let namespace = config_map.namespace().unwrap_or_default();
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(config_map.name_any()),
                owner_references: config_map
                    .controller_owner_ref(&())
                    .map(|owner| vec![owner]),
                ..ObjectMeta::default()
            },
            string_data: config_map.data.clone(),
            ..Secret::default()
        };
        let apply = PatchParams::apply("test-operator").force();
        Api::<Secret>::namespaced(self.client.clone(), &namespace)
            .patch(&config_map.name_any(), &apply, &Patch::Apply(&secret))
            .await?;
        Ok(())
    }

    /// Works until it is dropped.
    async fn run(self: Arc<Self>) {
        let config_maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), "default");
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), "default");
        Controller::new(config_maps, watcher::Config::default().labels("mirror=yes"))
            .owns(secrets, watcher::Config::default())
            .run(
                Self::reconcile,
                |_, _, _| Action::requeue(Duration::from_secs(1)),
                self.clone(),
            )
            .for_each(|result| async {
                if let Err(error) = result {
                    self.errors.lock().push(format!("{error:?}"));
                }
            })
            .await;
    }
}

/// A cluster, an operator that is connected to it over HTTPS, and the two collections.
struct World {
    cluster: Cluster,
    operator: Arc<Operator>,
    config_maps: Api<ConfigMap>,
    secrets: Api<Secret>,
}

impl World {
    async fn new() -> Self {
        let cluster = Cluster::builder().nodes(0).start().await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        cluster.serve(address).await.unwrap();
        let kubeconfig = Kubeconfig::from_yaml(&cluster.kubeconfig()).unwrap();
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let operator = Operator {
            client: Client::try_from(config.unwrap()).unwrap(),
            cleaned: Mutex::default(),
            errors: Mutex::default(),
        };
        Self {
            operator: Arc::new(operator),
            config_maps: Api::namespaced(cluster.client(), "default"),
            secrets: Api::namespaced(cluster.client(), "default"),
            cluster,
        }
    }

    /// Lives through a story while the operator works.
    async fn play(&self, story: impl Future<Output = ()>) {
        tokio::select! {
            () = self.operator.clone().run() => panic!("the controller ended"),
            done = tokio::time::timeout(PATIENCE, story) => done.expect("the story ends in time"),
        }
        self.cluster.shutdown().await.unwrap();
    }

    async fn create(&self, name: &str, color: &str) -> ConfigMap {
        let object = json!({
            "metadata": {"name": name, "labels": {"mirror": "yes"}},
            "data": {"color": color},
        });
        let object = serde_json::from_value(object).unwrap();
        let create = PostParams::default();
        self.config_maps.create(&create, &object).await.unwrap()
    }

    async fn paint(&self, name: &str, color: &str) {
        let patch = Patch::Merge(json!({"data": {"color": color}}));
        let params = PatchParams::default();
        self.config_maps.patch(name, &params, &patch).await.unwrap();
    }

    /// Waits for a mirror that shows this color.
    async fn mirrored(&self, name: &str, color: &str) -> Secret {
        let shows = |secret: Option<&Secret>| {
            let data = secret.and_then(|secret| secret.data.as_ref());
            data.is_some_and(|data| data["color"].0 == color.as_bytes())
        };
        let found = await_condition(self.secrets.clone(), name, shows).await;
        found.unwrap().unwrap()
    }

    /// Breaks the operator's watches, and lets it come back with a revision that is too old.
    fn forget_and_cut(&self) {
        self.cluster.forget_history();
        self.cluster.cut_watches();
    }
}

#[tokio::test]
async fn a_kube_rs_controller_converges_and_its_children_go_with_their_owner() {
    let world = World::new().await;
    world
        .play(async {
            let made = world.create("settings", "blue").await;
            let first = world.mirrored("settings", "blue").await;
            assert_eq!(first.owner_references()[0].uid, made.uid().unwrap());

            // A child that is taken away comes back.
            let delete = DeleteParams::default();
            world.secrets.delete("settings", &delete).await.unwrap();
            let uid = first.uid();
            let anew =
                move |secret: Option<&Secret>| secret.is_some_and(|secret| secret.uid() != uid);
            let second = await_condition(world.secrets.clone(), "settings", anew).await;
            let second = second.unwrap().unwrap();

            // The finalizer holds the owner until the operator has cleaned up; the garbage
            // collector takes the child along.
            world.config_maps.delete("settings", &delete).await.unwrap();
            let owner = made.uid().unwrap();
            let is_gone = conditions::is_deleted(&owner);
            let gone = await_condition(world.config_maps.clone(), "settings", is_gone).await;
            gone.unwrap();
            assert_eq!(*world.operator.cleaned.lock(), ["settings"]);
            let child = second.uid().unwrap();
            let is_gone = conditions::is_deleted(&child);
            let gone = await_condition(world.secrets.clone(), "settings", is_gone).await;
            gone.unwrap();
        })
        .await;
}

#[tokio::test]
async fn a_kube_rs_controller_goes_on_after_its_watches_were_cut() {
    let world = World::new().await;
    world
        .play(async {
            world.create("one", "blue").await;
            world.mirrored("one", "blue").await;
            for round in 0..3 {
                world.cluster.cut_watches();
                let color = format!("color-{round}");
                world.paint("one", &color).await;
                world.mirrored("one", &color).await;
            }
        })
        .await;
    // It went on from where it was.
    let errors = world.operator.errors.lock().join("\n");
    assert!(!errors.contains("too old"), "{errors}");
}

#[tokio::test]
async fn a_kube_rs_controller_lists_anew_when_its_revision_is_gone() {
    let world = World::new().await;
    world
        .play(async {
            world.create("one", "blue").await;
            world.mirrored("one", "blue").await;
            // Somebody else's change: the revisions that the operator has seen are the past.
            let other = json!({"metadata": {"name": "other"}});
            let other = serde_json::from_value(other).unwrap();
            let create = PostParams::default();
            world.config_maps.create(&create, &other).await.unwrap();
            world.forget_and_cut();
            world.paint("one", "red").await;
            world.mirrored("one", "red").await;
            world.create("two", "green").await;
            world.mirrored("two", "green").await;
        })
        .await;
    let errors = world.operator.errors.lock().join("\n");
    assert!(errors.contains("too old resource version"), "{errors}");
}

/// Two candidates for one Lease, as leader election in client-go plays it.
#[tokio::test]
async fn of_two_candidates_for_a_lease_one_is_refused() {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let leases: Api<Lease> = Api::namespaced(cluster.client(), "default");
    let lease = |holder: &str, renewed: &str, version: Option<String>| -> Lease {
        serde_json::from_value(json!({
            "metadata": {"name": "leader", "resourceVersion": version},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed,
                "acquireTime": "2030-01-01T00:00:00.000001Z", "leaseTransitions": 0},
        }))
        .unwrap()
    };
    let code = |result: kube::Result<Lease>| match result {
        Err(kube::Error::Api(status)) => status.code,
        other => panic!("{other:?}"),
    };
    let create = PostParams::default();
    let first = lease("first", "2030-01-01T00:00:00.123456Z", None);
    let made = leases.create(&create, &first).await.unwrap();
    let late = lease("second", "2030-01-01T00:00:00.200000Z", None);
    assert_eq!(code(leases.create(&create, &late).await), 409);

    // Times of leases have microseconds, and keep them.
    let seen: Value = serde_json::to_value(leases.get("leader").await.unwrap()).unwrap();
    assert_eq!(seen["spec"]["renewTime"], "2030-01-01T00:00:00.123456Z");

    // Both read the same version; who writes second has lost.
    let version = made.resource_version();
    let renewed = lease("first", "2030-01-01T00:00:10.000000Z", version.clone());
    leases.replace("leader", &create, &renewed).await.unwrap();
    let taken = lease("second", "2030-01-01T00:00:10.500000Z", version);
    assert_eq!(code(leases.replace("leader", &create, &taken).await), 409);
    let holder = leases.get("leader").await.unwrap().spec.unwrap();
    assert_eq!(holder.holder_identity.as_deref(), Some("first"));
    cluster.shutdown().await.unwrap();
}
