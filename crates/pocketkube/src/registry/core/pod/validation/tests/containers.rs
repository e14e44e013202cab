//! What containers may not say.

use serde_json::json;

use super::*;

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
fn fields_of_pods_are_asked_for_in_the_version_that_is_known() {
    let from = |source: Value| json!([{"name": "A", "valueFrom": source}]);
    check_container(
        "env",
        from(json!({"fieldRef": {"apiVersion": "v2", "fieldPath": "metadata.name"}})),
        &[
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name\": error converting fieldPath: unsupported pod version: v2",
        ],
    );
    check_container(
        "env",
        from(json!({"resourceFieldRef": {"resource": "limits.memory", "divisor": "3Ki"}})),
        &[
            "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.memory\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource",
        ],
    );
}
