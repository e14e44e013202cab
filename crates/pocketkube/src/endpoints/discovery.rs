//! Discovery: which groups, versions and resources are served, in the aggregated and the old form.
//!
//! Both forms are read off the resource table at every request, so that a
//! CustomResourceDefinition is seen at once. Mirrors `apiserver/pkg/endpoints/discovery` (v1.35).

use std::sync::Arc;

use axum::body::Body;
use http::header::{ACCEPT, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderValue, Request as HttpRequest, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ApiServer, respond};
use crate::api::gvk::version_priority;
use crate::api::{GroupVersion, StatusError};
use crate::registry::{ResourceDef, Subresource, SubresourceKind, Verb};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Groups in the order in which kubectl prefers them; others follow by name.
///
/// Mirrors the priorities in `pkg/controlplane/apiserver/aggregator.go`.
const GROUP_ORDER: &[&str] = &[
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];

/// The aggregated documents of the table's present edition.
#[derive(Default)]
pub(super) struct DiscoveryCache {
    documents: Mutex<Option<(u64, Arc<Documents>)>>,
}

struct Documents {
    core: Document,
    groups: Document,
}

struct Document {
    body: bytes::Bytes,
    etag: HeaderValue,
}

/// Serves `/api…` and `/apis…`.
pub(super) fn serve(
    server: &ApiServer,
    segments: &[&str],
    request: &HttpRequest<Body>,
) -> Result<Response<Body>, StatusError> {
    match segments {
        ["api" | "apis"] if wants_aggregated(request) => {
            Ok(aggregated(server, segments[0], request))
        }
        ["api"] => Ok(json_ok(&json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }))),
        ["apis"] => Ok(json_ok(&json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": groups(server).iter().map(|(name, versions)| group(name, versions)).collect::<Vec<_>>(),
        }))),
        ["apis", name] => {
            let groups = groups(server);
            let (name, versions) = groups
                .iter()
                .find(|(group, _)| group == name)
                .ok_or_else(StatusError::no_such_path)?;
            let mut group = group(name, versions);
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            Ok(json_ok(&group))
        }
        ["api", version] => resource_list(server, "", version),
        ["apis", group, version] => resource_list(server, group, version),
        _ => Err(StatusError::no_such_path()),
    }
}

fn json_ok(value: &Value) -> Response<Body> {
    respond::json_value(StatusCode::OK, value)
}

fn wants_aggregated(request: &HttpRequest<Body>) -> bool {
    request
        .headers()
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .next()
        .is_some_and(|clause| {
            let has = |parameter: &str| clause.split(';').any(|part| part.trim() == parameter);
            has("g=apidiscovery.k8s.io") && has("v=v2") && has("as=APIGroupDiscoveryList")
        })
}

// === What is served ===

/// Every group and version, core first, groups in kubectl's order, newest version first.
pub(super) fn group_versions(server: &ApiServer) -> Vec<GroupVersion> {
    let mut all: Vec<GroupVersion> = server
        .registry()
        .resources()
        .all()
        .iter()
        .map(|resource| resource.group_version())
        .collect();
    all.sort_by_cached_key(|group_version| {
        let rank = GROUP_ORDER
            .iter()
            .position(|group| *group == group_version.group)
            .unwrap_or(GROUP_ORDER.len());
        (
            rank,
            group_version.group.clone(),
            std::cmp::Reverse(version_priority(&group_version.version)),
        )
    });
    all.dedup();
    all
}

fn groups(server: &ApiServer) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for group_version in group_versions(server) {
        if group_version.group.is_empty() {
            continue;
        }
        match groups.last_mut() {
            Some((group, versions)) if *group == group_version.group => {
                versions.push(group_version.version);
            }
            _ => groups.push((group_version.group, vec![group_version.version])),
        }
    }
    groups
}

fn resources_of(server: &ApiServer, group: &str, version: &str) -> Vec<Arc<ResourceDef>> {
    let mut resources = server.registry().resources().all();
    resources.retain(|resource| resource.group == group && resource.version == version);
    resources
}

/// Verbs as discovery lists them; a connection may be opened with POST or GET.
fn subresource_verbs(subresource: &Subresource) -> Vec<&'static str> {
    if subresource.verbs.is_empty() {
        return vec!["create", "get"];
    }
    let mut verbs: Vec<_> = subresource.verbs.iter().map(|verb| verb.as_str()).collect();
    verbs.sort_unstable();
    verbs
}

const CUSTOM_VERBS: &[Verb] = &[
    Verb::Delete,
    Verb::DeleteCollection,
    Verb::Get,
    Verb::List,
    Verb::Patch,
    Verb::Create,
    Verb::Update,
    Verb::Watch,
];

fn resource_verbs(resource: &ResourceDef) -> Vec<&'static str> {
    if resource.is_custom() {
        // Custom resources are listed in an order of their own.
        return CUSTOM_VERBS
            .iter()
            .filter(|verb| resource.verbs.contains(verb))
            .map(|verb| verb.as_str())
            .collect();
    }
    let mut verbs: Vec<_> = resource.verbs.iter().map(|verb| verb.as_str()).collect();
    verbs.sort_unstable();
    verbs
}

// === The old form ===

fn group(name: &str, versions: &[String]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions[0]})
}

