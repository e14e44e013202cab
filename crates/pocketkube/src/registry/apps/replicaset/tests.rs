use super::*;

fn validate(spec: Value) -> Vec<String> {
    let mut replica_set = json!({"metadata": {"name": "d"}, "spec": spec});
    ReplicaSetStrategy.default(&mut replica_set);
    let spec = Field::new(&replica_set["spec"], "spec");
    errors(&spec).iter().map(ToString::to_string).collect()
}

#[test]
fn a_replica_set_needs_a_selector() {
    let texts = validate(json!({"template": {
        "metadata": {"labels": {"app": "d"}},
        "spec": {"containers": [{"name": "a", "image": "nginx"}]},
    }}));
    assert_eq!(
        texts,
        [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"d\"}: `selector` does not match template `labels`",
        ]
    );
}

#[test]
fn the_table_counts_pods() {
    let replica_set = json!({
        "metadata": {"name": "r"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "d"}}},
        "status": {"replicas": 1},
    });
    let now = "2025-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(
        cells(&replica_set, RowContext { now }),
        [
            json!("r"),
            json!(2),
            json!(1),
            json!(0),
            json!("<unknown>"),
            json!(""),
            json!(""),
            json!("app=d")
        ]
    );
}
