//! `attempt`: what the cluster says when somebody tries something. Nothing of it is kept.
//!
//! ```yaml
//! attempt:
//!   create: {apiVersion: example.com/v1, kind: Bowl, spec: {size: 0}}
//!   refused: contains at least 1        # its words; where left out, it must be accepted
//! attempt:
//!   create: {apiVersion: example.com/v1, kind: Bowl, spec: {size: 3}}
//!   becomes: {spec: {color: red}}       # what would be stored
//! attempt:
//!   patch: {apiVersion: example.com/v1, kind: Bowl, name: soup, subresource: status, merge: {…}}
//! ```
//! A dry run through the whole way of a request, admission included. An object without a name gets
//! one of its own, so that it stands in nobody's way.

use async_trait::async_trait;
use kube::Error;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::Target;
use super::object::take_matcher;
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::{Resource, Watched, words_of};

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "attempt",
    read,
};

/// Under this name it is tried; nobody ever owns a field by it.
const FIELD_MANAGER: &str = "kubekata-attempt";

/// What decides about writes besides the object itself.
const DECIDING: [&str; 5] = [
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
];

#[derive(Debug)]
struct Attempt {
    what: What,
    refused: Option<Matcher>,
    becomes: Option<Matcher>,
}

#[derive(Debug)]
enum What {
    Create(Value),
    Patch {
        target: Target,
        subresource: Option<String>,
        merge: Value,
    },
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let what = take_what(&mut fields);
    let refused = take_matcher(&mut fields, "refused");
    let becomes = take_matcher(&mut fields, "becomes");
    if refused.is_some() && becomes.is_some() {
        fields.refuse("becomes", "what is refused becomes nothing");
    }
    fields.end();
    Some(Box::new(Attempt {
        what: what?,
        refused,
        becomes,
    }))
}

fn take_what(fields: &mut Fields<'_>) -> Option<What> {
    match (fields.node("create"), fields.node("patch")) {
        (Some(_), None) => {
            let manifest: Value = fields.required("create")?;
            if type_of(&manifest).is_none() {
                fields.refuse("create", "an object has `apiVersion` and `kind`");
            }
            Some(What::Create(manifest))
        }
        (None, Some(node)) => {
            let path = fields.path_of("patch");
            let document = fields.document();
            let mut inner = Fields::of(document, node, &path, fields.problems())?;
            let target = Target::take(&mut inner);
            let subresource = inner.optional("subresource");
            let merge = inner.required("merge");
            if target.as_ref().is_some_and(|target| target.name.is_none()) {
                inner.refuse("name", "say which object");
            }
            inner.end();
            Some(What::Patch {
                target: target?,
                subresource,
                merge: merge?,
            })
        }
        _ => {
            fields.refuse("", "expected exactly one of `create` and `patch`");
            None
        }
    }
}

/// `apiVersion` and `kind` of a manifest.
fn type_of(manifest: &Value) -> Option<(&str, &str)> {
    let text = |name: &str| manifest.get(name).and_then(Value::as_str);
    Some((text("apiVersion")?, text("kind")?))
}

#[async_trait]
impl Probe for Attempt {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        let mut reads: Vec<Watched> = DECIDING
            .iter()
            .filter_map(|kind| scene.watched(kind, None))
            .collect();
        if let What::Patch { target, .. } = &self.what {
            reads.extend(target.reads(scene).await);
        }
        reads
    }

    /// Quotas, rights and webhooks decide too.
    fn is_behaviour(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        match &self.what {
            What::Create(manifest) => {
                let kind = type_of(manifest).map_or("", |(_, kind)| kind);
                format!("creating a {}", kind.to_lowercase())
            }
            What::Patch {
                target,
                subresource: Some(subresource),
                ..
            } => format!("changing the {subresource} of {}", target.title()),
            What::Patch { target, .. } => format!("changing {}", target.title()),
        }
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let answer = match &self.what {
            What::Create(manifest) => create(manifest, scene).await,
            What::Patch {
                target,
                subresource,
                merge,
            } => patch(target, subresource.as_deref(), merge, scene).await,
        };
        match answer {
            Ok(answer) => self.compare(answer),
            Err(reason) => Finding::unknown(reason),
        }
    }
}

/// How the cluster answered: with what it would store, or with the words of its refusal.
type Answer = Result<Value, String>;

impl Attempt {
    fn compare(&self, answer: Answer) -> Finding {
        match (answer, &self.refused) {
            (Ok(_), Some(words)) => Finding::fails(
                self.title(),
                format!("refused with {}", words.describe()),
                "accepted",
            ),
            (Err(words), None) => Finding::fails(self.title(), "accepted", words),
            (Err(words), Some(expected)) => {
                let field = format!("words of the refusal of {}", self.title());
                let differences = expected.differences(Some(&words.into()), &field);
                Finding::of(differences, Vec::new())
            }
            (Ok(object), None) => {
                let differ = |matcher: &Matcher| matcher.differences(Some(&object), "");
                let mut differences = self.becomes.as_ref().map(differ).unwrap_or_default();
                for difference in &mut differences {
                    difference.field = format!("after {}: {}", self.title(), difference.field);
                }
                Finding::of(differences, Vec::new())
            }
        }
    }
}

async fn create(manifest: &Value, scene: &Scene) -> Result<Answer, String> {
    let Some((api_version, kind)) = type_of(manifest) else {
        return Err("an object has `apiVersion` and `kind`".to_owned());
    };
    let Ok(resource) = Resource::find(scene.client(), api_version, kind).await else {
        return Err(format!("the cluster has no kind {kind} of {api_version}"));
    };
    let mut manifest = manifest.clone();
    if manifest.pointer("/metadata/name").is_none() {
        merge_name(&mut manifest);
    }
    let object: DynamicObject =
        serde_json::from_value(manifest.clone()).map_err(|error| error.to_string())?;
    let namespace = object.metadata.namespace.clone();
    let namespace = namespace.as_deref().unwrap_or(&scene.namespace);
    let how = PostParams {
        dry_run: true,
        field_manager: Some(FIELD_MANAGER.to_owned()),
    };
    let api = resource.api(scene.client(), Some(namespace));
    answered(api.create(&how, &object).await)
}

fn merge_name(manifest: &mut Value) {
    if !manifest["metadata"].is_object() {
        manifest["metadata"] = json!({});
    }
    manifest["metadata"]["generateName"] = "attempt-".into();
}

async fn patch(
    target: &Target,
    subresource: Option<&str>,
    merge: &Value,
    scene: &Scene,
) -> Result<Answer, String> {
    let watched = target.watched(scene).await?;
    let api = watched
        .resource
        .api(scene.client(), watched.namespace.as_deref());
    let name = target.name.as_deref().unwrap_or_default();
    let how = PatchParams {
        dry_run: true,
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let merge = Patch::Merge(merge);
    answered(match subresource {
        Some(subresource) => api.patch_subresource(subresource, name, &how, &merge).await,
        None => api.patch(name, &how, &merge).await,
    })
}

/// Tells a refusal from a cluster that does not answer.
fn answered(result: kube::Result<DynamicObject>) -> Result<Answer, String> {
    match result {
        Ok(object) => Ok(Ok(serde_json::to_value(object).unwrap_or_default())),
        Err(error @ Error::Api(_)) => Ok(Err(words_of(&error))),
        Err(error) => Err(words_of(&error)),
    }
}
