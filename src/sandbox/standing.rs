//! What stands in the embedded cluster outside of some namespaces, to be compared with later.
//!
//! Whatever somebody did there shows: what was made, taken away or changed. Left out is what the
//! cluster itself writes all the time: events, leases, and every status but the conditions of
//! nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use pocketkube::api::{GroupResource, ObjectRef};
use pocketkube::storage::Storage;
use serde_json::Value;

/// Resource, namespace and name.
type Place = (Arc<GroupResource>, String, String);

/// The objects of a moment.
#[derive(Debug, Clone)]
pub struct Standing {
    objects: BTreeMap<Place, ObjectRef>,
}

impl Standing {
    /// Everything but these namespaces and what is in them.
    pub(super) fn of(storage: &Storage, without: &[String]) -> Self {
        let mut objects = BTreeMap::new();
        let resources = storage.resources();
        let lasting = resources.into_iter().filter(|it| !is_fleeting(it));
        for resource in lasting {
            for object in storage.list(&resource, "").items {
                let namespace = match resource.resource.as_str() {
                    "namespaces" => object.name(),
                    _ => object.namespace(),
                };
                if without.iter().any(|name| name == namespace) {
                    continue;
                }
                let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
                objects.insert((resource.clone(), namespace, name), object);
            }
        }
        Self { objects }
    }

    /// The first object that came, went or was changed since `before`.
    pub fn first_difference(&self, before: &Self) -> Option<String> {
        let is_as_before = |place: &Place, object: &ObjectRef| {
            let then = before.objects.get(place);
            then.is_some_and(|then| is_same(then, object))
        };
        let changed = self
            .objects
            .iter()
            .find(|(place, object)| !is_as_before(place, object));
        let gone = || {
            let mut places = before.objects.keys();
            places.find(|place| !self.objects.contains_key(*place))
        };
        let place = changed.map(|(place, _)| place).or_else(gone)?;
        let (resource, namespace, name) = place;
        Some(match namespace.as_str() {
            "" => format!("{} {name}", resource.resource),
            _ => format!("{} {namespace}/{name}", resource.resource),
        })
    }
}

fn is_fleeting(resource: &GroupResource) -> bool {
    matches!(resource.resource.as_str(), "events" | "leases")
}

fn is_same(then: &ObjectRef, now: &ObjectRef) -> bool {
    if then.uid() != now.uid() {
        return false;
    }
    then.resource_version() == now.resource_version() || essence(then) == essence(now)
}

/// What does not change unless somebody wants it to.
fn essence(object: &ObjectRef) -> Value {
    let mut value = object.to_value();
    if let Some(metadata) = value["metadata"].as_object_mut() {
        for field in ["resourceVersion", "managedFields", "generation"] {
            metadata.remove(field);
        }
    }
    let conditions = match value["kind"].as_str() {
        Some("Node") => conditions(&value["status"]["conditions"]),
        _ => Value::Null,
    };
    value["status"] = conditions;
    value
}

/// Types and whether they are so, without times and words.
fn conditions(conditions: &Value) -> Value {
    let all = conditions.as_array().into_iter().flatten();
    all.map(|condition| {
        let text = |field: &str| condition[field].as_str().unwrap_or_default();
        Value::from(format!("{} {}", text("type"), text("status")))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use pocketkube::storage::{Key, Origin};
    use serde_json::json;

    use super::*;

    struct Ground {
        storage: Storage,
    }

    impl Ground {
        fn standing(&self) -> Standing {
            Standing::of(&self.storage, &["desk".to_owned()])
        }

        fn create(&self, resource: &str, object: Value) {
            let resource = Arc::new(GroupResource::new("", resource));
            let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
            let key = Key::new(&resource, text("namespace"), text("name"));
            let created = self.storage.create(&key, object.clone(), Origin::default());
            created.expect("the name is free");
        }

        fn change(&self, resource: &str, name: &str, change: impl FnOnce(&mut Value)) {
            let key = Key::new(&Arc::new(GroupResource::new("", resource)), "", name);
            let found = self.storage.get(&key).expect("it was created");
            let mut object = found.to_value();
            change(&mut object);
            let revision = found.resource_version();
            let updated = self
                .storage
                .update(&key, revision, object, Origin::default());
            updated.expect("nobody else writes");
        }
    }

    fn named(name: &str) -> Value {
        json!({"kind": "ClusterThing", "metadata": {"name": name}})
    }

    fn place_with(names: &[&str]) -> Ground {
        let place = Ground {
            storage: Storage::new(8),
        };
        for name in names {
            place.create("things", named(name));
        }
        place
    }

    #[test]
    fn what_happens_in_the_namespaces_left_out_makes_no_difference() {
        let place = place_with(&["a"]);
        let before = place.standing();
        place.create("namespaces", json!({"metadata": {"name": "desk"}}));
        let own = json!({"metadata": {"namespace": "desk", "name": "own"}});
        place.create("pods", own);
        assert_eq!(place.standing().first_difference(&before), None);
    }

    #[test]
    fn what_came_or_went_elsewhere_is_named() {
        let place = place_with(&["a"]);
        let before = place.standing();
        let stray = json!({"metadata": {"namespace": "other", "name": "stray"}});
        place.create("pods", stray);
        let after = place.standing();
        let stray = Some("pods other/stray".to_owned());
        assert_eq!(after.first_difference(&before), stray);
        assert_eq!(before.first_difference(&after), stray);
    }

    #[test]
    fn a_change_counts_unless_it_is_one_of_status() {
        let place = place_with(&["a", "b"]);
        let before = place.standing();
        place.change("things", "a", |a| a["status"] = json!({"phase": "Ready"}));
        assert_eq!(place.standing().first_difference(&before), None);
        place.change("things", "b", |b| {
            b["metadata"]["labels"] = json!({"x": "y"})
        });
        let named = place.standing().first_difference(&before);
        assert_eq!(named.as_deref(), Some("things b"));
    }

    #[test]
    fn a_node_that_is_no_longer_ready_is_a_difference() {
        let place = place_with(&[]);
        let node = |ready: &str| {
            json!({"kind": "Node", "metadata": {"name": "n"},
                   "status": {"conditions": [{"type": "Ready", "status": ready}]}})
        };
        place.create("nodes", node("True"));
        let before = place.standing();
        place.change("nodes", "n", |n| n["status"]["addresses"] = json!([]));
        assert_eq!(place.standing().first_difference(&before), None);
        place.change("nodes", "n", |n| {
            n["status"] = node("Unknown")["status"].clone()
        });
        let named = place.standing().first_difference(&before);
        assert_eq!(named.as_deref(), Some("nodes n"));
    }
}
