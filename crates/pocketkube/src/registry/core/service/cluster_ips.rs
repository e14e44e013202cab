//! `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`: what each says about the others.
//!
//! Mirrors `normalizeClusterIPs` in `pkg/registry/core/service/storage/storage.go` and
//! `ValidateServiceClusterIPsRelatedFields` in `pkg/apis/core/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::{EXTERNAL_NAME, NONE, is_headless, type_of};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names;
use crate::api::tree::{elements, is_empty, remove, strings, text};
use crate::api::validate::{choice, ip, semantically_equal};

pub(super) const IPV4: &str = "IPv4";
pub(super) const IPV6: &str = "IPv6";
const FAMILIES: &[&str] = &[IPV4, IPV6];
const POLICIES: &[&str] = &["SingleStack", "PreferDualStack", "RequireDualStack"];

/// Brings `clusterIP` and `clusterIPs` together for clients that know only one of them.
pub(super) fn synchronize(spec: &mut Value, old: Option<&Value>) {
    let single = text(spec, "clusterIP").to_owned();
    let Some(old) = old else {
        if !single.is_empty() && is_empty(&spec["clusterIPs"]) {
            spec["clusterIPs"] = json!([single]);
        }
        return;
    };
    let was = text(old, "clusterIP");
    if is_empty(&spec["clusterIPs"]) && !is_empty(&old["clusterIPs"]) && was == single {
        spec["clusterIPs"] = old["clusterIPs"].clone();
    }
    let unchanged_list = semantically_equal(&spec["clusterIPs"], &old["clusterIPs"]);
    if was != single && unchanged_list {
        if single.is_empty() {
            remove(spec, "clusterIPs");
        } else {
            spec["clusterIPs"] = json!([single]);
        }
    }
}

/// Every mistake in the four fields.
pub(super) fn validate(spec: &Value) -> ErrorList {
    if type_of(spec) == EXTERNAL_NAME {
        return ErrorList::new();
    }
    let mut errors = validate_agreement(spec);
    errors.extend(validate_families(spec));
    let policy = text(spec, "ipFamilyPolicy");
    if !policy.is_empty() {
        errors.extend(choice(policy, POLICIES, &Path::new("spec.ipFamilyPolicy")));
    }
    let addresses = validate_addresses(spec);
    let addresses_are_readable = addresses.is_empty();
    errors.extend(addresses);
    let list = elements(&spec["clusterIPs"]);
    if list.len() > 2 {
        errors.push(invalid_list(spec, "may only hold up to 2 values"));
    }
    // What follows would only repeat that an address is no address.
    if addresses_are_readable {
        errors.extend(validate_one_of_each_family(spec));
        errors.extend(validate_families_of_addresses(spec));
    }
    errors
}

fn invalid_list(spec: &Value, why: &str) -> Error {
    Error::invalid(
        Path::new("spec.clusterIPs"),
        spec["clusterIPs"].clone(),
        why,
    )
}

fn validate_agreement(spec: &Value) -> ErrorList {
    let first = strings(&spec["clusterIPs"]).next();
    match (text(spec, "clusterIP"), first) {
        ("", None) => vec![],
        ("", Some(_)) => vec![invalid_list(
            spec,
            "must be empty when `clusterIP` is not specified",
        )],
        (_, None) => vec![Error::required(Path::new("spec.clusterIPs"), "")],
        (single, Some(first)) if single == first => vec![],
        _ => vec![invalid_list(spec, "first value must match `clusterIP`")],
    }
}

fn validate_families(spec: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = Vec::new();
    for (index, family) in strings(&spec["ipFamilies"]).enumerate() {
        let path = Path::new("spec.ipFamilies").index(index);
        errors.extend(choice(family, FAMILIES, &path));
        if seen.contains(&family) {
            errors.push(Error::duplicate(path, family));
        }
        seen.push(family);
    }
    errors
}

fn validate_addresses(spec: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let list = elements(&spec["clusterIPs"]);
    for (index, address) in strings(&spec["clusterIPs"]).enumerate() {
        if index == 0 && address == NONE {
            if list.len() > 1 {
                errors.push(invalid_list(
                    spec,
                    "'None' must be the first and only value",
                ));
            }
            continue;
        }
        errors.extend(ip(address, &Path::new("spec.clusterIPs").index(index)));
    }
    errors
}

