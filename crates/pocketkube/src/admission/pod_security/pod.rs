//! A Pod as the checks see it, and how they speak of what they find.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::api::tree::{elements, text};

/// Why a check refuses a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.detail)
    }
}

/// A Pod or a template, to be judged by the checks of one version.
pub(super) struct PodView<'a> {
    pub(super) metadata: &'a Value,
    pub(super) spec: &'a Value,
    /// The minor number of the Kubernetes version.
    pub(super) version: u32,
}

impl<'a> PodView<'a> {
    /// All containers, in the order in which upstream visits them.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Value> {
        let spec = self.spec;
        ["initContainers", "containers", "ephemeralContainers"]
            .into_iter()
            .flat_map(move |list| elements(&spec[list]))
    }

    /// The names of the containers that a rule finds fault with.
    pub(super) fn containers_where(&self, is_bad: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers()
            .filter(|container| is_bad(container))
            .map(|container| text(container, "name"))
            .collect()
    }

    pub(super) fn security_context(&self) -> &'a Value {
        &self.spec["securityContext"]
    }

    /// Who sets a field of the security context to something that is not allowed:
    /// `pod and containers "a", "b"`; with the values.
    pub(super) fn setters(
        &self,
        bad_value: impl Fn(&Value) -> Option<String>,
    ) -> Option<(String, BTreeSet<String>)> {
        let mut values = BTreeSet::new();
        let mut setters = Vec::new();
        if let Some(value) = bad_value(self.security_context()) {
            setters.push("pod".to_owned());
            values.insert(value);
        }
        let mut containers = Vec::new();
        for container in self.containers() {
            if let Some(value) = bad_value(&container["securityContext"]) {
                containers.push(text(container, "name"));
                values.insert(value);
            }
        }
        if !containers.is_empty() {
            setters.push(named("container", &containers));
        }
        (!setters.is_empty()).then(|| (setters.join(" and "), values))
    }

    pub(super) fn is_windows(&self) -> bool {
        text(&self.spec["os"], "name") == "windows"
    }

    /// Whether the version trusts Pods whose users are none of the host's, and this is one.
    pub(super) fn has_users_of_its_own(&self) -> bool {
        self.version >= 35 && self.spec["hostUsers"] == false
    }
}

/// `container "a"`, `containers "a", "b"`
pub(super) fn named(noun: &str, names: &[&str]) -> String {
    format!("{noun}{} {}", plural(names.len()), quoted(names))
}

/// The ending of a noun.
pub(super) fn plural(number: usize) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// The verb of one or several.
pub(super) fn uses(number: usize) -> &'static str {
    if number == 1 { "uses" } else { "use" }
}

/// `"a", "b"`
pub(super) fn quoted(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let items: Vec<String> = items
        .into_iter()
        .map(|item| format!("\"{item}\""))
        .collect();
    items.join(", ")
}
