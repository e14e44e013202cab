//! DefaultTolerationSeconds: Pods stay five minutes on a node that is not ready or unreachable.
//!
//! Mirrors `plugin/pkg/admission/defaulttolerationseconds/admission.go` (v1.35).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation};
use crate::api::{StatusError, meta, tree};

const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

/// Adds the two tolerations to Pods that have none of their own.
pub struct DefaultTolerationSeconds;

#[async_trait]
impl Mutate for DefaultTolerationSeconds {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let is_write = matches!(attributes.operation, Operation::Create | Operation::Update);
        if !(is_write && attributes.is("", "pods", "")) {
            return Ok(());
        }
        let missing: Vec<&str> = TAINTS
            .into_iter()
            .filter(|taint| !tolerates(object, taint))
            .collect();
        for taint in missing {
            let tolerations = meta::map_at(object, "spec")
                .entry("tolerations")
                .or_insert_with(|| json!([]));
            if let Some(tolerations) = tolerations.as_array_mut() {
                tolerations.push(json!({
                    "key": taint, "operator": "Exists", "effect": "NoExecute",
                    "tolerationSeconds": SECONDS,
                }));
            }
        }
        Ok(())
    }
}

fn tolerates(pod: &Value, taint: &str) -> bool {
    tree::elements(&pod["spec"]["tolerations"])
        .iter()
        .any(|toleration| {
            matches!(tree::text(toleration, "key"), key if key == taint || key.is_empty())
                && matches!(tree::text(toleration, "effect"), "NoExecute" | "")
        })
}
