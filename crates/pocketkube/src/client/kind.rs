//! Typed kinds: what every `k8s-openapi` struct with `ObjectMeta` can be asked.
//!
//! Accessors never fail: what is absent reads as empty. Only typed structs live here; objects as
//! trees are read with [`crate::api::meta`].

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use k8s_openapi::{Metadata, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::GroupResource;
use crate::registry::ResourceDef;

/// A typed API object with standard metadata.
pub trait Kind:
    Resource + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Clone + Send + Sync + 'static
{
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.metadata_mut()
    }

    fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    /// Empty for cluster-scoped objects.
    fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }

    fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }

    fn resource_version(&self) -> &str {
        self.meta().resource_version.as_deref().unwrap_or_default()
    }

    /// Counts changes of the wanted state; 0 where the kind doesn't count.
    fn generation(&self) -> i64 {
        self.meta().generation.unwrap_or_default()
    }

    fn key(&self) -> ObjectKey {
        ObjectKey::new(self.namespace(), self.name())
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        self.meta().labels.as_ref().unwrap_or(&EMPTY)
    }

    fn annotations(&self) -> &BTreeMap<String, String> {
        self.meta().annotations.as_ref().unwrap_or(&EMPTY)
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations().get(key).map(String::as_str)
    }

    fn created_at(&self) -> Option<Timestamp> {
        self.meta().creation_timestamp.as_ref().map(|time| time.0)
    }

    /// Whether the object waits for its finalizers or its grace period to end.
    fn is_terminating(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }

    fn owners(&self) -> &[OwnerReference] {
        self.meta().owner_references.as_deref().unwrap_or_default()
    }

    /// The one owner that manages the object.
    fn controller(&self) -> Option<&OwnerReference> {
        let mut owners = self.owners().iter();
        owners.find(|owner| owner.controller == Some(true))
    }

    fn is_controlled_by(&self, uid: &str) -> bool {
        self.controller().is_some_and(|owner| owner.uid == uid)
    }

    fn has_finalizer(&self, finalizer: &str) -> bool {
        let mut finalizers = self.meta().finalizers.iter().flatten();
        finalizers.any(|own| own == finalizer)
    }
}

impl<K> Kind for K where
    K: Resource
        + Metadata<Ty = ObjectMeta>
        + Serialize
        + DeserializeOwned
        + Clone
        + Send
        + Sync
        + 'static
{
}

static EMPTY: BTreeMap<String, String> = BTreeMap::new();

/// Names one object of a kind: its namespace (empty for cluster-scoped kinds) and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    pub namespace: String,
    pub name: String,
}

impl ObjectKey {
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// A served resource, by the names that lead a call to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceRef {
    pub resource: GroupResource,
    pub version: String,
}

impl ResourceRef {
    pub fn new(group: &str, version: &str, plural: &str) -> Self {
        Self {
            resource: GroupResource::new(group, plural),
            version: version.to_owned(),
        }
    }

    pub fn of<K: Resource>() -> Self {
        Self::new(K::GROUP, K::VERSION, K::URL_PATH_SEGMENT)
    }
}

impl From<&ResourceDef> for ResourceRef {
    fn from(row: &ResourceDef) -> Self {
        Self::new(&row.group, &row.version, &row.plural)
    }
}

/// A moment as objects carry it: whole seconds.
pub fn time(moment: Timestamp) -> Time {
    Time(Timestamp::from_second(moment.as_second()).unwrap_or(moment))
}

/// The owner reference by which `owner` manages another object. It blocks the owner's foreground
/// deletion.
pub fn controller_reference<K: Kind>(owner: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::API_VERSION.to_owned(),
        kind: K::KIND.to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// What an Event says it is about.
pub fn reference_to<K: Kind>(object: &K) -> ObjectReference {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ObjectReference {
        api_version: text(K::API_VERSION),
        kind: text(K::KIND),
        name: text(object.name()),
        namespace: text(object.namespace()),
        uid: text(object.uid()),
        resource_version: text(object.resource_version()),
        field_path: None,
    }
}
