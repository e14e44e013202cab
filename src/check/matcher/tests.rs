//! What matches, and how differences are told.

use super::*;
use crate::course::{Document, Problems};
use serde_json::json;

fn matcher(yaml: &str) -> Matcher {
    let document = Document::parse("c.yaml", yaml).expect("it is YAML");
    let mut problems = Problems::default();
    let matcher = Matcher::read(&document, &document.root, "match", &mut problems);
    assert!(problems.is_empty(), "{problems}");
    matcher
}

/// The differences between what `yaml` expects and `seen`, a line each.
fn check(yaml: &str, seen: Value) -> Vec<String> {
    matcher(yaml)
        .differences(Some(&seen), "")
        .iter()
        .map(|d| format!("{}: expected {}, seen {}", d.field, d.expected, d.seen))
        .collect()
}

#[test]
fn fields_not_named_are_free() {
    assert!(
        check(
            "{a: 1, b: {c: x}}",
            json!({"a": 1, "b": {"c": "x", "d": 2}, "e": 3})
        )
        .is_empty()
    );
}

#[test]
fn a_missing_field_is_shown_by_its_whole_path() {
    assert_eq!(
        check("status: {readyReplicas: 2}", json!({"status": {}})),
        ["status.readyReplicas: expected 2, seen nothing"]
    );
}

#[test]
fn list_items_are_found_by_what_tells_them_apart() {
    let seen = json!({"containers": [
        {"name": "web", "image": "nginx:1.25"},
        {"name": "log", "image": "busybox"},
    ]});
    assert!(check("containers: [{name: log}]", seen.clone()).is_empty());
    assert_eq!(
        check(
            "containers: [{name: web, image: 'nginx:1.27'}]",
            seen.clone()
        ),
        ["containers[name=web].image: expected nginx:1.27, seen nginx:1.25"]
    );
    assert_eq!(
        check("containers: [{name: db}]", json!({"containers": []})),
        ["containers: expected name: db, seen nothing"]
    );
    assert_eq!(
        check("containers: {$exactly: [{name: web}]}", seen).len(),
        1
    );
}

#[test]
fn one_seen_item_does_not_serve_two_wishes() {
    assert_eq!(check("[a, a]", json!(["a", "b"])).len(), 1);
    assert!(check("[a, a]", json!(["a", "a"])).is_empty());
}

#[test]
fn a_wish_that_anything_fulfils_leaves_the_rest_to_the_others() {
    assert!(check("[exists, a]", json!(["a", "b"])).is_empty());
    assert!(check("['~a', '~b', exists]", json!(["ab", "x", "a"])).is_empty());
    assert_eq!(check("[exists, a]", json!(["a"])).len(), 1);
}

#[test]
fn text_operators_match_as_the_table_says() {
    for (wanted, seen, holds) in [
        ("'~^nginx:1\\.2[67]$'", json!("nginx:1.27"), true),
        ("'~^nginx$'", json!("nginx:1.27"), false),
        (
            "contains Welcome to",
            json!("<h1>Welcome to nginx</h1>"),
            true,
        ),
        ("exists", json!(0), true),
        ("exists", Value::Null, false),
        ("absent", Value::Null, true),
        ("'>= 2'", json!(2), true),
        ("'>= 128Mi'", json!("0.5Gi"), true),
        ("'< 1'", json!("500m"), true),
        ("'== 1Gi'", json!("1024Mi"), true),
        ("'== 0.3'", json!("300m"), true),
        ("'> 9007199254740992'", json!("9007199254740993"), true),
        ("'< 100m'", json!("99999999n"), true),
        ("2", json!(2.0), true),
        ("'!= 3'", json!(3), false),
        ("'!= nginx'", json!("httpd"), true),
        ("'=exists'", json!("exists"), true),
        ("80", json!("80"), false),
        ("{$size: '>= 2'}", json!([1, 2]), true),
        ("{$every: '> 1'}", json!([2, 1]), false),
        ("{$none: 1}", json!([2, 3]), true),
    ] {
        assert_eq!(
            matcher(wanted).matches(Some(&seen)),
            holds,
            "{wanted} on {seen}"
        );
    }
}

#[test]
fn mistakes_are_shown_at_their_line() {
    let document =
        Document::parse("c.yaml", "a: '~('\nb: '>= soon'\nc: {$some: 1}\n").expect("it is YAML");
    let mut problems = Problems::default();
    Matcher::read(&document, &document.root, "match", &mut problems);
    let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(1), Some(2), Some(3)]);
}

use proptest::prelude::*;

/// Any JSON without text that means an operator.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[A-Z][a-z]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn as_matcher(value: &Value) -> Matcher {
    matcher(&serde_json::to_string(value).expect("it is JSON"))
}

proptest! {
    #[test]
    fn a_value_matches_its_own_description(value in json_value()) {
        prop_assert!(as_matcher(&value).matches(Some(&value)));
    }

    #[test]
    fn further_fields_never_disturb(value in json_value(), more in json_value()) {
        let mut seen = json!({"own": value});
        let wanted = as_matcher(&seen);
        seen["further"] = more;
        prop_assert!(wanted.matches(Some(&seen)));
    }

    #[test]
    fn text_that_is_no_matcher_is_refused_and_never_panics(text in "\\PC{0,20}") {
        let _ = Matcher::of_text(&text);
    }
}
