//! EndpointSlice: some of the endpoints behind a Service.
//!
//! Mirrors `pkg/registry/discovery/endpointslice` and `pkg/apis/discovery` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule, NameUse};
use crate::api::tree::{elements, elements_mut, fill, strings, text};
use crate::api::validate::{
    by_rule, immutable_field, ip_warnings, labels, non_special_ip, required_choice,
    semantically_equal,
};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::core::endpoints::{PROTOCOLS, shorten};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

/// Names the Service that a slice belongs to.
pub const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";
/// Names the component that keeps a slice up to date.
pub const MANAGED_BY_LABEL: &str = "endpointslice.kubernetes.io/managed-by";

const ADDRESS_TYPES: &[&str] = &["IPv4", "IPv6", "FQDN"];
const MAX_ADDRESSES: usize = 100;
const MAX_ENDPOINTS: usize = 1000;
const MAX_PORTS: usize = 20_000;
const MAX_TOPOLOGY_LABELS: usize = 16;
const MAX_HINTS: usize = 8;

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        "endpointslices",
        EndpointSliceStrategy,
    )
    .table(table())
}

struct EndpointSliceStrategy;

impl Strategy for EndpointSliceStrategy {
    fn default(&self, object: &mut Value) {
        for port in elements_mut(object, "ports") {
            fill(port, "name", "");
            fill(port, "protocol", "TCP");
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let address_type = text(object, "addressType");
        let mut errors = required_choice(address_type, ADDRESS_TYPES, &Path::new("addressType"));
        errors.extend(validate_endpoints(
            elements(&object["endpoints"]),
            address_type,
            &Path::new("endpoints"),
        ));
        errors.extend(validate_ports(
            elements(&object["ports"]),
            &Path::new("ports"),
        ));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        errors.extend(immutable_field(
            &new["addressType"],
            &old["addressType"],
            &Path::new("addressType"),
        ));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        if text(object, "addressType") == "FQDN" {
            warnings.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
            return warnings;
        }
        for endpoint in Field::new(&object["endpoints"], "endpoints").items() {
            for address in endpoint.child("addresses").items() {
                warnings.extend(ip_warnings(address.text(), &address.path));
            }
        }
        warnings
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        let differs = |field: &str| !semantically_equal(&new[field], &old[field]);
        differs("endpoints")
            || differs("ports")
            || !semantically_equal(&new["metadata"]["labels"], &old["metadata"]["labels"])
    }
}

fn validate_endpoints(endpoints: &[Value], address_type: &str, path: &Path) -> ErrorList {
    if endpoints.len() > MAX_ENDPOINTS {
        return vec![Error::too_many(
            path.clone(),
            endpoints.len(),
            MAX_ENDPOINTS,
        )];
    }
    let mut errors = ErrorList::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        errors.extend(validate_endpoint(
            endpoint,
            address_type,
            &path.index(index),
        ));
    }
    errors
}

fn validate_endpoint(endpoint: &Value, address_type: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let addresses = elements(&endpoint["addresses"]);
    let addresses_path = path.child("addresses");
    if addresses.is_empty() {
        errors.push(Error::required(
            addresses_path.clone(),
            "must contain at least 1 address",
        ));
    } else if addresses.len() > MAX_ADDRESSES {
        errors.push(Error::too_many(
            addresses_path.clone(),
            addresses.len(),
            MAX_ADDRESSES,
        ));
    }
    for (index, address) in addresses.iter().enumerate() {
        let address = address.as_str().unwrap_or_default();
        errors.extend(validate_address(
            address,
            address_type,
            &addresses_path.index(index),
        ));
    }
    if let Some(node) = endpoint["nodeName"].as_str() {
        let rule = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
        errors.extend(by_rule(rule, node, &path.child("nodeName")));
    }
    let topology = &endpoint["deprecatedTopology"];
    let topology_path = path.child("deprecatedTopology");
    let size = topology.as_object().map_or(0, serde_json::Map::len);
    if size > MAX_TOPOLOGY_LABELS {
        errors.push(Error::too_many(
            topology_path.clone(),
            size,
            MAX_TOPOLOGY_LABELS,
        ));
    }
    errors.extend(labels(topology, &topology_path));
    if let Some(hostname) = endpoint["hostname"].as_str() {
        errors.extend(by_rule(
            names::dns1123_label,
            hostname,
            &path.child("hostname"),
        ));
    }
    for (list, rule) in [
        ("forZones", names::qualified_name as fn(&str) -> _),
        ("forNodes", names::dns1123_subdomain),
    ] {
        let path = path.child("hints").child(list);
        errors.extend(validate_hints(&endpoint["hints"][list], rule, &path));
    }
    errors
}

