//! What a scenario says.
//!
//! Objects are named `PLURAL/NAME`, or `PLURAL/NAMESPACE/NAME` outside of the namespace `default`.
//! In expected texts `*` stands for anything.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario proves, as a sentence.
    pub shows: String,
    /// How many nodes there are; none is a control plane alone, whose Pods wait for ever.
    #[serde(default)]
    pub nodes: usize,
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Creates objects.
    Given(Vec<Value>),
    /// Changes an object, or with `part` one of its subresources, by a merge patch.
    Patch(Patch),
    Delete(Delete),
    Evict(Evict),
    /// Binds a Pod to a node, for scenarios without a scheduler's choice.
    Bind {
        pod: String,
        to: String,
    },
    /// Lets cluster time pass: `500ms`, `30s`, `10m`.
    Pass(String),
    Expect(Vec<Expectation>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    pub object: String,
    #[serde(default)]
    pub part: String,
    pub with: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    pub object: String,
    #[serde(default)]
    pub propagation: Option<String>,
    #[serde(default)]
    pub grace: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evict {
    pub pod: String,
    /// The cause of the refusal, where one is expected.
    #[serde(default)]
    pub refused: Option<String>,
}

/// What must be true now.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Expectation {
    /// The object has at least these fields.
    Object {
        object: String,
        has: Value,
    },
    Gone {
        gone: String,
    },
    /// So many objects of a resource carry the labels.
    Count {
        count: String,
        #[serde(default)]
        labels: Value,
        is: usize,
    },
    /// The Events about an object, the first first: `Type Reason: message`.
    Events {
        events: String,
        are: Vec<String>,
    },
    /// The values of some fields, each time one of them changed; `-` for what is absent.
    History {
        history: String,
        of: Vec<String>,
        is: Vec<String>,
    },
}

impl Scenario {
    pub fn parse(text: &str) -> Result<Self, String> {
        // Through JSON, where a step is a map with one key.
        let tree: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        serde_json::from_value(tree).map_err(|error| error.to_string())
    }
}

/// Reads `500ms`, `30s`, `10m` or `2h`.
pub fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text:?} is no span of time"))?;
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        unit => return Err(format!("{unit:?} is no unit of time")),
    };
    Ok(Duration::from_millis(number * millis))
}
