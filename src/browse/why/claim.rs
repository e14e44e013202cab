//! Why a claim has no volume.

use serde_json::Value;

use super::super::document::{Part, Tone};
use super::super::facts::{Facts, text};

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let claim = &facts.object;
    let waits =
        facts.of.kind == "PersistentVolumeClaim" && text(claim, "/status/phase") == "Pending";
    if !waits {
        return Vec::new();
    }
    let mut parts = vec![Part::heading("It waits for a volume")];
    let class = text(claim, "/spec/storageClassName");
    let known = facts
        .all("StorageClass")
        .find(|it| text(it, "/metadata/name") == class);
    match known {
        None if class.is_empty() => {
            let words = "It names no StorageClass, so only a volume that stands ready will do.";
            parts.push(Part::words(Tone::Warn, words));
        }
        None => {
            let names = facts
                .all("StorageClass")
                .map(|it| text(it, "/metadata/name"));
            let names: Vec<String> = names.collect();
            let words = format!(
                "There is no StorageClass {class}; there are {}",
                names.join(", ")
            );
            parts.push(Part::words(Tone::Bad, words));
        }
        Some(class) if text(class, "/volumeBindingMode") == "WaitForFirstConsumer" => {
            parts.extend(consumer(facts));
        }
        Some(_) => {}
    }
    let last = facts.events.last().map(|event| text(event, "/message"));
    if let Some(words) = last {
        parts.push(Part::words(Tone::Quiet, words));
    }
    parts
}

/// Its class makes volumes only where a Pod needs one.
fn consumer(facts: &Facts) -> Vec<Part> {
    let uses = |pod: &&Value| {
        let volumes = super::super::facts::list(pod, "/spec/volumes");
        volumes
            .iter()
            .any(|volume| text(volume, "/persistentVolumeClaim/claimName") == facts.of.name)
    };
    let words = match facts.pods().find(uses) {
        None => "Its class makes a volume once a Pod uses the claim; no Pod does.".to_owned(),
        Some(pod) => format!(
            "Its class makes a volume once pod/{} has a node.",
            text(pod, "/metadata/name")
        ),
    };
    vec![Part::words(Tone::Warn, words)]
}
