//! Definitions with mistakes, and what is said of them.

use serde_json::{Value, json};

use crate::registry::apiextensions::customresourcedefinition::DefinitionStrategy;
use crate::registry::testing::{errors_on_create, errors_on_update};

fn definition(spec_schema: Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "bowls.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "bowls", "kind": "Bowl"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {"spec": spec_schema}},
            }}],
        },
    })
}

fn errors(definition: Value) -> Vec<String> {
    errors_on_create(&DefinitionStrategy, definition)
}

const SPEC: &str = "spec.validation.openAPIV3Schema.properties[spec]";

#[test]
fn a_sound_definition_is_accepted_with_its_names_filled_in() {
    let sound = definition(json!({"type": "object", "properties": {
        "size": {"type": "integer", "default": 3},
        "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
    }}));
    assert_eq!(errors(sound.clone()), [""; 0]);
    let stored = crate::registry::testing::prepared(&DefinitionStrategy, sound);
    assert_eq!(stored["spec"]["names"]["singular"], "bowl");
    assert_eq!(stored["spec"]["names"]["listKind"], "BowlList");
    assert_eq!(stored["spec"]["conversion"], json!({"strategy": "None"}));
    assert_eq!(stored["status"]["storedVersions"], json!(["v1"]));
}

#[test]
fn names_and_versions_are_checked() {
    let mut wrong = definition(json!({"type": "object"}));
    wrong["metadata"]["name"] = json!("bowl");
    wrong["spec"]["group"] = json!("example");
    wrong["spec"]["scope"] = json!("World");
    wrong["spec"]["names"]["kind"] = json!("Bowl_");
    wrong["spec"]["versions"][0]["storage"] = json!(false);
    let found = errors(wrong);
    assert!(found[0].ends_with("must be spec.names.plural+\".\"+spec.group"));
    assert!(found[1].ends_with("should be a domain with at least one dot"));
    assert_eq!(
        found[2],
        "spec.scope: Unsupported value: \"World\": supported values: \"Cluster\", \"Namespaced\""
    );
    assert!(found[3].ends_with("must have exactly one version marked as storage version"));
    assert!(found[4].starts_with("spec.names.singular: Invalid value: \"bowl_\""));
}

#[test]
fn schemas_must_be_structural() {
    assert_eq!(
        errors(definition(json!({"properties": {"a": {"type": "string"}}}))),
        [format!(
            "{SPEC}.type: Required value: must not be empty for specified object fields"
        )]
    );
    assert_eq!(
        errors(definition(
            json!({"type": "object", "anyOf": [{"properties": {"a": {"type": "string"}}}]})
        )),
        [
            format!(
                "{SPEC}.anyOf[0].properties[a].type: Forbidden: must be empty to be structural"
            ),
            format!(
                "{SPEC}.properties[a]: Required value: because it is defined in {SPEC}.anyOf[0].properties[a]"
            ),
        ]
    );
    assert_eq!(
        errors(definition(json!({"type": "array"}))),
        [format!("{SPEC}.items: Required value: must be specified")]
    );
}

