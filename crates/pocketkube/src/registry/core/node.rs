//! Nodes: the machines that Pods run on.
//!
//! Mirrors `pkg/registry/core/node/strategy.go` and the Node part of
//! `pkg/apis/core/validation/validation.go` (v1.35).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::pod::validation::taint_effect;
use super::resources::resource_amount;
use crate::api::field::{Error, ErrorList};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, entries, restore, strings, text};
use crate::api::{GroupVersionKind, validate};
use crate::printers::{Column, RowContext, TableDef, age_cell, or_none};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, SelectableField, Strategy, Verb};

pub fn resource() -> ResourceDef {
    const ANY_METHOD: &[Verb] = &[
        Verb::Create,
        Verb::Delete,
        Verb::Get,
        Verb::Patch,
        Verb::Update,
    ];
    let proxy = GroupVersionKind::new("", "v1", "NodeProxyOptions");
    ResourceDef::cluster("", "v1", "Node", "nodes", NodeStrategy)
        .short_names(&["no"])
        .table(table())
        .selectable(vec![SelectableField::new(
            "spec.unschedulable",
            |node: &Value| is_unschedulable(node).to_string().into(),
        )])
        .with_subresource("proxy", proxy, ANY_METHOD)
        .with_status()
}

// === Columns ===

const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
const ROLE_LABEL: &str = "kubernetes.io/role";

fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::text("Status").described("The status of the node"),
        Column::text("Roles").described("The roles of the node"),
        Column::age(),
        Column::text("Version").described("Kubelet Version reported by the node."),
        Column::text("Internal-IP").wide(),
        Column::text("External-IP").wide(),
        Column::text("OS-Image").wide(),
        Column::text("Kernel-Version").wide(),
        Column::text("Container-Runtime").wide(),
    ];
    TableDef::new(columns, cells)
}

fn cells(node: &Value, context: RowContext) -> Vec<Value> {
    let info = &node["status"]["nodeInfo"];
    let or_unknown = |field: &str| match text(info, field) {
        "" => "<unknown>".to_owned(),
        known => known.to_owned(),
    };
    vec![
        json!(meta::name(node)),
        json!(status_cell(node)),
        json!(or_none(roles(node).join(","))),
        json!(age_cell(node, context.now)),
        json!(text(info, "kubeletVersion")),
        json!(or_none(address(node, "InternalIP"))),
        json!(or_none(address(node, "ExternalIP"))),
        json!(or_unknown("osImage")),
        json!(or_unknown("kernelVersion")),
        json!(or_unknown("containerRuntimeVersion")),
    ]
}

fn status_cell(node: &Value) -> String {
    let ready = elements(&node["status"]["conditions"])
        .iter()
        .find(|condition| text(condition, "type") == "Ready");
    let status = match ready {
        Some(ready) if text(ready, "status") == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if is_unschedulable(node) {
        format!("{status},SchedulingDisabled")
    } else {
        status.to_owned()
    }
}

fn roles(node: &Value) -> Vec<&str> {
    let roles: BTreeSet<&str> = entries(&node["metadata"]["labels"])
        .filter_map(|(key, value)| {
            let named = key
                .strip_prefix(ROLE_PREFIX)
                .filter(|role| !role.is_empty());
            let labelled = value
                .as_str()
                .filter(|role| key == ROLE_LABEL && !role.is_empty());
            named.or(labelled)
        })
        .collect();
    roles.into_iter().collect()
}

fn address<'a>(node: &'a Value, address_type: &str) -> &'a str {
    elements(&node["status"]["addresses"])
        .iter()
        .find(|address| text(address, "type") == address_type)
        .map_or("", |address| text(address, "address"))
}

fn is_unschedulable(node: &Value) -> bool {
    node["spec"]["unschedulable"] == true
}

// === Strategy ===

struct NodeStrategy;

