//! Every mistake in a request for a certificate.
//!
//! The signature over the request is not checked, nor what certificate is issued. Mirrors
//! `pkg/apis/certificates/validation/validation.go` (v1.35).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use super::{APPROVAL, APPROVED, DENIED, FAILED};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names;
use crate::api::tree::{elements, text};
use crate::api::validate::semantically_equal;
use crate::registry::validation::Field;

const USAGES: &[&str] = &[
    "signing",
    "digital signature",
    "content commitment",
    "key encipherment",
    "key agreement",
    "data encipherment",
    "cert sign",
    "crl sign",
    "encipher only",
    "decipher only",
    "any",
    "server auth",
    "client auth",
    "code signing",
    "email protection",
    "s/mime",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "timestamping",
    "ocsp signing",
    "microsoft sgc",
    "netscape sgc",
];
const LEGACY_SIGNER: &str = "kubernetes.io/legacy-unknown";
const MIN_SECONDS: i64 = 600;
const MAX_DOMAIN: usize = 253;
const MAX_SIGNER: usize = 571;

pub(super) fn validate(request: &Value) -> ErrorList {
    let spec = Field::new(&request["spec"], "spec");
    let mut errors = ErrorList::new();
    if let Err(why) = parse(text(spec.value, "request")) {
        errors.push(spec.child("request").invalid_text(&why));
    }
    errors.extend(usages(&spec.child("usages")));
    errors.extend(signer(&spec.child("signerName")));
    let seconds = spec.child("expirationSeconds");
    if seconds.is_set() && seconds.integer() < MIN_SECONDS {
        let why = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(seconds.invalid(why));
    }
    let status = Field::new(&request["status"], "status");
    errors.extend(conditions(&status.child("conditions")));
    errors
}

/// Reads the PEM block of a request, and the request in it.
fn parse(request: &str) -> Result<(), String> {
    let wrong_block = || "PEM block type must be CERTIFICATE REQUEST".to_owned();
    let bytes = BASE64.decode(request).map_err(|_| wrong_block())?;
    let (pem, _) = Pem::read(std::io::Cursor::new(&bytes)).map_err(|_| wrong_block())?;
    if pem.label != "CERTIFICATE REQUEST" {
        return Err(wrong_block());
    }
    X509CertificationRequest::from_der(&pem.contents)
        .map(|_| ())
        .map_err(|error| format!("asn1: structure error: {error}"))
}

fn usages(usages: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(usages.must_be_set());
    let mut seen = Vec::new();
    for usage in usages.items() {
        errors.extend(usage.must_be_one_of(USAGES));
        if seen.contains(&usage.text()) {
            errors.push(usage.duplicate());
        }
        seen.push(usage.text());
    }
    errors
}

/// A domain and a path: `example.com/signer`.
fn signer(signer: &Field<'_>) -> ErrorList {
    if signer.text() == LEGACY_SIGNER {
        let why = "the legacy signerName is not allowed via this API version";
        return vec![signer.invalid_text(why)];
    }
    if let Some(missing) = signer.must_be_set() {
        return vec![missing];
    }
    let parts: Vec<&str> = signer.text().split('/').collect();
    let [domain, path] = parts.as_slice() else {
        let why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return vec![signer.invalid_text(why)];
    };
    let invalid = |value: &str, why: &str| Error::invalid(signer.path.clone(), value, why);
    let mut errors = ErrorList::new();
    if domain.len() > MAX_DOMAIN {
        errors.push(Error::too_long(signer.path.clone(), MAX_DOMAIN));
    }
    errors.extend(labels(domain, names::dns1123_label).map(|why| invalid(domain, &why)));
    if !domain.contains('.') {
        let why = "should be a domain with at least two segments separated by dots";
        errors.push(invalid(domain, why));
    }
    errors.extend(labels(path, names::dns1123_subdomain).map(|why| invalid(path, &why)));
    if signer.text().len() > MAX_SIGNER {
        errors.push(Error::too_long(signer.path.clone(), MAX_SIGNER));
    }
    errors
}

/// What is wrong with the first wrong label between dots.
fn labels(text: &str, rule: fn(&str) -> names::Faults) -> impl Iterator<Item = String> {
    let wrong = text
        .split('.')
        .map(|label| (label.to_owned(), rule(label)))
        .find(|(_, faults)| !faults.is_empty());
    wrong.into_iter().flat_map(|(label, faults)| {
        faults
            .into_iter()
            .map(move |fault| format!("validating label {label:?}: {fault}"))
    })
}

