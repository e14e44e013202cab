//! Questions: objects that are created to be answered, and never stored. One row each.

mod access;
mod identity;
mod rules;

use serde_json::Value;

use super::binding;
use super::call::Reply;
use super::create::settle_namespace;
use super::request::Request;
use crate::api::{StatusError, meta};
use crate::registry::{HookContext, Objects};

/// Answers the question in the call's body.
pub(super) async fn answer(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    let mut question = request.call.body.clone();
    settle_namespace(request, &mut question)?;
    let resource = &request.resource;
    resource.strategy.default(&mut question);
    let write = request.write_context();
    let objects: &dyn Objects = request.server.registry();
    let context = HookContext {
        now: request.server.registry().clock().now(),
        dry_run: write.dry_run,
        user: &write.user,
        subresource: "",
        objects,
    };
    let errors = resource.strategy.validate(&question, &context);
    if !errors.is_empty() {
        let name = meta::name(&question);
        return Err(StatusError::invalid(
            &resource.group,
            &resource.kind,
            name,
            &errors,
        ));
    }
    let status = match resource.plural.as_ref() {
        "bindings" => return binding::bind_by_name(request, &question).await,
        "localsubjectaccessreviews" | "subjectaccessreviews" => {
            access::of_subject(request, &question)
        }
        "selfsubjectaccessreviews" => access::of_self(request, &question),
        "selfsubjectrulesreviews" => rules::of_self(request, &question)?,
        "selfsubjectreviews" => identity::of_self(request),
        "tokenreviews" => identity::of_token(request, &question)?,
        _ => return Err(StatusError::no_such_path()),
    };
    Ok((Reply::Value(answered(request, question, status)), true))
}

/// The question together with its answer.
fn answered(request: &Request<'_>, mut question: Value, status: Value) -> Value {
    question["apiVersion"] = request.resource.group_version().to_string().into();
    question["kind"] = request.resource.kind.as_ref().into();
    meta::metadata_mut(&mut question);
    question["status"] = status;
    question
}
