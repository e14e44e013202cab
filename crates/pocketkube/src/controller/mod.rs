//! The control loops: each watches some kinds and brings the cluster nearer to what is wanted.
//!
//! A controller is one file or folder and one row in [`CONTROLLERS`]. Watch handlers enqueue keys;
//! `sync` re-reads everything a key is about, computes the change in pure functions, applies it
//! through its client and writes the status last, so that running it twice changes nothing.
//! Controllers never call each other. Mirrors `pkg/controller` (v1.35).

mod api_service;
mod certificates;
mod claim;
mod clusterrole_aggregation;
mod conditions;
mod context;
mod cronjob;
mod custom_resources;
mod daemonset;
mod deployment;
mod disruption;
mod endpoints;
mod endpointslice;
mod ephemeral_volume;
mod expectations;
mod flow_control;
mod freshness;
mod garbage_collector;
mod history;
mod horizontal_pod_autoscaler;
mod inventory;
mod job;
mod local_path_provisioner;
mod manager;
mod namespace;
mod node_ipam;
mod node_lifecycle;
mod percent;
mod persistent_volume;
mod pod;
mod pod_control;
mod pod_gc;
mod replicaset;
mod resource_quota;
mod root_ca_publisher;
mod runner;
mod service;
mod service_account;
mod service_account_tokens;
mod service_load_balancer;
#[cfg(test)]
mod simulation;
mod statefulset;
mod taint_eviction;
mod template;
mod ttl;
mod ttl_after_finished;
mod volume_protection;

pub use context::{ControllerContext, ControllerOptions};
pub use manager::ControllerManager;

use runner::{Controller, SyncError, run};

