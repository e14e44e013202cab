//! Ingress: HTTP from outside to Services, by host and path.
//!
//! Mirrors `pkg/registry/networking/ingress` and `pkg/apis/networking` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use super::ingressclass::validate_reference;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule, NameUse};
use crate::api::tree::{elements, integer, is_empty, restore, strings, text};
use crate::api::validate::{by_rule, ip, number_by_rule};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, Strategy};

/// The old way to choose a class.
pub const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const PATH_TYPES: &[&str] = &["Exact", "ImplementationSpecific", "Prefix"];
const FORBIDDEN_SEQUENCES: &[&str] = &["//", "/./", "/../", "%2f", "%2F"];
const FORBIDDEN_ENDINGS: &[&str] = &["/..", "/."];
/// How many hosts a row shows.
const SHOWN_HOSTS: usize = 3;

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(GROUP, "v1", "Ingress", "ingresses", IngressStrategy)
        .short_names(&["ing"])
        .table(table())
        .with_status()
}

struct IngressStrategy;

impl Strategy for IngressStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({"loadBalancer": {}});
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = validate_spec(&object["spec"], &Path::new("spec"));
        errors.extend(validate_class_annotation(object));
        errors
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, _old: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(&new["spec"], &Path::new("spec"))
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        let path = Path::new("status.loadBalancer.ingress");
        elements(&new["status"]["loadBalancer"]["ingress"])
            .iter()
            .enumerate()
            .flat_map(|(index, point)| validate_point(point, &path.index(index)))
            .collect()
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() || meta::annotation(object, CLASS_ANNOTATION).is_none() {
            return Vec::new();
        }
        vec![format!(
            "annotation {CLASS_ANNOTATION:?} is deprecated, please use 'spec.ingressClassName' instead"
        )]
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_class_annotation(object: &Value) -> ErrorList {
    let class = object["spec"]["ingressClassName"].as_str();
    match (meta::annotation(object, CLASS_ANNOTATION), class) {
        (Some(annotation), Some(class)) if annotation != class => vec![Error::invalid(
            Path::new("annotations").child(CLASS_ANNOTATION),
            annotation,
            "must match `ingressClassName` when both are specified",
        )],
        _ => vec![],
    }
}

fn validate_spec(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let backend = &spec["defaultBackend"];
    if is_empty(&spec["rules"]) && backend.is_null() {
        errors.push(Error::invalid(
            path.clone(),
            spec["rules"].clone(),
            "either `defaultBackend` or `rules` must be specified",
        ));
    }
    if !backend.is_null() {
        errors.extend(validate_backend(backend, &path.child("defaultBackend")));
    }
    for (index, rule) in elements(&spec["rules"]).iter().enumerate() {
        errors.extend(validate_rule(rule, &path.child("rules").index(index)));
    }
    for (index, tls) in elements(&spec["tls"]).iter().enumerate() {
        errors.extend(validate_tls(tls, &path.child("tls").index(index)));
    }
    if let Some(class) = spec["ingressClassName"].as_str() {
        let rule = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
        errors.extend(by_rule(rule, class, &path.child("ingressClassName")));
    }
    errors
}

fn validate_rule(rule: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let host = text(rule, "host");
    if !host.is_empty() {
        let path = path.child("host");
        if names::parse_ip(host).is_some() {
            let why = "must be a DNS name, not an IP address";
            errors.push(Error::invalid(path.clone(), host, why));
        }
        errors.extend(validate_host(host, &path));
    }
    let http = &rule["http"];
    if !http.is_null() {
        let path = path.child("http").child("paths");
        let paths = elements(&http["paths"]);
        if paths.is_empty() {
            errors.push(Error::required(path.clone(), ""));
        }
        for (index, http_path) in paths.iter().enumerate() {
            errors.extend(validate_path(http_path, &path.index(index)));
        }
    }
    errors
}

fn validate_host(host: &str, path: &Path) -> ErrorList {
    if host.contains('*') {
        by_rule(names::wildcard_dns1123_subdomain, host, path)
    } else {
        by_rule(names::dns1123_subdomain, host, path)
    }
}

