//! What a probe may look at: the cluster's objects and the learner's parameters.

use std::sync::Arc;

use kube::Client;
use serde_json::Value;

use crate::course::Values;
use crate::sandbox::{Listing, Observer, Resource, Watched};

/// The cluster as a check sees it.
#[derive(Clone)]
pub struct Scene {
    pub observer: Observer,
    /// The namespace meant where a check names none.
    pub namespace: String,
    pub values: Arc<Values>,
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
        }
    }

    pub fn look(mut self, command: impl Into<String>) -> Self {
        if self.truth != Truth::True {
            self.look.push(command.into());
        }
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