fn conditions(conditions: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen: Vec<&str> = Vec::new();
    for condition in conditions.items() {
        let (kind, status) = (condition.child("type"), condition.child("status"));
        errors.extend(kind.must_be_set());
        let allowed: &[&str] = if [APPROVED, DENIED, FAILED].contains(&kind.text()) {
            &["True"]
        } else {
            &["True", "False", "Unknown"]
        };
        errors.extend(status.must_be_set_to_one_of(allowed));
        let opposite = match kind.text() {
            APPROVED => DENIED,
            DENIED => APPROVED,
            _ => "",
        };
        if seen.contains(&opposite) {
            let why = "Approved and Denied conditions are mutually exclusive";
            errors.push(kind.invalid_text(why));
        }
        if seen.contains(&kind.text()) {
            errors.push(kind.duplicate());
        }
        seen.push(kind.text());
    }
    errors
}

/// What is decided stays; `approval` decides, `status` issues.
pub(super) fn validate_update(new: &Value, old: &Value, subresource: &str) -> ErrorList {
    let mut errors = validate(new);
    let path = Path::new("status.conditions");
    let forbid = |why: String| Error::forbidden(path.clone(), &why);
    for kind in [APPROVED, DENIED, FAILED] {
        let (now, before) = (of_type(new, kind), of_type(old, kind));
        if now.len() < before.len() {
            errors.push(forbid(format!(
                "updates may not remove a condition of type {kind:?}"
            )));
        }
        if kind == FAILED || subresource == APPROVAL {
            continue;
        }
        if now.len() > before.len() {
            errors.push(forbid(format!(
                "updates may not add a condition of type {kind:?}"
            )));
        } else if now.len() == before.len() && now != before {
            errors.push(forbid(format!(
                "updates may not modify a condition of type {kind:?}"
            )));
        }
    }
    let certificate = |request: &Value| request["status"]["certificate"].clone();
    if !semantically_equal(&certificate(new), &certificate(old)) {
        let path = Path::new("status.certificate");
        if subresource != "status" {
            errors.push(Error::forbidden(
                path,
                "updates may not set certificate content",
            ));
        } else if !certificate(old).is_null() {
            errors.push(Error::forbidden(
                path,
                "updates may not modify existing certificate content",
            ));
        }
    }
    errors
}

fn of_type<'a>(request: &'a Value, kind: &str) -> Vec<&'a Value> {
    elements(&request["status"]["conditions"])
        .iter()
        .filter(|condition| text(condition, "type") == kind)
        .collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use serde_json::json;

    use super::*;
    use crate::registry::testing::texts;

    fn request() -> Value {
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::new(vec!["a.test".to_owned()])
            .unwrap()
            .serialize_request(&key)
            .unwrap();
        json!({"spec": {
            "request": BASE64.encode(request.pem().unwrap()),
            "signerName": "example.com/signer", "usages": ["client auth"],
        }})
    }

    #[test]
    fn a_request_is_one_and_names_signer_and_usages() {
        assert!(validate(&request()).is_empty());
        assert_eq!(
            texts(&validate(
                &json!({"spec": {"request": "bm9wZQ==", "expirationSeconds": 5}})
            )),
            [
                "spec.request: Invalid value: \"bm9wZQ==\": PEM block type must be CERTIFICATE REQUEST",
                "spec.usages: Required value",
                "spec.signerName: Required value",
                "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)",
            ]
        );
    }

    #[test]
    fn signers_are_a_domain_and_a_path() {
        let faults = |name: &str| {
            let value = json!(name);
            texts(&signer(&Field::new(&value, "s")))
        };
        assert!(faults("kubernetes.io/kube-apiserver-client").is_empty());
        assert_eq!(
            faults("signer"),
            [
                "s: Invalid value: \"signer\": must be a fully qualified domain and path of the form 'example.com/signer-name'"
            ]
        );
        assert_eq!(
            faults("com/a"),
            [
                "s: Invalid value: \"com\": should be a domain with at least two segments separated by dots"
            ]
        );
    }

    #[test]
    fn what_is_decided_stays() {
        let decided = |kind: &str| {
            let mut decided = request();
            decided["status"] = json!({"conditions": [{"type": kind, "status": "True"}]});
            decided
        };
        let undecided = request();
        assert!(validate_update(&decided(APPROVED), &undecided, APPROVAL).is_empty());
        assert_eq!(
            texts(&validate_update(&decided(APPROVED), &undecided, "status")),
            ["status.conditions: Forbidden: updates may not add a condition of type \"Approved\""]
        );
        assert_eq!(
            texts(&validate_update(&undecided, &decided(DENIED), APPROVAL)),
            ["status.conditions: Forbidden: updates may not remove a condition of type \"Denied\""]
        );
    }
}
