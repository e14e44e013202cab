//! What an expression gives and at most costs, before it meets any value.
//!
//! One walk finds the type, the size and the cost of every part. Where a type is not known it
//! counts as small and as right: what upstream accepts is never refused here. Mirrors `checker`
//! and `checker/cost.go` of cel-go with the functions of `apiserver/pkg/cel/library/cost.go`
//! (v1.35).

use kube_cel::cel::common::ast::operators::{
    ADD, CONDITIONAL, DIVIDE, EQUALS, GREATER, GREATER_EQUALS, IN, INDEX, LESS, LESS_EQUALS,
    LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, MODULO, MULTIPLY, NEGATE, NOT_EQUALS, SUBSTRACT,
};
use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr,
};

use super::declaration::{Declaration, Size, Type};
use super::{Expression, pointed_at};

const STRING_TRAVERSAL: f64 = 0.1;
const REGULAR_EXPRESSION: f64 = 0.25;
const NEW_LIST: u64 = 10;
const NEW_MAP: u64 = 30;
const NEW_STRUCT: u64 = 40;

/// What is known of a whole expression.
pub struct Checked<'s> {
    pub result: Type<'s>,
    /// The most that one evaluation may cost.
    pub most: u64,
}

/// Finds an expression's type and cost; the error is the first mistake, as cel-go words it.
pub fn check<'s>(
    expression: &Expression,
    variables: &[(&str, Declaration<'s>)],
) -> Result<Checked<'s>, String> {
    let parsed = expression.parsed()?;
    let mut checker = Checker {
        variables: variables
            .iter()
            .map(|(name, declaration)| ((*name).to_owned(), declaration.clone()))
            .collect(),
        mistakes: Vec::new(),
    };
    let found = checker.visit(parsed);
    match checker.mistakes.first() {
        None => Ok(Checked {
            result: found.of.kind,
            most: found.cost.most,
        }),
        Some(mistake) => Err(mistake.shown(expression.text())),
    }
}

struct Mistake {
    /// What stands where the mistake is.
    token: String,
    words: String,
}

impl Mistake {
    fn shown(&self, text: &str) -> String {
        pointed_at(text, text.find(&self.token).unwrap_or(0), &self.words)
    }
}

/// A part of an expression.
#[derive(Clone)]
struct Part<'s> {
    of: Declaration<'s>,
    cost: Size,
}

impl<'s> Part<'s> {
    fn new(of: Declaration<'s>, cost: Size) -> Self {
        Self { of, cost }
    }

    fn scalar(kind: Type<'s>, cost: Size) -> Self {
        Self::new(Declaration::plain(kind), cost)
    }
}

impl Size {
    const NONE: Self = Self { least: 0, most: 0 };

    fn fixed(cost: u64) -> Self {
        Self {
            least: cost,
            most: cost,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_mul(other.least),
            most: self.most.saturating_mul(other.most),
        }
    }

