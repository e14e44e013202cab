//! PodSecurity: the labels of a namespace say which Pods it takes, and which it warns of.
//!
//! `enforce` refuses Pods; `warn` answers with a warning, also to whoever creates something that
//! makes Pods; `audit` has no log to write to here. Mirrors
//! `pod-security-admission/admission/admission.go` (v1.35).

mod baseline;
mod pod;
mod policy;
mod restricted;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::Value;

use self::pod::{PodView, Violation};
use self::policy::{Level, LevelVersion, Policy};
use super::{Attributes, Operation, Validate};
use crate::api::tree::{elements, text};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::registry::{Objects, Registry};

/// How many Pods are looked at when a namespace becomes stricter.
const MAX_PODS: usize = 3000;
/// Subresources of Pods that leave the spec alone.
const IGNORED_SUBRESOURCES: [&str; 8] = [
    "exec",
    "attach",
    "binding",
    "eviction",
    "log",
    "portforward",
    "proxy",
    "status",
];

/// Judges Pods by the standard that their namespace asks for.
pub struct PodSecurity {
    registry: Registry,
    namespaces: GroupResource,
    pods: GroupResource,
}

impl PodSecurity {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            namespaces: GroupResource::new("", "namespaces"),
            pods: GroupResource::new("", "pods"),
        }
    }

    fn policy_of(&self, namespace: &str) -> Policy {
        Objects::get(&self.registry, &self.namespaces, "", namespace)
            .map(|namespace| Policy::of(namespace.value()).0)
            .unwrap_or_default()
    }

    /// What a stricter level says about the Pods that a namespace has already.
    fn warnings_about_pods(&self, namespace: &str, enforce: LevelVersion) -> Vec<String> {
        let pods = in_order_of_interest(Objects::list(&self.registry, &self.pods, namespace));
        let mut warnings = Vec::new();
        if pods.len() > MAX_PODS {
            warnings.push(format!(
                "new PodSecurity enforce level only checked against the first {MAX_PODS} of {} existing pods",
                pods.len()
            ));
        }
        let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for pod in pods.iter().take(MAX_PODS) {
            let violations = evaluate(enforce, &pod.value()["metadata"], &pod.value()["spec"]);
            if !violations.is_empty() {
                let reasons: Vec<&str> = violations.iter().map(|found| found.reason).collect();
                by_reason
                    .entry(reasons.join(", "))
                    .or_default()
                    .push(pod.name());
            }
        }
        if !by_reason.is_empty() {
            warnings.push(format!(
                "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level \"{enforce}\""
            ));
        }
        let mut about_pods: Vec<String> = by_reason
            .iter()
            .map(|(reason, pods)| format!("{}: {reason}", shown(pods)))
            .collect();
        about_pods.sort_unstable();
        warnings.extend(about_pods);
        warnings
    }

    fn validate_namespace(
        &self,
        namespace: &Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let (policy, errors) = Policy::of(namespace);
        let (old_policy, old_errors) = match attributes.old {
            Some(old) => Policy::of(old),
            None => (Policy::default(), Vec::new()),
        };
        let texts = |errors: &[crate::api::field::Error]| -> Vec<String> {
            errors.iter().map(ToString::to_string).collect()
        };
        if !errors.is_empty() && texts(&errors) != texts(&old_errors) {
            return Err(StatusError::invalid(
                "",
                "Namespace",
                attributes.name,
                &errors,
            ));
        }
        let is_stricter = policy.enforce != old_policy.enforce
            && policy.enforce.level != Level::Privileged
            && (policy.enforce.version != old_policy.enforce.version
                || policy.enforce.level > old_policy.enforce.level);
        if attributes.operation == Operation::Update && is_stricter {
            let name = meta::name(namespace);
            warnings.extend(self.warnings_about_pods(name, policy.enforce));
        }
        Ok(())
    }

    fn validate_pod(
        &self,
        pod: &Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if attributes.old.is_some_and(|old| !is_significant(pod, old)) {
            return Ok(());
        }
        let policy = self.policy_of(attributes.namespace);
        let (metadata, spec) = (&pod["metadata"], &pod["spec"]);
        let violations = evaluate(policy.enforce, metadata, spec);
        if !violations.is_empty() {
            let (level, why) = (policy.enforce, detail(&violations));
            return Err(attributes.forbidden(&format!("violates PodSecurity \"{level}\": {why}")));
        }
        warnings.extend(warning(policy.warn, metadata, spec));
        Ok(())
    }
}

