//! The API server of the same process as a [`Transport`].

use std::sync::Arc;

use async_trait::async_trait;

use super::transport::{Transport, WatchReceiver};
use crate::api::StatusError;
use crate::authentication::UserInfo;
use crate::endpoints::{ApiServer, Call, Reply};

#[async_trait]
impl Transport for ApiServer {
    async fn call(&self, user: &Arc<UserInfo>, call: Call) -> Result<Reply, StatusError> {
        ApiServer::call(self, user, call).await
    }

    fn watch(
        &self,
        user: &Arc<UserInfo>,
        call: Call,
        from: u64,
    ) -> Result<WatchReceiver, StatusError> {
        Ok(WatchReceiver::new(ApiServer::watch(
            self, user, call, from,
        )?))
    }
}
