//! HorizontalPodAutoscalers: as many Pods as the load asks for. Stored as `autoscaling/v2`.
//!
//! Mirrors `pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go` and
//! `pkg/apis/autoscaling/v2/defaults.go` (v1.35).

mod table;
mod v1;
mod validation;

use serde_json::{Value, json};

use crate::api::GroupResource;
use crate::api::field::ErrorList;
use crate::api::meta::map_at;
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill_absent, is_empty, restore};
use crate::api::validate::semantically_equal;
use crate::registry::validation::Field;
use crate::registry::{Conversion, HookContext, ResourceDef, Strategy};

const DEFAULT_CPU_UTILIZATION: i64 = 80;

/// `autoscaling/v2`, the preferred version.
pub fn resource() -> ResourceDef {
    in_version("v2")
}

/// `autoscaling/v1`, which knows only CPU utilization and keeps the rest in annotations.
pub fn resource_v1() -> ResourceDef {
    in_version("v1").stored_as(
        GroupResource::new("autoscaling", "horizontalpodautoscalers"),
        Conversion::new(v1::to_storage, |object| Some(v1::from_storage(object))),
    )
}

fn in_version(version: &'static str) -> ResourceDef {
    ResourceDef::namespaced(
        "autoscaling",
        version,
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        HorizontalPodAutoscalerStrategy,
    )
    .short_names(&["hpa"])
    .in_all()
    .table(table::table())
    .with_status()
}

struct HorizontalPodAutoscalerStrategy;

impl Strategy for HorizontalPodAutoscalerStrategy {
    fn default(&self, autoscaler: &mut Value) {
        map_at(autoscaler, "spec");
        let spec = &mut autoscaler["spec"];
        fill_absent(spec, "minReplicas", 1);
        if is_empty(&spec["metrics"]) {
            spec["metrics"] = json!([{
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": DEFAULT_CPU_UTILIZATION},
                },
            }]);
        }
        if !spec["behavior"].is_null() {
            default_behavior(&mut spec["behavior"]);
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, autoscaler: &mut Value, _context: &HookContext<'_>) {
        autoscaler["status"] = json!({"currentMetrics": null, "desiredReplicas": 0});
    }

    fn validate(&self, autoscaler: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::spec(&Field::new(&autoscaler["spec"], "spec"), None)
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::spec(&Field::new(&new["spec"], "spec"), Some(&old["spec"]))
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "spec");
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        let status = Field::new(&new["status"], "status");
        ["currentReplicas", "desiredReplicas"]
            .iter()
            .flat_map(|counter| status.child(counter).must_not_be_negative())
            .collect()
    }

    fn counts_generation(&self) -> bool {
        false
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }
}

/// Who says anything about behaviour gets the rest of it filled in.
fn default_behavior(behavior: &mut Value) {
    for direction in ["scaleUp", "scaleDown"] {
        map_at(behavior, direction);
        let rules = &mut behavior[direction];
        fill_absent(rules, "selectPolicy", "Max");
        let double = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
        let policies = if direction == "scaleUp" {
            fill_absent(rules, "stabilizationWindowSeconds", 0);
            json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, double])
        } else {
            json!([double])
        };
        fill_absent(rules, "policies", policies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_autoscaler_watches_the_cpu() {
        let mut autoscaler =
            json!({"spec": {"maxReplicas": 3, "behavior": {"scaleUp": {"policies": []}}}});
        HorizontalPodAutoscalerStrategy.default(&mut autoscaler);
        let spec = &autoscaler["spec"];
        assert_eq!(spec["minReplicas"], 1);
        assert_eq!(
            spec["metrics"][0]["resource"]["target"]["averageUtilization"],
            80
        );
        assert_eq!(spec["behavior"]["scaleUp"]["policies"], json!([]));
        assert_eq!(spec["behavior"]["scaleDown"]["policies"][0]["value"], 100);
    }
}
