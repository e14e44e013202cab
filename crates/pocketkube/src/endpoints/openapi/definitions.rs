//! The schemas of the built-in types.
//!
//! `k8s-openapi` knows each type's properties and words; the field table adds how patches and
//! server-side apply treat its lists and maps, and what is defaulted. Custom resources bring their
//! own schemas.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use k8s_openapi::Resource;
use k8s_openapi::schemars::generate::SchemaSettings;
use k8s_openapi::schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::metrics;
use crate::api::GroupVersionKind;
use crate::api::schema::{self, Field, ListType, Shape};
use crate::registry::ResourceDef;

pub(super) const REFERENCE_PREFIX: &str = "#/components/schemas/";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const META_PREFIX: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

struct Definitions {
    schemas: BTreeMap<String, Value>,
    names: BTreeMap<GroupVersionKind, String>,
}

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(Definitions::generate);

/// Every definition by its name, as version 3 writes it.
pub(super) fn builtin() -> &'static BTreeMap<String, Value> {
    &DEFINITIONS.schemas
}

/// The definition of a kind: `io.k8s.api.apps.v1.Deployment`.
pub(super) fn type_name(kind: &GroupVersionKind) -> String {
    if let Some(name) = DEFINITIONS.names.get(kind) {
        return name.clone();
    }
    let mut reversed: Vec<&str> = kind.group.split('.').collect();
    reversed.reverse();
    format!("{}.{}.{}", reversed.join("."), kind.version, kind.kind)
}

/// The definitions that a resource's paths name.
pub(super) fn types_of(resource: &ResourceDef) -> Vec<String> {
    let own = type_name(&resource.group_version_kind());
    let mut types = vec![format!("{own}List"), own];
    types.extend(resource.subresources.iter().map(|sub| type_name(&sub.kind)));
    types
}

/// A definition as version 2 writes it.
pub(super) fn for_version_2(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            if let Some([only]) = map
                .get("allOf")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
            {
                let mut flat = for_version_2(only);
                if let (Some(flat), Some(words)) = (flat.as_object_mut(), map.get("description")) {
                    flat.insert("description".to_owned(), words.clone());
                }
                return flat;
            }
            let is_either = map.contains_key("oneOf");
            let mut out = Map::new();
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("oneOf" | "default", _) => {}
                    ("$ref", Value::String(reference)) => {
                        let reference = reference.replace(REFERENCE_PREFIX, "#/definitions/");
                        out.insert(key.clone(), reference.into());
                    }
                    _ => {
                        out.insert(key.clone(), for_version_2(value));
                    }
                }
            }
            if is_either {
                out.insert("type".to_owned(), "string".into());
            }
            Value::Object(out)
        }
        Value::Array(list) => list.iter().map(for_version_2).collect(),
        other => other.clone(),
    }
}

impl Definitions {
    fn generate() -> Self {
        let settings = SchemaSettings::draft07().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.transforms.clear();
        });
        let mut builder = Builder {
            generator: settings.into_generator(),
            names: BTreeMap::new(),
            listable: Vec::new(),
        };
        builder.add_all();
        let mut schemas: BTreeMap<String, Value> = builder
            .generator
            .take_definitions(false)
            .into_iter()
            .map(|(name, schema)| {
                let finished = finish(&name, schema);
                (name, finished)
            })
            .collect();
        schemas.extend(metrics::schemas());
        for (kind, name) in metrics::kinds() {
            builder.listable.push(name.clone());
            builder.names.insert(kind, name);
        }
        for name in &builder.listable {
            schemas.insert(format!("{name}List"), list_of(name));
        }
        schemas.insert(
            format!("{META_PREFIX}Patch"),
            json!({
                "type": "object",
                "description": "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.",
            }),
        );
        for (kind, name) in &builder.names {
            let extension = json!([{
                "group": kind.group, "version": kind.version, "kind": kind.kind,
            }]);
            if let Some(schema) = schemas.get_mut(name) {
                schema["x-kubernetes-group-version-kind"] = extension;
            }
            if let Some(schema) = schemas.get_mut(&format!("{name}List")) {
                schema["x-kubernetes-group-version-kind"] = json!([{
                    "group": kind.group, "version": kind.version,
                    "kind": format!("{}List", kind.kind),
                }]);
            }
        }
        Self {
            schemas,
            names: builder.names,
        }
    }
}

struct Builder {
    generator: SchemaGenerator,
    names: BTreeMap<GroupVersionKind, String>,
    listable: Vec<String>,
}

impl Builder {
    fn kind<T: Resource + JsonSchema>(&mut self) {
        self.generator.subschema_for::<T>();
        let kind = GroupVersionKind::new(T::GROUP, T::VERSION, T::KIND);
        self.names.insert(kind, T::schema_name().into_owned());
    }

