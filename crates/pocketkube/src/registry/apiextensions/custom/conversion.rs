//! From the version that is stored to the one that is served, and back.
//!
//! Versions differ in name and schema only (`strategy: None`): what another version wrote is
//! completed with this version's defaults, and fields that it doesn't know are left out. Mirrors
//! `apiextensions-apiserver/pkg/apiserver/conversion` (v1.35).

use std::sync::Arc;

use crate::api::meta;
use crate::registry::{Conversion, CustomKind};

pub(super) fn between_versions(
    group: &str,
    served: &str,
    stored: &str,
    custom: Arc<CustomKind>,
) -> Conversion {
    let of_group = format!("{group}/");
    let served = format!("{group}/{served}");
    let stored = format!("{group}/{stored}");
    Conversion::new(
        move |mut object| {
            object["apiVersion"] = stored.as_str().into();
            object
        },
        move |object| {
            let version = meta::api_version(object);
            // A Scale is no custom resource, though it is read through one.
            if !version.starts_with(&of_group) {
                return None;
            }
            let is_served_so = version == served;
            if is_served_so && custom.schema.is_settled(object) {
                return None;
            }
            let mut object = object.clone();
            object["apiVersion"] = served.as_str().into();
            custom.schema.prune(&mut object);
            custom.schema.default(&mut object);
            Some(object)
        },
    )
}
