//! Definitions and their instances through the whole way of a request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use pocketkube::Cluster;
use pocketkube::authentication::UserInfo;
use serde_json::{Value, json};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const BOWLS: &str = "/apis/example.com/v1/namespaces/default/bowls";

/// A control plane that serves bowls, in virtual time.
struct World {
    cluster: Cluster,
}

impl World {
    async fn new() -> Self {
        let cluster = Cluster::builder().nodes(0).start().await.unwrap();
        Self { cluster }
    }

    async fn with(definition: Value) -> Self {
        let world = Self::new().await;
        world.define(definition).await;
        world
    }

    async fn define(&self, definition: Value) {
        let (status, body) = self.send(Method::POST, DEFINITIONS, definition).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        self.pass(1).await;
    }

    async fn pass(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.cluster.clock().sleep(span).await;
    }

    async fn typed(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind)
            .header("accept", "application/json")
            .body(match body {
                Value::Null => Body::empty(),
                body => Body::from(body.to_string()),
            })
            .unwrap();
        request.extensions_mut().insert(Arc::new(UserInfo::admin()));
        let response = self.cluster.server().handle(request).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        self.typed(method, path, "application/json", body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, Value::Null).await.1
    }

    async fn merge(&self, path: &str, patch: Value) -> (StatusCode, Value) {
        let kind = "application/merge-patch+json";
        self.typed(Method::PATCH, path, kind, patch).await
    }
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "bowls.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "bowls", "kind": "Bowl", "shortNames": ["bw"], "categories": ["all"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {
                    "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas",
                    "labelSelectorPath": ".status.selector",
                }},
                "selectableFields": [{"jsonPath": ".spec.color"}],
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {"name": "Color", "type": "string", "jsonPath": ".spec.color", "priority": 1},
                ],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["size"], "properties": {
                        "size": {"type": "integer", "minimum": 1},
                        "color": {"type": "string", "default": "red"},
                    }},
                    "status": {"type": "object", "properties": {
                        "replicas": {"type": "integer"}, "selector": {"type": "string"},
                    }},
                }}},
            }],
        },
    })
}

fn bowl(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Bowl", "metadata": {"name": name}, "spec": spec})
}

