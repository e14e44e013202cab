//! How many requests are served at once, so that one client in a hurry does not starve the others.
//!
//! FlowSchemas say to which priority level a request belongs ([`configuration`]); each level has
//! its share of the server's seats and lets flows wait in turn ([`level`]). Who waits too long, or
//! behind too many of the same flow, is answered 429 with `Retry-After`. Mirrors
//! `apiserver/pkg/util/flowcontrol` and `apiserver/pkg/server/filters/priority-and-fairness.go`
//! (v1.35).

mod configuration;
mod level;

use std::time::Duration;

use axum::body::Body;
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use parking_lot::Mutex;

use crate::authentication::UserInfo;
use crate::endpoints::connect;
use crate::endpoints::request_info::RequestInfo;
use crate::endpoints::respond;
use crate::storage::Storage;
use configuration::{Configuration, Flow, News};
use level::Seat;

/// How long a request waits: a quarter of what it may take.
const PATIENCE: Duration = Duration::from_secs(15);
const FLOW_SCHEMA: HeaderName = HeaderName::from_static("x-kubernetes-pf-flowschema-uid");
const PRIORITY_LEVEL: HeaderName = HeaderName::from_static("x-kubernetes-pf-prioritylevel-uid");

/// The seats of a server and who they are for.
pub(in crate::endpoints) struct FlowControl {
    storage: Storage,
    state: Mutex<State>,
}

struct State {
    configuration: Configuration,
    news: News,
}

/// What a request was given. Its seat is taken until this is dropped.
#[derive(Debug, Default)]
pub(in crate::endpoints) struct Admitted {
    flow: Option<Flow>,
    #[expect(dead_code, reason = "held, not read")]
    seat: Option<Seat>,
}

impl Admitted {
    /// Tells the client how its request was classified.
    pub(in crate::endpoints) fn mark(&self, response: &mut Response<Body>) {
        if let Some(flow) = &self.flow {
            let headers = response.headers_mut();
            headers.insert(FLOW_SCHEMA, flow.schema.clone());
            headers.insert(PRIORITY_LEVEL, flow.level.uid().clone());
        }
    }
}

impl FlowControl {
    /// Reads what is configured; what changes later is followed.
    pub(in crate::endpoints) fn new(storage: Storage) -> Self {
        let news = News::start(&storage);
        let configuration = Configuration::read(&storage, &Configuration::default());
        Self {
            state: Mutex::new(State {
                configuration,
                news,
            }),
            storage,
        }
    }

    /// Waits for a seat; the error is the answer that sends the client away. Connections to
    /// containers take none, and watches theirs only to be classified.
    pub(in crate::endpoints) async fn admit(
        &self,
        user: &UserInfo,
        info: &RequestInfo,
    ) -> Result<Admitted, Box<Response<Body>>> {
        if connect::is_connection(&info.subresource) {
            return Ok(Admitted::default());
        }
        let Some(flow) = self.classify(user, info) else {
            return Ok(Admitted::default());
        };
        if info.verb == "watch" {
            let flow = Some(flow);
            return Ok(Admitted { flow, seat: None });
        }
        match flow.level.seat(&flow.name, PATIENCE).await {
            Some(seat) => Ok(Admitted {
                flow: Some(flow),
                seat: Some(seat),
            }),
            None => {
                let mut refusal = too_many_requests();
                let flow = Some(flow);
                Admitted { flow, seat: None }.mark(&mut refusal);
                Err(refusal)
            }
        }
    }

    fn classify(&self, user: &UserInfo, info: &RequestInfo) -> Option<Flow> {
        let mut state = self.state.lock();
        if state.news.is_any() {
            state.news.take();
            state.configuration = Configuration::read(&self.storage, &state.configuration);
        }
        state.configuration.classify(user, info)
    }
}

