//! CSIDriver: what a storage driver asks of Kubernetes.
//!
//! Mirrors `pkg/registry/storage/csidriver` and `pkg/apis/storage` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, fill, is_empty, strings, text};
use crate::api::validate::{choice, immutable_field};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::core::pod::validation::csi_driver_name;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

const GROUP_POLICIES: &[&str] = &["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLE_MODES: &[&str] = &["Persistent", "Ephemeral"];
const MIN_TOKEN_SECONDS: i64 = 600;
const MAX_TOKEN_SECONDS: i64 = 1 << 32;
const MIN_UPDATE_SECONDS: i64 = 10;

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(GROUP, "v1", "CSIDriver", "csidrivers", CsiDriverStrategy).table(table())
}

struct CsiDriverStrategy;

impl Strategy for CsiDriverStrategy {
    fn default(&self, object: &mut Value) {
        let spec = &mut object["spec"];
        fill(spec, "attachRequired", true);
        fill(spec, "podInfoOnMount", false);
        fill(spec, "storageCapacity", false);
        fill(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        fill(spec, "requiresRepublish", false);
        fill(spec, "seLinuxMount", false);
        if is_empty(&spec["volumeLifecycleModes"]) {
            spec["volumeLifecycleModes"] = json!(["Persistent"]);
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = csi_driver_name(&Field::new(&object["metadata"]["name"], "name"));
        errors.extend(validate_spec(&object["spec"], &Path::new("spec")));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        // Upstream misspells the first path.
        for (field, shown) in [
            ("attachRequired", "spec.attachedRequired"),
            ("volumeLifecycleModes", "spec.volumeLifecycleModes"),
        ] {
            errors.extend(immutable_field(
                &new["spec"][field],
                &old["spec"][field],
                &Path::new(shown),
            ));
        }
        errors
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_spec(spec: &Value, path: &Path) -> ErrorList {
    let mut errors = choice(
        text(spec, "fsGroupPolicy"),
        GROUP_POLICIES,
        &path.child("fsGroupPolicy"),
    );
    errors.extend(validate_tokens(
        elements(&spec["tokenRequests"]),
        &path.child("tokenRequests"),
    ));
    let modes_path = path.child("volumeLifecycleModes");
    for mode in strings(&spec["volumeLifecycleModes"]) {
        errors.extend(choice(mode, LIFECYCLE_MODES, &modes_path));
    }
    if let Some(period) = spec["nodeAllocatableUpdatePeriodSeconds"].as_i64()
        && period < MIN_UPDATE_SECONDS
    {
        errors.push(Error::invalid(
            path.child("nodeAllocatableUpdatePeriodSeconds"),
            period,
            "must be greater than or equal to 10 seconds",
        ));
    }
    errors
}

/// Tokens for different audiences that live for a sensible time.
fn validate_tokens(requests: &[Value], path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut audiences: Vec<&str> = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let path = path.index(index);
        let audience = text(request, "audience");
        if audiences.contains(&audience) {
            errors.push(Error::duplicate(path.child("audience"), audience));
            continue;
        }
        audiences.push(audience);
        let Some(seconds) = request["expirationSeconds"].as_i64() else {
            continue;
        };
        let path = path.child("expirationSeconds");
        if seconds < MIN_TOKEN_SECONDS {
            let why = "may not specify a duration less than 10 minutes";
            errors.push(Error::invalid(path.clone(), seconds, why));
        }
        if seconds > MAX_TOKEN_SECONDS {
            let why = "may not specify a duration larger than 2^32 seconds";
            errors.push(Error::invalid(path, seconds, why));
        }
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("AttachRequired"),
            Column::text("PodInfoOnMount"),
            Column::text("StorageCapacity"),
            Column::text("TokenRequests"),
            Column::text("RequiresRepublish"),
            Column::text("Modes"),
            Column::age(),
        ],
        |object, context| {
            let spec = &object["spec"];
            let audiences: Vec<&str> = elements(&spec["tokenRequests"])
                .iter()
                .map(|request| text(request, "audience"))
                .collect();
            let modes: Vec<&str> = strings(&spec["volumeLifecycleModes"]).collect();
            vec![
                object["metadata"]["name"].clone(),
                spec["attachRequired"].clone(),
                spec["podInfoOnMount"].clone(),
                spec["storageCapacity"].clone(),
                json!(or_unset(&audiences)),
                spec["requiresRepublish"].clone(),
                json!(or_unset(&modes)),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

fn or_unset(words: &[&str]) -> String {
    match words {
        [] => "<unset>".to_owned(),
        words => words.join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, prepared, row};

    #[test]
    fn a_driver_attaches_persistent_volumes_unless_told() {
        let driver = prepared(&CsiDriverStrategy, json!({"metadata": {"name": "d"}}));
        assert_eq!(
            row(&resource(), &driver),
            [
                "d",
                "true",
                "false",
                "false",
                "<unset>",
                "false",
                "Persistent",
                "<unknown>"
            ]
        );
    }

    #[test]
    fn modes_and_tokens_are_checked() {
        let driver = json!({"metadata": {"name": "d"}, "spec": {
            "fsGroupPolicy": "Some", "volumeLifecycleModes": ["Forever"],
            "tokenRequests": [{"audience": "a", "expirationSeconds": 5}, {"audience": "a"}],
        }});
        assert_eq!(
            errors_on_create(&CsiDriverStrategy, driver),
            [
                "spec.fsGroupPolicy: Unsupported value: \"Some\": supported values: \"File\", \"None\", \"ReadWriteOnceWithFSType\"",
                "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
                "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
                "spec.volumeLifecycleModes: Unsupported value: \"Forever\": supported values: \"Ephemeral\", \"Persistent\"",
            ]
        );
    }

    #[test]
    fn whether_it_attaches_stays() {
        assert_eq!(
            errors_on_update(
                &CsiDriverStrategy,
                json!({"metadata": {"name": "d"}, "spec": {"attachRequired": false}}),
                json!({"spec": {}})
            ),
            ["spec.attachedRequired: Invalid value: false: field is immutable"]
        );
    }
}
