//! What is only listed: ConfigMaps, Secrets, claims, rules, and whatever the cluster was taught.

use serde_json::Value;

use super::super::resource::short_name;
use super::super::view::{Health, ObjectView};
use super::{Material, condition, is_leaving, list, number, optional, text};

/// The kinds, in the order in which they are listed.
pub(super) const LISTED: [&str; 13] = [
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "Ingress",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ResourceQuota",
    "LimitRange",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Lease",
];

/// Each listed object with how it is shown; what the cluster itself puts everywhere is left out.
pub(super) fn listed(material: &Material) -> Vec<(&Value, ObjectView)> {
    LISTED
        .iter()
        .flat_map(|kind| {
            let objects = material.all(kind).into_iter();
            objects.map(move |object| (object, view(kind, object)))
        })
        .filter(|(_, object)| !is_of_the_cluster(object))
        .collect()
}

fn is_of_the_cluster(object: &ObjectView) -> bool {
    matches!(
        (object.kind.as_str(), object.name.as_str()),
        ("ConfigMap", "kube-root-ca.crt") | ("ServiceAccount", "default")
    )
}

fn view(kind: &str, object: &Value) -> ObjectView {
    ObjectView {
        kind: kind.to_owned(),
        short: short_name(kind),
        namespace: text(object, "/metadata/namespace"),
        name: text(object, "/metadata/name"),
        detail: detail(kind, object),
        health: health(kind, object),
        api_version: String::new(),
    }
}

/// An object of a kind that the cluster was taught: what it says of itself in the usual places.
pub(super) fn custom(object: &Value) -> ObjectView {
    let kind = text(object, "/kind");
    let ready = ["Ready", "Available", "Established"]
        .iter()
        .find_map(|name| condition(object, name).map(|it| (name, it)));
    let (health, detail) = match ready {
        _ if is_leaving(object) => (Some(Health::Leaving), "being deleted".to_owned()),
        Some((name, it)) if it["status"] == "True" => (Some(Health::Good), (*name).to_owned()),
        Some((name, it)) => {
            let reason = optional(it, "/reason").filter(|reason| !reason.is_empty());
            let words = reason.unwrap_or_else(|| format!("not {name}"));
            (Some(Health::Progressing), words)
        }
        None => (None, text(object, "/status/phase")),
    };
    ObjectView {
        short: short_name(&kind),
        namespace: text(object, "/metadata/namespace"),
        name: text(object, "/metadata/name"),
        detail,
        health,
        api_version: text(object, "/apiVersion"),
        kind,
    }
}

fn health(kind: &str, object: &Value) -> Option<Health> {
    if is_leaving(object) {
        return Some(Health::Leaving);
    }
    match (kind, text(object, "/status/phase").as_str()) {
        ("PersistentVolumeClaim", "Bound") => Some(Health::Good),
        ("PersistentVolumeClaim", "Lost") => Some(Health::Bad),
        ("PersistentVolumeClaim", _) => Some(Health::Progressing),
        _ => None,
    }
}

fn detail(kind: &str, object: &Value) -> String {
    let count = |pointer: &str| list(object, pointer).len();
    match kind {
        "ConfigMap" | "Secret" => keys(object),
        "PersistentVolumeClaim" => {
            let size = text(object, "/status/capacity/storage");
            format!("{} {size}", text(object, "/status/phase"))
                .trim()
                .to_owned()
        }
        "Ingress" => list(object, "/spec/rules")
            .iter()
            .map(|rule| optional(rule, "/host").unwrap_or_else(|| "*".to_owned()))
            .collect::<Vec<_>>()
            .join(" "),
        "HorizontalPodAutoscaler" => format!(
            "{} of {} to {} replicas",
            number(object, "/status/currentReplicas"),
            number(object, "/spec/minReplicas"),
            number(object, "/spec/maxReplicas")
        ),
        "PodDisruptionBudget" => {
            let allowed = number(object, "/status/disruptionsAllowed");
            format!("{allowed} may be disrupted")
        }
        "Role" => counted(count("/rules"), "rule"),
        "RoleBinding" => format!(
            "{} for {}",
            text(object, "/roleRef/name"),
            list(object, "/subjects")
                .iter()
                .map(|subject| text(subject, "/name"))
                .collect::<Vec<_>>()
                .join(" ")
        ),
        "Lease" => text(object, "/spec/holderIdentity"),
        _ => String::new(),
    }
}

fn keys(object: &Value) -> String {
    let count = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
    counted(count("data") + count("binaryData"), "key")
}

fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_custom_resource_is_judged_by_its_condition() {
        let site = |status| {
            custom(&json!({"apiVersion": "demo.dev/v1", "kind": "Site",
                "metadata": {"name": "a", "namespace": "n"}, "status": status}))
        };
        let ready = site(json!({"conditions": [{"type": "Ready", "status": "True"}]}));
        assert_eq!(
            (ready.health, ready.detail.as_str()),
            (Some(Health::Good), "Ready")
        );
        let stuck = json!({"conditions":
            [{"type": "Ready", "status": "False", "reason": "NoImage"}]});
        assert_eq!(site(stuck).detail, "NoImage");
        let plain = site(json!({"phase": "New"}));
        assert_eq!((plain.health, plain.detail.as_str()), (None, "New"));
        assert_eq!(plain.api_version, "demo.dev/v1");
    }
}
