//! Follows the four resources that the index is made of.

use std::sync::Arc;

use super::index::Index;
use crate::api::{GroupResource, ObjectRef};
use crate::registry::rbac::GROUP;
use crate::storage::{Change, ChangeKind, Storage, Watcher};

/// A position in the log of each resource.
pub(super) struct News {
    followed: [Followed; 4],
}

/// What a change does to the index.
type Step = fn(&mut Index, &ObjectRef);

struct Followed {
    watcher: Watcher,
    put: Step,
    remove: Step,
}

impl News {
    /// Fills `index` with what is there and follows what comes.
    pub(super) fn start(storage: &Storage, index: &mut Index) -> Self {
        const ROLES: (Step, Step) = (Index::put_role, Index::remove_role);
        const BINDINGS: (Step, Step) = (Index::put_binding, Index::remove_binding);
        let followed = [
            ("clusterroles", ROLES),
            ("roles", ROLES),
            ("clusterrolebindings", BINDINGS),
            ("rolebindings", BINDINGS),
        ]
        .map(|(plural, steps)| Followed::start(storage, index, plural, steps));
        Self { followed }
    }

    pub(super) fn is_any(&self) -> bool {
        self.followed
            .iter()
            .any(|followed| followed.watcher.has_news())
    }

    /// Brings `index` up to date; from the start where a log no longer reaches back.
    pub(super) fn apply(&mut self, storage: &Storage, index: &mut Index) {
        for followed in &mut self.followed {
            let Ok(changes) = followed.watcher.take_news() else {
                *index = Index::default();
                *self = Self::start(storage, index);
                return;
            };
            for change in changes {
                followed.apply(&change, index);
            }
        }
    }
}

impl Followed {
    fn start(
        storage: &Storage,
        index: &mut Index,
        plural: &'static str,
        (put, remove): (Step, Step),
    ) -> Self {
        let resource = Arc::new(GroupResource::new(GROUP, plural));
        let (page, watcher) = storage.list_and_watch(&resource, "");
        for object in &page.items {
            put(index, object);
        }
        Self {
            watcher,
            put,
            remove,
        }
    }

    fn apply(&self, change: &Change, index: &mut Index) {
        if let Some(previous) = &change.previous {
            (self.remove)(index, previous);
        }
        if change.kind != ChangeKind::Deleted {
            (self.put)(index, &change.object);
        }
    }
}
