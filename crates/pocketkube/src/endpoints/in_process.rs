//! Calls from inside the process: the same way as over HTTP, without bytes.

use std::sync::Arc;

use super::ApiServer;
use super::call::{Call, Reply, WatchEvent};
use super::pipeline::dispatch;
use super::request::Request;
use super::served;
use super::watch::{Start, watch};
use crate::api::StatusError;
use crate::authentication::UserInfo;
use futures::{Stream, StreamExt};

impl ApiServer {
    /// Performs one call as `user`.
    pub async fn call(&self, user: &Arc<UserInfo>, call: Call) -> Result<Reply, StatusError> {
        let verb = call.verb;
        let mut request = Request::new(self, user, call)?;
        request.authorize(verb.as_str())?;
        let reply = dispatch(&mut request).await?.0;
        Ok(served::reply(&request.resource, reply))
    }

    /// Follows changes after the revision `from`; 0 begins with the current state.
    pub fn watch(
        &self,
        user: &Arc<UserInfo>,
        call: Call,
        from: u64,
    ) -> Result<impl Stream<Item = WatchEvent> + Send + use<>, StatusError> {
        let request = Request::new(self, user, call)?;
        request.authorize("watch")?;
        let start = match from {
            0 => Start::CurrentState { bookmark: true },
            revision => Start::After(revision),
        };
        let resource = request.resource.clone();
        Ok(watch(&request, start)?.map(move |event| served::event(&resource, event)))
    }
}
