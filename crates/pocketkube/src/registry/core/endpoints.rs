//! Endpoints: the addresses behind a Service, in the old form.
//!
//! Mirrors `pkg/registry/core/endpoint/strategy.go` and `ValidateEndpoints` in
//! `pkg/apis/core/validation/validation.go` (v1.35). Subsets are stored as they come: they are
//! not repacked into the canonical grouping.

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule, NameUse};
use crate::api::tree::{elements, elements_mut, fill, integer, length, text};
use crate::api::validate::{
    by_rule, ip, ip_warnings, non_special_ip, number_by_rule, required_choice,
};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

/// What ports of Services and endpoints can speak.
pub(crate) const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];
/// How many addresses a row shows.
const SHOWN: usize = 3;

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced("", "v1", "Endpoints", "endpoints", EndpointsStrategy)
        .short_names(&["ep"])
        .table(table())
        .deprecated("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
}

struct EndpointsStrategy;

impl Strategy for EndpointsStrategy {
    fn default(&self, object: &mut Value) {
        for subset in elements_mut(object, "subsets") {
            for port in elements_mut(subset, "ports") {
                fill(port, "protocol", "TCP");
            }
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = ErrorList::new();
        for (index, subset) in elements(&object["subsets"]).iter().enumerate() {
            errors.extend(validate_subset(subset, &Path::new("subsets").index(index)));
        }
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        for subset in Field::new(&object["subsets"], "subsets").items() {
            for list in ["addresses", "notReadyAddresses"] {
                for address in subset.child(list).items() {
                    let ip = address.child("ip");
                    warnings.extend(ip_warnings(ip.text(), &ip.path));
                }
            }
        }
        warnings
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }
}

fn validate_subset(subset: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if length(&subset["addresses"]) == 0 && length(&subset["notReadyAddresses"]) == 0 {
        errors.push(Error::required(
            path.clone(),
            "must specify `addresses` or `notReadyAddresses`",
        ));
    }
    for list in ["addresses", "notReadyAddresses"] {
        for (index, address) in elements(&subset[list]).iter().enumerate() {
            errors.extend(validate_address(address, &path.child(list).index(index)));
        }
    }
    let ports = elements(&subset["ports"]);
    for (index, port) in ports.iter().enumerate() {
        let path = path.child("ports").index(index);
        errors.extend(validate_port(port, ports.len() > 1, &path));
    }
    errors
}

fn validate_address(address: &Value, path: &Path) -> ErrorList {
    let address_text = text(address, "ip");
    let mut errors = ip(address_text, &path.child("ip"));
    let hostname = text(address, "hostname");
    if !hostname.is_empty() {
        errors.extend(by_rule(
            names::dns1123_label,
            hostname,
            &path.child("hostname"),
        ));
    }
    if let Some(node) = address["nodeName"].as_str() {
        let rule = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
        errors.extend(by_rule(rule, node, &path.child("nodeName")));
    }
    errors.extend(non_special_ip(address_text, &path.child("ip")));
    errors
}

fn validate_port(port: &Value, requires_name: bool, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    match text(port, "name") {
        "" if requires_name => errors.push(Error::required(path.child("name"), "")),
        "" => {}
        name => errors.extend(by_rule(names::dns1123_label, name, &path.child("name"))),
    }
    errors.extend(number_by_rule(
        names::port_number,
        integer(port, "port"),
        &path.child("port"),
    ));
    errors.extend(required_choice(
        text(port, "protocol"),
        PROTOCOLS,
        &path.child("protocol"),
    ));
    if let Some(protocol) = port["appProtocol"].as_str() {
        let path = path.child("appProtocol");
        errors.extend(by_rule(names::qualified_name, protocol, &path));
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("Endpoints"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(ready_addresses(object)),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

/// `10.244.1.2:80,10.244.2.3:80 + 4 more...`
fn ready_addresses(object: &Value) -> String {
    let subsets = elements(&object["subsets"]);
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let all: Vec<String> = subsets.iter().flat_map(addresses_of_subset).collect();
    shorten(&all, SHOWN)
}

fn addresses_of_subset(subset: &Value) -> Vec<String> {
    let addresses = elements(&subset["addresses"]);
    let ports = elements(&subset["ports"]);
    if ports.is_empty() {
        return addresses
            .iter()
            .map(|address| text(address, "ip").to_owned())
            .collect();
    }
    let pairs = ports
        .iter()
        .flat_map(|port| addresses.iter().map(move |address| (address, port)));
    pairs
        .map(|(address, port)| {
            let (ip, port) = (text(address, "ip"), integer(port, "port"));
            if ip.contains(':') {
                format!("[{ip}]:{port}")
            } else {
                format!("{ip}:{port}")
            }
        })
        .collect()
}

/// The first few of many, and how many more there are.
pub(crate) fn shorten(all: &[String], shown: usize) -> String {
    let list = all[..all.len().min(shown)].join(",");
    match all.len().saturating_sub(shown) {
        0 => list,
        more => format!("{list} + {more} more..."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, prepared, row};

    #[test]
    fn ports_speak_tcp_unless_told() {
        let object =
            json!({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]});
        let object = prepared(&EndpointsStrategy, object);
        assert_eq!(object["subsets"][0]["ports"][0]["protocol"], "TCP");
    }

    #[test]
    fn every_mistake_in_a_subset_is_told() {
        let object = json!({"subsets": [
            {},
            {"addresses": [{"ip": "127.0.0.1", "hostname": "A"}, {"ip": "x"}], "ports": [{"port": 0, "protocol": "X"}, {"port": 1, "name": "ok"}]},
        ]});
        let errors = errors_on_create(&EndpointsStrategy, object);
        assert_eq!(
            errors[0],
            "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"
        );
        assert!(errors[1].starts_with("subsets[1].addresses[0].hostname: Invalid value: \"A\""));
        assert_eq!(
            errors[2..],
            [
                "subsets[1].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
                "subsets[1].addresses[1].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
                "subsets[1].addresses[1].ip: Invalid value: \"x\": must be a valid IP address",
                "subsets[1].ports[0].name: Required value",
                "subsets[1].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "subsets[1].ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            ]
        );
    }

    #[test]
    fn the_row_shows_three_addresses_and_counts_the_rest() {
        let cell = |subsets: Value| {
            row(
                &resource(),
                &json!({"metadata": {"name": "e"}, "subsets": subsets}),
            )
            .remove(1)
        };
        assert_eq!(cell(json!([])), "<none>");
        let address = |n: u8| json!({"ip": format!("10.0.0.{n}")});
        assert_eq!(
            cell(json!([{"notReadyAddresses": [address(1)], "ports": [{"port": 80}]}])),
            ""
        );
        assert_eq!(
            cell(
                json!([{"addresses": [address(1), address(2)], "ports": [{"port": 80}, {"port": 81}]}])
            ),
            "10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more..."
        );
        assert_eq!(cell(json!([{"addresses": [address(1)]}])), "10.0.0.1");
    }
}