/// One controller: its name, the service account it acts as, and how it is started.
pub struct Row {
    pub name: &'static str,
    /// A service account in `kube-system`.
    pub service_account: &'static str,
    /// Group, version and plural name of what it works on; it is not started where the cluster
    /// doesn't serve that.
    resource: (&'static str, &'static str, &'static str),
    start: fn(ControllerContext),
}

/// Every controller of the cluster.
pub const CONTROLLERS: &[Row] = &[
    Row {
        name: "namespace-controller",
        service_account: "namespace-controller",
        resource: ("", "v1", "namespaces"),
        start: namespace::start,
    },
    Row {
        name: "crd-controller",
        service_account: "crd-controller",
        resource: ("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
        start: custom_resources::start,
    },
    Row {
        name: "garbage-collector-controller",
        service_account: "generic-garbage-collector",
        resource: ("", "v1", "pods"),
        start: garbage_collector::start,
    },
    Row {
        name: "deployment-controller",
        service_account: "deployment-controller",
        resource: ("apps", "v1", "deployments"),
        start: deployment::start,
    },
    Row {
        name: "replicaset-controller",
        service_account: "replicaset-controller",
        resource: ("apps", "v1", "replicasets"),
        start: replicaset::start_replica_sets,
    },
    Row {
        name: "replicationcontroller-controller",
        service_account: "replication-controller",
        resource: ("", "v1", "replicationcontrollers"),
        start: replicaset::start_replication_controllers,
    },
    Row {
        name: "statefulset-controller",
        service_account: "statefulset-controller",
        resource: ("apps", "v1", "statefulsets"),
        start: statefulset::start,
    },
    Row {
        name: "daemonset-controller",
        service_account: "daemon-set-controller",
        resource: ("apps", "v1", "daemonsets"),
        start: daemonset::start,
    },
    Row {
        name: "job-controller",
        service_account: "job-controller",
        resource: ("batch", "v1", "jobs"),
        start: job::start,
    },
    Row {
        name: "cronjob-controller",
        service_account: "cronjob-controller",
        resource: ("batch", "v1", "cronjobs"),
        start: cronjob::start,
    },
    Row {
        name: "ttl-controller",
        service_account: "ttl-controller",
        resource: ("", "v1", "nodes"),
        start: ttl::start,
    },
    Row {
        name: "ttl-after-finished-controller",
        service_account: "ttl-after-finished-controller",
        resource: ("batch", "v1", "jobs"),
        start: ttl_after_finished::start,
    },
    Row {
        name: "endpoints-controller",
        service_account: "endpoint-controller",
        resource: ("", "v1", "endpoints"),
        start: endpoints::start,
    },
    Row {
        name: "endpointslice-controller",
        service_account: "endpointslice-controller",
        resource: ("discovery.k8s.io", "v1", "endpointslices"),
        start: endpointslice::start,
    },
    Row {
        name: "endpointslice-mirroring-controller",
        service_account: "endpointslicemirroring-controller",
        resource: ("discovery.k8s.io", "v1", "endpointslices"),
        start: endpointslice::start_mirroring,
    },
    Row {
        name: "serviceaccount-token-controller",
        service_account: "tokens-controller",
        resource: ("", "v1", "secrets"),
        start: service_account_tokens::start,
    },
    Row {
        name: "certificatesigningrequest-approving-controller",
        service_account: "certificate-controller",
        resource: ("certificates.k8s.io", "v1", "certificatesigningrequests"),
        start: certificates::start_approver,
    },
    Row {
        name: "certificatesigningrequest-signing-controller",
        service_account: "certificate-controller",
        resource: ("certificates.k8s.io", "v1", "certificatesigningrequests"),
        start: certificates::start_signer,
    },
    Row {
        name: "certificatesigningrequest-cleaner-controller",
        service_account: "certificate-controller",
        resource: ("certificates.k8s.io", "v1", "certificatesigningrequests"),
        start: certificates::start_cleaner,
    },
    Row {
        name: "clusterrole-aggregation-controller",
        service_account: "clusterrole-aggregation-controller",
        resource: ("rbac.authorization.k8s.io", "v1", "clusterroles"),
        start: clusterrole_aggregation::start,
    },
    Row {
        name: "serviceaccount-controller",
        service_account: "service-account-controller",
        resource: ("", "v1", "serviceaccounts"),
        start: service_account::start,
    },
    Row {
        name: "root-ca-certificate-publisher-controller",
        service_account: "root-ca-cert-publisher",
        resource: ("", "v1", "configmaps"),
        start: root_ca_publisher::start,
    },
    Row {
        name: "node-ipam-controller",
        service_account: "node-controller",
        resource: ("", "v1", "nodes"),
        start: node_ipam::start,
    },
    Row {
        name: "node-lifecycle-controller",
        service_account: "node-controller",
        resource: ("", "v1", "nodes"),
        start: node_lifecycle::start,
    },
    Row {
        name: "taint-eviction-controller",
        service_account: "node-controller",
        resource: ("", "v1", "nodes"),
        start: taint_eviction::start,
    },
    Row {
        name: "pod-garbage-collector-controller",
        service_account: "pod-garbage-collector",
        resource: ("", "v1", "pods"),
        start: pod_gc::start,
    },
    Row {
        name: "resourcequota-controller",
        service_account: "resourcequota-controller",
        resource: ("", "v1", "resourcequotas"),
        start: resource_quota::start,
    },
    Row {
        name: "persistentvolume-binder-controller",
        service_account: "persistent-volume-binder",
        resource: ("", "v1", "persistentvolumes"),
        start: persistent_volume::start,
    },
    Row {
        name: "persistentvolumeclaim-protection-controller",
        service_account: "pvc-protection-controller",
        resource: ("", "v1", "persistentvolumeclaims"),
        start: volume_protection::start_claims,
    },
    Row {
        name: "persistentvolume-protection-controller",
        service_account: "pv-protection-controller",
        resource: ("", "v1", "persistentvolumes"),
        start: volume_protection::start_volumes,
    },
    Row {
        name: "ephemeral-volume-controller",
        service_account: "ephemeral-volume-controller",
        resource: ("", "v1", "persistentvolumeclaims"),
        start: ephemeral_volume::start,
    },
    Row {
        name: "local-path-provisioner",
        service_account: "local-path-provisioner",
        resource: ("", "v1", "persistentvolumes"),
        start: local_path_provisioner::start,
    },
    Row {
        name: "disruption-controller",
        service_account: "disruption-controller",
        resource: ("policy", "v1", "poddisruptionbudgets"),
        start: disruption::start,
    },
    Row {
        name: "horizontal-pod-autoscaler-controller",
        service_account: "horizontal-pod-autoscaler",
        resource: ("autoscaling", "v2", "horizontalpodautoscalers"),
        start: horizontal_pod_autoscaler::start,
    },
    Row {
        name: "api-priority-and-fairness-controller",
        service_account: "apf-controller",
        resource: ("flowcontrol.apiserver.k8s.io", "v1", "flowschemas"),
        start: flow_control::start,
    },
    Row {
        name: "apiservice-availability-controller",
        service_account: "apiservice-availability-controller",
        resource: ("apiregistration.k8s.io", "v1", "apiservices"),
        start: api_service::start,
    },
    Row {
        name: "service-lb-controller",
        service_account: "service-controller",
        resource: ("", "v1", "services"),
        start: service_load_balancer::start,
    },
];

/// Starts every controller, each as its own service account. Must be called inside a runtime;
/// they end when `context`'s tasks are shut down.
fn start(context: &ControllerContext) {
    for row in CONTROLLERS {
        let (group, version, plural) = row.resource;
        let served = context.options.resources.by_route(group, version, plural);
        if served.is_some() {
            (row.start)(context.acting_as(row.service_account));
        }
    }
}
