//! Which resource a kind is: the common ones by heart, the others by asking the cluster.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::discovery::{Scope, pinned_kind};

/// A kind that can be read and watched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    pub api: ApiResource,
    pub namespaced: bool,
}

impl Resource {
    /// The resource of a well-known kind; `api_version` is needed only for kinds that nobody
    /// knows by heart, and decides where it is given.
    pub fn known(kind: &str, api_version: Option<&str>) -> Option<Self> {
        let row = KNOWN.iter().find(|row| {
            row.kind == kind && api_version.is_none_or(|version| version == row.api_version)
        })?;
        let (group, version) = split(row.api_version);
        Some(Self {
            api: ApiResource {
                group: group.to_owned(),
                version: version.to_owned(),
                api_version: row.api_version.to_owned(),
                kind: kind.to_owned(),
                plural: row.plural.to_owned(),
            },
            namespaced: row.namespaced,
        })
    }

    /// The resource of any kind that the cluster serves.
    pub async fn find(client: &Client, api_version: &str, kind: &str) -> kube::Result<Self> {
        if let Some(known) = Self::known(kind, Some(api_version)) {
            return Ok(known);
        }
        let (group, version) = split(api_version);
        let wanted = GroupVersionKind::gvk(group, version, kind);
        let (api, abilities) = pinned_kind(client, &wanted).await?;
        Ok(Self {
            api,
            namespaced: abilities.scope == Scope::Namespaced,
        })
    }

    /// The resource that a definition defines, in the version in which it is stored.
    pub fn defined(definition: &CustomResourceDefinition) -> Option<Self> {
        let spec = &definition.spec;
        let stored = spec.versions.iter().find(|version| version.storage)?;
        Some(Self {
            api: ApiResource {
                group: spec.group.clone(),
                version: stored.name.clone(),
                api_version: format!("{}/{}", spec.group, stored.name),
                kind: spec.names.kind.clone(),
                plural: spec.names.plural.clone(),
            },
            namespaced: spec.scope == "Namespaced",
        })
    }

    /// As kubectl writes it: `deployments.apps`, `pods`.
    pub fn name(&self) -> String {
        if self.api.group.is_empty() {
            self.api.plural.clone()
        } else {
            format!("{}.{}", self.api.plural, self.api.group)
        }
    }

    /// What kubectl wants typed for one object of it: `deployment`, `pod`.
    pub fn singular(&self) -> String {
        self.api.kind.to_lowercase()
    }

    /// An API handle on `namespace`, or on the whole cluster where the kind has no namespaces.
    pub fn api(&self, client: &Client, namespace: Option<&str>) -> kube::Api<DynamicObject> {
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => kube::Api::namespaced_with(client.clone(), namespace, &self.api),
            None => kube::Api::all_with(client.clone(), &self.api),
        }
    }
}

fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// kubectl's abbreviation of a kind, or its name in lower case.
pub fn short_name(kind: &str) -> String {
    KNOWN
        .iter()
        .find(|row| row.kind == kind && !row.short.is_empty())
        .map_or_else(|| kind.to_lowercase(), |row| row.short.to_owned())
}

struct Known {
    kind: &'static str,
    api_version: &'static str,
    plural: &'static str,
    short: &'static str,
    namespaced: bool,
}

const fn namespaced(
    kind: &'static str,
    api_version: &'static str,
    plural: &'static str,
    short: &'static str,
) -> Known {
    Known {
        kind,
        api_version,
        plural,
        short,
        namespaced: true,
    }
}

const fn cluster_wide(
    kind: &'static str,
    api_version: &'static str,
    plural: &'static str,
    short: &'static str,
) -> Known {
    Known {
        kind,
        api_version,
        plural,
        short,
        namespaced: false,
    }
}

