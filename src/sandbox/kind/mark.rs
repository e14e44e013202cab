//! A mark inside the cluster that says whose it is: names alone can be taken by others.

use anyhow::{Result, anyhow};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, Error};

use super::super::foreign::Owner;
use super::super::words::words;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kubekata-made-this";

/// Marks a cluster that was just made.
pub(super) async fn set(client: &Client, owner: &Owner) -> Result<()> {
    let mark = ConfigMap {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some([("owner".to_owned(), owner.as_str().to_owned())].into()),
        ..ConfigMap::default()
    };
    let marks: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    match marks.create(&PostParams::default(), &mark).await {
        Err(Error::Api(status)) if status.code == 409 => Err(anyhow!("it is marked already")),
        made => made.map(drop).map_err(words),
    }
}

/// Whether the cluster carries this owner's mark.
pub(super) async fn is_set(client: &Client, owner: &Owner) -> Result<bool> {
    let marks: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    let found = marks.get_opt(NAME).await.map_err(words)?;
    let data = found.and_then(|mark| mark.data).unwrap_or_default();
    Ok(data
        .get("owner")
        .is_some_and(|known| known == owner.as_str()))
}
