//! Records Events about objects, without making anyone wait.
//!
//! Events go through a bounded queue to one task per recorder, which correlates and writes them;
//! when the queue is full they are dropped. Mirrors `client-go/tools/record/event.go` (v1.35).

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use tokio::sync::mpsc;

use super::event_correlation::{Correlator, Decision};
use super::{Client, Kind, Patch, reference_to};
use crate::api::StatusError;
use crate::clock::Clock;
use crate::tasks::Tasks;

/// How many Events may wait to be written.
const WAITING: usize = 16_384;
/// How many names are tried for a new Event.
const NAMES: usize = 8;

/// Whether an Event tells of something ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Normal,
    Warning,
}

impl EventType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Records Events in the name of one component; clones share its queue.
#[derive(Clone)]
pub struct EventRecorder {
    queue: mpsc::Sender<(Event, Timestamp)>,
    source: EventSource,
    clock: Clock,
}

impl EventRecorder {
    /// A recorder for `component` (`deployment-controller`, `kubelet`), which for a kubelet runs
    /// on the node `host`. Must be called inside a runtime.
    pub fn new(client: Client, clock: Clock, tasks: &Tasks, component: &str, host: &str) -> Self {
        let (queue, events) = mpsc::channel(WAITING);
        let name = match host {
            "" => format!("events of {component}"),
            host => format!("events of {component} on {host}"),
        };
        tasks.spawn(name, write_events(client, events));
        let source = EventSource {
            component: Some(component.to_owned()),
            host: (!host.is_empty()).then(|| host.to_owned()),
        };
        Self {
            queue,
            source,
            clock,
        }
    }

    /// The same queue for the component's instance on the node `host`.
    pub fn on_host(&self, host: &str) -> Self {
        Self {
            source: EventSource {
                host: Some(host.to_owned()),
                ..self.source.clone()
            },
            ..self.clone()
        }
    }

    /// Records what happened to `object`.
    pub fn event<K: Kind>(
        &self,
        object: &K,
        event_type: EventType,
        reason: &str,
        message: impl Into<String>,
    ) {
        self.event_about(reference_to(object), event_type, reason, message);
    }

    /// Records what happened to what `about` names, such as one container of a Pod.
    pub fn event_about(
        &self,
        about: ObjectReference,
        event_type: EventType,
        reason: &str,
        message: impl Into<String>,
    ) {
        let mut event = Event {
            involved_object: about,
            type_: Some(event_type.as_str().to_owned()),
            reason: Some(reason.to_owned()),
            message: Some(message.into()),
            source: Some(self.source.clone()),
            reporting_component: self.source.component.clone(),
            reporting_instance: self.source.host.clone(),
            ..Event::default()
        };
        let namespace = event.involved_object.namespace.clone();
        event.metadata.namespace = Some(namespace.unwrap_or_else(|| "default".to_owned()));
        if self.queue.try_send((event, self.clock.now())).is_err() {
            tracing::warn!(reason, "event dropped: too many wait to be written");
        }
    }
}

async fn write_events(client: Client, mut events: mpsc::Receiver<(Event, Timestamp)>) {
    let mut correlator = Correlator::new();
    while let Some((event, now)) = events.recv().await {
        let outcome = match correlator.correlate(event, now) {
            Decision::Create(event) => create(&client, &mut correlator, *event, now).await,
            Decision::Update(event, patch) => {
                let patch = Patch::Strategic(patch);
                let patched = client.patch::<Event>(event.namespace(), event.name(), patch);
                match patched.await {
                    Err(error) if error.is_not_found() => {
                        create(&client, &mut correlator, *event, now).await
                    }
                    outcome => outcome.map(drop),
                }
            }
            Decision::Drop => Ok(()),
        };
        if let Err(error) = outcome {
            // Expected in a namespace that is being deleted.
            tracing::debug!(%error, "event not written");
        }
    }
}

/// Creates the Event; another component may have taken its name in the same nanosecond of a
/// clock that stands still, so a few names are tried.
async fn create(
    client: &Client,
    correlator: &mut Correlator,
    mut event: Event,
    now: Timestamp,
) -> Result<(), StatusError> {
    for _ in 1..NAMES {
        match client.create(&event).await {
            Err(error) if error.is_already_exists() => correlator.rename(&mut event, now),
            outcome => return outcome.map(drop),
        }
    }
    client.create(&event).await.map(drop)
}
