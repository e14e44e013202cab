//! The FlowSchemas and PriorityLevelConfigurations of a fresh cluster.
//!
//! Mirrors `apiserver/pkg/apis/flowcontrol/bootstrap/default.go` (v1.35).

use std::time::Duration;

use serde_json::{Value, json};

use super::Bootstrap;
use crate::clock::Clock;
use crate::endpoints::ApiServer;

const API_VERSION: &str = "flowcontrol.apiserver.k8s.io/v1";
const AUTO_UPDATE: &str = "apf.kubernetes.io/autoupdate-spec";
const INTERVAL: Duration = Duration::from_secs(60);
const BY_USER: &str = "ByUser";
const BY_NAMESPACE: &str = "ByNamespace";

/// Looks after them, for ever: whoever deletes one finds it made anew.
pub(crate) async fn keep_flow_control(server: ApiServer, clock: Clock) {
    let own = objects();
    Bootstrap::of_server(&server)
        .keep(&own, INTERVAL, &clock)
        .await;
}

/// Levels first: a schema that comes before its level is dangling for a moment.
pub(super) fn objects() -> Vec<Value> {
    let mut objects = levels();
    objects.extend(schemas());
    objects
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": API_VERSION, "kind": kind,
        "metadata": {"name": name, "annotations": {AUTO_UPDATE: "true"}}, "spec": spec,
    })
}

fn levels() -> Vec<Value> {
    let level = |name: &str, spec: Value| object("PriorityLevelConfiguration", name, spec);
    let shares = |shares: u32, lendable: u32, response: Value| {
        json!({"type": "Limited", "limited": {
            "nominalConcurrencyShares": shares, "lendablePercent": lendable, "limitResponse": response,
        }})
    };
    let queue = |queues: u32, hand: u32| {
        let queuing = json!({"queues": queues, "handSize": hand, "queueLengthLimit": 50});
        json!({"type": "Queue", "queuing": queuing})
    };
    let exempt = json!({"nominalConcurrencyShares": 0, "lendablePercent": 0});
    let reject = json!({"type": "Reject"});
    vec![
        level("exempt", json!({"type": "Exempt", "exempt": exempt})),
        level("catch-all", shares(5, 0, reject)),
        level("system", shares(30, 33, queue(64, 6))),
        level("node-high", shares(40, 25, queue(64, 6))),
        level("leader-election", shares(10, 0, queue(16, 4))),
        level("workload-high", shares(40, 50, queue(128, 6))),
        level("workload-low", shares(100, 90, queue(128, 6))),
        level("global-default", shares(20, 50, queue(128, 6))),
    ]
}

/// Name, level and precedence of a schema.
type Place = (&'static str, &'static str, u32);

fn schema(place: Place, method: &str, rule: Value) -> Value {
    let (name, level, precedence) = place;
    let mut spec = json!({
        "priorityLevelConfiguration": {"name": level},
        "matchingPrecedence": precedence, "rules": [rule],
    });
    if !method.is_empty() {
        spec["distinguisherMethod"] = json!({"type": method});
    }
    object("FlowSchema", name, spec)
}

fn schemas() -> Vec<Value> {
    let everybody = || groups(&["system:unauthenticated", "system:authenticated"]);
    let system = |name: &str| json!([{"kind": "ServiceAccount", "serviceAccount": {"name": name, "namespace": "kube-system"}}]);
    let (manager, scheduler) = ("system:kube-controller-manager", "system:kube-scheduler");
    let leases = || in_namespaces("coordination.k8s.io", &["leases"]);
    let probes = json!({
        "subjects": everybody(),
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}],
    });
    let of_nodes = json!({"subjects": groups(&["system:nodes"]), "resourceRules": [
        {"verbs": ["*"], "apiGroups": [""], "resources": ["nodes", "nodes/status"],
         "clusterScope": true, "namespaces": ["*"]},
        {"verbs": ["*"], "apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
         "namespaces": ["*"]},
    ]});
    let leaders = json!({
        "subjects": joined(&[users(&[manager, scheduler]), system("*")]), "resourceRules": [leases()],
    });
    let endpoints = json!({
        "subjects": joined(&[
            users(&[manager]), system("endpoint-controller"), system("endpointslicemirroring-controller"),
        ]),
        "resourceRules": [in_namespaces("", &["endpoints"])],
    });
    let workload_leaders = json!({
        "subjects": system("*"),
        "resourceRules": [in_namespaces("", &["endpoints", "configmaps"]), leases()],
    });
    let accounts = groups(&["system:serviceaccounts"]);
    vec![
        schema(
            ("exempt", "exempt", 1),
            "",
            all_of(groups(&["system:masters"])),
        ),
        schema(("probes", "exempt", 2), "", probes),
        schema(
            ("system-leader-election", "leader-election", 100),
            BY_USER,
            leaders,
        ),
        schema(
            ("endpoint-controller", "workload-high", 150),
            BY_USER,
            endpoints,
        ),
        schema(
            ("workload-leader-election", "leader-election", 200),
            BY_USER,
            workload_leaders,
        ),
        schema(("system-node-high", "node-high", 400), BY_USER, of_nodes),
        schema(
            ("system-nodes", "system", 500),
            BY_USER,
            all_of(groups(&["system:nodes"])),
        ),
        schema(
            ("kube-controller-manager", "workload-high", 800),
            BY_NAMESPACE,
            all_of(users(&[manager])),
        ),
        schema(
            ("kube-scheduler", "workload-high", 800),
            BY_NAMESPACE,
            all_of(users(&[scheduler])),
        ),
        schema(
            ("kube-system-service-accounts", "workload-high", 900),
            BY_NAMESPACE,
            all_of(system("*")),
        ),
        schema(
            ("service-accounts", "workload-low", 9000),
            BY_USER,
            all_of(accounts),
        ),
        schema(
            ("global-default", "global-default", 9900),
            BY_USER,
            all_of(everybody()),
        ),
        schema(
            ("catch-all", "catch-all", 10_000),
            BY_USER,
            all_of(everybody()),
        ),
    ]
}

fn groups(names: &[&str]) -> Value {
    let subject = |name: &&str| json!({"kind": "Group", "group": {"name": name}});
    names.iter().map(subject).collect()
}

fn users(names: &[&str]) -> Value {
    let subject = |name: &&str| json!({"kind": "User", "user": {"name": name}});
    names.iter().map(subject).collect()
}

fn joined(lists: &[Value]) -> Value {
    let each = lists.iter().filter_map(Value::as_array);
    each.flatten().cloned().collect()
}

/// Whatever these subjects ask for.
fn all_of(subjects: Value) -> Value {
    json!({
        "subjects": subjects,
        "resourceRules": [{
            "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true,
            "namespaces": ["*"],
        }],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    })
}

fn in_namespaces(group: &str, resources: &[&str]) -> Value {
    json!({
        "verbs": ["get", "create", "update"], "apiGroups": [group], "resources": resources,
        "namespaces": ["*"],
    })
}
