//! Secret: bytes by key, with keys that some types ask for.
//!
//! `stringData` is write-only: defaulting moves it into `data`. Mirrors
//! `pkg/registry/core/secret/strategy.go` and `ValidateSecret` in
//! `pkg/apis/core/validation/validation.go` (v1.35).

mod key_pair;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::configmap::{MAX_SIZE, decoded_length, unchanged_if_immutable};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{entries, fill, length, remove, text};
use crate::api::validate::{immutable_field, invalid_each};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, SelectableField, Strategy};

const OPAQUE: &str = "Opaque";
pub const SERVICE_ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";
/// Names the service account that a token Secret is for.
pub const SERVICE_ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const TLS: &str = "kubernetes.io/tls";
const REDACTED: &str = "<secret contents redacted>";

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced("", "v1", "Secret", "secrets", SecretStrategy)
        .table(table())
        .selectable(vec![SelectableField::at("type")])
}

struct SecretStrategy;

impl Strategy for SecretStrategy {
    fn default(&self, object: &mut Value) {
        merge_string_data(object);
        fill(object, "type", OPAQUE);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate(object)
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = immutable_field(&new["type"], &old["type"], &Path::new("type"));
        errors.extend(unchanged_if_immutable(new, old, &["data"]));
        errors.extend(validate(new));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        if text(object, "type") != TLS {
            return Vec::new();
        }
        key_pair::warning(object).into_iter().collect()
    }
}

fn merge_string_data(object: &mut Value) {
    let plain: Vec<(String, String)> = entries(&object["stringData"])
        .map(|(key, value)| {
            let bytes = value.as_str().unwrap_or_default();
            (key.clone(), BASE64.encode(bytes))
        })
        .collect();
    remove(object, "stringData");
    if !plain.is_empty() {
        let data = meta::map_at(object, "data");
        data.extend(plain.into_iter().map(|(key, value)| (key, value.into())));
    }
}

fn validate(object: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let data = Path::new("data");
    let mut size = 0;
    for (key, value) in entries(&object["data"]) {
        let faults = names::config_map_key(key);
        invalid_each(&mut errors, data.key(key), key.as_str(), faults);
        size += decoded_length(value.as_str().unwrap_or_default());
    }
    if size > MAX_SIZE {
        errors.push(Error::too_long(data, MAX_SIZE));
    }
    errors.extend(validate_type(object));
    errors
}

/// What the type of a Secret promises about its keys.
fn validate_type(object: &Value) -> ErrorList {
    match text(object, "type") {
        SERVICE_ACCOUNT_TOKEN => {
            let name = meta::annotation(object, SERVICE_ACCOUNT_NAME).unwrap_or_default();
            if name.is_empty() {
                let path = Path::new("metadata.annotations").key(SERVICE_ACCOUNT_NAME);
                return vec![Error::required(path, "")];
            }
            ErrorList::new()
        }
        "kubernetes.io/dockercfg" => json_object_at(object, ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => json_object_at(object, ".dockerconfigjson"),
        "kubernetes.io/basic-auth" => {
            let missing = missing_keys(object, &["username", "password"]);
            // Either of the two will do.
            if missing.len() == 2 { missing } else { vec![] }
        }
        "kubernetes.io/ssh-auth" => {
            if text(&object["data"], "ssh-privatekey").is_empty() {
                return vec![Error::required(Path::new("data").key("ssh-privatekey"), "")];
            }
            ErrorList::new()
        }
        TLS => missing_keys(object, &["tls.crt", "tls.key"]),
        _ => ErrorList::new(),
    }
}

fn missing_keys(object: &Value, keys: &[&str]) -> ErrorList {
    keys.iter()
        .filter(|key| object["data"][**key].is_null())
        .map(|key| Error::required(Path::new("data").key(key), ""))
        .collect()
}

fn json_object_at(object: &Value, key: &str) -> ErrorList {
    let missing = missing_keys(object, &[key]);
    if !missing.is_empty() {
        return missing;
    }
    let bytes = BASE64
        .decode(text(&object["data"], key))
        .unwrap_or_default();
    let why = match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(_) | Value::Null) => return ErrorList::new(),
        Ok(other) => wrong_json_kind(&other),
        Err(error) => json_mistake(&bytes, &error),
    };
    vec![Error::invalid(Path::new("data").key(key), REDACTED, &why)]
}

fn wrong_json_kind(value: &Value) -> String {
    let kind = match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        _ => "array",
    };
    format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
}

