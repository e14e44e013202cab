use super::*;

fn deployment(spec: Value) -> Value {
    let mut deployment = json!({"metadata": {"name": "d"}, "spec": spec});
    DeploymentStrategy.default(&mut deployment);
    deployment
}

fn with(field: &str, value: Value) -> Value {
    let mut object = json!({
        "selector": {"matchLabels": {"app": "d"}},
        "template": {
            "metadata": {"labels": {"app": "d"}},
            "spec": {"containers": [{"name": "a", "image": "nginx"}]},
        },
    });
    object[field] = value;
    deployment(object)
}

fn check(deployment: &Value, expected: &[&str]) {
    let errors = spec(&Field::new(&deployment["spec"], "spec"));
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
}

#[test]
fn a_bare_deployment_rolls_by_a_quarter() {
    let spec = &with("replicas", Value::Null)["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(spec["revisionHistoryLimit"], 10);
    assert_eq!(spec["progressDeadlineSeconds"], 600);
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    assert_eq!(
        with("strategy", json!({"type": "Recreate"}))["spec"]["strategy"],
        json!({"type": "Recreate"})
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let deployment = deployment(json!({
        "replicas": -3,
        "selector": {"matchLabels": {"app": "d"}},
        "template": {
            "metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "A", "image": ""}]},
        },
    }));
    check(
        &deployment,
        &[
            "spec.replicas: Invalid value: -3: must be greater than or equal to 0",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels`",
            "spec.template.spec.containers[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec.template.spec.containers[0].image: Required value",
        ],
    );
}

#[test]
fn strategies_are_possible() {
    let strategy = |value: Value| with("strategy", value);
    check(
        &strategy(json!({"type": "Recreate", "rollingUpdate": {"maxSurge": 1}})),
        &[
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ],
    );
    check(
        &strategy(json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}})),
        &[
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ],
    );
    check(
        &strategy(json!({"rollingUpdate": {"maxUnavailable": "150%"}})),
        &[
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%",
        ],
    );
    check(
        &with(
            "template",
            json!({"metadata": {"labels": {"app": "d"}}, "spec": {
                "restartPolicy": "Never", "containers": [{"name": "a", "image": "nginx"}],
            }}),
        ),
        &[
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
        ],
    );
}

#[test]
fn the_deadline_is_longer_than_getting_ready() {
    let mut deployment = with("minReadySeconds", json!(10));
    deployment["spec"]["progressDeadlineSeconds"] = json!(5);
    check(
        &deployment,
        &["spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"],
    );
}

#[test]
fn a_selector_says_something() {
    check(
        &with("selector", json!({})),
        &["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    );
    check(
        &with(
            "selector",
            json!({"matchExpressions": [{"key": "app", "operator": "In"}]}),
        ),
        &[
            "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            "spec.selector: Invalid value: {\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\"}]}: invalid label selector",
        ],
    );
}

#[test]
fn annotations_count_as_a_new_generation() {
    let old = with("replicas", json!(1));
    let mut new = old.clone();
    new["status"] = json!({"replicas": 1});
    assert!(!DeploymentStrategy.is_new_generation(&new, &old));
    new["metadata"]["annotations"] = json!({"a": "b"});
    assert!(DeploymentStrategy.is_new_generation(&new, &old));
}

#[test]
fn the_table_shows_ready_of_wanted() {
    let mut deployment = with("replicas", json!(3));
    deployment["status"] =
        json!({"readyReplicas": 1, "updatedReplicas": 3, "availableReplicas": 1});
    let now = "2025-01-01T00:00:00Z".parse().unwrap();
    let cells = cells(&deployment, RowContext { now });
    assert_eq!(cells[1..4], [json!("1/3"), json!(3), json!(1)]);
    assert_eq!(cells[5..], [json!("a"), json!("nginx"), json!("app=d")]);
}

#[test]
fn counters_of_the_status_fit_together() {
    let reported = json!({"replicas": 1, "readyReplicas": 2, "collisionCount": 1});
    let errors = status(
        &Field::new(&reported, "status"),
        &json!({"collisionCount": 2}),
    );
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
            "status.collisionCount: Invalid value: 1: cannot be decremented",
        ]
    );
}
