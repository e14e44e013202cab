//! Which objects a probe is about: a kind, and a name, labels, or all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::scene::Scene;
use crate::course::Fields;
use crate::sandbox::{Resource, Watched};

/// `kind`, `apiVersion`, `namespace`, and `name` or `labels`.
#[derive(Debug, Clone)]
pub struct Target {
    pub kind: String,
    api_version: Option<String>,
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub labels: BTreeMap<String, String>,
}

/// Objects that were found.
pub type Objects = Vec<Arc<Value>>;

impl Target {
    /// Takes the target's fields of a probe.
    pub fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let kind: Option<String> = fields.required("kind");
        let api_version: Option<String> = fields.optional("apiVersion");
        if let (Some(kind), None) = (&kind, &api_version)
            && Resource::known(kind, None).is_none()
        {
            fields.refuse("kind", "not known by heart: say its `apiVersion` too");
        }
        // The other fields are asked for without a kind, too: they are not unknown.
        let target = Self::take_named(fields, String::new(), api_version)?;
        Some(Self {
            kind: kind?,
            ..target
        })
    }

    /// Takes a target whose kind is fixed, such as the Pod of an `exec`.
    pub fn take_of_kind(fields: &mut Fields<'_>, kind: &str) -> Option<Self> {
        Self::take_named(fields, kind.to_owned(), None)
    }

    /// Takes the Pod that a question is asked `from`.
    pub fn take_from(fields: &mut Fields<'_>) -> Option<Self> {
        let node = fields.node("from")?;
        let path = fields.path_of("from");
        let document = fields.document();
        let mut inner = Fields::of(document, node, &path, fields.problems())?;
        let target = Self::take_of_kind(&mut inner, "Pod");
        inner.end();
        target
    }

    fn take_named(
        fields: &mut Fields<'_>,
        kind: String,
        api_version: Option<String>,
    ) -> Option<Self> {
        let target = Self {
            kind,
            api_version,
            namespace: fields.optional("namespace"),
            name: fields.optional("name"),
            labels: fields.optional("labels").unwrap_or_default(),
        };
        if target.name.is_some() && !target.labels.is_empty() {
            fields.refuse("labels", "a `name` says it all: no `labels` beside it");
        }
        Some(target)
    }

    /// What to watch for it; fails where the cluster serves no such kind.
    pub async fn watched(&self, scene: &Scene) -> Result<Watched, String> {
        let known = Resource::known(&self.kind, self.api_version.as_deref());
        let resource = match (known, &self.api_version) {
            (Some(resource), _) => resource,
            (None, Some(api_version)) => Resource::find(scene.client(), api_version, &self.kind)
                .await
                .map_err(|_| format!("the cluster has no kind {} of {api_version}", self.kind))?,
            (None, None) => return Err(format!("nobody knows the kind {}", self.kind)),
        };
        Ok(scene.watched_resource(resource, self.namespace.as_deref()))
    }

    /// What to watch: the objects, or the list of kinds as long as there is no such kind.
    pub async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        match self.watched(scene).await {
            Ok(watched) => vec![watched],
            Err(_) => scene
                .watched("CustomResourceDefinition", None)
                .into_iter()
                .collect(),
        }
    }

    /// The objects that are meant and there, leaving ones included.
    pub async fn objects(&self, scene: &Scene) -> Result<Objects, String> {
        let listing = scene.list(&self.watched(scene).await?).await?;
        Ok(listing
            .iter()
            .filter(|object| self.means(object))
            .cloned()
            .collect())
    }

    fn means(&self, object: &Value) -> bool {
        if let Some(name) = &self.name {
            return object["metadata"]["name"] == name.as_str();
        }
        let labels = &object["metadata"]["labels"];
        self.labels
            .iter()
            .all(|(label, value)| labels[label] == value.as_str())
    }

    /// `deployment "web"`, `pods with app=web`, `any pod`.
    pub fn title(&self) -> String {
        let kind = self.kind.to_lowercase();
        match &self.name {
            Some(name) => format!("{kind} \"{name}\""),
            None if self.labels.is_empty() => format!("any {kind}"),
            None => format!("{kind} with {}", self.selector()),
        }
    }

    fn selector(&self) -> String {
        let parts: Vec<String> = self
            .labels
            .iter()
            .map(|(label, value)| format!("{label}={value}"))
            .collect();
        parts.join(",")
    }

    /// The kubectl arguments that name it: `deployment web -n harbor`.
    pub fn arguments(&self) -> String {
        let mut arguments = self.kind.to_lowercase();
        match &self.name {
            Some(name) => arguments.push_str(&format!(" {name}")),
            None if self.labels.is_empty() => {}
            None => arguments.push_str(&format!(" -l {}", self.selector())),
        }
        if let Some(namespace) = &self.namespace {
            arguments.push_str(&format!(" -n {namespace}"));
        }
        arguments
    }
}

/// `pod "web"`, as kubectl would say it.
pub fn title_of(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{} \"{}\"",
        text(&object["kind"]).to_lowercase(),
        text(&object["metadata"]["name"])
    )
}
