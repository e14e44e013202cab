//! Keeps Events few: the same Event counts up, many similar ones become one, a flood is cut off.
//!
//! Pure but for its memory; writing Events is the recorder's work. Mirrors
//! `client-go/tools/record/events_cache.go` (v1.35).

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use serde_json::{Value, json};

use super::{Kind, time};
use crate::api::meta::format_time;

/// From how many different messages on similar Events are written as one.
const SIMILAR_EVENTS: usize = 10;
/// Similar Events count as one series only if they follow each other this closely.
const SIMILAR_WITHIN_SECONDS: i64 = 600;
/// An object may have this many Events at once from one source, and then one more every 5 minutes.
const BURST: f64 = 25.0;
const REFILL_SECONDS: f64 = 300.0;
/// How many series, and how many objects, are remembered at least.
const REMEMBERED: usize = 4096;

/// What is to be done about an Event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    Create(Box<Event>),
    /// The Event exists: patch it; create the Event where it is gone.
    Update(Box<Event>, Value),
    Drop,
}

/// Remembers what was recorded lately.
pub(super) struct Correlator {
    similar: Recent<Similar>,
    seen: Recent<Seen>,
    buckets: Recent<Bucket>,
    /// The newest number used in an Event's name, which no two Events share.
    last_number: i128,
}

struct Similar {
    messages: BTreeSet<String>,
    last: Timestamp,
}

#[derive(Clone)]
struct Seen {
    name: String,
    first: Timestamp,
    count: i32,
}

struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

impl Correlator {
    pub(super) fn new() -> Self {
        Self {
            similar: Recent::new(),
            seen: Recent::new(),
            buckets: Recent::new(),
            last_number: 0,
        }
    }

    /// Names a new Event and decides what becomes of it.
    pub(super) fn correlate(&mut self, mut event: Event, now: Timestamp) -> Decision {
        let similar_key = similar_key(&event);
        let key = if self.is_one_of_many(&similar_key, &event, now) {
            let message = event.message.take().unwrap_or_default();
            event.message = Some(format!("(combined from similar events): {message}"));
            similar_key
        } else {
            same_key(&event)
        };
        let decision = self.observe(event, key.clone(), now);
        let (Decision::Create(event) | Decision::Update(event, _)) = &decision else {
            return decision;
        };
        if self.is_flood(&spam_key(event), now) {
            return Decision::Drop;
        }
        decision
    }

    fn is_one_of_many(&mut self, key: &str, event: &Event, now: Timestamp) -> bool {
        let fresh = Similar {
            messages: BTreeSet::new(),
            last: now,
        };
        let similar = self.similar.entry(key, || fresh);
        if now.duration_since(similar.last).as_secs() > SIMILAR_WITHIN_SECONDS {
            similar.messages.clear();
        }
        similar.last = now;
        let message = event.message.clone().unwrap_or_default();
        similar.messages.insert(message);
        if similar.messages.len() < SIMILAR_EVENTS {
            return false;
        }
        similar.messages.pop_first();
        true
    }

    fn observe(&mut self, mut event: Event, key: String, now: Timestamp) -> Decision {
        let known = self.seen.get(&key).cloned();
        let seen = match known {
            Some(seen) => Seen {
                count: seen.count + 1,
                ..seen
            },
            None => Seen {
                name: self.event_name(&event, now),
                first: now,
                count: 1,
            },
        };
        event.metadata.name = Some(seen.name.clone());
        event.count = Some(seen.count);
        event.first_timestamp = Some(time(seen.first));
        event.last_timestamp = Some(time(now));
        let count = seen.count;
        self.seen.insert(key, seen);
        if count == 1 {
            return Decision::Create(Box::new(event));
        }
        let patch = json!({
            "count": count,
            "lastTimestamp": format_time(now),
            "message": event.message,
        });
        Decision::Update(Box::new(event), patch)
    }

    fn event_name(&mut self, event: &Event, now: Timestamp) -> String {
        self.last_number = now.as_nanosecond().max(self.last_number + 1);
        let about = event.involved_object.name.as_deref().unwrap_or_default();
        format!("{about}.{:x}", self.last_number)
    }

    /// Gives an Event whose name was taken another one.
    pub(super) fn rename(&mut self, event: &mut Event, now: Timestamp) {
        let taken = event.name().to_owned();
        let name = self.event_name(event, now);
        event.metadata.name = Some(name.clone());
        for key in [same_key(event), similar_key(event)] {
            if let Some(seen) = self.seen.get(&key)
                && seen.name == taken
            {
                let renamed = Seen {
                    name: name.clone(),
                    ..seen.clone()
                };
                self.seen.insert(key, renamed);
            }
        }
    }

    fn is_flood(&mut self, key: &str, now: Timestamp) -> bool {
        let bucket = self.buckets.entry(key, || Bucket {
            tokens: BURST,
            filled: now,
        });
        let passed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed / REFILL_SECONDS).min(BURST);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return true;
        }
        bucket.tokens -= 1.0;
        false
    }
}

