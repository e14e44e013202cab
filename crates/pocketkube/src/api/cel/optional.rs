//! `x.?field`: a field that may be absent.
//!
//! The engine fails where the field is absent, so the selection is written out before anything is
//! evaluated: `has(x.field) ? optional.of(x.field) : optional.none()`. Indices (`x[?i]`) are left
//! to the engine.

use kube_cel::cel::common::ast::operators::{CONDITIONAL, LOGICAL_AND, OPT_INDEX, OPT_SELECT};
use kube_cel::cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

/// The expression without optional selections. `variables` are those that hold optional values.
pub(super) fn spell_out(mut expression: IdedExpr, variables: &[&str]) -> IdedExpr {
    rewrite(&mut expression, variables);
    expression
}

fn rewrite(expression: &mut IdedExpr, variables: &[&str]) {
    match &mut expression.expr {
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                rewrite(target, variables);
            }
            for argument in &mut call.args {
                rewrite(argument, variables);
            }
            if call.func_name == OPT_SELECT
                && let [operand, field] = call.args.as_slice()
                && let Expr::Literal(LiteralValue::String(field)) = &field.expr
            {
                let selected = select(operand, field.inner(), variables);
                expression.expr = selected;
            }
        }
        Expr::Select(selection) => {
            rewrite(&mut selection.operand, variables);
            // What is selected from an optional value is optional too.
            if !selection.test && is_optional(&selection.operand, variables) {
                let selected = select(&selection.operand, &selection.field, variables);
                expression.expr = selected;
            }
        }
        Expr::Comprehension(comprehension) => {
            for part in [
                &mut comprehension.iter_range,
                &mut comprehension.accu_init,
                &mut comprehension.loop_cond,
                &mut comprehension.loop_step,
                &mut comprehension.result,
            ] {
                rewrite(part, variables);
            }
        }
        Expr::List(list) => {
            for element in &mut list.elements {
                rewrite(element, variables);
            }
        }
        _ => {}
    }
}

fn select(operand: &IdedExpr, field: &str, variables: &[&str]) -> Expr {
    let is_optional = is_optional(operand, variables);
    let from = match is_optional {
        true => method(operand, "value"),
        false => operand.clone(),
    };
    let part = |test: bool| {
        wrap(Expr::Select(SelectExpr {
            operand: Box::new(from.clone()),
            field: field.to_owned(),
            test,
        }))
    };
    let is_there = match is_optional {
        true => call(LOGICAL_AND, vec![method(operand, "hasValue"), part(true)]),
        false => part(true),
    };
    let some = call("optional.of", vec![part(false)]);
    let none = call("optional.none", vec![]);
    call(CONDITIONAL, vec![is_there, some, none]).expr
}

/// Whether an expression that was rewritten gives an optional value.
fn is_optional(expression: &IdedExpr, variables: &[&str]) -> bool {
    match &expression.expr {
        Expr::Ident(name) => variables.contains(&name.as_str()),
        Expr::Call(call) => match call.func_name.as_str() {
            "optional.of" | "optional.none" | OPT_INDEX | "or" => true,
            "of" | "none" | "ofNonZeroValue" => call.target.as_ref().is_some_and(
                |target| matches!(&target.expr, Expr::Ident(name) if name == "optional"),
            ),
            CONDITIONAL => call.args[1..]
                .iter()
                .any(|branch| is_optional(branch, variables)),
            _ => false,
        },
        _ => false,
    }
}

fn wrap(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn call(name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    wrap(Expr::Call(CallExpr {
        func_name: name.to_owned(),
        target: None,
        args,
    }))
}

fn method(target: &IdedExpr, name: &str) -> IdedExpr {
    wrap(Expr::Call(CallExpr {
        func_name: name.to_owned(),
        target: Some(Box::new(target.clone())),
        args: Vec::new(),
    }))
}
