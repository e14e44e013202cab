//! Ownership as users meet it: several managers write one object, one after the other.

mod apply;
mod endpoints;
mod properties;
mod update;

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
