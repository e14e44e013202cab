//! The scheduling rules, one file and one row each.
//!
//! Rows stand in the order in which filters run; a node is refused by the first that objects.
//! Mirrors `pkg/scheduler/framework/plugins/registry.go` and the default profile in
//! `pkg/scheduler/apis/config/v1/default_plugins.go` (v1.35).

mod image_locality;
mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_balanced;
mod node_resources_fit;
mod node_unschedulable;
mod pod_topology_spread;
mod scheduling_gates;
mod taint_toleration;
pub mod volume_binding;
mod volume_restrictions;
mod volume_zone;

use super::framework::{Plugin, Row};

/// The rules of the default profile with their weights.
pub fn default_plugins() -> Vec<Row> {
    vec![
        row(scheduling_gates::SchedulingGates, 0),
        row(node_unschedulable::NodeUnschedulable, 0),
        row(node_name::NodeName, 0),
        row(taint_toleration::TaintToleration, 3),
        row(node_affinity::NodeAffinity, 2),
        row(node_ports::NodePorts, 0),
        row(node_resources_fit::NodeResourcesFit, 1),
        row(volume_restrictions::VolumeRestrictions, 0),
        row(volume_binding::VolumeBinding, 0),
        row(volume_zone::VolumeZone, 0),
        row(pod_topology_spread::PodTopologySpread, 2),
        row(inter_pod_affinity::InterPodAffinity, 2),
        row(node_resources_balanced::NodeResourcesBalancedAllocation, 1),
        row(image_locality::ImageLocality, 1),
    ]
}

fn row(plugin: impl Plugin + 'static, weight: i64) -> Row {
    Row {
        plugin: Box::new(plugin),
        weight,
    }
}
