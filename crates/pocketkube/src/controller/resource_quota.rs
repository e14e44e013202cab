//! Keeps in each ResourceQuota's status how much of it is used.
//!
//! Admission adds what is created; this counts everything anew when something goes or changes,
//! a moment after each charge (what was charged may not have been stored), and now and then.
//! Mirrors `pkg/controller/resourcequota/resource_quota_controller.go` (v1.35).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, ResourceQuota, Service};
use serde_json::{Map, Value, json};

use super::{Controller, ControllerContext, SyncError, run};
use crate::api::quantity::Quantity;
use crate::api::{ObjectRef, StatusError};
use crate::client::{Change, Client, Informer, Kind, Lister, ObjectKey, ResourceRef, WorkQueue};
use crate::clock::Clock;
use crate::endpoints::ListOptions;
use crate::registry::core::resourcequota::evaluator::{Amounts, Evaluator, add};
use crate::registry::{ResourceTable, Verb};

const WORKERS: usize = 5;
/// How long after a charge it is checked.
const CHECK_AFTER: Duration = Duration::from_secs(1);
/// How often everything is counted, whatever happens.
const RESYNC: Duration = Duration::from_secs(5 * 60);

type Queue = Arc<WorkQueue<ObjectKey>>;

struct ResourceQuotaController {
    client: Client,
    resources: Arc<ResourceTable>,
    clock: Clock,
    queue: Queue,
}

pub(super) fn start(context: ControllerContext) {
    let queue: Queue = context.queue();
    let quotas = context.informers.get::<ResourceQuota>();
    let enqueue = queue.clone();
    quotas.subscribe(move |change| match change {
        Change::Updated { old, new } if old.spec == new.spec => {
            enqueue.add_after(new.key(), CHECK_AFTER);
        }
        Change::Deleted(_) => {}
        change => enqueue.add(change.object().key()),
    });
    let namespaces = Namespaces {
        quotas: quotas.lister(),
        queue: queue.clone(),
    };
    let inventory = context.inventory();
    inventory.start();
    let recount = namespaces.clone();
    inventory.subscribe(move |change| {
        if let (Some(gone), None) = (&change.old, &change.new) {
            recount.recount(&gone.namespace);
        }
    });
    // What these take can change while they live.
    let pods = context.informers.get::<Pod>();
    let phase = |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.clone());
    namespaces.follow(&pods, move |old, new| phase(old) != phase(new));
    let services = context.informers.get::<Service>();
    namespaces.follow(&services, |old, new| old.spec != new.spec);
    let claims = context.informers.get::<PersistentVolumeClaim>();
    namespaces.follow(&claims, |old, new| {
        old.spec != new.spec || old.status != new.status
    });
    let controller = Arc::new(ResourceQuotaController {
        client: context.client.clone(),
        resources: context.options.resources.clone(),
        clock: context.clock.clone(),
        queue: queue.clone(),
    });
    run(
        &context,
        "resourcequota-controller",
        (queue, WORKERS),
        controller,
        async move { quotas.wait_synced().await },
    );
}

/// The quotas by namespace, to be counted anew.
#[derive(Clone)]
struct Namespaces {
    quotas: Lister<ResourceQuota>,
    queue: Queue,
}

impl Namespaces {
    fn recount(&self, namespace: &str) {
        if !namespace.is_empty() {
            for quota in self.quotas.list(namespace) {
                self.queue.add(quota.key());
            }
        }
    }

    /// Counts anew where an object changes in a way that matters.
    fn follow<K: Kind>(
        &self,
        informer: &Informer<K>,
        matters: impl Fn(&K, &K) -> bool + Send + Sync + 'static,
    ) {
        let namespaces = self.clone();
        informer.subscribe(move |change| {
            if let Change::Updated { old, new } = change
                && matters(old, new)
            {
                namespaces.recount(new.namespace());
            }
        });
    }
}