    fn listable<T: Resource + JsonSchema>(&mut self) {
        self.kind::<T>();
        self.listable.push(T::schema_name().into_owned());
    }

    /// One row a kind.
    fn add_all(&mut self) {
        use k8s_openapi::api::{
            admissionregistration, apps, authentication, authorization, autoscaling, batch,
            certificates, coordination, core, discovery, events, flowcontrol, networking, node,
            policy, rbac, scheduling, storage,
        };
        use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
        use k8s_openapi::apimachinery::pkg::apis::meta;
        use k8s_openapi::kube_aggregator::pkg::apis::apiregistration;

        self.generator.subschema_for::<meta::v1::ListMeta>();
        self.generator.subschema_for::<meta::v1::DeleteOptions>();
        self.generator.subschema_for::<meta::v1::Status>();
        self.generator.subschema_for::<meta::v1::APIResourceList>();
        self.generator
            .subschema_for::<meta::v1::WatchEvent<core::v1::Pod>>();

        self.listable::<core::v1::ComponentStatus>();
        self.listable::<core::v1::ConfigMap>();
        self.listable::<core::v1::Endpoints>();
        self.listable::<core::v1::Event>();
        self.listable::<core::v1::LimitRange>();
        self.listable::<core::v1::Namespace>();
        self.listable::<core::v1::Node>();
        self.listable::<core::v1::PersistentVolume>();
        self.listable::<core::v1::PersistentVolumeClaim>();
        self.listable::<core::v1::Pod>();
        self.listable::<core::v1::PodTemplate>();
        self.listable::<core::v1::ReplicationController>();
        self.listable::<core::v1::ResourceQuota>();
        self.listable::<core::v1::Secret>();
        self.listable::<core::v1::Service>();
        self.listable::<core::v1::ServiceAccount>();
        self.kind::<core::v1::Binding>();
        self.listable::<apps::v1::ControllerRevision>();
        self.listable::<apps::v1::DaemonSet>();
        self.listable::<apps::v1::Deployment>();
        self.listable::<apps::v1::ReplicaSet>();
        self.listable::<apps::v1::StatefulSet>();
        self.listable::<batch::v1::CronJob>();
        self.listable::<batch::v1::Job>();
        self.listable::<autoscaling::v1::HorizontalPodAutoscaler>();
        self.listable::<autoscaling::v2::HorizontalPodAutoscaler>();
        self.kind::<autoscaling::v1::Scale>();
        self.listable::<policy::v1::PodDisruptionBudget>();
        self.kind::<policy::v1::Eviction>();
        self.listable::<networking::v1::Ingress>();
        self.listable::<networking::v1::IngressClass>();
        self.listable::<networking::v1::NetworkPolicy>();
        self.listable::<discovery::v1::EndpointSlice>();
        self.listable::<events::v1::Event>();
        self.listable::<rbac::v1::ClusterRole>();
        self.listable::<rbac::v1::ClusterRoleBinding>();
        self.listable::<rbac::v1::Role>();
        self.listable::<rbac::v1::RoleBinding>();
        self.kind::<authentication::v1::SelfSubjectReview>();
        self.kind::<authentication::v1::TokenRequest>();
        self.kind::<authentication::v1::TokenReview>();
        self.kind::<authorization::v1::LocalSubjectAccessReview>();
        self.kind::<authorization::v1::SelfSubjectAccessReview>();
        self.kind::<authorization::v1::SelfSubjectRulesReview>();
        self.kind::<authorization::v1::SubjectAccessReview>();
        self.listable::<certificates::v1::CertificateSigningRequest>();
        self.listable::<coordination::v1::Lease>();
        self.listable::<scheduling::v1::PriorityClass>();
        self.listable::<storage::v1::CSIDriver>();
        self.listable::<storage::v1::CSINode>();
        self.listable::<storage::v1::CSIStorageCapacity>();
        self.listable::<storage::v1::StorageClass>();
        self.listable::<storage::v1::VolumeAttachment>();
        self.listable::<storage::v1::VolumeAttributesClass>();
        self.listable::<node::v1::RuntimeClass>();
        self.listable::<flowcontrol::v1::FlowSchema>();
        self.listable::<flowcontrol::v1::PriorityLevelConfiguration>();
        self.listable::<admissionregistration::v1::MutatingWebhookConfiguration>();
        self.listable::<admissionregistration::v1::ValidatingAdmissionPolicy>();
        self.listable::<admissionregistration::v1::ValidatingAdmissionPolicyBinding>();
        self.listable::<admissionregistration::v1::ValidatingWebhookConfiguration>();
        self.listable::<apiextensions::v1::CustomResourceDefinition>();
        self.listable::<apiregistration::v1::APIService>();
    }
}

