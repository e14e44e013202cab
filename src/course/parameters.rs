//! Seeded parameters: every learner gets names, numbers and fault variants of their own.
//!
//! A value depends on the learner's seed, the kata and the parameter's name, nothing else: adding
//! a parameter changes no other, and the same learner meets the same scene again.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::document::{Document, Node, NodeValue};
use super::problem::{Problem, Problems};
use super::template;

/// Names and values that templates see.
pub type Values = BTreeMap<String, Value>;

/// How one parameter is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// One of these: `[harbor, ledger]`. Entries may be mappings (`fault.image`), and name
    /// parameters above them.
    Choice(Vec<Value>),
    /// A whole number: `{from: 8000, to: 8999, step: 1}`, both ends included.
    Range { from: i64, to: i64, step: i64 },
    /// A made-up name that is a valid DNS label: `{words: 2}` → `amber-otter`.
    Words(usize),
    /// Made from parameters above it: `{value: "{{ app }}-config"}`.
    Derived(String),
}

/// The parameters of a kata, in the order of its file.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    file: String,
    list: Vec<(String, usize, Parameter)>,
}

impl Parameters {
    /// Reads the `parameters` of a kata.
    pub(super) fn read(document: &Document, problems: &mut Problems) -> Self {
        let mut parameters = Self {
            file: document.file.clone(),
            list: Vec::new(),
        };
        let Some(node) = document.root.get("parameters") else {
            return parameters;
        };
        let NodeValue::Map(entries) = &node.value else {
            problems.push(document.problem(node, "parameters", "expected a mapping"));
            return parameters;
        };
        for (name, line, node) in entries {
            let path = format!("parameters.{name}");
            match Parameter::read(document, node, &path) {
                Ok(parameter) => parameters.list.push((name.clone(), *line, parameter)),
                Err(problem) => problems.push(problem),
            }
        }
        parameters
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The values for one learner.
    pub fn draw(&self, seed: u64, kata: &str) -> Result<Values, Problem> {
        let mut values = Values::new();
        for (name, line, parameter) in &self.list {
            let drawn = match parameter {
                Parameter::Choice(choices) => {
                    let index = number(seed, kata, name, 0) % choices.len() as u64;
                    let choice = &choices[usize::try_from(index).unwrap_or(0)];
                    self.filled(choice, &values)
                        .map_err(|problem| problem.at_line(*line).in_field(name.clone()))?
                }
                Parameter::Range { from, to, step } => {
                    let count = (to - from) / step + 1;
                    let count = u64::try_from(count).unwrap_or(1).max(1);
                    let index = number(seed, kata, name, 0) % count;
                    Value::from(from + i64::try_from(index).unwrap_or(0) * step)
                }
                Parameter::Words(count) => unused_words(seed, kata, name, *count, &values),
                Parameter::Derived(text) => template::render(&self.file, text, &values)
                    .map_err(|problem| problem.at_line(*line).in_field(name.clone()))?
                    .into(),
            };
            values.insert(name.clone(), drawn);
        }
        Ok(values)
    }
}

impl Parameters {
    /// A choice with the parameters above it filled into its texts.
    fn filled(&self, choice: &Value, values: &Values) -> Result<Value, Problem> {
        Ok(match choice {
            Value::String(text) => template::render(&self.file, text, values)?.into(),
            Value::Array(items) => {
                let filled = items.iter().map(|item| self.filled(item, values));
                Value::Array(filled.collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let filled = fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), self.filled(field, values)?)));
                Value::Object(filled.collect::<Result<_, Problem>>()?)
            }
            other => other.clone(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeForm {
    from: i64,
    to: i64,
    #[serde(default = "one")]
    step: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsForm {
    words: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DerivedForm {
    value: String,
}

fn one() -> i64 {
    1
}

impl Parameter {
    fn read(document: &Document, node: &Node, path: &str) -> Result<Self, Problem> {
        let refuse = |message: &str| Err(document.problem(node, path, message));
        if let NodeValue::List(choices) = &node.value {
            if choices.is_empty() {
                return refuse("a choice needs at least one entry");
            }
            return Ok(Self::Choice(choices.iter().map(Node::to_json).collect()));
        }
        if node.get("words").is_some() {
            let form: WordsForm = document.decode(node, path)?;
            if !(1..=3).contains(&form.words) {
                return refuse("words: expected 1, 2 or 3");
            }
            return Ok(Self::Words(form.words));
        }
        if node.get("value").is_some() {
            let form: DerivedForm = document.decode(node, path)?;
            return Ok(Self::Derived(form.value));
        }
        if node.get("from").is_some() {
            let form: RangeForm = document.decode(node, path)?;
            if form.to < form.from || form.step < 1 {
                return refuse("an empty range");
            }
            return Ok(Self::Range {
                from: form.from,
                to: form.to,
                step: form.step,
            });
        }
        refuse("expected a list of choices, {from, to}, {words} or {value}")
    }
}

fn number(seed: u64, kata: &str, name: &str, round: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(round.to_be_bytes());
    hash.update(kata.as_bytes());
    hash.update([0]);
    hash.update(name.as_bytes());
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

/// Two made-up names of one kata are never the same.
fn unused_words(seed: u64, kata: &str, name: &str, count: usize, taken: &Values) -> Value {
    let mut words = Value::Null;
    for round in 0..32 {
        words = Value::from(made_up(number(seed, kata, name, round), count));
        if !taken.values().any(|value| *value == words) {
            break;
        }
    }
    words
}

fn made_up(mut number: u64, count: usize) -> String {
    let mut pick = |list: &[&str]| {
        let word = list[usize::try_from(number % list.len() as u64).unwrap_or(0)].to_owned();
        number /= list.len() as u64;
        word
    };
    let noun = pick(&NOUNS);
    let adjectives = (1..count).map(|_| pick(&ADJECTIVES)).collect::<Vec<_>>();
    [adjectives, vec![noun]].concat().join("-")
}

const NOUNS: [&str; 40] = [
    "acorn", "anchor", "anvil", "beacon", "birch", "bobbin", "brook", "cedar", "comet", "coral",
    "crane", "delta", "ember", "falcon", "fern", "fjord", "gannet", "harbor", "heron", "iris",
    "juniper", "kestrel", "lantern", "larch", "ledger", "lotus", "maple", "marlin", "meadow",
    "nectar", "osprey", "otter", "pebble", "plover", "quartz", "raven", "saddle", "thistle",
    "walnut", "willow",
];

const ADJECTIVES: [&str; 24] = [
    "amber", "bold", "brisk", "calm", "clear", "crisp", "deep", "early", "fleet", "gentle",
    "golden", "keen", "light", "lucky", "mellow", "noble", "quiet", "rapid", "silver", "steady",
    "swift", "tidal", "warm", "wild",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Parameters, Problems> {
        let document = Document::parse("kata.yaml", text).expect("it is YAML");
        let mut problems = Problems::default();
        let parameters = Parameters::read(&document, &mut problems);
        problems.or_ok(parameters)
    }

    const ALL: &str = "parameters:\n  app: [harbor, ledger]\n  port: {from: 8000, to: 8010, step: 5}\n  team: {words: 2}\n  other: {words: 2}\n  host: {value: '{{ app }}.{{ team }}'}\n";

    #[test]
    fn the_same_seed_draws_the_same_values_and_each_form_keeps_its_bounds() {
        let parameters = read(ALL).expect("it reads");
        for seed in 0..200 {
            let values = parameters.draw(seed, "pods/a").expect("it draws");
            assert_eq!(values, parameters.draw(seed, "pods/a").expect("it draws"));
            assert!([8000, 8005, 8010].contains(&values["port"].as_i64().unwrap()));
            assert_ne!(values["team"], values["other"]);
            let host = format!(
                "{}.{}",
                values["app"].as_str().unwrap(),
                values["team"].as_str().unwrap()
            );
            assert_eq!(values["host"], host);
        }
    }

    #[test]
    fn entries_of_a_choice_are_filled_with_the_parameters_above_them() {
        let parameters = read(
            "parameters:\n  app: [harbor]\n  fault:\n    - {image: '{{ app }}:1', args: ['--of={{ app }}'], port: 80}\n",
        )
        .expect("it reads");
        let values = parameters.draw(1, "pods/a").expect("it draws");
        let expected =
            serde_json::json!({"image": "harbor:1", "args": ["--of=harbor"], "port": 80});
        assert_eq!(values["fault"], expected);
        let later = read("parameters:\n  a: ['{{ b }}']\n  b: [1]\n").expect("it reads");
        let problem = later.draw(1, "pods/a").unwrap_err();
        assert_eq!(
            (problem.line, problem.field.as_deref()),
            (Some(2), Some("a"))
        );
    }

    #[test]
    fn another_seed_and_another_kata_draw_other_values() {
        let parameters = read(ALL).expect("it reads");
        let first = parameters.draw(1, "pods/a").expect("it draws");
        assert_ne!(first, parameters.draw(2, "pods/a").expect("it draws"));
        assert_ne!(first, parameters.draw(1, "pods/b").expect("it draws"));
    }

    #[test]
    fn every_wrong_form_is_refused_at_its_line() {
        let problems =
            read("parameters:\n  a: []\n  b: {from: 2, to: 1}\n  c: {words: 9}\n  d: 7\n")
                .unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(2), Some(3), Some(4), Some(5)]);
    }
}
