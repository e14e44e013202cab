//! What the checker accepts, refuses and counts.

use serde_json::{Value, json};

use super::super::{Declaration, Expression};
use super::check;

fn judge(text: &str, schema: &Value) -> Result<u64, String> {
    let own = Declaration::of_schema(schema, true);
    let expression = Expression::new(text);
    check(&expression, &[("self", own.clone()), ("oldSelf", own)]).map(|checked| checked.most)
}

fn schema() -> Value {
    json!({"type": "object", "properties": {
        "count": {"type": "integer"},
        "ratio": {"type": "number"},
        "name": {"type": "string", "maxLength": 10},
        "long": {"type": "string"},
        "names": {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 10}},
        "many": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "since": {"type": "string", "format": "date-time"},
        "port": {"x-kubernetes-int-or-string": true},
    }})
}

#[test]
fn what_may_be_written_is_accepted() {
    for text in [
        "self.count > 1 && self.ratio <= 1",
        "self.name + 'x' == self.long",
        "self.names.all(name, name.startsWith('a') || name in ['b'])",
        "self.labels.exists(key, self.labels[key] == 'x') && 'a' in self.labels",
        "self.metadata.name.size() < 10 && self.since > timestamp('2024-01-01T00:00:00Z')",
        "self.since - oldSelf.since < duration('1h')",
        "self.port == 1 || self.port == 'http'",
        "self.names.filter(name, name != 'a').map(name, name + '!').size() == 1",
        "has(self.name) ? self.count == 1 : true",
        "!has(oldSelf.name) || self.names[0] == self.name",
    ] {
        assert!(
            judge(text, &schema()).is_ok(),
            "{text}: {:?}",
            judge(text, &schema())
        );
    }
}

#[test]
fn what_does_not_fit_is_pointed_at() {
    for (text, words) in [
        (
            "self.count + self.name == 'a'",
            "1:12: found no matching overload for '_+_' applied to '(int, string)'",
        ),
        (
            "self.count == 'a'",
            "1:12: found no matching overload for '_==_' applied to '(int, string)'",
        ),
        ("self.none == 1", "1:5: undefined field 'none'"),
        (
            "!self.name",
            "1:1: found no matching overload for '!_' applied to '(string)'",
        ),
        (
            "self.names == 1 || self.name",
            "found no matching overload for '_||_' applied to '(bool, string)'",
        ),
        (
            "self.count.startsWith('a')",
            "found no matching overload for 'startsWith' applied to 'int.(string)'",
        ),
    ] {
        let found = judge(text, &schema()).unwrap_err();
        assert!(found.contains(words), "{text}: {found}");
    }
}

#[test]
fn cost_grows_with_what_values_may_hold() {
    let cost = |text: &str| judge(text, &schema()).unwrap();
    // Two selections and a comparison of at most four bytes a character.
    assert_eq!(cost("self.name == self.name"), 4 + 4);
    assert_eq!(cost("self.count > 1"), 2 + 1);
    let bounded = cost("self.names.all(name, name.contains('abc'))");
    let unbounded = cost("self.many.all(name, name.contains('abc'))");
    assert!(bounded < 1000, "{bounded}");
    assert!(unbounded > 1_000_000_000, "{unbounded}");
}