fn validate_one_of_each_family(spec: &Value) -> ErrorList {
    let families: Vec<&str> = strings(&spec["clusterIPs"]).map(family_of).collect();
    match families.as_slice() {
        [] | [_] => vec![],
        [one, other] if one != other => vec![],
        _ => vec![invalid_list(
            spec,
            "may specify no more than one IP for each IP family",
        )],
    }
}

fn validate_families_of_addresses(spec: &Value) -> ErrorList {
    if is_headless(spec) {
        return ErrorList::new();
    }
    let pairs = strings(&spec["clusterIPs"]).zip(strings(&spec["ipFamilies"]));
    pairs
        .enumerate()
        .filter(|(_, (address, family))| FAMILIES.contains(family) && family_of(address) != *family)
        .map(|(index, (address, family))| {
            let why = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
            Error::invalid(Path::new("spec.clusterIPs").index(index), address, &why)
        })
        .collect()
}

pub(super) fn family_of(address: &str) -> &'static str {
    match names::parse_ip(address) {
        Some(address) if address.is_ipv6() => IPV6,
        _ => IPV4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::texts;

    fn check(spec: Value, wanted: &[&str]) {
        assert_eq!(texts(&validate(&spec)), wanted, "{spec}");
    }

    #[test]
    fn the_single_address_is_the_first_of_the_list() {
        check(
            json!({"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5"]}),
            &[],
        );
        check(
            json!({"clusterIP": "10.96.0.5"}),
            &["spec.clusterIPs: Required value"],
        );
        check(
            json!({"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.6"]}),
            &[
                "spec.clusterIPs: Invalid value: [\"10.96.0.6\"]: first value must match `clusterIP`",
            ],
        );
        check(
            json!({"clusterIPs": ["10.96.0.6"]}),
            &[
                "spec.clusterIPs: Invalid value: [\"10.96.0.6\"]: must be empty when `clusterIP` is not specified",
            ],
        );
    }

    #[test]
    fn addresses_and_families_agree() {
        check(
            json!({"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5"], "ipFamilies": ["IPv6"]}),
            &[
                "spec.clusterIPs[0]: Invalid value: \"10.96.0.5\": expected an IPv6 value as indicated by `ipFamilies[0]`",
            ],
        );
        check(
            json!({"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5", "10.96.0.6"]}),
            &[
                "spec.clusterIPs: Invalid value: [\"10.96.0.5\",\"10.96.0.6\"]: may specify no more than one IP for each IP family",
            ],
        );
        check(
            json!({"ipFamilies": ["IPv4", "IPv4", "X"], "ipFamilyPolicy": "Y"}),
            &[
                "spec.ipFamilies[1]: Duplicate value: \"IPv4\"",
                "spec.ipFamilies[2]: Unsupported value: \"X\": supported values: \"IPv4\", \"IPv6\"",
                "spec.ipFamilyPolicy: Unsupported value: \"Y\": supported values: \"PreferDualStack\", \"RequireDualStack\", \"SingleStack\"",
            ],
        );
    }

    #[test]
    fn none_stands_alone() {
        check(json!({"clusterIP": "None", "clusterIPs": ["None"]}), &[]);
        check(
            json!({"clusterIP": "None", "clusterIPs": ["None", "10.96.0.1"]}),
            &[
                "spec.clusterIPs: Invalid value: [\"None\",\"10.96.0.1\"]: 'None' must be the first and only value",
            ],
        );
    }

    #[test]
    fn clients_may_know_the_single_address_only() {
        let mut spec = json!({"clusterIP": "10.96.0.5"});
        synchronize(&mut spec, None);
        assert_eq!(spec["clusterIPs"], json!(["10.96.0.5"]));

        let old = spec.clone();
        let mut patched = json!({"clusterIP": "None", "clusterIPs": ["10.96.0.5"]});
        synchronize(&mut patched, Some(&old));
        assert_eq!(patched["clusterIPs"], json!(["None"]));

        let mut cleared = json!({"clusterIPs": ["10.96.0.5"]});
        synchronize(&mut cleared, Some(&old));
        assert_eq!(cleared, json!({}));
    }
}
