//! One definition, many rows: one a served version.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::Value;

use super::{columns, conversion, strategy::CustomStrategy};
use crate::api::gvk::version_priority;
use crate::api::structural::{Structural, field_path};
use crate::api::tree::{elements, strings, text};
use crate::api::validate::Scope;
use crate::api::{GroupResource, GroupVersionKind, meta};
use crate::registry::{
    ALL_VERBS, ConversionWebhook, CustomKind, ResourceDef, ScalePaths, SelectableField,
    Subresource, SubresourceKind, Verb,
};

/// What may still be done while a definition is being deleted.
const TERMINATING_VERBS: &[Verb] = &[
    Verb::Delete,
    Verb::DeleteCollection,
    Verb::Get,
    Verb::List,
    Verb::Patch,
    Verb::Update,
    Verb::Watch,
];

/// Names the state of a definition that rows depend on.
pub(super) fn state(definition: &Value) -> String {
    let names = &definition["status"]["acceptedNames"];
    let end = meta::is_terminating(definition);
    let generation = meta::generation(definition);
    format!("{}/{generation}/{end}/{names}", meta::uid(definition))
}

pub(super) fn of(definition: &Value) -> Vec<ResourceDef> {
    let versions = elements(&definition["spec"]["versions"]).iter();
    versions
        .filter(|version| version["served"] == true)
        .map(|version| row(definition, version))
        .collect()
}

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

fn row(definition: &Value, version: &Value) -> ResourceDef {
    let spec = &definition["spec"];
    let names = match &definition["status"]["acceptedNames"] {
        accepted @ Value::Object(_) if !text(accepted, "plural").is_empty() => accepted,
        _ => &spec["names"],
    };
    let (group, name) = (text(spec, "group"), text(version, "name"));
    let schema = Structural::new(version["schema"]["openAPIV3Schema"].clone());
    let custom = Arc::new(CustomKind {
        schema,
        list_kind: text(names, "listKind").to_owned(),
        webhook: webhook(spec),
        definition: state(definition),
    });
    let subresources = subresources(group, name, text(names, "kind"), &version["subresources"]);
    let has_status = subresources.iter().any(|sub| sub.name == "status");
    let scale = subresources.iter().find_map(|sub| match &sub.behaviour {
        SubresourceKind::Scale(paths) => Some(paths.clone()),
        _ => None,
    });
    let list = |field: &str| strings(&names[field]).map(owned).collect();
    let verbs = match meta::is_terminating(definition) {
        true => TERMINATING_VERBS,
        false => ALL_VERBS,
    };
    ResourceDef {
        group: owned(group),
        version: owned(name),
        kind: owned(text(names, "kind")),
        plural: owned(text(names, "plural")),
        singular: owned(text(names, "singular")),
        short_names: list("shortNames"),
        categories: list("categories"),
        scope: match text(spec, "scope") {
            "Cluster" => Scope::Cluster,
            _ => Scope::Namespaced,
        },
        verbs: verbs.into(),
        subresources,
        storage: Arc::new(GroupResource::new(group, text(names, "plural"))),
        is_question: false,
        // Where a webhook converts, the registry asks it.
        conversion: custom.webhook.is_none().then(|| {
            conversion::between_versions(group, name, storage_version(spec), custom.clone())
        }),
        deprecation: deprecation(spec, version),
        table: columns::table(elements(&version["additionalPrinterColumns"])),
        selectable_fields: selectable_fields(version),
        strategy: Arc::new(CustomStrategy {
            custom: custom.clone(),
            has_status,
            scale,
        }),
        custom: Some(custom),
    }
}

/// Who converts, where the definition names a webhook.
fn webhook(spec: &Value) -> Option<ConversionWebhook> {
    let conversion = &spec["conversion"];
    if text(conversion, "strategy") != "Webhook" {
        return None;
    }
    let webhook = &conversion["webhook"];
    let versions = strings(&webhook["conversionReviewVersions"]);
    Some(ConversionWebhook {
        client_config: webhook["clientConfig"].clone(),
        review_versions: versions.map(str::to_owned).collect(),
        stored_version: format!("{}/{}", text(spec, "group"), storage_version(spec)),
    })
}

fn storage_version(spec: &Value) -> &str {
    let mut versions = elements(&spec["versions"]).iter();
    versions
        .find(|version| version["storage"] == true)
        .map_or("", |version| text(version, "name"))
}

fn subresources(group: &str, version: &str, kind: &str, spec: &Value) -> Vec<Subresource> {
    const VERBS: &[Verb] = &[Verb::Get, Verb::Patch, Verb::Update];
    let mut subresources = Vec::new();
    if spec["status"].is_object() {
        subresources.push(Subresource {
            name: "status".into(),
            kind: GroupVersionKind::new(group, version, kind),
            verbs: VERBS.into(),
            behaviour: SubresourceKind::Status,
        });
    }
    let scale = &spec["scale"];
    if scale.is_object() {
        let selector = text(scale, "labelSelectorPath");
        subresources.push(Subresource {
            name: "scale".into(),
            kind: GroupVersionKind::new("autoscaling", "v1", "Scale"),
            verbs: VERBS.into(),
            behaviour: SubresourceKind::Scale(ScalePaths {
                spec_replicas: owned(text(scale, "specReplicasPath")),
                status_replicas: owned(text(scale, "statusReplicasPath")),
                selector: (!selector.is_empty()).then(|| owned(selector)),
            }),
        });
    }
    subresources
}

fn selectable_fields(version: &Value) -> Vec<SelectableField> {
    let fields = elements(&version["selectableFields"]).iter();
    fields
        .map(|field| {
            let path = field_path(text(field, "jsonPath"));
            SelectableField::new(path.join("."), move |object| {
                let found = path.iter().fold(object, |value, segment| &value[segment]);
                match found {
                    Value::String(text) => Cow::Borrowed(text.as_str()),
                    Value::Null => Cow::Borrowed(""),
                    other => Cow::Owned(other.to_string()),
                }
            })
        })
        .collect()
}

/// The warning that goes with a deprecated version.
///
/// Mirrors `defaultDeprecationWarning` in `apiextensions-apiserver/pkg/apiserver`.
fn deprecation(spec: &Value, version: &Value) -> Option<Cow<'static, str>> {
    if version["deprecated"] != true {
        return None;
    }
    let own = text(version, "deprecationWarning");
    if !own.is_empty() {
        return Some(owned(own));
    }
    let (group, kind) = (text(spec, "group"), text(&spec["names"], "kind"));
    let name = text(version, "name");
    let mut better: Vec<&str> = elements(&spec["versions"])
        .iter()
        .filter(|other| other["served"] == true && other["deprecated"] != true)
        .map(|other| text(other, "name"))
        .filter(|other| version_priority(other) > version_priority(name))
        .collect();
    better.sort_by_cached_key(|version| Reverse(version_priority(version)));
    let advice = match better.first() {
        Some(better) => format!("; use {group}/{better} {kind}"),
        None => String::new(),
    };
    Some(format!("{group}/{name} {kind} is deprecated{advice}").into())
}
