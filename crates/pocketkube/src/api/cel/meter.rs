//! What an evaluation costs while it runs, and where it ends because it costs too much.
//!
//! The engine counts nothing. So an expression is written out once more with calls of three
//! functions woven in: [`SPEND`] charges what a stretch without branches costs, [`MEASURE`] and
//! [`WALK`] note how large an argument is, and [`CHARGE`] charges for a call by the sizes of its
//! arguments. Mirrors `interpreter/runtimecost.go` of cel-go and `apiserver/pkg/cel/library/cost.go`
//! (v1.35); optional selections (`x.?y`) cost what they are spelled out as, which is a little more.

use std::cell::RefCell;

use kube_cel::cel::common::ast::operators::{
    ADD, CONDITIONAL, EQUALS, GREATER, GREATER_EQUALS, IN, INDEX, LESS, LESS_EQUALS, LOGICAL_AND,
    LOGICAL_OR, NOT_EQUALS,
};
use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue};
use kube_cel::cel::{Context, ExecutionError, Value};

use super::is_namespace_or_type;

/// What one evaluation may cost.
const PER_CALL: u64 = 1_000_000;
/// What all rules about one object, or all validations of a policy, may cost.
const PER_REQUEST: u64 = 10_000_000;
/// What the conditions of a webhook or policy may cost.
const PER_CONDITIONS: u64 = PER_REQUEST / 4;

const SPEND: &str = "@spend";
const CHARGE: &str = "@charge";
const MEASURE: &str = "@measure";
const WALK: &str = "@walk";

const LIST: u64 = 10;
const MAP: u64 = 30;
const STRUCT: u64 = 40;

/// What several evaluations may cost together.
#[derive(Clone, Debug)]
pub struct Budget {
    /// None once it was overdrawn.
    remaining: Option<u64>,
}

impl Budget {
    /// For the rules about one object, or the validations of one policy.
    pub fn of_request() -> Self {
        Self {
            remaining: Some(PER_REQUEST),
        }
    }

    /// For match conditions.
    pub fn of_conditions() -> Self {
        Self {
            remaining: Some(PER_CONDITIONS),
        }
    }

    /// Whether it was overdrawn.
    pub fn is_spent(&self) -> bool {
        self.remaining.is_none()
    }

    /// Takes a cost out. False where that is more than there was.
    pub(super) fn spend(&mut self, cost: u64) -> bool {
        self.remaining = self.remaining.and_then(|left| left.checked_sub(cost));
        !self.is_spent()
    }
}

/// The size of an argument.
#[derive(Clone, Copy)]
struct Measured {
    size: u64,
    is_map: bool,
}

#[derive(Default)]
struct Meter {
    spent: u64,
    /// The arguments of calls that have not happened yet, the last one on top.
    arguments: Vec<Measured>,
}

thread_local! {
    static METER: RefCell<Meter> = RefCell::default();
}

/// Counts what an evaluation costs.
pub(super) fn count<T>(evaluate: impl FnOnce() -> T) -> (T, u64) {
    METER.with_borrow_mut(|meter| *meter = Meter::default());
    let outcome = evaluate();
    (outcome, METER.with_borrow(|meter| meter.spent))
}

/// Whether one evaluation may not cost so much.
pub(super) fn is_too_much(spent: u64) -> bool {
    spent > PER_CALL
}

/// Adds the functions that count.
pub(super) fn register(context: &mut Context<'_>) {
    context.add_function(SPEND, |cost: i64, value: Value| {
        spend(cost.unsigned_abs(), value)
    });
    context.add_function(CHARGE, |row: i64, value: Value| {
        let row = usize::try_from(row).ok().and_then(|row| CALLS.get(row));
        let Some(call) = row else { return Ok(value) };
        let sizes = METER.with_borrow_mut(|meter| {
            let first = meter.arguments.len().saturating_sub(call.arguments);
            meter.arguments.split_off(first)
        });
        // What failed in between and was forgiven may have left a gap.
        let cost = match sizes.len() == call.arguments {
            true => (call.cost)(&sizes, &value),
            false => 1,
        };
        spend(cost, value)
    });
    context.add_function(MEASURE, |value: Value| {
        push(size(&value), &value);
        Ok::<_, ExecutionError>(value)
    });
    context.add_function(WALK, |value: Value| {
        push(traversal(&value), &value);
        Ok::<_, ExecutionError>(value)
    });
}

