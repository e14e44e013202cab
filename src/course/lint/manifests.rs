//! Kinds and fields of the scene's and the solution's manifests are spelled as Kubernetes spells
//! them. A manifest of the workspace may be wrong on purpose, and is left alone.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pocketkube::api::decode::{Shape, normalize};
use pocketkube::api::schema::message_for;
use pocketkube::registry::built_in_resources;
use serde_json::Value;

use super::super::document::Document;
use super::super::instance::KataInstance;
use super::super::model::SourceFile;
use super::super::problem::{Problem, Problems};

pub(super) fn lint(kata: &KataInstance, problems: &mut Problems) {
    let all = [
        &kata.start,
        &kata.solution,
        &kata.wrong_scripts,
        &kata.workspace,
    ];
    let defined: BTreeSet<(String, String)> = all
        .into_iter()
        .flatten()
        .flat_map(documents)
        .filter_map(|document| defined_kind(&document.root.to_json()))
        .collect();
    let own = [&kata.start, &kata.solution, &kata.wrong_scripts];
    for file in own.into_iter().flatten() {
        for document in documents(file) {
            let manifest = document.root.to_json();
            for message in mistakes(&manifest, &defined) {
                problems.push(Problem::new(&file.path, message).at_line(document.root.line));
            }
        }
    }
}

/// The YAML documents of a file; none where it is no YAML.
fn documents(file: &SourceFile) -> Vec<Document> {
    if !(file.name.ends_with(".yaml") || file.name.ends_with(".yml")) {
        return Vec::new();
    }
    Document::parse_all(&file.path, &file.text).unwrap_or_default()
}

/// Group and kind that a CustomResourceDefinition defines.
fn defined_kind(manifest: &Value) -> Option<(String, String)> {
    if manifest["kind"] != "CustomResourceDefinition" {
        return None;
    }
    let text = |at: &str| manifest.pointer(at)?.as_str().map(str::to_owned);
    Some((text("/spec/group")?, text("/spec/names/kind")?))
}

fn mistakes(manifest: &Value, defined: &BTreeSet<(String, String)>) -> Vec<String> {
    let text = |name: &str| manifest[name].as_str();
    let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
        // A patch, or the values of a chart.
        return Vec::new();
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // Not objects of the API: a list of some, and what kustomize reads.
    if kind == "List" || group == "kustomize.config.k8s.io" {
        return Vec::new();
    }
    if defined.contains(&(group.to_owned(), kind.to_owned())) {
        return Vec::new();
    }
    let message = message_for(group, version, kind).filter(|_| is_served(group, version));
    let Some(message) = message else {
        // Groups of others are known only by their definitions.
        let is_own = !group.contains('.') || group.ends_with(".k8s.io");
        return match is_own {
            true => vec![format!("Kubernetes has no kind {kind} in {api_version}")],
            false => vec![format!(
                "nothing in this kata defines the kind {kind} of {group}"
            )],
        };
    };
    match normalize(manifest, Shape::BuiltIn(message)) {
        Ok(normal) => normal
            .strict_errors
            .iter()
            .map(|error| format!("{kind}: {error}"))
            .collect(),
        Err(error) => vec![format!("{kind}: {error}")],
    }
}

/// Kubernetes knows the shape of more versions than clusters serve by now.
fn is_served(group: &str, version: &str) -> bool {
    static SERVED: LazyLock<BTreeSet<(String, String)>> = LazyLock::new(|| {
        let resources = built_in_resources().into_iter();
        resources
            .map(|resource| (resource.group.into_owned(), resource.version.into_owned()))
            .collect()
    });
    SERVED.contains(&(group.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(yaml: &str) -> Vec<String> {
        let document = Document::parse("m.yaml", yaml).expect("it is YAML");
        let defined = BTreeSet::from([("example.com".to_owned(), "Bowl".to_owned())]);
        mistakes(&document.root.to_json(), &defined)
    }

    #[test]
    fn misspelled_fields_and_kinds_are_found() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: a, image: b, imagePulPolicy: Always}\n";
        let found = said(pod);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("spec.containers[0].imagePulPolicy"),
            "{found:?}"
        );
        let kind = said("apiVersion: apps/v1\nkind: Deploymnt\n");
        assert_eq!(kind, ["Kubernetes has no kind Deploymnt in apps/v1"]);
        let version = said("apiVersion: apps/v1beta1\nkind: Deployment\n");
        assert_eq!(
            version,
            ["Kubernetes has no kind Deployment in apps/v1beta1"]
        );
    }

    #[test]
    fn kinds_of_others_have_to_be_defined_by_the_kata() {
        assert!(said("apiVersion: example.com/v1\nkind: Bowl\nspec: {any: thing}\n").is_empty());
        let unknown = said("apiVersion: example.com/v1\nkind: Cup\n");
        assert_eq!(
            unknown,
            ["nothing in this kata defines the kind Cup of example.com"]
        );
    }

    #[test]
    fn a_patch_is_no_manifest() {
        assert!(said("spec: {replicas: 3}\n").is_empty());
    }
}