fn too_many_requests() -> Box<Response<Body>> {
    let text = "Too many requests, please try again later.\n";
    let mut response = respond::text(StatusCode::TOO_MANY_REQUESTS, text);
    let one_second = HeaderValue::from_static("1");
    response.headers_mut().insert(RETRY_AFTER, one_second);
    Box::new(response)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::GroupResource;
    use crate::storage::{Key, Origin};

    /// A level of one seat for everybody but administrators, and a queue of one.
    fn server(response: Value) -> FlowControl {
        let storage = Storage::new(16);
        let put = |plural: &str, name: &str, spec: Value| {
            let resource = GroupResource::new("flowcontrol.apiserver.k8s.io", plural);
            let key = Key::new(&Arc::new(resource), "", name);
            let metadata = json!({"name": name, "uid": format!("uid-of-{name}")});
            let object = json!({"metadata": metadata, "spec": spec});
            storage.create(&key, object, Origin::default()).unwrap();
        };
        put(
            "prioritylevelconfigurations",
            "exempt",
            json!({"type": "Exempt"}),
        );
        put(
            "prioritylevelconfigurations",
            "narrow",
            json!({"type": "Limited", "limited": {
                "nominalConcurrencyShares": 1, "limitResponse": response,
            }}),
        );
        let all = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": true}]);
        let schema = |name: &str, group: &str, level: &str, precedence: i64| {
            put(
                "flowschemas",
                name,
                json!({
                    "matchingPrecedence": precedence, "priorityLevelConfiguration": {"name": level},
                    "distinguisherMethod": {"type": "ByUser"},
                    "rules": [{"subjects": [{"kind": "Group", "group": {"name": group}}], "resourceRules": all}],
                }),
            );
        };
        schema("all", "*", "narrow", 100);
        schema("masters", "system:masters", "exempt", 1);
        FlowControl::new(storage)
    }

    fn queue() -> Value {
        json!({"type": "Queue", "queuing": {"queues": 1, "handSize": 1, "queueLengthLimit": 1}})
    }

    fn list() -> RequestInfo {
        RequestInfo::parse(&Method::GET, "/api/v1/pods", false)
    }

    /// Takes every seat of the level.
    async fn fill(server: &FlowControl, user: &UserInfo) -> Vec<Admitted> {
        let mut seats = Vec::new();
        for _ in 0..configuration::SEATS {
            seats.push(server.admit(user, &list()).await.unwrap());
        }
        seats
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_seat_waits_and_then_comes_again_later() {
        let server = server(queue());
        let user = UserInfo::new("jane", &[]);
        let seats = fill(&server, &user).await;
        let refusal = server.admit(&user, &list()).await.unwrap_err();
        assert_eq!(refusal.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refusal.headers()[RETRY_AFTER], "1");
        assert_eq!(refusal.headers()[PRIORITY_LEVEL], "uid-of-narrow");
        drop(seats);
        let admitted = server.admit(&user, &list()).await.unwrap();
        let mut response = respond::text(StatusCode::OK, "");
        admitted.mark(&mut response);
        assert_eq!(response.headers()[FLOW_SCHEMA], "uid-of-all");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_of_one_user_leaves_that_of_another_free() {
        let server = server(queue());
        let (jane, john) = (UserInfo::new("jane", &[]), UserInfo::new("john", &[]));
        let mut seats = fill(&server, &jane).await;
        let (waits, refused, other) = tokio::join!(
            async { server.admit(&jane, &list()).await.is_ok() },
            async {
                tokio::task::yield_now().await;
                let begin = tokio::time::Instant::now();
                let refused = server.admit(&jane, &list()).await.is_err();
                let took = begin.elapsed();
                tokio::time::sleep(Duration::from_secs(2)).await;
                seats.truncate(seats.len() - 2);
                (refused, took)
            },
            async { server.admit(&john, &list()).await.is_ok() },
        );
        assert_eq!(refused, (true, Duration::ZERO));
        assert!(waits && other);
    }

    #[tokio::test(start_paused = true)]
    async fn a_level_that_rejects_lets_nobody_wait() {
        let server = server(json!({"type": "Reject"}));
        let user = UserInfo::new("jane", &[]);
        let _seats = fill(&server, &user).await;
        let begin = tokio::time::Instant::now();
        assert!(server.admit(&user, &list()).await.is_err());
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn administrators_and_watches_need_no_seat() {
        let server = server(json!({"type": "Reject"}));
        let user = UserInfo::new("jane", &[]);
        let _seats = fill(&server, &user).await;
        assert!(server.admit(&UserInfo::admin(), &list()).await.is_ok());
        let watch = RequestInfo::parse(&Method::GET, "/api/v1/pods", true);
        assert!(server.admit(&user, &watch).await.is_ok());
    }
}
