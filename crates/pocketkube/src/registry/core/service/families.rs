//! Which IP families a Service gets, in a cluster whose Services are IPv4 only.
//!
//! Mirrors `initIPFamilyFields` in `pkg/registry/core/service/storage/alloc.go` (v1.35).

use serde_json::{Value, json};

use super::cluster_ips::{self, IPV4, IPV6, family_of};
use super::{EXTERNAL_NAME, NONE, type_of};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{fill, is_empty, length, strings, text};
use crate::api::validate::semantically_equal;

const SINGLE: &str = "SingleStack";
const PREFER_DUAL: &str = "PreferDualStack";
const REQUIRE_DUAL: &str = "RequireDualStack";

/// Fills in `ipFamilyPolicy` and `ipFamilies`, or tells why they cannot be had.
pub(super) fn initialize(spec: &mut Value, old: Option<&Value>) -> Result<(), ErrorList> {
    if type_of(spec) == EXTERNAL_NAME || is_unchanged_preference(spec, old) {
        return Ok(());
    }
    let any_endpoints = text(spec, "clusterIP") == NONE && is_empty(&spec["selector"]);
    set_policy(spec, old, any_endpoints);
    none_or(cluster_ips::validate(spec))?;
    let policy = text(spec, "ipFamilyPolicy").to_owned();

    let mut errors = ErrorList::new();
    if let Some(old) = old {
        errors.extend(release_second_family(spec, old, &policy));
    }
    if policy == SINGLE {
        errors.extend(refuse_two_of_each(spec, &policy));
    }
    errors.extend(infer_families(spec));
    none_or(errors)?;

    if any_endpoints {
        // Such a Service takes whatever addresses its endpoints have.
        set_default_family(spec);
        if policy != SINGLE && length(&spec["ipFamilies"]) < 2 {
            let first = strings(&spec["ipFamilies"]).next().unwrap_or(IPV4);
            spec["ipFamilies"] = json!([first, if first == IPV4 { IPV6 } else { IPV4 }]);
        }
        return Ok(());
    }
    none_or(refuse_what_the_cluster_lacks(spec, &policy))?;
    set_default_family(spec);
    Ok(())
}

fn none_or(errors: ErrorList) -> Result<(), ErrorList> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// A Service that prefers dual stack keeps what it got, even if the cluster could give more now.
fn is_unchanged_preference(spec: &Value, old: Option<&Value>) -> bool {
    let Some(old) = old else {
        return false;
    };
    text(spec, "ipFamilyPolicy") == PREFER_DUAL
        && type_of(old) != EXTERNAL_NAME
        && ["ipFamilyPolicy", "ipFamilies", "clusterIPs"]
            .iter()
            .all(|field| semantically_equal(&spec[*field], &old[*field]))
}

fn set_policy(spec: &mut Value, old: Option<&Value>, any_endpoints: bool) {
    let before = old
        .map(|old| text(old, "ipFamilyPolicy"))
        .unwrap_or_default();
    let policy = match before {
        "" if any_endpoints => REQUIRE_DUAL,
        "" => SINGLE,
        before => before,
    };
    fill(spec, "ipFamilyPolicy", policy);
}

fn invalid_policy(policy: &str, why: &str) -> Error {
    Error::invalid(Path::new("spec.ipFamilyPolicy"), policy, why)
}

fn release_second_family(spec: &mut Value, old: &Value, policy: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    for (field, what) in [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")] {
        let is_same = semantically_equal(&spec[field], &old[field]);
        let count = length(&spec[field]);
        if policy == SINGLE {
            if is_same && count > 1 {
                spec[field] = json!([spec[field][0]]);
            }
        } else if count == 1 && length(&old[field]) == 2 && spec[field][0] == old[field][0] {
            let why = format!("must be 'SingleStack' to release the secondary {what}");
            errors.push(invalid_policy(policy, &why));
        }
    }
    errors
}

