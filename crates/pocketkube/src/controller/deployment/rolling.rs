//! The rolling update: new Pods up to the surge, old ones down as new ones become available.
//!
//! The sizes come from pure functions, of which the tests show that they never break the
//! Deployment's limits and always come to an end. Mirrors
//! `pkg/controller/deployment/rolling.go` (v1.35).

use super::numbers::{Size, desired, max_surge, max_unavailable, size};
use super::rollout::Rollout;
use super::{DeploymentController, SyncError};

impl DeploymentController {
    /// Does the next step of a rolling update: either up or down, then waits for the outcome.
    pub(super) async fn roll(&self, rollout: &mut Rollout) -> Result<(), SyncError> {
        self.ensure_new(rollout).await?;
        let limits = Limits::of(rollout);
        let new = rollout.new.as_ref().map(size).unwrap_or_default();
        let old: Vec<Size> = rollout.old.iter().map(size).collect();

        if self.scale_new(rollout, limits.next_new(new, &old)).await? {
            return Ok(());
        }
        let mut scaled = false;
        for (position, wanted) in limits.next_old(new, &old).into_iter().enumerate() {
            scaled |= self.scale_old(rollout, position, wanted).await?;
        }
        if !scaled && rollout.is_complete() {
            self.delete_old(rollout).await?;
        }
        Ok(())
    }
}

/// What a rolling update must keep to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) desired: i32,
    pub(super) max_surge: i32,
    pub(super) max_unavailable: i32,
}

impl Limits {
    pub(super) fn of(rollout: &Rollout) -> Self {
        Self {
            desired: desired(&rollout.deployment),
            max_surge: max_surge(&rollout.deployment),
            max_unavailable: max_unavailable(&rollout.deployment),
        }
    }

    /// The next size of the new ReplicaSet: what the surge leaves room for.
    pub(super) fn next_new(&self, new: Size, old: &[Size]) -> i32 {
        if new.wanted >= self.desired {
            return self.desired;
        }
        let room = self.desired + self.max_surge - new.wanted - total_wanted(old);
        new.wanted + room.clamp(0, self.desired - new.wanted)
    }

    /// The next sizes of the old ReplicaSets, which are in order of age: first without Pods that
    /// are not available anyway, then by as many as the limit spares.
    pub(super) fn next_old(&self, new: Size, old: &[Size]) -> Vec<i32> {
        let mut next: Vec<i32> = old.iter().map(|size| size.wanted).collect();
        let min_available = self.desired - self.max_unavailable;
        let new_unavailable = new.wanted - new.available;
        let may_go = total_wanted(old) + new.wanted - min_available - new_unavailable;
        if total_wanted(old) == 0 || may_go <= 0 {
            return next;
        }
        let mut cleaned = may_go;
        for (next, size) in next.iter_mut().zip(old) {
            let unavailable = (size.wanted - size.available).clamp(0, cleaned);
            *next -= unavailable;
            cleaned -= unavailable;
        }
        let available: i32 = old.iter().map(|size| size.available).sum();
        let mut spare = available + new.available - min_available;
        for next in &mut next {
            let down = spare.clamp(0, *next);
            *next -= down;
            spare -= down;
        }
        next
    }
}

fn total_wanted(sizes: &[Size]) -> i32 {
    sizes.iter().map(|size| size.wanted).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ReplicaSet and its Pods as a crude ReplicaSet controller and kubelet treat them.
    #[derive(Clone, Copy, Debug)]
    struct Simulated {
        wanted: i32,
        /// All Pods, ready ones among them.
        pods: i32,
        ready: i32,
    }

    impl Simulated {
        fn size(self) -> Size {
            Size {
                wanted: self.wanted,
                available: self.ready,
            }
        }

        /// Pods that are not ready are deleted first.
        fn settle(&mut self) {
            self.pods = self.wanted;
            self.ready = self.ready.min(self.pods);
        }
    }

    fn step(limits: Limits, new: &mut Simulated, old: &mut [Simulated]) {
        let sizes: Vec<Size> = old.iter().map(|set| set.size()).collect();
        let next = limits.next_new(new.size(), &sizes);
        if next != new.wanted {
            new.wanted = next;
            return;
        }
        let next = limits.next_old(new.size(), &sizes);
        for (set, wanted) in old.iter_mut().zip(next) {
            assert!(wanted >= 0 && wanted <= set.wanted, "old sets only shrink");
            set.wanted = wanted;
        }
    }

    fn limits() -> impl Strategy<Value = Limits> {
        (0..40_i32, 0..20_i32, 0..20_i32).prop_map(|(desired, max_surge, max_unavailable)| Limits {
            desired,
            max_surge,
            max_unavailable: match (max_surge, max_unavailable) {
                (0, 0) => 1.min(desired),
                _ => max_unavailable.min(desired),
            },
        })
    }

    proptest! {
        #[test]
        fn a_rollout_keeps_its_limits_and_ends(
            limits in limits(),
            split in 0..=40_i32,
            becomes_ready in prop::collection::vec(0..4_i32, 1..20),
        ) {
            let first = split.min(limits.desired);
            let ready = |pods| Simulated { wanted: pods, pods, ready: pods };
            let mut old = [ready(first), ready(limits.desired - first)];
            let mut new = Simulated { wanted: 0, pods: 0, ready: 0 };
            let mut chances = becomes_ready.iter().cycle();
            for round in 0..2000 {
                step(limits, &mut new, &mut old);
                new.settle();
                old.iter_mut().for_each(Simulated::settle);
                let pods = new.pods + old.iter().map(|set| set.pods).sum::<i32>();
                let ready = new.ready + old.iter().map(|set| set.ready).sum::<i32>();
                prop_assert!(pods <= limits.desired + limits.max_surge, "surge");
                prop_assert!(ready >= limits.desired - limits.max_unavailable, "availability");
                // Every round some Pods become ready; now and then at least one.
                let chance = chances.next().copied().unwrap_or(1).max((round % 7 == 0).into());
                new.ready = (new.ready + chance).min(new.pods);
            }
            prop_assert_eq!(new.wanted, limits.desired);
            prop_assert_eq!(total_wanted(&old.map(Simulated::size)), 0);
        }
    }

    #[test]
    fn unavailable_old_pods_go_before_available_ones() {
        let limits = Limits {
            desired: 10,
            max_surge: 0,
            max_unavailable: 2,
        };
        let size = |wanted, available| Size { wanted, available };
        let next = limits.next_old(size(0, 0), &[size(5, 5), size(5, 3)]);
        assert_eq!(next, [5, 3]);
    }

    #[test]
    fn the_new_set_is_cut_down_to_the_wanted_size() {
        let limits = Limits {
            desired: 3,
            max_surge: 1,
            max_unavailable: 0,
        };
        let new = Size {
            wanted: 5,
            available: 5,
        };
        assert_eq!(limits.next_new(new, &[]), 3);
    }
}
