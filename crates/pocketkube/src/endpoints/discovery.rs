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

use super::group_versions::{self, Parts, Resources, resources_of};
use super::{ApiServer, remote_discovery, respond};
use crate::api::{GroupVersion, StatusError};
use crate::registry::{ResourceDef, Subresource, SubresourceKind, Verb};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// How often the table has changed, and what other servers offer.
type Edition = (u64, u64);

/// The aggregated documents of the present editions of the table and of what other servers offer,
/// and what they are made of.
#[derive(Default)]
pub(super) struct DiscoveryCache {
    documents: Mutex<Option<(Edition, Arc<Documents>)>>,
    versions: Parts<Arc<str>>,
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

fn groups(server: &ApiServer) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (group_version, _) in group_versions::offered(server) {
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
        let remote = server.outbound().remote_versions();
        let edition = (server.registry().resources().edition(), remote.edition());
        let mut cached = self.documents.lock();
        if let Some((of, documents)) = cached.as_ref()
            && *of == edition
        {
            return documents.clone();
        }
        let served = group_versions::offered(server);
        let is_served = |name: &str| served.iter().any(|(own, _)| own.to_string() == name);
        self.versions.retain(is_served);
        let versions = served.iter().map(|(group_version, resources)| {
            let make = |resources: &Resources| version(&group_version.version, resources);
            let name = group_version.to_string();
            if let Some(other) = remote.get(group_version) {
                let text = remote_discovery::version(group_version, &other).to_string();
                return (group_version, text.into());
            }
            (group_version, self.versions.get(&name, resources, make))
        });
        let (core, groups): (Vec<_>, Vec<_>) =
            versions.partition(|(group_version, _)| group_version.group.is_empty());
        let documents = Arc::new(Documents {
            core: document(&core),
            groups: document(&groups),
        });
        *cached = Some((edition, documents.clone()));
        documents
    }
}

/// One version of a group as JSON.
fn version(name: &str, resources: &Resources) -> Arc<str> {
    let resources: Vec<Value> = resources
        .iter()
        .map(|def| aggregated_resource(def))
        .collect();
    let version = json!({"version": name, "resources": resources, "freshness": "Current"});
    version.to_string().into()
}

/// A document of versions, those of a group side by side.
fn document(versions: &[(&GroupVersion, Arc<str>)]) -> Document {
    let groups = versions.chunk_by(|(a, _), (b, _)| a.group == b.group);
    let items: Vec<String> = groups
        .map(|versions| {
            let metadata = match versions[0].0.group.as_str() {
                "" => json!({}),
                group => json!({"name": group}),
            };
            let versions: Vec<&str> = versions.iter().map(|(_, text)| &**text).collect();
            let versions = versions.join(",");
            format!("{{\"metadata\":{metadata},\"versions\":[{versions}]}}")
        })
        .collect();
    let body = format!(
        "{{\"apiVersion\":\"apidiscovery.k8s.io/v2\",\"items\":[{}],\"kind\":\"APIGroupDiscoveryList\",\"metadata\":{{}}}}",
        items.join(",")
    );
    let digest = Sha256::digest(&body);
    let etag: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    Document {
        body: body.into(),
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
