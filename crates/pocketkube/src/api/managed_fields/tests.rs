//! Ownership as users meet it: several managers write one object, one after the other.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::api::decode::{Shape, normalize};
use crate::api::schema::{self, Message};

/// One object and a clock that goes on by a second with every write.
struct World {
    kind: GroupVersionKind,
    message: &'static Message,
    object: Option<Value>,
    seconds: i64,
}

impl World {
    fn new(group: &str, kind: &str) -> Self {
        Self {
            kind: GroupVersionKind::new(group, "v1", kind),
            message: schema::message_for(group, "v1", kind).expect(kind),
            object: None,
            seconds: 0,
        }
    }

    fn schema(&self) -> ObjectSchema<'static> {
        ObjectSchema::BuiltIn(self.message)
    }

    fn complete(&self, mut object: Value) -> Value {
        object["apiVersion"] = self.kind.api_version().into();
        object["kind"] = self.kind.kind.as_str().into();
        object["metadata"]["name"] = "x".into();
        object
    }

    fn store(&mut self, mut object: Value) {
        object["metadata"]["uid"] = "1".into();
        let normal = normalize(&object, Shape::BuiltIn(self.message)).expect("fits");
        let mut new = normal.value;
        if let Some(old) = &self.object {
            ignore_times(old, &mut new);
        }
        self.object = Some(new);
    }

    fn run<T>(
        &mut self,
        name: &str,
        subresource: &str,
        write: impl FnOnce(&Self, &Manager<'_>) -> T,
    ) -> T {
        self.seconds += 1;
        let manager = Manager {
            name,
            kind: &self.kind,
            subresource,
            reset_fields: &[],
            now: Timestamp::from_second(self.seconds).expect("in range"),
        };
        write(self, &manager)
    }

    /// A create or update.
    fn update(&mut self, name: &str, object: Value) {
        let object = self.complete(object);
        let mut new = normalize(&object, Shape::BuiltIn(self.message))
            .expect("fits")
            .value;
        if let Some(old) = &self.object {
            new["metadata"]["uid"] = old["metadata"]["uid"].clone();
            if new["metadata"].get("managedFields").is_none() {
                let fields = old["metadata"]["managedFields"].clone();
                new["metadata"]["managedFields"] = fields;
            }
        }
        let new = self.run(name, "", |world, manager| {
            update(world.schema(), world.object.as_ref(), &mut new, manager);
            new
        });
        self.store(new);
    }

    fn patch(&mut self, name: &str, patch: Value) {
        let old = self.object.clone().expect("stored");
        let new = crate::api::patch::merge::apply(&old, &patch).expect("a map");
        let mut new = normalize(&new, Shape::BuiltIn(self.message))
            .expect("fits")
            .value;
        let new = self.run(name, "", |world, manager| {
            update(world.schema(), world.object.as_ref(), &mut new, manager);
            new
        });
        self.store(new);
    }

    fn try_apply(&mut self, name: &str, config: Value, force: Force) -> Result<(), StatusError> {
        let config = self.complete(config);
        let new = self.run(name, "", |world, manager| {
            apply(
                world.schema(),
                world.object.as_ref(),
                &config,
                manager,
                force,
            )
        })?;
        self.store(new);
        Ok(())
    }

    fn apply(&mut self, name: &str, config: Value) {
        self.try_apply(name, config, Force::No)
            .expect("no conflict");
    }

    fn get(&self, pointer: &str) -> Value {
        let object = self.object.as_ref().expect("stored");
        object.pointer(pointer).cloned().unwrap_or_default()
    }

    /// `manager/operation` → fields.
    fn owners(&self) -> Value {
        let entries = self.get("/metadata/managedFields");
        let mut owners = json!({});
        for entry in entries.as_array().into_iter().flatten() {
            let key = format!("{}/{}", text(entry, "manager"), text(entry, "operation"));
            owners[key] = entry["fieldsV1"].clone();
        }
        owners
    }
}

