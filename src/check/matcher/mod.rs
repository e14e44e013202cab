//! Partial matching of JSON: what a check expects, and where what is seen differs.
//!
//! | written | matches |
//! | --- | --- |
//! | a mapping | an object with at least these fields, each matching |
//! | a list | a list with, for each item written, an item that matches it |
//! | a number, `true`, plain text | exactly that |
//! | `null` or `absent` | nothing there |
//! | `exists` | anything there |
//! | `~REGEX` | text in which the regular expression is found |
//! | `contains TEXT` | text with this in it |
//! | `>= 2`, `> 2`, `<= 2`, `< 2`, `== 128Mi` | a number or a Kubernetes quantity |
//! | `!= x` | anything else, also nothing |
//! | `=TEXT` | exactly this text, whatever it starts with |
//! | `{$size: 2}` | a list, mapping or text of that size (itself a matcher) |
//! | `{$exactly: […]}` | a list of exactly these items, in any order |
//! | `{$every: m}`, `{$none: m}` | a list whose items all, or none of them, match |

mod read;
mod value;

use pocketkube::api::quantity::Quantity;
use regex::Regex;
use serde_json::Value;

pub(super) use self::value::shown;
use self::value::{joined, list, plain, quantity, same, size};
use super::verdict::Difference;

/// What is expected at one place.
#[derive(Debug, Clone)]
pub enum Matcher {
    Exists,
    Absent,
    Equals(Value),
    Differs(Value),
    Regex(Regex),
    Contains(String),
    /// The text stands beside the value it means, for messages.
    Compares(Comparison, String, Quantity),
    Fields(Vec<(String, Matcher)>),
    Items(Vec<Matcher>),
    Exactly(Vec<Matcher>),
    Size(Box<Matcher>),
    Every(Box<Matcher>),
    None(Box<Matcher>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    AtLeast,
    More,
    AtMost,
    Less,
    Same,
}

impl Comparison {
    /// Longer signs first.
    pub(super) const ALL: [(&'static str, Self); 5] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Same),
        (">", Self::More),
        ("<", Self::Less),
    ];

    fn sign(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, comparison)| *comparison == self)
            .map_or("", |(sign, _)| sign)
    }

    fn holds(self, seen: &Quantity, wanted: &Quantity) -> bool {
        match self {
            Self::AtLeast => seen >= wanted,
            Self::More => seen > wanted,
            Self::AtMost => seen <= wanted,
            Self::Less => seen < wanted,
            Self::Same => seen == wanted,
        }
    }
}

/// Fields by which items of Kubernetes lists are told apart, the first present counts.
const IDENTITIES: [&str; 8] = [
    "name",
    "containerPort",
    "port",
    "mountPath",
    "key",
    "type",
    "ip",
    "topologyKey",
];

impl Matcher {
    pub fn matches(&self, seen: Option<&Value>) -> bool {
        self.differences(seen, "").is_empty()
    }

    /// Where `seen`, which stands at `path`, is not as expected.
    pub fn differences(&self, seen: Option<&Value>, path: &str) -> Vec<Difference> {
        let seen = seen.filter(|value| !value.is_null());
        match self {
            Self::Fields(fields) => fields
                .iter()
                .flat_map(|(name, matcher)| {
                    let inner = seen.and_then(|value| value.get(name));
                    matcher.differences(inner, &dotted(path, name))
                })
                .collect(),
            Self::Items(wanted) => items(wanted, list(seen), path),
            Self::Exactly(wanted) => {
                let seen_items = list(seen);
                let mut differences = items(wanted, seen_items, path);
                if differences.is_empty() && seen_items.len() != wanted.len() {
                    differences.push(Difference::new(
                        path,
                        format!("exactly {} items", wanted.len()),
                        shown(seen),
                    ));
                }
                differences
            }
            Self::Every(matcher) => list(seen)
                .iter()
                .enumerate()
                .flat_map(|(index, item)| {
                    matcher.differences(Some(item), &place(path, index, item))
                })
                .collect(),
            Self::None(matcher) => list(seen)
                .iter()
                .enumerate()
                .filter(|(_, item)| matcher.matches(Some(item)))
                .map(|(index, item)| {
                    let expected = format!("not {}", matcher.describe());
                    Difference::new(place(path, index, item), expected, shown(Some(item)))
                })
                .collect(),
            Self::Size(matcher) => {
                let size = seen.map_or(0, size);
                matcher.differences(Some(&size.into()), &format!("size of {path}"))
            }
            leaf if leaf.holds(seen) => Vec::new(),
            leaf => vec![Difference::new(path, leaf.describe(), shown(seen))],
        }
    }

    /// For matchers that look at one value.
    fn holds(&self, seen: Option<&Value>) -> bool {
        match (self, seen) {
            (Self::Exists, seen) => seen.is_some(),
            (Self::Absent, seen) => seen.is_none(),
            (Self::Differs(other), seen) => seen.is_none_or(|seen| !same(seen, other)),
            (Self::Equals(wanted), Some(seen)) => same(seen, wanted),
            (Self::Regex(regex), Some(seen)) => regex.is_match(&plain(seen)),
            (Self::Contains(part), Some(seen)) => plain(seen).contains(part),
            (Self::Compares(comparison, _, wanted), Some(seen)) => {
                quantity(&plain(seen)).is_some_and(|seen| comparison.holds(&seen, wanted))
            }
            _ => false,
        }
    }

