//! The policy of Pods: what is prepared and checked on each way to write one.
//!
//! Besides the object and its status, the subresources `ephemeralcontainers` and `resize` come
//! through the same update hooks and are told apart by [`HookContext::subresource`]. Mirrors
//! `pkg/registry/core/pod/strategy.go` (v1.35).

use serde_json::{Value, json};

use super::resources::qos_class;
use super::{defaults, validation, warnings};
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, elements_mut, integer, remove, restore, strings, text};
use crate::api::validate::semantically_equal;
use crate::api::{meta, names::NameUse};
use crate::registry::{HookContext, Strategy};

pub struct PodStrategy;

impl Strategy for PodStrategy {
    fn default(&self, pod: &mut Value) {
        defaults::pod(pod);
        defaults::pod_status(pod);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, pod: &mut Value, _context: &HookContext<'_>) {
        defaults::sync_service_account(&mut pod["spec"]);
        pod["status"] = json!({"phase": "Pending", "qosClass": qos_class(&pod["spec"])});
        if !elements(&pod["spec"]["schedulingGates"]).is_empty() {
            pod["status"]["conditions"] = json!([{
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
                "lastProbeTime": null,
                "lastTransitionTime": null,
            }]);
        }
        apply_label_keys(pod);
    }

    fn validate(&self, pod: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::create(pod)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, context: &HookContext<'_>) {
        match context.subresource {
            "ephemeralcontainers" => keep_all_but_ephemeral_containers(new, old),
            "resize" => keep_all_but_resources(new, old),
            // A binding has been checked, and changes nothing but what it may.
            "binding" => {}
            _ => {
                defaults::sync_service_account(&mut new["spec"]);
                restore(new, old, "status");
            }
        }
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        match context.subresource {
            "ephemeralcontainers" => validation::ephemeral_containers_update(new, old),
            "resize" => validation::resize(new, old),
            "binding" => ErrorList::new(),
            _ => validation::update(new, old),
        }
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "spec");
        // Deletion and ownership are not the kubelet's to change.
        for field in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "ownerReferences",
        ] {
            restore(&mut new["metadata"], &old["metadata"], field);
        }
        if text(&new["status"], "qosClass").is_empty() {
            restore(&mut new["status"], &old["status"], "qosClass");
        }
        keep_observed_generations(new, old);
    }

    fn validate_status_update(
        &self,
        new: &Value,
        old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        validation::status_update(new, old)
    }

    fn warnings(&self, pod: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() {
            return Vec::new();
        }
        let faults = names::name_is_dns_label(meta::name(pod), NameUse::Whole);
        let mut sentences = Vec::new();
        if !meta::name(pod).is_empty() && !faults.is_empty() {
            sentences.push(format!(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{}]",
                faults.join(" ")
            ));
        }
        sentences.extend(warnings::of_pod(pod));
        sentences
    }

    fn counts_generation(&self) -> bool {
        true
    }

    /// Being bound to a node is not a wish of the client's.
    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        let is_binding = text(&old["spec"], "nodeName").is_empty();
        let mut spec = new["spec"].clone();
        if is_binding {
            remove(&mut spec, "nodeName");
        }
        !semantically_equal(&spec, &old["spec"])
    }

    fn grace_period_seconds(&self, pod: &Value, requested: Option<i64>) -> Option<i64> {
        let spec = &pod["spec"];
        let is_unscheduled = text(spec, "nodeName").is_empty();
        let has_ended = matches!(text(&pod["status"], "phase"), "Failed" | "Succeeded");
        if is_unscheduled || has_ended {
            return Some(0);
        }
        let period = requested.unwrap_or_else(|| integer(spec, "terminationGracePeriodSeconds"));
        Some(if period < 0 { 1 } else { period })
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

/// The ephemeral containers of `new` in the Pod as it was.
fn keep_all_but_ephemeral_containers(new: &mut Value, old: &Value) {
    let ephemeral = new["spec"]["ephemeralContainers"].take();
    keep_spec_and_status(new, old);
    if ephemeral.is_null() {
        remove(&mut new["spec"], "ephemeralContainers");
    } else {
        new["spec"]["ephemeralContainers"] = ephemeral;
    }
}

/// The resources of the containers of `new` in the Pod as it was. Containers that do not fit
/// together are left for validation to refuse.
fn keep_all_but_resources(new: &mut Value, old: &Value) {
    const LISTS: [&str; 2] = ["containers", "initContainers"];
    let names = |pod: &Value, list: &str| -> Vec<String> {
        elements(&pod["spec"][list])
            .iter()
            .map(|container| text(container, "name").to_owned())
            .collect()
    };
    if LISTS
        .iter()
        .any(|list| names(new, list) != names(old, list))
    {
        return;
    }
    let wanted = new["spec"].take();
    keep_spec_and_status(new, old);
    for list in LISTS {
        let wanted = elements(&wanted[list]);
        for (container, wanted) in elements_mut(&mut new["spec"], list).iter_mut().zip(wanted) {
            restore(container, wanted, "resources");
            restore(container, wanted, "resizePolicy");
        }
    }
}

fn keep_spec_and_status(new: &mut Value, old: &Value) {
    new["spec"] = old["spec"].clone();
    restore(new, old, "status");
    for field in [
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generation",
        "labels",
        "annotations",
        "ownerReferences",
    ] {
        restore(&mut new["metadata"], &old["metadata"], field);
    }
}

/// A client that does not know of observed generations must not clear them.
fn keep_observed_generations(new: &mut Value, old: &Value) {
    const FIELD: &str = "observedGeneration";
    if integer(&new["status"], FIELD) == 0 {
        restore(&mut new["status"], &old["status"], FIELD);
    }
    let old_conditions = elements(&old["status"]["conditions"]);
    for condition in elements_mut(&mut new["status"], "conditions") {
        if integer(condition, FIELD) != 0 {
            continue;
        }
        let same_type = |other: &&Value| other["type"] == condition["type"];
        if let Some(old) = old_conditions.iter().find(same_type) {
            restore(condition, old, FIELD);
        }
    }
}

/// `matchLabelKeys` and `mismatchLabelKeys` become requirements with the Pod's own label values.
fn apply_label_keys(pod: &mut Value) {
    let labels = pod["metadata"]["labels"].clone();
    let spec = &mut pod["spec"];
    for affinity in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = spec.pointer_mut(&format!("/affinity/{affinity}")) else {
            continue;
        };
        for term in elements_mut(affinity, "requiredDuringSchedulingIgnoredDuringExecution") {
            add_requirements(term, &labels);
        }
        for weighted in elements_mut(affinity, "preferredDuringSchedulingIgnoredDuringExecution") {
            if let Some(term) = weighted.get_mut("podAffinityTerm") {
                add_requirements(term, &labels);
            }
        }
    }
    for constraint in elements_mut(spec, "topologySpreadConstraints") {
        add_requirements(constraint, &labels);
    }
}

