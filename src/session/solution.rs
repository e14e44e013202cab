//! What the learner has against what the solution would make of it.
//!
//! Each manifest of the solution is applied by the server as a dry run: it answers with the object
//! as it would be, defaults and all. What differs from the object as it is, is what the learner did
//! otherwise; where nothing differs, both ways led to the same. Solutions that are only commands
//! have nothing to compare.

use anyhow::Result;
use kube::Client;
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use serde_json::Value;

use crate::check::{DiffLine, Difference};
use crate::course::{Document, KataInstance};
use crate::sandbox::{Resource, words_of};

/// One object of the solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// `deployment/web`.
    pub title: String,
    pub outcome: Comparison,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// The solution would change nothing.
    Same,
    /// `-` is the solution's, `+` the learner's; unchanged lines stand around them.
    Differs(Vec<DiffLine>),
    /// The learner has no such object.
    Missing,
    /// The cluster would not take it; its words.
    Refused(String),
}

/// So many lines are shown around a change.
const AROUND: usize = 2;

/// Compares every manifest of the solution.
pub async fn compare(client: &Client, kata: &KataInstance) -> Result<Vec<Compared>> {
    let mut compared = Vec::new();
    let is_manifest = |name: &str| name.ends_with(".yaml") || name.ends_with(".yml");
    for file in kata.solution.iter().filter(|file| is_manifest(&file.name)) {
        let Ok(documents) = Document::parse_all(&file.path, &file.text) else {
            continue;
        };
        for document in &documents {
            compared.extend(compare_one(client, kata, &document.root.to_json()).await);
        }
    }
    Ok(compared)
}

async fn compare_one(client: &Client, kata: &KataInstance, manifest: &Value) -> Option<Compared> {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
    let (version, kind) = (text("/apiVersion")?, text("/kind")?);
    let name = text("/metadata/name")?;
    let title = format!("{}/{name}", kind.to_lowercase());
    let outcome = async {
        let resource = Resource::find(client, version, kind).await?;
        let namespace = text("/metadata/namespace").unwrap_or(kata.namespace());
        let api = resource.api(client, Some(namespace));
        let Some(have) = api.get_opt(name).await? else {
            return Ok(Comparison::Missing);
        };
        let how = PatchParams {
            dry_run: true,
            ..PatchParams::apply("kubekata-solution").force()
        };
        let would = api.patch(name, &how, &Patch::Apply(manifest)).await?;
        Ok::<_, kube::Error>(difference(&have, &would))
    };
    let outcome = outcome
        .await
        .unwrap_or_else(|error| Comparison::Refused(words_of(&error)));
    Some(Compared { title, outcome })
}

fn difference(have: &DynamicObject, would: &DynamicObject) -> Comparison {
    let (have, would) = (told(have), told(would));
    if have == would {
        return Comparison::Same;
    }
    Comparison::Differs(near_changes(&Difference::new("", would, have).diff()))
}

/// The object without what the server keeps about it.
fn told(object: &DynamicObject) -> String {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.retain(|field, _| matches!(field.as_str(), "name" | "labels" | "annotations"));
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.retain(|name, _| {
                !name.starts_with("kubectl.kubernetes.io/")
                    && !name.starts_with("deployment.kubernetes.io/")
            });
        }
        metadata.retain(|_, value| *value != Value::Object(serde_json::Map::new()));
    }
    serde_yaml::to_string(&value).unwrap_or_default()
}

/// The changes with a few lines around each.
fn near_changes(lines: &[DiffLine]) -> Vec<DiffLine> {
    let changed = |index: usize| {
        let from = index.saturating_sub(AROUND);
        let to = (index + AROUND + 1).min(lines.len());
        lines[from..to].iter().any(|line| line.sign != ' ')
    };
    let near = (0..lines.len()).filter(|index| changed(*index));
    near.map(|index| lines[index].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(replicas: u32) -> DynamicObject {
        let value = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "uid": "1", "resourceVersion": replicas.to_string(),
                         "annotations": {"deployment.kubernetes.io/revision": "1"}},
            "spec": {"a": 1, "b": 1, "c": 1, "d": 1, "replicas": replicas},
            "status": {"replicas": 9},
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_the_server_keeps_is_no_difference() {
        let mut other = object(2);
        other.metadata.resource_version = Some("99".to_owned());
        assert_eq!(difference(&object(2), &other), Comparison::Same);
    }

    #[test]
    fn a_difference_is_shown_with_little_around_it() {
        let Comparison::Differs(lines) = difference(&object(2), &object(3)) else {
            panic!("they differ");
        };
        let told: Vec<String> = lines
            .iter()
            .map(|line| format!("{}{}", line.sign, line.text))
            .collect();
        assert_eq!(
            told,
            ["   c: 1", "   d: 1", "-  replicas: 3", "+  replicas: 2"]
        );
    }
}
