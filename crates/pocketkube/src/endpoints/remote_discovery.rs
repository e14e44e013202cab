//! What an aggregated server says of its resources, in the aggregated form.
//!
//! Mirrors `ConvertGroupVersionIntoToDiscovery` in
//! `apiserver/pkg/endpoints/installer.go` and `kube-aggregator/pkg/apiserver/handler_discovery.go`
//! (v1.35).

use serde_json::{Value, json};

use crate::api::GroupVersion;
use crate::api::tree::{elements, length, text};
use crate::outbound::RemoteVersion;

/// One version in the document of a group. Of a server that does not answer, the last known
/// resources are shown as stale: clients then know that they may be wrong.
pub(super) fn version(of: &GroupVersion, remote: &RemoteVersion) -> Value {
    let freshness = if remote.is_available {
        "Current"
    } else {
        "Stale"
    };
    let entries = elements(&remote.resources["resources"]);
    let resources: Vec<Value> = entries
        .iter()
        .filter(|entry| !text(entry, "name").contains('/'))
        .map(|entry| resource(of, entry, entries))
        .collect();
    json!({"version": of.version, "resources": resources, "freshness": freshness})
}

fn resource(of: &GroupVersion, entry: &Value, all: &[Value]) -> Value {
    let name = text(entry, "name");
    let mut resource = json!({
        "resource": name,
        "responseKind": kind(of, entry),
        "scope": if entry["namespaced"] == true { "Namespaced" } else { "Cluster" },
        "singularResource": text(entry, "singularName"),
        "verbs": entry["verbs"],
    });
    for field in ["shortNames", "categories"] {
        if length(&entry[field]) > 0 {
            resource[field] = entry[field].clone();
        }
    }
    let parts: Vec<Value> = all
        .iter()
        .filter_map(|part| {
            let (of_resource, subresource) = text(part, "name").split_once('/')?;
            (of_resource == name).then(|| {
                json!({
                    "subresource": subresource, "responseKind": kind(of, part),
                    "verbs": part["verbs"],
                })
            })
        })
        .collect();
    if !parts.is_empty() {
        resource["subresources"] = json!(parts);
    }
    resource
}

fn kind(of: &GroupVersion, entry: &Value) -> Value {
    let or = |field: &str, own: &str| match text(entry, field) {
        "" => own.to_owned(),
        other => other.to_owned(),
    };
    json!({
        "group": or("group", &of.group), "version": or("version", &of.version),
        "kind": text(entry, "kind"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::RemoteDocuments;

    #[test]
    fn the_old_list_becomes_the_aggregated_form() {
        let remote = RemoteVersion {
            is_available: true,
            resources: json!({"resources": [
                {"name": "things", "singularName": "thing", "namespaced": true, "kind": "Thing",
                 "verbs": ["get", "list"], "shortNames": ["th"]},
                {"name": "things/scale", "group": "autoscaling", "version": "v1", "kind": "Scale",
                 "verbs": ["get"]},
            ]}),
            documents: RemoteDocuments::default(),
        };
        let shown = version(&GroupVersion::new("e.com", "v1"), &remote);
        assert_eq!(
            shown,
            json!({"version": "v1", "freshness": "Current", "resources": [{
                "resource": "things", "singularResource": "thing", "scope": "Namespaced",
                "responseKind": {"group": "e.com", "version": "v1", "kind": "Thing"},
                "verbs": ["get", "list"], "shortNames": ["th"],
                "subresources": [{
                    "subresource": "scale", "verbs": ["get"],
                    "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                }],
            }]})
        );
    }

    #[test]
    fn a_server_that_does_not_answer_is_stale() {
        let shown = version(&GroupVersion::new("e.com", "v1"), &RemoteVersion::default());
        assert_eq!(
            shown,
            json!({"version": "v1", "freshness": "Stale", "resources": []})
        );
    }
}