    /// Rounded up; a float turned into an integer stops at the largest.
    fn scaled(self, factor: f64) -> Self {
        let scale = |count: u64| (count as f64 * factor).ceil() as u64;
        Self {
            least: scale(self.least),
            most: scale(self.most),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    /// Of two that are walked together, the shorter.
    fn shorter(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.min(other.most),
        }
    }
}

struct Checker<'s> {
    variables: Vec<(String, Declaration<'s>)>,
    mistakes: Vec<Mistake>,
}

impl<'s> Checker<'s> {
    fn visit(&mut self, expression: &IdedExpr) -> Part<'s> {
        match &expression.expr {
            Expr::Literal(literal) => Part::new(of_literal(literal), Size::NONE),
            Expr::Ident(name) => {
                let mut known = self.variables.iter().rev();
                let known = known.find(|(own, _)| own == name);
                let of = known.map(|(_, declaration)| declaration.clone());
                let of = of.unwrap_or_else(|| Declaration::plain(Type::Any));
                Part::new(of, Size::ONE)
            }
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let parts: Vec<Part<'s>> = list
                    .elements
                    .iter()
                    .map(|element| self.visit(element))
                    .collect();
                let cost = parts
                    .iter()
                    .fold(Size::fixed(NEW_LIST), |sum, part| sum.plus(part.cost));
                let count = parts.len() as u64;
                let each = parts.into_iter().reduce(joined);
                let each = each.map_or_else(|| Declaration::plain(Type::Any), |part| part.of);
                let of = Declaration::new(Type::List(Box::new(each)), Size::fixed(count));
                Part::new(of, cost)
            }
            Expr::Map(map) => {
                let mut cost = Size::fixed(NEW_MAP);
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        cost = cost.plus(self.visit(&entry.key).cost);
                        cost = cost.plus(self.visit(&entry.value).cost);
                    }
                }
                Part::scalar(Type::Any, cost)
            }
            Expr::Struct(_) => Part::scalar(Type::Any, Size::fixed(NEW_STRUCT)),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Unspecified => Part::scalar(Type::Any, Size::NONE),
        }
    }

    fn select(&mut self, select: &SelectExpr) -> Part<'s> {
        let operand = self.visit(&select.operand);
        let field = operand.of.field(&select.field);
        let is_there = match (&operand.of.kind, &field) {
            // A schema without fields that keeps what it doesn't know cannot be asked for them.
            (Type::Object(..) | Type::Metadata, None) => false,
            (Type::Bool | Type::Int | Type::UInt | Type::Double | Type::String, _) => {
                let words = format!(
                    "type '{}' does not support field selection",
                    shown(&operand.of.kind)
                );
                self.complain(&format!(".{}", select.field), words);
                return Part::scalar(Type::Any, operand.cost);
            }
            _ => true,
        };
        if !is_there {
            let words = format!("undefined field '{}'", select.field);
            self.complain(&format!(".{}", select.field), words);
        }
        let field = field.unwrap_or_else(|| Declaration::plain(Type::Any));
        if select.test {
            return Part::scalar(Type::Bool, operand.cost);
        }
        Part::new(field, operand.cost.plus(Size::ONE))
    }

    fn complain(&mut self, token: &str, words: String) {
        self.mistakes.push(Mistake {
            token: token.to_owned(),
            words,
        });
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Part<'s> {
        let range = self.visit(&comprehension.iter_range);
        let start = self.visit(&comprehension.accu_init);
        let (key, value) = match &range.of.kind {
            Type::List(each) => (Declaration::plain(Type::Int), (**each).clone()),
            Type::Map(each) => (
                Declaration::new(Type::String, Size::up_to(0)),
                (**each).clone(),
            ),
            _ => (Declaration::plain(Type::Any), Declaration::plain(Type::Any)),
        };
        let is_map = matches!(range.of.kind, Type::Map(_));
        let known = self.variables.len();
        let first = match (&comprehension.iter_var2, is_map) {
            (None, false) => value.clone(),
            _ => key,
        };
        self.variables.push((comprehension.iter_var.clone(), first));
        if let Some(second) = &comprehension.iter_var2 {
            self.variables.push((second.clone(), value));
        }
        let result_is_list = matches!(start.of.kind, Type::List(_));
        let accumulated = match result_is_list {
            true => Declaration::plain(Type::Any),
            false => start.of.clone(),
        };
        self.variables
            .push((comprehension.accu_var.clone(), accumulated));
        let condition = self.visit(&comprehension.loop_cond);
        let step = self.visit(&comprehension.loop_step);
        let result = self.visit(&comprehension.result);
        self.variables.truncate(known);
        let rounds = range.of.size.times(condition.cost.plus(step.cost));
        let cost = range.cost.plus(start.cost).plus(rounds).plus(result.cost);
        let of = match result_is_list {
            // What is kept or made: at most one element a round.
            true => {
                let each = match &range.of.kind {
                    Type::List(each) => (**each).clone(),
                    _ => Declaration::plain(Type::Any),
                };
                let each = match is_filter(&comprehension.loop_step, &comprehension.iter_var) {
                    true => each,
                    false => Declaration::plain(Type::Any),
                };
                Declaration::new(Type::List(Box::new(each)), Size::up_to(range.of.size.most))
            }
            false => result.of,
        };
        Part::new(of, cost)
    }

    fn call(&mut self, call: &CallExpr) -> Part<'s> {
        let target = call.target.as_ref().map(|target| self.visit(target));
        let arguments: Vec<Part<'s>> = call.args.iter().map(|own| self.visit(own)).collect();
        let cost = arguments
            .iter()
            .chain(&target)
            .fold(Size::NONE, |sum, part| sum.plus(part.cost));
        match (target, arguments.as_slice()) {
            (None, [one]) if matches!(call.func_name.as_str(), LOGICAL_NOT | NEGATE) => {
                self.unary(&call.func_name, one, cost)
            }
            (None, [left, right]) if is_operator(&call.func_name) => {
                self.binary(&call.func_name, left, right, cost)
            }
            (None, [condition, yes, no]) if call.func_name == CONDITIONAL => {
                if !matches!(condition.of.kind, Type::Bool | Type::Any) {
                    let kinds = [&condition.of.kind, &yes.of.kind, &no.of.kind];
                    self.no_overload(CONDITIONAL, &kinds);
                }
                let either = joined(yes.clone(), no.clone());
                let cost = condition.cost.plus(yes.cost.or(no.cost));
                Part::new(either.of, cost)
            }
            (target, arguments) => self.function(&call.func_name, target, arguments, cost),
        }
    }

    fn unary(&mut self, operator: &str, one: &Part<'s>, cost: Size) -> Part<'s> {
        let kind = match (operator, &one.of.kind) {
            (_, Type::Any) => Type::Any,
            (LOGICAL_NOT, Type::Bool) => Type::Bool,
            (NEGATE, kind @ (Type::Int | Type::Double)) => kind.clone(),
            (_, kind) => {
                self.no_overload(operator, &[kind]);
                Type::Any
            }
        };
        let kind = match operator {
            LOGICAL_NOT => Type::Bool,
            _ => kind,
        };
        Part::scalar(kind, cost.plus(Size::ONE))
    }

    fn binary(
        &mut self,
        operator: &str,
        left: &Part<'s>,
        right: &Part<'s>,
        cost: Size,
    ) -> Part<'s> {
        let (a, b) = (&left.of.kind, &right.of.kind);
        if !are_operands(operator, a, b) {
            self.no_overload(operator, &[a, b]);
            return Part::scalar(Type::Any, cost);
        }
        let (a_size, b_size) = (left.of.size, right.of.size);
        match operator {
            LOGICAL_AND | LOGICAL_OR => {
                // The right side may not be needed.
                let cost = Size {
                    least: left.cost.least,
                    most: cost.most,
                };
                Part::scalar(Type::Bool, cost)
            }
            ADD => match (a, b) {
                (Type::String | Type::Bytes, _) | (_, Type::String | Type::Bytes) => {
                    let size = a_size.plus(b_size);
                    let of = Declaration::new(a.clone(), size);
                    Part::new(of, cost.plus(size.scaled(STRING_TRAVERSAL)))
                }
                (Type::List(_), _) => {
                    let of = Declaration::new(a.clone(), a_size.plus(b_size));
                    Part::new(of, cost.plus(Size::ONE))
                }
                _ => Part::scalar(arithmetic(operator, a, b), cost.plus(Size::ONE)),
            },
            EQUALS | NOT_EQUALS | LESS | LESS_EQUALS | GREATER | GREATER_EQUALS => {
                let walked = a_size.shorter(b_size).scaled(STRING_TRAVERSAL);
                let is_walked = !matches!((a, b), (Type::Any, Type::Any));
                let own = if is_walked { walked } else { Size::ONE };
                Part::scalar(Type::Bool, cost.plus(own))
            }
            IN => Part::scalar(
                Type::Bool,
                cost.plus(match b {
                    Type::List(_) => b_size,
                    _ => Size::ONE,
                }),
            ),
            INDEX => {
                let of = match a {
                    Type::List(each) | Type::Map(each) => (**each).clone(),
                    _ => Declaration::plain(Type::Any),
                };
                Part::new(of, cost.plus(Size::ONE))
            }
            _ => Part::scalar(arithmetic(operator, a, b), cost.plus(Size::ONE)),
        }
    }

    fn function(
        &mut self,
        name: &str,
        target: Option<Part<'s>>,
        arguments: &[Part<'s>],
        cost: Size,
    ) -> Part<'s> {
        let size = |part: &Part<'s>| part.of.size;
        let first = arguments.first();
        let of_text = target.as_ref().map_or(Size::ONE, size);
        let of_argument = first.map_or(Size::ONE, size);
        let is_text_method = matches!(
            name,
            "startsWith"
                | "endsWith"
                | "contains"
                | "matches"
                | "lowerAscii"
                | "upperAscii"
                | "trim"
        );
        if let (true, Some(target)) = (is_text_method, &target)
            && !matches!(target.of.kind, Type::String | Type::Any)
        {
            let arguments = arguments.iter().map(|part| shown(&part.of.kind));
            let arguments = arguments.collect::<Vec<_>>().join(", ");
            let words = format!(
                "found no matching overload for '{name}' applied to '{}.({arguments})'",
                shown(&target.of.kind)
            );
            self.complain(&format!("{name}("), words);
        }
        let (kind, own) = match name {
            "startsWith" | "endsWith" => (Type::Bool, of_argument.scaled(STRING_TRAVERSAL)),
            "contains" => (
                Type::Bool,
                of_text
                    .scaled(STRING_TRAVERSAL)
                    .times(of_argument.scaled(STRING_TRAVERSAL)),
            ),
            "matches" | "find" | "findAll" => {
                let (text, expression) = match (&target, arguments) {
                    (None, [text, expression, ..]) => (size(text), size(expression)),
                    _ => (of_text, of_argument),
                };
                let text = text.plus(Size::ONE).scaled(STRING_TRAVERSAL);
                let own = text.times(expression.scaled(REGULAR_EXPRESSION));
                match name {
                    "matches" => (Type::Bool, own),
                    "find" => {
                        let of = Declaration::new(Type::String, Size::up_to(of_text.most));
                        return Part::new(of, cost.plus(own));
                    }
                    _ => (Type::Any, own),
                }
            }
            "lowerAscii" | "upperAscii" | "trim" | "substring" | "replace" => {
                let of = Declaration::new(Type::String, Size::up_to(of_text.most));
                return Part::new(of, cost.plus(of_text.scaled(STRING_TRAVERSAL)));
            }
            "url" | "ip" | "cidr" | "isIP" | "isCIDR" | "isURL" => {
                let kind = if name.starts_with("is") {
                    Type::Bool
                } else {
                    Type::Any
                };
                (kind, of_argument.scaled(STRING_TRAVERSAL))
            }
            "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
                let kind = match name {
                    "isSorted" => Type::Bool,
                    "indexOf" | "lastIndexOf" => Type::Int,
                    _ => Type::Any,
                };
                (kind, of_list(target.as_ref()))
            }
            "size" => (Type::Int, Size::ONE),
            "int" => (Type::Int, Size::ONE),
            "uint" => (Type::UInt, Size::ONE),
            "double" => (Type::Double, Size::ONE),
            "duration" => (Type::Duration, Size::ONE),
            "timestamp" => (Type::Timestamp, Size::ONE),
            "bool"
            | "hasValue"
            | "isGreaterThan"
            | "isLessThan"
            | "isQuantity"
            | "isInteger"
            | "@not_strictly_false" => (Type::Bool, Size::ONE),
            _ => (Type::Any, Size::ONE),
        };
        Part::scalar(kind, cost.plus(own))
    }

    fn no_overload(&mut self, operator: &str, kinds: &[&Type<'s>]) {
        let kinds: Vec<String> = kinds.iter().map(|kind| shown(kind)).collect();
        let words = format!(
            "found no matching overload for '{operator}' applied to '({})'",
            kinds.join(", ")
        );
        let token = match operator {
            IN => " in ".to_owned(),
            CONDITIONAL => "?".to_owned(),
            INDEX => "[".to_owned(),
            operator => operator.replace('_', ""),
        };
        self.complain(&token, words);
    }
}

