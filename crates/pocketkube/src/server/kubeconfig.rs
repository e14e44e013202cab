//! The file that leads kubectl to the cluster.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{ClusterCertificates, Issued};

/// A kubeconfig with one cluster, one user and one context, all named `name`.
pub fn kubeconfig(
    name: &str,
    address: SocketAddr,
    certificates: &ClusterCertificates,
    client: &Issued,
) -> String {
    let encode = |pem: &str| STANDARD.encode(pem);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {
            "server": format!("https://{address}"),
            "certificate-authority-data": encode(certificates.authority_pem()),
        }}],
        "users": [{"name": name, "user": {
            "client-certificate-data": encode(&client.certificate_pem),
            "client-key-data": encode(&client.key_pem),
        }}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    });
    serde_yaml::to_string(&config).expect("a JSON tree is always YAML")
}
