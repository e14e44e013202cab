//! The rules of ownership: what changes hands on an update, and what an apply takes and gives up.
//!
//! Mirrors `merge/update.go` of `sigs.k8s.io/structured-merge-diff`.

use serde_json::Value;

use super::conflict::Conflict;
use super::entries::{Entry, Identity, Managed, Operation};
use super::set::Set;
use super::typed::{self, Comparison};
use super::types::TypeRef;
use super::{Force, Manager, never_owned};

/// Takes from every manager what changed and gives it to the updater, whose set is returned.
pub(super) fn update(
    of: TypeRef<'_>,
    old: &Value,
    new: &Value,
    managed: &mut Managed,
    ignored: &Set,
) -> Set {
    let comparison = typed::compare(old, new, of).without(ignored);
    if comparison.is_same() {
        return Set::default();
    }
    let Comparison {
        removed,
        modified,
        added,
    } = comparison;
    let changed = added.union(&modified);
    take(managed, &changed, &removed, None);
    changed.difference(&removed)
}

/// Lays a configuration over the live object.
///
/// Gives the new object and its managers, or the conflicts with other managers.
pub(super) fn apply(
    of: TypeRef<'_>,
    live: &Value,
    applied: &Value,
    mut managed: Managed,
    manager: &Manager<'_>,
    force: Force,
) -> Result<(Value, Managed), Vec<Conflict>> {
    let identity = manager.identity(Operation::Apply);
    let ignored = manager.ignored();
    let merged = typed::merge(live, applied, of);
    let last = managed.remove(&identity);
    let set = typed::paths_of(applied, of).recursive_difference(&ignored);
    managed.put(Entry {
        identity: identity.clone(),
        api_version: manager.kind.api_version(),
        time: last.as_ref().and_then(|entry| entry.time.clone()),
        set,
    });
    let pruned = prune(
        of,
        merged,
        last.as_ref().map(|entry| &entry.set),
        &managed,
        &identity,
    );
    let comparison = typed::compare(live, &pruned, of).without(&ignored);
    let changed = comparison.modified.clone().union(&comparison.added);
    let conflicts = conflicts(&managed, &changed, &identity);
    if force == Force::No && !conflicts.is_empty() {
        return Err(conflicts);
    }
    take(&mut managed, &changed, &comparison.removed, Some(&identity));
    strip(&mut managed, &identity);
    let is_changed = *live != pruned;
    if let Some(entry) = managed
        .0
        .iter_mut()
        .find(|entry| entry.identity == identity)
        && (is_changed || entry.time.is_none())
    {
        entry.time = manager.time();
    }
    Ok((pruned, managed))
}

/// Takes changed and removed fields from all managers but one.
fn take(managed: &mut Managed, changed: &Set, removed: &Set, but: Option<&Identity>) {
    for entry in &mut managed.0 {
        if but == Some(&entry.identity) {
            continue;
        }
        let lost = changed.intersection(&entry.set);
        entry.set = std::mem::take(&mut entry.set)
            .difference(&lost)
            .difference(removed);
    }
    managed.drop_empty();
}

fn conflicts(managed: &Managed, changed: &Set, but: &Identity) -> Vec<Conflict> {
    let others = managed.0.iter().filter(|entry| entry.identity != *but);
    others
        .flat_map(|entry| {
            let paths = entry.set.intersection(changed).paths();
            paths.into_iter().map(|path| Conflict {
                owner: entry.identity.clone(),
                path,
            })
        })
        .collect()
}

fn strip(managed: &mut Managed, identity: &Identity) {
    if let Some(mut entry) = managed.remove(identity) {
        entry.set = entry.set.difference(never_owned());
        managed.put(entry);
        managed.drop_empty();
    }
}

/// Removes what the manager applied last time, does not apply now, and nobody else owns.
fn prune(
    of: TypeRef<'_>,
    merged: Value,
    last: Option<&Set>,
    managed: &Managed,
    identity: &Identity,
) -> Value {
    let Some(last) = last.filter(|last| !last.is_empty()) else {
        return merged;
    };
    let now = managed.get(identity).map(|entry| &entry.set);
    let given_up = last.clone().difference(now.unwrap_or(&Set::default()));
    if given_up.is_empty() {
        return merged;
    }
    let named = |set: &Set| typed::with_named_fields(set, Some(of));
    let last = named(last);
    let pruned = typed::remove(&merged, &last, of);
    let pruned = add_back_owned(of, &merged, &pruned, managed);
    add_back_dangling(of, &merged, &pruned, &last)
}

/// Puts back what some manager, the applying one included, owns.
fn add_back_owned(of: TypeRef<'_>, merged: &Value, pruned: &Value, managed: &Managed) -> Value {
    let named = |set: &Set| typed::with_named_fields(set, Some(of));
    let owned = managed
        .0
        .iter()
        .fold(Set::default(), |owned, entry| owned.union(&entry.set));
    let kept = named(&typed::paths_of(pruned, of)).union(&named(&owned));
    let all = named(&typed::paths_of(merged, of));
    typed::remove(merged, &all.difference(&kept), of)
}

/// Puts back what nobody owns and the manager never applied.
fn add_back_dangling(of: TypeRef<'_>, merged: &Value, pruned: &Value, last: &Set) -> Value {
    let named = |value: &Value| typed::with_named_fields(&typed::paths_of(value, of), Some(of));
    let gone = named(merged).difference(&named(pruned));
    typed::remove(merged, &gone.intersection(last), of)
}
