//! Manifests in the learner's editor: an object put into a file and written back as `kubectl edit`
//! does it, or a new manifest, applied server-side.
//!
//! What the cluster refuses is written as comments at the top of the file, and the file is offered
//! again; whoever gives up finds it kept.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kube::Client;
use kube::api::{Patch, PatchParams};
use serde::Deserialize;
use serde_json::Value;

use super::deed::{MANAGER, in_own_name};
use super::template::Template;
use crate::sandbox::{Reference, create_private, words, write_private};

/// A file that is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub path: PathBuf,
    /// The object it is of; `None` for a new manifest.
    pub of: Option<Reference>,
    /// The object as it was taken out; nothing for a new manifest.
    pub base: String,
    /// What stood in it before the editor opened.
    pub before: String,
    /// Whether the cluster refused it before.
    pub refused: bool,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done(String),
    /// It was refused: the file says why and can be edited again.
    Again(Draft),
}

const HEAD: &str = "\
# Lines that begin with # are left out. Save and quit to apply it; quit without
# a change, or leave the file empty, to leave things as they are.
";

/// Puts an object into a file.
///
/// # Errors
/// It is not there, or the file cannot be written.
pub async fn checkout(client: &Client, of: &Reference, folder: &Path) -> Result<Draft> {
    let api = of.api(client).await.map_err(words)?;
    let object = api.get(&of.name).await.map_err(words)?;
    let mut object = serde_json::to_value(object)?;
    object["apiVersion"] = of.api_version.clone().into();
    object["kind"] = of.kind.clone().into();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    let body = serde_yaml::to_string(&object)?;
    let name = format!("{}-{}.yaml", of.kind.to_lowercase(), of.name);
    write(folder, &name, Some(of.clone()), &body)
}

/// Puts a template into a file.
///
/// # Errors
/// The file cannot be written.
pub fn begin(template: &Template, namespace: &str, folder: &Path) -> Result<Draft> {
    let name = format!("new-{}.yaml", template.kind.to_lowercase());
    let body = template.text.replacen(
        "metadata:\n",
        &format!("metadata:\n  namespace: {namespace}\n"),
        1,
    );
    write(folder, &name, None, &body)
}

fn write(folder: &Path, name: &str, of: Option<Reference>, body: &str) -> Result<Draft> {
    create_private(folder)?;
    let path = folder.join(name);
    let before = format!("{HEAD}{body}");
    write_private(&path, &before)?;
    Ok(Draft {
        path,
        base: of.as_ref().map(|_| body.to_owned()).unwrap_or_default(),
        of,
        before,
        refused: false,
    })
}

/// Applies what the file says now.
///
/// # Errors
/// The file cannot be read, or was refused twice in the same words.
pub async fn submit(client: &Client, draft: &Draft, namespace: &str) -> Result<Outcome> {
    let text = std::fs::read_to_string(&draft.path)
        .with_context(|| format!("cannot read {}", draft.path.display()))?;
    let kept = draft.path.display();
    let body = without_comments(&text);
    if body.trim().is_empty() || text == draft.before {
        // A new manifest is a wish already; a template that was only looked at is applied too
        // only if it was saved with a change.
        let words = match draft.refused {
            true => format!("left as it is; what you wrote is kept in {kept}"),
            false => "nothing was changed".to_owned(),
        };
        return Ok(Outcome::Done(words));
    }
    let applied = match &draft.of {
        Some(of) => change(client, of, &draft.base, &body).await,
        None => apply(client, &body, namespace).await,
    };
    match applied {
        Ok(said) => Ok(Outcome::Done(said)),
        Err(error) => {
            let text = format!("{HEAD}{}{body}", refusal(&error));
            write_private(&draft.path, &text)?;
            Ok(Outcome::Again(Draft {
                before: text,
                refused: true,
                ..draft.clone()
            }))
        }
    }
}

