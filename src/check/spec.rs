//! The format of check files: what must be true, and how long it may take or must last.
//!
//! ```yaml
//! format: 1
//! checks:
//!   - id: ready
//!     says: Both Pods are ready
//!     within: 60s        # may take so long to become true
//!     holds: 10s         # and must then stay true for so long
//!     object:            # exactly one probe, or `all`, `any`, `not`
//!       kind: Deployment
//!       name: web
//!       match: {status: {readyReplicas: 2}}
//!     otherwise: The Pods start, but nobody says that they are ready.
//!     look: [kubectl describe deployment web]
//! ```
//! What is judged by a formula, a `cel` or a `not`, is told in words: those of the check, or inside
//! of a combination those of its own `says`.

use std::time::Duration;

use super::probe::{PROBES, Probe};
use crate::course::{Document, Fields, Node, NodeValue, Problems, SourceFile};

/// One thing that must be true.
#[derive(Debug)]
pub struct Check {
    pub id: String,
    pub says: String,
    pub within: Option<Duration>,
    pub holds: Option<Duration>,
    pub otherwise: Option<String>,
    /// The author's commands to look with; the probe's own where there are none.
    pub look: Vec<String>,
    pub rule: Rule,
}

/// What is judged.
#[derive(Debug)]
pub enum Rule {
    Probe(Box<dyn Probe>),
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    /// A rule, and what it says in words.
    Said(String, Box<Rule>),
}

/// Reads a check file whose parameters are filled in; the error holds every mistake in it.
pub fn read(file: &SourceFile) -> Result<Vec<Check>, Problems> {
    let document = Document::parse(&file.path, &file.text)?;
    let mut problems = Problems::default();
    let mut checks: Vec<Check> = Vec::new();
    if let Some(mut fields) = Fields::of(&document, &document.root, "", &mut problems) {
        fields.format();
        fields.each("checks", |document, node, path, problems| {
            let Some(check) = read_check(document, node, path, problems) else {
                return;
            };
            if checks.iter().any(|earlier| earlier.id == check.id) {
                let message = format!("two checks are called `{}`", check.id);
                problems.push(document.problem(node, path, message));
            }
            checks.push(check);
        });
        fields.end();
    }
    problems.or_ok(checks)
}

fn read_check(
    document: &Document,
    node: &Node,
    path: &str,
    problems: &mut Problems,
) -> Option<Check> {
    let mut fields = Fields::of(document, node, path, problems)?;
    let id = fields.required("id");
    let says = fields.required("says");
    let within = fields.span("within");
    let holds = fields.span("holds");
    let otherwise = fields.optional("otherwise");
    let look = fields.list("look");
    let rule = read_rule(fields, path);
    // The check's own words stand above it already.
    let rule = rule.map(|rule| match is_formula(&rule) {
        true => Rule::Said(String::new(), Box::new(rule)),
        false => rule,
    });
    Some(Check {
        id: id?,
        says: says?,
        within,
        holds,
        otherwise,
        look,
        rule: rule?,
    })
}

/// The one field that is left is a probe or a combination.
fn read_rule(mut fields: Fields<'_>, path: &str) -> Option<Rule> {
    let rest = fields.rest();
    let [(name, line, node)] = rest.as_slice() else {
        let names: Vec<&str> = rest.iter().map(|(name, _, _)| name.as_str()).collect();
        let message = match names.as_slice() {
            [] => format!("says not what is judged: one of {}", known()),
            names => format!("`{}` are too many: one probe each", names.join("`, `")),
        };
        fields.refuse("", message);
        return None;
    };
    let document = fields.document();
    let path = match path {
        "" => name.clone(),
        path => format!("{path}.{name}"),
    };
    let problems = fields.problems();
    match name.as_str() {
        "all" => read_rules(document, node, &path, problems).map(Rule::All),
        "any" => read_rules(document, node, &path, problems).map(Rule::Any),
        "not" => {
            let inner = Fields::of(document, node, &path, problems)?;
            read_rule(inner, &path).map(|rule| Rule::Not(Box::new(rule)))
        }
        _ => match PROBES.iter().find(|probe| probe.name == name) {
            Some(probe) => {
                let inner = Fields::of(document, node, &path, problems)?;
                (probe.read)(inner).map(Rule::Probe)
            }
            None => {
                let message = format!("unknown, expected one of {}", known());
                problems.push(document.problem(node, &path, message).at_line(*line));
                None
            }
        },
    }
}

