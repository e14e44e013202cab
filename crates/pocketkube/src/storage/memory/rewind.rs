//! Going back: what was there at an earlier revision is there again, by new commits.
//!
//! Revisions never run backwards, and watchers see the commits as they see any others. How far back
//! it goes is bounded by the logs of changes. etcd knows nothing of the sort but a restored backup.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Change, ChangeKind, Origin, Place, State, Storage, at_revision, place_of};
use crate::api::{GroupResource, ObjectRef};
use crate::storage::Key;

/// The cluster cannot go back to a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewindError {
    #[error("revision {to} is still to come; the newest is {newest}")]
    ToCome { to: u64, newest: u64 },
    #[error("revision {to} is not remembered any more; the oldest is {oldest}")]
    Forgotten { to: u64, oldest: u64 },
}

/// What becomes of an object that was different at the revision that is gone back to.
#[derive(Clone, Debug, PartialEq)]
pub enum Return {
    Stays,
    Goes,
    /// It is like this again.
    Becomes(Value),
}

/// Which objects go back, and how.
pub trait Rewinding {
    /// Whether anything of a resource goes back.
    fn concerns(&self, resource: &GroupResource) -> bool;

    /// What becomes of an object that was `then` and is `now`; one of them is there.
    fn decide(
        &self,
        resource: &GroupResource,
        then: Option<&ObjectRef>,
        now: Option<&ObjectRef>,
    ) -> Return;
}

/// An object that was different.
struct Step {
    resource: Arc<GroupResource>,
    place: Place,
    then: Option<ObjectRef>,
    now: Option<ObjectRef>,
}

impl Storage {
    /// The oldest revision that [`Storage::rewind`] can go back to.
    pub fn oldest(&self, rewinding: &dyn Rewinding) -> u64 {
        let state = self.state.read();
        let tables = state.tables.iter();
        let concerned = tables.filter(|(resource, _)| rewinding.concerns(resource));
        let lost = concerned.map(|(_, table)| table.log.lost());
        lost.max().unwrap_or_default().max(state.loaded)
    }

    /// Brings back what was there at revision `to`, as one step that nobody can come between.
    /// Returns the commits that this took.
    pub fn rewind(
        &self,
        to: u64,
        rewinding: &dyn Rewinding,
        origin: &Origin,
    ) -> Result<Vec<Change>, RewindError> {
        let oldest = self.oldest(rewinding);
        let mut state = self.state.write();
        let newest = state.revision;
        if to > newest {
            return Err(RewindError::ToCome { to, newest });
        }
        let forgotten = |lost: u64| RewindError::Forgotten {
            to,
            oldest: oldest.max(lost),
        };
        if to < state.loaded {
            return Err(forgotten(state.loaded));
        }
        let mut steps = Vec::new();
        for (resource, table) in &state.tables {
            if !rewinding.concerns(resource) {
                continue;
            }
            let changes = table.log.since(to).map_err(forgotten)?;
            let mut then: BTreeMap<Place, Option<ObjectRef>> = BTreeMap::new();
            for change in changes {
                let place = place_of(&change.object);
                then.entry(place).or_insert(change.previous);
            }
            steps.extend(then.into_iter().map(|(place, then)| Step {
                now: table.objects.get(&place).cloned(),
                resource: resource.clone(),
                place,
                then,
            }));
        }
        steps.sort_by(|one, other| one.order().cmp(&other.order()));
        let taken = steps
            .into_iter()
            .filter_map(|step| self.take_back(&mut state, step, rewinding, origin));
        Ok(taken.collect())
    }

    fn take_back(
        &self,
        state: &mut State,
        step: Step,
        rewinding: &dyn Rewinding,
        origin: &Origin,
    ) -> Option<Change> {
        let Step {
            resource,
            place,
            then,
            now,
        } = step;
        let revision = state.revision + 1;
        let key = Key::new(&resource, &place.0, &place.1);
        let (kind, object) = match rewinding.decide(&resource, then.as_ref(), now.as_ref()) {
            Return::Stays => return None,
            Return::Goes => (ChangeKind::Deleted, now.as_ref()?.to_value()),
            Return::Becomes(value) if now.is_some() => (ChangeKind::Updated, value),
            Return::Becomes(value) => (ChangeKind::Created, value),
        };
        let object = at_revision(object, revision);
        let stored = (kind != ChangeKind::Deleted).then_some(&object);
        let table = state.table(&resource, self.log_capacity);
        match stored {
            Some(object) => table.objects.insert(place, object.clone()),
            None => table.objects.remove(&place),
        };
        self.record(&key, stored, revision);
        let change = Change {
            revision,
            kind,
            object,
            previous: now,
            origin: origin.clone(),
        };
        table.log.append(change.clone());
        state.revision = revision;
        Some(change)
    }
}

impl Step {
    /// What others stand in comes first, and the order is the same every time.
    fn order(&self) -> (bool, &GroupResource, &Place) {
        let is_first = self.resource.resource == "namespaces";
        (!is_first, &self.resource, &self.place)
    }
}