fn push(size: u64, value: &Value) {
    let is_map = matches!(value, Value::Map(_));
    METER.with_borrow_mut(|meter| meter.arguments.push(Measured { size, is_map }));
}

/// The words matter to nobody: whoever evaluates sees that the limit is passed.
fn spend(cost: u64, value: Value) -> Result<Value, ExecutionError> {
    let spent = METER.with_borrow_mut(|meter| {
        meter.spent = meter.spent.saturating_add(cost);
        meter.spent
    });
    match is_too_much(spent) {
        false => Ok(value),
        true => Err(ExecutionError::function_error(
            SPEND,
            "actual cost limit exceeded",
        )),
    }
}

fn size(value: &Value) -> u64 {
    let size = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.map.len(),
        _ => 1,
    };
    size as u64
}

/// What it costs to look at everything in a value once.
fn traversal(value: &Value) -> u64 {
    match value {
        Value::String(_) | Value::Bytes(_) => scaled(size(value), TRAVERSAL),
        Value::List(list) => list.iter().map(traversal).sum(),
        Value::Map(map) => map.map.values().map(|value| 1 + traversal(value)).sum(),
        _ => 1,
    }
}

const TRAVERSAL: f64 = 0.1;
const REGEX: f64 = 0.25;

fn scaled(size: u64, factor: f64) -> u64 {
    (size as f64 * factor).ceil() as u64
}

/// A function whose cost depends on how large its arguments are.
struct Call {
    names: &'static [&'static str],
    /// The target counts as the first.
    arguments: usize,
    how: &'static str,
    cost: fn(&[Measured], &Value) -> u64,
}

/// The one list of such functions; all others cost 1.
const CALLS: &[Call] = &[
    Call {
        names: &["startsWith", "endsWith"],
        arguments: 2,
        how: MEASURE,
        cost: |sizes, _| scaled(sizes[0].size, TRAVERSAL),
    },
    Call {
        names: &[
            "url",
            "lowerAscii",
            "upperAscii",
            "trim",
            "cidr",
            "ip",
            "isIP",
            "isCIDR",
            "quantity",
            "isQuantity",
        ],
        arguments: 1,
        how: MEASURE,
        cost: |sizes, _| scaled(sizes[0].size, TRAVERSAL),
    },
    Call {
        names: &["isSorted", "sum", "max", "min"],
        arguments: 1,
        how: WALK,
        cost: |sizes, _| sizes[0].size,
    },
    Call {
        names: &["indexOf", "lastIndexOf"],
        arguments: 2,
        how: WALK,
        cost: |sizes, _| sizes[0].size,
    },
    Call {
        names: &["split"],
        arguments: 2,
        how: MEASURE,
        cost: |sizes, _| scaled(sizes[0].size, 2.0 * TRAVERSAL),
    },
    Call {
        names: &["replace"],
        arguments: 3,
        how: MEASURE,
        cost: |sizes, _| scaled(sizes[0].size, 2.0 * TRAVERSAL),
    },
    Call {
        names: &["join"],
        arguments: 2,
        how: MEASURE,
        cost: |_, joined| scaled(size(joined), 2.0 * TRAVERSAL),
    },
    Call {
        names: &["matches", "find", "findAll"],
        arguments: 2,
        how: MEASURE,
        cost: |sizes, _| scaled(1 + sizes[0].size, TRAVERSAL) * scaled(sizes[1].size, REGEX),
    },
    Call {
        names: &["contains"],
        arguments: 2,
        how: MEASURE,
        cost: |sizes, _| scaled(sizes[0].size, TRAVERSAL) * scaled(sizes[1].size, TRAVERSAL),
    },
    Call {
        names: &[
            EQUALS,
            NOT_EQUALS,
            LESS,
            LESS_EQUALS,
            GREATER,
            GREATER_EQUALS,
        ],
        arguments: 2,
        how: MEASURE,
        cost: |sizes, _| scaled(sizes[0].size.min(sizes[1].size), TRAVERSAL),
    },
    Call {
        names: &[IN],
        arguments: 2,
        how: MEASURE,
        cost: |sizes, _| match sizes[1].is_map {
            true => 1,
            false => sizes[1].size,
        },
    },
    Call {
        names: &[ADD],
        arguments: 2,
        how: MEASURE,
        cost: |sizes, sum| match sum {
            Value::String(_) | Value::Bytes(_) => scaled(sizes[0].size + sizes[1].size, TRAVERSAL),
            _ => 1,
        },
    },
];

