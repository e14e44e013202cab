//! Finds out what a cluster can do for katas, by what can be seen through its API.
//!
//! What may not be seen counts as missing: a kata that is passed over with a reason does less harm
//! than one that cannot be solved.

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::{Node, Service};
use k8s_openapi::api::networking::v1::IngressClass;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};

use super::super::ability::Abilities;
use super::super::words::words;
use super::ownership::Territory;
use crate::course::Need;

/// DaemonSets of networks that enforce policies.
const ENFORCERS: [&str; 10] = [
    "antrea-agent",
    "azure-npm",
    "calico-node",
    "canal",
    "cilium",
    "kindnet",
    "kube-network-policies",
    "kube-router",
    "ovnkube-node",
    "weave-net",
];

/// The annotation of the class that claims get which name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

const ONLY_EMBEDDED: &str = "only the embedded cluster can do this";

/// What the cluster behind `client` can do.
pub(super) async fn survey(client: &Client, territory: &Territory) -> Result<Abilities> {
    let nodes = Api::<Node>::all(client.clone());
    let nodes = nodes.list(&ListParams::default()).await.map_err(words);
    let nodes = nodes
        .context("the nodes of the cluster cannot be seen")?
        .items;
    let mut abilities = Abilities::with_nodes(nodes.len());
    for need in [Need::Clock, Need::Chaos, Need::Traffic] {
        abilities = abilities.without(need, ONLY_EMBEDDED);
    }
    if *territory != Territory::Whole {
        let why = "kubekata works only in its own namespaces there";
        abilities = abilities.without(Need::Cluster, why);
    }
    if !may_exec(client).await {
        abilities = abilities.without(Need::Exec, "you may not exec into Pods there");
    }
    if !serves_metrics(client).await {
        abilities = abilities.without(Need::Metrics, "no metrics-server answers there");
    }
    if !has_default_storage(client).await {
        abilities = abilities.without(Need::Storage, "there is no default StorageClass");
    }
    if !has_ingress(client).await {
        abilities = abilities.without(Need::Ingress, "there is no IngressClass");
    }
    if !balances_load(client, &nodes).await {
        let why = "nothing seen there that gives Services addresses from outside";
        abilities = abilities.without(Need::LoadBalancer, why);
    }
    if !enforces_policies(client).await {
        let why = "no network seen there that enforces NetworkPolicies";
        abilities = abilities.without(Need::NetworkPolicy, why);
    }
    Ok(abilities)
}

async fn may_exec(client: &Client) -> bool {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                resource: Some("pods".to_owned()),
                subresource: Some("exec".to_owned()),
                verb: Some("create".to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let reviewed = reviews.create(&PostParams::default(), &review).await;
    reviewed.is_ok_and(|review| review.status.is_some_and(|status| status.allowed))
}

async fn serves_metrics(client: &Client) -> bool {
    let groups = client.list_api_groups().await;
    groups.is_ok_and(|list| {
        list.groups
            .iter()
            .any(|group| group.name == "metrics.k8s.io")
    })
}

async fn has_default_storage(client: &Client) -> bool {
    let classes: Api<StorageClass> = Api::all(client.clone());
    let listed = classes.list(&ListParams::default()).await;
    listed.into_iter().flatten().any(|class| {
        let annotations = class.metadata.annotations.unwrap_or_default();
        annotations
            .get(DEFAULT_CLASS)
            .is_some_and(|value| value == "true")
    })
}

async fn has_ingress(client: &Client) -> bool {
    let classes: Api<IngressClass> = Api::all(client.clone());
    let listed = classes.list(&ListParams::default().limit(1)).await;
    listed.is_ok_and(|classes| !classes.items.is_empty())
}

/// Whether some Service has such an address already, or the nodes are a cloud's.
async fn balances_load(client: &Client, nodes: &[Node]) -> bool {
    let in_cloud = |node: &Node| {
        let id = node
            .spec
            .as_ref()
            .and_then(|spec| spec.provider_id.as_deref());
        id.is_some_and(|id| !id.starts_with("kind://") && !id.starts_with("k3s://"))
    };
    let services: Api<Service> = Api::all(client.clone());
    let listed = services.list(&ListParams::default()).await;
    let has_address = |service: Service| {
        let balancer = service.status.and_then(|status| status.load_balancer);
        balancer.is_some_and(|balancer| balancer.ingress.is_some_and(|it| !it.is_empty()))
    };
    nodes.iter().any(in_cloud) || listed.into_iter().flatten().any(has_address)
}

async fn enforces_policies(client: &Client) -> bool {
    let daemons: Api<DaemonSet> = Api::all(client.clone());
    let listed = daemons.list_metadata(&ListParams::default()).await;
    listed.into_iter().flatten().any(|daemon| {
        let name = daemon.metadata.name.unwrap_or_default();
        ENFORCERS.contains(&name.as_str())
    })
}
