//! One served resource: names, scope, verbs, subresources, strategy and columns.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::convert::ConversionWebhook;
use super::strategy::Strategy;
use crate::api::structural::Structural;
use crate::api::validate::Scope;
use crate::api::{GroupResource, GroupVersion, GroupVersionKind};
use crate::printers::TableDef;

/// What can be asked of a resource, by the names that RBAC and discovery use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The verbs of most resources.
pub const ALL_VERBS: &[Verb] = &[
    Verb::Create,
    Verb::Delete,
    Verb::DeleteCollection,
    Verb::Get,
    Verb::List,
    Verb::Patch,
    Verb::Update,
    Verb::Watch,
];

/// A part of an object, or an action on it, with a path of its own below the object's.
#[derive(Clone)]
pub struct Subresource {
    pub name: Cow<'static, str>,
    /// What bodies are of this kind; the resource's own kind for `status`.
    pub kind: GroupVersionKind,
    /// Empty for connections such as `exec`: discovery then lists `create` and `get`.
    pub verbs: Cow<'static, [Verb]>,
    pub behaviour: SubresourceKind,
}

/// How a subresource is served.
#[derive(Clone)]
pub enum SubresourceKind {
    /// Reads the object, writes only its status.
    Status,
    /// Reads and writes the number of replicas as an `autoscaling/v1` Scale.
    Scale(ScalePaths),
    /// Served by a handler of its own that the endpoints know by name: `log`, `exec`, `binding`, …
    Handler,
}

/// Where a Scale finds its numbers, as paths such as `.spec.replicas`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    pub spec_replicas: Cow<'static, str>,
    pub status_replicas: Cow<'static, str>,
    /// A selector: a string, or a LabelSelector to be written as one.
    pub selector: Option<Cow<'static, str>>,
}

type ReadField = dyn Fn(&Value) -> Cow<'_, str> + Send + Sync;

/// A field that `--field-selector` may name, besides `metadata.name` and `metadata.namespace`.
#[derive(Clone)]
pub struct SelectableField {
    pub name: Cow<'static, str>,
    read: Arc<ReadField>,
}

impl SelectableField {
    /// The text or scalar at a dotted path; what is absent reads as empty.
    pub fn at(path: &'static str) -> Self {
        Self::new(path, move |object| {
            let found = path
                .split('.')
                .fold(object, |value, segment| &value[segment]);
            match found {
                Value::String(text) => Cow::Borrowed(text),
                Value::Null => Cow::Borrowed(""),
                other => Cow::Owned(other.to_string()),
            }
        })
    }

    pub fn new(
        name: impl Into<Cow<'static, str>>,
        read: impl Fn(&Value) -> Cow<'_, str> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            read: Arc::new(read),
        }
    }

    pub fn read<'a>(&self, object: &'a Value) -> Cow<'a, str> {
        (self.read)(object)
    }
}

/// How objects of a version differ from the form they are stored in.
///
/// Bodies are converted before anything looks at them, replies just before they leave: defaulting,
/// strategy, columns and field selectors see stored objects only.
#[derive(Clone)]
pub struct Conversion {
    to_storage: Arc<dyn Fn(Value) -> Value + Send + Sync>,
    from_storage: Arc<ReadStored>,
}

type ReadStored = dyn Fn(&Value) -> Option<Value> + Send + Sync;

impl Conversion {
    /// `from_storage` gives `None` where an object is served as it is stored.
    pub fn new(
        to_storage: impl Fn(Value) -> Value + Send + Sync + 'static,
        from_storage: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        Self {
            to_storage: Arc::new(to_storage),
            from_storage: Arc::new(from_storage),
        }
    }

    pub fn to_storage(&self, object: Value) -> Value {
        (self.to_storage)(object)
    }

    /// The object as it is served; `None` where that is how it is stored.
    pub fn from_storage(&self, object: &Value) -> Option<Value> {
        (self.from_storage)(object)
    }
}

/// What only resources of a CustomResourceDefinition have.
#[derive(Debug)]
pub struct CustomKind {
    pub schema: Structural,
    pub list_kind: String,
    /// Who converts between versions, where they differ in more than their name.
    pub webhook: Option<ConversionWebhook>,
    /// Names the state of the definition that the row was made of.
    pub definition: String,
}

/// Everything the cluster knows about one served resource.
#[derive(Clone)]
pub struct ResourceDef {
    pub group: Cow<'static, str>,
    pub version: Cow<'static, str>,
    pub kind: Cow<'static, str>,
    pub plural: Cow<'static, str>,
    pub singular: Cow<'static, str>,
    pub short_names: Vec<Cow<'static, str>>,
    pub categories: Vec<Cow<'static, str>>,
    pub scope: Scope,
    /// What its CustomResourceDefinition says, where one brought it.
    pub custom: Option<Arc<CustomKind>>,
    pub verbs: Cow<'static, [Verb]>,
    pub subresources: Vec<Subresource>,
    /// Whose objects these are in storage: another resource's where two groups serve the same.
    pub storage: Arc<GroupResource>,
    /// Whether creating one only asks a question, which a handler of the endpoints answers:
    /// nothing is stored.
    pub is_question: bool,
    /// Set where this version is not the stored one.
    pub conversion: Option<Conversion>,
    /// Goes with every reply in a `Warning` header.
    pub deprecation: Option<Cow<'static, str>>,
    pub strategy: Arc<dyn Strategy>,
    pub table: TableDef,
    pub selectable_fields: Vec<SelectableField>,
}

