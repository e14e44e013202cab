//! The webhooks of all configurations, read once and kept until their configuration changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;

use crate::api::cel::Expression;
use crate::api::tree::{elements, strings, text};
use crate::api::{GroupResource, ObjectRef};
use crate::outbound::{Target, TargetError};
use crate::registry::{Objects, Registry};

const DEFAULT_TIMEOUT_SECONDS: u64 = 10;

/// One webhook of a configuration.
pub(super) struct Webhook {
    /// Tells it from all others, also from those of the same name.
    pub(super) id: String,
    pub(super) name: String,
    /// As in the configuration: rules and selectors are read from here.
    pub(super) entry: Value,
    pub(super) target: Result<Target, TargetError>,
    pub(super) conditions: Vec<Expression>,
    pub(super) fails_open: bool,
    pub(super) timeout: Duration,
    /// Whether it may be asked about what will not be stored.
    pub(super) allows_dry_run: bool,
    /// The version of the review that it prefers among those we speak.
    pub(super) review_version: Option<&'static str>,
    pub(super) wants_reinvocation: bool,
}

/// The configurations of one of the two kinds.
pub(super) struct Source {
    resource: GroupResource,
    read: Mutex<HashMap<String, Read>>,
}

/// The webhooks of a configuration at one revision.
struct Read {
    revision: u64,
    webhooks: Vec<Arc<Webhook>>,
}

impl Source {
    pub(super) fn new(plural: &str) -> Self {
        Self {
            resource: GroupResource::new("admissionregistration.k8s.io", plural),
            read: Mutex::default(),
        }
    }

    /// All webhooks, in the order of their configurations' names.
    pub(super) fn webhooks(&self, registry: &Registry) -> Vec<Arc<Webhook>> {
        let mut configurations = Objects::list(registry, &self.resource, "");
        if configurations.is_empty() {
            return Vec::new();
        }
        configurations.sort_by(|one, other| one.name().cmp(other.name()));
        let mut read = self.read.lock();
        let mut webhooks = Vec::new();
        for configuration in &configurations {
            let revision = configuration.resource_version();
            let known = read.get(configuration.uid());
            let own = match known.filter(|known| known.revision == revision) {
                Some(known) => known.webhooks.clone(),
                None => Webhook::all(configuration),
            };
            webhooks.extend(own.iter().cloned());
            let webhooks = own;
            read.insert(configuration.uid().to_owned(), Read { revision, webhooks });
        }
        if read.len() > configurations.len() {
            read.retain(|uid, _| configurations.iter().any(|own| own.uid() == uid));
        }
        webhooks
    }
}

impl Webhook {
    fn all(configuration: &ObjectRef) -> Vec<Arc<Self>> {
        let entries = elements(&configuration.value()["webhooks"]).iter();
        entries
            .enumerate()
            .map(|(at, entry)| Arc::new(Self::read(configuration.name(), at, entry)))
            .collect()
    }

    fn read(configuration: &str, at: usize, entry: &Value) -> Self {
        let name = text(entry, "name");
        let timeout = entry["timeoutSeconds"].as_u64();
        let conditions = elements(&entry["matchConditions"]).iter();
        Self {
            id: format!("{configuration}/{name}/{at}"),
            name: name.to_owned(),
            entry: entry.clone(),
            target: Target::of(&entry["clientConfig"]),
            conditions: conditions
                .map(|condition| Expression::new(text(condition, "expression")))
                .collect(),
            fails_open: text(entry, "failurePolicy") == "Ignore",
            timeout: Duration::from_secs(timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS)),
            allows_dry_run: matches!(text(entry, "sideEffects"), "None" | "NoneOnDryRun"),
            review_version: strings(&entry["admissionReviewVersions"]).find_map(|version| {
                match version {
                    "v1" => Some("v1"),
                    "v1beta1" => Some("v1beta1"),
                    _ => None,
                }
            }),
            wants_reinvocation: text(entry, "reinvocationPolicy") == "IfNeeded",
        }
    }
}
