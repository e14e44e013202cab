//! What writes may ask for besides the object: patches and delete options.

use serde_json::{Map, Value, json};

use crate::endpoints::PatchType;

/// A change to an object.
#[derive(Clone, Debug)]
pub enum Patch {
    /// A list of JSON Patch operations.
    Json(Value),
    Merge(Value),
    Strategic(Value),
    /// Server-side apply of what the field manager wants.
    Apply {
        object: Value,
        field_manager: String,
        force: bool,
    },
}

impl Patch {
    pub(super) fn patch_type(&self) -> PatchType {
        match self {
            Self::Json(_) => PatchType::Json,
            Self::Merge(_) => PatchType::Merge,
            Self::Strategic(_) => PatchType::StrategicMerge,
            Self::Apply { .. } => PatchType::Apply,
        }
    }
}

/// What happens to the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    Orphan,
    Background,
    Foreground,
}

impl Propagation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orphan => "Orphan",
            Self::Background => "Background",
            Self::Foreground => "Foreground",
        }
    }
}

/// How to delete.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    pub grace_period_seconds: Option<i64>,
    pub propagation: Option<Propagation>,
    /// Deletes only the object with this uid; otherwise fails with a conflict.
    pub uid: Option<String>,
    /// Deletes only this version of the object; otherwise fails with a conflict.
    pub resource_version: Option<String>,
}

impl DeleteOptions {
    /// Deletes the very object that was read, not a successor of the same name.
    pub fn of_uid(uid: &str) -> Self {
        Self {
            uid: Some(uid.to_owned()),
            ..Self::default()
        }
    }

    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.propagation = Some(propagation);
        self
    }

    pub fn grace_period(mut self, seconds: i64) -> Self {
        self.grace_period_seconds = Some(seconds);
        self
    }

    pub(super) fn to_value(&self) -> Value {
        let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        if let Some(seconds) = self.grace_period_seconds {
            body["gracePeriodSeconds"] = json!(seconds);
        }
        if let Some(propagation) = self.propagation {
            body["propagationPolicy"] = json!(propagation.as_str());
        }
        let mut preconditions = Map::new();
        if let Some(uid) = &self.uid {
            preconditions.insert("uid".to_owned(), json!(uid));
        }
        if let Some(version) = &self.resource_version {
            preconditions.insert("resourceVersion".to_owned(), json!(version));
        }
        if !preconditions.is_empty() {
            body["preconditions"] = Value::Object(preconditions);
        }
        body
    }
}