/// Everything as it was: for tests, and for whoever wants nothing else.
pub struct Whole;

impl Rewinding for Whole {
    fn concerns(&self, _resource: &GroupResource) -> bool {
        true
    }

    fn decide(
        &self,
        _resource: &GroupResource,
        then: Option<&ObjectRef>,
        now: Option<&ObjectRef>,
    ) -> Return {
        match (then, now) {
            (Some(then), Some(now)) if then.resource_version() == now.resource_version() => {
                Return::Stays
            }
            (None, None) => Return::Stays,
            (None, Some(_)) => Return::Goes,
            (Some(then), _) => Return::Becomes(then.to_value()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct World {
        storage: Storage,
        resource: Arc<GroupResource>,
    }

    impl World {
        fn new() -> Self {
            Self {
                storage: Storage::new(8),
                resource: Arc::new(GroupResource::new("", "configmaps")),
            }
        }

        fn key(&self, name: &str) -> Key {
            Key::new(&self.resource, "default", name)
        }

        fn create(&self, name: &str) {
            let object = json!({"metadata": {"namespace": "default", "name": name}, "data": "1"});
            let created = self
                .storage
                .create(&self.key(name), object, Origin::default());
            created.unwrap();
        }

        fn change(&self, name: &str, data: &str) {
            let key = self.key(name);
            let now = self.storage.get(&key).unwrap();
            let mut object = now.to_value();
            object["data"] = json!(data);
            let revision = now.resource_version();
            let changed = self
                .storage
                .update(&key, revision, object, Origin::default());
            changed.unwrap();
        }

        fn delete(&self, name: &str) {
            let key = self.key(name);
            let now = self.storage.get(&key).unwrap();
            let (revision, last) = (now.resource_version(), now.to_value());
            let deleted = self.storage.delete(&key, revision, last, Origin::default());
            deleted.unwrap();
        }

        /// `name=data`, in order.
        fn all(&self) -> Vec<String> {
            let all = self.storage.list(&self.resource, "").items.into_iter();
            all.map(|own| format!("{}={}", own.name(), own.value()["data"].as_str().unwrap()))
                .collect()
        }

        fn rewind(&self, to: u64) -> Result<usize, RewindError> {
            let taken = self.storage.rewind(to, &Whole, &Origin::default());
            taken.map(|taken| taken.len())
        }
    }

    #[tokio::test]
    async fn what_was_there_is_there_again_and_watchers_are_told() {
        let world = World::new();
        for name in ["kept", "changed", "deleted"] {
            world.create(name);
        }
        let then = world.storage.revision();
        let (_, mut watcher) = world.storage.list_and_watch(&world.resource, "");
        world.change("changed", "2");
        world.change("changed", "3");
        world.delete("deleted");
        world.create("new");
        let before = world.storage.revision();
        assert_eq!(world.rewind(then), Ok(3));
        assert_eq!(world.all(), ["changed=1", "deleted=1", "kept=1"]);
        assert_eq!(world.storage.revision(), before + 3);
        let news = watcher.take_news().unwrap();
        let last: Vec<_> = news[news.len() - 3..]
            .iter()
            .map(|change| (change.kind, change.object.name().to_owned()))
            .collect();
        assert_eq!(
            last,
            [
                (ChangeKind::Updated, "changed".to_owned()),
                (ChangeKind::Created, "deleted".to_owned()),
                (ChangeKind::Deleted, "new".to_owned()),
            ]
        );
        assert!(news.is_sorted_by_key(|change| change.revision));
    }

    #[test]
    fn a_rewind_can_be_taken_back_like_anything_else() {
        let world = World::new();
        world.create("a");
        let then = world.storage.revision();
        world.change("a", "2");
        let before = world.storage.revision();
        world.rewind(then).unwrap();
        assert_eq!(world.all(), ["a=1"]);
        world.rewind(before).unwrap();
        assert_eq!(world.all(), ["a=2"]);
        assert_eq!(world.rewind(world.storage.revision()), Ok(0));
    }

    #[test]
    fn nothing_changes_where_the_way_back_is_not_remembered() {
        let world = World::new();
        world.create("a");
        let then = world.storage.revision();
        for data in 0..9 {
            world.change("a", &data.to_string());
        }
        let refused = world.rewind(then).unwrap_err();
        let oldest = world.storage.oldest(&Whole);
        assert_eq!(refused, RewindError::Forgotten { to: then, oldest });
        assert_eq!(world.all(), ["a=8"]);
        assert_eq!(world.rewind(oldest), Ok(1));
        let newest = world.storage.revision();
        let to = newest + 1;
        assert_eq!(world.rewind(to), Err(RewindError::ToCome { to, newest }));
    }

    #[test]
    fn watches_that_expired_do_not_shorten_the_way_back() {
        let world = World::new();
        world.create("a");
        let then = world.storage.revision();
        world.change("a", "2");
        world.storage.expire_watches();
        world.storage.forget();
        assert_eq!(world.rewind(then), Ok(1));
        assert_eq!(world.all(), ["a=1"]);
    }
}