impl Strategy for NodeStrategy {
    fn default(&self, node: &mut Value) {
        sync_pod_cidrs(node);
        if let Some(status) = node.get_mut("status").filter(|status| status.is_object())
            && status["allocatable"].is_null()
        {
            let capacity = status["capacity"].clone();
            if !capacity.is_null() {
                status["allocatable"] = capacity;
            }
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, node: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = node_rules(node);
        errors.extend(pod_cidrs(&Field::new(
            &node["spec"]["podCIDRs"],
            "spec.podCIDRs",
        )));
        errors
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        update(new, old)
    }

    fn validate_status_update(
        &self,
        new: &Value,
        old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        update(new, old)
    }

    fn warnings(&self, node: &Value, _old: Option<&Value>) -> Vec<String> {
        let spec = Field::new(&node["spec"], "spec");
        let mut warnings = Vec::new();
        if spec.child("configSource").is_set() {
            warnings.push("spec.configSource: the feature is removed".to_owned());
        }
        if !spec.child("externalID").is_empty() {
            let why = "this field is deprecated, and is unused by Kubernetes";
            warnings.push(format!("spec.externalID: {why}"));
        }
        for range in spec.child("podCIDRs").items() {
            warnings.extend(validate::cidr_warnings(range.text(), &range.path));
        }
        warnings
    }
}

/// `podCIDR` is the first of `podCIDRs`.
fn sync_pod_cidrs(node: &mut Value) {
    let Some(spec) = node.get_mut("spec").filter(|spec| spec.is_object()) else {
        return;
    };
    let first = strings(&spec["podCIDRs"])
        .next()
        .unwrap_or_default()
        .to_owned();
    match text(spec, "podCIDR").to_owned() {
        cidr if cidr.is_empty() && first.is_empty() => {}
        cidr if cidr.is_empty() => spec["podCIDR"] = json!(first),
        cidr if cidr != first => spec["podCIDRs"] = json!([cidr]),
        _ => {}
    }
}

fn node_rules(node: &Value) -> ErrorList {
    // Upstream names the taints under `metadata`.
    let taints = Field::new(&node["spec"]["taints"], "metadata.taints");
    let mut errors = self::taints(&taints);
    let status = Field::new(&node["status"], "status");
    for list in ["capacity", "allocatable"] {
        let list = status.child(list);
        for (name, quantity) in entries(list.value) {
            let quantity = Field::new(quantity, list.path.child(name));
            errors.extend(resource_amount(name, &quantity));
        }
    }
    errors
}

fn taints(taints: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for taint in taints.items() {
        let [key, value, effect] = ["key", "value", "effect"].map(|field| taint.child(field));
        errors.extend(validate::label_name(key.text(), &key.path));
        let faults = names::label_value(value.text());
        if !faults.is_empty() {
            errors.push(value.invalid_text(&faults.join(";")));
        }
        errors.extend(taint_effect(&effect));
        if !seen.insert((effect.text(), key.text())) {
            let mut duplicate = taint.duplicate();
            "taints must be unique by key and effect pair".clone_into(&mut duplicate.detail);
            errors.push(duplicate);
        }
    }
    errors
}

fn pod_cidrs(cidrs: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    let mut families = Vec::new();
    for cidr in cidrs.items() {
        errors.extend(cidr.faults(names::cidr(cidr.text())));
        if !seen.insert(cidr.text()) {
            errors.push(cidr.duplicate());
        }
        families.push(cidr.text().contains(':'));
    }
    let is_dual = matches!(families.as_slice(), [first, second] if first != second);
    if families.len() > 1 && !is_dual {
        errors.push(cidrs.invalid("may specify no more than one CIDR for each IP family"));
    }
    errors
}

fn update(new: &Value, old: &Value) -> ErrorList {
    let root = Field::new(new, "");
    let mut errors = node_rules(new);
    let mut seen: Vec<&Value> = Vec::new();
    for address in root.child("status").child("addresses").items() {
        if seen.contains(&address.value) {
            errors.push(address.duplicate());
        }
        seen.push(address.value);
    }
    for (field, shown) in [("podCIDRs", "podCIDR"), ("providerID", "providerID")] {
        let was_set =
            !elements(&old["spec"][field]).is_empty() || !text(&old["spec"], field).is_empty();
        let now = root.child("spec").child(field);
        if was_set && *now.value != old["spec"][field] {
            errors.push(Error::forbidden(
                now.path,
                &format!("node updates may not change {shown} except from \"\" to valid"),
            ));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(node: &Value) -> Vec<Value> {
        let now = "2025-01-01T00:00:00Z".parse().unwrap();
        cells(node, RowContext { now })
    }

    #[test]
    fn a_node_shows_its_readiness_and_roles() {
        let mut node = json!({
            "metadata": {"name": "n1", "labels": {
                "node-role.kubernetes.io/control-plane": "",
                "kubernetes.io/role": "admin",
                "node-role.kubernetes.io/": "x",
            }},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
                "nodeInfo": {"kubeletVersion": "v1.35.0", "osImage": "Debian"},
            },
        });
        let shown = row(&node);
        assert_eq!(shown[1], "Ready");
        assert_eq!(shown[2], "admin,control-plane");
        assert_eq!(shown[4..8], ["v1.35.0", "10.0.0.1", "<none>", "Debian"]);
        assert_eq!(shown[8], "<unknown>");
        node["spec"] = json!({"unschedulable": true});
        node["status"]["conditions"][0]["status"] = json!("Unknown");
        assert_eq!(row(&node)[1], "NotReady,SchedulingDisabled");
        assert_eq!(
            row(&json!({"metadata": {"name": "n"}}))[1..3],
            ["Unknown", "<none>"]
        );
    }

    #[test]
    fn taints_are_unique_by_key_and_effect() {
        let list = json!([
            {"key": "a", "effect": "NoSchedule"},
            {"key": "a", "effect": "NoExecute"},
            {"key": "a", "effect": "NoSchedule", "value": "b"},
            {"key": "c", "effect": "Never"},
        ]);
        let texts: Vec<String> = taints(&Field::new(&list, "metadata.taints"))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].starts_with("metadata.taints[2]: Duplicate value: "));
        assert!(texts[0].ends_with(": taints must be unique by key and effect pair"));
        assert_eq!(
            texts[1],
            "metadata.taints[3].effect: Unsupported value: \"Never\": supported values: \"NoExecute\", \"NoSchedule\", \"PreferNoSchedule\""
        );
    }

    #[test]
    fn addresses_of_pods_stay_once_given() {
        let old = json!({"spec": {"podCIDRs": ["10.1.0.0/24"], "podCIDR": "10.1.0.0/24"}});
        let new = json!({"spec": {"podCIDRs": ["10.2.0.0/24"], "podCIDR": "10.2.0.0/24"}});
        let texts: Vec<String> = update(&new, &old).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"
            ]
        );
        assert!(update(&old, &json!({"spec": {}})).is_empty());
    }

    #[test]
    fn fields_that_do_nothing_are_warned_of() {
        let node = json!({"spec": {
            "configSource": {}, "externalID": "a", "podCIDRs": ["10.0.0.1/24"],
        }});
        let warnings = NodeStrategy.warnings(&node, None);
        assert_eq!(
            warnings[..2],
            [
                "spec.configSource: the feature is removed",
                "spec.externalID: this field is deprecated, and is unused by Kubernetes",
            ]
        );
        assert_eq!(warnings.len(), 3);
        assert_eq!(NodeStrategy.warnings(&json!({"spec": {}}), None), [""; 0]);
    }
}
