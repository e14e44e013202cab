//! Pod templates: whether two are the same, and the hash that tells them apart.
//!
//! Pure. The hash is FNV-32a as in `pkg/util/hash` and `controller.ComputeHash` (v1.35), but over
//! the template's JSON rather than a dump of Go structs, so its values differ from a real
//! cluster's; the same template always has the same one.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

/// The label that tells the Pods of one ReplicaSet from those of another.
pub(super) const HASH_LABEL: &str = "pod-template-hash";

/// Characters that make no words, in the order of upstream's `rand.SafeEncodeString`.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash of a template; `collisions` is counted up when the name made from it was taken.
pub(super) fn hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let mut bytes = pruned(template).to_string().into_bytes();
    if let Some(collisions) = collisions {
        bytes.extend(i64::from(collisions).to_le_bytes());
    }
    let number = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    let digits = number.to_string().into_bytes();
    let safe = |digit: u8| char::from(SAFE[usize::from(digit) % SAFE.len()]);
    digits.into_iter().map(safe).collect()
}

/// Whether two templates make the same Pods, the hash label aside.
pub(super) fn are_equal(one: &PodTemplateSpec, other: &PodTemplateSpec) -> bool {
    let (one, other) = (without_hash(one), without_hash(other));
    one == other || pruned(&one) == pruned(&other)
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    let metadata = template.metadata.as_mut();
    if let Some(labels) = metadata.and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(HASH_LABEL);
    }
    template
}

/// The template as a tree in which absent and empty are the same, as they are upstream.
fn pruned(template: &PodTemplateSpec) -> Value {
    let mut tree = serde_json::to_value(template).expect("typed structs always encode");
    prune(&mut tree);
    tree
}

fn prune(tree: &mut Value) {
    match tree {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| match value {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                // An empty struct can mean something, such as `emptyDir: {}`; empty labels and
                // annotations don't, and both sides went through the same decoder.
                _ => true,
            });
            for field in ["labels", "annotations", "nodeSelector", "metadata"] {
                if fields
                    .get(field)
                    .is_some_and(|value| value.as_object().is_some_and(|map| map.is_empty()))
                {
                    fields.remove(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(value: Value) -> PodTemplateSpec {
        serde_json::from_value(value).expect("a template")
    }

    fn web() -> PodTemplateSpec {
        template(json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        }))
    }

    #[test]
    fn the_hash_is_stable_and_counts_collisions() {
        assert_eq!(hash(&web(), None), hash(&web(), None));
        assert_ne!(hash(&web(), None), hash(&web(), Some(1)));
        assert!(hash(&web(), None).bytes().all(|byte| SAFE.contains(&byte)));
    }

    #[test]
    fn the_hash_label_and_empty_fields_make_no_difference() {
        let other = template(json!({
            "metadata": {"labels": {"app": "web", HASH_LABEL: "abc"}, "annotations": {}},
            "spec": {"containers": [{"name": "web", "image": "nginx", "args": []}]},
        }));
        assert!(are_equal(&web(), &other));
        let other = template(json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:2"}]},
        }));
        assert!(!are_equal(&web(), &other));
    }
}