/// The expression with everything woven in that counts.
pub(super) fn woven(expression: &IdedExpr) -> IdedExpr {
    let mut woven = expression.clone();
    stretch(&mut woven);
    woven
}

/// Weaves in, and charges for what the expression costs up to its branches.
fn stretch(expression: &mut IdedExpr) {
    let cost = weave(expression);
    if cost > 0 {
        wrap(expression, SPEND, Some(cost));
    }
}

/// Weaves in, and returns what is still to be charged for.
fn weave(expression: &mut IdedExpr) -> u64 {
    match &mut expression.expr {
        Expr::Unspecified | Expr::Literal(_) => 0,
        Expr::Ident(_) => 1,
        Expr::Select(selection) => {
            // What a call returned is looked into, which costs as much as a variable.
            let is_path = match &selection.operand.expr {
                Expr::Ident(_) | Expr::Select(_) => true,
                Expr::Call(call) => call.func_name == INDEX,
                _ => false,
            };
            weave(&mut selection.operand) + 1 + u64::from(!is_path)
        }
        Expr::List(list) => LIST + list.elements.iter_mut().map(weave).sum::<u64>(),
        Expr::Map(map) => {
            let entries = map.entries.iter_mut();
            MAP + entries
                .map(|entry| weave_entry(&mut entry.expr))
                .sum::<u64>()
        }
        Expr::Struct(object) => {
            let entries = object.entries.iter_mut();
            STRUCT
                + entries
                    .map(|entry| weave_entry(&mut entry.expr))
                    .sum::<u64>()
        }
        Expr::Comprehension(fold) => {
            stretch(&mut fold.loop_cond);
            stretch(&mut fold.loop_step);
            weave(&mut fold.iter_range) + weave(&mut fold.accu_init) + weave(&mut fold.result)
        }
        Expr::Call(_) => weave_call(expression),
    }
}

fn weave_entry(entry: &mut EntryExpr) -> u64 {
    match entry {
        EntryExpr::StructField(field) => weave(&mut field.value),
        EntryExpr::MapEntry(entry) => weave(&mut entry.key) + weave(&mut entry.value),
    }
}

fn weave_call(expression: &mut IdedExpr) -> u64 {
    let Expr::Call(call) = &mut expression.expr else {
        return 0;
    };
    match (call.func_name.as_str(), call.args.as_mut_slice()) {
        (LOGICAL_AND | LOGICAL_OR, [left, right]) => {
            stretch(right);
            return weave(left);
        }
        (CONDITIONAL, [condition, yes, no]) => {
            stretch(yes);
            stretch(no);
            return weave(condition);
        }
        _ => {}
    }
    let is_qualified = call.target.as_ref().is_some_and(
        |target| matches!(&target.expr, Expr::Ident(name) if is_namespace_or_type(name)),
    );
    let arguments = call.args.len() + usize::from(call.target.is_some());
    // A list that grows is not measured with each step: whatever it holds would be copied.
    let makes_list = call.func_name == ADD
        && call
            .args
            .iter()
            .any(|one| matches!(one.expr, Expr::List(_)));
    let row = CALLS.iter().position(|known| {
        known.names.contains(&call.func_name.as_str()) && known.arguments == arguments
    });
    let row = row.filter(|_| !is_qualified && !makes_list);
    let mut cost = u64::from(row.is_none());
    let target = call.target.iter_mut().map(AsMut::as_mut);
    for argument in target.filter(|_| !is_qualified).chain(&mut call.args) {
        cost += weave(argument);
        if let Some(row) = row {
            wrap(argument, CALLS[row].how, None);
        }
    }
    if let Some(row) = row {
        wrap(expression, CHARGE, Some(row as u64));
    }
    cost
}

