//! What a fresh cluster holds, read from `data/bootstrap/objects.yaml`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::api::{GroupResource, GroupVersion, GroupVersionKind, StatusError, meta};
use crate::authentication::UserInfo;
use crate::endpoints::{ApiServer, Call, CallOptions};
use crate::registry::Verb;

const OBJECTS: &str = include_str!("../data/bootstrap/objects.yaml");

/// Creates what is missing; what exists stays as it is.
pub(crate) async fn create(server: &ApiServer) -> Result<(), StatusError> {
    let user = Arc::new(UserInfo::new("system:apiserver", &["system:masters"]));
    // Read whole before the first call: a YAML reader cannot move between threads.
    let objects: Vec<Value> = serde_yaml::Deserializer::from_str(OBJECTS)
        .map(|document| Value::deserialize(document).expect("the file is well-formed YAML"))
        .collect();
    for object in objects {
        ensure(server, &user, object).await?;
    }
    Ok(())
}

async fn ensure(
    server: &ApiServer,
    user: &Arc<UserInfo>,
    object: Value,
) -> Result<(), StatusError> {
    let GroupVersion { group, version } = GroupVersion::parse(meta::api_version(&object));
    let kind = GroupVersionKind::new(&group, &version, meta::kind(&object));
    let Some(resource) = server.registry().resources().by_kind(&kind) else {
        return Ok(());
    };
    let name = meta::name(&object).to_owned();
    let call = Call {
        verb: Verb::Create,
        resource: GroupResource::new(&group, &resource.plural),
        version,
        namespace: meta::namespace(&object).to_owned(),
        name: String::new(),
        subresource: String::new(),
        body: object,
        options: CallOptions::default(),
    };
    // A kept cluster has it already, and its own address would count as taken.
    let find = Call {
        verb: Verb::Get,
        name,
        body: Value::Null,
        ..call.clone()
    };
    match server.call(user, find).await {
        Err(error) if error.is_not_found() => {}
        found => return found.map(drop),
    }
    match server.call(user, call).await {
        Err(error) if !error.is_already_exists() => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::Cluster;

    #[tokio::test(start_paused = true)]
    async fn a_cluster_begins_with_its_namespaces_and_its_own_service() {
        use k8s_openapi::api::core::v1::Service;
        let cluster = Cluster::builder().nodes(0).start().await.unwrap();
        let services: kube::Api<Service> = kube::Api::namespaced(cluster.client(), "default");
        let service = services.get("kubernetes").await.unwrap();
        assert_eq!(
            service.spec.unwrap().cluster_ip.as_deref(),
            Some("10.96.0.1")
        );
        cluster.shutdown().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_cluster_starts_again_with_what_it_had() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let state = Some(folder.path().to_path_buf());
            let cluster = Cluster::builder().nodes(1).state(state).start().await;
            cluster.unwrap().shutdown().await.unwrap();
        }
    }
}
