//! Which object is meant: kind, namespace, name.

use kube::Client;
use kube::core::DynamicObject;
use serde_json::Value;

use super::resource::{Resource, short_name};

/// An object by its name; whether it exists is another question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// May be empty for kinds that everybody knows by heart.
    pub api_version: String,
    pub kind: String,
    /// `None` for what is in no namespace.
    pub namespace: Option<String>,
    pub name: String,
}

impl Reference {
    /// An object in a namespace; an empty one means none.
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        let known = Resource::known(kind, None).map(|resource| resource.api.api_version);
        let api_version = match api_version {
            "" => known.unwrap_or_default(),
            given => given.to_owned(),
        };
        Self {
            api_version,
            kind: kind.to_owned(),
            namespace: Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty()),
            name: name.to_owned(),
        }
    }

    /// An object of a kind that everybody knows by heart.
    pub fn known(kind: &str, namespace: &str, name: &str) -> Self {
        Self::new("", kind, namespace, name)
    }

    /// What an object says it is.
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| {
            let value = object.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default()
        };
        Self::new(
            text("/apiVersion"),
            text("/kind"),
            text("/metadata/namespace"),
            text("/metadata/name"),
        )
    }

    /// As kubectl abbreviates it: `deploy/web`; Pods are written out.
    pub fn short(&self) -> String {
        match self.kind.as_str() {
            "Pod" => format!("pod/{}", self.name),
            kind => format!("{}/{}", short_name(kind), self.name),
        }
    }

    /// The namespace, or nothing.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// The resource that its kind is.
    ///
    /// # Errors
    /// The cluster serves no such kind.
    pub async fn resource(&self, client: &Client) -> kube::Result<Resource> {
        Resource::find(client, &self.api_version, &self.kind).await
    }

    /// A handle on the objects beside it.
    ///
    /// # Errors
    /// The cluster serves no such kind.
    pub async fn api(&self, client: &Client) -> kube::Result<kube::Api<DynamicObject>> {
        let resource = self.resource(client).await?;
        Ok(resource.api(client, self.namespace.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_get_their_version_and_their_short_name() {
        let web = Reference::known("Deployment", "shop", "web");
        assert_eq!(web.api_version, "apps/v1");
        assert_eq!(web.short(), "deploy/web");
        assert_eq!(Reference::known("Pod", "shop", "a").short(), "pod/a");
        assert_eq!(Reference::known("Node", "", "n").namespace, None);
    }
}
