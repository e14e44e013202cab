//! The paths of a document: which operations a resource has and what parameters they take.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::definitions;
use crate::registry::{ResourceDef, Verb};

/// Types that operations name whatever their resource.
pub(super) const SHARED_TYPES: &[&str] = &[
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList",
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
    "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
];

/// Which OpenAPI a document is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Two,
    Three,
}

/// The paths of all resources.
pub(super) fn paths(resources: &[Arc<ResourceDef>], version: Version) -> Map<String, Value> {
    let mut paths = Map::new();
    for resource in resources {
        add_resource(&mut paths, resource, version);
    }
    paths
}

fn add_resource(paths: &mut Map<String, Value>, resource: &ResourceDef, version: Version) {
    let root = if resource.group.is_empty() {
        format!("/api/{}", resource.version)
    } else {
        format!("/apis/{}/{}", resource.group, resource.version)
    };
    let collection = if resource.is_namespaced() {
        let everywhere = format!("{root}/{}", resource.plural);
        let item = path_item(resource, "", &[Verb::List], false, version);
        paths.insert(everywhere, item);
        format!("{root}/namespaces/{{namespace}}/{}", resource.plural)
    } else {
        format!("{root}/{}", resource.plural)
    };
    let on_collection = [Verb::List, Verb::Create, Verb::DeleteCollection];
    let item = path_item(
        resource,
        "",
        &on_collection,
        resource.is_namespaced(),
        version,
    );
    paths.insert(collection.clone(), item);
    let on_object = [Verb::Get, Verb::Update, Verb::Patch, Verb::Delete];
    let object = format!("{collection}/{{name}}");
    let item = path_item(resource, "", &on_object, resource.is_namespaced(), version);
    paths.insert(object.clone(), item);
    for subresource in &resource.subresources {
        let verbs: Vec<Verb> = match subresource.verbs.as_ref() {
            [] => vec![Verb::Get, Verb::Create],
            verbs => verbs.to_vec(),
        };
        let item = path_item(
            resource,
            &subresource.name,
            &verbs,
            resource.is_namespaced(),
            version,
        );
        paths.insert(format!("{object}/{}", subresource.name), item);
    }
}

fn path_item(
    resource: &ResourceDef,
    subresource: &str,
    verbs: &[Verb],
    in_namespace: bool,
    version: Version,
) -> Value {
    let mut item = Map::new();
    let supported = match resource.subresource(subresource) {
        Some(_) => verbs.to_vec(),
        None => verbs
            .iter()
            .copied()
            .filter(|verb| resource.verbs.contains(verb))
            .collect(),
    };
    for verb in supported {
        item.insert(
            method(verb).to_owned(),
            operation(resource, subresource, verb, version),
        );
    }
    let names_object = !subresource.is_empty()
        || verbs
            .iter()
            .any(|verb| matches!(verb, Verb::Get | Verb::Update | Verb::Patch | Verb::Delete));
    let mut parameters = Vec::new();
    if names_object {
        parameters.push(parameter("name", "path", "string", version));
    }
    if in_namespace {
        parameters.push(parameter("namespace", "path", "string", version));
    }
    parameters.push(parameter("pretty", "query", "string", version));
    item.insert("parameters".to_owned(), parameters.into());
    Value::Object(item)
}

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "post",
        Verb::Update => "put",
        Verb::Patch => "patch",
        Verb::Delete | Verb::DeleteCollection => "delete",
        Verb::Get | Verb::List | Verb::Watch => "get",
    }
}

fn operation(resource: &ResourceDef, subresource: &str, verb: Verb, version: Version) -> Value {
    let kind = match resource.subresource(subresource) {
        Some(subresource) => subresource.kind.clone(),
        None => resource.group_version_kind(),
    };
    let type_name = definitions::type_name(&kind);
    let answer = match verb {
        Verb::List => format!("{type_name}List"),
        Verb::Delete | Verb::DeleteCollection => SHARED_TYPES[2].to_owned(),
        _ => type_name.clone(),
    };
    let body = match verb {
        Verb::Create | Verb::Update => Some(type_name.as_str()),
        Verb::Patch => Some(SHARED_TYPES[4]),
        Verb::Delete | Verb::DeleteCollection => Some(SHARED_TYPES[1]),
        _ => None,
    };
    let mut parameters: Vec<Value> = query_parameters(verb)
        .iter()
        .map(|(name, kind)| parameter(name, "query", kind, version))
        .collect();
    let mut operation = json!({
        "description": description(resource, subresource, verb),
        "operationId": operation_id(resource, subresource, verb),
        "responses": {"200": response(&answer, version), "401": {"description": "Unauthorized"}},
        "x-kubernetes-action": action(verb),
        "x-kubernetes-group-version-kind": {
            "group": kind.group, "version": kind.version, "kind": kind.kind,
        },
    });
    match (body, version) {
        (Some(body), Version::Three) => {
            operation["requestBody"] = json!({
                "required": matches!(verb, Verb::Create | Verb::Update | Verb::Patch),
                "content": content(body),
            });
        }
        (Some(body), Version::Two) => {
            parameters.push(json!({
                "name": "body", "in": "body", "required": verb != Verb::Delete,
                "schema": {"$ref": format!("#/definitions/{body}")},
            }));
        }
        (None, _) => {}
    }
    operation["parameters"] = parameters.into();
    operation
}

