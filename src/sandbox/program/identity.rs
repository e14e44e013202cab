//! Who the learner's program is to the cluster: a ServiceAccount of the kata, with a token.

use anyhow::{Context, Result};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use super::super::words::words;

/// A program may run for a long course.
const TOKEN_LIFE: i64 = 30 * 24 * 3600;

/// The name of a service account as RBAC and audit logs write it.
pub fn service_account_user(namespace: &str, account: &str) -> String {
    format!("system:serviceaccount:{namespace}:{account}")
}

/// A kubeconfig with which one is this service account. `kubeconfig` is the administrator's.
pub async fn kubeconfig_of(
    client: &Client,
    kubeconfig: &str,
    namespace: &str,
    account: &str,
) -> Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            expiration_seconds: Some(TOKEN_LIFE),
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    };
    let how = PostParams::default();
    let created = accounts.create_token_request(account, &how, &request).await;
    let token = created
        .map_err(words)?
        .status
        .context("the cluster gave no token")?
        .token;
    with_token(kubeconfig, namespace, account, &token)
}

fn with_token(kubeconfig: &str, namespace: &str, account: &str, token: &str) -> Result<String> {
    let mut config: Value =
        serde_yaml::from_str(kubeconfig).context("the cluster's kubeconfig is no YAML")?;
    let current = config["current-context"].clone();
    let contexts = config["contexts"].as_array();
    let context = contexts
        .into_iter()
        .flatten()
        .find(|context| context["name"] == current)
        .context("the cluster's kubeconfig has no current context")?;
    let cluster = context["context"]["cluster"].clone();
    config["users"] = json!([{"name": account, "user": {"token": token}}]);
    config["contexts"] = json!([{
        "name": current,
        "context": {"cluster": cluster, "user": account, "namespace": namespace},
    }]);
    Ok(serde_yaml::to_string(&config)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_kubeconfig_holds_no_other_identity() {
        let admin = "current-context: a\n\
            contexts: [{name: a, context: {cluster: c, user: admin}}]\n\
            users: [{name: admin, user: {client-key-data: secret}}]\n\
            clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n";
        let config = with_token(admin, "garden", "gardener", "t0ken").expect("it is made");
        assert!(!config.contains("secret"), "{config}");
        assert!(config.contains("token: t0ken") && config.contains("namespace: garden"));
        assert!(config.contains("https://127.0.0.1:1"), "{config}");
    }
}
