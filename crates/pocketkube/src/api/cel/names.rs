//! The variables that an expression names but nobody declares.

use kube_cel::cel::common::ast::{EntryExpr, Expr, IdedExpr};

/// Names that are neither among `known` nor bound by a macro around them, in order.
pub(super) fn undeclared(expression: &IdedExpr, known: &[&str]) -> Vec<String> {
    let mut walk = Walk {
        scope: known.iter().map(|name| (*name).to_owned()).collect(),
        unknown: Vec::new(),
    };
    walk.visit(expression);
    walk.unknown
}

/// Where a name stands by itself in a text: as no part of another, and as no field.
pub(super) fn position(text: &str, name: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut found = text.match_indices(name).map(|(at, _)| at);
    found.find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(|letter| is_part(letter) || letter == '.')
            && !after.is_some_and(is_part)
    })
}

struct Walk {
    scope: Vec<String>,
    unknown: Vec<String>,
}

impl Walk {
    fn visit(&mut self, expression: &IdedExpr) {
        match &expression.expr {
            Expr::Ident(name) => {
                if !name.starts_with('@') && !self.scope.contains(name) {
                    self.unknown.push(name.clone());
                }
            }
            Expr::Select(select) => self.visit(&select.operand),
            Expr::Call(call) => {
                if let Some(target) = &call.target {
                    self.visit(target);
                }
                call.args.iter().for_each(|own| self.visit(own));
            }
            Expr::List(list) => list.elements.iter().for_each(|own| self.visit(own)),
            Expr::Map(map) => map.entries.iter().for_each(|own| self.entry(&own.expr)),
            Expr::Struct(own) => own.entries.iter().for_each(|own| self.entry(&own.expr)),
            Expr::Comprehension(own) => {
                self.visit(&own.iter_range);
                self.visit(&own.accu_init);
                let outside = self.scope.len();
                self.scope.push(own.iter_var.clone());
                self.scope.extend(own.iter_var2.clone());
                self.scope.push(own.accu_var.clone());
                for part in [&own.loop_cond, &own.loop_step, &own.result] {
                    self.visit(part);
                }
                self.scope.truncate(outside);
            }
            Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key);
                self.visit(&entry.value);
            }
        }
    }
}