#[test]
fn defaults_obey_their_schema() {
    let wrong = json!({"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}});
    assert_eq!(
        errors(definition(wrong)),
        [format!(
            "{SPEC}.properties[a].default: Invalid value: \"string\":  in body must be of type integer: \"string\""
        )]
    );
}

#[test]
fn lists_that_are_maps_have_keys() {
    let list = |keys: Value| {
        definition(json!({"type": "object", "properties": {"list": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys,
            "items": {"type": "object", "properties": {"name": {"type": "string"}}},
        }}}))
    };
    assert_eq!(
        errors(list(json!(["name"]))),
        [format!(
            "{SPEC}.properties[list].items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
        )]
    );
    let missing = errors(list(json!([])));
    assert!(
        missing[0].ends_with("must not be empty if x-kubernetes-list-type is map"),
        "{missing:?}"
    );
}

#[test]
fn rules_must_compile_and_name_known_fields() {
    let rule = |rule: &str| {
        definition(
            json!({"type": "object", "properties": {"min": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": rule}]}),
        )
    };
    assert_eq!(errors(rule("self.min > 0")), [""; 0]);
    let found = errors(rule("self.max > 0"));
    assert!(
        found[0].ends_with("compilation failed: ERROR: <input>:1:5: undefined field 'max'\n | self.max > 0\n | ....^"),
        "{found:?}"
    );
    assert!(errors(rule("self.min >"))[0].contains("compilation failed: ERROR: <input>:1:"));
}

#[test]
fn what_identifies_a_definition_does_not_change() {
    let old = crate::registry::testing::prepared(
        &DefinitionStrategy,
        definition(json!({"type": "object"})),
    );
    let mut new = old.clone();
    new["spec"]["group"] = json!("other.com");
    let found = errors_on_update(&DefinitionStrategy, new, old);
    assert_eq!(
        found,
        ["spec.group: Invalid value: \"other.com\": field is immutable"]
    );
}

#[test]
fn protected_groups_need_approval() {
    let mut own = definition(json!({"type": "object"}));
    own["metadata"]["name"] = json!("bowls.x-k8s.io");
    own["spec"]["group"] = json!("x-k8s.io");
    assert_eq!(errors(own.clone()), [""; 0], "x-k8s.io is not protected");
    own["metadata"]["name"] = json!("bowls.a.k8s.io");
    own["spec"]["group"] = json!("a.k8s.io");
    assert!(errors(own)[0].starts_with(
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation"
    ));
}

#[test]
fn a_version_that_is_no_label_is_named_as_upstream_names_it() {
    let mut wrong = definition(json!({"type": "object"}));
    wrong["spec"]["versions"][0]["name"] = json!("V1");
    let found = errors(wrong);
    assert!(found[0].starts_with("spec.versions[0].name: Invalid value: \"V1\": a DNS-1035"));
    assert!(found[1].starts_with("spec.version: Invalid value: \"V1\": a DNS-1035"));
}

#[test]
fn a_schema_that_cannot_be_read_is_not_said_to_lack_structure() {
    let wrong = json!({"properties": {"a": {"$ref": "#/b"}}, "type": "null"});
    assert_eq!(
        errors(definition(wrong)),
        [
            format!(
                "{SPEC}.type: Unsupported value: \"null\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\""
            ),
            format!(
                "{SPEC}.type: Forbidden: type cannot be set to null, use nullable as an alternative"
            ),
            format!("{SPEC}.properties[a].$ref: Forbidden: $ref is not supported"),
        ]
    );
    assert_eq!(
        errors(definition(
            json!({"type": "object", "$schema": "http://json-schema.org/schema#"})
        )),
        [
            "spec.validation.openAPIV3Schema: Invalid value: \"\": OpenAPIV3Schema 'schema' is not supported"
        ]
    );
}

#[test]
fn rules_say_all_that_is_wrong_with_them_and_the_deepest_first() {
    let wrong = json!({
        "type": "object",
        "properties": {"a": {"type": "string", "x-kubernetes-validations": [{"rule": "self.b"}]}},
        "x-kubernetes-validations": [
            {"rule": "", "fieldPath": " ", "reason": "Whim"},
            {"rule": "self.nope"},
        ],
    });
    let found = errors(definition(wrong));
    let starts = [
        "[0].rule: Required value: rule is not specified",
        "[0].reason: Unsupported value: \"Whim\"",
        "[0].fieldPath: Invalid value: \" \": fieldPath must be non-empty if specified",
        "[0].fieldPath: Invalid value: \" \": fieldPath must be a valid path",
    ];
    for (error, start) in found.iter().zip(starts) {
        let start = format!("{SPEC}.x-kubernetes-validations{start}");
        assert!(error.starts_with(&start), "{error}");
    }
    // Of the rules that could be compiled only those of sound parts are.
    assert!(found[4].starts_with(&format!(
        "{SPEC}.properties[a].x-kubernetes-validations[0].rule: Invalid value"
    )));
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn selectable_fields_stand_beside_their_schema() {
    let mut two = definition(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    let fields = json!([{"jsonPath": ".spec.a"}, {"jsonPath": ".spec.b"}, {"jsonPath": ".spec."}]);
    two["spec"]["versions"][0]["selectableFields"] = fields;
    let path = "spec.selectableFields";
    assert_eq!(
        errors(two.clone()),
        [
            format!(
                "{path}[1].jsonPath: Invalid value: \".spec.b\": is an invalid path: does not refer to a valid field"
            ),
            format!(
                "{path}[2].jsonPath: Invalid value: \".spec.\": is an invalid path: unexpected end of JSON path"
            ),
        ]
    );
    two["spec"]["versions"][0]["selectableFields"] = json!([{"jsonPath": ".spec.a"}]);
    let mut other = two["spec"]["versions"][0].clone();
    other["name"] = json!("v2");
    other["storage"] = json!(false);
    other["schema"]["openAPIV3Schema"]["description"] = json!("another");
    two["spec"]["versions"].as_array_mut().unwrap().push(other);
    assert_eq!(
        errors(two),
        [format!(
            "{path}: Invalid value: \"\": selectableFields may only be set when validations.schema is included"
        )]
    );
}

#[test]
fn conversion_is_asked_of_a_sound_address_that_can_be_trusted() {
    let mut own = definition(json!({"type": "object"}));
    own["spec"]["conversion"] = json!({"strategy": "Webhook", "webhook": {
        "clientConfig": {"url": "http://me@localhost/?a=b", "caBundle": "bm90aGluZw=="},
        "conversionReviewVersions": ["v1"],
    }});
    let path = "spec.conversion.webhookClientConfig";
    assert_eq!(
        errors(own.clone()),
        [
            format!(
                "{path}.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]"
            ),
            format!(
                "{path}.url: Invalid value: \"me\": user information is not permitted in the URL"
            ),
            format!(
                "{path}.url: Invalid value: \"a=b\": query parameters are not permitted in the URL"
            ),
        ]
    );
    let client = &mut own["spec"]["conversion"]["webhook"]["clientConfig"];
    client["url"] = json!("https://localhost/");
    assert_eq!(errors(own.clone()), [""; 0], "tools fill it in later");
    let mut old = crate::registry::testing::prepared(
        &DefinitionStrategy,
        definition(json!({"type": "object"})),
    );
    old["status"]["conditions"] = json!([{"type": "Established", "status": "True"}]);
    let mut new = old.clone();
    new["spec"]["conversion"] = own["spec"]["conversion"].clone();
    let found = errors_on_update(&DefinitionStrategy, new, old);
    assert_eq!(
        found,
        [format!(
            "{path}.caBundle: Invalid value: \"bm90aGluZw==\": unable to load root certificates: data does not contain any valid RSA or ECDSA certificates"
        )]
    );
}

#[test]
fn unknown_fields_are_not_kept_beside_defaults() {
    let mut wrong = definition(
        json!({"type": "object", "properties": {"a": {"type": "string", "default": "x"}}}),
    );
    wrong["spec"]["preserveUnknownFields"] = json!(true);
    let found = errors(wrong);
    assert_eq!(
        found[0],
        "spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema"
    );
}
