//! The workloads that a seed begins with: of every kind, with the settings that change its rules.

use pocketkube::client::ResourceRef;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Which workloads a run is mostly about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Deployments,
    StatefulSets,
    Jobs,
    DaemonSets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
}

impl WorkloadKind {
    pub fn resource(self) -> ResourceRef {
        match self {
            Self::Deployment => ResourceRef::new("apps", "v1", "deployments"),
            Self::StatefulSet => ResourceRef::new("apps", "v1", "statefulsets"),
            Self::DaemonSet => ResourceRef::new("apps", "v1", "daemonsets"),
            Self::Job => ResourceRef::new("batch", "v1", "jobs"),
            Self::CronJob => ResourceRef::new("batch", "v1", "cronjobs"),
        }
    }

    /// Whether the workload has a number of replicas and a template that may change.
    pub fn is_scaled(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet)
    }

    pub fn rolls(self) -> bool {
        self.is_scaled() || self == Self::DaemonSet
    }
}

/// One workload of a seed; its Pods carry its name as the label `app`.
#[derive(Clone, Debug)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub name: String,
    pub object: Value,
}

fn pick<T: Clone>(rng: &mut StdRng, choices: &[T]) -> T {
    choices[rng.random_range(0..choices.len())].clone()
}

/// What a seed begins with, and what goes along with it: budgets and Services.
pub fn of_seed(focus: Focus, rng: &mut StdRng) -> (Vec<Workload>, Vec<(ResourceRef, Value)>) {
    let mut workloads = match focus {
        Focus::Deployments => vec![deployment("web", rng)],
        Focus::StatefulSets => vec![stateful_set("db", rng)],
        Focus::Jobs => vec![job("work", rng), job("more", rng)],
        Focus::DaemonSets => vec![daemon_set("agent", rng)],
    };
    match rng.random_range(0..4) {
        0 => workloads.push(deployment("api", rng)),
        1 if focus != Focus::Deployments => workloads.push(job("task", rng)),
        2 => workloads.push(stateful_set("queue", rng)),
        _ => {}
    }
    if focus == Focus::Jobs && rng.random_bool(0.5) {
        workloads.push(cron_job("tick", rng));
    }
    let mut others = Vec::new();
    for workload in &workloads {
        if !workload.kind.is_scaled() {
            continue;
        }
        others.push(service(&workload.name));
        if rng.random_bool(0.6) {
            others.push(budget(&workload.name, rng));
        }
    }
    (workloads, others)
}

fn template(name: &str, image: &str, cpu: &str, restart: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": name}},
        "spec": {
            "restartPolicy": restart,
            "containers": [{
                "name": "main", "image": image, "resources": {"requests": {"cpu": cpu}},
            }],
        },
    })
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "labels": {"app": name}})
}

pub fn deployment(name: &str, rng: &mut StdRng) -> Workload {
    let strategy = match rng.random_range(0..4) {
        0 => json!({"type": "Recreate"}),
        _ => {
            let surge = pick(
                rng,
                &[json!(0), json!(1), json!(2), json!("25%"), json!("50%")],
            );
            let choices = [json!(1), json!(2), json!("25%"), json!("40%")];
            let mut unavailable = pick(rng, &choices);
            if surge != 0 && rng.random_bool(0.4) {
                unavailable = json!(0);
            }
            json!({
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
            })
        }
    };
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(name),
        "spec": {
            "replicas": rng.random_range(1..6), "strategy": strategy,
            "minReadySeconds": pick(rng, &[0, 0, 0, 4]),
            "revisionHistoryLimit": pick(rng, &[0, 2, 10]),
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, "good:1", "250m", "Always"),
        },
    });
    let (kind, name) = (WorkloadKind::Deployment, name.to_owned());
    Workload { kind, name, object }
}

