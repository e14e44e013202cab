//! PriorityLevelConfiguration: how many requests of a level run at once, and how others wait.
//!
//! Mirrors `pkg/registry/flowcontrol/prioritylevelconfiguration` and
//! `pkg/apis/flowcontrol/validation` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill_absent, restore, text};
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const EXEMPT: &str = "Exempt";
const LIMITED: &str = "Limited";
const MAX_QUEUES: i64 = 10_000_000;

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        PriorityLevelConfigurationStrategy,
    )
    .table(table())
    .with_status()
}

struct PriorityLevelConfigurationStrategy;

impl Strategy for PriorityLevelConfigurationStrategy {
    fn default(&self, object: &mut Value) {
        let spec = &mut object["spec"];
        if spec["limited"].is_object() {
            let limited = &mut spec["limited"];
            fill_absent(limited, "nominalConcurrencyShares", 30);
            fill_absent(limited, "lendablePercent", 0);
            if limited["limitResponse"]["queuing"].is_object() {
                let queuing = &mut limited["limitResponse"]["queuing"];
                fill_absent(queuing, "handSize", 8);
                fill_absent(queuing, "queues", 64);
                fill_absent(queuing, "queueLengthLimit", 50);
            }
        }
        if text(spec, "type") == EXEMPT {
            fill_absent(&mut spec["exempt"], "nominalConcurrencyShares", 0);
            fill_absent(&mut spec["exempt"], "lendablePercent", 0);
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({});
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_spec(
            &Field::new(&object["spec"], "spec"),
            meta::name(object) == "exempt",
        )
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_spec(spec: &Field<'_>, is_exempt: bool) -> ErrorList {
    let kind = spec.child("type");
    let (limited, exempt) = (spec.child("limited"), spec.child("exempt"));
    let mut errors = ErrorList::new();
    if is_exempt != (kind.text() == EXEMPT) {
        let why = "type must be 'Exempt' if and only if name is 'exempt'";
        errors.push(kind.invalid_text(why));
    }
    match kind.text() {
        EXEMPT => {
            let why = "must be nil if the type is not Limited";
            errors.extend(limited.must_not_be_set(why));
            errors.extend(validate_shares(&exempt, 0));
        }
        LIMITED => {
            let why = "must be nil if the type is Limited";
            errors.extend(exempt.must_not_be_set(why));
            if limited.is_set() {
                errors.extend(validate_shares(&limited, 1));
                errors.extend(validate_response(&limited.child("limitResponse")));
            } else {
                errors.push(limited.required("must not be empty when type is Limited"));
            }
        }
        _ => errors.push(kind.not_supported(&[EXEMPT, LIMITED])),
    }
    errors
}

fn validate_shares(level: &Field<'_>, least: i64) -> ErrorList {
    let mut errors = ErrorList::new();
    let shares = level.child("nominalConcurrencyShares");
    if shares.is_set() && shares.integer() < least {
        let why = if least == 0 {
            "must be a non-negative integer"
        } else {
            "must be positive"
        };
        errors.push(shares.invalid(why));
    }
    let lendable = level.child("lendablePercent");
    if lendable.is_set() && !(0..=100).contains(&lendable.integer()) {
        errors.push(lendable.invalid("must be between 0 and 100, inclusive"));
    }
    let borrowing = level.child("borrowingLimitPercent");
    if borrowing.is_set() && borrowing.integer() < 0 {
        errors.push(borrowing.invalid("if specified, must be a non-negative integer"));
    }
    errors
}

fn validate_response(response: &Field<'_>) -> ErrorList {
    let (kind, queuing) = (response.child("type"), response.child("queuing"));
    match kind.text() {
        "Reject" => {
            let why = "must be nil if limited.limitResponse.type is not Limited";
            queuing.must_not_be_set(why).into_iter().collect()
        }
        "Queue" if !queuing.is_set() => {
            let why = "must not be empty if limited.limitResponse.type is Limited";
            vec![queuing.required(why)]
        }
        "Queue" => validate_queuing(&queuing),
        _ => vec![kind.not_supported(&["Queue", "Reject"])],
    }
}

fn validate_queuing(queuing: &Field<'_>) -> ErrorList {
    let mut errors: ErrorList = ["queueLengthLimit", "queues", "handSize"]
        .iter()
        .map(|field| queuing.child(field))
        .filter(|number| number.integer() <= 0)
        .map(|number| Error::invalid(number.path.clone(), number.integer(), "must be positive"))
        .collect();
    let (queues, hand) = (queuing.child("queues"), queuing.child("handSize"));
    if queues.integer() > MAX_QUEUES {
        errors.push(queues.invalid(&format!("must not be greater than {MAX_QUEUES}")));
    }
    if hand.integer() > queues.integer() {
        let why = format!("should not be greater than queues ({})", queues.integer());
        errors.push(hand.invalid(&why));
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Type"),
            Column::text("NominalConcurrencyShares"),
            Column::text("Queues"),
            Column::text("HandSize"),
            Column::text("QueueLengthLimit"),
            Column::age(),
        ],
        cells,
    )
}

fn cells(level: &Value, context: RowContext) -> Vec<Value> {
    let spec = &level["spec"];
    let or_none = |value: &Value| match value {
        Value::Null => json!("<none>"),
        value => value.clone(),
    };
    let shares = match &spec["limited"] {
        Value::Null => &spec["exempt"]["nominalConcurrencyShares"],
        limited => &limited["nominalConcurrencyShares"],
    };
    let queuing = &spec["limited"]["limitResponse"]["queuing"];
    vec![
        level["metadata"]["name"].clone(),
        spec["type"].clone(),
        or_none(shares),
        or_none(&queuing["queues"]),
        or_none(&queuing["handSize"]),
        or_none(&queuing["queueLengthLimit"]),
        json!(age_cell(level, context.now)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, prepared, row};

    #[test]
    fn a_limited_level_queues_in_hands() {
        let level = prepared(
            &PriorityLevelConfigurationStrategy,
            json!({
                "metadata": {"name": "low"},
                "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}},
            }),
        );
        assert_eq!(
            row(&resource(), &level),
            ["low", "Limited", "30", "64", "8", "50", "<unknown>"]
        );
    }

    #[test]
    fn only_the_exempt_level_is_exempt() {
        let level = json!({"metadata": {"name": "x"}, "spec": {"type": "Exempt", "limited": {}}});
        assert_eq!(
            errors_on_create(&PriorityLevelConfigurationStrategy, level)[..2],
            [
                "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
                "spec.limited: Forbidden: must be nil if the type is not Limited",
            ]
        );
    }

    #[test]
    fn hands_are_dealt_from_the_queues() {
        let level = json!({"spec": {"type": "Limited", "limited": {"limitResponse": {
            "type": "Queue", "queuing": {"queues": 2, "handSize": 3, "queueLengthLimit": 0}}}}});
        assert_eq!(
            errors_on_create(&PriorityLevelConfigurationStrategy, level),
            [
                "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: 0: must be positive",
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 3: should not be greater than queues (2)",
            ]
        );
    }
}
