//! The `token` subresource of service accounts: `kubectl create token`, and the tokens in Pods.
//!
//! Mirrors `pkg/registry/core/serviceaccount/storage/token.go` (v1.35).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::call::Reply;
use super::request::Request;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::{GroupResource, ObjectRef, StatusError, meta, tree};
use crate::authentication::{Claims, ISSUER, PrivateClaims, Reference};
use crate::registry::Objects;

const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;
const DEFAULT: i64 = 3600;

/// Signs a token for the service account that the call names.
pub(super) fn create(request: &Request<'_>) -> Result<Reply, StatusError> {
    let call = &request.call;
    let registry = request.server.registry();
    let account = registry.get(&request.resource, &call.namespace, &call.name)?;
    let mut answer = call.body.clone();
    let spec = &call.body["spec"];
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(DEFAULT);
    check_seconds(seconds, &call.name)?;
    let audiences: Vec<String> = match tree::elements(&spec["audiences"]) {
        [] => vec![ISSUER.to_owned()],
        _ => tree::strings(&spec["audiences"])
            .map(str::to_owned)
            .collect(),
    };
    let now = registry.clock().now();
    let expiry = now
        .saturating_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX);
    let claims = Claims {
        aud: audiences.clone(),
        exp: expiry.as_second(),
        iat: now.as_second(),
        nbf: now.as_second(),
        iss: ISSUER.to_owned(),
        jti: uuid::Uuid::new_v4().to_string(),
        sub: format!("system:serviceaccount:{}:{}", call.namespace, call.name),
        kubernetes: bound_to(request, &account, &spec["boundObjectRef"])?,
    };
    let token = request
        .server
        .tokens()
        .sign(&claims)
        .map_err(|error| StatusError::internal(error.to_string()))?;
    answer["metadata"] = json!({
        "name": call.name, "namespace": call.namespace,
        "creationTimestamp": meta::format_time(now),
    });
    answer["spec"]["audiences"] = json!(audiences);
    answer["spec"]["expirationSeconds"] = json!(seconds);
    answer["status"] = json!({
        "token": token, "expirationTimestamp": meta::format_time(expiry),
    });
    Ok(Reply::Value(answer))
}

fn check_seconds(seconds: i64, name: &str) -> Result<(), StatusError> {
    let path = Path::new("spec.expirationSeconds");
    let mut errors = ErrorList::new();
    if seconds < SHORTEST {
        let why = "may not specify a duration less than 10 minutes";
        errors.push(Error::invalid(path.clone(), seconds, why));
    }
    if seconds > LONGEST {
        let why = "may not specify a duration larger than 2^32 seconds";
        errors.push(Error::invalid(path, seconds, why));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let group = "authentication.k8s.io";
    Err(StatusError::invalid(group, "TokenRequest", name, &errors))
}

/// The object that the token lives and dies with.
fn bound_to(
    request: &Request<'_>,
    account: &ObjectRef,
    reference: &Value,
) -> Result<PrivateClaims, StatusError> {
    let of = |object: &ObjectRef| Reference {
        name: object.name().to_owned(),
        uid: object.uid().to_owned(),
    };
    let mut claims = PrivateClaims {
        namespace: request.call.namespace.clone(),
        serviceaccount: of(account),
        ..PrivateClaims::default()
    };
    if reference.is_null() {
        return Ok(claims);
    }
    let (kind, name) = (tree::text(reference, "kind"), tree::text(reference, "name"));
    let resource = match kind {
        "Pod" => GroupResource::new("", "pods"),
        "Secret" => GroupResource::new("", "secrets"),
        "Node" => GroupResource::new("", "nodes"),
        other => {
            return Err(StatusError::bad_request(format!(
                "cannot bind token for serviceaccount {:?} to object of type {other:?}",
                account.name()
            )));
        }
    };
    let namespace = if kind == "Node" {
        ""
    } else {
        &request.call.namespace
    };
    let registry = request.server.registry();
    let object = Objects::get(registry, &resource, namespace, name)
        .ok_or_else(|| StatusError::not_found(&resource, name))?;
    let uid = tree::text(reference, "uid");
    if !uid.is_empty() && uid != object.uid() {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(StatusError::conflict(&resource, name, &why));
    }
    match kind {
        "Pod" => {
            let own = tree::text(&object.value()["spec"], "serviceAccountName");
            if own != account.name() {
                return Err(StatusError::bad_request(format!(
                    "cannot bind token for serviceaccount {:?} to pod running with different serviceaccount name.",
                    account.name()
                )));
            }
            claims.node = node_of(registry, object.value());
            claims.pod = Some(of(&object));
        }
        "Secret" => claims.secret = Some(of(&object)),
        _ => claims.node = Some(of(&object)),
    }
    Ok(claims)
}

fn node_of(registry: &dyn Objects, pod: &Value) -> Option<Reference> {
    let name = tree::text(&pod["spec"], "nodeName");
    let node = registry.get(&GroupResource::new("", "nodes"), "", name)?;
    Some(Reference {
        name: name.to_owned(),
        uid: node.uid().to_owned(),
    })
}
