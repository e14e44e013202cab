//! A spec, and the sentences it gets.

use serde_json::{Value, json};

use super::*;

fn check(pod: Value, expected: &[&str]) {
    assert_eq!(of_pod(&pod), expected, "{pod}");
}

fn check_spec(spec: Value, expected: &[&str]) {
    check(json!({"spec": spec}), expected);
}

#[test]
fn labels_of_nodes_have_newer_names() {
    check_spec(
        json!({
            "nodeSelector": {"beta.kubernetes.io/os": "linux"},
            "affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "failure-domain.beta.kubernetes.io/zone", "operator": "Exists"}]},
                ]},
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "preference": {"matchExpressions": [{"key": "node-role.kubernetes.io/master", "operator": "Exists"}]}},
                ],
            }},
            "topologySpreadConstraints": [{"topologyKey": "beta.kubernetes.io/arch", "labelSelector": {}}],
        }),
        &[
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: node-role.kubernetes.io/master is use \"node-role.kubernetes.io/control-plane\" instead",
            "spec.topologySpreadConstraints[0].topologyKey: beta.kubernetes.io/arch is deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        ],
    );
}

#[test]
fn constraints_without_a_selector_count_nothing() {
    check_spec(
        json!({
            "topologySpreadConstraints": [{"topologyKey": "zone"}],
            "affinity": {
                "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]},
                "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": {}}]},
            },
        }),
        &[
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod",
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod",
        ],
    );
}

#[test]
fn annotations_of_old_are_read_no_more() {
    check(
        json!({
            "metadata": {"annotations": {
                "scheduler.alpha.kubernetes.io/critical-pod": "",
                "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
                "container.seccomp.security.alpha.kubernetes.io/a": "unconfined",
                "container.apparmor.security.beta.kubernetes.io/a": "unconfined",
            }},
            "spec": {"containers": [{"name": "a"}]},
        }),
        &[
            "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \"priorityClassName\" field instead",
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the \"seccompProfile\" field instead",
            "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/a]: non-functional in v1.27+; use the \"seccompProfile\" field instead",
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: deprecated since v1.30; use the \"appArmorProfile\" field instead",
        ],
    );
}

#[test]
fn storage_systems_that_are_gone_are_told() {
    check_spec(
        json!({"volumes": [
            {"name": "a", "gitRepo": {}}, {"name": "b", "storageos": {}}, {"name": "c", "rbd": {}},
        ]}),
        &[
            "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
            "spec.volumes[1].storageOS: deprecated in v1.22, non-functional in v1.25+",
            "spec.volumes[2].rbd: deprecated in v1.28, non-functional in v1.31+",
        ],
    );
}

#[test]
fn files_do_not_hide_tokens() {
    check_spec(
        json!({"volumes": [{"name": "a", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token"}},
            {"secret": {"name": "s", "items": [{"key": "k", "path": "token"}]}},
        ]}}]}),
        &[
            "spec.volumes[0].projected.sources.secrets[0]: has duplicated path with ServiceAccountToken \"token\"",
        ],
    );
}

#[test]
fn lists_name_everything_once() {
    check_spec(
        json!({
            "hostAliases": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.1"}],
            "imagePullSecrets": [{"name": "a"}, {}, {"name": "a"}],
        }),
        &[
            "spec.hostAliases[1].ip: duplicate ip \"10.0.0.1\"",
            "spec.imagePullSecrets[2].name: duplicate name \"a\"",
            "spec.imagePullSecrets[1].name: invalid empty name \"\"",
        ],
    );
}

#[test]
fn bytes_are_whole() {
    check_spec(
        json!({
            "overhead": {"memory": "1m"},
            "containers": [{"name": "a", "resources": {
                "limits": {"memory": "100m", "cpu": "100m"}, "requests": {"ephemeral-storage": "100m"},
            }}],
            "volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {
                "resources": {"requests": {"storage": "100m"}},
            }}}}],
        }),
        &[
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value \"100m\" is invalid, must be an integer",
            "spec.overhead[memory]: fractional byte value \"1m\" is invalid, must be an integer",
            "spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
            "spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value \"100m\" is invalid, must be an integer",
        ],
    );
}

#[test]
fn a_variable_stands_twice_only_to_add_to_itself() {
    let variable = |value: &str| json!({"name": "X", "value": value});
    let from = json!({"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}});
    check_spec(
        json!({"containers": [{"name": "a", "env": [
            variable("1"), variable("$(X)2"), variable("$(X)"), variable("3"), from,
        ]}]}),
        &[
            "spec.containers[0].env[2]: hides previous definition of \"X\", which may be dropped when using apply",
            "spec.containers[0].env[3]: hides previous definition of \"X\", which may be dropped when using apply",
            "spec.containers[0].env[4]: hides previous definition of \"X\", which may be dropped when using apply",
        ],
    );
}

#[test]
fn containers_of_a_pod_share_its_ports() {
    let port = |host_port: i64, host_ip: &str| json!({"containerPort": 80, "protocol": "TCP", "hostPort": host_port, "hostIP": host_ip});
    let one = |port: Value| json!({"name": "a", "ports": [port]});
    check_spec(
        json!({"containers": [one(port(0, "")), one(port(0, ""))]}),
        &[
            "spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]",
        ],
    );
    check_spec(
        json!({"containers": [one(port(8080, "")), one(port(0, ""))]}),
        &[
            "spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[0]",
        ],
    );
    check_spec(
        json!({"containers": [one(port(8080, "")), one(port(8080, "10.0.0.1"))]}),
        &[
            "spec.containers[1].ports[0]: dangerously ambiguous port definition with spec.containers[0].ports[0]",
        ],
    );
    check_spec(
        json!({"containers": [one(port(0, "10.0.0.1"))]}),
        &[
            "spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}",
        ],
    );
}

#[test]
fn a_grace_period_is_not_negative() {
    check_spec(
        json!({"terminationGracePeriodSeconds": -1}),
        &[
            "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
        ],
    );
}

#[test]
fn addresses_have_one_spelling() {
    check_spec(
        json!({"dnsConfig": {"nameservers": ["010.0.0.1"]}, "hostAliases": [{"ip": "2001:DB8::1"}]}),
        &[
            "spec.dnsConfig.nameservers[0]: non-standard IP address \"010.0.0.1\" will be considered invalid in a future Kubernetes release: use \"10.0.0.1\"",
            "spec.hostAliases[0].ip: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")",
        ],
    );
}
