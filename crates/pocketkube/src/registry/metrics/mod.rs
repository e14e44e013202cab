//! The kinds of the `metrics.k8s.io` group: what nodes and Pods use, for `kubectl top`.
//!
//! Nothing of it is stored: a [`UsageSource`] computes the objects when they are read. Mirrors what
//! metrics-server serves as an aggregated API.

use serde_json::{Value, json};

use super::{PlainStrategy, ResourceDef, Verb};
use crate::api::ObjectRef;
use crate::api::names;
use crate::api::quantity::Quantity;
use crate::api::tree::elements;
use crate::printers::{Column, TableDef};

pub const GROUP: &str = "metrics.k8s.io";
const READ: &[Verb] = &[Verb::Get, Verb::List];

/// Knows what the cluster uses; the nodes implement it.
pub trait UsageSource: Send + Sync {
    /// A NodeMetrics for each node.
    fn nodes(&self) -> Vec<ObjectRef>;

    /// A PodMetrics for each running Pod of a namespace, or of all where it is empty.
    fn pods(&self, namespace: &str) -> Vec<ObjectRef>;
}

/// The rows of this group.
pub fn resources() -> Vec<ResourceDef> {
    let strategy = || PlainStrategy(names::name_is_dns_subdomain);
    vec![
        ResourceDef::cluster(GROUP, "v1beta1", "NodeMetrics", "nodes", strategy())
            .verbs(READ)
            .table(table(|node| vec![&node["usage"]])),
        ResourceDef::namespaced(GROUP, "v1beta1", "PodMetrics", "pods", strategy())
            .verbs(READ)
            .table(table(|pod| {
                let containers = elements(&pod["containers"]).iter();
                containers.map(|container| &container["usage"]).collect()
            })),
    ]
    .into_iter()
    .map(|mut resource| {
        resource.singular = "".into();
        resource
    })
    .collect()
}

fn table(usages: fn(&Value) -> Vec<&Value>) -> TableDef {
    let quantity = |name: &'static str| Column {
        format: "quantity".into(),
        ..Column::text(name)
    };
    let window = Column {
        format: "duration".into(),
        ..Column::text("Window")
    };
    let columns = vec![Column::name(), quantity("cpu"), quantity("memory"), window];
    TableDef::new(columns, move |object, _| {
        let total = |resource: &str| {
            let mut total = Quantity::ZERO;
            for usage in usages(object) {
                total += &Quantity::of_value(&usage[resource]);
            }
            json!(total.to_string())
        };
        vec![
            object["metadata"]["name"].clone(),
            total("cpu"),
            total("memory"),
            object["window"].clone(),
        ]
    })
}