    /// In a few words, for the learner.
    pub fn describe(&self) -> String {
        match self {
            Self::Exists => "anything".to_owned(),
            Self::Absent => "nothing".to_owned(),
            Self::Equals(value) => shown(Some(value)),
            Self::Differs(value) => format!("not {}", shown(Some(value))),
            Self::Regex(regex) => format!("text matching {regex}"),
            Self::Contains(part) => format!("text with {part:?} in it"),
            Self::Compares(comparison, operand, _) => format!("{} {operand}", comparison.sign()),
            Self::Fields(fields) => joined(fields.iter().map(|(name, inner)| {
                if matches!(inner, Self::Fields(_)) {
                    format!("{name}: {{{}}}", inner.describe())
                } else {
                    format!("{name}: {}", inner.describe())
                }
            })),
            Self::Items(items) => format!("[{}]", joined(items.iter().map(Self::describe))),
            Self::Exactly(items) => {
                format!("exactly [{}]", joined(items.iter().map(Self::describe)))
            }
            Self::Size(inner) => format!("size {}", inner.describe()),
            Self::Every(inner) => format!("every item {}", inner.describe()),
            Self::None(inner) => format!("no item {}", inner.describe()),
        }
    }
}

/// For each wanted item one seen item of its own, else what is wrong with the nearest.
fn items(wanted: &[Matcher], seen: &[Value], path: &str) -> Vec<Difference> {
    let owners = owners(wanted, seen);
    let mut used: Vec<bool> = owners.iter().map(Option::is_some).collect();
    let missing = (0..wanted.len()).filter(|wish| !owners.contains(&Some(*wish)));
    missing
        .flat_map(|wish| match nearest(&wanted[wish], seen, &used) {
            Some(index) => {
                used[index] = true;
                let place = place(path, index, &seen[index]);
                wanted[wish].differences(Some(&seen[index]), &place)
            }
            None => {
                let there = match seen.len() {
                    0 => "nothing".to_owned(),
                    _ => shown(Some(&Value::from(seen))),
                };
                vec![Difference::new(path, wanted[wish].describe(), there)]
            }
        })
        .collect()
}

/// Which wish each seen item fulfils, so that as many as possible are fulfilled: a wish that
/// anything fulfils leaves to others what only they can use.
fn owners(wanted: &[Matcher], seen: &[Value]) -> Vec<Option<usize>> {
    let mut owners = vec![None; seen.len()];
    for wish in 0..wanted.len() {
        let mut asked = vec![false; seen.len()];
        find_item(wish, wanted, seen, &mut owners, &mut asked);
    }
    owners
}

/// Finds an item for a wish, where needed by finding another one for the wish that has it.
fn find_item(
    wish: usize,
    wanted: &[Matcher],
    seen: &[Value],
    owners: &mut [Option<usize>],
    asked: &mut [bool],
) -> bool {
    for index in 0..seen.len() {
        if asked[index] || !wanted[wish].matches(Some(&seen[index])) {
            continue;
        }
        asked[index] = true;
        let is_free = match owners[index] {
            None => true,
            Some(owner) => find_item(owner, wanted, seen, owners, asked),
        };
        if is_free {
            owners[index] = Some(wish);
            return true;
        }
    }
    false
}

/// The item that the author meant: the one with the same identity. Items without one are
/// compared with the seen item that differs least.
fn nearest(matcher: &Matcher, seen: &[Value], used: &[bool]) -> Option<usize> {
    let Matcher::Fields(fields) = matcher else {
        return None;
    };
    let free = || (0..seen.len()).filter(|index| !used[*index]);
    let identity = IDENTITIES.iter().find_map(|name| {
        let (_, inner) = fields.iter().find(|(field, _)| field == name)?;
        Some((*name, inner))
    });
    if let Some((name, inner)) = identity {
        return free().find(|index| inner.matches(seen[*index].get(name)));
    }
    free().min_by_key(|index| matcher.differences(Some(&seen[*index]), "").len())
}

fn place(path: &str, index: usize, item: &Value) -> String {
    let identity = IDENTITIES.iter().find_map(|name| {
        item.get(name)
            .map(|value| format!("{name}={}", plain(value)))
    });
    match identity {
        Some(identity) => format!("{path}[{identity}]"),
        None => format!("{path}[{index}]"),
    }
}

fn dotted(path: &str, name: &str) -> String {
    // Annotation and label names have dots of their own.
    let name = if name.contains('.') {
        format!("[{name}]")
    } else if path.is_empty() {
        name.to_owned()
    } else {
        format!(".{name}")
    };
    format!("{path}{name}")
}

#[cfg(test)]
mod tests;
