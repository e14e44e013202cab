//! The policy of custom resources: all of it comes from their definition.
//!
//! Mirrors `apiextensions-apiserver/pkg/registry/customresource/{strategy,status_strategy,validator}.go`
//! (v1.35).

use std::sync::Arc;

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::structural::field_path;
use crate::api::tree::{entries, remove, restore};
use crate::api::{field::go_quote, meta};
use crate::registry::apiextensions::keep_all_but_status;
use crate::registry::{CustomKind, HookContext, ScalePaths, Strategy};

pub(super) struct CustomStrategy {
    pub(super) custom: Arc<CustomKind>,
    pub(super) has_status: bool,
    pub(super) scale: Option<ScalePaths>,
}

impl Strategy for CustomStrategy {
    fn default(&self, object: &mut Value) {
        self.custom.schema.default(object);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        if self.has_status {
            remove(object, "status");
        }
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.custom.schema.validate(object, None);
        errors.extend(self.scale_errors(object));
        errors
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        if self.has_status {
            restore(new, old, "status");
        }
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.custom.schema.validate(new, Some(old));
        errors.extend(self.scale_errors(new));
        errors
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        keep_all_but_status(new, old);
    }

    fn validate_status_update(
        &self,
        new: &Value,
        old: &Value,
        context: &HookContext<'_>,
    ) -> ErrorList {
        self.validate_update(new, old, context)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let is_old = |name: &str| old.is_some_and(|old| meta::finalizers(old).any(|n| n == name));
        let mut new: Vec<&str> = meta::finalizers(object)
            .filter(|name| !is_old(name))
            .collect();
        new.sort_unstable();
        new.into_iter().filter_map(finalizer_warning).collect()
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }

    fn counts_generation(&self) -> bool {
        true
    }

    /// Everything but metadata counts, the status only where it is no subresource.
    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        let content = |object: &Value| -> Vec<(String, Value)> {
            entries(object)
                .filter(|(key, _)| !matches!(key.as_str(), "metadata" | "apiVersion" | "kind"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        content(new) != content(old)
    }
}

impl CustomStrategy {
    /// What a Scale reads must be a count.
    fn scale_errors(&self, object: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let Some(scale) = &self.scale else {
            return errors;
        };
        for path in [&scale.spec_replicas, &scale.status_replicas] {
            let segments = field_path(path).into_iter();
            let value = segments.fold(object, |value, segment| &value[&segment]);
            let place = Path::new(path);
            match value.as_i64() {
                Some(replicas) if replicas < 0 => {
                    let why = "should be a non-negative integer";
                    errors.push(Error::invalid(place, replicas, why));
                }
                Some(replicas) if replicas > i64::from(i32::MAX) => {
                    let why = format!("should be less than or equal to {}", i32::MAX);
                    errors.push(Error::invalid(place, replicas, &why));
                }
                Some(_) => {}
                None if value.is_null() => {}
                None => {
                    let why = format!(
                        "{path} accessor error: {value} is of the type {}, expected int64",
                        go_type(value)
                    );
                    errors.push(Error::invalid(place, 0, &why));
                }
            }
        }
        errors
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::Array(_) => "[]interface {}",
        _ => "map[string]interface {}",
    }
}

fn finalizer_warning(name: &str) -> Option<String> {
    const STANDARD: &[&str] = &["kubernetes", "orphan", "foregroundDeletion"];
    if name.contains('/') || STANDARD.contains(&name) {
        return None;
    }
    Some(format!(
        "metadata.finalizers: {}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers",
        go_quote(name)
    ))
}
