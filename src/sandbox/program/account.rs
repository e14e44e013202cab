//! The annotations of the ServiceAccount through which attacks and keepers talk.

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::super::observe::Watched;
use super::super::resource::Resource;

/// What shall be: `running 3` or `stopped 3`; the number tells orders apart.
pub(super) const ORDER: &str = "kubekata.dev/program-order";

/// What is: the last order that was carried out. Absent where nobody keeps a program.
pub(super) const STATE: &str = "kubekata.dev/program";

/// Under this name both write.
const FIELD_MANAGER: &str = "kubekata-program";

/// The service accounts of a namespace, to be followed.
pub(super) fn watched(namespace: &str) -> Result<Watched, String> {
    Ok(Watched {
        resource: Resource::known("ServiceAccount", None).ok_or("nobody knows service accounts")?,
        namespace: Some(namespace.to_owned()),
    })
}

/// Writes one of the annotations, or takes it away.
pub(super) async fn annotate(
    client: &Client,
    namespace: &str,
    account: &str,
    name: &str,
    value: Option<&str>,
) -> kube::Result<()> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let how = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let merge = json!({"metadata": {"annotations": {name: value}}});
    let written = accounts.patch(account, &how, &Patch::Merge(&merge)).await;
    written.map(drop)
}

pub(super) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["annotations"].get(name)?.as_str()
}

/// The number of an order; nothing was ordered before the first.
pub(super) fn number_of(order: Option<&str>) -> u64 {
    let number = order.and_then(|order| order.split_once(' '));
    number.map_or(0, |(_, number)| number.parse().unwrap_or_default())
}
