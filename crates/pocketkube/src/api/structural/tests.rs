//! Schemas held against values: what is dropped, filled in and complained about.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Structural;

fn schema(spec: Value) -> Structural {
    Structural::new(json!({"type": "object", "properties": {"spec": spec}}))
}

fn errors(schema: &Structural, spec: Value, old: Option<Value>) -> Vec<String> {
    let old = old.map(|old| json!({"spec": old}));
    let found = schema.validate(&json!({"spec": spec}), old.as_ref());
    found.iter().map(ToString::to_string).collect()
}

fn bowl() -> Structural {
    schema(json!({
        "type": "object", "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 10},
            "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 4},
            "port": {"x-kubernetes-int-or-string": true},
            "address": {"type": "string", "format": "ipv4"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"known": {"type": "object", "properties": {"a": {"type": "string"}}}}},
            "limits": {"type": "object", "additionalProperties": {"type": "integer"}},
            "note": {"type": "string", "nullable": true},
            "ports": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string"},
                    "protocol": {"type": "string", "default": "TCP"},
                }}},
        },
    }))
}

#[test]
fn all_mistakes_are_told_at_once_in_upstreams_words() {
    let spec = json!({
        "color": "green", "tags": ["a", "b", "c"], "code": "ABCDE", "port": true,
        "address": "10.0.0", "limits": {"a": "x"},
    });
    assert_eq!(
        errors(&bowl(), spec, None),
        [
            "spec.size: Required value",
            "spec.address: Invalid value: \"10.0.0\": spec.address in body must be of type ipv4: \"10.0.0\"",
            "spec.code: Too long: may not be more than 4 bytes",
            "spec.code: Invalid value: \"ABCDE\": spec.code in body should match '^[a-z]+$'",
            "spec.color: Unsupported value: \"green\": supported values: \"blue\", \"red\"",
            "spec.limits.a: Invalid value: \"string\": spec.limits.a in body must be of type integer: \"string\"",
            "spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\"",
            "spec.tags: Too many: 3: must have at most 2 items",
        ]
    );
    assert_eq!(
        errors(&bowl(), json!({"size": 11}), None),
        ["spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10"]
    );
    assert_eq!(
        errors(&bowl(), json!({"size": "x", "note": null}), None),
        [
            "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""
        ]
    );
}

#[test]
fn what_was_wrong_before_and_is_untouched_is_let_pass() {
    let old = json!({"size": 99, "color": "red"});
    assert!(
        errors(
            &bowl(),
            json!({"size": 99, "color": "blue"}),
            Some(old.clone())
        )
        .is_empty()
    );
    assert_eq!(errors(&bowl(), json!({"size": 98}), Some(old)).len(), 1);
}

#[test]
fn alternatives_are_explained() {
    let schema = schema(json!({
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    }));
    assert_eq!(
        errors(&schema, json!({}), None),
        [
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid",
            "spec.a: Required value",
        ]
    );
    assert_eq!(
        errors(&schema, json!({"a": "x", "b": "y"}), None),
        [
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
        ]
    );
}

#[test]
fn elements_of_sets_and_maps_differ() {
    let spec = json!({"size": 1, "ports": [{"name": "a"}, {"name": "b"}, {"name": "a"}]});
    assert_eq!(
        errors(&bowl(), spec, None),
        ["spec.ports[2]: Duplicate value: {\"name\":\"a\"}"]
    );
}

#[test]
fn unknown_fields_go_and_their_paths_are_told() {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Bowl", "metadata": {"name": "a"}, "extra": 1,
        "spec": {"size": 1, "odd": {"x": 1}, "free": {"any": 1, "known": {"a": "b", "c": 1}},
            "limits": {"cpu": 1}, "ports": [{"name": "a", "x": 1}]},
    });
    let dropped = bowl().prune(&mut object);
    assert_eq!(
        dropped,
        ["extra", "spec.free.known.c", "spec.odd", "spec.ports[0].x"]
    );
    assert_eq!(
        object["spec"],
        json!({"size": 1, "free": {"any": 1, "known": {"a": "b"}}, "limits": {"cpu": 1}, "ports": [{"name": "a"}]})
    );
}

#[test]
fn defaults_fill_gaps_and_forbidden_nulls() {
    let mut object =
        json!({"spec": {"color": null, "note": null, "code": null, "ports": [{"name": "a"}]}});
    bowl().default(&mut object);
    assert_eq!(
        object["spec"],
        json!({"color": "red", "note": null, "ports": [{"name": "a", "protocol": "TCP"}]})
    );
}

