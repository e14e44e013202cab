//! Resources that a Pod as a whole asks for, and its overhead.
//!
//! Mirrors `validatePodResources` and `validateOverhead`.

use crate::api::field::{Error, ErrorList};
use crate::api::quantity::Quantity;
use crate::registry::core::pod::resources::container_requests;
use crate::registry::core::resources;
use crate::registry::validation::Field;

pub fn requirements(spec: &Field<'_>) -> ErrorList {
    let whole = spec.child("resources");
    if !whole.is_set() {
        return ErrorList::new();
    }
    let mut errors = ErrorList::new();
    errors.extend(
        whole
            .child("claims")
            .must_not_be_set("claims cannot be set for Resources at pod-level"),
    );
    errors.extend(resources::pod_requirements(&whole));
    errors.extend(requests_cover_containers(spec, &whole));
    errors.extend(containers_stay_within_limits(spec, &whole));
    errors
}

fn requests_cover_containers(spec: &Field<'_>, whole: &Field<'_>) -> ErrorList {
    let requests = whole.child("requests");
    container_requests(spec.value)
        .into_iter()
        .filter_map(|(name, needed)| {
            let requested = &requests.value[name.as_str()];
            (needed > Quantity::of_value(requested)).then(|| {
                let detail = format!(
                    "must be greater than or equal to aggregate container requests of {needed}"
                );
                let shown = if requested.is_null() {
                    "0".to_owned()
                } else {
                    resources::show(requested)
                };
                Error::invalid(requests.path.key(&name), shown, &detail)
            })
        })
        .collect()
}

fn containers_stay_within_limits(spec: &Field<'_>, whole: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let limits = whole.child("limits");
    for (index, container) in spec.child("containers").items().enumerate() {
        for (name, limit) in container.child("resources").child("limits").entries() {
            let of_pod = &limits.value[name];
            if !of_pod.is_null() && Quantity::of_value(limit.value) > Quantity::of_value(of_pod) {
                let path = whole
                    .path
                    .child("containers")
                    .index(index)
                    .key(name)
                    .child("limits");
                let of_pod = resources::show(of_pod);
                let detail = format!("must be less than or equal to pod limits of {of_pod}");
                errors.push(Error::invalid(path, limit.value.clone(), &detail));
            }
        }
    }
    errors
}

pub fn overhead(overhead: &Field<'_>) -> ErrorList {
    if !overhead.is_set() {
        return ErrorList::new();
    }
    resources::limits_only(overhead.value, &overhead.path)
}
