//! What may not happen to Pods that are there.

use serde_json::{Value, json};

use super::super::*;
use super::{pod, texts};
use crate::registry::core::pod::defaults;

fn check_update(change: impl Fn(&mut Value), expected: &[&str]) {
    let old = pod(json!({
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "activeDeadlineSeconds": 100,
        "containers": [{"name": "a", "image": "nginx:1"}],
    }));
    let mut new = old.clone();
    change(&mut new["spec"]);
    let errors = texts(&update(&new, &old));
    let first_lines: Vec<&str> = errors
        .iter()
        .map(|error| error.lines().next().unwrap_or_default())
        .collect();
    assert_eq!(first_lines, expected);
}

#[test]
fn images_tolerations_and_deadlines_may_change() {
    check_update(
        |spec| spec["containers"][0]["image"] = json!("nginx:2"),
        &[],
    );
    check_update(|spec| spec["activeDeadlineSeconds"] = json!(50), &[]);
    check_update(
        |spec| {
            spec["tolerations"] =
                json!([{"key": "b", "operator": "Exists"}, {"key": "a", "operator": "Exists"}]);
        },
        &[],
    );
}

#[test]
fn nothing_else_may_change() {
    check_update(
        |spec| spec["hostname"] = json!("x"),
        &[
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ],
    );
    check_update(
        |spec| spec["containers"] = json!([]),
        &[
            "spec.containers: Required value",
            "spec.containers: Forbidden: pod updates may not add or remove containers",
        ],
    );
    check_update(
        |spec| spec["activeDeadlineSeconds"] = json!(200),
        &[
            "spec.activeDeadlineSeconds: Invalid value: 200: must be less than or equal to previous value",
        ],
    );
    check_update(
        |spec| spec["tolerations"] = json!([]),
        &[
            "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
        ],
    );
}

#[test]
fn gates_only_go_away_and_gated_pods_may_narrow_their_nodes() {
    let mut old = pod(
        json!({"schedulingGates": [{"name": "a"}], "containers": [{"name": "a", "image": "x:1"}]}),
    );
    let mut new = old.clone();
    new["spec"]["nodeSelector"] = json!({"disk": "ssd"});
    assert_eq!(update(&new, &old), []);
    new["spec"]["schedulingGates"] = json!([{"name": "b"}]);
    assert_eq!(
        texts(&update(&new, &old)),
        [
            "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'"
        ]
    );
    old["spec"]["nodeSelector"] = json!({"disk": "hdd"});
    new["spec"]["schedulingGates"] = json!([]);
    assert_eq!(
        texts(&update(&new, &old)),
        [
            "spec.nodeSelector: Invalid value: {\"disk\":\"ssd\"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        ]
    );
}

#[test]
fn a_container_that_ended_for_good_does_not_come_back() {
    let with = |state: Value| {
        let mut pod =
            pod(json!({"restartPolicy": "Never", "containers": [{"name": "a", "image": "x:1"}]}));
        pod["status"] = json!({"containerStatuses": [{"name": "a", "state": state}]});
        pod
    };
    let ended = with(json!({"terminated": {"exitCode": 0}}));
    assert_eq!(
        texts(&status_update(&with(json!({"running": {}})), &ended)),
        [
            "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
        ]
    );
    assert_eq!(status_update(&ended, &with(json!({"running": {}}))), []);
}

#[test]
fn addresses_of_a_pod_are_one_a_family() {
    let with = |ips: &[&str]| {
        let mut pod = pod(json!({"containers": [{"name": "a", "image": "x:1"}]}));
        let ips: Vec<Value> = ips.iter().map(|ip| json!({"ip": ip})).collect();
        pod["status"] = json!({"podIPs": ips});
        pod
    };
    assert_eq!(
        status_update(&with(&["10.0.0.1", "fd00::1"]), &with(&[])),
        []
    );
    let errors = texts(&status_update(&with(&["10.0.0.1", "10.0.0.2"]), &with(&[])));
    assert!(errors[0].ends_with("may specify no more than one IP for each IP family"));
}

#[test]
fn resizing_changes_cpu_and_memory_within_the_class() {
    let with = |cpu: &str| {
        pod(
            json!({"containers": [{"name": "a", "image": "x:1", "resources": {"requests": {"cpu": cpu}}}]}),
        )
    };
    assert_eq!(resize(&with("2"), &with("1")), []);
    let mut bare = with("1");
    bare["spec"]["containers"][0]["resources"] = json!({});
    assert_eq!(
        texts(&resize(&bare, &with("1"))),
        [
            "spec: Invalid value: \"\": Pod QOS Class may not change as a result of resizing",
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        ]
    );
}

#[test]
fn ephemeral_containers_are_added_and_stay() {
    let with = |names: &[&str]| {
        let mut pod = pod(json!({"containers": [{"name": "a", "image": "x:1"}]}));
        let list: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "image": "busybox:1"}))
            .collect();
        pod["spec"]["ephemeralContainers"] = json!(list);
        defaults::pod(&mut pod);
        pod
    };
    assert_eq!(ephemeral_containers_update(&with(&["d"]), &with(&[])), []);
    assert_eq!(
        texts(&ephemeral_containers_update(&with(&["e"]), &with(&["d"]))),
        [
            "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n"
        ]
    );
}
