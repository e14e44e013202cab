//! Warnings about volumes: systems that are gone, files that hide a token.

use std::collections::BTreeSet;

use super::fraction;
use crate::registry::validation::Field;

/// Sources of old: the field, how messages write it, and what became of them. In the order in
/// which Kubernetes looks at them; `None` stands for the claim template of an ephemeral volume.
const GONE: &[(&str, Option<(&str, &str)>)] = &[
    (
        "photonPersistentDisk",
        Some((
            "photonPersistentDisk",
            "deprecated in v1.11, non-functional in v1.16+",
        )),
    ),
    (
        "gitRepo",
        Some((
            "gitRepo",
            "deprecated in v1.11, and disabled by default in v1.33+",
        )),
    ),
    (
        "scaleIO",
        Some(("scaleIO", "deprecated in v1.16, non-functional in v1.22+")),
    ),
    (
        "flocker",
        Some(("flocker", "deprecated in v1.22, non-functional in v1.25+")),
    ),
    (
        "storageos",
        Some(("storageOS", "deprecated in v1.22, non-functional in v1.25+")),
    ),
    (
        "quobyte",
        Some(("quobyte", "deprecated in v1.22, non-functional in v1.25+")),
    ),
    (
        "glusterfs",
        Some(("glusterfs", "deprecated in v1.25, non-functional in v1.26+")),
    ),
    ("ephemeral", None),
    (
        "cephfs",
        Some(("cephfs", "deprecated in v1.28, non-functional in v1.31+")),
    ),
    (
        "rbd",
        Some(("rbd", "deprecated in v1.28, non-functional in v1.31+")),
    ),
];

pub fn warnings(volumes: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for volume in volumes.items() {
        for (field, words) in GONE {
            let source = volume.child(field);
            match words {
                _ if !source.is_set() => {}
                Some((shown, why)) => {
                    warnings.push(format!("{}: {why}", volume.path.child(shown)));
                }
                None => {
                    let template = source.child("volumeClaimTemplate");
                    warnings.extend(claim_spec(&template.child("spec")));
                }
            }
        }
    }
    warnings.extend(hidden_tokens(volumes));
    warnings
}

/// Sizes of a claim that are no whole bytes.
pub fn claim_spec(spec: &Field<'_>) -> Vec<String> {
    ["requests", "limits"]
        .into_iter()
        .filter_map(|list| fraction(&spec.child("resources").child(list), "storage"))
        .collect()
}

/// Files in projected volumes that stand where a token stands. Paths lack the index of the source,
/// as upstream's do.
fn hidden_tokens(volumes: &Field<'_>) -> Vec<String> {
    let tokens: BTreeSet<&str> = volumes
        .items()
        .flat_map(|volume| volume.child("projected").child("sources").items())
        .map(|source| source.child("serviceAccountToken"))
        .filter(Field::is_set)
        .map(|token| token.child("path").text())
        .collect();
    let mut warnings = Vec::new();
    for volume in volumes.items() {
        let sources = volume.child("projected").child("sources");
        for source in sources.items() {
            for (kind, shown) in [
                ("configMap", "configMap"),
                ("secret", "secrets"),
                ("downwardAPI", "downwardAPI"),
            ] {
                let path = sources.path.child(shown);
                for (index, item) in source.child(kind).child("items").items().enumerate() {
                    let file = item.child("path").text();
                    if tokens.contains(file) {
                        let path = path.index(index);
                        warnings.push(format!(
                            "{path}: has duplicated path with ServiceAccountToken {file:?}"
                        ));
                    }
                }
            }
        }
    }
    warnings
}
