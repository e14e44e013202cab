//! What Pods may not say, as data: a spec and the messages it gets.

mod update;

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
fn a_pod_needs_containers_with_names_and_images() {
    check(
        json!({"containers": []}),
        &["spec.containers: Required value"],
    );
    check(
        json!({"containers": [{"image": "nginx"}, {"name": "b"}, {"name": "b", "image": "x"}]}),
        &[
            "spec.containers[0].name: Required value",
            "spec.containers[1].image: Required value",
            "spec.containers[2].name: Duplicate value: \"b\"",
        ],
    );
    check(
        json!({"containers": [{"name": "My_Box", "image": " nginx"}]}),
        &[
            &format!("spec.containers[0].name: Invalid value: \"My_Box\": {LABEL}"),
            "spec.containers[0].image: Invalid value: \" nginx\": must not have leading or trailing whitespace",
        ],
    );
}

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
fn ports_have_numbers_names_and_protocols() {
    check_container(
        "ports",
        json!([{"containerPort": 80, "name": "http"}, {"containerPort": 81, "name": "http"}]),
        &["spec.containers[0].ports[1].name: Duplicate value: \"http\""],
    );
    check_container(
        "ports",
        json!([{"containerPort": 70000}, {"containerPort": 80, "protocol": "ICMP"}, {"name": "x"}]),
        &[
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[1].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            "spec.containers[0].ports[2].containerPort: Required value",
        ],
    );
    check_container(
        "ports",
        json!([{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 80}]),
        &["spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\""],
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
fn a_variable_has_one_source() {
    check_container(
        "env",
        json!([
            {"name": "X", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "Y", "valueFrom": {"secretKeyRef": {"name": "s"}}},
            {"name": "Z", "valueFrom": {"fieldRef": {"fieldPath": "spec.colour"}}},
            {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}},
            {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "a=b"},
        ]),
        &[
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
            "spec.containers[0].env[1].valueFrom.secretKeyRef.key: Required value",
            "spec.containers[0].env[2].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.colour\": error converting fieldPath: field label not supported: spec.colour",
            "spec.containers[0].env[3].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"",
            "spec.containers[0].env[5].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='",
        ],
    );
}

#[test]
fn resources_of_the_downward_api_have_fitting_divisors() {
    let variable = |resource: &str, divisor: &str| json!([{"name": "X", "valueFrom": {"resourceFieldRef": {"resource": resource, "divisor": divisor}}}]);
    check_container("env", variable("limits.cpu", "1m"), &[]);
    check_container("env", variable("limits.memory", "1Mi"), &[]);
    check_container(
        "env",
        variable("limits.cpu", "2"),
        &[
            "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource",
        ],
    );
}

#[test]
fn probes_have_one_handler_and_sane_numbers() {
    check_container(
        "livenessProbe",
        json!({"periodSeconds": 5}),
        &["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
    );
    check_container(
        "readinessProbe",
        json!({"tcpSocket": {"port": 80}, "periodSeconds": -1, "failureThreshold": -3}),
        &[
            "spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.containers[0].readinessProbe.failureThreshold: Invalid value: -3: must be greater than or equal to 0",
        ],
    );
    check_container(
        "livenessProbe",
        json!({"exec": {}, "httpGet": {"port": "80"}, "successThreshold": 2}),
        &[
            "spec.containers[0].livenessProbe.exec.command: Required value",
            "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ],
    );
    check_container(
        "readinessProbe",
        json!({"httpGet": {"port": 0}}),
        &[
            "spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ],
    );
}

#[test]
fn only_sidecars_among_init_containers_are_probed() {
    let spec = |policy: Value| {
        let mut init =
            json!({"name": "i", "image": "x", "readinessProbe": {"exec": {"command": ["a"]}}});
        if !policy.is_null() {
            init["restartPolicy"] = policy;
        }
        json!({"initContainers": [init], "containers": [{"name": "a", "image": "x"}]})
    };
    check(spec(json!("Always")), &[]);
    check(
        spec(Value::Null),
        &[
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
        ],
    );
    check(
        json!({"initContainers": [{"name": "a", "image": "x"}], "containers": [{"name": "a", "image": "x"}]}),
        &["spec.initContainers[0].name: Duplicate value: \"a\""],
    );
}

#[test]
fn mounts_name_volumes_that_are_there() {
    check_container(
        "volumeMounts",
        json!([{"name": "data", "mountPath": "/data"}]),
        &["spec.containers[0].volumeMounts[0].name: Not found: \"data\""],
    );
    check(
        json!({
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [{"name": "a", "image": "x", "volumeMounts": [
                {"name": "v", "mountPath": "/d"},
                {"name": "v", "mountPath": "/d", "subPath": "../x"},
            ]}],
        }),
        &[
            "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/d\": must be unique",
            "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'",
        ],
    );
}

#[test]
fn volumes_have_one_source_and_its_required_fields() {
    check_spec(
        "volumes",
        json!([{"name": "a", "hostPath": {}}, {"name": "b", "persistentVolumeClaim": {}}, {"name": "c", "configMap": {}}, {"name": "d", "secret": {}}]),
        &[
            "spec.volumes[0].hostPath.path: Required value",
            "spec.volumes[1].persistentVolumeClaim.claimName: Required value",
            "spec.volumes[2].configMap.name: Required value",
            "spec.volumes[3].secret.secretName: Required value",
        ],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}}]),
        &["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "emptyDir": {}}, {"name": "v", "hostPath": {"path": "/x"}}]),
        &["spec.volumes[1].name: Duplicate value: \"v\""],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "configMap": {"name": "c", "defaultMode": 1000, "items": [{"key": "k", "path": "../x"}]}}]),
        &[
            "spec.volumes[0].configMap.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain '..'",
        ],
    );
    check_spec(
        "volumes",
        json!([{"name": "v", "projected": {"sources": [
            {"secret": {"name": "s", "items": [{"key": "k", "path": "f"}]}},
            {"configMap": {"name": "c", "items": [{"key": "k", "path": "f"}]}, "downwardAPI": {}},
            {"serviceAccountToken": {"path": "t", "expirationSeconds": 60}},
        ]}}]),
        &[
            "spec.volumes[0].projected: Invalid value: \"c\": conflicting duplicate paths",
            "spec.volumes[0].projected.sources[1]: Forbidden: may not specify more than 1 volume type per source",
            "spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
            "spec.volumes[0].projected.sources[2].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set",
        ],
    );
}

#[test]
fn ephemeral_volumes_bring_a_right_claim() {
    check_spec(
        "volumes",
        json!([{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}]),
        &["spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value"],
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

#[test]
fn doubtful_specs_are_warned_about() {
    let spec = json!({
        "nodeSelector": {"beta.kubernetes.io/os": "linux"},
        "containers": [{
            "name": "a",
            "env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}, {"name": "X", "value": "$(X)3"}],
            "resources": {"limits": {"memory": "100m"}},
        }],
    });
    assert_eq!(
        warnings(&spec, "spec"),
        [
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
            "spec.containers[0].env[1]: hides previous definition of \"X\", which may be dropped when using apply",
            "spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
        ]
    );
}
