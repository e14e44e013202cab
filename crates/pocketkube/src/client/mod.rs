//! In-process clients with an identity, and what controllers, scheduler and kubelets are built
//! from: typed calls, shared informers, work queues and the event recorder.
//!
//! Nothing here knows what a controller wants. Mirrors `staging/src/k8s.io/client-go` (v1.35).

mod erased;
mod event_correlation;
mod in_process;
mod informer;
mod informers;
mod kind;
mod options;
mod recorder;
mod retry;
mod selector;
mod store;
mod transport;
mod typed;
mod workqueue;

#[cfg(test)]
pub(crate) mod fake;

pub use informer::{Change, Informer};
pub use informers::Informers;
pub use kind::{Kind, ObjectKey, ResourceRef, controller_reference, reference_to, time};
pub use options::{DeleteOptions, Patch, Propagation};
pub use recorder::{EventRecorder, EventType};
pub use retry::retry_on_conflict;
pub use selector::Selector;
pub use store::{Index, Lister};
pub use transport::{Transport, WatchReceiver};
pub use typed::Client;
pub use workqueue::WorkQueue;