fn resource_list(
    server: &ApiServer,
    group: &str,
    version: &str,
) -> Result<Response<Body>, StatusError> {
    let defs = resources_of(server, group, version);
    if defs.is_empty() {
        return Err(StatusError::no_such_path());
    }
    let mut resources = Vec::new();
    for def in &defs {
        let mut resource = json!({
            "name": def.plural, "singularName": def.singular, "namespaced": def.is_namespaced(),
            "kind": def.kind, "verbs": resource_verbs(def),
        });
        if !def.short_names.is_empty() {
            resource["shortNames"] = json!(def.short_names);
        }
        if !def.categories.is_empty() {
            resource["categories"] = json!(def.categories);
        }
        resource["storageVersionHash"] = json!(storage_version_hash(def));
        resources.push(resource);
        for subresource in &def.subresources {
            let mut entry = json!({
                "name": format!("{}/{}", def.plural, subresource.name), "singularName": "",
                "namespaced": def.is_namespaced(), "kind": subresource.kind.kind,
                "verbs": subresource_verbs(subresource),
            });
            if is_foreign(def, subresource) {
                entry["group"] = json!(subresource.kind.group);
                entry["version"] = json!(subresource.kind.version);
            }
            resources.push(entry);
        }
    }
    resources.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    Ok(json_ok(&json!({
        "kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": GroupVersion::new(group, version).to_string(),
        "resources": resources,
    })))
}

/// Whether a subresource's bodies are of another group or version than the resource.
fn is_foreign(def: &ResourceDef, subresource: &Subresource) -> bool {
    !matches!(subresource.behaviour, SubresourceKind::Status)
        && (subresource.kind.group != def.group || subresource.kind.version != def.version)
}

fn storage_version_hash(def: &ResourceDef) -> String {
    use base64::Engine;
    let name = format!("{}/{}/{}", def.group, def.version, def.kind);
    base64::engine::general_purpose::STANDARD.encode(&Sha256::digest(name)[..8])
}

// === The aggregated form ===

fn aggregated(server: &ApiServer, root: &str, request: &HttpRequest<Body>) -> Response<Body> {
    let documents = server.discovery().documents(server);
    let document = match root {
        "api" => &documents.core,
        _ => &documents.groups,
    };
    let is_known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|etag| etag == document.etag);
    let mut response = if is_known {
        respond::typed_response(StatusCode::NOT_MODIFIED, AGGREGATED, bytes::Bytes::new())
    } else {
        respond::typed_response(StatusCode::OK, AGGREGATED, document.body.clone())
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, document.etag.clone());
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    response
}

impl DiscoveryCache {
    fn documents(&self, server: &ApiServer) -> Arc<Documents> {
        let edition = server.registry().resources().edition();
        let mut cached = self.documents.lock();
        if let Some((of, documents)) = cached.as_ref()
            && *of == edition
        {
            return documents.clone();
        }
        let (core, groups): (Vec<_>, Vec<_>) = group_versions(server)
            .into_iter()
            .partition(|group_version| group_version.group.is_empty());
        let documents = Arc::new(Documents {
            core: document(server, &core),
            groups: document(server, &groups),
        });
        *cached = Some((edition, documents.clone()));
        documents
    }
}

fn document(server: &ApiServer, group_versions: &[GroupVersion]) -> Document {
    let mut items: Vec<Value> = Vec::new();
    for GroupVersion { group, version } in group_versions {
        let resources: Vec<Value> = resources_of(server, group, version)
            .iter()
            .map(|def| aggregated_resource(def))
            .collect();
        let version = json!({
            "version": version, "resources": resources, "freshness": "Current",
        });
        let is_same = items
            .last()
            .is_some_and(|item| item["metadata"]["name"].as_str().unwrap_or_default() == group);
        match items.last_mut() {
            Some(item) if is_same => {
                if let Some(versions) = item["versions"].as_array_mut() {
                    versions.push(version);
                }
            }
            _ => {
                let metadata = if group.is_empty() {
                    json!({})
                } else {
                    json!({"name": group})
                };
                items.push(json!({"metadata": metadata, "versions": [version]}));
            }
        }
    }
    let body = respond::encode(&json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {}, "items": items,
    }));
    let digest = Sha256::digest(&body);
    let etag: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    Document {
        body,
        etag: HeaderValue::from_str(&format!("\"{etag}\"")).expect("hexadecimal digits are ASCII"),
    }
}

fn aggregated_resource(def: &ResourceDef) -> Value {
    let kind = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut resource = json!({
        "resource": def.plural,
        "responseKind": kind(&def.group, &def.version, &def.kind),
        "scope": if def.is_namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": def.singular,
        "verbs": resource_verbs(def),
    });
    if !def.short_names.is_empty() {
        resource["shortNames"] = json!(def.short_names);
    }
    if !def.categories.is_empty() {
        resource["categories"] = json!(def.categories);
    }
    let mut subresources: Vec<Value> = def
        .subresources
        .iter()
        .map(|subresource| {
            let gvk = &subresource.kind;
            json!({
                "subresource": subresource.name,
                "responseKind": kind(&gvk.group, &gvk.version, &gvk.kind),
                "verbs": subresource_verbs(subresource),
            })
        })
        .collect();
    if !subresources.is_empty() {
        subresources.sort_by(|a, b| a["subresource"].as_str().cmp(&b["subresource"].as_str()));
        resource["subresources"] = json!(subresources);
    }
    resource
}