fn of_list(target: Option<&Part<'_>>) -> Size {
    let Some(target) = target else {
        return Size::ONE;
    };
    match &target.of.kind {
        Type::List(each) => {
            let walked = match each.kind {
                Type::String | Type::Bytes => each.size.scaled(STRING_TRAVERSAL),
                _ => Size::NONE,
            };
            target.of.size.times(Size::ONE.plus(walked))
        }
        _ => target.of.size.scaled(STRING_TRAVERSAL),
    }
}

/// Whether a step keeps elements as they are: `condition ? accumulated + [element] : accumulated`.
fn is_filter(step: &IdedExpr, element: &str) -> bool {
    let Expr::Call(choice) = &step.expr else {
        return false;
    };
    let Some(Expr::Call(sum)) = choice.args.get(1).map(|own| &own.expr) else {
        return false;
    };
    match sum.args.get(1).map(|own| &own.expr) {
        Some(Expr::List(list)) => {
            matches!(list.elements.as_slice(), [one] if matches!(&one.expr, Expr::Ident(name) if name == element))
        }
        _ => false,
    }
}

fn of_literal<'s>(literal: &LiteralValue) -> Declaration<'s> {
    let length = |length: usize| Size::fixed(length as u64);
    match literal {
        LiteralValue::Boolean(_) => Declaration::plain(Type::Bool),
        LiteralValue::Int(_) => Declaration::plain(Type::Int),
        LiteralValue::UInt(_) => Declaration::plain(Type::UInt),
        LiteralValue::Double(_) => Declaration::plain(Type::Double),
        LiteralValue::Null => Declaration::plain(Type::Null),
        LiteralValue::String(text) => Declaration::new(Type::String, length(text.inner().len())),
        LiteralValue::Bytes(bytes) => Declaration::new(Type::Bytes, length(bytes.inner().len())),
    }
}

