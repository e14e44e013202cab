//! Defaults of requests and limits.

use serde_json::{Map, Value, json};

use crate::api::meta::map_at;
use crate::api::quantity::Quantity;
use crate::api::tree::{entries, fill_absent, is_empty};
use crate::registry::core::pod::resources::{container_requests, is_pod_level_resource};

/// What a container limits, it requests.
pub fn requests_from_limits(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else {
        return;
    };
    let requests = map_at(&mut container["resources"], "requests");
    for (resource, limit) in limits {
        requests.entry(resource).or_insert(limit);
    }
}

/// Where a Pod as a whole has limits, its requests are those of its containers, or else the limits.
pub fn pod_level_requests(spec: &mut Value) {
    let limits = spec["resources"]["limits"].clone();
    if is_empty(&limits) {
        return;
    }
    let of_containers = container_requests(spec);
    let requests = map_at(&mut spec["resources"], "requests");
    for (resource, amount) in of_containers {
        if is_pod_level_resource(&resource) && !resource.starts_with("hugepages-") {
            requests
                .entry(resource)
                .or_insert_with(|| json!(amount.to_string()));
        }
    }
    for (resource, limit) in entries(&limits) {
        if is_pod_level_resource(resource) {
            requests
                .entry(resource.clone())
                .or_insert_with(|| limit.clone());
        }
    }
}

/// Quantities are kept to thousandths.
pub fn round_up(resources: &mut Value) {
    for list in ["limits", "requests"] {
        if let Some(list) = resources.get_mut(list) {
            round_up_list(list);
        }
    }
}

pub fn round_up_list(list: &mut Value) {
    for quantity in list.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let exact = Quantity::of_value(quantity);
        let milli = exact.milli_value();
        let rounded = Quantity::milli(milli, exact.format());
        if rounded != exact && milli != i64::MAX {
            *quantity = json!(rounded.to_string());
        }
    }
}

/// The divisor of a resource in the downward API: 0 stands for 1.
pub fn fill_divisor(selector: &mut Value) {
    fill_absent(selector, "divisor", "0");
}
