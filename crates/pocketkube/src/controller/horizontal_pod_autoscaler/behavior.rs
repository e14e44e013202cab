//! How fast a workload may grow and shrink: stabilization windows, rates and bounds. Pure, but for
//! the memory of what was recommended and done.
//!
//! Mirrors `normalizeDesiredReplicasWithBehaviors` of
//! `pkg/controller/podautoscaler/horizontal.go` (v1.35). Without a behavior the defaults of the
//! API hold, which are what upstream does then.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerBehavior,
};

/// How long a recommendation to keep more Pods holds.
const DOWN_WINDOW: i32 = 300;
/// How long anything is remembered: the longest window and period that validation lets pass.
const MEMORY: SignedDuration = SignedDuration::from_secs(3600);

pub(super) struct Limits<'a> {
    pub(super) behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
    pub(super) least: i32,
    pub(super) most: i32,
}

pub(super) struct Verdict {
    pub(super) replicas: i32,
    pub(super) is_limited: bool,
    /// Reason and message of `AbleToScale` and `ScalingLimited`.
    pub(super) conditions: [(&'static str, &'static str); 2],
}

/// What was recommended for an autoscaler and done.
#[derive(Default)]
pub(super) struct History {
    recommendations: Vec<(Timestamp, i32)>,
    /// By how much the workload grew, or shrank where negative.
    changes: Vec<(Timestamp, i32)>,
}

fn up(limits: &Limits<'_>) -> HPAScalingRules {
    let rules = limits.behavior.and_then(|own| own.scale_up.clone());
    let policy = |type_: &str, value| HPAScalingPolicy {
        period_seconds: 15,
        type_: type_.to_owned(),
        value,
    };
    let mut rules = rules.unwrap_or_default();
    rules
        .policies
        .get_or_insert_with(|| vec![policy("Pods", 4), policy("Percent", 100)]);
    rules.stabilization_window_seconds.get_or_insert(0);
    rules
}

fn down(limits: &Limits<'_>) -> HPAScalingRules {
    let rules = limits.behavior.and_then(|own| own.scale_down.clone());
    let mut rules = rules.unwrap_or_default();
    rules.policies.get_or_insert_with(|| {
        vec![HPAScalingPolicy {
            period_seconds: 15,
            type_: "Percent".to_owned(),
            value: 100,
        }]
    });
    rules
        .stabilization_window_seconds
        .get_or_insert(DOWN_WINDOW);
    rules
}

impl History {
    /// Counts the size that is found at first as recommended, so that it isn't shrunk at once.
    pub(super) fn begin(&mut self, current: i32, now: Timestamp) {
        if self.recommendations.is_empty() {
            self.recommendations.push((now, current));
        }
    }

    /// Notes that the workload was sized.
    pub(super) fn note(&mut self, before: i32, after: i32, now: Timestamp) {
        self.changes.push((now, after - before));
    }

    /// The size that may be had now instead of the `wanted` one.
    pub(super) fn limit(
        &mut self,
        limits: &Limits<'_>,
        (current, wanted): (i32, i32),
        now: Timestamp,
    ) -> Verdict {
        let remembered = |at: &Timestamp| now.duration_since(*at) <= MEMORY;
        self.recommendations.retain(|(at, _)| remembered(at));
        self.changes.retain(|(at, _)| remembered(at));
        let (up, down) = (up(limits), down(limits));
        let stable = self.stabilize(&up, &down, (current, wanted), now);
        let able = if stable == wanted {
            ("ReadyForNewScale", "recommended size matches current size")
        } else if wanted >= current {
            (
                "ScaleUpStabilized",
                "recent recommendations were lower than current one, applying the lowest recent recommendation",
            )
        } else {
            (
                "ScaleDownStabilized",
                "recent recommendations were higher than current one, applying the highest recent recommendation",
            )
        };
        let (replicas, limited) = self.bound(limits, (&up, &down), (current, stable), now);
        Verdict {
            replicas,
            is_limited: replicas != stable,
            conditions: [able, limited],
        }
    }

    fn stabilize(
        &mut self,
        up: &HPAScalingRules,
        down: &HPAScalingRules,
        (current, wanted): (i32, i32),
        now: Timestamp,
    ) -> i32 {
        let grows = wanted >= current;
        let rules = if grows { up } else { down };
        let window = rules.stabilization_window_seconds.unwrap_or(0);
        let window = SignedDuration::from_secs(window.into());
        let recent = self.recommendations.iter();
        let recent = recent.filter(|(at, _)| now.duration_since(*at) < window);
        let recent = recent.map(|(_, replicas)| *replicas);
        let stable = match grows {
            true => recent.fold(wanted, i32::min),
            false => recent.fold(wanted, i32::max),
        };
        self.recommendations.push((now, wanted));
        stable
    }

