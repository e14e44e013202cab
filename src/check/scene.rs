//! What a probe may look at: the cluster's objects and the learner's parameters; and whose turn it
//! is to attack.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use parking_lot::Mutex;
use pocketkube::clock::Clock;
use serde_json::Value;

use crate::course::Values;
use crate::sandbox::{Listing, Observer, Resource, Watched, Wire};

/// The cluster as a check sees it.
#[derive(Clone)]
pub struct Scene {
    pub observer: Observer,
    /// The namespace meant where a check names none.
    pub namespace: String,
    pub values: Arc<Values>,
    /// The time by which checks measure.
    pub clock: Clock,
    pub wire: Arc<dyn Wire>,
    pub arena: Arena,
}

/// Lets one attack at a time happen, so that each finds the cluster that it expects.
#[derive(Debug, Clone, Default)]
pub struct Arena {
    turn: Arc<Mutex<Option<(Turn, Timestamp)>>>,
}

/// The right to attack, which ends by itself if it is not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn(u64);

impl Arena {
    /// Takes the turn for `longest`, unless somebody else has it.
    pub(super) fn take(&self, now: Timestamp, longest: Duration) -> Option<Turn> {
        let mut held = self.turn.lock();
        let last = match *held {
            Some((_, until)) if now < until => return None,
            Some((Turn(last), _)) => last,
            None => 0,
        };
        let turn = Turn(last + 1);
        let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
        *held = Some((turn, now.saturating_add(longest).unwrap_or(Timestamp::MAX)));
        Some(turn)
    }

    pub(super) fn give_back(&self, turn: Turn) {
        let mut held = self.turn.lock();
        if let Some((holder, until)) = held.as_mut()
            && *holder == turn
        {
            *until = Timestamp::MIN;
        }
    }
}

impl Scene {
    pub fn client(&self) -> &Client {
        self.observer.client()
    }

    pub async fn list(&self, watched: &Watched) -> Result<Listing, String> {
        self.observer.list(watched).await
    }

    /// A well-known kind in a namespace.
    pub(super) fn watched(&self, kind: &str, namespace: Option<&str>) -> Option<Watched> {
        let resource = Resource::known(kind, None)?;
        Some(self.watched_resource(resource, namespace))
    }

    /// A well-known kind in every namespace.
    pub(super) fn watched_everywhere(&self, kind: &str) -> Option<Watched> {
        Some(Watched {
            resource: Resource::known(kind, None)?,
            namespace: None,
        })
    }

    pub(super) fn watched_resource(&self, resource: Resource, namespace: Option<&str>) -> Watched {
        let namespace = resource
            .namespaced
            .then(|| namespace.unwrap_or(&self.namespace).to_owned());
        Watched {
            resource,
            namespace,
        }
    }
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub truth: Truth,
    /// Why it is not true, or not known.
    pub differences: Vec<super::verdict::Difference>,
    /// Commands that show more.
    pub look: Vec<String>,
    pub phase: Phase,
}

/// Whether what is not true may still become so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// Within the check's time.
    #[default]
    Open,
    /// Something goes on that ends by itself: it is waited for.
    UnderWay,
    /// It went on, and has ended badly. Who asks once need not wait.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl Finding {
    pub fn holds() -> Self {
        Self {
            truth: Truth::True,
            differences: Vec::new(),
            look: Vec::new(),
            phase: Phase::Open,
        }
    }

    /// True where there are no differences.
    pub fn of(differences: Vec<super::verdict::Difference>, look: Vec<String>) -> Self {
        if differences.is_empty() {
            return Self::holds();
        }
        Self {
            truth: Truth::False,
            differences,
            look,
            phase: Phase::Open,
        }
    }

    pub fn fails(
        field: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        let difference = super::verdict::Difference::new(field, expected, seen);
        Self::of(vec![difference], Vec::new())
    }

    pub fn unknown(reason: impl Into<String>) -> Self {
        let difference = super::verdict::Difference::new("cluster", "an answer", reason);
        Self {
            truth: Truth::Unknown,
            differences: vec![difference],
            look: Vec::new(),
            phase: Phase::Open,
        }
    }

    pub fn look(mut self, command: impl Into<String>) -> Self {
        if self.truth != Truth::True {
            self.look.push(command.into());
        }
        self
    }

    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    pub fn is_true(&self) -> bool {
        self.truth == Truth::True
    }

    /// The text of an object's field, for messages.
    pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn one_attacks_at_a_time_and_a_turn_that_nobody_gives_back_ends() {
        let arena = Arena::default();
        let minute = Duration::from_secs(60);
        let first = arena.take(at(0), minute).expect("it is free");
        assert_eq!(arena.take(at(59), minute), None);
        let second = arena.take(at(60), minute).expect("it ended");
        arena.give_back(first);
        assert_eq!(
            arena.take(at(61), minute),
            None,
            "it was not the first one's to give"
        );
        arena.give_back(second);
        assert!(arena.take(at(61), minute).is_some());
    }
}
