//! Custom resources whose versions differ in more than their name.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::World;
use super::server::{Handler, TestServer, answering};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const V1: &str = "/apis/example.com/v1/namespaces/default/bowls";
const V2: &str = "/apis/example.com/v2/namespaces/default/bowls";

/// Bowls have a `size` in v1, which is stored, and a `diameter` with a unit in v2.
fn converting() -> Handler {
    answering(|question| {
        let request = &question["request"];
        let wanted = &request["desiredAPIVersion"];
        let objects = request["objects"].as_array().unwrap().iter();
        let converted: Vec<Value> = objects
            .map(|object| {
                let mut object = object.clone();
                let spec = object["spec"].take();
                object["apiVersion"] = wanted.clone();
                object["spec"] = match wanted.as_str() {
                    Some("example.com/v2") => {
                        json!({"diameter": format!("{}cm", spec["size"])})
                    }
                    _ => {
                        let text = spec["diameter"].as_str().unwrap();
                        let size: u64 = text.trim_end_matches("cm").parse().unwrap();
                        json!({"size": size})
                    }
                };
                object
            })
            .collect();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
            "response": {
                "uid": request["uid"], "result": {"status": "Success"},
                "convertedObjects": converted,
            },
        })
    })
}

fn version(name: &str, is_stored: bool, spec: Value) -> Value {
    json!({
        "name": name, "served": true, "storage": is_stored,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": spec},
        }}},
        "additionalPrinterColumns": [
            {"name": "Diameter", "type": "string", "jsonPath": ".spec.diameter"},
        ],
    })
}

async fn world(handler: Handler) -> (World, TestServer) {
    let world = World::new().await;
    let server = world.serve("converter", [10, 244, 9, 1], handler).await;
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "bowls.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "bowls", "kind": "Bowl"},
            "versions": [
                version("v1", true, json!({"size": {"type": "integer", "minimum": 1}})),
                version("v2", false, json!({"diameter": {"type": "string", "pattern": "^[0-9]+cm$"}})),
            ],
            "conversion": {"strategy": "Webhook", "webhook": {
                "conversionReviewVersions": ["v1"],
                "clientConfig": {
                    "service": {"namespace": "default", "name": "converter", "path": "/convert"},
                    "caBundle": server.bundle(),
                },
            }},
        },
    });
    world.create(DEFINITIONS, definition).await;
    world
        .cluster
        .clock()
        .sleep(std::time::Duration::from_secs(1))
        .await;
    (world, server)
}

fn bowl(version: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": format!("example.com/{version}"), "kind": "Bowl",
        "metadata": {"name": name}, "spec": spec,
    })
}

impl World {
    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, Value::Null).await.body
    }
}

#[tokio::test(start_paused = true)]
async fn each_version_is_judged_by_its_own_schema_and_stored_in_one() {
    let (world, server) = world(converting()).await;
    let created = world
        .create(V2, bowl("v2", "a", json!({"diameter": "7cm"})))
        .await;
    assert_eq!(created["apiVersion"], "example.com/v2");
    assert_eq!(created["spec"], json!({"diameter": "7cm"}));
    let asked = server.count();
    let stored = world.get(&format!("{V1}/a")).await;
    assert_eq!(stored["spec"], json!({"size": 7}));
    assert_eq!(server.count(), asked, "the stored version needs no webhook");
    let wrong = world
        .post(V2, bowl("v2", "b", json!({"diameter": "wide"})))
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.message().contains("spec.diameter: Invalid value"));
}

#[tokio::test(start_paused = true)]
async fn lists_are_converted_in_one_review_and_shown_in_columns() {
    let (world, server) = world(converting()).await;
    for (name, size) in [("a", 3), ("b", 4)] {
        world
            .create(V1, bowl("v1", name, json!({"size": size})))
            .await;
    }
    let before = server.count();
    let list = world.get(V2).await;
    assert_eq!(list["items"][0]["spec"], json!({"diameter": "3cm"}));
    assert_eq!(list["items"][1]["spec"], json!({"diameter": "4cm"}));
    assert_eq!(server.count(), before + 1);
    let review = server.asked.lock().last().cloned().unwrap();
    assert_eq!(review["kind"], "ConversionReview");
    assert_eq!(review["request"]["desiredAPIVersion"], "example.com/v2");
    assert_eq!(review["request"]["objects"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn changes_are_made_and_followed_in_the_clients_version() {
    let (world, _) = world(converting()).await;
    world.create(V1, bowl("v1", "a", json!({"size": 3}))).await;
    let patch = json!({"spec": {"diameter": "9cm"}});
    let changed = world.send(Method::PATCH, &format!("{V2}/a"), patch).await;
    assert_eq!(changed.body["spec"], json!({"diameter": "9cm"}));
    assert_eq!(
        world.get(&format!("{V1}/a")).await["spec"],
        json!({"size": 9})
    );
    let same = changed.body["metadata"]["resourceVersion"].clone();
    let patch = json!({"spec": {"diameter": "9cm"}});
    let again = world.send(Method::PATCH, &format!("{V2}/a"), patch).await;
    assert_eq!(again.body["metadata"]["resourceVersion"], same);
    let events = world
        .lines(&format!("{V2}?watch=true&timeoutSeconds=2"))
        .await;
    assert_eq!(events[0]["type"], "ADDED");
    assert_eq!(events[0]["object"]["spec"], json!({"diameter": "9cm"}));
    let gone = world
        .send(Method::DELETE, &format!("{V2}/a"), Value::Null)
        .await;
    assert_eq!(gone.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn what_the_converter_does_wrong_is_told() {
    let failing = answering(|question| {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
            "response": {
                "uid": question["request"]["uid"],
                "result": {"status": "Failed", "message": "no idea of bowls"},
            },
        })
    });
    let (world, _) = world(failing).await;
    world.create(V1, bowl("v1", "a", json!({"size": 3}))).await;
    let refused = world.send(Method::GET, V2, Value::Null).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        refused.message(),
        "conversion webhook for example.com/v1, Kind=Bowl failed: no idea of bowls"
    );
    let refused = world
        .post(V2, bowl("v2", "b", json!({"diameter": "7cm"})))
        .await;
    assert_eq!(
        refused.message(),
        "conversion webhook for example.com/v2, Kind=Bowl failed: no idea of bowls"
    );
}
