//! What an expression gives and at most costs, before it meets any value.
//!
//! One walk finds the type, the size and the cost of every part. Where a type is not known it
//! counts as small and as right: what upstream accepts is never refused here. Mirrors `checker`
//! and `checker/cost.go` of cel-go (v1.35).

mod functions;
mod operators;
#[cfg(test)]
mod tests;

use kube_cel::cel::common::ast::operators::{CONDITIONAL, IN, INDEX, LOGICAL_NOT, NEGATE};
use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr,
};

use self::operators::is_operator;
use super::declaration::{Declaration, Type};
use super::size::Size;
use super::{Expression, pointed_at};

const STRING_TRAVERSAL: f64 = 0.1;
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
