//! Who owns which field of an object, and server-side apply.
//!
//! Every write goes through [`update`] or [`apply`], which keep `metadata.managedFields`: an
//! update owns what it changed, an apply owns what it named, and an apply that would change what
//! somebody else owns is a conflict unless it is forced. Versions of a group share their paths
//! here; upstream converts between them. Mirrors `apimachinery/pkg/util/managedfields` and
//! `sigs.k8s.io/structured-merge-diff/merge` (v1.35).

mod conflict;
mod element;
mod entries;
mod last_applied;
mod scale;
mod set;
mod typed;
mod types;
mod updater;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use scale::{to_parent, to_scale};
pub use types::ObjectSchema;

use self::entries::{Entry, Identity, Managed, Operation};
use self::set::Set;
use super::decode;
use super::gvk::{GroupVersion, GroupVersionKind};
use super::meta;
use super::status::StatusError;
use super::tree::{self, text};

/// Who writes, and through which endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Manager<'a> {
    /// `?fieldManager=`, or what stands for it; empty is written as `unknown`.
    pub name: &'a str,
    pub kind: &'a GroupVersionKind,
    /// Empty for the object itself.
    pub subresource: &'a str,
    /// Fields that the endpoint puts back to what they were, such as `["status"]`; nobody can own
    /// them through it.
    pub reset_fields: &'a [&'a [&'a str]],
    pub now: Timestamp,
}

impl Manager<'_> {
    fn identity(&self, operation: Operation) -> Identity {
        Identity {
            manager: match self.name {
                "" => "unknown".to_owned(),
                name => name.to_owned(),
            },
            operation,
            api_version: match operation {
                Operation::Apply => String::new(),
                Operation::Update => self.kind.api_version(),
            },
            subresource: self.subresource.to_owned(),
        }
    }

    fn time(&self) -> Option<String> {
        Some(meta::format_time(self.now))
    }

    fn ignored(&self) -> Set {
        let mut ignored = Set::default();
        for path in self.reset_fields {
            let path: Vec<String> = path.iter().map(|name| element::of_field(name)).collect();
            ignored.insert(&path);
        }
        ignored
    }
}

/// Whether an apply may take fields from their owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    Yes,
    No,
}

/// Metadata that nobody owns.
const NEVER_OWNED: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
];

fn never_owned() -> &'static Set {
    static SET: LazyLock<Set> = LazyLock::new(|| {
        let mut set = Set::default();
        for name in ["apiVersion", "kind", "metadata"] {
            set.insert(&[element::of_field(name)]);
        }
        for name in NEVER_OWNED {
            set.insert(&[element::of_field("metadata"), element::of_field(name)]);
        }
        set
    });
    &SET
}

/// Records who changed what in a created (`old` is `None`), updated or patched object: rewrites
/// `managedFields` of `new`. Both objects are in normal form.
///
/// It cannot fail: unreadable `managedFields` count as none.
pub fn update(
    schema: ObjectSchema<'_>,
    old: Option<&Value>,
    new: &mut Value,
    manager: &Manager<'_>,
) {
    let sent = take_managed_fields(new);
    let empty;
    let old = match old {
        Some(old) => old,
        None => {
            empty = empty_object(schema, manager.kind);
            &empty
        }
    };
    let kept = || Managed::decode(old["metadata"]["managedFields"].clone()).unwrap_or_default();
    let managed = match Managed::decode(sent.clone()) {
        _ if !manager.subresource.is_empty() => kept(),
        _ if is_reset(&sent) => Managed::default(),
        Ok(managed) if !managed.0.is_empty() => managed,
        _ => kept(),
    };
    // Objects from before fields were tracked stay untracked until somebody applies.
    let is_tracked = !managed.0.is_empty() || meta::uid(old).is_empty();
    let managed = match is_tracked {
        true => updated(schema, old, new, managed, manager),
        false => managed,
    };
    set_managed_fields(new, managed);
}

/// `managedFields: [{}]` asks to forget everything.
fn is_reset(managed_fields: &Value) -> bool {
    matches!(managed_fields.as_array().map(Vec::as_slice), Some([only]) if *only == json!({}))
}

fn updated(
    schema: ObjectSchema<'_>,
    old: &Value,
    new: &Value,
    mut managed: Managed,
    manager: &Manager<'_>,
) -> Managed {
    let own = updater::update(schema.root(), old, new, &mut managed, &manager.ignored());
    let own = own.difference(never_owned());
    if !own.is_empty() {
        let identity = manager.identity(Operation::Update);
        let set = match managed.remove(&identity) {
            Some(previous) => previous.set.union(&own),
            None => own,
        };
        managed.put(Entry {
            identity,
            api_version: manager.kind.api_version(),
            time: manager.time(),
            set,
        });
    }
    managed.cap();
    managed
}

