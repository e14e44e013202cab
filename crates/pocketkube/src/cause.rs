//! Why somebody acts: the commits that made them look.
//!
//! Whoever is told of a change, or works because of one, does so under its [`Causes`]; a commit
//! takes down those it is made under. Handlers of changes run inside [`telling`], which queues
//! remember until the work they asked for is done inside [`because`]. Requests from outside stand
//! under nothing: they are where chains of cause begin.

use std::cell::Cell;
use std::future::Future;

/// So many are kept of those that came together, the newest.
const MOST: usize = 3;

tokio::task_local! {
    static WORKING: Causes;
}

thread_local! {
    static TOLD: Cell<Option<Causes>> = const { Cell::new(None) };
}

/// Revisions of the commits that made somebody act.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Causes {
    /// The newest first; 0 where there are fewer.
    revisions: [u64; MOST],
}

impl Causes {
    /// What the caller acts under now.
    pub fn current() -> Self {
        let told = TOLD.get();
        told.unwrap_or_else(|| WORKING.try_with(|causes| *causes).unwrap_or_default())
    }

    /// One commit; none where the revision is 0.
    pub fn of(revision: u64) -> Self {
        let mut causes = Self::default();
        causes.revisions[0] = revision;
        causes
    }

    /// The commit that made an object what it is, by its `resourceVersion`.
    pub fn of_version(resource_version: &str) -> Self {
        Self::of(resource_version.parse().unwrap_or_default())
    }

    /// The newest first.
    pub fn revisions(&self) -> impl Iterator<Item = u64> + use<> {
        self.revisions.into_iter().take_while(|own| *own > 0)
    }

    pub fn is_empty(&self) -> bool {
        self.revisions[0] == 0
    }

    /// Takes over what somebody else was made to act by.
    pub fn join(&mut self, others: Self) {
        for revision in others.revisions() {
            self.insert(revision);
        }
    }

    fn insert(&mut self, revision: u64) {
        let place = self.revisions.iter().position(|own| *own <= revision);
        let Some(place) = place.filter(|place| self.revisions[*place] < revision) else {
            return;
        };
        self.revisions[place..].rotate_right(1);
        self.revisions[place] = revision;
    }
}

/// Tells somebody something under `causes`.
pub fn telling<T>(causes: Causes, tell: impl FnOnce() -> T) -> T {
    struct Restore(Option<Causes>);

    impl Drop for Restore {
        fn drop(&mut self) {
            TOLD.set(self.0);
        }
    }

    // Also where the one who is told panics.
    let _restore = Restore(TOLD.replace(Some(causes)));
    tell()
}

/// Works under `causes`.
pub async fn because<F: Future>(causes: Causes, work: F) -> F::Output {
    WORKING.scope(causes, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current() -> Vec<u64> {
        Causes::current().revisions().collect()
    }

    #[tokio::test]
    async fn work_stands_under_its_causes_and_telling_under_its_own() {
        assert!(Causes::current().is_empty());
        because(Causes::of(3), async {
            assert_eq!(current(), [3]);
            telling(Causes::of(5), || assert_eq!(current(), [5]));
            tokio::task::yield_now().await;
            assert_eq!(current(), [3]);
        })
        .await;
        assert!(Causes::current().is_empty());
    }

    #[test]
    fn of_many_causes_the_newest_are_kept_and_each_once() {
        let mut causes = Causes::default();
        for revision in [9, 2, 7, 2, 5, 11, 3, 9] {
            causes.join(Causes::of(revision));
        }
        assert_eq!(causes.revisions().collect::<Vec<_>>(), [11, 9, 7]);
    }
}
