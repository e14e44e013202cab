//! VolumeAttachment: the wish to attach a volume to a node.
//!
//! Mirrors `pkg/registry/storage/volumeattachment` and `pkg/apis/storage` (v1.35). The inline spec
//! of migrated volumes is taken as it is.

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule, NameUse};
use crate::api::tree::{entries, restore, text};
use crate::api::validate::{by_rule, required_text, semantically_equal};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, Strategy};

const MAX_METADATA_SIZE: usize = 256 * 1024;
const MAX_MESSAGE_SIZE: usize = 1024;
const ONE_SOURCE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "VolumeAttachment",
        "volumeattachments",
        VolumeAttachmentStrategy,
    )
    .table(table())
    .with_status()
}

struct VolumeAttachmentStrategy;

impl Strategy for VolumeAttachmentStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        object["status"] = json!({"attached": false});
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate(object)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = validate(new);
        if !semantically_equal(&new["spec"], &old["spec"]) {
            let path = Path::new("spec");
            errors.push(Error::invalid(
                path,
                new["spec"].clone(),
                "field is immutable",
            ));
        }
        errors
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        validate_status(&new["status"], &Path::new("status"))
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }
}

fn validate(object: &Value) -> ErrorList {
    let (spec, path) = (&object["spec"], Path::new("spec"));
    let attacher = text(spec, "attacher");
    let mut errors = required_text(attacher, &path.child("attacher"));
    errors.extend(validate_source(&spec["source"], &path.child("source")));
    let name = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
    errors.extend(by_rule(
        name,
        text(spec, "nodeName"),
        &path.child("nodeName"),
    ));
    errors.extend(validate_status(&object["status"], &Path::new("status")));
    if !attacher.is_empty() {
        let path = path.child("attacher");
        errors.extend(by_rule(
            names::dns1123_subdomain,
            &attacher.to_lowercase(),
            &path,
        ));
    }
    errors
}

fn validate_source(source: &Value, path: &Path) -> ErrorList {
    let volume = source["persistentVolumeName"].as_str();
    let volume_path = path.child("persistentVolumeName");
    match (source["inlineVolumeSpec"].is_null(), volume) {
        (true, None) => vec![Error::required(path.clone(), ONE_SOURCE)],
        (false, Some(_)) => vec![Error::forbidden(path.clone(), ONE_SOURCE)],
        (true, Some("")) => vec![Error::required(
            volume_path,
            "must specify non empty persistentVolumeName",
        )],
        (true, Some(volume)) => {
            let name = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
            by_rule(name, volume, &volume_path)
        }
        (false, None) => vec![],
    }
}

fn validate_status(status: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let size: usize = entries(&status["attachmentMetadata"])
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    if size > MAX_METADATA_SIZE {
        let path = path.child("attachmentMetadata");
        errors.push(Error::too_long(path, MAX_METADATA_SIZE));
    }
    for field in ["attachError", "detachError"] {
        if text(&status[field], "message").len() > MAX_MESSAGE_SIZE {
            // Upstream names the limit of the metadata here.
            let path = path.child(field).child("message");
            errors.push(Error::too_long(path, MAX_METADATA_SIZE));
        }
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Attacher"),
            Column::text("PV"),
            Column::text("Node"),
            Column::text("Attached"),
            Column::age(),
        ],
        |object, context| {
            let spec = &object["spec"];
            vec![
                object["metadata"]["name"].clone(),
                spec["attacher"].clone(),
                json!(text(&spec["source"], "persistentVolumeName")),
                spec["nodeName"].clone(),
                json!(object["status"]["attached"] == json!(true)),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, prepared, row};

    fn attachment() -> Value {
        json!({
            "metadata": {"name": "a"},
            "spec": {"attacher": "disk.example.com", "nodeName": "n1", "source": {"persistentVolumeName": "pv"}},
        })
    }

    #[test]
    fn an_attachment_has_one_source() {
        let mut object = attachment();
        object["spec"]["source"] = json!({});
        assert_eq!(
            errors_on_create(&VolumeAttachmentStrategy, object),
            [
                "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"
            ]
        );
        assert!(errors_on_create(&VolumeAttachmentStrategy, attachment()).is_empty());
    }

    #[test]
    fn the_wish_stays() {
        let mut new = attachment();
        new["spec"]["nodeName"] = json!("n2");
        let errors = errors_on_update(&VolumeAttachmentStrategy, new, attachment());
        assert!(errors[0].ends_with("field is immutable"));
    }

    #[test]
    fn the_row_shows_whether_it_came_true() {
        let object = prepared(&VolumeAttachmentStrategy, attachment());
        assert_eq!(
            row(&resource(), &object),
            ["a", "disk.example.com", "pv", "n1", "false", "<unknown>"]
        );
    }
}