/// The rule in a field of its own, for probes that are about another one.
pub(super) fn take_rule(fields: &mut Fields<'_>, name: &'static str) -> Option<Rule> {
    let Some(node) = fields.node(name) else {
        fields.refuse(name, "required");
        return None;
    };
    let path = fields.path_of(name);
    let document = fields.document();
    let inner = Fields::of(document, node, &path, fields.problems())?;
    let rule = read_said(inner, &path)?;
    if super::rule::acts(&rule) {
        fields.refuse(name, "may only look");
    }
    Some(rule)
}

fn read_rules(
    document: &Document,
    node: &Node,
    path: &str,
    problems: &mut Problems,
) -> Option<Vec<Rule>> {
    let items = match &node.value {
        NodeValue::List(items) if !items.is_empty() => items,
        _ => {
            problems.push(document.problem(node, path, "expected a list of probes"));
            return None;
        }
    };
    let mut rules = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let fields = Fields::of(document, item, &path, problems)?;
        rules.extend(read_said(fields, &path));
    }
    (rules.len() == items.len()).then_some(rules)
}

/// A rule inside of another one, with words of its own.
fn read_said(mut fields: Fields<'_>, path: &str) -> Option<Rule> {
    let says: Option<String> = fields.optional("says");
    let (document, node) = (fields.document(), fields.whole());
    let problem = document.problem(node, path, "a formula: say in words what it `says`");
    let rule = read_rule(fields.reborrow(), path)?;
    match says {
        Some(says) => Some(Rule::Said(says.trim_end().to_owned(), Box::new(rule))),
        None if is_formula(&rule) => {
            fields.problems().push(problem);
            None
        }
        None => Some(rule),
    }
}

/// Whether it has no words that a learner would understand.
fn is_formula(rule: &Rule) -> bool {
    match rule {
        Rule::Probe(probe) => probe.is_formula(),
        Rule::Not(_) => true,
        Rule::All(_) | Rule::Any(_) | Rule::Said(..) => false,
    }
}

fn known() -> String {
    let mut names: Vec<&str> = PROBES.iter().map(|probe| probe.name).collect();
    names.extend(["all", "any", "not"]);
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(checks: &str) -> Vec<String> {
        let file = SourceFile {
            path: "c.yaml".to_owned(),
            name: "c.yaml".to_owned(),
            text: format!("format: 1\nchecks:\n{checks}"),
        };
        match read(&file) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn combinations_nest() {
        let checks = "  - id: a\n    says: A\n    within: 1m\n    all:\n      - object: {kind: Pod, name: web}\n      - says: B\n        not:\n          any:\n            - absent: {kind: Service, name: web}\n";
        assert_eq!(said(checks), Vec::<String>::new());
    }

    #[test]
    fn a_formula_inside_of_a_combination_needs_words() {
        let checks = "  - id: a\n    says: A\n    all:\n      - cel: {kind: Pod, expression: objects.size() == 1}\n      - not: {object: {kind: Pod}}\n";
        let said = said(checks);
        assert_eq!(said.len(), 2, "{said:#?}");
        assert!(
            said[0].starts_with("c.yaml:6: checks[0].all[0]: a formula"),
            "{said:#?}"
        );
    }

    #[test]
    fn every_mistake_is_shown_where_it_is() {
        let checks = "  - id: a\n    says: A\n    within: soon\n    objekt: {}\n  - id: a\n    says: B\n  - id: b\n    says: B\n    object: {kind: Pod, nam: web}\n    count: {kind: Pod}\n  - id: c\n    says: C\n    object: {kind: Pod, nam: web}\n";
        let said = said(checks);
        let starts = [
            "c.yaml:5: checks[0].within: ",
            "c.yaml:6: checks[0].objekt: unknown, expected one of object, ",
            "c.yaml:7: checks[1]: says not what is judged",
            "c.yaml:9: checks[2]: `object`, `count` are too many",
            "c.yaml:15: checks[3].object.nam: unknown field",
        ];
        assert_eq!(said.len(), starts.len(), "{said:#?}");
        for (said, start) in said.iter().zip(starts) {
            assert!(said.starts_with(start), "{said}\n{start}");
        }
    }

    #[test]
    fn two_checks_of_one_name_are_refused() {
        let check = "  - id: a\n    says: A\n    object: {kind: Pod, name: web}\n";
        assert!(said(&check.repeat(2))[0].contains("two checks are called `a`"));
    }
}
