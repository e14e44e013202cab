//! ValidatingAdmissionPolicy: rules in CEL that a cluster's administrator writes.
//!
//! A policy says what must hold, its bindings say where and what follows (`Deny`, `Warn`,
//! `Audit`); [`evaluation`] holds the expressions against one request. Mirrors
//! `apiserver/pkg/admission/plugin/policy/validating` (v1.35).

mod evaluation;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;

use self::evaluation::{Failure, Policy, Surroundings};
use super::matching::{is_exempt, matches, name_of};
use super::{Attributes, Validate};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::api::tree::{strings, text};
use crate::api::{GroupResource, GroupVersion, GroupVersionKind, ObjectRef, StatusError};
use crate::registry::{Objects, Registry};

/// The plugin, with the policies that it has compiled.
pub struct ValidatingAdmissionPolicy {
    registry: Registry,
    policies: GroupResource,
    bindings: GroupResource,
    compiled: Mutex<HashMap<String, (u64, Arc<Policy>)>>,
}

impl ValidatingAdmissionPolicy {
    pub fn new(registry: Registry) -> Self {
        let group = "admissionregistration.k8s.io";
        Self {
            registry,
            policies: GroupResource::new(group, "validatingadmissionpolicies"),
            bindings: GroupResource::new(group, "validatingadmissionpolicybindings"),
            compiled: Mutex::default(),
        }
    }

    /// Deleted policies leave what was compiled of them behind.
    fn forget_all_but(&self, policies: &[ObjectRef]) {
        let mut compiled = self.compiled.lock();
        if compiled.len() > policies.len() {
            compiled.retain(|uid, _| policies.iter().any(|policy| policy.uid() == uid));
        }
    }

    fn compiled(&self, policy: &ObjectRef) -> Arc<Policy> {
        let revision = policy.resource_version();
        let mut compiled = self.compiled.lock();
        match compiled.get(policy.uid()) {
            Some((of, policy)) if *of == revision => policy.clone(),
            _ => {
                let fresh = Arc::new(Policy::read(policy.value()));
                compiled.insert(policy.uid().to_owned(), (revision, fresh.clone()));
                fresh
            }
        }
    }

    /// The objects that a binding hands its policy; one `None` where the policy takes none. The
    /// error says what is missing.
    fn parameters(
        &self,
        policy: &Value,
        binding: &Value,
        attributes: &Attributes<'_>,
    ) -> Result<Vec<Option<ObjectRef>>, String> {
        let kind = &policy["spec"]["paramKind"];
        let reference = &binding["spec"]["paramRef"];
        if !kind.is_object() || !reference.is_object() {
            return Ok(vec![None]);
        }
        let GroupVersion { group, version } = GroupVersion::parse(text(kind, "apiVersion"));
        let kind = GroupVersionKind::new(&group, &version, text(kind, "kind"));
        let Some(row) = self.registry.resources().by_kind(&kind) else {
            return Err(format!(
                "failed to find resource referenced by paramKind: '{kind}'"
            ));
        };
        let namespace = match (row.is_namespaced(), text(reference, "namespace")) {
            (false, _) => "",
            (true, "") => attributes.namespace,
            (true, namespace) => namespace,
        };
        let found: Vec<ObjectRef> = match text(reference, "name") {
            "" => {
                let selector = LabelSelector::from_value(&reference["selector"])
                    .map_err(|error| error.to_string())?;
                let all = Objects::list(&self.registry, &row.storage, namespace).into_iter();
                all.filter(|object| selector.matches_object(object.value()))
                    .collect()
            }
            name => Objects::get(&self.registry, &row.storage, namespace, name)
                .into_iter()
                .collect(),
        };
        if found.is_empty() {
            return match text(reference, "parameterNotFoundAction") {
                "Allow" => Ok(Vec::new()),
                _ => Err(
                    "no params found for policy binding with `Deny` parameterNotFoundAction"
                        .to_owned(),
                ),
            };
        }
        Ok(found.into_iter().map(Some).collect())
    }
}

#[async_trait]
impl Validate for ValidatingAdmissionPolicy {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let bindings = Objects::list(&self.registry, &self.bindings, "");
        if bindings.is_empty() || is_exempt(attributes) {
            return Ok(());
        }
        let policies = Objects::list(&self.registry, &self.policies, "");
        self.forget_all_but(&policies);
        for policy in policies {
            let spec = &policy.value()["spec"];
            let constraints = &spec["matchConstraints"];
            if !matches(constraints, object, attributes, &self.registry) {
                continue;
            }
            let fails_open = text(spec, "failurePolicy") == "Ignore";
            let own = bindings
                .iter()
                .filter(|binding| binding.value()["spec"]["policyName"] == policy.name());
            for binding in own {
                let resources = &binding.value()["spec"]["matchResources"];
                if resources.is_object() && !matches(resources, object, attributes, &self.registry)
                {
                    continue;
                }
                let failures = self.judge(&policy, binding.value(), object, attributes);
                for failure in failures {
                    if failure.is_error && fails_open {
                        continue;
                    }
                    let names = (policy.name(), binding.name());
                    act(
                        binding.value(),
                        names,
                        &failure,
                        object,
                        attributes,
                        warnings,
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl ValidatingAdmissionPolicy {
    fn judge(
        &self,
        policy: &ObjectRef,
        binding: &Value,
        object: &Value,
        attributes: &Attributes<'_>,
    ) -> Vec<Failure> {
        let parameters = match self.parameters(policy.value(), binding, attributes) {
            Ok(parameters) => parameters,
            Err(why) => {
                let why = format!("failed to configure binding: {why}");
                return vec![Failure::error(why)];
            }
        };
        let surroundings = Surroundings::new(object, attributes, &self.registry);
        let compiled = self.compiled(policy);
        parameters
            .iter()
            .flat_map(|parameter| {
                let parameter = parameter.as_ref().map(|object| object.value());
                compiled.judge(&surroundings, parameter)
            })
            .collect()
    }
}

/// What a binding lets follow from a failure.
fn act(
    binding: &Value,
    (policy, name): (&str, &str),
    failure: &Failure,
    object: &Value,
    attributes: &Attributes<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), StatusError> {
    let actions: Vec<&str> = strings(&binding["spec"]["validationActions"]).collect();
    if actions.contains(&"Warn") {
        warnings.push(format!(
            "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{name}': {}",
            failure.message
        ));
    }
    if !actions.contains(&"Deny") {
        return Ok(());
    }
    let message = format!(
        "ValidatingAdmissionPolicy '{policy}' with binding '{name}' denied request: {}",
        failure.message
    );
    let resource = attributes.resource.group_resource();
    let mut error = StatusError::forbidden(&resource, name_of(object, attributes), &message);
    let (code, reason) = match failure.reason.as_str() {
        "Unauthorized" => (401, "Unauthorized"),
        "Forbidden" => (403, "Forbidden"),
        "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
        _ => (422, "Invalid"),
    };
    (error.code, error.reason) = (code, reason.into());
    let mut details = error.details.take().unwrap_or_default();
    details.causes.push(Cause {
        message,
        ..Cause::default()
    });
    error.details = Some(details);
    Err(error)
}
