//! Operators: which types they take, what they give and what they cost.
//!
//! Mirrors `common/stdlib/standard.go` and `callCost` in `checker/cost.go` of cel-go.

use kube_cel::cel::common::ast::operators::{
    ADD, DIVIDE, EQUALS, GREATER, GREATER_EQUALS, IN, INDEX, LESS, LESS_EQUALS, LOGICAL_AND,
    LOGICAL_NOT, LOGICAL_OR, MODULO, MULTIPLY, NEGATE, NOT_EQUALS, SUBSTRACT,
};

use super::super::declaration::{Declaration, Type};
use super::super::size::Size;
use super::{Checker, Part, STRING_TRAVERSAL, is_same};

impl<'s> Checker<'s> {
    pub(super) fn unary(&mut self, operator: &str, one: &Part<'s>, cost: Size) -> Part<'s> {
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

    pub(super) fn binary(
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
}

pub(super) fn is_operator(name: &str) -> bool {
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