fn add_requirements(term: &mut Value, labels: &Value) {
    if term.get("labelSelector").is_none_or(Value::is_null) {
        return;
    }
    let mut requirements = Vec::new();
    for (keys, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        for key in term.get(keys).into_iter().flat_map(strings) {
            if let Some(value) = labels[key].as_str() {
                requirements.push(json!({"key": key, "operator": operator, "values": [value]}));
            }
        }
    }
    if requirements.is_empty() {
        return;
    }
    let expressions = &mut term["labelSelector"]["matchExpressions"];
    match expressions.as_array_mut() {
        Some(list) => list.extend(requirements),
        None => *expressions = Value::Array(requirements),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grace(pod: &Value, requested: Option<i64>) -> Option<i64> {
        PodStrategy.grace_period_seconds(pod, requested)
    }

    #[test]
    fn only_pods_that_run_on_a_node_are_deleted_gracefully() {
        let running = json!({
            "spec": {"nodeName": "n1", "terminationGracePeriodSeconds": 30},
            "status": {"phase": "Running"},
        });
        assert_eq!(grace(&running, None), Some(30));
        assert_eq!(grace(&running, Some(5)), Some(5));
        assert_eq!(grace(&running, Some(-1)), Some(1));
        let mut ended = running.clone();
        ended["status"]["phase"] = json!("Succeeded");
        assert_eq!(grace(&ended, Some(5)), Some(0));
        let unscheduled = json!({"spec": {"terminationGracePeriodSeconds": 30}});
        assert_eq!(grace(&unscheduled, None), Some(0));
    }

    #[test]
    fn label_keys_are_resolved_when_the_pod_is_created() {
        let mut pod = json!({
            "metadata": {"labels": {"hash": "abc"}},
            "spec": {"topologySpreadConstraints": [{
                "matchLabelKeys": ["hash", "absent"],
                "labelSelector": {"matchLabels": {"app": "web"}},
            }]},
        });
        apply_label_keys(&mut pod);
        assert_eq!(
            pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchExpressions"],
            json!([{"key": "hash", "operator": "In", "values": ["abc"]}])
        );
    }

    #[test]
    fn a_resize_touches_nothing_but_resources() {
        let old = json!({"metadata": {}, "spec": {
            "containers": [{"name": "a", "image": "x:1", "resources": {}}],
        }});
        let mut new = old.clone();
        new["spec"]["containers"][0]["image"] = json!("x:2");
        new["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1"}});
        keep_all_but_resources(&mut new, &old);
        assert_eq!(
            new["spec"]["containers"],
            json!([{"name": "a", "image": "x:1", "resources": {"requests": {"cpu": "1"}}}])
        );
    }
}