pub fn stateful_set(name: &str, rng: &mut StdRng) -> Workload {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata(name),
        "spec": {
            "replicas": rng.random_range(1..5), "serviceName": name,
            "podManagementPolicy": pick(rng, &["OrderedReady", "OrderedReady", "Parallel"]),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {
                "partition": pick(rng, &[0, 0, 0, 1, 2]),
            }},
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, "good:1", "250m", "Always"),
        },
    });
    if rng.random_bool(0.3) {
        object["spec"]["ordinals"] = json!({"start": 2});
    }
    if rng.random_bool(0.4) {
        object["spec"]["volumeClaimTemplates"] = json!([{
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "volumeName": "",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }]);
        let choices = ["Retain", "Delete"];
        object["spec"]["persistentVolumeClaimRetentionPolicy"] = json!({
            "whenDeleted": pick(rng, &choices), "whenScaled": pick(rng, &choices),
        });
    }
    let (kind, name) = (WorkloadKind::StatefulSet, name.to_owned());
    Workload { kind, name, object }
}

pub fn daemon_set(name: &str, rng: &mut StdRng) -> Workload {
    let strategy = match rng.random_range(0..3) {
        0 => {
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
        }
        1 => json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}}),
        _ => json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}),
    };
    let object = json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata(name),
        "spec": {
            "updateStrategy": strategy,
            "minReadySeconds": pick(rng, &[0, 0, 3]),
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, "good:1", "100m", "Always"),
        },
    });
    let (kind, name) = (WorkloadKind::DaemonSet, name.to_owned());
    Workload { kind, name, object }
}

fn job_spec(name: &str, rng: &mut StdRng) -> Value {
    let image = pick(rng, &["work:1", "failing:1"]);
    let mut spec = json!({
        "parallelism": rng.random_range(1..5),
        "backoffLimit": rng.random_range(1..5),
        "podReplacementPolicy": pick(rng, &["TerminatingOrFailed", "Failed"]),
        "template": template(name, image, "250m", "Never"),
    });
    match rng.random_range(0..4) {
        0 => {}
        1 => {
            spec["completionMode"] = json!("Indexed");
            spec["completions"] = json!(rng.random_range(1..6));
            if rng.random_bool(0.5) {
                spec["backoffLimitPerIndex"] = json!(rng.random_range(0..3));
                spec["backoffLimit"] = json!(100);
            }
        }
        _ => spec["completions"] = json!(rng.random_range(1..6)),
    }
    spec
}

pub fn job(name: &str, rng: &mut StdRng) -> Workload {
    let object = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(name),
        "spec": job_spec(name, rng),
    });
    let (kind, name) = (WorkloadKind::Job, name.to_owned());
    Workload { kind, name, object }
}

pub fn cron_job(name: &str, rng: &mut StdRng) -> Workload {
    let mut spec = job_spec(name, rng);
    spec["backoffLimit"] = json!(1);
    let object = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata(name),
        "spec": {
            "schedule": "* * * * *",
            "concurrencyPolicy": pick(rng, &["Allow", "Forbid", "Replace"]),
            "successfulJobsHistoryLimit": pick(rng, &[0, 1, 3]),
            "failedJobsHistoryLimit": pick(rng, &[0, 1]),
            "jobTemplate": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    });
    let (kind, name) = (WorkloadKind::CronJob, name.to_owned());
    Workload { kind, name, object }
}

fn service(name: &str) -> (ResourceRef, Value) {
    let object = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata(name),
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    });
    (ResourceRef::new("", "v1", "services"), object)
}

fn budget(name: &str, rng: &mut StdRng) -> (ResourceRef, Value) {
    let mut object = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata(name),
        "spec": {"selector": {"matchLabels": {"app": name}}},
    });
    let (field, value) = pick(
        rng,
        &[
            ("minAvailable", json!(1)),
            ("minAvailable", json!("50%")),
            ("maxUnavailable", json!(1)),
            ("maxUnavailable", json!("30%")),
        ],
    );
    object["spec"][field] = value;
    (
        ResourceRef::new("policy", "v1", "poddisruptionbudgets"),
        object,
    )
}
