//! Expressions in CEL, as Kubernetes extends it.
//!
//! The language comes from `cel`, the functions from `kube-cel`; this module compiles an expression
//! once, binds variables and puts failures into the words of the API server. Which variables there
//! are is the business of whoever evaluates. Mirrors `apiserver/pkg/cel` (v1.35).

mod check;
mod declaration;
mod meter;
mod names;
mod optional;
mod size;
mod values;

use std::sync::OnceLock;

use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::IdedExpr;
use kube_cel::cel::parser::Parser;
use kube_cel::cel::{Context, ExecutionError};

pub use check::{Checked, check};
pub use declaration::{Declaration, REQUEST, Type, shortest};
pub use kube_cel::cel::Value;
pub use meter::Budget;
pub use values::{escape, from_json, map_of, optional_value};

thread_local! {
    /// The functions of Kubernetes, registered once a thread.
    static LIBRARY: Context<'static> = {
        let mut library = Context::default().with_all();
        meter::register(&mut library);
        library
    };
}

/// One expression, parsed when it is first needed.
#[derive(Debug)]
pub struct Expression {
    text: String,
    /// Variables that hold optional values.
    optional: &'static [&'static str],
    parsed: OnceLock<Result<IdedExpr, String>>,
    /// The same, as it is evaluated: it counts what it costs.
    woven: OnceLock<IdedExpr>,
}

/// Why an evaluation has no result, in the words of cel-go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Evaluation(String),
    /// The evaluation alone costs more than one may.
    #[error("operation cancelled: actual cost limit exceeded")]
    CallLimit,
    /// It costs more than was left of the budget.
    #[error(
        "validation failed due to running out of cost budget, no further validation rules will be run"
    )]
    Budget,
}

impl Expression {
    pub fn new(text: &str) -> Self {
        Self::with_optional(text, &[])
    }

    /// An expression in which some variables hold optional values.
    pub fn with_optional(text: &str, variables: &'static [&'static str]) -> Self {
        Self {
            text: text.to_owned(),
            optional: variables,
            parsed: OnceLock::new(),
            woven: OnceLock::new(),
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with the expression, before it meets any value: its syntax, and names that
    /// are neither among `variables` nor functions.
    pub fn compile(&self, variables: &[&str]) -> Result<(), String> {
        let unknown = names::undeclared(self.parsed()?, variables).into_iter();
        let mut unknown = unknown.filter(|name| !is_namespace_or_type(name));
        let Some(name) = unknown.next() else {
            return Ok(());
        };
        let at = names::position(&self.text, &name).unwrap_or(0);
        let words = format!("undeclared reference to '{name}' (in container '')");
        Err(pointed_at(&self.text, at, &words))
    }

    /// The syntax tree, for whoever judges more than names.
    pub fn parsed(&self) -> Result<&IdedExpr, String> {
        let parsed = self.parsed.get_or_init(|| {
            let parser = Parser::new().enable_optional_syntax(true);
            let parsed = parser.parse(&self.text).map_err(|errors| {
                let first = errors.to_string();
                format!("compilation failed: {}", first.replace("\n| ", "\n | "))
            })?;
            Ok(optional::spell_out(parsed, self.optional))
        });
        parsed.as_ref().map_err(Clone::clone)
    }

    /// Whether the expression names a variable.
    pub fn uses(&self, variable: &str) -> bool {
        self.parsed()
            .is_ok_and(|parsed| parsed.references().has_variable(variable))
    }

    /// The value of the expression with these variables.
    pub fn evaluate(&self, variables: &[(&str, Value)]) -> Result<Value, Failure> {
        self.evaluate_within(variables, &mut Budget::of_request())
    }

    /// The value of the expression with these variables, and its cost taken out of a budget.
    pub fn evaluate_within(
        &self,
        variables: &[(&str, Value)],
        budget: &mut Budget,
    ) -> Result<Value, Failure> {
        let parsed = self.parsed().map_err(Failure::Evaluation)?;
        let woven = self.woven.get_or_init(|| meter::woven(parsed));
        let (outcome, spent) = meter::count(|| {
            LIBRARY.with(|library| {
                let mut scope = library.new_inner_scope();
                for (name, value) in variables {
                    scope.add_variable_from_value(*name, value.clone());
                }
                Value::resolve(woven, &scope)
            })
        });
        if !budget.spend(spent) {
            return Err(Failure::Budget);
        }
        if meter::is_too_much(spent) {
            return Err(Failure::CallLimit);
        }
        outcome.map_err(|error| Failure::Evaluation(words(&error)))
    }
}

/// A mistake as cel-go shows it: with its place in the text.
fn pointed_at(text: &str, at: usize, words: &str) -> String {
    let line = text[..at].matches('\n').count();
    let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1);
    format!(
        "compilation failed: ERROR: <input>:{}:{}: {words}\n | {}\n | {}^",
        line + 1,
        column + 1,
        text.lines().nth(line).unwrap_or_default(),
        ".".repeat(column)
    )
}

