//! GET of a collection: selection, paging, consistency.
//!
//! Mirrors `GetList` in `apiserver/pkg/storage/etcd3/store.go` and
//! `apimachinery/pkg/apis/meta/internalversion/validation` (v1.35).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::call::{ListOptions, ListReply, Reply};
use super::request::Request;
use super::selection::Selection;
use crate::api::field::{Error, Path};
use crate::api::status::{Cause, Details};
use crate::api::{ObjectRef, StatusError};
use crate::storage::{Gone, ListPage};

/// The objects that the call's selectors choose, a page at a time where a limit is given.
pub(super) async fn list(request: &Request<'_>) -> Result<Reply, StatusError> {
    Ok(Reply::List(select(request).await?))
}

pub(super) async fn select(request: &Request<'_>) -> Result<ListReply, StatusError> {
    let options = &request.call.options.list;
    check_versions(options)?;
    let selection = Selection::parse(&request.resource, &request.call)?;
    let start = match options.continue_token.as_str() {
        "" => None,
        token => Some(Continue::decode(token)?),
    };
    let page = read(request, options, start.as_ref())?;
    let revision = page.revision;
    let registry = request.server.registry();
    let items = registry.present_all(&request.resource, page.items).await?;
    let mut chosen = items
        .into_iter()
        .filter(|object| start.as_ref().is_none_or(|start| start.is_before(object)))
        .filter(|object| selection.matches(object));
    let limit = match options.limit {
        0 => usize::MAX,
        limit => limit,
    };
    let items: Vec<ObjectRef> = chosen.by_ref().take(limit).collect();
    let remaining = chosen.count();
    let continue_token = match items.last() {
        Some(last) if remaining > 0 => Continue::after(last, revision).encode(),
        _ => String::new(),
    };
    Ok(ListReply {
        items,
        revision,
        // With selectors the true number would need the whole list, so upstream leaves it out.
        remaining: (remaining > 0 && selection.is_everything()).then_some(remaining),
        continue_token,
    })
}

/// All objects of the namespace at the revision that the request is about.
fn read(
    request: &Request<'_>,
    options: &ListOptions,
    start: Option<&Continue>,
) -> Result<ListPage, StatusError> {
    let storage = request.server.registry().storage();
    let resource = &request.resource.storage;
    let namespace = &request.call.namespace;
    if let Some(items) = request.server.computed(&request.resource, namespace) {
        let revision = storage.revision();
        return Ok(ListPage { items, revision });
    }
    if let Some(start) = start {
        if !matches!(options.resource_version.as_str(), "" | "0") {
            return Err(StatusError::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        if start.revision == INCONSISTENT {
            return Ok(storage.list(resource, namespace));
        }
        return storage
            .list_at(resource, namespace, start.revision)
            .map_err(|_| expired_continue(start));
    }
    let page = storage.list(resource, namespace);
    let wanted = match options.resource_version.as_str() {
        "" | "0" => return Ok(page),
        version => version.parse::<u64>().map_err(|_| {
            StatusError::bad_request(format!(
                "strconv.ParseUint: parsing {version:?}: invalid syntax"
            ))
        })?,
    };
    if wanted > page.revision {
        return Err(too_large(wanted, page.revision));
    }
    if options.resource_version_match == "Exact" {
        return storage
            .list_at(resource, namespace, wanted)
            .map_err(too_old);
    }
    Ok(page)
}

/// The log no longer reaches back to the revision asked for.
pub(super) fn too_old(gone: Gone) -> StatusError {
    StatusError::expired(gone.to_string())
}

fn expired_continue(start: &Continue) -> StatusError {
    let later = Continue {
        revision: INCONSISTENT,
        namespace: start.namespace.clone(),
        name: start.name.clone(),
    };
    StatusError::expired(
        "The provided continue parameter is too old to display a consistent list result. You can \
         start a new list without the continue parameter, or use the continue token in this \
         response to retrieve the remainder of the results. Continuing with the provided token \
         results in an inconsistent list - objects that were created, modified, or deleted between \
         the time the first chunk was returned and now may show up in the list.",
    )
    .with_details(Details {
        continue_token: later.encode(),
        ..Details::default()
    })
}

/// The revision asked for is still to come.
pub(super) fn too_large(wanted: u64, current: u64) -> StatusError {
    let message = format!("Too large resource version: {wanted}, current: {current}");
    StatusError::new(504, "Timeout", format!("Timeout: {message}")).with_details(Details {
        retry_after_seconds: 1,
        causes: vec![Cause {
            reason: "ResourceVersionTooLarge".to_owned(),
            message: "Too large resource version".to_owned(),
            field: String::new(),
        }],
        ..Details::default()
    })
}

/// The rules between resourceVersion, resourceVersionMatch and continue.
///
/// Mirrors `ValidateListOptions` in
/// `apimachinery/pkg/apis/meta/internalversion/validation/validation.go`.
pub(super) fn check_versions(options: &ListOptions) -> Result<(), StatusError> {
    let path = Path::new("resourceVersionMatch");
    let matching = options.resource_version_match.as_str();
    let mut errors = Vec::new();
    if !matching.is_empty() {
        if options.resource_version.is_empty() {
            errors.push(Error::forbidden(
                path.clone(),
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        if !options.continue_token.is_empty() {
            errors.push(Error::forbidden(
                path.clone(),
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            errors.push(Error::not_supported(
                path.clone(),
                matching,
                &["Exact", "NotOlderThan", ""],
            ));
        }
        if matching == "Exact" && options.resource_version == "0" {
            errors.push(Error::forbidden(
                path,
                "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            ));
        }
    }
    if options.send_initial_events.is_some() {
        errors.push(Error::forbidden(
            Path::new("sendInitialEvents"),
            "sendInitialEvents is forbidden for list",
        ));
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(StatusError::invalid(
        "meta.k8s.io",
        "ListOptions",
        "",
        &errors,
    ))
}

/// The revision of a list that goes on wherever the cluster is now.
const INCONSISTENT: u64 = 0;

/// Where the next page begins. Opaque to clients.
#[derive(Debug, Serialize, Deserialize)]
struct Continue {
    #[serde(rename = "rv")]
    revision: u64,
    namespace: String,
    name: String,
}

impl Continue {
    fn after(last: &ObjectRef, revision: u64) -> Self {
        Self {
            revision,
            namespace: last.namespace().to_owned(),
            name: last.name().to_owned(),
        }
    }

    fn encode(&self) -> String {
        let json = serde_json::to_vec(self).expect("strings and numbers always encode");
        URL_SAFE_NO_PAD.encode(json)
    }

    fn decode(token: &str) -> Result<Self, StatusError> {
        URL_SAFE_NO_PAD
            .decode(token.trim_end_matches('='))
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(|| {
                StatusError::bad_request("continue key is not valid: illegal base64 data")
            })
    }

    fn is_before(&self, object: &ObjectRef) -> bool {
        (object.namespace(), object.name()) > (self.namespace.as_str(), self.name.as_str())
    }
}
