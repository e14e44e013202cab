//! NetworkPolicies as Pods feel them: who gets an answer, who waits in vain.

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Value, json};

use super::support::World;

/// A web server `web` behind a Service, and two Pods, `friend` and `stranger`, that ask it all
/// the time.
async fn world() -> World {
    let world = World::new().await;
    let labelled = |name: &str, spec: Value| json!({"metadata": {"name": name, "labels": {"app": name}}, "spec": spec});
    let web = json!({"containers": [{"name": "web", "image": "nginx",
        "ports": [{"name": "http", "containerPort": 80}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 2}}]});
    world
        .object::<k8s_openapi::api::core::v1::Pod>(labelled("web", web))
        .await;
    let service = json!({"metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 8000, "targetPort": 80}]}});
    world.object::<Service>(service).await;
    let script = "while true; do wget -q -T 1 -O /dev/null http://web:8000 && echo yes || \
                  echo no; sleep 1; done";
    for name in ["friend", "stranger"] {
        let asks = json!({"containers": [{"name": "main", "image": "busybox:1.36",
            "command": ["sh", "-c", script]}]});
        world
            .object::<k8s_openapi::api::core::v1::Pod>(labelled(name, asks))
            .await;
    }
    for name in ["web", "friend", "stranger"] {
        world.until_ready(name).await;
    }
    world
}

impl World {
    async fn policy(&self, name: &str, spec: Value) {
        self.object::<NetworkPolicy>(json!({"metadata": {"name": name}, "spec": spec}))
            .await;
    }

    /// What a Pod has noted last, once it has asked again.
    async fn hears(&self, name: &str) -> String {
        // Names that nobody answers for take the longest.
        self.pass(30).await;
        let log = self.logs(name, false).await.unwrap();
        let mut answers = log
            .lines()
            .rev()
            .filter(|line| matches!(*line, "yes" | "no"));
        answers.next().unwrap_or_default().to_owned()
    }

    #[track_caller]
    fn expect(&self, friend: &str, stranger: &str) -> impl Future<Output = ()> {
        let wanted = (friend.to_owned(), stranger.to_owned());
        let caller = std::panic::Location::caller();
        async move {
            let found = (self.hears("friend").await, self.hears("stranger").await);
            assert_eq!(found, wanted, "friend and stranger at {caller}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_selected_pod_hears_only_whom_a_policy_lets_in() {
    let world = world().await;
    world.expect("yes", "yes").await;
    let all = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    world.policy("deny-all", all).await;
    world.expect("no", "no").await;
    let from = json!([{"podSelector": {"matchLabels": {"app": "friend"}}}]);
    let rule = json!({"from": from, "ports": [{"port": "http"}]});
    let friends = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [rule]});
    world.policy("friends", friends).await;
    world.expect("yes", "no").await;
    let policies: Api<NetworkPolicy> = Api::namespaced(world.client.clone(), "default");
    for name in ["deny-all", "friends"] {
        let gone = policies.delete(name, &DeleteParams::default()).await;
        assert!(gone.is_ok(), "{gone:?}");
    }
    world.expect("yes", "yes").await;
}

#[tokio::test(start_paused = true)]
async fn the_kubelet_reaches_a_pod_that_hears_nobody() {
    let world = world().await;
    let all = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    world.policy("deny-all", all).await;
    world.pass(60).await;
    let events = world.events("web").await;
    assert!(
        !events.iter().any(|event| event.contains("Unhealthy")),
        "{events:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_speak_cannot_even_ask_for_a_name() {
    let world = world().await;
    let to = json!([{"podSelector": {"matchLabels": {"app": "web"}}}]);
    let only_web = json!({"podSelector": {"matchLabels": {"app": "friend"}},
        "policyTypes": ["Egress"], "egress": [{"to": to}]});
    world.policy("only-web", only_web).await;
    world.expect("no", "yes").await;
    let log = world.logs("friend", false).await.unwrap();
    assert!(log.contains("wget: bad address 'web:8000'"), "{log}");
    let dns = json!([{"namespaceSelector":
        {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]);
    let names = json!({"podSelector": {"matchLabels": {"app": "friend"}},
        "policyTypes": ["Egress"],
        "egress": [{"to": dns, "ports": [{"port": 53, "protocol": "UDP"}]}]});
    world.policy("names", names).await;
    world.expect("yes", "yes").await;
}

#[tokio::test(start_paused = true)]
async fn pods_of_other_namespaces_are_known_by_the_labels_of_those() {
    let world = world().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let partner = json!({"metadata": {"name": "partner", "labels": {"team": "partner"}}});
    let partner = serde_json::from_value(partner).unwrap();
    namespaces
        .create(&PostParams::default(), &partner)
        .await
        .unwrap();
    let from = json!([{"namespaceSelector": {"matchLabels": {"team": "partner"}}}]);
    let spec = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": from}]});
    world.policy("partners", spec).await;
    world.expect("no", "no").await;
    let labels = json!({"metadata": {"labels": {"team": "partner"}}});
    namespaces
        .patch(
            "default",
            &kube::api::PatchParams::default(),
            &kube::api::Patch::Merge(labels),
        )
        .await
        .unwrap();
    world.expect("yes", "yes").await;
}