fn validate_path(http_path: &Value, path: &Path) -> ErrorList {
    let Some(path_type) = http_path["pathType"].as_str() else {
        return vec![Error::required(
            path.child("pathType"),
            "pathType must be specified",
        )];
    };
    let value = text(http_path, "path");
    let mut errors = ErrorList::new();
    let mut refuse = |why: &str| errors.push(Error::invalid(path.child("path"), value, why));
    match path_type {
        "Exact" | "Prefix" => {
            if !value.starts_with('/') {
                refuse("must be an absolute path");
            }
            for sequence in FORBIDDEN_SEQUENCES.iter().filter(|s| value.contains(**s)) {
                refuse(&format!("must not contain '{sequence}'"));
            }
            for ending in FORBIDDEN_ENDINGS.iter().filter(|e| value.ends_with(**e)) {
                refuse(&format!("cannot end with '{ending}'"));
            }
        }
        "ImplementationSpecific" => {
            if !value.is_empty() && !value.starts_with('/') {
                refuse("must be an absolute path");
            }
        }
        other => errors.push(Error::not_supported(
            path.child("pathType"),
            other,
            PATH_TYPES,
        )),
    }
    errors.extend(validate_backend(
        &http_path["backend"],
        &path.child("backend"),
    ));
    errors
}

fn validate_backend(backend: &Value, path: &Path) -> ErrorList {
    let (resource, service) = (&backend["resource"], &backend["service"]);
    match (resource.is_null(), service.is_null()) {
        (false, false) => vec![Error::invalid(
            path.clone(),
            "",
            "cannot set both resource and service backends",
        )],
        (false, true) => validate_reference(resource, &path.child("resource")),
        (true, false) => validate_service(service, path),
        (true, true) => vec![Error::invalid(
            path.clone(),
            "",
            "resource or service backend is required",
        )],
    }
}

fn validate_service(service: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let service_path = path.child("service");
    match text(service, "name") {
        "" => errors.push(Error::required(service_path.child("name"), "")),
        name => {
            let rule = |name: &str| names::name_is_dns1035_label(name, NameUse::Whole);
            errors.extend(by_rule(rule, name, &service_path.child("name")));
        }
    }
    let port_path = service_path.child("port");
    let port = &service["port"];
    match (text(port, "name"), integer(port, "number")) {
        ("", 0) => errors.push(Error::required(
            path.clone(),
            "port name or number is required",
        )),
        ("", number) => errors.extend(number_by_rule(
            names::port_number,
            number,
            &port_path.child("number"),
        )),
        (name, 0) => {
            errors.extend(by_rule(names::port_name, name, &port_path.child("name")));
        }
        _ => errors.push(Error::invalid(
            path.clone(),
            "",
            "cannot set both port name & port number",
        )),
    }
    errors
}

fn validate_tls(tls: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, host) in strings(&tls["hosts"]).enumerate() {
        errors.extend(validate_host(host, &path.child("hosts").index(index)));
    }
    let secret = text(tls, "secretName");
    if !secret.is_empty() {
        let rule = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
        errors.extend(by_rule(rule, secret, &path.child("secretName")));
    }
    errors
}

