//! Functions and methods, the language's own and those of Kubernetes: what they give and cost.
//!
//! Mirrors `apiserver/pkg/cel/library/cost.go` (v1.35).

use super::super::declaration::{Declaration, Type};
use super::super::size::Size;
use super::{Checker, Part, STRING_TRAVERSAL, shown};

const REGULAR_EXPRESSION: f64 = 0.25;

impl<'s> Checker<'s> {
    pub(super) fn function(
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
