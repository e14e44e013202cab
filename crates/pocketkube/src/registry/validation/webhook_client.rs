//! How a webhook is reached: a URL, or a Service of the cluster.
//!
//! Mirrors `apiserver/pkg/util/webhook/validation.go` (v1.35).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Field;
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::fill_absent;

const HTTPS: i64 = 443;
const FORM: &str = "; desired format: https://host[/path]";

/// Services are called at 443 unless told.
pub fn default(client: &mut Value) {
    if client["service"].is_object() {
        fill_absent(&mut client["service"], "port", HTTPS);
    }
}

/// There is a URL or a Service, and it is right.
pub fn validate(client: &Field<'_>) -> ErrorList {
    let (url, service) = (client.child("url"), client.child("service"));
    match (url.is_set(), service.is_set()) {
        (true, false) => validate_url(&url),
        (false, true) => validate_service(&service),
        _ => vec![client.required("exactly one of url or service is required")],
    }
}

/// Why nobody can be trusted because of a bundle of authorities, which is PEM in base64.
pub fn bundle_fault(bundle: &str) -> Option<String> {
    const NONE: &str = "data does not contain any valid RSA or ECDSA certificates";
    let pem = BASE64.decode(bundle).unwrap_or_default();
    let certificates: Result<Vec<Pem>, _> = Pem::iter_from_buffer(&pem)
        .filter(|block| !matches!(block, Ok(block) if block.label != "CERTIFICATE"))
        .collect();
    let is_right = certificates.is_ok_and(|blocks| {
        let is_certificate = |block: &Pem| X509Certificate::from_der(&block.contents).is_ok();
        !blocks.is_empty() && blocks.iter().all(is_certificate)
    });
    (!is_right).then(|| format!("unable to load root certificates: {NONE}"))
}

fn validate_url(url: &Field<'_>) -> ErrorList {
    let invalid = |value: &str, why: &str| Error::invalid(url.path.clone(), value, why);
    let mut errors = ErrorList::new();
    if url.text().contains(|c: char| c.is_ascii_control()) {
        let why = format!(
            "url must be a valid URL: parse {:?}: net/url: invalid control character in URL{FORM}",
            url.text()
        );
        return vec![url.required(&why)];
    }
    let parts = Parts::of(url.text());
    if parts.scheme != "https" {
        let why = format!("'https' is the only allowed URL scheme{FORM}");
        errors.push(invalid(&parts.scheme, &why));
    }
    if parts.host.is_empty() {
        errors.push(invalid("", &format!("host must be specified{FORM}")));
    }
    let not_permitted = [
        (parts.user, "user information is not permitted in the URL"),
        (parts.fragment, "fragments are not permitted in the URL"),
        (parts.query, "query parameters are not permitted in the URL"),
    ];
    for (part, why) in not_permitted {
        if !part.is_empty() {
            errors.push(invalid(part, why));
        }
    }
    errors
}

/// `scheme://user@host/path?query#fragment`.
struct Parts<'a> {
    scheme: String,
    user: &'a str,
    host: &'a str,
    query: &'a str,
    fragment: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
        let (url, query) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if !scheme.contains('/') => (scheme, rest),
            _ => ("", url),
        };
        let authority = rest.strip_prefix("//").unwrap_or_default();
        let authority = authority.split('/').next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        Self {
            scheme: scheme.to_ascii_lowercase(),
            user,
            host,
            query,
            fragment,
        }
    }
}

fn validate_service(service: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for (field, why) in [
        ("name", "service name is required"),
        ("namespace", "service namespace is required"),
    ] {
        let field = service.child(field);
        if field.is_empty() {
            errors.push(field.required(why));
        }
    }
    let port = service.child("port");
    let faults = names::port_number(port.integer());
    if !faults.is_empty() {
        errors.push(port.invalid(&format!("port is not valid: {}", faults.join(","))));
    }
    errors.extend(validate_path(&service.child("path")));
    errors
}

fn validate_path(path: &Field<'_>) -> ErrorList {
    let text = path.text();
    if text.is_empty() || text == "/" {
        return ErrorList::new();
    }
    if text == "//" {
        return vec![path.invalid("segment[0] may not be empty")];
    }
    let mut errors = ErrorList::new();
    if !text.starts_with('/') {
        errors.push(path.invalid("must start with a '/'"));
    }
    // As upstream, the first character is dropped whatever it is.
    let mut characters = text.chars();
    characters.next();
    let steps = characters.as_str();
    for (index, step) in steps
        .strip_suffix('/')
        .unwrap_or(steps)
        .split('/')
        .enumerate()
    {
        if step.is_empty() {
            errors.push(path.invalid(&format!("segment[{index}] may not be empty")));
            continue;
        }
        for fault in names::dns1123_subdomain(step) {
            errors.push(path.invalid(&format!("segment[{index}]: {fault}")));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::testing::texts;

    fn faults(client: Value) -> Vec<String> {
        let mut client = client;
        default(&mut client);
        texts(&validate(&Field::new(&client, "c")))
    }

    #[test]
    fn a_url_has_scheme_host_and_path_only() {
        assert_eq!(
            faults(json!({"url": "https://example.com:8443/hook"})),
            [""; 0]
        );
        assert_eq!(
            faults(json!({"url": "http://me@example.com/?a=b#c"})),
            [
                "c.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
                "c.url: Invalid value: \"me\": user information is not permitted in the URL",
                "c.url: Invalid value: \"c\": fragments are not permitted in the URL",
                "c.url: Invalid value: \"a=b\": query parameters are not permitted in the URL",
            ]
        );
        assert_eq!(
            faults(json!({"url": "https:///hook"})),
            [
                "c.url: Invalid value: \"\": host must be specified; desired format: https://host[/path]"
            ]
        );
    }

    #[test]
    fn a_service_has_a_name_a_namespace_and_a_clean_path() {
        assert_eq!(
            faults(json!({"service": {"name": "s", "namespace": "n", "path": "/a/b/"}})),
            [""; 0]
        );
        assert_eq!(
            faults(json!({"service": {"name": "s", "port": 0, "path": "/a//b"}})),
            [
                "c.service.namespace: Required value: service namespace is required",
                "c.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
                "c.service.path: Invalid value: \"/a//b\": segment[1] may not be empty",
            ]
        );
    }

    #[test]
    fn there_is_one_way_to_the_webhook() {
        assert_eq!(
            faults(json!({})),
            ["c: Required value: exactly one of url or service is required"]
        );
    }
}