/// A syntax error in the words of Go's JSON parser.
fn json_mistake(bytes: &[u8], error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let line_start: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let at = (line_start + error.column().saturating_sub(1)).min(bytes.len().saturating_sub(1));
    let character = bytes.get(at).copied().map_or(' ', char::from);
    match literal_before(bytes, at) {
        Some((literal, expected)) => {
            format!("invalid character '{character}' in literal {literal} (expecting '{expected}')")
        }
        None => format!("invalid character '{character}' looking for beginning of value"),
    }
}

/// The keyword that the bytes before `at` begin, and the letter that should stand at `at`.
fn literal_before(bytes: &[u8], at: usize) -> Option<(&'static str, char)> {
    let start = bytes[..at]
        .iter()
        .rposition(|byte| !byte.is_ascii_lowercase())
        .map_or(0, |before| before + 1);
    let begun = &bytes[start..at];
    ["null", "true", "false"]
        .into_iter()
        .find(|word| {
            !begun.is_empty() && word.as_bytes().starts_with(begun) && begun.len() < word.len()
        })
        .map(|word| (word, char::from(word.as_bytes()[begun.len()])))
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Type"),
            Column::text("Data"),
            Column::age(),
        ],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                object["type"].clone(),
                json!(length(&object["data"])),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, prepared, row};

    #[test]
    fn plain_text_is_moved_into_data_and_wins() {
        let secret = prepared(
            &SecretStrategy,
            json!({"data": {"a": "b25l"}, "stringData": {"a": "two", "b": "three"}}),
        );
        assert_eq!(
            secret,
            json!({"type": "Opaque", "data": {"a": "dHdv", "b": "dGhyZWU="}})
        );
    }

    #[test]
    fn types_ask_for_their_keys() {
        for (secret, wanted) in [
            (
                json!({"type": "kubernetes.io/tls", "data": {}}),
                vec![
                    "data[tls.crt]: Required value",
                    "data[tls.key]: Required value",
                ],
            ),
            (
                json!({"type": "kubernetes.io/basic-auth"}),
                vec![
                    "data[username]: Required value",
                    "data[password]: Required value",
                ],
            ),
            (
                json!({"type": "kubernetes.io/basic-auth", "data": {"password": ""}}),
                vec![],
            ),
            (
                json!({"type": "kubernetes.io/ssh-auth", "data": {"ssh-privatekey": ""}}),
                vec!["data[ssh-privatekey]: Required value"],
            ),
            (
                json!({"type": "kubernetes.io/service-account-token"}),
                vec!["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
            ),
            (
                json!({"type": "kubernetes.io/dockercfg"}),
                vec!["data[.dockercfg]: Required value"],
            ),
            (json!({"type": "example.com/own"}), vec![]),
        ] {
            assert_eq!(errors_on_create(&SecretStrategy, secret), wanted);
        }
    }

    #[test]
    fn registry_credentials_are_a_json_object() {
        for (content, wanted) in [
            ("{\"auths\": {}}", None),
            (
                "nope",
                Some("invalid character 'o' in literal null (expecting 'u')"),
            ),
            ("{", Some("unexpected end of JSON input")),
            (
                "xyz",
                Some("invalid character 'x' looking for beginning of value"),
            ),
            (
                "\"a\"",
                Some("json: cannot unmarshal string into Go value of type map[string]interface {}"),
            ),
        ] {
            let errors = errors_on_create(
                &SecretStrategy,
                json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": content}}),
            );
            let wanted: Vec<String> = wanted
                .iter()
                .map(|why| {
                    format!("data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": {why}")
                })
                .collect();
            assert_eq!(errors, wanted);
        }
    }

    #[test]
    fn type_and_immutable_data_stay() {
        let old = json!({"data": {"a": "MQ=="}, "immutable": true});
        assert_eq!(
            errors_on_update(
                &SecretStrategy,
                json!({"type": "example.com/x", "data": {"a": "MQ=="}, "stringData": {"a": "2"}, "immutable": true}),
                old
            ),
            [
                "type: Invalid value: \"example.com/x\": field is immutable",
                "data: Forbidden: field is immutable when `immutable` is set",
            ]
        );
    }

    #[test]
    fn the_row_shows_type_and_number_of_keys() {
        let object = json!({"metadata": {"name": "s"}, "type": "Opaque", "data": {"a": "MQ=="}});
        assert_eq!(row(&resource(), &object), ["s", "Opaque", "1", "<unknown>"]);
    }
}
