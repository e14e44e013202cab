//! Ownership across the `scale` subresource: who owns `spec.replicas` of the parent owns it in the
//! Scale, and the other way round.
//!
//! Mirrors `apimachinery/pkg/util/managedfields/scalehandler.go` (v1.35).

use serde_json::Value;

use super::element;
use super::entries::{Entry, Managed};
use super::set::Set;

const SCALE_VERSION: &str = "autoscaling/v1";

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| element::of_field(name)).collect()
}

fn only(path: &[String]) -> Set {
    let mut set = Set::default();
    set.insert(path);
    set
}

/// The `managedFields` of the Scale of a parent whose replicas stand at `replicas_path`.
pub fn to_scale(parent_entries: &Value, replicas_path: &[&str]) -> Option<Value> {
    let parent = Managed::decode(parent_entries.clone()).unwrap_or_default();
    let replicas = path(replicas_path);
    let owners = parent
        .0
        .into_iter()
        .filter(|entry| entry.set.has(&replicas));
    let entries = owners.map(|entry| Entry {
        api_version: SCALE_VERSION.to_owned(),
        set: only(&path(&["spec", "replicas"])),
        ..entry
    });
    Managed(entries.collect()).encode()
}

/// The `managedFields` of the parent after its Scale, with `scale_entries`, was written.
pub fn to_parent(
    parent_entries: &Value,
    scale_entries: &Value,
    parent_version: &str,
    replicas_path: &[&str],
) -> Option<Value> {
    let parent = Managed::decode(parent_entries.clone()).unwrap_or_default();
    let mut scale = Managed::decode(scale_entries.clone()).unwrap_or_default();
    let replicas = path(replicas_path);
    let mut result = Managed::default();
    for mut entry in parent.0 {
        let was_in_scale = entry.set.has(&replicas);
        // An entry that came from the parent goes by the Scale's version there.
        if was_in_scale && take_twin(&mut scale, &entry).is_none() {
            entry.set = entry.set.difference(&only(&replicas));
        }
        result.put(entry);
    }
    for entry in scale.0 {
        if entry.set.has(&path(&["spec", "replicas"])) {
            result.put(Entry {
                api_version: parent_version.to_owned(),
                set: only(&replicas),
                identity: super::Identity {
                    api_version: match entry.identity.operation {
                        super::Operation::Apply => String::new(),
                        super::Operation::Update => parent_version.to_owned(),
                    },
                    ..entry.identity
                },
                time: entry.time,
            });
        }
    }
    result.drop_empty();
    result.encode()
}

/// Takes the Scale's entry of the manager that owns `entry`.
fn take_twin(scale: &mut Managed, entry: &Entry) -> Option<Entry> {
    let at = scale.0.iter().position(|other| {
        let (one, other) = (&entry.identity, &other.identity);
        (&one.manager, one.operation, &one.subresource)
            == (&other.manager, other.operation, &other.subresource)
    })?;
    Some(scale.0.remove(at))
}
