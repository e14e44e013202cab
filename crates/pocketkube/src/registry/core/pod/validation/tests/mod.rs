//! What Pods may not say, as data: a spec and the messages it gets.

mod containers;
mod update;
mod volumes;

use serde_json::{Value, json};

use super::*;
use crate::registry::core::pod::defaults;

fn pod(spec: Value) -> Value {
    let mut pod = json!({"metadata": {"name": "p", "namespace": "ns"}, "spec": spec});
    defaults::pod(&mut pod);
    pod
}

fn texts(errors: &ErrorList) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn check(spec: Value, expected: &[&str]) {
    assert_eq!(texts(&create(&pod(spec.clone()))), expected, "{spec}");
}

/// A container with one field more.
fn check_container(field: &str, value: Value, expected: &[&str]) {
    let mut container = json!({"name": "a", "image": "nginx"});
    container[field] = value;
    check(json!({"containers": [container]}), expected);
}

/// A good container and one field more in the spec.
fn check_spec(field: &str, value: Value, expected: &[&str]) {
    let mut spec = json!({"containers": [{"name": "a", "image": "nginx"}]});
    spec[field] = value;
    check(spec, expected);
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

#[test]
fn policies_are_words_of_a_list() {
    check_spec(
        "restartPolicy",
        json!("Sometimes"),
        &[
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\"",
        ],
    );
    check_spec(
        "dnsPolicy",
        json!("Mine"),
        &[
            "spec.dnsPolicy: Unsupported value: \"Mine\": supported values: \"ClusterFirst\", \"ClusterFirstWithHostNet\", \"Default\", \"None\"",
        ],
    );
    check_container(
        "imagePullPolicy",
        json!("Later"),
        &[
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Later\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        ],
    );
}

#[test]
fn on_the_host_network_ports_must_agree() {
    check(
        json!({"hostNetwork": true, "containers": [
            {"name": "a", "image": "x", "ports": [{"containerPort": 80, "hostPort": 81}]},
        ]}),
        &[
            "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
        ],
    );
}

#[test]
fn tolerations_make_sense() {
    check_spec(
        "tolerations",
        json!([{"key": "a", "operator": "Exists", "value": "b"}, {"operator": "Equal"}, {"key": "c", "effect": "Never"}]),
        &[
            "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
            "spec.tolerations[1].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            "spec.tolerations[2].effect: Unsupported value: \"Never\": supported values: \"NoExecute\", \"NoSchedule\", \"PreferNoSchedule\"",
        ],
    );
    check_spec(
        "tolerations",
        json!([{"key": "a", "tolerationSeconds": 5}]),
        &[
            "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
        ],
    );
}

#[test]
fn affinity_terms_are_complete() {
    check_spec(
        "affinity",
        json!({
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []},
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 0, "preference": {"matchExpressions": [{"key": "a", "operator": "Gt"}]}},
                ],
            },
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"matchLabelKeys": ["x"]}]},
        }),
        &[
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must be non-empty",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
    );
}

#[test]
fn spread_constraints_are_complete() {
    check_spec(
        "topologySpreadConstraints",
        json!([
            {"maxSkew": 0, "whenUnsatisfiable": "Cry"},
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2},
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
        ]),
        &[
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
            "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Cry\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"",
            "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{zone, ScheduleAnyway}\"",
            "spec.topologySpreadConstraints[1].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        ],
    );
}

#[test]
fn security_contexts_are_possible() {
    check_container(
        "securityContext",
        json!({"runAsUser": -1}),
        &[
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        ],
    );
    let contradiction = json!({"allowPrivilegeEscalation": false, "privileged": true});
    check_container(
        "securityContext",
        contradiction.clone(),
        &[&format!(
            "spec.containers[0].securityContext: Invalid value: {contradiction}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        )],
    );
    check_spec(
        "securityContext",
        json!({"seccompProfile": {"type": "Localhost"}, "fsGroupChangePolicy": "Never", "sysctls": [{"name": "a b"}]}),
        &[
            "spec.securityContext.sysctls[0].name: Invalid value: \"a b\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
            "spec.securityContext.fsGroupChangePolicy: Unsupported value: \"Never\": supported values: \"Always\", \"OnRootMismatch\"",
            "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
        ],
    );
}

#[test]
fn linux_pods_have_no_windows_options() {
    check(
        json!({
            "os": {"name": "linux"},
            "securityContext": {"windowsOptions": {"runAsUserName": "x"}},
            "containers": [{"name": "a", "image": "x"}],
        }),
        &[
            "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
        ],
    );
    check_spec(
        "os",
        json!({"name": "plan9"}),
        &["spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\""],
    );
}

#[test]
fn names_and_addresses_of_a_pod_are_checked() {
    check_spec(
        "hostname",
        json!("A"),
        &[&format!("spec.hostname: Invalid value: \"A\": {LABEL}")],
    );
    check_spec(
        "dnsConfig",
        json!({"nameservers": ["1.2.3"], "options": [{}]}),
        &[
            "spec.dnsConfig.nameservers[0]: Invalid value: \"1.2.3\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            "spec.dnsConfig.options[0]: Required value: must not be empty",
        ],
    );
    check_spec(
        "dnsPolicy",
        json!("None"),
        &["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    );
    check_spec(
        "activeDeadlineSeconds",
        json!(0),
        &[
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ],
    );
    check_spec(
        "schedulingGates",
        json!([{"name": "a"}, {"name": "a"}]),
        &["spec.schedulingGates[1]: Duplicate value: \"a\""],
    );
}

#[test]
fn ephemeral_containers_come_later() {
    check_spec(
        "ephemeralContainers",
        json!([{"name": "d", "image": "x", "ports": [{"containerPort": 1}], "targetContainerName": "no"}]),
        &[
            "spec.ephemeralContainers[0].targetContainerName: Not found: \"no\"",
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ],
    );
}

#[test]
fn a_gated_pod_cannot_be_bound() {
    check(
        json!({"nodeName": "n", "schedulingGates": [{"name": "g"}], "containers": [{"name": "a", "image": "x"}]}),
        &["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
    );
}
