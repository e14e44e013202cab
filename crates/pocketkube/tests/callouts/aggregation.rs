//! API groups that other servers serve.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::World;
use super::server::{Handler, TestServer, answering};

const API_SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Serves things, and says who asked for them.
fn things() -> Handler {
    answering(|question| match question["path"].as_str() {
        Some("/apis/things.example.com/v1") => json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "things.example.com/v1",
            "resources": [{
                "name": "things", "singularName": "thing", "namespaced": true, "kind": "Thing",
                "verbs": ["get", "list"],
            }],
        }),
        Some("/openapi/v3") => json!({"paths": {"apis/things.example.com/v1": {
            "serverRelativeURL": "/openapi/v3/apis/things.example.com/v1?hash=1",
        }}}),
        Some("/openapi/v3/apis/things.example.com/v1?hash=1") => json!({
            "openapi": "3.0.0", "info": {"title": "Things", "version": "1"}, "paths": {},
        }),
        Some("/openapi/v2") => json!({
            "swagger": "2.0",
            "paths": {
                "/apis/things.example.com/v1/things": {"get": {"schema": {"$ref": "#/definitions/Thing"}}},
                "/version": {"get": {}},
            },
            "definitions": {"Thing": {"type": "object"}, "Other": {"type": "object"}},
        }),
        _ => json!({
            "kind": "Thing", "apiVersion": "things.example.com/v1", "path": question["path"],
            "user": question["user"], "groups": question["groups"],
        }),
    })
}

fn api_service(server: &TestServer) -> Value {
    json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1.things.example.com"},
        "spec": {
            "group": "things.example.com", "version": "v1",
            "groupPriorityMinimum": 1000, "versionPriority": 15,
            "service": {"namespace": "default", "name": "things"},
            "caBundle": server.bundle(),
        },
    })
}

impl World {
    async fn pass(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.cluster.clock().sleep(span).await;
    }

    async fn condition(&self) -> (String, String, String) {
        let path = format!("{API_SERVICES}/v1.things.example.com");
        let service = self.send(Method::GET, &path, Value::Null).await.body;
        let condition = &service["status"]["conditions"][0];
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        (text("status"), text("reason"), text("message"))
    }
}

#[tokio::test(start_paused = true)]
async fn requests_go_on_with_the_identity_of_who_asks() {
    let world = World::new().await;
    let authority = world.front_proxy_authority().await;
    let server = world
        .serve_to("things", [10, 244, 9, 1], things(), Some(authority))
        .await;
    world.create(API_SERVICES, api_service(&server)).await;
    world.pass(1).await;
    let (status, reason, message) = world.condition().await;
    assert_eq!(
        (status.as_str(), reason.as_str()),
        ("True", "Passed"),
        "{message}"
    );
    let path = "/apis/things.example.com/v1/namespaces/default/things/a?x=1";
    let thing = world.send(Method::GET, path, Value::Null).await;
    assert_eq!(thing.status, StatusCode::OK, "{}", thing.body);
    assert_eq!(thing.body["path"], path);
    assert_eq!(thing.body["user"], "kubernetes-admin");
    assert_eq!(
        thing.body["groups"],
        json!(["system:masters", "system:authenticated"])
    );
}