#[async_trait]
impl Validate for PodSecurity {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if !matches!(attributes.operation, Operation::Create | Operation::Update) {
            return Ok(());
        }
        let resource = attributes.resource;
        match (resource.group.as_ref(), resource.plural.as_ref()) {
            ("", "pods") if IGNORED_SUBRESOURCES.contains(&attributes.subresource) => Ok(()),
            ("", "pods") => self.validate_pod(object, attributes, warnings),
            _ if !attributes.subresource.is_empty() => Ok(()),
            ("", "namespaces") => self.validate_namespace(object, attributes, warnings),
            (group, plural) => {
                if let Some(template) = template_of(group, plural, object) {
                    let policy = self.policy_of(attributes.namespace);
                    let (metadata, spec) = (&template["metadata"], &template["spec"]);
                    warnings.extend(warning(policy.warn, metadata, spec));
                }
                Ok(())
            }
        }
    }
}

/// The template in what makes Pods.
fn template_of<'a>(group: &str, plural: &str, object: &'a Value) -> Option<&'a Value> {
    let template = match (group, plural) {
        ("", "podtemplates") => &object["template"],
        ("", "replicationcontrollers")
        | ("apps", "deployments" | "daemonsets" | "replicasets" | "statefulsets")
        | ("batch", "jobs") => &object["spec"]["template"],
        ("batch", "cronjobs") => &object["spec"]["jobTemplate"]["spec"]["template"],
        _ => return None,
    };
    (!template.is_null()).then_some(template)
}

/// Everything that a level has against a Pod.
fn evaluate(wanted: LevelVersion, metadata: &Value, spec: &Value) -> Vec<Violation> {
    let pod = PodView {
        metadata,
        spec,
        version: wanted.version.minor(),
    };
    match wanted.level {
        Level::Privileged => Vec::new(),
        Level::Baseline => baseline::violations(&pod),
        Level::Restricted => {
            let mut violations = baseline::violations_beside_restricted(&pod);
            violations.extend(restricted::violations(&pod));
            violations
        }
    }
}

fn detail(violations: &[Violation]) -> String {
    let shown: Vec<String> = violations.iter().map(ToString::to_string).collect();
    shown.join(", ")
}

fn warning(wanted: LevelVersion, metadata: &Value, spec: &Value) -> Option<String> {
    let violations = evaluate(wanted, metadata, spec);
    let why = detail(&violations);
    (!why.is_empty()).then(|| format!("would violate PodSecurity \"{wanted}\": {why}"))
}

/// `web-1 (and 2 other pods)`
fn shown(pods: &[&str]) -> String {
    let first = pods.iter().min().copied().unwrap_or_default();
    match pods.len() {
        0 | 1 => first.to_owned(),
        2 => format!("{first} (and 1 other pod)"),
        many => format!("{first} (and {} other pods)", many - 1),
    }
}

/// One Pod of each controller before the others, which are most likely the same.
fn in_order_of_interest(pods: Vec<ObjectRef>) -> Vec<ObjectRef> {
    let mut seen = BTreeSet::new();
    let (mut first, others): (Vec<_>, Vec<_>) = pods.into_iter().partition(|pod| {
        meta::controller_of(pod.value())
            .is_none_or(|owner| seen.insert(text(owner, "uid").to_owned()))
    });
    first.extend(others);
    first
}

/// Whether an update touches what the standards look at: images and containers.
fn is_significant(pod: &Value, old: &Value) -> bool {
    let images = |pod: &Value| -> Vec<(String, String)> {
        ["containers", "initContainers", "ephemeralContainers"]
            .into_iter()
            .flat_map(|list| elements(&pod["spec"][list]))
            .map(|container| {
                let name = text(container, "name").to_owned();
                (name, text(container, "image").to_owned())
            })
            .collect()
    };
    let profiles = |pod: &Value| -> Vec<(String, Value)> {
        let annotations = meta::annotations(pod).into_iter().flatten();
        annotations
            .filter(|(key, _)| key.contains("seccomp.security.alpha.kubernetes.io/"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    images(pod) != images(old) || profiles(pod) != profiles(old)
}

#[cfg(test)]
mod tests;
