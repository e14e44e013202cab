//! What a fresh cluster holds: namespaces and the `kubernetes` Service.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::{GroupResource, StatusError};
use crate::authentication::UserInfo;
use crate::endpoints::{ApiServer, Call, CallOptions};
use crate::registry::Verb;

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Creates what is missing; what exists stays as it is.
pub(crate) async fn create(server: &ApiServer, _nodes: usize) -> Result<(), StatusError> {
    for namespace in NAMESPACES {
        let body =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        ensure(server, "namespaces", "", body).await?;
    }
    Ok(())
}

async fn ensure(
    server: &ApiServer,
    resource: &str,
    namespace: &str,
    body: Value,
) -> Result<(), StatusError> {
    let user = Arc::new(UserInfo::new("system:apiserver", &["system:masters"]));
    let call = Call {
        verb: Verb::Create,
        resource: GroupResource::new("", resource),
        version: "v1".to_owned(),
        namespace: namespace.to_owned(),
        name: String::new(),
        subresource: String::new(),
        body,
        options: CallOptions::default(),
    };
    match server.call(&user, call).await {
        Err(error) if !error.is_already_exists() => Err(error),
        _ => Ok(()),
    }
}