fn validate_point(point: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let (address, hostname) = (text(point, "ip"), text(point, "hostname"));
    if !address.is_empty() {
        errors.extend(ip(address, &path.child("ip")));
    }
    if !hostname.is_empty() {
        let path = path.child("hostname");
        errors.extend(by_rule(names::dns1123_subdomain, hostname, &path));
        if names::parse_ip(hostname).is_some() {
            let why = "must be a DNS name, not an IP address";
            errors.push(Error::invalid(path, hostname, why));
        }
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Class"),
            Column::text("Hosts"),
            Column::text("Address"),
            Column::text("Ports"),
            Column::age(),
        ],
        |object, context| {
            let spec = &object["spec"];
            let class = spec["ingressClassName"].as_str().unwrap_or("<none>");
            let ports = if is_empty(&spec["tls"]) {
                "80"
            } else {
                "80, 443"
            };
            vec![
                object["metadata"]["name"].clone(),
                json!(class),
                json!(hosts(elements(&spec["rules"]))),
                json!(addresses(object)),
                json!(ports),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

/// `a.test,b.test,c.test + 2 more...`; rules without a host count as well.
fn hosts(rules: &[Value]) -> String {
    let named = rules.iter().map(|rule| text(rule, "host"));
    let shown: Vec<&str> = named
        .clone()
        .filter(|host| !host.is_empty())
        .take(SHOWN_HOSTS)
        .collect();
    if shown.is_empty() {
        return "*".to_owned();
    }
    let last_shown = named
        .enumerate()
        .filter(|(_, host)| !host.is_empty())
        .nth(SHOWN_HOSTS - 1)
        .map_or(rules.len(), |(index, _)| index + 1);
    let list = shown.join(",");
    if last_shown < rules.len() {
        format!("{list} + {} more...", rules.len() - SHOWN_HOSTS)
    } else {
        list
    }
}

fn addresses(object: &Value) -> String {
    let mut points: Vec<&str> = elements(&object["status"]["loadBalancer"]["ingress"])
        .iter()
        .map(|point| match text(point, "ip") {
            "" => text(point, "hostname"),
            ip => ip,
        })
        .collect();
    points.sort_unstable();
    points.dedup();
    points.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, row};

    fn check(spec: Value, wanted: &[&str]) {
        let errors = errors_on_create(&IngressStrategy, json!({"spec": spec}));
        assert_eq!(errors, wanted, "{spec}");
    }

    fn with_path(path: Value) -> Value {
        json!({"rules": [{"http": {"paths": [path]}}]})
    }

    fn backend() -> Value {
        json!({"service": {"name": "web", "port": {"number": 80}}})
    }

    #[test]
    fn an_ingress_leads_somewhere() {
        check(
            json!({}),
            &["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
        );
        check(json!({"defaultBackend": backend()}), &[]);
        check(
            json!({"defaultBackend": {}}),
            &["spec.defaultBackend: Invalid value: \"\": resource or service backend is required"],
        );
    }

    #[test]
    fn a_service_is_reached_by_port_name_or_number() {
        check(
            json!({"defaultBackend": {"service": {"name": "s", "port": {}}}}),
            &["spec.defaultBackend: Required value: port name or number is required"],
        );
        check(
            json!({"defaultBackend": {"service": {"port": {"name": "http", "number": 80}}}}),
            &[
                "spec.defaultBackend.service.name: Required value",
                "spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number",
            ],
        );
    }

    #[test]
    fn paths_have_a_type_and_are_absolute() {
        check(
            with_path(json!({"path": "/", "backend": backend()})),
            &["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
        );
        check(
            with_path(json!({"path": "a//b", "pathType": "Prefix", "backend": backend()})),
            &[
                "spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must be an absolute path",
                "spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must not contain '//'",
            ],
        );
        check(
            with_path(json!({"path": "/", "pathType": "Regex", "backend": backend()})),
            &[
                "spec.rules[0].http.paths[0].pathType: Unsupported value: \"Regex\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"",
            ],
        );
    }

    #[test]
    fn hosts_are_names() {
        check(json!({"rules": [{"host": "*.example.com"}]}), &[]);
        let errors = errors_on_create(
            &IngressStrategy,
            json!({"spec": {"rules": [{"host": "203.0.113.1"}]}}),
        );
        assert_eq!(
            errors,
            [
                "spec.rules[0].host: Invalid value: \"203.0.113.1\": must be a DNS name, not an IP address"
            ]
        );
    }

    #[test]
    fn the_old_annotation_warns_and_must_agree() {
        let ingress = json!({
            "metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}},
            "spec": {"ingressClassName": "b", "defaultBackend": backend()},
        });
        assert_eq!(
            IngressStrategy.warnings(&ingress, None),
            [
                "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
            ]
        );
        assert_eq!(
            errors_on_create(&IngressStrategy, ingress),
            [
                "annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are specified"
            ]
        );
    }

    #[test]
    fn the_row_shows_hosts_addresses_and_ports() {
        let rules: Vec<Value> = ["a", "b", "c", "d", "e"]
            .iter()
            .map(|host| json!({"host": format!("{host}.test")}))
            .collect();
        let ingress = json!({
            "metadata": {"name": "i"},
            "spec": {"ingressClassName": "fast", "rules": rules, "tls": [{}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.30"}]}},
        });
        assert_eq!(
            row(&resource(), &ingress),
            [
                "i",
                "fast",
                "a.test,b.test,c.test + 2 more...",
                "203.0.113.30",
                "80, 443",
                "<unknown>"
            ]
        );
        let plain = json!({"metadata": {"name": "d"}, "spec": {"rules": [{}]}});
        assert_eq!(row(&resource(), &plain)[1..5], ["<none>", "*", "", "80"]);
    }
}
