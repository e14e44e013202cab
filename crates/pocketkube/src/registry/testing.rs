//! What tests of kinds share: a stand-in for stored objects, and errors as text.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde_json::Value;

use super::{HookContext, Objects, ResourceDef, Strategy};
use crate::api::field::ErrorList;
use crate::api::{GroupResource, Object, ObjectRef, meta};
use crate::printers::RowContext;

/// Objects in a map, for hooks that look at other objects.
#[derive(Default)]
pub(crate) struct StoredObjects {
    objects: Mutex<BTreeMap<(String, String, String), ObjectRef>>,
}

impl StoredObjects {
    pub(crate) fn put(&self, resource: &str, object: Value) {
        let key = (
            resource.to_owned(),
            meta::namespace(&object).to_owned(),
            meta::name(&object).to_owned(),
        );
        self.objects.lock().insert(key, Object::new(object));
    }

    pub(crate) fn remove(&self, resource: &str, namespace: &str, name: &str) {
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        self.objects.lock().remove(&key);
    }

    pub(crate) fn context(&self) -> HookContext<'_> {
        HookContext {
            now: "2025-01-01T00:00:00Z".parse().unwrap(),
            dry_run: false,
            user: "admin",
            subresource: "",
            objects: self,
        }
    }
}

impl Objects for StoredObjects {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Option<ObjectRef> {
        let key = (resource.to_string(), namespace.to_owned(), name.to_owned());
        self.objects.lock().get(&key).cloned()
    }

    fn list(&self, resource: &GroupResource, namespace: &str) -> Vec<ObjectRef> {
        let resource = resource.to_string();
        let objects = self.objects.lock();
        objects
            .iter()
            .filter(|((r, n, _), _)| *r == resource && (namespace.is_empty() || n == namespace))
            .map(|(_, object)| object.clone())
            .collect()
    }
}

/// Errors as the text between the brackets of an `Invalid` status.
pub(crate) fn texts(errors: &ErrorList) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// What a strategy says about a new object, after defaulting and preparation.
pub(crate) fn errors_on_create(strategy: &dyn Strategy, mut object: Value) -> Vec<String> {
    let stored = StoredObjects::default();
    let context = stored.context();
    strategy.default(&mut object);
    strategy.prepare_for_create(&mut object, &context);
    texts(&strategy.validate(&object, &context))
}

/// What a strategy says about a change, after defaulting and preparation.
pub(crate) fn errors_on_update(
    strategy: &dyn Strategy,
    mut new: Value,
    mut old: Value,
) -> Vec<String> {
    let stored = StoredObjects::default();
    let context = stored.context();
    strategy.default(&mut old);
    strategy.default(&mut new);
    strategy.prepare_for_update(&mut new, &old, &context);
    texts(&strategy.validate_update(&new, &old, &context))
}

/// The object as it would be stored.
pub(crate) fn prepared(strategy: &dyn Strategy, mut object: Value) -> Value {
    let stored = StoredObjects::default();
    strategy.default(&mut object);
    strategy.prepare_for_create(&mut object, &stored.context());
    object
}

/// The row of an object, as text; the clock stands five minutes after 2025 began.
pub(crate) fn row(resource: &ResourceDef, object: &Value) -> Vec<String> {
    let context = RowContext {
        now: "2025-01-01T00:05:00Z".parse().unwrap(),
    };
    let cells = resource.table.cells(object, context);
    assert_eq!(
        cells.len(),
        resource.table.columns.len(),
        "one cell a column"
    );
    cells
        .into_iter()
        .map(|cell| match cell {
            Value::String(text) => text,
            other => other.to_string(),
        })
        .collect()
}