/// One of two: what both are, where that is the same.
fn joined<'s>(a: Part<'s>, b: Part<'s>) -> Part<'s> {
    let size = a.of.size.or(b.of.size);
    let kind = match is_same(&a.of.kind, &b.of.kind) {
        true => a.of.kind,
        false => Type::Any,
    };
    Part::new(Declaration::new(kind, size), a.cost.plus(b.cost))
}

fn is_same(a: &Type<'_>, b: &Type<'_>) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn is_operator(name: &str) -> bool {
    matches!(
        name,
        ADD | SUBSTRACT
            | MULTIPLY
            | DIVIDE
            | MODULO
            | EQUALS
            | NOT_EQUALS
            | LESS
            | LESS_EQUALS
            | GREATER
            | GREATER_EQUALS
            | LOGICAL_AND
            | LOGICAL_OR
            | IN
            | INDEX
    )
}

fn is_number(kind: &Type<'_>) -> bool {
    matches!(kind, Type::Int | Type::UInt | Type::Double)
}

fn is_scalar(kind: &Type<'_>) -> bool {
    use Type::{Bool, Bytes, Duration, String, Timestamp};
    is_number(kind) || matches!(kind, Bool | String | Bytes | Timestamp | Duration)
}

fn are_operands(operator: &str, a: &Type<'_>, b: &Type<'_>) -> bool {
    use Type::{Any, Bool, Bytes, Duration, Int, List, Map, Object, String, Timestamp, UInt};
    if matches!(operator, LOGICAL_AND | LOGICAL_OR) {
        return matches!(a, Bool | Any) && matches!(b, Bool | Any);
    }
    if operator == IN {
        return match b {
            List(each) => !is_scalar(a) || !is_scalar(&each.kind) || is_same(a, &each.kind),
            Map(_) => matches!(a, String | Any),
            b => !is_scalar(b),
        };
    }
    if operator == INDEX {
        return match a {
            List(_) => matches!(b, Int | UInt | Type::Double | Any),
            Map(_) => matches!(b, String | Any),
            a => !is_scalar(a),
        };
    }
    if matches!(a, Any) || matches!(b, Any) {
        return true;
    }
    let is_equal = is_same(a, b);
    match operator {
        EQUALS | NOT_EQUALS => is_equal || !(is_scalar(a) && is_scalar(b)),
        LESS | LESS_EQUALS | GREATER | GREATER_EQUALS => {
            (is_equal && is_scalar(a)) || (is_number(a) && is_number(b))
        }
        ADD => match (a, b) {
            (Timestamp, Duration) | (Duration, Timestamp | Duration) => true,
            (String | Bytes | List(_), _) => is_equal,
            _ => is_equal && is_number(a),
        },
        SUBSTRACT => match (a, b) {
            (Timestamp, Duration | Timestamp) | (Duration, Duration) => true,
            _ => is_equal && is_number(a),
        },
        MODULO => is_equal && matches!(a, Int | UInt),
        MULTIPLY | DIVIDE => is_equal && is_number(a),
        _ => !matches!((a, b), (Object(..), Object(..))) || is_equal,
    }
}

fn arithmetic<'s>(operator: &str, a: &Type<'s>, b: &Type<'s>) -> Type<'s> {
    match (operator, a, b) {
        (_, Type::Any, other) | (_, other, Type::Any) if is_number(other) => other.clone(),
        (SUBSTRACT, Type::Timestamp, Type::Timestamp) => Type::Duration,
        (_, Type::Timestamp, _) | (_, _, Type::Timestamp) => Type::Timestamp,
        (_, a, _) => a.clone(),
    }
}

/// A type as messages name it.
fn shown(kind: &Type<'_>) -> String {
    match kind {
        Type::Any => "dyn".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::UInt => "uint".to_owned(),
        Type::Double => "double".to_owned(),
        Type::String => "string".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::List(each) => format!("list({})", shown(&each.kind)),
        Type::Map(each) => format!("map(string, {})", shown(&each.kind)),
        Type::Object(..) | Type::Metadata => "object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

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
}
