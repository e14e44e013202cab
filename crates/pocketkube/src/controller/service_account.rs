//! Gives every namespace its `default` ServiceAccount.
//!
//! Mirrors `pkg/controller/serviceaccount/serviceaccounts_controller.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::pod_control::is_namespace_terminating;
use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{Change, Client, Kind, Lister};

const NAME: &str = "default";

struct ServiceAccountController {
    namespaces: Lister<Namespace>,
    accounts: Lister<ServiceAccount>,
    client: Client,
}

pub(super) fn start(context: ControllerContext) {
    let namespaces = context.informers.get::<Namespace>();
    let accounts = context.informers.get::<ServiceAccount>();
    let queue = context.queue();
    let enqueue = queue.clone();
    namespaces.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let enqueue = queue.clone();
    accounts.subscribe(move |change| {
        if let Change::Deleted(account) = change
            && account.name() == NAME
        {
            enqueue.add(account.namespace().to_owned());
        }
    });
    let controller = Arc::new(ServiceAccountController {
        namespaces: namespaces.lister(),
        accounts: accounts.lister(),
        client: context.client.clone(),
    });
    run(
        &context,
        "service-account-controller",
        (queue, 1),
        controller,
        async move {
            namespaces.wait_synced().await;
            accounts.wait_synced().await;
        },
    );
}

#[async_trait]
impl Controller for ServiceAccountController {
    type Key = String;

    async fn sync(&self, namespace: &String) -> Result<(), SyncError> {
        let Some(found) = self.namespaces.get("", namespace) else {
            return Ok(());
        };
        if found.is_terminating() || self.accounts.get(namespace, NAME).is_some() {
            return Ok(());
        }
        let account = ServiceAccount {
            metadata: ObjectMeta {
                name: Some(NAME.to_owned()),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            ..ServiceAccount::default()
        };
        match self.client.create(&account).await {
            Err(error) if error.is_already_exists() || is_namespace_terminating(&error) => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::client::DeleteOptions;
    use crate::client::fake::Harness;

    #[tokio::test(start_paused = true)]
    async fn every_namespace_gets_a_default_account_again_and_again() {
        let harness = Harness::new();
        start(harness.context());
        harness
            .given::<Namespace>(json!({"metadata": {"name": "shop"}}))
            .await;
        harness.pass(Duration::from_secs(1)).await;
        let first: ServiceAccount = harness.get("shop", NAME).await;
        let now = DeleteOptions::default();
        let deleted = harness.client.delete::<ServiceAccount>("shop", NAME, &now);
        deleted.await.expect("the account can be deleted");
        harness.pass(Duration::from_secs(1)).await;
        let second: ServiceAccount = harness.get("shop", NAME).await;
        assert_ne!(first.uid(), second.uid());
    }
}
