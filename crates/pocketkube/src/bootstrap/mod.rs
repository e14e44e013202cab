//! What a fresh cluster holds: the objects of `data/bootstrap/objects.yaml` and the default roles,
//! and right after its start what [`create_system`] adds.

mod api_services;
mod authentication;
mod flow_control;
mod kubernetes_service;
mod leadership;
mod policy;
mod reconcile;
mod system;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::api::{GroupResource, GroupVersion, GroupVersionKind, ObjectRef, StatusError, meta};
use crate::authentication::UserInfo;
use crate::clock::Clock;
use crate::endpoints::{ApiServer, Call, CallOptions};
use crate::registry::{ResourceDef, Verb};
use policy::is_kept_up_to_date;
use reconcile::{Step, reconcile};

pub(crate) use authentication::{FRONT_PROXY, publish_authentication};
pub(crate) use flow_control::keep_flow_control;
pub(crate) use kubernetes_service::keep_kubernetes_service;
pub(crate) use leadership::{Leader, lead};
pub(crate) use policy::node_rules;
pub(crate) use system::create_system;

const OBJECTS: &str = include_str!("../../data/bootstrap/objects.yaml");

/// Creates what is missing; what exists stays as it is, but the default roles and bindings get
/// back what they lack. True where the cluster is a new one.
pub(crate) async fn create(server: &ApiServer) -> Result<bool, StatusError> {
    let bootstrap = Bootstrap::of_server(server);
    let mut is_new = false;
    for object in documents(OBJECTS) {
        let is_namespace = meta::kind(&object) == "Namespace";
        let was_missing = bootstrap.ensure(object).await?;
        is_new |= is_namespace && was_missing;
    }
    for object in api_services::objects(server.registry().resources()) {
        bootstrap.ensure(object).await?;
    }
    for object in flow_control::objects() {
        bootstrap.ensure(object).await?;
    }
    for object in policy::objects() {
        bootstrap.ensure(object.clone()).await?;
    }
    Ok(is_new)
}

/// Read whole before the first call: a YAML reader cannot move between threads.
fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).expect("the file is well-formed YAML"))
        .collect()
}

struct Bootstrap<'a> {
    server: &'a ApiServer,
    user: Arc<UserInfo>,
}

impl<'a> Bootstrap<'a> {
    /// Acts as the API server itself.
    fn of_server(server: &'a ApiServer) -> Self {
        let user = Arc::new(UserInfo::new("system:apiserver", &["system:masters"]));
        Self { server, user }
    }

    /// Looks again and again whether objects are there, for ever.
    async fn keep(&self, objects: &[Value], interval: Duration, clock: &Clock) {
        loop {
            clock.sleep(interval).await;
            for object in objects {
                if let Err(error) = self.ensure(object.clone()).await {
                    let name = meta::name(object);
                    tracing::warn!(%error, name, "could not restore an object of the API server");
                }
            }
        }
    }

    /// Makes an object be there; true where it was missing. Kinds that the cluster does not serve
    /// are passed over.
    async fn ensure(&self, object: Value) -> Result<bool, StatusError> {
        let GroupVersion { group, version } = GroupVersion::parse(meta::api_version(&object));
        let kind = GroupVersionKind::new(&group, &version, meta::kind(&object));
        let registry = self.server.registry();
        let Some(resource) = registry.resources().by_kind(&kind) else {
            return Ok(false);
        };
        let (namespace, name) = (meta::namespace(&object), meta::name(&object));
        match registry.get(&resource, namespace, name) {
            Ok(existing) if is_kept_up_to_date(&object) => {
                self.complete(&resource, &existing, object).await?;
                Ok(false)
            }
            Ok(_) => Ok(false),
            Err(_) => {
                self.write(&resource, Verb::Create, object).await?;
                Ok(true)
            }
        }
    }

    async fn complete(
        &self,
        resource: &ResourceDef,
        existing: &ObjectRef,
        wanted: Value,
    ) -> Result<(), StatusError> {
        match reconcile(existing.value(), &wanted) {
            Step::Nothing => Ok(()),
            Step::Update(object) => self.write(resource, Verb::Update, object).await,
            Step::Replace => {
                self.write(resource, Verb::Delete, wanted.clone()).await?;
                self.write(resource, Verb::Create, wanted).await
            }
        }
    }

    async fn write(
        &self,
        resource: &ResourceDef,
        verb: Verb,
        object: Value,
    ) -> Result<(), StatusError> {
        let name = match verb {
            Verb::Create => String::new(),
            _ => meta::name(&object).to_owned(),
        };
        let call = Call {
            verb,
            resource: GroupResource::new(&resource.group, &resource.plural),
            version: resource.version.to_string(),
            namespace: meta::namespace(&object).to_owned(),
            name,
            subresource: String::new(),
            body: match verb {
                Verb::Delete => Value::Null,
                _ => object,
            },
            options: CallOptions::default(),
        };
        self.server.call(&self.user, call).await.map(drop)
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
    async fn a_cluster_begins_with_roles_that_gather_others() {
        use k8s_openapi::api::rbac::v1::ClusterRole;
        let cluster = Cluster::builder().nodes(0).start().await.unwrap();
        let roles: kube::Api<ClusterRole> = kube::Api::all(cluster.client());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let admin = roles.get("admin").await.unwrap().rules.unwrap();
        let view = roles.get("view").await.unwrap().rules.unwrap();
        assert!(view.len() > 5 && view.iter().all(|rule| admin.contains(rule)));
        cluster.shutdown().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_deleted_flow_schema_comes_back() {
        use k8s_openapi::api::flowcontrol::v1::FlowSchema;
        let cluster = Cluster::builder().nodes(0).start().await.unwrap();
        let schemas: kube::Api<FlowSchema> = kube::Api::all(cluster.client());
        let options = kube::api::DeleteParams::default();
        schemas.delete("catch-all", &options).await.unwrap();
        assert!(schemas.get_opt("catch-all").await.unwrap().is_none());
        tokio::time::sleep(std::time::Duration::from_secs(61)).await;
        assert!(schemas.get_opt("catch-all").await.unwrap().is_some());
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