#[tokio::test(start_paused = true)]
async fn discovery_shows_what_the_other_server_offers() {
    let world = World::new().await;
    let server = world.serve("things", [10, 244, 9, 1], things()).await;
    world.create(API_SERVICES, api_service(&server)).await;
    world.pass(1).await;
    let groups = world.send(Method::GET, "/apis", Value::Null).await.body;
    let groups = groups["groups"].as_array().unwrap();
    assert!(
        groups
            .iter()
            .any(|group| group["name"] == "things.example.com")
    );
    let group = |document: &Value| {
        let items = document["items"].as_array().unwrap().iter();
        let mut own = items.filter(|item| item["metadata"]["name"] == "things.example.com");
        own.next().unwrap()["versions"][0].clone()
    };
    let document = world.accepting("/apis", AGGREGATED).await;
    let version = group(&document);
    assert_eq!(version["freshness"], "Current");
    assert_eq!(version["resources"][0]["responseKind"]["kind"], "Thing");
    let slice = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/things";
    world.send(Method::DELETE, slice, Value::Null).await;
    world.pass(1).await;
    let document = world.accepting("/apis", AGGREGATED).await;
    assert_eq!(group(&document)["freshness"], "Stale");
    let path = format!("{API_SERVICES}/v1.things.example.com");
    world.send(Method::DELETE, &path, Value::Null).await;
    world.pass(1).await;
    let path = "/apis/things.example.com/v1/things";
    let gone = world.send(Method::GET, path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn conditions_say_what_is_missing() {
    let world = World::new().await;
    let stranger = TestServer::inside(
        &world.cluster,
        "things.default.svc",
        [10, 244, 9, 2],
        things(),
        None,
    );
    world.create(API_SERVICES, api_service(&stranger)).await;
    world.pass(1).await;
    let (status, reason, message) = world.condition().await;
    assert_eq!(
        (status.as_str(), reason.as_str(), message.as_str()),
        (
            "False",
            "ServiceNotFound",
            "service/things in \"default\" is not present"
        )
    );
    let path = "/apis/things.example.com/v1/things";
    let refused = world.send(Method::GET, path, Value::Null).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    world.serve("things", [10, 244, 9, 1], things()).await;
    world.pass(1).await;
    let (_, reason, message) = world.condition().await;
    assert_eq!(reason, "FailedDiscoveryCheck");
    assert!(
        message.ends_with("x509: certificate signed by unknown authority"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_other_server_says_of_its_types_is_part_of_the_clusters_documents() {
    let world = World::new().await;
    let server = world.serve("things", [10, 244, 9, 1], things()).await;
    world.create(API_SERVICES, api_service(&server)).await;
    world.pass(1).await;
    let index = world.accepting("/openapi/v3", "application/json").await;
    let own = &index["paths"]["apis/things.example.com/v1"];
    let url = own["serverRelativeURL"].as_str().unwrap();
    let path = "/openapi/v3/apis/things.example.com/v1?hash=";
    assert!(url.starts_with(path), "{url}");
    let document = world.accepting(url, "application/json").await;
    assert_eq!(document["info"]["title"], "Things");
    let whole = || world.accepting("/openapi/v2", "application/json");
    let document = whole().await;
    assert!(document["paths"]["/apis/things.example.com/v1/things"].is_object());
    assert_eq!(document["definitions"]["Thing"]["type"], "object");
    assert!(document["definitions"]["Other"].is_null());
    assert!(document["paths"]["/api/v1/pods"].is_object());
    // As long as nothing changes, nothing is read again.
    let reads = || {
        let asked = server.asked.lock();
        let read = |question: &&Value| question["path"] == "/openapi/v2";
        asked.iter().filter(read).count()
    };
    let before = reads();
    world.pass(100).await;
    assert_eq!(reads(), before);
    let path = format!("{API_SERVICES}/v1.things.example.com");
    world.send(Method::DELETE, &path, Value::Null).await;
    world.pass(1).await;
    assert!(whole().await["definitions"]["Thing"].is_null());
}

#[tokio::test(start_paused = true)]
async fn connections_are_upgraded_all_the_way_to_the_other_server() {
    let world = World::new().await;
    let server = world.serve("things", [10, 244, 9, 1], things()).await;
    world.create(API_SERVICES, api_service(&server)).await;
    world.pass(1).await;
    let mut stream = world.connect().await;
    stream
        .write_all(
            b"GET /apis/things.example.com/v1/things/a/talk HTTP/1.1\r\nHost: a\r\n\
              Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        )
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("upgrade: websocket"), "{head}");
    stream.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"hello");
    let asked = server.asked.lock().last().cloned().unwrap();
    assert_eq!(asked["user"], "kubernetes-admin");
}
