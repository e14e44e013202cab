//! Names and addresses of a Pod: host name, DNS configuration, host aliases.
//!
//! Mirrors `validatePodDNSConfig` and `ValidateHostAliases`.

use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::{elements, strings};
use crate::registry::validation::Field;

const MAX_NAMESERVERS: usize = 3;
const MAX_SEARCH_PATHS: usize = 32;
const MAX_SEARCH_CHARACTERS: usize = 2048;
const MAX_HOST_NAME: usize = 64;

/// `hostname`, `subdomain` and what overrides them.
pub fn names(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for field in ["hostname", "subdomain"] {
        let name = spec.child(field);
        if !name.is_empty() {
            errors.extend(name.faults(names::dns1123_label(name.text())));
        }
    }
    errors.extend(hostname_override(spec));
    errors
}

fn hostname_override(spec: &Field<'_>) -> ErrorList {
    let name = spec.child("hostnameOverride");
    if !name.is_set() {
        return ErrorList::new();
    }
    let mut errors = name.faults(names::dns1123_subdomain(name.text()));
    if name.text().len() > MAX_HOST_NAME {
        errors.push(Error::too_long(name.path.clone(), MAX_HOST_NAME));
    }
    if spec.child("setHostnameAsFQDN").is_true() {
        errors.push(name.forbidden("may not be specified when `setHostnameAsFQDN` is true"));
    }
    if spec.child("hostNetwork").is_true() {
        errors.push(name.forbidden("may not be specified when `hostNetwork` is true"));
    }
    errors
}

pub fn dns_config(spec: &Field<'_>) -> ErrorList {
    let config = spec.child("dnsConfig");
    let nameservers = config.child("nameservers");
    if spec.child("dnsPolicy").text() == "None" {
        if !config.is_set() {
            let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
            return vec![config.required(detail)];
        }
        if nameservers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return vec![nameservers.required(detail)];
        }
    }
    let mut errors = ErrorList::new();
    if elements(nameservers.value).len() > MAX_NAMESERVERS {
        let detail = format!("must not have more than {MAX_NAMESERVERS} nameservers");
        errors.push(nameservers.invalid(&detail));
    }
    for server in nameservers.items() {
        errors.extend(server.faults(names::ip(server.text())));
    }
    errors.extend(searches(&config.child("searches")));
    for option in config.child("options").items() {
        if option.child("name").is_empty() {
            errors.push(option.required("must not be empty"));
        }
    }
    errors
}

fn searches(searches: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if elements(searches.value).len() > MAX_SEARCH_PATHS {
        let detail = format!("must not have more than {MAX_SEARCH_PATHS} search paths");
        errors.push(searches.invalid(&detail));
    }
    let all: Vec<&str> = strings(searches.value).collect();
    if all.join(" ").len() > MAX_SEARCH_CHARACTERS {
        let detail = format!(
            "must not have more than {MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        );
        errors.push(searches.invalid(&detail));
    }
    for search in searches.items().filter(|search| search.text() != ".") {
        let name = search.text().strip_suffix('.').unwrap_or(search.text());
        for fault in dns1123_subdomain_with_underscore(name) {
            errors.push(Error::invalid(search.path.clone(), name, &fault));
        }
    }
    errors
}

/// A DNS subdomain in which underscores are let through, as search domains have them.
fn dns1123_subdomain_with_underscore(name: &str) -> names::Faults {
    const FORMAT: &str = r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
    if names::dns1123_subdomain(&name.replace('_', "-")).is_empty()
        && !name
            .split('.')
            .any(|label| label.starts_with('_') || label.ends_with('_'))
    {
        return names::Faults::new();
    }
    vec![names::regex_fault(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        FORMAT,
        &["example.com"],
    )]
}

pub fn host_aliases(aliases: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for alias in aliases.items() {
        let ip = alias.child("ip");
        errors.extend(ip.faults(names::ip(ip.text())));
        for host in alias.child("hostnames").items() {
            errors.extend(host.faults(names::dns1123_subdomain(host.text())));
        }
    }
    errors
}
