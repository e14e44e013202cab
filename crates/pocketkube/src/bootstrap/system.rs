//! What an administrator sets a new cluster up with: DNS, proxies, and what clients are told about
//! the cluster. Later starts leave it alone: whoever deleted CoreDNS finds it deleted.
//!
//! Mirrors `cmd/kubeadm/app/phases/{addons,bootstraptoken,uploadconfig}` (v1.35).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Bootstrap, documents};
use crate::api::meta;
use crate::authentication::UserInfo;
use crate::endpoints::ApiServer;

/// What runs in kube-system on a cluster with nodes.
const SYSTEM: &str = include_str!("../../data/bootstrap/system.yaml");

/// Creates what is missing. `authority` is the certificate that clients trust, in PEM.
pub(crate) async fn create_system(server: ApiServer, authority: String) {
    let bootstrap = Bootstrap {
        server: &server,
        user: Arc::new(UserInfo::admin()),
    };
    let encoded = STANDARD.encode(&authority);
    for mut object in documents(SYSTEM) {
        fill(&mut object, "{authority}", authority.trim_end());
        fill(&mut object, "{authority_base64}", &encoded);
        let name = meta::name(&object).to_owned();
        if let Err(error) = bootstrap.ensure(object).await {
            tracing::warn!(%error, name, "could not create a part of the system");
        }
    }
}

/// Puts what is only known now in its place, in all strings.
fn fill(value: &mut Value, place: &str, content: &str) {
    match value {
        Value::String(text) if text.contains(place) => *text = text.replace(place, content),
        Value::Array(list) => list.iter_mut().for_each(|own| fill(own, place, content)),
        Value::Object(map) => map.values_mut().for_each(|own| fill(own, place, content)),
        _ => {}
    }
}