/// Who speaks about which object.
fn spam_key(event: &Event) -> String {
    let source = event.source.as_ref();
    let about = &event.involved_object;
    let parts = [
        source.and_then(|source| source.component.as_deref()),
        source.and_then(|source| source.host.as_deref()),
        about.kind.as_deref(),
        about.namespace.as_deref(),
        about.name.as_deref(),
        about.uid.as_deref(),
        about.api_version.as_deref(),
    ];
    parts.map(Option::unwrap_or_default).join("\0")
}

/// Events that differ in their message only.
fn similar_key(event: &Event) -> String {
    let parts = [event.type_.as_deref(), event.reason.as_deref()];
    let parts = parts.map(Option::unwrap_or_default).join("\0");
    format!("{}\0{parts}", spam_key(event))
}

/// Events that differ in their time only.
fn same_key(event: &Event) -> String {
    let parts = [
        event.involved_object.field_path.as_deref(),
        event.message.as_deref(),
    ];
    let parts = parts.map(Option::unwrap_or_default).join("\0");
    format!("{}\0\0{parts}", similar_key(event))
}

/// A map that forgets what was not used for long: at least [`REMEMBERED`] entries stay.
struct Recent<V> {
    young: HashMap<String, V>,
    old: HashMap<String, V>,
}

impl<V> Recent<V> {
    fn new() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    fn get(&self, key: &str) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn insert(&mut self, key: String, value: V) {
        if self.young.len() >= REMEMBERED && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    fn entry(&mut self, key: &str, fresh: impl FnOnce() -> V) -> &mut V {
        if !self.young.contains_key(key) {
            let value = self.old.remove(key).unwrap_or_else(fresh);
            self.insert(key.to_owned(), value);
        }
        self.young.get_mut(key).expect("inserted above")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::api::core::v1::{EventSource, ObjectReference};

    use super::*;

    fn event(reason: &str, message: &str) -> Event {
        Event {
            involved_object: ObjectReference {
                kind: Some("Pod".to_owned()),
                name: Some("web".to_owned()),
                ..ObjectReference::default()
            },
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            source: Some(EventSource {
                component: Some("kubelet".to_owned()),
                host: None,
            }),
            ..Event::default()
        }
    }

    fn start() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().expect("a time")
    }

    #[test]
    fn the_same_event_counts_up_under_its_first_name() {
        let mut correlator = Correlator::new();
        let Decision::Create(first) = correlator.correlate(event("BackOff", "again"), start())
        else {
            panic!("a new event is created");
        };
        assert_eq!(first.name(), "web.1886caf21c963200");
        let later = start() + Duration::from_secs(10);
        let Decision::Update(second, patch) =
            correlator.correlate(event("BackOff", "again"), later)
        else {
            panic!("the same event is updated");
        };
        assert_eq!((second.name(), second.count), (first.name(), Some(2)));
        assert_eq!(second.first_timestamp, first.first_timestamp);
        assert_eq!(
            patch,
            json!({"count": 2, "lastTimestamp": "2026-01-02T03:04:15Z", "message": "again"})
        );
    }

    #[test]
    fn the_tenth_similar_event_begins_a_combined_one() {
        let mut correlator = Correlator::new();
        for number in 0..9 {
            let decision = correlator.correlate(event("Failed", &format!("try {number}")), start());
            assert!(matches!(decision, Decision::Create(_)), "{number}");
        }
        let Decision::Create(combined) = correlator.correlate(event("Failed", "try 9"), start())
        else {
            panic!("the combined event is created");
        };
        let message = combined.message.as_deref();
        assert_eq!(message, Some("(combined from similar events): try 9"));
        let Decision::Update(combined, _) =
            correlator.correlate(event("Failed", "try 10"), start())
        else {
            panic!("the combined event is updated");
        };
        assert_eq!(combined.count, Some(2));
    }

    #[test]
    fn a_flood_about_one_object_is_cut_off_and_refills_slowly() {
        let mut correlator = Correlator::new();
        let mut written = 0;
        for _ in 0..40 {
            if correlator.correlate(event("Unhealthy", "probe failed"), start()) != Decision::Drop {
                written += 1;
            }
        }
        assert_eq!(written, 25);
        let later = start() + Duration::from_secs(301);
        let decision = correlator.correlate(event("Unhealthy", "probe failed"), later);
        let Decision::Update(event, _) = decision else {
            panic!("a token has come back");
        };
        assert_eq!(event.count, Some(41));
    }

    #[test]
    fn events_of_the_same_moment_have_different_names() {
        let mut correlator = Correlator::new();
        let decisions = ["one", "two"].map(|text| correlator.correlate(event(text, text), start()));
        let [Decision::Create(one), Decision::Create(two)] = decisions else {
            panic!("both are new");
        };
        assert_ne!(one.name(), two.name());
    }
}