fn validate_address(address: &str, address_type: &str, path: &Path) -> ErrorList {
    let is_of_family = |is_ipv6: bool| {
        names::parse_ip(address).is_some_and(|address| address.is_ipv6() == is_ipv6)
    };
    let mut errors = ErrorList::new();
    match address_type {
        "IPv4" if !is_of_family(false) => {
            errors.push(Error::invalid(
                path.clone(),
                address,
                "must be a valid IPv4 address",
            ));
        }
        "IPv6" if !is_of_family(true) => {
            errors.push(Error::invalid(
                path.clone(),
                address,
                "must be a valid IPv6 address",
            ));
        }
        "FQDN" => return validate_domain_name(address, path),
        "IPv4" | "IPv6" => {}
        _ => return errors,
    }
    errors.extend(non_special_ip(address, path));
    errors
}

/// A name with at least two labels.
fn validate_domain_name(name: &str, path: &Path) -> ErrorList {
    if name.is_empty() {
        return vec![Error::required(path.clone(), "")];
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let errors = by_rule(names::dns1123_subdomain, name, path);
    if !errors.is_empty() {
        return errors;
    }
    if !name.contains('.') {
        return vec![Error::invalid(
            path.clone(),
            name,
            "should be a domain with at least two segments separated by dots",
        )];
    }
    ErrorList::new()
}

fn validate_hints(hints: &Value, rule: fn(&str) -> Vec<String>, path: &Path) -> ErrorList {
    let hints = elements(hints);
    if hints.len() > MAX_HINTS {
        return vec![Error::too_many(path.clone(), hints.len(), MAX_HINTS)];
    }
    let mut errors = ErrorList::new();
    let mut seen: Vec<&str> = Vec::new();
    for (index, hint) in hints.iter().enumerate() {
        let name = text(hint, "name");
        let path = path.index(index).child("name");
        if seen.contains(&name) {
            errors.push(Error::duplicate(path, name));
        } else {
            seen.push(name);
            errors.extend(by_rule(rule, name, &path));
        }
    }
    errors
}

fn validate_ports(ports: &[Value], path: &Path) -> ErrorList {
    if ports.len() > MAX_PORTS {
        return vec![Error::too_many(path.clone(), ports.len(), MAX_PORTS)];
    }
    let mut errors = ErrorList::new();
    let mut seen: Vec<&str> = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        let name = text(port, "name");
        if !name.is_empty() {
            errors.extend(by_rule(names::dns1123_label, name, &path.child("name")));
        }
        if seen.contains(&name) {
            errors.push(Error::duplicate(path.child("name"), name));
        } else {
            seen.push(name);
        }
        errors.extend(required_choice(
            text(port, "protocol"),
            PROTOCOLS,
            &path.child("protocol"),
        ));
        if let Some(protocol) = port["appProtocol"].as_str() {
            let path = path.child("appProtocol");
            errors.extend(by_rule(names::qualified_name, protocol, &path));
        }
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("AddressType"),
            Column::text("Ports"),
            Column::text("Endpoints"),
            Column::age(),
        ],
        |object, context| {
            let ports: Vec<String> = elements(&object["ports"])
                .iter()
                .map(|port| {
                    port["port"]
                        .as_i64()
                        .map_or_else(|| "*".to_owned(), |p| p.to_string())
                })
                .collect();
            let addresses: Vec<String> = elements(&object["endpoints"])
                .iter()
                .flat_map(|endpoint| strings(&endpoint["addresses"]).map(str::to_owned))
                .collect();
            vec![
                object["metadata"]["name"].clone(),
                object["addressType"].clone(),
                json!(listed(&ports)),
                json!(listed(&addresses)),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

fn listed(all: &[String]) -> String {
    if all.is_empty() {
        return "<unset>".to_owned();
    }
    shorten(all, 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, prepared, row};

    #[test]
    fn ports_have_a_name_and_speak_tcp() {
        let slice = prepared(
            &EndpointSliceStrategy,
            json!({"addressType": "IPv4", "ports": [{"port": 80}]}),
        );
        assert_eq!(
            slice["ports"][0],
            json!({"name": "", "port": 80, "protocol": "TCP"})
        );
    }

    #[test]
    fn addresses_are_of_the_slice_s_type() {
        let slice = |kind: &str, address: &str| json!({"addressType": kind, "endpoints": [{"addresses": [address]}]});
        for (kind, address, wanted) in [
            ("IPv4", "10.0.0.1", None),
            (
                "IPv4",
                "2001:db8::1",
                Some("Invalid value: \"2001:db8::1\": must be a valid IPv4 address"),
            ),
            ("FQDN", "db.example.com", None),
            (
                "FQDN",
                "db",
                Some(
                    "Invalid value: \"db\": should be a domain with at least two segments separated by dots",
                ),
            ),
        ] {
            let wanted: Vec<String> = wanted
                .iter()
                .map(|why| format!("endpoints[0].addresses[0]: {why}"))
                .collect();
            assert_eq!(
                errors_on_create(&EndpointSliceStrategy, slice(kind, address)),
                wanted
            );
        }
    }

    #[test]
    fn every_mistake_is_told() {
        assert_eq!(
            errors_on_create(
                &EndpointSliceStrategy,
                json!({"addressType": "X", "endpoints": [{}], "ports": [{"name": "a"}, {"name": "a", "protocol": "Y"}]})
            ),
            [
                "addressType: Unsupported value: \"X\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"",
                "endpoints[0].addresses: Required value: must contain at least 1 address",
                "ports[1].name: Duplicate value: \"a\"",
                "ports[1].protocol: Unsupported value: \"Y\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            ]
        );
    }

    #[test]
    fn the_address_type_stays() {
        assert_eq!(
            errors_on_update(
                &EndpointSliceStrategy,
                json!({"addressType": "IPv6"}),
                json!({"addressType": "IPv4"})
            ),
            ["addressType: Invalid value: \"IPv6\": field is immutable"]
        );
    }

    #[test]
    fn the_row_lists_ports_and_addresses() {
        let endpoint = |n: u8| json!({"addresses": [format!("10.0.0.{n}")]});
        let slice = json!({
            "metadata": {"name": "web-x"}, "addressType": "IPv4", "ports": [{"port": 80}],
            "endpoints": [endpoint(1), endpoint(2), endpoint(3), endpoint(4)],
        });
        assert_eq!(
            row(&resource(), &slice),
            [
                "web-x",
                "IPv4",
                "80",
                "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...",
                "<unknown>"
            ]
        );
        let empty = json!({"metadata": {"name": "e"}, "addressType": "IPv4"});
        assert_eq!(row(&resource(), &empty)[2..4], ["<unset>", "<unset>"]);
    }

    #[test]
    fn names_and_odd_addresses_are_warned_of() {
        let slice = |kind: &str, address: &str| {
            let slice = json!({"addressType": kind, "endpoints": [{"addresses": [address]}]});
            EndpointSliceStrategy.warnings(&slice, None)
        };
        assert_eq!(
            slice("FQDN", "db.example.com"),
            ["spec.addressType: FQDN endpoints are deprecated"]
        );
        assert_eq!(
            slice("IPv4", "010.0.0.1"),
            [
                "endpoints[0].addresses[0]: non-standard IP address \"010.0.0.1\" will be considered invalid in a future Kubernetes release: use \"10.0.0.1\""
            ]
        );
        assert_eq!(slice("IPv4", "10.0.0.1"), [""; 0]);
    }
}
