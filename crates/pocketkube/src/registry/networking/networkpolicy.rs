//! NetworkPolicy: who may talk to the Pods that a selector picks.
//!
//! Mirrors `pkg/registry/networking/networkpolicy` and `pkg/apis/networking` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::selector::LabelSelector;
use crate::api::tree::{elements, elements_mut, fill, is_empty, strings, text};
use crate::api::validate::{by_rule, choice, cidr, cidr_warnings, label_selector, number_by_rule};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::core::endpoints::PROTOCOLS;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const POLICY_TYPES: &[&str] = &["Ingress", "Egress"];

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        GROUP,
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        NetworkPolicyStrategy,
    )
    .short_names(&["netpol"])
    .table(table())
}

struct NetworkPolicyStrategy;

impl Strategy for NetworkPolicyStrategy {
    fn default(&self, object: &mut Value) {
        let spec = &mut object["spec"];
        fill(spec, "podSelector", json!({}));
        for direction in ["ingress", "egress"] {
            for rule in elements_mut(spec, direction) {
                for port in elements_mut(rule, "ports") {
                    fill(port, "protocol", "TCP");
                }
            }
        }
        if is_empty(&spec["policyTypes"]) {
            spec["policyTypes"] = if is_empty(&spec["egress"]) {
                json!(["Ingress"])
            } else {
                json!(["Ingress", "Egress"])
            };
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(&object["spec"], &Path::new("spec"))
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let spec = Field::new(&object["spec"], "spec");
        let mut warnings = Vec::new();
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            for rule in spec.child(direction).items() {
                for peer in rule.child(peers).items() {
                    let block = peer.child("ipBlock");
                    let ranges = std::iter::once(block.child("cidr"));
                    for range in ranges.chain(block.child("except").items()) {
                        warnings.extend(cidr_warnings(range.text(), &range.path));
                    }
                }
            }
        }
        warnings
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_spec(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = label_selector(&spec["podSelector"], &path.child("podSelector"));
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (index, rule) in elements(&spec[direction]).iter().enumerate() {
            let path = path.child(direction).index(index);
            errors.extend(validate_rule(rule, peers, &path));
        }
    }
    let types = elements(&spec["policyTypes"]);
    let path = path.child("policyTypes");
    if types.len() > POLICY_TYPES.len() {
        let why = "may not specify more than two policyTypes";
        errors.push(Error::invalid(path, spec["policyTypes"].clone(), why));
        return errors;
    }
    for (index, policy_type) in strings(&spec["policyTypes"]).enumerate() {
        errors.extend(choice(policy_type, POLICY_TYPES, &path.index(index)));
    }
    errors
}

fn validate_rule(rule: &Value, peers: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, port) in elements(&rule["ports"]).iter().enumerate() {
        errors.extend(validate_port(port, &path.child("ports").index(index)));
    }
    for (index, peer) in elements(&rule[peers]).iter().enumerate() {
        errors.extend(validate_peer(peer, &path.child(peers).index(index)));
    }
    errors
}

fn validate_port(port: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if let Some(protocol) = port["protocol"].as_str() {
        errors.extend(choice(protocol, PROTOCOLS, &path.child("protocol")));
    }
    let end = port["endPort"].as_i64();
    let end_path = path.child("endPort");
    let path = path.child("port");
    match &port["port"] {
        Value::Null => {
            if let Some(end) = end {
                let why = "may not be specified when `port` is not specified";
                errors.push(Error::invalid(end_path, end, why));
            }
        }
        Value::String(name) => {
            if let Some(end) = end {
                let why = "may not be specified when `port` is non-numeric";
                errors.push(Error::invalid(end_path, end, why));
            }
            errors.extend(by_rule(names::port_name, name, &path));
        }
        number => {
            let number = number.as_i64().unwrap_or(0);
            errors.extend(number_by_rule(names::port_number, number, &path));
            if let Some(end) = end {
                if end < number {
                    let why = "must be greater than or equal to `port`";
                    // Upstream shows the other number.
                    errors.push(Error::invalid(end_path.clone(), number, why));
                }
                errors.extend(number_by_rule(names::port_number, end, &end_path));
            }
        }
    }
    errors
}

fn validate_peer(peer: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut peers = 0;
    for selector in ["podSelector", "namespaceSelector"] {
        if !peer[selector].is_null() {
            peers += 1;
            errors.extend(label_selector(&peer[selector], &path.child(selector)));
        }
    }
    let block = &peer["ipBlock"];
    if !block.is_null() {
        peers += 1;
        errors.extend(validate_block(block, &path.child("ipBlock")));
    }
    if peers == 0 {
        errors.push(Error::required(path.clone(), "must specify a peer"));
    } else if peers > 1 && !block.is_null() {
        errors.push(Error::forbidden(
            path.clone(),
            "may not specify both ipBlock and another peer",
        ));
    }
    errors
}