/// Applies a configuration to the live object, or to nothing, and gives the new object with its
/// `managedFields`. The result still has to be brought into normal form, defaulted and judged.
///
/// Fails with 400 for a configuration of another kind or with `managedFields`, 409 for conflicts,
/// and 500, as upstream, for fields that the schema does not know.
pub fn apply(
    schema: ObjectSchema<'_>,
    live: Option<&Value>,
    applied: &Value,
    manager: &Manager<'_>,
    force: Force,
) -> Result<Value, StatusError> {
    check_applied(applied, manager.kind)?;
    let empty = empty_object(schema, manager.kind);
    let live = live.unwrap_or(&empty);
    let managed = Managed::decode(live["metadata"]["managedFields"].clone()).map_err(|error| {
        StatusError::new(500, "", format!("failed to decode managed fields: {error}"))
    })?;
    let mut live = live.clone();
    take_managed_fields(&mut live);
    let managed = match managed.0.is_empty() {
        true => {
            let before = Manager {
                name: "before-first-apply",
                ..*manager
            };
            updated(schema, &empty, &live, managed, &before)
        }
        false => managed,
    };
    let errors = typed::validate(applied, schema.root());
    if !errors.is_empty() {
        return Err(not_typed(applied, manager.kind, &errors));
    }
    let run = |force| {
        updater::apply(
            schema.root(),
            &live,
            applied,
            managed.clone(),
            manager,
            force,
        )
    };
    let result = match run(force) {
        Err(conflicts) if manager.name == last_applied::MANAGER => {
            let allowed = last_applied::unchanged(schema, &live, manager.kind);
            let left: Vec<_> = conflicts
                .into_iter()
                .filter(|conflict| !allowed.has(&conflict.path))
                .collect();
            if left.is_empty() {
                run(Force::Yes)
            } else {
                Err(left)
            }
        }
        result => result,
    };
    let (mut object, managed) = result.map_err(conflict::error)?;
    if manager.name == last_applied::MANAGER {
        last_applied::renew(&mut object, applied);
    }
    set_managed_fields(&mut object, managed);
    Ok(object)
}

/// Puts the times back to what they were when a write changed nothing else, so that it changes
/// nothing at all. To be called last, before an object is stored.
///
/// Mirrors `IgnoreManagedFieldsTimestampsTransformer` of
/// `apiserver/pkg/endpoints/handlers/fieldmanager/equality.go` (v1.35).
pub fn ignore_times(old: &Value, new: &mut Value) {
    let same_entry = |one: &Value, other: &Value| without(one, "time").eq(without(other, "time"));
    let (before, after) = (&old["metadata"], &new["metadata"]);
    let entries_before = tree::elements(&before["managedFields"]);
    let entries_after = tree::elements(&after["managedFields"]);
    let is_noop = entries_before.len() == entries_after.len()
        && entries_before
            .iter()
            .zip(entries_after)
            .all(|(one, other)| same_entry(one, other))
        && without(before, "managedFields").eq(without(after, "managedFields"))
        && without(old, "metadata").eq(without(new, "metadata"));
    if is_noop && !entries_before.is_empty() {
        new["metadata"]["managedFields"] = before["managedFields"].clone();
    }
}

/// The entries of a map but one.
fn without<'v>(
    map: &'v Value,
    field: &'static str,
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    tree::entries(map).filter(move |(key, _)| *key != field)
}

fn check_applied(applied: &Value, kind: &GroupVersionKind) -> Result<(), StatusError> {
    let version = GroupVersion::parse(meta::api_version(applied));
    let found = GroupVersionKind::new(&version.group, &version.version, meta::kind(applied));
    if found != *kind {
        return Err(StatusError::bad_request(format!(
            "invalid object type: {found}"
        )));
    }
    if !applied["metadata"]["managedFields"].is_null() {
        return Err(StatusError::bad_request(
            "metadata.managedFields must be nil",
        ));
    }
    Ok(())
}

fn not_typed(applied: &Value, kind: &GroupVersionKind, errors: &[String]) -> StatusError {
    let errors = match errors {
        [only] => only.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let metadata = &applied["metadata"];
    let (namespace, name) = (text(metadata, "namespace"), text(metadata, "name"));
    let message =
        format!("failed to create typed patch object ({namespace}/{name}; {kind}): {errors}");
    StatusError::new(500, "", message)
}

/// What there is before an object is created.
fn empty_object(schema: ObjectSchema<'_>, kind: &GroupVersionKind) -> Value {
    let mut object = match schema {
        ObjectSchema::BuiltIn(message) => decode::empty(message),
        ObjectSchema::Custom(_) => json!({}),
    };
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.kind.as_str().into();
    object
}

fn take_managed_fields(object: &mut Value) -> Value {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    metadata
        .and_then(|metadata| metadata.remove("managedFields"))
        .unwrap_or_default()
}

fn set_managed_fields(object: &mut Value, managed: Managed) {
    let metadata = meta::metadata_mut(object);
    match managed.encode() {
        Some(entries) => metadata.insert("managedFields".to_owned(), entries),
        None => metadata.remove("managedFields"),
    };
}
