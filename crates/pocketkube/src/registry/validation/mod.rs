//! What validators of kinds walk with: a value of an object together with its path.
//!
//! [`Field`] keeps rules short: it descends, reads leniently (the decoder has checked types) and
//! makes the errors of `k8s.io/apimachinery/pkg/util/validation/field` about itself.

pub mod conditions;
pub mod webhook_client;

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::Faults;
use crate::api::{tree, validate};

/// A value in an object and where it stands; absent values are there too, as null.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    pub value: &'a Value,
    pub path: Path,
}

impl<'a> Field<'a> {
    pub fn new(value: &'a Value, path: impl Into<Path>) -> Self {
        Self {
            value,
            path: path.into(),
        }
    }

    /// The field `name` of this map.
    pub fn child(&self, name: &str) -> Self {
        Self {
            value: &self.value[name],
            path: self.path.child(name),
        }
    }

    /// The elements of this list: `containers[0]`, …
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let path = self.path.clone();
        tree::elements(self.value)
            .iter()
            .enumerate()
            .map(move |(index, value)| Self {
                value,
                path: path.index(index),
            })
    }

    /// The entries of this map, each at `limits[cpu]`.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let path = self.path.clone();
        tree::entries(self.value).map(move |(key, value)| {
            let path = path.key(key);
            (key.as_str(), Self { value, path })
        })
    }

    pub fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// Whether there is nothing: no value, text, elements or entries.
    pub fn is_empty(&self) -> bool {
        tree::is_empty(self.value)
    }

    pub fn is_true(&self) -> bool {
        self.value.as_bool() == Some(true)
    }

    /// The text, or the empty one.
    pub fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The whole number, or 0.
    pub fn integer(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    // === Errors about this field ===

    pub fn required(&self, detail: &str) -> Error {
        Error::required(self.path.clone(), detail)
    }

    pub fn forbidden(&self, detail: &str) -> Error {
        Error::forbidden(self.path.clone(), detail)
    }

    /// The value is wrong, and is shown; null for what is absent.
    pub fn invalid(&self, detail: &str) -> Error {
        Error::invalid(self.path.clone(), self.value.clone(), detail)
    }

    /// Like [`Field::invalid`], where what is absent is shown as an empty text.
    pub fn invalid_text(&self, detail: &str) -> Error {
        Error::invalid(self.path.clone(), self.text(), detail)
    }

    pub fn duplicate(&self) -> Error {
        Error::duplicate(self.path.clone(), self.value.clone())
    }

    pub fn not_found(&self) -> Error {
        Error::not_found(self.path.clone(), self.text())
    }

    /// The text is none of `supported`.
    pub fn not_supported(&self, supported: &[&str]) -> Error {
        Error::not_supported(self.path.clone(), self.text(), supported)
    }

    // === Rules that end in at most a few errors about this field ===

    /// One error a fault.
    pub fn faults(&self, faults: Faults) -> ErrorList {
        faults
            .iter()
            .map(|fault| self.invalid_text(fault))
            .collect()
    }

    /// Something must be there.
    pub fn must_be_set(&self) -> Option<Error> {
        self.is_empty().then(|| self.required(""))
    }

    /// Nothing may be there.
    pub fn must_not_be_set(&self, detail: &str) -> Option<Error> {
        self.is_set().then(|| self.forbidden(detail))
    }

    /// The text must be one of `supported`; absence is an unsupported value too.
    pub fn must_be_one_of(&self, supported: &[&str]) -> Option<Error> {
        (!supported.contains(&self.text())).then(|| self.not_supported(supported))
    }

    /// There must be a text, one of `supported`.
    pub fn must_be_set_to_one_of(&self, supported: &[&str]) -> Option<Error> {
        self.must_be_set()
            .or_else(|| self.must_be_one_of(supported))
    }

    pub fn must_not_be_negative(&self) -> ErrorList {
        validate::not_negative(self.integer(), &self.path)
    }

    /// The number must lie between two bounds, both included; what is absent is fine.
    pub fn must_be_between(&self, low: i64, high: i64) -> Option<Error> {
        let number = self.value.as_i64()?;
        let detail = format!("must be between {low} and {high}, inclusive");
        (!(low..=high).contains(&number)).then(|| self.invalid(&detail))
    }

    /// The rules of a `metav1.LabelSelector`.
    pub fn must_be_label_selector(&self) -> ErrorList {
        validate::label_selector(self.value, &self.path)
    }
}

/// The rule that a status counter does not go down (`collisionCount`).
pub fn must_not_be_decremented(new: &Field<'_>, old: &Value) -> Option<Error> {
    let is_less = match (new.value.as_i64(), old.as_i64()) {
        (None, Some(_)) => true,
        (Some(new), Some(old)) => new < old,
        _ => false,
    };
    is_less.then(|| Error::invalid(new.path.clone(), new.integer(), "cannot be decremented"))
}
