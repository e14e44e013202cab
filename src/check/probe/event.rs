//! `event`: the cluster reported something.
//!
//! ```yaml
//! event: {reason: BackOff, type: Warning, on: {kind: Pod, name: web}, message: contains back-off}
//! ```
//! Every field may be left out but one of `reason`, `message` and `on`. `on.name` is a matcher.

use async_trait::async_trait;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::object::take_matcher;
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "event",
    read,
};

#[derive(Debug)]
struct Event {
    namespace: Option<String>,
    reason: Option<Matcher>,
    kind: Option<Matcher>,
    on: Option<Matcher>,
    message: Option<Matcher>,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let event = Event {
        namespace: fields.optional("namespace"),
        reason: take_matcher(&mut fields, "reason"),
        kind: take_matcher(&mut fields, "type"),
        on: take_matcher(&mut fields, "on"),
        message: take_matcher(&mut fields, "message"),
    };
    if event.reason.is_none() && event.message.is_none() && event.on.is_none() {
        fields.refuse("reason", "say `reason`, `message` or `on`");
    }
    fields.end();
    Some(Box::new(event))
}

impl Event {
    fn parts(&self) -> [(&'static str, &'static str, &Option<Matcher>); 4] {
        [
            ("reason", "reason", &self.reason),
            ("type", "type", &self.kind),
            ("on", "involvedObject", &self.on),
            ("message", "message", &self.message),
        ]
    }

    fn means(&self, event: &Value) -> bool {
        self.parts()
            .iter()
            .all(|(_, field, matcher)| match matcher {
                Some(matcher) => matcher.matches(event.get(field)),
                None => true,
            })
    }

    fn describe(&self) -> String {
        let said: Vec<String> = self
            .parts()
            .iter()
            .filter_map(|(name, _, matcher)| {
                Some(format!("{name} {}", matcher.as_ref()?.describe()))
            })
            .collect();
        said.join(", ")
    }
}

#[async_trait]
impl Probe for Event {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        scene
            .watched("Event", self.namespace.as_deref())
            .into_iter()
            .collect()
    }

    fn title(&self) -> String {
        format!("an event with {}", self.describe())
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let Some(watched) = scene.watched("Event", self.namespace.as_deref()) else {
            return Finding::unknown("no events here");
        };
        let events = match scene.list(&watched).await {
            Ok(events) => events,
            Err(reason) => return Finding::unknown(reason),
        };
        if events.iter().any(|event| self.means(event)) {
            return Finding::holds();
        }
        let mut reasons: Vec<&str> = events
            .iter()
            .map(|event| Finding::text(event, "/reason"))
            .collect();
        reasons.sort_unstable();
        reasons.dedup();
        let seen = match reasons.len() {
            0 => "no events".to_owned(),
            _ => format!("only {}", reasons.join(", ")),
        };
        Finding::fails("events", self.describe(), seen).look("kubectl events")
    }
}