#[test]
fn rules_compare_values_with_each_other_and_with_before() {
    let schema = schema(json!({
        "type": "object",
        "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}},
        "x-kubernetes-validations": [
            {"rule": "self.min <= self.max", "messageExpression": "'min ' + string(self.min) + ' exceeds max'"},
            {"rule": "self.max >= oldSelf.max", "message": "max only grows", "fieldPath": ".max"},
            {"rule": "!has(self.max) || self.max < 100", "reason": "FieldValueForbidden"},
        ],
    }));
    assert!(errors(&schema, json!({"min": 1, "max": 2}), None).is_empty());
    assert_eq!(
        errors(&schema, json!({"min": 5, "max": 2}), None),
        ["spec: Invalid value: \"object\": min 5 exceeds max"]
    );
    assert_eq!(
        errors(
            &schema,
            json!({"min": 1, "max": 2}),
            Some(json!({"min": 1, "max": 3}))
        ),
        ["spec.max: Invalid value: \"object\": max only grows"]
    );
    assert_eq!(
        errors(&schema, json!({"min": 1, "max": 200}), None),
        ["spec: Forbidden: failed rule: !has(self.max) || self.max < 100"]
    );
    assert_eq!(
        errors(&schema, json!({"min": 1}), None),
        ["spec: Invalid value: \"object\": no such key: max evaluating rule: self.min <= self.max"]
    );
    assert_eq!(
        errors(&schema, json!({"min": "x"}), None)[1],
        "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
    );
}

#[test]
fn rules_that_cost_too_much_end_the_validation() {
    let rules = |count: usize| {
        let rule = json!({"rule": "!self.text.contains(self.part)"});
        schema(json!({
            "type": "object",
            "properties": {"text": {"type": "string"}, "part": {"type": "string"}},
            "x-kubernetes-validations": vec![rule; count],
        }))
    };
    let spec = |part: usize| json!({"text": "x".repeat(100_000), "part": "y".repeat(part)});
    assert!(errors(&rules(10), spec(900), None).is_empty());
    // Each rule may cost this much, but not so many of them.
    assert_eq!(
        errors(&rules(20), spec(900), None),
        [
            "spec: Invalid value: \"object\": validation failed due to running out of cost budget, no further validation rules will be run"
        ]
    );
    assert_eq!(
        errors(&rules(20), spec(1010), None),
        [
            "spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: !self.text.contains(self.part)"
        ]
    );
}

/// Any tree of a few names, so that known and unknown fields meet.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..12).prop_map(Value::from),
        "[a-c]{0,5}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "size", "color", "tags", "free", "known", "limits", "ports", "name", "protocol", "other",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..5).prop_map(|map| {
                Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn pruning_and_defaulting_settle_any_object(spec in tree()) {
        let schema = bowl();
        let mut object = json!({"spec": spec});
        schema.prune(&mut object);
        schema.default(&mut object);
        prop_assert!(schema.is_settled(&object));
        let mut again = object.clone();
        prop_assert!(schema.prune(&mut again).is_empty());
        schema.default(&mut again);
        prop_assert_eq!(again, object);
    }

    #[test]
    fn pruning_takes_away_and_defaulting_adds(spec in tree()) {
        fn is_within(part: &Value, whole: &Value) -> bool {
            match (part, whole) {
                (Value::Object(part), Value::Object(whole)) => part.iter().all(|(key, value)| {
                    whole.get(key).is_some_and(|whole| is_within(value, whole))
                }),
                (Value::Array(part), Value::Array(whole)) => {
                    part.len() == whole.len() && part.iter().zip(whole).all(|(a, b)| is_within(a, b))
                }
                _ => part == whole,
            }
        }
        let schema = bowl();
        let before = json!({"spec": spec});
        let mut pruned = before.clone();
        let dropped = schema.prune(&mut pruned);
        prop_assert!(is_within(&pruned, &before));
        prop_assert_eq!(dropped.is_empty(), pruned == before);
    }

    #[test]
    fn validation_never_panics_and_an_untouched_object_stays_valid(spec in tree()) {
        let schema = bowl();
        let object = json!({"spec": spec});
        schema.validate(&object, None);
        let untouched = schema.validate(&object, Some(&object));
        prop_assert!(untouched.is_empty());
    }
}