/// Puts a call of `function` round the expression.
fn wrap(expression: &mut IdedExpr, function: &str, number: Option<u64>) {
    let inner = std::mem::take(expression);
    let number = number.map(|number| IdedExpr {
        id: 0,
        expr: Expr::Literal(LiteralValue::Int(
            i64::try_from(number).unwrap_or(i64::MAX).into(),
        )),
    });
    expression.expr = Expr::Call(CallExpr {
        func_name: function.to_owned(),
        target: None,
        args: number.into_iter().chain([inner]).collect(),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Expression, Failure, from_json};
    use super::*;

    /// What the evaluation takes out of a budget.
    fn cost(text: &str, own: serde_json::Value) -> u64 {
        let mut budget = Budget::of_request();
        let variables = [("self", from_json(&own))];
        let outcome = Expression::new(text).evaluate_within(&variables, &mut budget);
        outcome.unwrap_or_else(|failure| panic!("{text}: {failure}"));
        PER_REQUEST - budget.remaining.unwrap()
    }

    #[test]
    fn costs_are_those_of_the_reference() {
        let own = json!({"a": {"b": 1}, "text": "x".repeat(95), "list": [1, 2, 3]});
        for (text, expected) in [
            ("true", 0),
            ("self.a.b == 1", 4),
            ("has(self.a.b)", 3),
            ("self.a.b == 2 && self.a.b == 3", 4),
            ("self.a.b == 1 && self.a.b == 3", 8),
            ("self.a.b == 1 ? true : self.a.b == 3", 4),
            ("self.text.startsWith('x')", 12),
            ("self.text.contains('y')", 12),
            ("self.text.matches('^x+$')", 12),
            ("self.text + 'abcde' == ''", 12),
            ("1 in self.list", 5),
            ("'a' in self", 2),
            ("self.list.size() == 3", 4),
            ("[1, 2].size() == 2", 12),
        ] {
            assert_eq!(cost(text, own.clone()), expected, "{text}");
        }
    }

    #[test]
    fn each_step_of_a_loop_costs() {
        let all = |count: usize| {
            let own = json!(vec![1; count]);
            cost("self.all(x, x > 0)", own)
        };
        let step = all(11) - all(10);
        assert!(step >= 4, "{step}");
        assert_eq!(all(101) - all(1), 100 * step);
    }

    #[test]
    fn one_evaluation_ends_where_it_costs_too_much() {
        let own = from_json(&json!({"text": "x".repeat(100_000), "part": "y".repeat(1010)}));
        let text = "self.text.contains(self.part)";
        let outcome = Expression::new(text).evaluate(&[("self", own)]);
        assert_eq!(outcome, Err(Failure::CallLimit));
    }

    #[test]
    fn many_evaluations_end_where_they_cost_too_much_together() {
        let expression = Expression::new("self.all(x, x > 0)");
        let variables = [("self", from_json(&json!(vec![1; 10])))];
        let mut budget = Budget {
            remaining: Some(100),
        };
        let mut outcomes = std::iter::repeat_with(|| {
            let outcome = expression.evaluate_within(&variables, &mut budget);
            (outcome, budget.is_spent())
        });
        assert_eq!(outcomes.next(), Some((Ok(Value::Bool(true)), false)));
        assert_eq!(outcomes.nth(5), Some((Err(Failure::Budget), true)));
    }
}
