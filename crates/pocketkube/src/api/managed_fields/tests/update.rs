//! Creates, updates and plain patches.

use serde_json::json;

use super::*;

#[test]
fn a_creator_owns_what_it_set() {
    let mut world = World::new("apps", "Deployment");
    let ports = json!([{"containerPort": 80, "protocol": "TCP"}]);
    let container = json!([{"name": "web", "image": "nginx", "ports": ports, "args": ["a"],
        "resources": {"limits": {"cpu": "1"}}, "securityContext": {}}]);
    world.update("kubectl-create", deployment(Some(1), container));
    assert_eq!(
        world.owners(),
        json!({"kubectl-create/Update": {"f:spec": {"f:replicas": {}, "f:selector": {},
            "f:template": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:args": {}, "f:image": {}, "f:name": {},
                    "f:resources": {".": {}, "f:limits": {".": {}, "f:cpu": {}}}, "f:securityContext": {},
                    "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}}}}}}}}}})
    );
    let entry = world.get("/metadata/managedFields/0");
    assert_eq!(entry["apiVersion"], "apps/v1");
    assert_eq!(entry["time"], "1970-01-01T00:00:01Z");
    assert_eq!(entry["fieldsType"], "FieldsV1");
}

#[test]
fn an_updater_takes_over_what_it_changes_and_nothing_else() {
    let mut world = config_map();
    world.update("one", json!({"data": {"a": "1", "b": "2"}}));
    world.patch("two", json!({"data": {"b": "3", "c": "4"}}));
    assert_eq!(
        world.owners(),
        json!({"one/Update": {"f:data": {".": {}, "f:a": {}}}, "two/Update": {"f:data": {"f:b": {}, "f:c": {}}}})
    );
    world.patch("two", json!({"data": {"a": null, "c": null}}));
    assert_eq!(
        world.owners(),
        json!({"one/Update": {"f:data": {}}, "two/Update": {"f:data": {"f:b": {}}}})
    );
}

#[test]
fn a_write_that_changes_nothing_leaves_entries_and_times_alone() {
    let mut world = config_map();
    world.update("one", json!({"data": {"a": "1"}}));
    let before = world.get("/metadata/managedFields");
    world.patch("two", json!({"data": {"a": "1"}}));
    assert_eq!(world.get("/metadata/managedFields"), before);
    world.apply("three", json!({"data": {"a": "1"}}));
    let applied = world.get("/metadata/managedFields");
    world.apply("three", json!({"data": {"a": "1"}}));
    assert_eq!(world.get("/metadata/managedFields"), applied);
}

#[test]
fn old_updaters_are_joined() {
    let mut world = config_map();
    for n in 0..15 {
        let mut data = world
            .object
            .as_ref()
            .map_or(json!({}), |o| o["data"].clone());
        data[format!("k{n}")] = "1".into();
        world.update(&format!("manager-{n}"), json!({ "data": data }));
    }
    let owners = world.owners();
    assert_eq!(owners.as_object().map(serde_json::Map::len), Some(10));
    assert!(owners["ancient-changes/Update"]["f:data"]["f:k0"].is_object());
    assert!(owners["manager-14/Update"].is_object());
}

#[test]
fn ownership_can_be_forgotten() {
    let mut world = config_map();
    world.apply("one", json!({"data": {"a": "1"}}));
    world.patch("two", json!({"metadata": {"managedFields": [{}]}}));
    assert_eq!(world.owners(), json!({}));
}