impl ResourceDef {
    /// A namespaced resource with the verbs, names and columns that most have.
    pub fn namespaced(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
        strategy: impl Strategy + 'static,
    ) -> Self {
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_ascii_lowercase().into(),
            short_names: Vec::new(),
            categories: Vec::new(),
            scope: Scope::Namespaced,
            custom: None,
            verbs: ALL_VERBS.into(),
            subresources: Vec::new(),
            storage: Arc::new(GroupResource::new(group, plural)),
            is_question: false,
            conversion: None,
            deprecation: None,
            strategy: Arc::new(strategy),
            table: TableDef::name_and_created_at(),
            selectable_fields: Vec::new(),
        }
    }

    /// Like [`ResourceDef::namespaced`], for objects outside namespaces.
    pub fn cluster(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
        strategy: impl Strategy + 'static,
    ) -> Self {
        Self {
            scope: Scope::Cluster,
            ..Self::namespaced(group, version, kind, plural, strategy)
        }
    }

    pub fn short_names(mut self, names: &[&'static str]) -> Self {
        self.short_names = names.iter().map(|name| Cow::Borrowed(*name)).collect();
        self
    }

    /// Lists the resource under `kubectl get all`.
    pub fn in_all(self) -> Self {
        self.in_category("all")
    }

    /// Lists the resource under `kubectl get CATEGORY`.
    pub fn in_category(mut self, category: &'static str) -> Self {
        self.categories.push(category.into());
        self
    }

    pub fn verbs(mut self, verbs: &'static [Verb]) -> Self {
        self.verbs = verbs.into();
        self
    }

    pub fn table(mut self, table: TableDef) -> Self {
        self.table = table;
        self
    }

    pub fn selectable(mut self, fields: Vec<SelectableField>) -> Self {
        self.selectable_fields = fields;
        self
    }

    /// Lets clients create only, and be answered by a handler of the endpoints.
    pub fn question(mut self) -> Self {
        self.is_question = true;
        self.verbs(&[Verb::Create])
    }

    /// Serves the objects of another resource in another form.
    pub fn stored_as(mut self, storage: GroupResource, conversion: Conversion) -> Self {
        self.storage = Arc::new(storage);
        self.conversion = Some(conversion);
        self
    }

    pub fn deprecated(mut self, warning: &'static str) -> Self {
        self.deprecation = Some(warning.into());
        self
    }

    /// Adds the `status` subresource.
    pub fn with_status(mut self) -> Self {
        self.subresources.push(Subresource {
            name: "status".into(),
            kind: self.group_version_kind(),
            verbs: (&[Verb::Get, Verb::Patch, Verb::Update]).into(),
            behaviour: SubresourceKind::Status,
        });
        self
    }

    /// Adds the `scale` subresource.
    pub fn with_scale(mut self, paths: ScalePaths) -> Self {
        self.subresources.push(Subresource {
            name: "scale".into(),
            kind: GroupVersionKind::new("autoscaling", "v1", "Scale"),
            verbs: (&[Verb::Get, Verb::Patch, Verb::Update]).into(),
            behaviour: SubresourceKind::Scale(paths),
        });
        self
    }

    /// Adds a subresource with a handler of its own.
    pub fn with_subresource(
        mut self,
        name: &'static str,
        kind: GroupVersionKind,
        verbs: &'static [Verb],
    ) -> Self {
        self.subresources.push(Subresource {
            name: name.into(),
            kind,
            verbs: verbs.into(),
            behaviour: SubresourceKind::Handler,
        });
        self
    }

    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    pub fn group_version(&self) -> GroupVersion {
        GroupVersion::new(&self.group, &self.version)
    }

    pub fn group_version_kind(&self) -> GroupVersionKind {
        GroupVersionKind::new(&self.group, &self.version, &self.kind)
    }

    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(&self.group, &self.plural)
    }

    pub fn is_custom(&self) -> bool {
        self.custom.is_some()
    }

    /// Who converts the objects, where it takes a webhook.
    pub fn conversion_webhook(&self) -> Option<&ConversionWebhook> {
        self.custom.as_ref()?.webhook.as_ref()
    }

    /// Whether objects are stored as this row serves them.
    pub fn is_stored_version(&self) -> bool {
        let own = self.group_version().to_string();
        self.conversion_webhook()
            .is_none_or(|webhook| webhook.stored_version == own)
    }

    /// Whether finalizers need no domain: the rule of kinds that Kubernetes' core brings does not
    /// hold for definitions and what they define.
    pub fn takes_any_finalizer(&self) -> bool {
        self.is_custom() || self.group == "apiextensions.k8s.io"
    }

    pub fn list_kind(&self) -> String {
        match &self.custom {
            Some(custom) => custom.list_kind.clone(),
            None => format!("{}List", self.kind),
        }
    }

    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|sub| sub.name == name)
    }
}

impl fmt::Debug for ResourceDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceDef")
            .field("group", &self.group)
            .field("version", &self.version)
            .field("plural", &self.plural)
            .finish_non_exhaustive()
    }
}