#[tokio::test(start_paused = true)]
async fn what_a_definition_defines_is_served_like_any_other_resource() {
    let world = World::with(definition()).await;
    let established = world.get(&format!("{DEFINITIONS}/bowls.example.com")).await;
    assert_eq!(
        established["status"]["conditions"][1]["type"],
        "Established"
    );
    assert_eq!(established["status"]["conditions"][1]["status"], "True");

    let (status, created) = world
        .send(Method::POST, BOWLS, bowl("a", json!({"size": 3})))
        .await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(created["spec"], json!({"size": 3, "color": "red"}));
    assert_eq!(created["metadata"]["generation"], 1);

    let group = world.get("/apis/example.com/v1").await;
    let names: Vec<&Value> = group["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["name"])
        .collect();
    assert_eq!(
        json!(names),
        json!(["bowls", "bowls/scale", "bowls/status"])
    );
    let list = world.get(BOWLS).await;
    assert_eq!(list["kind"], "BowlList");
    assert_eq!(list["items"][0]["kind"], "Bowl");
    let blue = world
        .get(&format!("{BOWLS}?fieldSelector=spec.color%3Dblue"))
        .await;
    assert_eq!(blue["items"], json!([]));
    let document = world.get("/openapi/v3/apis/example.com/v1").await;
    let properties = &document["components"]["schemas"]["com.example.v1.Bowl"]["properties"];
    assert_eq!(properties["spec"]["properties"]["size"]["minimum"], 1);
    assert!(properties["metadata"]["allOf"][0]["$ref"].is_string());
}

#[tokio::test(start_paused = true)]
async fn unknown_fields_are_dropped_or_refused_as_the_request_says() {
    let world = World::with(definition()).await;
    let odd = bowl("a", json!({"size": 1, "odd": true}));
    let strict = format!("{BOWLS}?fieldValidation=Strict");
    let (status, refused) = world.send(Method::POST, &strict, odd.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused["message"],
        "Bowl in version \"v1\" cannot be handled as a Bowl: strict decoding error: unknown field \"spec.odd\""
    );
    let (_, created) = world.send(Method::POST, BOWLS, odd).await;
    assert_eq!(created["spec"], json!({"size": 1, "color": "red"}));
    let kind = "application/strategic-merge-patch+json";
    let path = format!("{BOWLS}/a");
    let (status, _) = world
        .typed(Method::PATCH, &path, kind, json!({"spec": {"size": 2}}))
        .await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(start_paused = true)]
async fn status_and_scale_change_only_their_part() {
    let world = World::with(definition()).await;
    world
        .send(Method::POST, BOWLS, bowl("a", json!({"size": 3})))
        .await;
    let path = format!("{BOWLS}/a");
    let patch = json!({"spec": {"size": 9}, "status": {"replicas": 2, "selector": "app=a"}});
    let (_, patched) = world.merge(&format!("{path}/status"), patch).await;
    assert_eq!(patched["spec"]["size"], 3);
    assert_eq!(patched["status"]["replicas"], 2);
    assert_eq!(patched["metadata"]["generation"], 1);
    let scale = world.get(&format!("{path}/scale")).await;
    assert_eq!(scale["apiVersion"], "autoscaling/v1");
    assert_eq!(scale["spec"]["replicas"], 3);
    assert_eq!(scale["status"], json!({"replicas": 2, "selector": "app=a"}));
    let (_, scaled) = world
        .merge(&format!("{path}/scale"), json!({"spec": {"replicas": 5}}))
        .await;
    assert_eq!(scaled["spec"]["replicas"], 5);
    let bowl = world.get(&path).await;
    assert_eq!(bowl["spec"]["size"], 5);
    assert_eq!(bowl["metadata"]["generation"], 2);
    let (_, patched) = world.merge(&path, json!({"status": {"replicas": 7}})).await;
    assert_eq!(patched["status"]["replicas"], 2);
}

#[tokio::test(start_paused = true)]
async fn versions_show_the_same_objects_under_their_own_name() {
    let mut definition = definition();
    let mut beta = definition["spec"]["versions"][0].clone();
    beta["name"] = json!("v1beta1");
    beta["storage"] = json!(false);
    beta["deprecated"] = json!(true);
    // Where all versions share theirs, they have to share their schema, too.
    beta.as_object_mut().unwrap().remove("selectableFields");
    beta["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["shape"] =
        json!({"type": "string", "default": "round"});
    definition["spec"]["versions"]
        .as_array_mut()
        .unwrap()
        .push(beta);
    let world = World::with(definition).await;
    world
        .send(Method::POST, BOWLS, bowl("a", json!({"size": 1})))
        .await;
    let old = BOWLS.replace("v1", "v1beta1");
    let seen = world.get(&format!("{old}/a")).await;
    assert_eq!(seen["apiVersion"], "example.com/v1beta1");
    assert_eq!(seen["spec"]["shape"], "round");
    let mut other = bowl("b", json!({"size": 1, "shape": "flat"}));
    other["apiVersion"] = json!("example.com/v1beta1");
    let (status, created) = world.send(Method::POST, &old, other).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    let seen = world.get(&format!("{BOWLS}/b")).await;
    assert_eq!(seen["apiVersion"], "example.com/v1");
    assert_eq!(seen["spec"], json!({"size": 1, "color": "red"}));
}

#[tokio::test(start_paused = true)]
async fn a_definition_goes_with_its_instances() {
    let world = World::with(definition()).await;
    let mut held = bowl("a", json!({"size": 1}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    world.send(Method::POST, BOWLS, held).await;
    let path = format!("{DEFINITIONS}/bowls.example.com");
    let (_, going) = world.send(Method::DELETE, &path, Value::Null).await;
    assert_eq!(
        going["metadata"]["finalizers"],
        json!(["customresourcecleanup.apiextensions.k8s.io"])
    );
    world.pass(2).await;
    let (status, _) = world
        .send(Method::POST, BOWLS, bowl("b", json!({"size": 1})))
        .await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let free = json!({"metadata": {"finalizers": null}});
    world.merge(&format!("{BOWLS}/a"), free).await;
    world.pass(3).await;
    let (status, left) = world.send(Method::GET, &path, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{left}");
    let (status, _) = world.send(Method::GET, BOWLS, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    world.define(definition()).await;
    assert_eq!(world.get(BOWLS).await["items"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn names_that_others_have_are_not_served() {
    let world = World::with(definition()).await;
    let mut rival = definition();
    rival["metadata"]["name"] = json!("basins.example.com");
    rival["spec"]["names"] = json!({"plural": "basins", "kind": "Bowl"});
    world.define(rival).await;
    let refused = world
        .get(&format!("{DEFINITIONS}/basins.example.com"))
        .await;
    let conditions = refused["status"]["conditions"].as_array().unwrap();
    assert_eq!(conditions[0]["reason"], "ListKindConflict");
    assert_eq!(conditions[1]["status"], "False");
    let (status, _) = world
        .send(Method::GET, "/apis/example.com/v1/basins", Value::Null)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let path = format!("{DEFINITIONS}/bowls.example.com");
    world.send(Method::DELETE, &path, Value::Null).await;
    world.pass(2).await;
    let accepted = world
        .get(&format!("{DEFINITIONS}/basins.example.com"))
        .await;
    assert_eq!(accepted["status"]["acceptedNames"]["kind"], "Bowl");
    let (status, _) = world
        .send(Method::GET, "/apis/example.com/v1/basins", Value::Null)
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn definitions_of_a_kept_state_are_served_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let state = Some(folder.path().to_owned());
        let cluster = Cluster::builder()
            .nodes(0)
            .state(state)
            .start()
            .await
            .unwrap();
        World { cluster }
    };
    let world = start().await;
    world.send(Method::POST, DEFINITIONS, definition()).await;
    let path = format!("{DEFINITIONS}/bowls.example.com");
    while world.get(&path).await["status"]["conditions"][1]["status"] != "True" {
        tokio::task::yield_now().await;
    }
    world
        .send(Method::POST, BOWLS, bowl("a", json!({"size": 1})))
        .await;
    world.cluster.shutdown().await.unwrap();
    drop(world);
    let again = start().await;
    let seen = again.get(&format!("{BOWLS}/a")).await;
    assert_eq!(seen["spec"]["size"], 1, "{seen}");
    again.cluster.shutdown().await.unwrap();
}
