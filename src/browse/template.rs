//! Manifests to begin from: one file and one row each.

/// A manifest to begin from.
#[derive(Debug, PartialEq, Eq)]
pub struct Template {
    pub kind: &'static str,
    /// A few words.
    pub says: &'static str,
    pub(super) text: &'static str,
}

/// All there are.
pub const TEMPLATES: [Template; 7] = [
    Template {
        kind: "Pod",
        says: "one container, once",
        text: include_str!("templates/pod.yaml"),
    },
    Template {
        kind: "Deployment",
        says: "Pods that are replaced and rolled out",
        text: include_str!("templates/deployment.yaml"),
    },
    Template {
        kind: "Service",
        says: "one name and port for many Pods",
        text: include_str!("templates/service.yaml"),
    },
    Template {
        kind: "ConfigMap",
        says: "settings as keys or files",
        text: include_str!("templates/configmap.yaml"),
    },
    Template {
        kind: "Job",
        says: "work that ends",
        text: include_str!("templates/job.yaml"),
    },
    Template {
        kind: "CronJob",
        says: "work at set times",
        text: include_str!("templates/cronjob.yaml"),
    },
    Template {
        kind: "PersistentVolumeClaim",
        says: "storage that outlives a Pod",
        text: include_str!("templates/persistentvolumeclaim.yaml"),
    },
];
