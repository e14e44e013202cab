//! Subresources and custom resources.

use serde_json::{Value, json};

use super::*;

#[test]
fn fields_that_an_endpoint_resets_are_not_owned_through_it() {
    let mut world = World::new("apps", "Deployment");
    world.update("one", deployment(Some(1), json!([{"name": "web"}])));
    let mut new = world.object.clone().expect("stored");
    new["status"] = json!({"replicas": 1, "observedGeneration": 2});
    new["spec"]["replicas"] = 7.into();
    let (schema, kind) = (world.schema(), world.kind.clone());
    let manager = Manager {
        name: "controller",
        kind: &kind,
        subresource: "status",
        reset_fields: &[&["spec"]],
        now: Timestamp::UNIX_EPOCH,
    };
    update(schema, world.object.as_ref(), &mut new, &manager);
    let entries = new["metadata"]["managedFields"]
        .as_array()
        .expect("entries")
        .clone();
    let entry = entries
        .iter()
        .find(|e| e["subresource"] == "status")
        .expect("the status entry");
    assert_eq!(
        entry["fieldsV1"],
        json!({"f:status": {"f:observedGeneration": {}, "f:replicas": {}}})
    );
}

#[test]
fn replicas_are_owned_across_the_scale_subresource() {
    let mut world = World::new("apps", "Deployment");
    world.apply(
        "kubectl",
        deployment(Some(1), json!([{"name": "web", "image": "n"}])),
    );
    let parent = world.get("/metadata/managedFields");
    let replicas = &["spec", "replicas"];
    let scale_kind = GroupVersionKind::new("autoscaling", "v1", "Scale");
    let scale = |replicas: i32, fields: Option<Value>| {
        json!({"apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": "x", "uid": "1", "managedFields": fields}, "spec": {"replicas": replicas}})
    };
    let old = scale(1, to_scale(&parent, replicas));
    assert_eq!(
        old["metadata"]["managedFields"][0]["fieldsV1"],
        json!({"f:spec": {"f:replicas": {}}})
    );
    let mut new = scale(3, to_scale(&parent, replicas));
    let manager = Manager {
        name: "kubectl",
        kind: &scale_kind,
        subresource: "scale",
        reset_fields: &[],
        now: Timestamp::UNIX_EPOCH,
    };
    let schema =
        ObjectSchema::BuiltIn(schema::message_for("autoscaling", "v1", "Scale").expect("Scale"));
    update(schema, Some(&old), &mut new, &manager);
    let entries = to_parent(
        &parent,
        &new["metadata"]["managedFields"],
        "apps/v1",
        replicas,
    )
    .expect("entries");
    let mut object = world.object.clone().expect("stored");
    object["spec"]["replicas"] = 3.into();
    object["metadata"]["managedFields"] = entries;
    world.store(object);
    let error = world
        .try_apply(
            "kubectl",
            deployment(Some(2), json!([{"name": "web", "image": "n"}])),
            Force::No,
        )
        .expect_err("conflict");
    assert_eq!(
        error.message,
        "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas"
    );
}

#[test]
fn custom_resources_follow_their_schema() {
    let definition = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "size": {"type": "integer"},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "rules": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {"type": "object", "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "to": {"type": "string"}}}},
        "plain": {"type": "array", "items": {"type": "string"}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}});
    let kind = GroupVersionKind::new("example.com", "v1", "Widget");
    let widget = |spec: Value| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec});
    let manager = |name| Manager {
        name,
        kind: &kind,
        subresource: "",
        reset_fields: &[],
        now: Timestamp::UNIX_EPOCH,
    };
    let schema = ObjectSchema::Custom(&definition);
    let first = widget(
        json!({"size": 1, "tags": ["a"], "rules": [{"port": 1, "to": "x"}], "plain": ["p"], "any": {"k": {"l": 1}}}),
    );
    let object = apply(schema, None, &first, &manager("one"), Force::No).expect("applies");
    assert_eq!(
        object["metadata"]["managedFields"][0]["fieldsV1"],
        json!({"f:spec": {"f:size": {}, "f:tags": {"v:\"a\"": {}}, "f:plain": {}, "f:any": {"f:k": {".": {}, "f:l": {}}},
            "f:rules": {"k:{\"port\":1,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:to": {}}}}})
    );
    let second = widget(json!({"tags": ["b"], "rules": [{"port": 1, "protocol": "UDP"}]}));
    let object =
        apply(schema, Some(&object), &second, &manager("two"), Force::No).expect("applies");
    assert_eq!(object["spec"]["tags"], json!(["a", "b"]));
    assert_eq!(
        object["spec"]["rules"],
        json!([{"port": 1, "to": "x"}, {"port": 1, "protocol": "UDP"}])
    );
    let wrong = apply(
        schema,
        Some(&object),
        &widget(json!({"colour": "red"})),
        &manager("two"),
        Force::No,
    );
    assert!(
        wrong
            .expect_err("unknown")
            .message
            .ends_with(".spec.colour: field not declared in schema")
    );
}