/// The cluster's words as comments.
fn refusal(error: &anyhow::Error) -> String {
    let words = format!("{error:#}");
    let lines: Vec<String> = words.lines().map(|line| format!("# {line}\n")).collect();
    format!("#\n# It was refused:\n{}#\n", lines.concat())
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Only what the learner changed, as `kubectl edit` does it: what controllers wrote meanwhile stays.
async fn change(client: &Client, of: &Reference, base: &str, body: &str) -> Result<String> {
    let base: Value = serde_yaml::from_str(base)?;
    let edited: Value = serde_yaml::from_str(body).context("this is not YAML")?;
    let name = |object: &Value| {
        let fields = ["/kind", "/metadata/name", "/metadata/namespace"];
        fields.map(|field| object.pointer(field).cloned())
    };
    anyhow::ensure!(
        name(&base) == name(&edited),
        "kind, name and namespace of an object cannot be changed"
    );
    let Some(patch) = difference(&base, &edited) else {
        return Ok("nothing was changed".to_owned());
    };
    let api = of.api(client).await.map_err(words)?;
    api.patch(&of.name, &in_own_name(), &Patch::Merge(patch))
        .await
        .map_err(words)?;
    Ok(format!("{} edited", of.short()))
}

/// The JSON merge patch from one value to another; `None` where they are the same.
fn difference(from: &Value, to: &Value) -> Option<Value> {
    if from == to {
        return None;
    }
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return Some(to.clone());
    };
    let mut patch = serde_json::Map::new();
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in to {
        let changed = match from.get(key) {
            Some(before) => difference(before, value),
            None => Some(value.clone()),
        };
        if let Some(changed) = changed {
            patch.insert(key.clone(), changed);
        }
    }
    Some(Value::Object(patch))
}

/// Every document of a manifest, server-side.
pub(super) async fn apply(client: &Client, body: &str, namespace: &str) -> Result<String> {
    let mut done = Vec::new();
    for value in documents(body)? {
        done.push(apply_one(client, value, namespace).await?);
    }
    Ok(match done.is_empty() {
        true => "nothing was applied".to_owned(),
        false => format!("{} applied", done.join(", ")),
    })
}

fn documents(body: &str) -> Result<Vec<Value>> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(body) {
        let value = Value::deserialize(document).context("this is not YAML")?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    Ok(documents)
}

async fn apply_one(client: &Client, value: Value, namespace: &str) -> Result<String> {
    let mut of = Reference::of(&value);
    anyhow::ensure!(
        !of.kind.is_empty() && !of.api_version.is_empty() && !of.name.is_empty(),
        "a manifest needs apiVersion, kind and metadata.name"
    );
    let resource = of.resource(client).await.map_err(words)?;
    if resource.namespaced && of.namespace.is_none() {
        of.namespace = Some(namespace.to_owned());
    }
    let api = resource.api(client, of.namespace.as_deref());
    let params = PatchParams::apply(MANAGER);
    api.patch(&of.name, &params, &Patch::Apply(value))
        .await
        .map_err(words)?;
    Ok(of.short())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_refusals_are_no_part_of_what_is_applied() {
        let body = "a: 1 # kept\nb: '#'\n";
        let refused = refusal(&anyhow::anyhow!("spec: Required value\nand more"));
        assert_eq!(without_comments(&format!("{HEAD}{refused}{body}")), body);
        assert!(refused.contains("# and more\n"));
    }

    #[test]
    fn only_what_was_changed_is_sent() {
        let from = serde_json::json!({"spec": {"replicas": 1, "paused": true, "list": [1]},
            "status": {"ready": 1}});
        let to = serde_json::json!({"spec": {"replicas": 2, "list": [1, 2]},
            "status": {"ready": 1}});
        let patch = difference(&from, &to);
        let expected = serde_json::json!({"spec":
            {"replicas": 2, "paused": null, "list": [1, 2]}});
        assert_eq!(patch, Some(expected));
        assert_eq!(difference(&to, &to), None);
    }

    #[test]
    fn a_template_is_put_into_the_namespace_at_hand() {
        let folder = tempfile::tempdir().expect("a folder");
        for template in &super::super::TEMPLATES {
            let draft = begin(template, "shop", folder.path()).expect("it writes");
            let value: Value = serde_yaml::from_str(&draft.before).expect("YAML");
            assert_eq!(value["kind"], template.kind);
            assert_eq!(value["metadata"]["namespace"], "shop");
        }
    }
}