fn action(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "post",
        Verb::Update => "put",
        other => other.as_str(),
    }
}

fn query_parameters(verb: Verb) -> &'static [(&'static str, &'static str)] {
    match verb {
        Verb::Create | Verb::Update => &[
            ("dryRun", "string"),
            ("fieldManager", "string"),
            ("fieldValidation", "string"),
        ],
        Verb::Patch => &[
            ("dryRun", "string"),
            ("fieldManager", "string"),
            ("fieldValidation", "string"),
            ("force", "boolean"),
        ],
        Verb::Delete => &[
            ("dryRun", "string"),
            ("gracePeriodSeconds", "integer"),
            ("orphanDependents", "boolean"),
            ("propagationPolicy", "string"),
        ],
        Verb::List | Verb::DeleteCollection | Verb::Watch => &[
            ("allowWatchBookmarks", "boolean"),
            ("continue", "string"),
            ("fieldSelector", "string"),
            ("labelSelector", "string"),
            ("limit", "integer"),
            ("resourceVersion", "string"),
            ("resourceVersionMatch", "string"),
            ("sendInitialEvents", "boolean"),
            ("timeoutSeconds", "integer"),
            ("watch", "boolean"),
        ],
        Verb::Get => &[],
    }
}

fn parameter(name: &str, place: &str, kind: &str, version: Version) -> Value {
    let mut parameter = json!({"name": name, "in": place});
    if place == "path" {
        parameter["required"] = json!(true);
    }
    match version {
        Version::Three => parameter["schema"] = json!({"type": kind, "uniqueItems": true}),
        Version::Two => {
            parameter["type"] = json!(kind);
            parameter["uniqueItems"] = json!(true);
        }
    }
    parameter
}

fn content(type_name: &str) -> Value {
    let schema = json!({"$ref": format!("{}{type_name}", definitions::REFERENCE_PREFIX)});
    json!({"application/json": {"schema": schema}})
}

fn response(type_name: &str, version: Version) -> Value {
    match version {
        Version::Three => json!({"description": "OK", "content": content(type_name)}),
        Version::Two => json!({
            "description": "OK",
            "schema": {"$ref": format!("#/definitions/{type_name}")},
        }),
    }
}

fn description(resource: &ResourceDef, subresource: &str, verb: Verb) -> String {
    let of = if subresource.is_empty() {
        resource.kind.to_string()
    } else {
        format!("{subresource} of {}", resource.kind)
    };
    match verb {
        Verb::List => format!("list or watch objects of kind {of}"),
        Verb::Get => format!("read the specified {of}"),
        Verb::Create => format!("create a {of}"),
        Verb::Update => format!("replace the specified {of}"),
        Verb::Patch => format!("partially update the specified {of}"),
        Verb::Delete => format!("delete a {of}"),
        Verb::DeleteCollection => format!("delete collection of {of}"),
        Verb::Watch => format!("watch changes to {of}"),
    }
}

fn operation_id(resource: &ResourceDef, subresource: &str, verb: Verb) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
            None => String::new(),
        }
    };
    let group = match resource.group.split('.').next() {
        None | Some("") => "core".to_owned(),
        Some(group) => group.to_owned(),
    };
    let verb = match verb {
        Verb::Get => "read",
        Verb::Update => "replace",
        other => other.as_str(),
    };
    let scope = if resource.is_namespaced() {
        "Namespaced"
    } else {
        ""
    };
    format!(
        "{verb}{}{}{scope}{}{}",
        capital(&group),
        capital(&resource.version),
        resource.kind,
        capital(subresource)
    )
}
