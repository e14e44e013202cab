//! DELETE of one object or of a collection.
//!
//! Mirrors `apiserver/pkg/endpoints/handlers/delete.go` (v1.35).

use serde_json::{Value, json};

use super::call::{ListReply, Reply};
use super::list::select;
use super::request::Request;
use crate::api::field::{Error, Path};
use crate::api::tree::strings;
use crate::api::{ObjectRef, StatusError, validate};
use crate::registry::{Admit, DeleteOptions, Deletion, Propagation};

/// Deletes the object, or begins to. Answers with a `Status` or, for kinds that do so and for
/// objects that stay a while, with the object.
pub(super) async fn delete(request: &Request<'_>) -> Result<Reply, StatusError> {
    let options = options(&request.call.body)?;
    let deletion = delete_one(
        request,
        &request.call.namespace,
        &request.call.name,
        &options,
    )
    .await?;
    Ok(match deletion {
        Deletion::Pending(object) => Reply::Object(object),
        Deletion::Removed(object) if request.resource.strategy.returns_deleted_object() => {
            Reply::Object(object)
        }
        Deletion::Removed(object) => Reply::Value(removed_status(request, &object)),
    })
}

/// Deletes everything that the selectors choose, and answers with the list of it.
pub(super) async fn delete_collection(request: &Request<'_>) -> Result<Reply, StatusError> {
    let options = options(&request.call.body)?;
    let chosen = select(request).await?;
    let mut deleted = Vec::with_capacity(chosen.items.len());
    for object in &chosen.items {
        match delete_one(request, object.namespace(), object.name(), &options).await {
            Ok(Deletion::Removed(object) | Deletion::Pending(object)) => deleted.push(object),
            // Somebody else was faster.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Reply::List(ListReply {
        items: deleted,
        revision: request.server.registry().storage().revision(),
        continue_token: String::new(),
        remaining: None,
    }))
}

async fn delete_one(
    request: &Request<'_>,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Deletion, StatusError> {
    let registry = request.server.registry();
    let existing = registry.read(&request.resource, namespace, name).await?;
    request.mutate_deletion(name, existing.value()).await?;
    let admission: &dyn Admit = request;
    registry
        .delete(
            &request.resource,
            namespace,
            name,
            options,
            &request.write_context(),
            admission,
        )
        .await
}

/// Reads a DeleteOptions body; null stands for no options.
///
/// Mirrors `ValidateDeleteOptions` in `apimachinery/pkg/apis/meta/v1/validation/validation.go`.
pub(super) fn options(body: &Value) -> Result<DeleteOptions, StatusError> {
    let dry_run: Vec<String> = strings(&body["dryRun"]).map(str::to_owned).collect();
    let errors = validate::dry_run(&dry_run, &Path::new("dryRun"));
    if !errors.is_empty() {
        return Err(invalid_options(&errors));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let propagation = match body["propagationPolicy"].as_str() {
        None | Some("") => None,
        Some("Orphan") => Some(Propagation::Orphan),
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some(other) => {
            let error = Error::not_supported(
                Path::new("propagationPolicy"),
                other,
                &["Foreground", "Background", "Orphan"],
            );
            return Err(invalid_options(&[error]));
        }
    };
    let orphan_dependents = body["orphanDependents"].as_bool();
    if propagation.is_some() && orphan_dependents.is_some() {
        return Err(invalid_options(&[Error::invalid(
            Path::new("propagationPolicy"),
            body["propagationPolicy"].clone(),
            "orphanDependents and deletionPropagation cannot be both set",
        )]));
    }
    Ok(DeleteOptions {
        grace_period_seconds: body["gracePeriodSeconds"].as_i64(),
        propagation,
        orphan_dependents,
        uid: text(&body["preconditions"]["uid"]),
        resource_version: text(&body["preconditions"]["resourceVersion"]),
    })
}

/// Whether a DeleteOptions body only asks what would happen.
pub(super) fn is_dry_run(body: &Value) -> bool {
    strings(&body["dryRun"]).next().is_some()
}

fn invalid_options(errors: &[Error]) -> StatusError {
    StatusError::invalid("meta.k8s.io", "DeleteOptions", "", errors)
}

fn removed_status(request: &Request<'_>, object: &ObjectRef) -> Value {
    let mut details = json!({
        "name": object.name(),
        "kind": request.resource.plural,
        "uid": object.uid(),
    });
    if !request.resource.group.is_empty() {
        details["group"] = json!(request.resource.group);
    }
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {},
        "status": "Success", "details": details,
    })
}
