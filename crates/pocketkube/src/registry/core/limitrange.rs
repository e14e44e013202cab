//! LimitRange: what one container, Pod or claim of a namespace may ask for.
//!
//! Mirrors `pkg/registry/core/limitrange` and `ValidateLimitRange` in
//! `pkg/apis/core/validation/validation.go` (v1.35). Admission applies the limits to others.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::resources::{container_resource_name, is_overcommit_allowed, resource_name, show};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::quantity::Quantity;
use crate::api::tree::{elements_mut, text};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

pub const CONTAINER: &str = "Container";
pub const POD: &str = "Pod";
pub const CLAIM: &str = "PersistentVolumeClaim";

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced("", "v1", "LimitRange", "limitranges", LimitRangeStrategy)
        .short_names(&["limits"])
}

struct LimitRangeStrategy;

impl Strategy for LimitRangeStrategy {
    fn default(&self, object: &mut Value) {
        let Some(spec) = object.get_mut("spec") else {
            return;
        };
        for limit in elements_mut(spec, "limits") {
            if text(limit, "type") == CONTAINER {
                fill_container_limit(limit);
            }
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let limits = Field::new(&object["spec"]["limits"], "spec.limits");
        let mut errors = ErrorList::new();
        let mut seen = BTreeSet::new();
        for limit in limits.items() {
            let kind = limit.child("type");
            errors.extend(validate_type(&kind));
            if !seen.insert(kind.text()) {
                errors.push(kind.duplicate());
            }
            errors.extend(validate_limit(&limit));
        }
        errors
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }
}

/// A limit that is not given is the maximum; a request that is not given is the limit, or else
/// the minimum.
fn fill_container_limit(limit: &mut Value) {
    for (from, to) in [
        ("max", "default"),
        ("default", "defaultRequest"),
        ("min", "defaultRequest"),
    ] {
        let Some(given) = limit[from].as_object().cloned() else {
            continue;
        };
        let slot = &mut limit[to];
        if slot.is_null() {
            *slot = Value::Object(Map::new());
        }
        if let Some(filled) = slot.as_object_mut() {
            for (resource, quantity) in given {
                filled.entry(resource).or_insert(quantity);
            }
        }
    }
}

fn validate_type(kind: &Field<'_>) -> ErrorList {
    let faults = kind.faults(names::qualified_name(kind.text()));
    if !faults.is_empty() || kind.text().contains('/') {
        return faults;
    }
    if [CONTAINER, POD, CLAIM].contains(&kind.text()) {
        return faults;
    }
    vec![kind.invalid_text("must be a standard limit type or fully qualified")]
}

fn validate_limit(limit: &Field<'_>) -> ErrorList {
    let kind = limit.child("type").text();
    let name_rule = match kind {
        POD | CONTAINER => container_resource_name,
        _ => resource_name,
    };
    let mut errors = ErrorList::new();
    let mut resources = BTreeSet::new();
    for list in [
        "max",
        "min",
        "default",
        "defaultRequest",
        "maxLimitRequestRatio",
    ] {
        let list_field = limit.child(list);
        if kind == POD && list.starts_with("default") {
            if !list_field.is_empty() {
                errors.push(list_field.forbidden("may not be specified when `type` is 'Pod'"));
            }
            continue;
        }
        if list == "maxLimitRequestRatio" && kind == CLAIM {
            errors.extend(validate_claim_size(limit));
        }
        for (name, quantity) in list_field.entries() {
            errors.extend(name_rule(name, &quantity.path));
            resources.insert(name);
        }
    }
    for resource in resources {
        errors.extend(Amounts::of(limit, resource).validate());
    }
    errors
}

fn validate_claim_size(limit: &Field<'_>) -> Option<Error> {
    let is_given = |list: &str| !limit.value[list]["storage"].is_null();
    (!is_given("min") && !is_given("max")).then(|| {
        limit.child("limits").required(
            "either minimum or maximum storage value is required, but neither was provided",
        )
    })
}

/// Two amounts of which the first may not be above the second, with their words.
struct Order {
    smaller: (&'static str, &'static str),
    larger: (&'static str, &'static str),
    /// The list that is told, and the one whose amount is shown.
    told: &'static str,
    shown: &'static str,
}

const MIN: (&str, &str) = ("min", "min value");
const MAX: (&str, &str) = ("max", "max value");
const DEFAULT: (&str, &str) = ("default", "default value");
const DEFAULT_REQUEST: (&str, &str) = ("defaultRequest", "default request value");

const ORDERS: &[Order] = &[
    order(MIN, MAX, "min", "min"),
    order(MIN, DEFAULT_REQUEST, "defaultRequest", "defaultRequest"),
    order(DEFAULT_REQUEST, MAX, "defaultRequest", "defaultRequest"),
    order(
        DEFAULT_REQUEST,
        ("default", "default limit value"),
        "defaultRequest",
        "defaultRequest",
    ),
    order(MIN, DEFAULT, "default", "min"),
    order(DEFAULT, MAX, "default", "max"),
];

const fn order(
    smaller: (&'static str, &'static str),
    larger: (&'static str, &'static str),
    told: &'static str,
    shown: &'static str,
) -> Order {
    Order {
        smaller,
        larger,
        told,
        shown,
    }
}

/// What a limit says about one resource.
struct Amounts<'a> {
    limit: &'a Field<'a>,
    resource: &'a str,
}