    fn bound(
        &self,
        limits: &Limits<'_>,
        (up, down): (&HPAScalingRules, &HPAScalingRules),
        (current, wanted): (i32, i32),
        now: Timestamp,
    ) -> (i32, (&'static str, &'static str)) {
        if wanted > current {
            let fastest = self.rate(up, current, now, true).max(current);
            let (most, limited) = if limits.most > fastest {
                let message =
                    "the desired replica count is increasing faster than the maximum scale rate";
                (fastest, ("ScaleUpLimit", message))
            } else {
                let message = "the desired replica count is more than the maximum replica count";
                (limits.most, ("TooManyReplicas", message))
            };
            if wanted > most {
                return (most, limited);
            }
        } else {
            let fastest = self.rate(down, current, now, false).min(current);
            let (least, limited) = if wanted < current && limits.least < fastest {
                let message =
                    "the desired replica count is decreasing faster than the maximum scale rate";
                (fastest, ("ScaleDownLimit", message))
            } else {
                let message = "the desired replica count is less than the minimum replica count";
                (limits.least, ("TooFewReplicas", message))
            };
            if wanted < least {
                return (least, limited);
            }
        }
        let message = "the desired count is within the acceptable range";
        (wanted, ("DesiredWithinRange", message))
    }

    /// The size that the policies of one direction allow now.
    fn rate(&self, rules: &HPAScalingRules, current: i32, now: Timestamp, grows: bool) -> i32 {
        let select = rules.select_policy.as_deref();
        if select == Some("Disabled") {
            return current;
        }
        let policies = rules.policies.iter().flatten();
        let allowed = policies.map(|policy| {
            let period = SignedDuration::from_secs(policy.period_seconds.into());
            let recent = self.changes.iter();
            let recent = recent.filter(|(at, _)| now.duration_since(*at) < period);
            // What there was when the period began.
            let before = current - recent.map(|(_, change)| change).sum::<i32>();
            let share = f64::from(policy.value) / 100.0;
            match (policy.type_.as_str(), grows) {
                ("Pods", true) => before.saturating_add(policy.value),
                ("Pods", false) => before.saturating_sub(policy.value),
                (_, true) => (f64::from(before) * (1.0 + share)).ceil() as i32,
                (_, false) => (f64::from(before) * (1.0 - share)) as i32,
            }
        });
        // The policy that changes most, or least.
        let largest = (select == Some("Min")) != grows;
        let chosen = match largest {
            true => allowed.max(),
            false => allowed.min(),
        };
        chosen.unwrap_or(current)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
    }

    fn behavior(value: Value) -> HorizontalPodAutoscalerBehavior {
        serde_json::from_value(value).expect("a behavior")
    }

    fn limits(behavior: Option<&HorizontalPodAutoscalerBehavior>) -> Limits<'_> {
        Limits {
            behavior,
            least: 1,
            most: 100,
        }
    }

    #[test]
    fn by_default_a_workload_doubles_and_shrinks_after_five_minutes() {
        let mut history = History::default();
        history.begin(10, at(0));
        let grown = history.limit(&limits(None), (10, 50), at(0));
        assert_eq!(
            (grown.replicas, grown.conditions[1].0),
            (20, "ScaleUpLimit")
        );
        history.note(10, 20, at(0));
        let reached = history.limit(&limits(None), (20, 20), at(30));
        assert_eq!(reached.replicas, 20);
        // Within five minutes the highest recommendation counts.
        let kept = history.limit(&limits(None), (50, 2), at(60));
        assert_eq!(
            (kept.replicas, kept.conditions[0].0),
            (50, "ScaleDownStabilized")
        );
        let shrunk = history.limit(&limits(None), (20, 2), at(400));
        assert_eq!(shrunk.replicas, 2);
    }

    #[test]
    fn policies_count_what_was_done_within_their_period() {
        let slow = behavior(json!({"scaleUp": {"policies": [
            {"type": "Pods", "value": 3, "periodSeconds": 60},
        ]}}));
        let mut history = History::default();
        assert_eq!(
            history.limit(&limits(Some(&slow)), (1, 9), at(0)).replicas,
            4
        );
        history.note(1, 4, at(0));
        assert_eq!(
            history.limit(&limits(Some(&slow)), (4, 9), at(30)).replicas,
            4
        );
        assert_eq!(
            history.limit(&limits(Some(&slow)), (4, 9), at(61)).replicas,
            7
        );
    }

    #[test]
    fn the_policy_is_selected_as_asked() {
        let rules = |select: &str| {
            behavior(json!({"scaleDown": {
                "stabilizationWindowSeconds": 0, "selectPolicy": select,
                "policies": [
                    {"type": "Pods", "value": 1, "periodSeconds": 15},
                    {"type": "Percent", "value": 50, "periodSeconds": 15},
                ],
            }}))
        };
        for (select, expected) in [("Max", 5), ("Min", 9), ("Disabled", 10)] {
            let rules = rules(select);
            let verdict = History::default().limit(&limits(Some(&rules)), (10, 1), at(0));
            assert_eq!(verdict.replicas, expected, "{select}");
        }
    }

    #[test]
    fn bounds_are_told() {
        let mut history = History::default();
        let few = Limits {
            least: 3,
            ..limits(None)
        };
        let verdict = history.limit(&few, (3, 1), at(0));
        assert_eq!(
            (verdict.replicas, verdict.conditions[1].0),
            (3, "TooFewReplicas")
        );
    }
}