fn config_map() -> World {
    World::new("", "ConfigMap")
}

fn deployment(replicas: Option<i32>, containers: Value) -> Value {
    let mut object = json!({"spec": {"selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": containers}}}});
    if let Some(replicas) = replicas {
        object["spec"]["replicas"] = replicas.into();
    }
    object
}

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
    assert_eq!((error.code, error.reason), (409, "Conflict"));
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
    assert_eq!((error.code, error.reason), (500, ""));
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

fn any_data() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[abc]", "[12]", 0..4).prop_map(|data| json!({ "data": data }))
}

fn any_containers() -> impl Strategy<Value = Value> {
    let container = (
        prop::option::of("[xy]"),
        prop::collection::btree_map("[AB]", "[12]", 0..3),
    );
    prop::collection::btree_map("[abc]", container, 1..4).prop_map(|containers| {
        let containers: Vec<Value> = containers
            .into_iter()
            .map(|(name, (image, env))| {
                let mut container = json!({ "name": name });
                if let Some(image) = image {
                    container["image"] = image.into();
                }
                if !env.is_empty() {
                    let env = env
                        .into_iter()
                        .map(|(name, value)| json!({"name": name, "value": value}));
                    container["env"] = env.collect();
                }
                container
            })
            .collect();
        json!({"spec": {"containers": containers}})
    })
}

proptest! {
    #[test]
    fn a_lone_applier_gets_exactly_what_it_applies(first in any_containers(), second in any_containers()) {
        let mut world = World::new("", "Pod");
        world.apply("me", first);
        world.apply("me", second.clone());
        let wanted = normalize(&second, Shape::BuiltIn(world.message)).expect("fits").value;
        let key = |c: &Value| c["name"].to_string();
        let (mut found, mut wanted) = (world.get("/spec/containers"), wanted["spec"]["containers"].clone());
        found.as_array_mut().expect("list").sort_by_key(key);
        wanted.as_array_mut().expect("list").sort_by_key(key);
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn what_others_own_is_never_taken_without_force(first in any_containers(), second in any_containers(), third in any_containers()) {
        let mut world = World::new("", "Pod");
        world.apply("one", first.clone());
        let before = world.object.clone();
        if world.try_apply("two", second, Force::No).is_err() {
            prop_assert_eq!(&world.object, &before);
        }
        let _ = world.try_apply("two", third, Force::No);
        world.apply("one", first.clone());
        for container in first["spec"]["containers"].as_array().expect("list") {
            let containers = world.get("/spec/containers");
            let found = containers.as_array().expect("list").iter().find(|c| c["name"] == container["name"]).expect("still there").clone();
            if container.get("image").is_some() {
                prop_assert_eq!(&found["image"], &container["image"]);
            }
        }
    }

    #[test]
    fn applying_again_changes_nothing(data in any_data(), other in any_data()) {
        let mut world = config_map();
        world.update("one", other);
        world.try_apply("me", data.clone(), Force::Yes).expect("forced");
        let before = world.object.clone();
        world.apply("me", data);
        prop_assert_eq!(world.object, before);
    }

    #[test]
    fn every_field_of_an_updated_object_has_one_owner(writes in prop::collection::vec(("[xyz]", any_data()), 1..5)) {
        let mut world = config_map();
        world.update("creator", json!({"data": {"z": "0"}}));
        for (manager, mut object) in writes {
            object["data"]["z"] = "0".into();
            world.update(&manager, object);
        }
        let owners = world.owners();
        let data = world.get("/data");
        for (key, _) in crate::api::tree::entries(&data) {
            let field = format!("f:{key}");
            let count = crate::api::tree::entries(&owners).filter(|(_, fields)| fields["f:data"].get(&field).is_some()).count();
            prop_assert_eq!(count, 1, "{} of {}", field, owners);
        }
    }
}
