//! Projected volumes: several sources in one folder.
//!
//! Mirrors `validateProjectionSources`.

use std::collections::BTreeSet;

use super::{files, paths};
use crate::api::field::{Error, ErrorList, Path};
use crate::registry::validation::Field;

const MIN_EXPIRATION: i64 = 10 * 60;
const MAX_EXPIRATION: i64 = 1 << 32;

pub fn projected(source: &Field<'_>) -> ErrorList {
    let mut errors = files::mode(&source.child("defaultMode"));
    let mut taken = BTreeSet::new();
    for projection in source.child("sources").items() {
        let mut kinds = 0;
        for kind in ["secret", "configMap"] {
            let keys = projection.child(kind);
            if keys.is_set() {
                kinds += 1;
                errors.extend(keys.child("name").must_be_set());
                for item in keys.child("items").items() {
                    errors.extend(files::key(&item));
                    let path = item.child("path").text();
                    let shown = keys.child("name").text();
                    errors.extend(conflict(&mut taken, path, shown, &source.path));
                }
            }
        }
        let downward = projection.child("downwardAPI");
        if downward.is_set() {
            kinds += 1;
            for item in downward.child("items").items() {
                errors.extend(files::downward_file(&item, &downward.path));
                let path = item.child("path").text();
                errors.extend(conflict(&mut taken, path, path, &source.path));
            }
        }
        let token = projection.child("serviceAccountToken");
        if token.is_set() {
            kinds += 1;
            errors.extend(service_account_token(&token, &source.path));
        }
        let bundle = projection.child("clusterTrustBundle");
        if bundle.is_set() {
            kinds += 1;
            errors.extend(cluster_trust_bundle(&bundle));
            let path = bundle.child("path").text();
            errors.extend(conflict(&mut taken, path, path, &source.path));
        }
        if kinds > 1 {
            let detail = "may not specify more than 1 volume type per source";
            errors.push(projection.forbidden(detail));
        }
    }
    errors
}

/// Two sources may not write the same file.
fn conflict<'a>(
    taken: &mut BTreeSet<&'a str>,
    path: &'a str,
    shown: &str,
    at: &Path,
) -> Option<Error> {
    (!path.is_empty() && !taken.insert(path))
        .then(|| Error::invalid(at.clone(), shown, "conflicting duplicate paths"))
}

fn service_account_token(token: &Field<'_>, at: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let expiration = token.child("expirationSeconds");
    if expiration.integer() < MIN_EXPIRATION {
        errors.push(expiration.invalid("may not specify a duration less than 10 minutes"));
    }
    if expiration.integer() > MAX_EXPIRATION {
        errors.push(expiration.invalid("may not specify a duration larger than 2^32 seconds"));
    }
    // Upstream names the path of the volume, not of the source.
    let path = Field::new(token.child("path").value, at.child("path"));
    match path.must_be_set() {
        Some(missing) => errors.push(missing),
        None => errors.extend(paths::local_non_reserved(&path)),
    }
    errors
}

fn cluster_trust_bundle(bundle: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (name, signer) = (bundle.child("name"), bundle.child("signerName"));
    let selector = bundle.child("labelSelector");
    match (name.is_set(), signer.is_set()) {
        (true, true) => {
            errors.push(bundle.invalid("only one of name and signerName may be used"));
        }
        (true, false) => {
            if name.is_empty() {
                errors.push(name.required("must be a valid object name"));
            }
            if selector.is_set() {
                let detail = "labelSelector must be unset if name is specified";
                errors.push(selector.invalid(detail));
            }
        }
        (false, true) => {
            if signer.is_empty() {
                errors.push(signer.required("must be a valid signer name"));
            }
            errors.extend(selector.must_be_label_selector());
        }
        (false, false) => {
            errors.push(bundle.required("either name or signerName must be specified"));
        }
    }
    let path = bundle.child("path");
    errors.extend(path.must_be_set());
    errors.extend(paths::local_non_reserved(&path));
    errors
}

/// A Pod without a service account cannot have its token projected.
pub fn tokens_need_an_account(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if !spec.child("serviceAccountName").is_empty() {
        return errors;
    }
    for volume in spec.child("volumes").items() {
        for source in volume.child("projected").child("sources").items() {
            let token = source.child("serviceAccountToken");
            let detail = "must not be specified when serviceAccountName is not set";
            errors.extend(token.must_not_be_set(detail));
        }
    }
    errors
}