fn validate_block(block: &Value, path: &Path) -> ErrorList {
    let range = text(block, "cidr");
    if range.is_empty() {
        return vec![Error::required(path.child("cidr"), "")];
    }
    let mut errors = cidr(range, &path.child("cidr"));
    let Some(outer) = network(range) else {
        return errors;
    };
    for (index, except) in strings(&block["except"]).enumerate() {
        let path = path.child("except").index(index);
        errors.extend(cidr(except, &path));
        let Some(inner) = network(except) else {
            continue;
        };
        if !outer.contains(&inner) || outer.prefix_len() >= inner.prefix_len() {
            let why = "must be a strict subset of `cidr`";
            errors.push(Error::invalid(path, except, why));
        }
    }
    errors
}

fn network(text: &str) -> Option<ipnet::IpNet> {
    let (address, length) = names::parse_cidr(text)?;
    ipnet::IpNet::new(address, length).ok()
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("Pod-Selector"), Column::age()],
        |object, context| {
            let selector = LabelSelector::from_value(&object["spec"]["podSelector"])
                .map(|selector| selector.to_string())
                .unwrap_or_default();
            let selector = match selector.as_str() {
                "" => "<none>",
                selector => selector,
            };
            vec![
                object["metadata"]["name"].clone(),
                json!(selector),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, prepared, row};

    fn with_peer(peer: Value) -> Value {
        json!({"spec": {"podSelector": {}, "ingress": [{"from": [peer]}]}})
    }

    #[test]
    fn policy_types_follow_the_rules_given() {
        let types = |spec: Value| {
            prepared(&NetworkPolicyStrategy, json!({"spec": spec}))["spec"]["policyTypes"].clone()
        };
        assert_eq!(types(json!({})), json!(["Ingress"]));
        assert_eq!(types(json!({"egress": []})), json!(["Ingress"]));
        assert_eq!(types(json!({"egress": [{}]})), json!(["Ingress", "Egress"]));
        assert_eq!(types(json!({"policyTypes": ["Egress"]})), json!(["Egress"]));
    }

    #[test]
    fn ports_speak_tcp_unless_told() {
        let policy = prepared(
            &NetworkPolicyStrategy,
            json!({"spec": {"ingress": [{"ports": [{"port": 80}]}]}}),
        );
        assert_eq!(policy["spec"]["ingress"][0]["ports"][0]["protocol"], "TCP");
        assert_eq!(policy["spec"]["podSelector"], json!({}));
    }

    #[test]
    fn a_peer_is_something_and_not_both_block_and_selector() {
        assert_eq!(
            errors_on_create(&NetworkPolicyStrategy, with_peer(json!({}))),
            ["spec.ingress[0].from[0]: Required value: must specify a peer"]
        );
        assert_eq!(
            errors_on_create(
                &NetworkPolicyStrategy,
                with_peer(json!({"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}))
            ),
            ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"]
        );
    }

    #[test]
    fn exceptions_lie_within_their_block() {
        assert_eq!(
            errors_on_create(
                &NetworkPolicyStrategy,
                with_peer(
                    json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "11.0.0.0/16", "10.0.0.0/8", "x"]}})
                )
            ),
            [
                "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`",
                "spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`",
                "spec.ingress[0].from[0].ipBlock.except[3]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            ]
        );
    }

    #[test]
    fn port_ranges_are_numbers_in_order() {
        let with_port = |port: Value| {
            let policy = json!({"spec": {"egress": [{"ports": [port]}]}});
            errors_on_create(&NetworkPolicyStrategy, policy)
        };
        assert!(with_port(json!({"port": 80, "endPort": 90})).is_empty());
        assert_eq!(
            with_port(json!({"port": 80, "endPort": 79, "protocol": "X"})),
            [
                "spec.egress[0].ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                "spec.egress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`",
            ]
        );
        assert_eq!(
            with_port(json!({"port": "http", "endPort": 90})),
            [
                "spec.egress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric"
            ]
        );
    }

    #[test]
    fn the_row_shows_whom_it_picks() {
        let cell = |selector: Value| {
            let policy = json!({"metadata": {"name": "p"}, "spec": {"podSelector": selector}});
            row(&resource(), &policy).remove(1)
        };
        assert_eq!(cell(json!({})), "<none>");
        assert_eq!(cell(json!({"matchLabels": {"app": "db"}})), "app=db");
    }

    #[test]
    fn ranges_written_in_another_way_are_warned_of() {
        let peer = json!({"ipBlock": {"cidr": "10.0.0.1/8", "except": ["10.1.0.0/16"]}});
        assert_eq!(
            NetworkPolicyStrategy.warnings(&with_peer(peer), None),
            [
                "spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)"
            ]
        );
    }
}