/// Prefixes of functions (`quantity` is a function, `math` is not a variable), and type names.
fn is_namespace_or_type(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        "math",
        "sets",
        "optional",
        "base64",
        "jsonpatch",
        "format",
        "strings",
        "lists",
        "ip",
        "cidr",
        "net",
        "int",
        "uint",
        "double",
        "string",
        "bool",
        "bytes",
        "list",
        "map",
        "type",
        "null_type",
        "dyn",
        "duration",
        "timestamp",
        "google",
        "kubernetes",
        "Object",
        "JSONPatch",
    ];
    KNOWN.contains(&name) || name.starts_with('@') || name.starts_with("__")
}

/// An error as cel-go words it.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::NoSuchOverload
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnsupportedUnaryOperator(..)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedTargetType { .. }
        | ExecutionError::NotSupportedAsMethod { .. } => "no such overload".to_owned(),
        ExecutionError::UndeclaredReference(name) => {
            format!("undeclared reference to '{name}'")
        }
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::IndexOutOfBounds(index) => match index {
            Value::Int(index) => format!("index out of bounds: {index}"),
            other => format!("index out of bounds: {other:?}"),
        },
        ExecutionError::FunctionError { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_see_their_variables_and_the_functions_of_kubernetes() {
        let expression =
            Expression::new("self.size() == 2 && quantity('1Gi').isGreaterThan(quantity('1Mi'))");
        let value = from_json(&serde_json::json!([1, 2]));
        assert_eq!(expression.compile(&["self"]), Ok(()));
        assert_eq!(
            expression.evaluate(&[("self", value)]),
            Ok(Value::Bool(true))
        );
    }

    #[test]
    fn failures_are_worded_as_cel_go_words_them() {
        let value = from_json(&serde_json::json!({"a": 1}));
        let outcome = Expression::new("self.b == 1").evaluate(&[("self", value.clone())]);
        assert_eq!(
            outcome,
            Err(Failure::Evaluation("no such key: b".to_owned()))
        );
        let outcome = Expression::new("self.a / 0 == 1").evaluate(&[("self", value)]);
        assert_eq!(
            outcome,
            Err(Failure::Evaluation("division by zero".to_owned()))
        );
    }

    #[test]
    fn what_cannot_be_compiled_is_pointed_at() {
        let wrong = Expression::new("self.a >").compile(&["self"]).unwrap_err();
        assert!(
            wrong.starts_with("compilation failed: ERROR: <input>:1:"),
            "{wrong}"
        );
        let bound = Expression::new("self.all(a, a.exists(key, key == a[0]))");
        assert_eq!(bound.compile(&["self"]), Ok(()));
        let unbound = Expression::new("self.all(a, a > 1) && a").compile(&["self"]);
        assert!(unbound.unwrap_err().contains("undeclared reference to 'a'"));
        let unknown = Expression::new("foo == 1").compile(&["self"]).unwrap_err();
        assert_eq!(
            unknown,
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo == 1\n | ^"
        );
    }

    #[test]
    fn optional_values_and_fields_can_be_asked() {
        let value = from_json(&serde_json::json!({"a": {"b": 1}}));
        for (text, old) in [
            ("self.?x.orValue(3) == 3", None),
            (
                "self.?a.?b.orValue(3) == 1 && self.?x.?b.orValue(3) == 3",
                None,
            ),
            ("self.?a.b.orValue(3) == 1", None),
            ("!oldSelf.hasValue() && !oldSelf.?a.hasValue()", None),
            ("oldSelf.?a.?b.orValue(3) == 1", Some(value.clone())),
        ] {
            let expression = Expression::with_optional(text, &["oldSelf"]);
            let variables = [("self", value.clone()), ("oldSelf", optional_value(old))];
            assert_eq!(
                expression.evaluate(&variables),
                Ok(Value::Bool(true)),
                "{text}"
            );
        }
    }
}
