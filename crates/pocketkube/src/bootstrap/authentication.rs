//! What aggregated servers need to know whom to believe: `extension-apiserver-authentication`.
//!
//! Mirrors `pkg/controlplane/controller/clusterauthenticationtrust` (v1.35).

use std::sync::Arc;

use serde_json::{Value, json};

use super::Bootstrap;
use crate::api::{GroupResource, StatusError};
use crate::authentication::UserInfo;
use crate::endpoints::ApiServer;
use crate::registry::{Objects, Verb};

/// The name in the certificate that the API server shows to aggregated servers.
pub(crate) const FRONT_PROXY: &str = "front-proxy-client";
const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";

/// Publishes the authorities of clients and of the API server itself, in PEM. The latter is a new
/// one at every start.
pub(crate) async fn publish_authentication(
    server: &ApiServer,
    clients: &str,
    proxies: &str,
) -> Result<(), StatusError> {
    let bootstrap = Bootstrap {
        server,
        user: Arc::new(UserInfo::new("system:apiserver", &["system:masters"])),
    };
    let resources = server.registry().resources();
    let Some(resource) = resources.by_route("", "v1", "configmaps") else {
        return Ok(());
    };
    let config_maps = GroupResource::new("", "configmaps");
    let verb = match Objects::get(server.registry(), &config_maps, NAMESPACE, NAME) {
        Some(_) => Verb::Update,
        None => Verb::Create,
    };
    let object = config_map(clients, proxies);
    bootstrap.write(&resource, verb, object).await
}

fn config_map(clients: &str, proxies: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": NAMESPACE, "name": NAME},
        "data": {
            "client-ca-file": clients,
            "requestheader-allowed-names": json!([FRONT_PROXY]).to_string(),
            "requestheader-client-ca-file": proxies,
            "requestheader-extra-headers-prefix": r#"["X-Remote-Extra-"]"#,
            "requestheader-group-headers": r#"["X-Remote-Group"]"#,
            "requestheader-uid-headers": r#"["X-Remote-Uid"]"#,
            "requestheader-username-headers": r#"["X-Remote-User"]"#,
        },
    })
}