#[async_trait]
impl Controller for ResourceQuotaController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let quotas = ResourceRef::of::<ResourceQuota>();
        let found = self.client.get_object(&quotas, &key.namespace, &key.name);
        let quota = match found.await {
            Err(error) if error.is_not_found() => return Ok(()),
            found => found?,
        };
        // Counted after the quota was read: a charge in between makes the update a conflict.
        let used = self.count(quota.value(), &key.namespace).await?;
        self.queue.add_after(key.clone(), RESYNC);
        let hard = &quota.value()["spec"]["hard"];
        let hard = if hard.is_null() {
            json!({})
        } else {
            hard.clone()
        };
        let status = &quota.value()["status"];
        if is_same(&status["hard"], &hard) && is_same(&status["used"], &used) {
            return Ok(());
        }
        let mut changed = quota.to_value();
        changed["status"] = json!({"hard": hard, "used": used});
        self.client
            .update_object(&quotas, "status", changed)
            .await?;
        Ok(())
    }
}

impl ResourceQuotaController {
    /// What everything in the namespace takes of the resources that the quota limits.
    async fn count(&self, quota: &Value, namespace: &str) -> Result<Value, StatusError> {
        let hard = &quota["spec"]["hard"];
        let mut used = Amounts::new();
        let mut tracked = BTreeSet::new();
        let mut counted = BTreeSet::new();
        for row in self.resources.all() {
            let resource = row.group_resource();
            let is_listed = row.is_namespaced() && row.verbs.contains(&Verb::List);
            let Some(evaluator) = Evaluator::of(&resource).filter(|_| is_listed) else {
                continue;
            };
            let names = evaluator.tracked(hard);
            if names.is_empty() || !counted.insert(resource) {
                continue;
            }
            tracked.extend(names);
            let options = ListOptions::default();
            let listed = ResourceRef::from(&*row);
            let list = self.client.list_objects(&listed, namespace, options);
            for object in list.await?.items {
                if evaluator.is_in_scope(&quota["spec"], object.value()) {
                    add(&mut used, &self.usage(&evaluator, &object));
                }
            }
        }
        let shown = tracked.into_iter().map(|name| {
            let amount = used
                .get(name)
                .map_or_else(|| "0".to_owned(), Quantity::to_string);
            (name.to_owned(), json!(amount))
        });
        Ok(Value::Object(shown.collect::<Map<_, _>>()))
    }

    fn usage(&self, evaluator: &Evaluator, object: &ObjectRef) -> Amounts {
        evaluator.usage(object.value(), self.clock.now())
    }
}

/// Whether two lists hold the same amounts.
fn is_same(one: &Value, other: &Value) -> bool {
    use crate::registry::core::resourcequota::evaluator::amounts;
    one.is_object() && amounts(one) == amounts(other)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;
    use crate::client::DeleteOptions;
    use crate::client::fake::Harness;
    use crate::registry::core;

    fn context(harness: &Harness) -> ControllerContext {
        let mut context = harness.context();
        context.options.resources = Arc::new(ResourceTable::new(core::resources()));
        context
    }

    #[tokio::test(start_paused = true)]
    async fn the_status_follows_what_the_namespace_holds() {
        let harness = Harness::new();
        start(context(&harness));
        let configuration = json!({"metadata": {"name": "a", "namespace": "shop"}});
        harness.given::<ConfigMap>(configuration).await;
        harness
            .given::<ResourceQuota>(json!({
                "metadata": {"name": "q", "namespace": "shop"},
                "spec": {"hard": {"configmaps": "2", "pods": "1", "example.com/x": "1"}},
            }))
            .await;
        harness.pass(Duration::from_secs(1)).await;
        let quota: ResourceQuota = harness.get("shop", "q").await;
        let status = serde_json::to_value(quota.status).unwrap();
        assert_eq!(status["used"], json!({"configmaps": "1", "pods": "0"}));
        assert_eq!(status["hard"]["configmaps"], "2");

        let now = DeleteOptions::default();
        let deleted = harness.client.delete::<ConfigMap>("shop", "a", &now);
        deleted.await.unwrap();
        harness.pass(Duration::from_secs(400)).await;
        let quota: ResourceQuota = harness.get("shop", "q").await;
        let status = serde_json::to_value(quota.status).unwrap();
        assert_eq!(status["used"]["configmaps"], "0");
    }
}
