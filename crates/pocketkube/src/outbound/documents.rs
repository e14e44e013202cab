//! The OpenAPI documents of aggregated servers.
//!
//! Mirrors `kube-aggregator/pkg/controllers/{openapi,openapiv3}/aggregator/downloader.go` (v1.35).
//! Where a server has only one of the two forms, the other one is not made from it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Outbound, Target};
use crate::api::GroupVersion;
use crate::api::tree::text;

/// What a server says of the types of one group and version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteDocuments {
    /// Where the third version was found; its hash is part of that.
    url: String,
    pub version_2: Option<Arc<Value>>,
    pub version_3: Option<Bytes>,
}

impl Outbound {
    /// Reads the documents of a server, unless they are the same as before.
    pub async fn read_documents(
        &self,
        target: &Target,
        of: &GroupVersion,
        known: &RemoteDocuments,
        timeout: Duration,
    ) -> RemoteDocuments {
        let index = self.json_at(target, "/openapi/v3", timeout).await;
        let index = index.unwrap_or_default();
        let own = &index["paths"][format!("apis/{of}")];
        let url = text(own, "serverRelativeURL");
        let is_known = !known.url.is_empty() && known.url == url;
        if is_known {
            return known.clone();
        }
        let version_3 = match url {
            "" => None,
            url => self.body_at(target, url, timeout).await,
        };
        let version_2 = self.json_at(target, "/openapi/v2", timeout).await;
        RemoteDocuments {
            url: url.to_owned(),
            version_2: version_2
                .filter(|document| text(document, "swagger") == "2.0")
                .map(Arc::new),
            version_3,
        }
    }

    async fn json_at(&self, target: &Target, path: &str, timeout: Duration) -> Option<Value> {
        let body = self.body_at(target, path, timeout).await?;
        serde_json::from_slice(&body).ok()
    }

    async fn body_at(&self, target: &Target, path: &str, timeout: Duration) -> Option<Bytes> {
        let answer = self.read_as_aggregator(target, path, timeout).await;
        let (status, body) = answer.ok()?;
        (200..300).contains(&status).then_some(body)
    }
}