const KNOWN: &[Known] = &[
    namespaced("Pod", "v1", "pods", "po"),
    namespaced("Service", "v1", "services", "svc"),
    namespaced("Endpoints", "v1", "endpoints", "ep"),
    namespaced("ConfigMap", "v1", "configmaps", "cm"),
    namespaced("Secret", "v1", "secrets", ""),
    namespaced("ServiceAccount", "v1", "serviceaccounts", "sa"),
    namespaced("Event", "v1", "events", "ev"),
    namespaced(
        "PersistentVolumeClaim",
        "v1",
        "persistentvolumeclaims",
        "pvc",
    ),
    namespaced(
        "ReplicationController",
        "v1",
        "replicationcontrollers",
        "rc",
    ),
    namespaced("LimitRange", "v1", "limitranges", "limits"),
    namespaced("ResourceQuota", "v1", "resourcequotas", "quota"),
    namespaced("PodTemplate", "v1", "podtemplates", ""),
    cluster_wide("Namespace", "v1", "namespaces", "ns"),
    cluster_wide("Node", "v1", "nodes", "no"),
    cluster_wide("PersistentVolume", "v1", "persistentvolumes", "pv"),
    namespaced("Deployment", "apps/v1", "deployments", "deploy"),
    namespaced("ReplicaSet", "apps/v1", "replicasets", "rs"),
    namespaced("StatefulSet", "apps/v1", "statefulsets", "sts"),
    namespaced("DaemonSet", "apps/v1", "daemonsets", "ds"),
    namespaced("ControllerRevision", "apps/v1", "controllerrevisions", ""),
    namespaced("Job", "batch/v1", "jobs", "job"),
    namespaced("CronJob", "batch/v1", "cronjobs", "cj"),
    namespaced(
        "HorizontalPodAutoscaler",
        "autoscaling/v2",
        "horizontalpodautoscalers",
        "hpa",
    ),
    namespaced(
        "PodDisruptionBudget",
        "policy/v1",
        "poddisruptionbudgets",
        "pdb",
    ),
    namespaced("EndpointSlice", "discovery.k8s.io/v1", "endpointslices", ""),
    namespaced("Ingress", "networking.k8s.io/v1", "ingresses", "ing"),
    namespaced(
        "NetworkPolicy",
        "networking.k8s.io/v1",
        "networkpolicies",
        "netpol",
    ),
    cluster_wide("IngressClass", "networking.k8s.io/v1", "ingressclasses", ""),
    namespaced("Role", "rbac.authorization.k8s.io/v1", "roles", ""),
    namespaced(
        "RoleBinding",
        "rbac.authorization.k8s.io/v1",
        "rolebindings",
        "",
    ),
    cluster_wide(
        "ClusterRole",
        "rbac.authorization.k8s.io/v1",
        "clusterroles",
        "",
    ),
    cluster_wide(
        "ClusterRoleBinding",
        "rbac.authorization.k8s.io/v1",
        "clusterrolebindings",
        "",
    ),
    namespaced("Lease", "coordination.k8s.io/v1", "leases", ""),
    cluster_wide("StorageClass", "storage.k8s.io/v1", "storageclasses", "sc"),
    cluster_wide(
        "PriorityClass",
        "scheduling.k8s.io/v1",
        "priorityclasses",
        "pc",
    ),
    cluster_wide(
        "CustomResourceDefinition",
        "apiextensions.k8s.io/v1",
        "customresourcedefinitions",
        "crd",
    ),
    cluster_wide(
        "ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicies",
        "",
    ),
    cluster_wide(
        "ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
        "",
    ),
    cluster_wide(
        "ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1",
        "validatingwebhookconfigurations",
        "",
    ),
    cluster_wide(
        "MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1",
        "mutatingwebhookconfigurations",
        "",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_name_alone_and_its_group_is_honoured() {
        let deployment = Resource::known("Deployment", None).expect("it is known");
        assert_eq!(deployment.name(), "deployments.apps");
        assert!(Resource::known("Deployment", Some("extensions/v1beta1")).is_none());
        assert!(Resource::known("Widget", None).is_none());
        assert_eq!(short_name("Deployment"), "deploy");
        assert_eq!(short_name("Widget"), "widget");
    }
}
