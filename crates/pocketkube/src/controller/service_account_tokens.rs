//! Fills Secrets of the type `kubernetes.io/service-account-token`, and deletes those whose
//! account is gone.
//!
//! Mirrors `pkg/controller/serviceaccount/tokens_controller.go` (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};

use super::{Controller, ControllerContext, SyncError, run};
use crate::authentication::{Reference, ServiceAccountTokens};
use crate::client::{Client, DeleteOptions, Kind, Lister, ObjectKey};

const TYPE: &str = "kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";
const CA: &str = "ca.crt";
const NAMESPACE: &str = "namespace";
const TOKEN: &str = "token";

struct TokensController {
    secrets: Lister<Secret>,
    accounts: Lister<ServiceAccount>,
    client: Client,
    tokens: Arc<ServiceAccountTokens>,
    root_ca: String,
}

pub(super) fn start(context: ControllerContext) {
    let Some(tokens) = context.options.tokens.clone() else {
        return;
    };
    let secrets = context.informers.get::<Secret>();
    let accounts = context.informers.get::<ServiceAccount>();
    let queue = context.queue();
    let enqueue = queue.clone();
    secrets.subscribe(move |change| {
        let secret = change.object();
        if is_token(secret) {
            enqueue.add(ObjectKey::new(secret.namespace(), secret.name()));
        }
    });
    let enqueue = queue.clone();
    let lister = secrets.lister();
    accounts.subscribe(move |change| {
        let account = change.object();
        for secret in lister.list(account.namespace()) {
            if is_token(&secret) && secret.annotation(ACCOUNT_NAME) == Some(account.name()) {
                enqueue.add(ObjectKey::new(secret.namespace(), secret.name()));
            }
        }
    });
    let controller = Arc::new(TokensController {
        secrets: secrets.lister(),
        accounts: accounts.lister(),
        client: context.client.clone(),
        tokens,
        root_ca: context.options.root_ca.clone(),
    });
    run(
        &context,
        "serviceaccount-token-controller",
        (queue, 1),
        controller,
        async move {
            secrets.wait_synced().await;
            accounts.wait_synced().await;
        },
    );
}

#[async_trait]
impl Controller for TokensController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(secret) = self.secrets.get_key(key) else {
            return Ok(());
        };
        if !is_token(&secret) || secret.is_terminating() {
            return Ok(());
        }
        let Some(account) = self.account(&secret).await? else {
            let deleted = self
                .client
                .delete::<Secret>(
                    secret.namespace(),
                    secret.name(),
                    &DeleteOptions::of_uid(secret.uid()),
                )
                .await;
            return match deleted {
                Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
                outcome => Ok(outcome?),
            };
        };
        let filled = self.filled(&secret, &account)?;
        if filled == *secret {
            return Ok(());
        }
        match self.client.update(&filled).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

impl TokensController {
    /// The account that a Secret is for, unless it is gone or another of the same name.
    async fn account(&self, secret: &Secret) -> Result<Option<Reference>, SyncError> {
        let namespace = secret.namespace();
        let name = secret.annotation(ACCOUNT_NAME).unwrap_or_default();
        let uid = match self.accounts.get(namespace, name) {
            Some(account) => account.uid().to_owned(),
            // It may have been made a moment ago.
            None => match self.client.find::<ServiceAccount>(namespace, name).await? {
                Some(account) => account.uid().to_owned(),
                None => return Ok(None),
            },
        };
        let wanted = secret.annotation(ACCOUNT_UID).unwrap_or_default();
        if !wanted.is_empty() && wanted != uid {
            return Ok(None);
        }
        let name = name.to_owned();
        Ok(Some(Reference { name, uid }))
    }

    fn filled(&self, secret: &Secret, account: &Reference) -> Result<Secret, SyncError> {
        let mut secret = secret.clone();
        let (namespace, name) = (secret.namespace().to_owned(), secret.name().to_owned());
        let annotations = secret.metadata.annotations.get_or_insert_default();
        annotations.insert(ACCOUNT_UID.to_owned(), account.uid.clone());
        let data: &mut BTreeMap<String, ByteString> = secret.data.get_or_insert_default();
        let is_unset = |data: &BTreeMap<String, ByteString>, key: &str| {
            data.get(key).is_none_or(|bytes| bytes.0.is_empty())
        };
        if is_unset(data, CA) {
            let bytes = self.root_ca.clone().into_bytes();
            data.insert(CA.to_owned(), ByteString(bytes));
        }
        if is_unset(data, NAMESPACE) {
            let bytes = namespace.clone().into_bytes();
            data.insert(NAMESPACE.to_owned(), ByteString(bytes));
        }
        if is_unset(data, TOKEN) {
            let token = self
                .tokens
                .sign_for_secret(&namespace, account, &name)
                .map_err(|error| SyncError::Other(error.to_string()))?;
            data.insert(TOKEN.to_owned(), ByteString(token.into_bytes()));
        }
        Ok(secret)
    }
}

fn is_token(secret: &Secret) -> bool {
    secret.type_.as_deref() == Some(TYPE)
}
