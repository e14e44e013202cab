//! Traefik as the Ingress controller of a cluster: requests, status, and what it may read.

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Pod, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

use super::support::World;

impl World {
    async fn cluster_object<K>(&self, value: Value)
    where
        K: kube::Resource<Scope = k8s_openapi::ClusterResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned
            + serde::Serialize,
    {
        let api: Api<K> = Api::all(self.client.clone());
        let object = serde_json::from_value(value).unwrap();
        api.create(&PostParams::default(), &object).await.unwrap();
    }

    async fn traefik(&self) {
        self.object::<ServiceAccount>(json!({"metadata": {"name": "traefik"}}))
            .await;
        let pod = json!({"metadata": {"name": "traefik", "labels": {"app": "traefik"}}, "spec": {
            "serviceAccountName": "traefik",
            "containers": [{"name": "traefik", "image": "traefik:v3.5", "args": [
                "--entrypoints.web.address=:8000", "--ping", "--log.level=INFO", "--accesslog",
                "--providers.kubernetesingress",
                "--providers.kubernetesingress.ingressendpoint.publishedservice=default/traefik"],
                "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}}}]}});
        self.object::<Pod>(pod).await;
        let service = json!({"metadata": {"name": "traefik"}, "spec": {"type": "LoadBalancer",
            "selector": {"app": "traefik"}, "ports": [{"port": 80, "targetPort": 8000}]}});
        self.object::<Service>(service).await;
        let class = json!({"metadata": {"name": "traefik"},
            "spec": {"controller": "traefik.io/ingress-controller"}});
        self.cluster_object::<IngressClass>(class).await;
    }

    async fn may_read(&self) {
        let read = ["get", "list", "watch"];
        let rules = json!([
            {"apiGroups": [""], "resources": ["services"], "verbs": read},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses", "ingressclasses"],
                "verbs": read},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"],
                "verbs": ["update"]},
        ]);
        let named = json!({"name": "traefik"});
        self.cluster_object::<ClusterRole>(json!({"metadata": named, "rules": rules}))
            .await;
        let binding = json!({"metadata": named,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                "name": "traefik"},
            "subjects": [{"kind": "ServiceAccount", "name": "traefik", "namespace": "default"}]});
        self.cluster_object::<ClusterRoleBinding>(binding).await;
    }

    async fn web(&self) {
        let web = json!({"metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "traefik/whoami"}]}});
        self.object::<Pod>(web).await;
        let service = json!({"metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
        self.object::<Service>(service).await;
        let path = json!({"path": "/", "pathType": "Prefix",
            "backend": {"service": {"name": "web", "port": {"number": 80}}}});
        let ingress = json!({"metadata": {"name": "web"}, "spec": {"ingressClassName": "traefik",
            "rules": [{"host": "shop.test", "http": {"paths": [path]}}]}});
        self.object::<Ingress>(ingress).await;
    }

    /// What one request prints.
    async fn ask(&self, name: &str, host: &str) -> String {
        let script = format!("wget -q -O- --header 'Host: {host}' http://traefik/ 2>&1");
        self.script(name, "Never", &script).await;
        let ended = |pod: &Value| matches!(super::support::phase(pod), "Succeeded" | "Failed");
        self.until(name, ended).await;
        self.logs(name, false).await.unwrap()
    }

    async fn first<K>(&self, name: &str) -> Value
    where
        K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned
            + serde::Serialize,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), "default");
        serde_json::to_value(api.get(name).await.unwrap()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn an_ingress_leads_to_pods_and_says_where_it_is_served() {
    let world = World::new().await;
    world.may_read().await;
    world.traefik().await;
    world.web().await;
    world.until_ready("traefik").await;
    world.until_ready("web").await;
    world.pass(10).await;
    let answer = world.ask("one", "shop.test").await;
    assert!(answer.contains("Hostname: web\n"), "{answer}");
    let answer = answer.to_lowercase();
    assert!(answer.contains("x-forwarded-host: shop.test\n"), "{answer}");
    let answer = world.ask("two", "other.test").await;
    assert!(answer.contains("404 Not Found"), "{answer}");
    let ingress = world.first::<Ingress>("web").await;
    let service = world.first::<Service>("traefik").await;
    let wanted = &service["status"]["loadBalancer"]["ingress"][0]["ip"];
    let found = &ingress["status"]["loadBalancer"]["ingress"];
    assert!(wanted.is_string(), "{service}");
    assert_eq!(found, &json!([{"ip": wanted}]));
    let log = world.logs("traefik", false).await.unwrap();
    assert!(
        log.contains("\"GET / HTTP/1.1\" 200")
            && log.contains("\"default-web-shop-test@kubernetes\""),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_may_not_read_says_so_until_it_may() {
    let world = World::new().await;
    world.traefik().await;
    world.web().await;
    world.until_ready("traefik").await;
    world.pass(10).await;
    let log = world.logs("traefik", false).await.unwrap();
    let refused = "failed to list *v1.Ingress: ingresses.networking.k8s.io is forbidden: User \
                   \\\"system:serviceaccount:default:traefik\\\" cannot list resource";
    assert!(log.contains(&refused.replace("\\\"", "\"")), "{log}");
    let answer = world.ask("one", "shop.test").await;
    assert!(answer.contains("404 Not Found"), "{answer}");
    world.may_read().await;
    world.pass(40).await;
    let answer = world.ask("two", "shop.test").await;
    assert!(answer.contains("Hostname: web\n"), "{answer}");
}
