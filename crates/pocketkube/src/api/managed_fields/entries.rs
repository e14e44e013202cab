//! The entries of `metadata.managedFields`, decoded for the time of one write.
//!
//! Mirrors `apimachinery/pkg/util/managedfields/internal/managedfields.go` and `capmanagers.go`
//! (v1.35).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::set::Set;
use crate::api::tree::text;

/// More entries of updaters than this are joined into [`ANCIENT`].
const MOST_UPDATERS: usize = 10;
const ANCIENT: &str = "ancient-changes";

/// Who a set of fields belongs to. Appliers are the same whatever version they applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) manager: String,
    pub(super) operation: Operation,
    /// Empty for appliers.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) identity: Identity,
    pub(super) api_version: String,
    pub(super) time: Option<String>,
    pub(super) set: Set,
}

/// All entries of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Managed(pub(super) Vec<Entry>);

impl Managed {
    /// Decodes `managedFields`; null is none. The error is upstream's message.
    pub(super) fn decode(entries: Value) -> Result<Self, String> {
        let Value::Array(entries) = entries else {
            return Ok(Self::default());
        };
        let mut managed = Self::default();
        for (index, mut entry) in entries.into_iter().enumerate() {
            let operation = match text(&entry, "operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return Err("operation must be `Apply` or `Update`".to_owned()),
            };
            let api_version = text(&entry, "apiVersion").to_owned();
            if api_version.is_empty() {
                return Err("apiVersion must not be empty".to_owned());
            }
            match text(&entry, "fieldsType") {
                "FieldsV1" => {}
                "" => {
                    return Err(format!(
                        "missing fieldsType in managed fields entry {index}"
                    ));
                }
                other => {
                    return Err(format!(
                        "invalid fieldsType {other:?} in managed fields entry {index}"
                    ));
                }
            }
            let identity = Identity {
                manager: text(&entry, "manager").to_owned(),
                operation,
                api_version: match operation {
                    Operation::Apply => String::new(),
                    Operation::Update => api_version.clone(),
                },
                subresource: text(&entry, "subresource").to_owned(),
            };
            let time = entry["time"].as_str().map(str::to_owned);
            let set = Set::of_value(entry["fieldsV1"].take());
            managed.put(Entry {
                identity,
                api_version,
                time,
                set,
            });
        }
        Ok(managed)
    }

    /// Encodes the entries in upstream's order; `None` when there are none.
    pub(super) fn encode(mut self) -> Option<Value> {
        if self.0.is_empty() {
            return None;
        }
        self.0.sort_by(|one, other| {
            let key = |entry: &Entry| (entry.identity.operation, entry.time.clone());
            let names = |entry: &Entry| {
                (
                    entry.identity.manager.clone(),
                    entry.api_version.clone(),
                    entry.identity.subresource.clone(),
                )
            };
            key(one)
                .cmp(&key(other))
                .then_with(|| names(one).cmp(&names(other)))
        });
        Some(self.0.into_iter().map(Entry::encode).collect())
    }

    pub(super) fn get(&self, identity: &Identity) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.identity == *identity)
    }

    /// Adds an entry, or replaces the one of the same identity.
    pub(super) fn put(&mut self, entry: Entry) {
        match self.0.iter_mut().find(|e| e.identity == entry.identity) {
            Some(found) => *found = entry,
            None => self.0.push(entry),
        }
    }

    pub(super) fn remove(&mut self, identity: &Identity) -> Option<Entry> {
        let at = self
            .0
            .iter()
            .position(|entry| entry.identity == *identity)?;
        Some(self.0.remove(at))
    }

    pub(super) fn drop_empty(&mut self) {
        self.0.retain(|entry| !entry.set.is_empty());
    }

    /// Joins the oldest updaters of a version when there are too many.
    pub(super) fn cap(&mut self) {
        if self.0.len() <= MOST_UPDATERS {
            return;
        }
        let is_updater = |entry: &&Entry| entry.identity.operation == Operation::Update;
        let mut updaters: Vec<(Option<String>, Identity)> = self
            .0
            .iter()
            .filter(is_updater)
            .map(|entry| (entry.time.clone(), entry.identity.clone()))
            .collect();
        let mut count = updaters.len();
        updaters.sort();
        let mut firsts: BTreeMap<String, Identity> = BTreeMap::new();
        for (time, identity) in updaters {
            if count <= MOST_UPDATERS {
                return;
            }
            let version = identity.api_version.clone();
            let Some(first) = firsts.get(&version) else {
                firsts.insert(version, identity);
                continue;
            };
            let bucket = Identity {
                manager: ANCIENT.to_owned(),
                operation: Operation::Update,
                api_version: version.clone(),
                subresource: String::new(),
            };
            if self.get(&bucket).is_none()
                && let Some(entry) = self.remove(first)
            {
                self.put(Entry {
                    identity: bucket.clone(),
                    ..entry
                });
            }
            let Some(entry) = self.remove(&identity) else {
                continue;
            };
            if let Some(joined) = self.0.iter_mut().find(|e| e.identity == bucket) {
                joined.set = std::mem::take(&mut joined.set).union(&entry.set);
                joined.time = time;
            }
            count -= 1;
        }
    }
}

impl Entry {
    fn encode(self) -> Value {
        let mut entry = Map::new();
        let mut put = |field: &str, value: String| {
            if !value.is_empty() {
                entry.insert(field.to_owned(), Value::String(value));
            }
        };
        put("manager", self.identity.manager);
        put("operation", self.identity.operation.as_str().to_owned());
        put("apiVersion", self.api_version);
        put("time", self.time.unwrap_or_default());
        put("subresource", self.identity.subresource);
        put("fieldsType", "FieldsV1".to_owned());
        entry.insert("fieldsV1".to_owned(), self.set.into_value());
        Value::Object(entry)
    }
}
