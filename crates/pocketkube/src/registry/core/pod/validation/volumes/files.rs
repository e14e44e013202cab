//! Files that ConfigMaps, Secrets and the downward API put into volumes.
//!
//! Mirrors `validateKeyToPath` and `validateDownwardAPIVolumeFile`.

use super::paths;
use crate::api::field::{Error, ErrorList, Path};
use crate::registry::core::pod::validation::env;
use crate::registry::validation::Field;

/// A file mode, if there is one.
pub fn mode(mode: &Field<'_>) -> ErrorList {
    const DETAIL: &str = "must be a number between 0 and 0777 (octal), both inclusive";
    if mode.is_set() && !(0..=0o777).contains(&mode.integer()) {
        return vec![mode.invalid(DETAIL)];
    }
    ErrorList::new()
}

/// `items`: which key becomes which file.
pub fn keys(items: &Field<'_>) -> ErrorList {
    items.items().flat_map(|item| key(&item)).collect()
}

pub fn key(item: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(item.child("key").must_be_set());
    let path = item.child("path");
    errors.extend(path.must_be_set());
    errors.extend(paths::local_non_reserved(&path));
    errors.extend(mode(&item.child("mode")));
    errors
}

/// One file of the downward API. Its mistakes are told at the volume's path, as upstream does.
pub fn downward_file(item: &Field<'_>, at: &Path) -> ErrorList {
    let item = Field::new(item.value, at.clone());
    let mut errors = ErrorList::new();
    let path = item.child("path");
    errors.extend(path.must_be_set());
    errors.extend(paths::local_non_reserved(&path));
    let field = item.child("fieldRef");
    let resource = item.child("resourceFieldRef");
    if field.is_set() {
        errors.extend(env::object_field(&field, env::VOLUME_FIELDS));
        if resource.is_set() {
            let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
            errors.push(Error::invalid(at.clone(), "resource", detail));
        }
    } else if resource.is_set() {
        errors.extend(env::container_resource(&resource, true));
    } else {
        errors.push(item.required("one of fieldRef and resourceFieldRef is required"));
    }
    errors.extend(mode(&item.child("mode")));
    errors
}
