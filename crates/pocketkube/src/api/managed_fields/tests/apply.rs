//! Server-side apply: sharing, giving up, conflicts, lists.

use serde_json::{Value, json};

use super::*;

#[test]
fn appliers_of_the_same_value_share_it() {
    let mut world = config_map();
    world.apply("kubectl", json!({"data": {"a": "1"}}));
    world.apply("other", json!({"data": {"a": "1"}}));
    let field = json!({"f:data": {"f:a": {}}});
    assert_eq!(
        world.owners(),
        json!({"kubectl/Apply": field, "other/Apply": field})
    );
    let entries = world.get("/metadata/managedFields");
    assert_eq!(entries[0]["time"], "1970-01-01T00:00:01Z");
    assert_eq!(entries[1]["time"], "1970-01-01T00:00:02Z");
}

#[test]
fn an_applier_removes_what_it_gives_up_and_nobody_else_owns() {
    let mut world = config_map();
    world.apply("one", json!({"data": {"a": "1", "b": "2"}}));
    world.apply("two", json!({"data": {"b": "2"}}));
    world.patch("three", json!({"data": {"c": "3"}}));
    world.apply("one", json!({"data": {}}));
    assert_eq!(world.get("/data"), json!({"b": "2", "c": "3"}));
    assert_eq!(world.owners()["one/Apply"], json!({"f:data": {}}));
}

#[test]
fn what_nobody_owns_survives_an_apply() {
    let mut world = config_map();
    world.apply("one", json!({"data": {"a": "1"}}));
    world.apply("two", json!({"data": {"b": "2"}}));
    world.apply("one", json!({"data": {"a": "3"}}));
    assert_eq!(world.get("/data"), json!({"a": "3", "b": "2"}));
}

#[test]
fn taking_from_an_updater_is_a_conflict_unless_forced() {
    let mut world = World::new("apps", "Deployment");
    let containers = || json!([{"name": "web", "image": "nginx"}]);
    world.apply("kubectl", deployment(Some(1), containers()));
    world.patch("tuner", json!({"spec": {"replicas": 3}}));
    let error = world
        .try_apply("kubectl", deployment(Some(2), containers()), Force::No)
        .expect_err("conflict");
    assert_eq!((error.code, error.reason.as_ref()), (409, "Conflict"));
    assert_eq!(
        error.message,
        "Apply failed with 1 conflict: conflict with \"tuner\" using apps/v1: .spec.replicas"
    );
    let causes = error.details.expect("causes").causes;
    assert_eq!(causes[0].reason, "FieldManagerConflict");
    assert_eq!(causes[0].message, "conflict with \"tuner\" using apps/v1");
    assert_eq!(causes[0].field, ".spec.replicas");
    world
        .try_apply("kubectl", deployment(Some(2), containers()), Force::Yes)
        .expect("forced");
    assert_eq!(world.get("/spec/replicas"), 2);
    assert_eq!(world.owners().get("tuner/Update"), None);
}

#[test]
fn conflicts_are_grouped_by_owner() {
    let mut world = config_map();
    world.apply("lab", json!({"data": {"a": "1", "b": "1"}}));
    world.patch("pat", json!({"data": {"c": "1"}}));
    let error = world
        .try_apply(
            "two",
            json!({"data": {"a": "2", "b": "2", "c": "2"}}),
            Force::No,
        )
        .expect_err("conflicts");
    assert_eq!(
        error.message,
        "Apply failed with 3 conflicts: conflicts with \"lab\":\n- .data.a\n- .data.b\nconflicts with \"pat\" using v1:\n- .data.c"
    );
    let error = world
        .try_apply("two", json!({"data": {"a": "2"}}), Force::No)
        .expect_err("conflict");
    assert_eq!(
        error.message,
        "Apply failed with 1 conflict: conflict with \"lab\": .data.a"
    );
}

