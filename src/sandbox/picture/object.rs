//! What is only listed: ConfigMaps, Secrets, claims.

use serde_json::Value;

use super::super::resource::short_name;
use super::super::view::ObjectView;
use super::{Material, text};

/// In every namespace, put there by the cluster itself.
const OF_THE_CLUSTER: &str = "kube-root-ca.crt";

pub(super) fn objects(material: &Material) -> Vec<ObjectView> {
    ["ConfigMap", "Secret", "PersistentVolumeClaim"]
        .iter()
        .flat_map(|kind| {
            material
                .all(kind)
                .into_iter()
                .map(move |object| view(kind, object))
        })
        .filter(|object| object.name != OF_THE_CLUSTER)
        .collect()
}

fn view(kind: &str, object: &Value) -> ObjectView {
    ObjectView {
        kind: kind.to_owned(),
        short: short_name(kind),
        namespace: text(object, "/metadata/namespace"),
        name: text(object, "/metadata/name"),
        detail: match kind {
            "PersistentVolumeClaim" => text(object, "/status/phase"),
            _ => keys(object),
        },
    }
}

fn keys(object: &Value) -> String {
    let count = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
    match count("data") + count("binaryData") {
        1 => "1 key".to_owned(),
        keys => format!("{keys} keys"),
    }
}