fn refuse_two_of_each(spec: &Value, policy: &str) -> ErrorList {
    [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")]
        .into_iter()
        .filter(|(field, _)| length(&spec[*field]) == 2)
        .map(|(_, what)| {
            let why = format!(
                "must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
            );
            invalid_policy(policy, &why)
        })
        .collect()
}

/// Adds the families of given addresses.
fn infer_families(spec: &mut Value) -> ErrorList {
    let mut families: Vec<String> = strings(&spec["ipFamilies"]).map(str::to_owned).collect();
    let mut errors = ErrorList::new();
    for (index, address) in strings(&spec["clusterIPs"]).enumerate() {
        if address == NONE {
            break;
        }
        if index < families.len() {
            continue;
        }
        let family = family_of(address);
        if family == IPV4 {
            families.push(family.to_owned());
        } else {
            let path = Path::new("spec.clusterIPs").index(index);
            let why = format!("{family} is not configured on this cluster");
            errors.push(Error::invalid(path, spec["clusterIPs"].clone(), &why));
        }
    }
    if !families.is_empty() {
        spec["ipFamilies"] = families.into();
    }
    errors
}

fn refuse_what_the_cluster_lacks(spec: &Value, policy: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    if policy == REQUIRE_DUAL {
        errors.push(invalid_policy(
            policy,
            "this cluster is not configured for dual-stack services",
        ));
    }
    for (index, family) in strings(&spec["ipFamilies"]).enumerate() {
        if family != IPV4 {
            let path = Path::new("spec.ipFamilies").index(index);
            errors.push(Error::invalid(
                path,
                family,
                "not configured on this cluster",
            ));
        }
    }
    errors
}

fn set_default_family(spec: &mut Value) {
    if is_empty(&spec["ipFamilies"]) {
        spec["ipFamilies"] = json!([IPV4]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::texts;

    fn initialized(mut spec: Value) -> Value {
        initialize(&mut spec, None).unwrap();
        json!([spec["ipFamilyPolicy"], spec["ipFamilies"]])
    }

    fn refused(mut spec: Value) -> Vec<String> {
        texts(&initialize(&mut spec, None).unwrap_err())
    }

    #[test]
    fn services_are_single_stack_ipv4() {
        assert_eq!(
            initialized(json!({"type": "ClusterIP"})),
            json!(["SingleStack", ["IPv4"]])
        );
        assert_eq!(
            initialized(json!({"ipFamilyPolicy": "PreferDualStack"})),
            json!(["PreferDualStack", ["IPv4"]])
        );
        assert_eq!(
            initialized(json!({"type": "ExternalName"})),
            json!([null, null])
        );
    }

    #[test]
    fn headless_services_without_selector_take_both_families() {
        let headless = json!({"clusterIP": "None", "clusterIPs": ["None"]});
        assert_eq!(
            initialized(headless.clone()),
            json!(["RequireDualStack", ["IPv4", "IPv6"]])
        );
        let mut selecting = headless;
        selecting["selector"] = json!({"a": "b"});
        assert_eq!(initialized(selecting), json!(["SingleStack", ["IPv4"]]));
    }

    #[test]
    fn what_the_cluster_lacks_is_refused() {
        assert_eq!(
            refused(json!({"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]})),
            [
                "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services",
                "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster",
            ]
        );
        assert_eq!(
            refused(json!({"clusterIP": "fd00::1", "clusterIPs": ["fd00::1"]})),
            [
                "spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not configured on this cluster"
            ]
        );
        assert_eq!(
            refused(json!({"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4", "IPv6"]})),
            [
                "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"
            ]
        );
    }

    #[test]
    fn an_update_keeps_the_policy() {
        let old = json!({"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv4"]});
        let mut new = json!({"ipFamilies": ["IPv4"]});
        initialize(&mut new, Some(&old)).unwrap();
        assert_eq!(new["ipFamilyPolicy"], "PreferDualStack");
    }
}