impl<'a> Amounts<'a> {
    fn of(limit: &'a Field<'a>, resource: &'a str) -> Self {
        Self { limit, resource }
    }

    fn get(&self, list: &str) -> Option<(&Value, Quantity)> {
        // Pods have no defaults, whatever is written there.
        if self.limit.child("type").text() == POD && list.starts_with("default") {
            return None;
        }
        let value = &self.limit.value[list][self.resource];
        (!value.is_null()).then(|| (value, Quantity::of_value(value)))
    }

    fn path(&self, list: &str) -> Path {
        self.limit.path.child(list).key(self.resource)
    }

    fn validate(&self) -> ErrorList {
        let mut errors: ErrorList = ORDERS
            .iter()
            .filter_map(|order| self.validate_order(order))
            .collect();
        errors.extend(self.validate_ratio());
        errors.extend(self.validate_no_overcommit());
        errors
    }

    fn validate_order(&self, order: &Order) -> Option<Error> {
        let (small, large) = (self.get(order.smaller.0)?, self.get(order.larger.0)?);
        if small.1 <= large.1 {
            return None;
        }
        let why = format!(
            "{} {} is greater than {} {}",
            order.smaller.1,
            show(small.0),
            order.larger.1,
            show(large.0)
        );
        let (shown, _) = self.get(order.shown)?;
        Some(Error::invalid(self.path(order.told), shown.clone(), &why))
    }

    fn validate_ratio(&self) -> ErrorList {
        let Some((value, ratio)) = self.get("maxLimitRequestRatio") else {
            return ErrorList::new();
        };
        let path = self.path("maxLimitRequestRatio");
        let mut errors = ErrorList::new();
        if ratio.as_f64() < 1.0 {
            let why = format!("ratio {} is less than 1", show(value));
            errors.push(Error::invalid(path.clone(), value.clone(), &why));
        }
        if let (Some((_, min)), Some((_, max))) = (self.get("min"), self.get("max")) {
            let most = max.as_f64() / min.as_f64();
            if ratio.as_f64() > most {
                let why = format!("ratio {} is greater than max/min = {most:.6}", show(value));
                errors.push(Error::invalid(path, value.clone(), &why));
            }
        }
        errors
    }

    fn validate_no_overcommit(&self) -> Option<Error> {
        if is_overcommit_allowed(self.resource) {
            return None;
        }
        let (limit, request) = (self.get("default")?, self.get("defaultRequest")?);
        if limit.1 == request.1 {
            return None;
        }
        let why = format!(
            "default value {} must equal to defaultRequest value {} in {}",
            show(limit.0),
            show(request.0),
            self.resource
        );
        let path = self.path("defaultRequest");
        Some(Error::invalid(path, request.0.clone(), &why))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::{errors_on_create, prepared};

    fn check(limit: Value, wanted: &[&str]) {
        let errors = errors_on_create(&LimitRangeStrategy, json!({"spec": {"limits": [limit]}}));
        assert_eq!(errors, wanted, "{limit}");
    }

    #[test]
    fn containers_get_what_is_not_given_from_what_is() {
        let limit = |limit: Value| {
            let object = json!({"spec": {"limits": [limit]}});
            prepared(&LimitRangeStrategy, object)["spec"]["limits"][0].take()
        };
        assert_eq!(
            limit(json!({"type": "Container", "max": {"cpu": "1"}, "min": {"memory": "16Mi"}})),
            json!({
                "type": "Container", "max": {"cpu": "1"}, "min": {"memory": "16Mi"},
                "default": {"cpu": "1"}, "defaultRequest": {"cpu": "1", "memory": "16Mi"},
            })
        );
        let pod = json!({"type": "Pod", "max": {"cpu": "1"}});
        assert_eq!(limit(pod.clone()), pod);
    }

    #[test]
    fn pods_have_no_defaults() {
        check(
            json!({"type": "Pod", "default": {"cpu": "2"}}),
            &["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
        );
    }

    #[test]
    fn amounts_are_in_order() {
        check(
            json!({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}, "default": {"cpu": "1500m"}, "defaultRequest": {"cpu": "1"}}),
            &[
                "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1",
                "spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default request value 1",
                "spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than default value 1500m",
                "spec.limits[0].default[cpu]: Invalid value: \"1\": default value 1500m is greater than max value 1",
            ],
        );
    }

    #[test]
    fn ratios_are_possible() {
        check(
            json!({"type": "Pod", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3", "memory": "500m"}}),
            &[
                "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than max/min = 2.000000",
                "spec.limits[0].maxLimitRequestRatio[memory]: Invalid value: \"500m\": ratio 500m is less than 1",
            ],
        );
    }

    #[test]
    fn claims_have_a_size_and_types_are_known_once() {
        check(
            json!({"type": "PersistentVolumeClaim"}),
            &[
                "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
            ],
        );
        check(
            json!({"type": "Volume"}),
            &[
                "spec.limits[0].type: Invalid value: \"Volume\": must be a standard limit type or fully qualified",
            ],
        );
        let twice = json!({"spec": {"limits": [{"type": "Pod"}, {"type": "Pod"}]}});
        assert_eq!(
            errors_on_create(&LimitRangeStrategy, twice),
            ["spec.limits[1].type: Duplicate value: \"Pod\""]
        );
    }
}