#[test]
fn keyed_lists_merge_by_key_and_keys_have_defaults() {
    let mut world = World::new("apps", "Deployment");
    let web = |more: Value| {
        let mut container = json!({"name": "web"});
        crate::api::tree::entries(&more).for_each(|(key, value)| container[key] = value.clone());
        json!([container])
    };
    world.apply("one", deployment(None, web(json!({"image": "n", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]}))));
    world.apply("two", json!({"spec": {"template": {"spec": {"containers": web(json!({"env": [{"name": "B", "value": "2"}], "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]}))}}}}));
    let container = world.get("/spec/template/spec/containers/0");
    assert_eq!(
        container["env"],
        json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    );
    assert_eq!(
        container["ports"],
        json!([{"containerPort": 80, "protocol": "TCP", "name": "http"}])
    );
    world.apply(
        "two",
        json!({"spec": {"template": {"spec": {"containers": web(json!({}))}}}}),
    );
    let container = world.get("/spec/template/spec/containers/0");
    assert_eq!(container["env"], json!([{"name": "A", "value": "1"}]));
}

#[test]
fn elements_given_up_disappear_as_a_whole() {
    let mut world = World::new("", "Pod");
    let pod =
        |containers: Value| json!({"spec": {"containers": containers, "nodeSelector": {"a": "b"}}});
    world.apply("one", pod(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2", "env": [{"name": "X", "value": "1"}]}])));
    world.apply(
        "one",
        json!({"spec": {"containers": [{"name": "a", "image": "1"}]}}),
    );
    assert_eq!(
        world.get("/spec/containers"),
        json!([{"name": "a", "image": "1", "resources": {}}])
    );
    assert_eq!(world.get("/spec/nodeSelector"), Value::Null);
}

#[test]
fn the_applied_order_of_elements_wins() {
    let mut world = World::new("", "Pod");
    let names = |world: &World| -> String {
        let containers = world.get("/spec/containers");
        crate::api::tree::elements(&containers)
            .iter()
            .map(|c| text(c, "name"))
            .collect()
    };
    let pod = |order: &str| {
        let containers: Value = order
            .chars()
            .map(|name| json!({"name": name.to_string()}))
            .collect();
        json!({"spec": {"containers": containers}})
    };
    world.apply("one", pod("abc"));
    world.apply("two", pod("cxa"));
    assert_eq!(names(&world), "bcxa");
    world.apply("three", pod("b"));
    assert_eq!(names(&world), "bcxa");
}

#[test]
fn an_object_without_owners_was_written_before_the_first_apply() {
    let mut world = config_map();
    world.store(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1", "b": "2"}}));
    world.patch("somebody", json!({"data": {"c": "3"}}));
    assert_eq!(world.owners(), json!({}), "still not tracked");
    let error = world
        .try_apply("me", json!({"data": {"a": "2"}}), Force::No)
        .expect_err("conflict");
    assert_eq!(
        error.message,
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a"
    );
    world.apply("me", json!({"data": {"b": "2"}}));
    assert_eq!(
        world.owners(),
        json!({"before-first-apply/Update": {"f:data": {".": {}, "f:a": {}, "f:b": {}, "f:c": {}}}, "me/Apply": {"f:data": {"f:b": {}}}})
    );
}

#[test]
fn kubectl_may_take_what_it_applied_from_the_client() {
    let mut world = config_map();
    let last = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}});
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": last.to_string()});
    world.update(
        "kubectl-client-side-apply",
        json!({"metadata": {"annotations": annotations}, "data": {"a": "1", "b": "2"}}),
    );
    world.apply("kubectl", json!({"data": {"a": "9"}}));
    assert_eq!(world.get("/data"), json!({"a": "9", "b": "2"}));
    let annotation =
        world.get("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
    assert_eq!(
        annotation,
        "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"9\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"}}\n"
    );
    let error = world
        .try_apply("kubectl", json!({"data": {"b": "9"}}), Force::No)
        .expect_err("not applied by kubectl");
    assert!(
        error.message.ends_with("using v1: .data.b"),
        "{}",
        error.message
    );
}

#[test]
fn fields_the_schema_does_not_know_are_refused() {
    let mut world = World::new("apps", "Deployment");
    let error = world
        .try_apply(
            "me",
            json!({"spec": {"replicas": "3", "foo": 1}}),
            Force::No,
        )
        .expect_err("unknown");
    assert_eq!((error.code, error.reason.as_ref()), (500, ""));
    assert_eq!(
        error.message,
        "failed to create typed patch object (/x; apps/v1, Kind=Deployment): errors:\n  .spec.foo: field not declared in schema\n  .spec.replicas: expected numeric (int or float), got string"
    );
    let error = world
        .try_apply("me", json!({"metadata": {"managedFields": []}}), Force::No)
        .expect_err("set");
    assert_eq!(error.message, "metadata.managedFields must be nil");
}

#[test]
fn duplicate_elements_in_a_configuration_are_refused() {
    let mut world = World::new("", "Pod");
    let error = world
        .try_apply(
            "me",
            json!({"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}),
            Force::No,
        )
        .expect_err("twice");
    assert!(
        error
            .message
            .ends_with(".spec.containers: duplicate entries for key [name=\"a\"]"),
        "{}",
        error.message
    );
}