pub(super) fn list_of(name: &str) -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let kind = name.rsplit('.').next().unwrap_or(name);
    json!({
        "type": "object",
        "description": format!("{kind}List is a list of {kind} objects."),
        "required": ["items"],
        "properties": {
            "apiVersion": text("APIVersion defines the versioned schema of this representation of an object."),
            "kind": text("Kind is a string value representing the REST resource this object represents."),
            "items": {
                "type": "array",
                "description": "Items is the list of objects.",
                "items": {"$ref": format!("{REFERENCE_PREFIX}{name}")},
            },
            "metadata": {
                "description": "Standard list metadata.",
                "allOf": [{"$ref": format!("{REFERENCE_PREFIX}{LIST_META}")}],
            },
        },
    })
}

/// Joins a type's schema with what the field table knows of it.
fn finish(name: &str, mut schema: Value) -> Value {
    match name.rsplit('.').next() {
        Some("Quantity") => return either(schema, "quantity", &["string", "number"]),
        Some("IntOrString") => return either(schema, "int-or-string", &["integer", "string"]),
        _ => {}
    }
    let message = name.strip_prefix("io.k8s.").and_then(schema::message);
    if let Some(properties) = schema["properties"].as_object_mut() {
        for (property, schema) in properties {
            if let Some(field) = message.and_then(|message| message.field(property)) {
                add_extensions(schema, field);
            }
            wrap_reference(schema);
        }
    }
    // Upstream's types require only what their validation does; metadata may always be absent.
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|field| field != "metadata");
    }
    if schema["required"].as_array().is_some_and(Vec::is_empty)
        && let Some(schema) = schema.as_object_mut()
    {
        schema.remove("required");
    }
    schema
}

/// Something that JSON writes in two ways.
fn either(mut schema: Value, format: &str, types: &[&str]) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("x-kubernetes-int-or-string");
        schema.remove("type");
        if format == "int-or-string" {
            schema.insert("format".to_owned(), format.into());
        }
        let types = types.iter().map(|name| json!({"type": name})).collect();
        schema.insert("oneOf".to_owned(), types);
    }
    schema
}

fn add_extensions(schema: &mut Value, field: &Field) {
    let strategy = match (field.patch_strategy.merge, field.patch_strategy.retain_keys) {
        (true, true) => "merge,retainKeys",
        (true, false) => "merge",
        (false, true) => "retainKeys",
        (false, false) => "",
    };
    if !strategy.is_empty() {
        schema["x-kubernetes-patch-strategy"] = json!(strategy);
    }
    if let Some(key) = field.patch_merge_key {
        schema["x-kubernetes-patch-merge-key"] = json!(key);
    }
    if let Some(list_type) = field.list_type {
        schema["x-kubernetes-list-type"] = json!(match list_type {
            ListType::Atomic => "atomic",
            ListType::Set => "set",
            ListType::Map => "map",
        });
    }
    if !field.list_map_keys.is_empty() {
        schema["x-kubernetes-list-map-keys"] = json!(field.list_map_keys);
    }
    if field.map_is_atomic && field.shape != Shape::List {
        schema["x-kubernetes-map-type"] = json!("atomic");
    }
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
}

/// A reference may have no words beside it, so they stand round it.
fn wrap_reference(schema: &mut Value) {
    if let Some(map) = schema.as_object_mut()
        && map.len() > 1
        && let Some(reference) = map.remove("$ref")
    {
        map.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::built_in_resources;

    #[test]
    fn definitions_carry_kind_words_and_patch_rules() {
        let deployment = &builtin()["io.k8s.api.apps.v1.Deployment"];
        assert_eq!(
            deployment["x-kubernetes-group-version-kind"],
            json!([{"group": "apps", "version": "v1", "kind": "Deployment"}])
        );
        let containers = &builtin()["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
        assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
        assert_eq!(containers["x-kubernetes-list-type"], "map");
        assert!(
            containers["description"]
                .as_str()
                .is_some_and(|words| !words.is_empty())
        );
    }

    #[test]
    fn no_reference_leads_nowhere() {
        fn check(schema: &Value) {
            match schema {
                Value::Object(map) => {
                    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                        let name = reference
                            .strip_prefix(REFERENCE_PREFIX)
                            .unwrap_or(reference);
                        assert!(builtin().contains_key(name), "{reference}");
                    }
                    map.values().for_each(check);
                }
                Value::Array(list) => list.iter().for_each(check),
                _ => {}
            }
        }
        builtin().values().for_each(check);
    }

    #[test]
    fn every_kind_that_is_served_can_be_explained() {
        let served = built_in_resources();
        let kinds = served.iter().map(|resource| resource.group_version_kind());
        let missing: Vec<String> = kinds
            .filter(|kind| !DEFINITIONS.names.contains_key(kind))
            .map(|kind| format!("{} {}", kind.group, kind.kind))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
