//! Who set a field: the manager whose managed fields have it, and when.

use serde_json::Value;

use super::facts::{list, text};

/// Who set a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOwner {
    pub manager: String,
    /// `Update` or `Apply`.
    pub operation: String,
    /// As the cluster wrote it.
    pub time: String,
}

/// The manager of a field of an object, by a path such as `spec.containers[0].image`; the one that
/// set it last where several share it, and the owner of what it stands in where nobody owns
/// itself.
pub fn of_field(object: &Value, path: &str) -> Option<FieldOwner> {
    let steps = steps(path);
    let deepest = list(object, "/metadata/managedFields")
        .iter()
        .filter_map(|entry| {
            let depth = depth(entry.get("fieldsV1")?, object, &steps)?;
            let owner = FieldOwner {
                manager: text(entry, "/manager"),
                operation: text(entry, "/operation"),
                time: text(entry, "/time"),
            };
            Some((depth, owner))
        })
        .max_by(|(depth, one), (other_depth, other)| {
            depth.cmp(other_depth).then(one.time.cmp(&other.time))
        });
    deepest.map(|(_, owner)| owner)
}

/// A step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.trim_start_matches('.').split('.') {
        let mut pieces = part.split('[');
        if let Some(name) = pieces.next().filter(|name| !name.is_empty()) {
            steps.push(Step::Field(name.to_owned()));
        }
        for index in pieces {
            if let Ok(index) = index.trim_end_matches(']').parse() {
                steps.push(Step::Index(index));
            }
        }
    }
    steps
}

/// How many steps of the path an entry owns; `None` where it owns not even the first.
fn depth(fields: &Value, object: &Value, steps: &[Step]) -> Option<usize> {
    let (mut fields, mut object, mut depth) = (fields, object, 0);
    for step in steps {
        let next = match step {
            Step::Field(name) => fields.get(format!("f:{name}")),
            Step::Index(index) => item(fields, object.get(index)),
        };
        let Some(next) = next else {
            break;
        };
        depth += 1;
        fields = next;
        object = match step {
            Step::Field(name) => &object[name.as_str()],
            Step::Index(index) => &object[*index],
        };
    }
    // A map that is walked through is nobody's; only what ends the path, or a leaf on it, counts.
    let is_leaf = fields.as_object().is_some_and(serde_json::Map::is_empty);
    (depth > 0 && (depth == steps.len() || is_leaf)).then_some(depth)
}

/// The entry of a list's item: by its keys, or by its value.
fn item<'a>(fields: &'a Value, item: Option<&Value>) -> Option<&'a Value> {
    let item = item?;
    let entries = fields.as_object()?;
    let found = entries.iter().find(|(key, _)| {
        if let Some(keys) = key.strip_prefix("k:") {
            let keys: Value = serde_json::from_str(keys).unwrap_or_default();
            let mut keys = keys.as_object().into_iter().flatten();
            return keys.all(|(name, value)| item.get(name) == Some(value));
        }
        let value = key.strip_prefix("v:");
        value.is_some_and(|value| serde_json::from_str::<Value>(value).ok().as_ref() == Some(item))
    });
    found.map(|(_, fields)| fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_belongs_to_who_set_it_last() {
        let object = json!({
            "metadata": {"managedFields": [
                {"manager": "kubectl-client-side-apply", "operation": "Update",
                 "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {
                    "f:replicas": {},
                    "f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}}}}}},
                {"manager": "kubectl-scale", "operation": "Update",
                 "time": "2026-01-01T00:05:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]},
            "spec": {"replicas": 3, "containers": [{"name": "web", "image": "nginx"}]}});
        let manager = |path| of_field(&object, path).map(|owner| owner.manager);
        assert_eq!(manager("spec.replicas").as_deref(), Some("kubectl-scale"));
        assert_eq!(
            manager("spec.containers[0].image").as_deref(),
            Some("kubectl-client-side-apply")
        );
        assert_eq!(manager("spec.paused"), None);
        assert_eq!(manager("status.replicas"), None);
    }
}
