//! What CustomResourceDefinitions of the size of cert-manager's cost: to register, to be told of,
//! to hold objects against, and to those who have nothing to do with them:
//! `cargo bench -p pocketkube --bench definitions`.
//!
//! Requests go straight into the router, so that what is measured is the API server alone.

use std::time::{Duration, Instant};

use http::{Method, Request};
use kube::Client;
use pocketkube::Cluster;
use serde_json::{Map, Value, json};

const ROUNDS: usize = 5;
const OBJECTS: usize = 200;
/// Properties at each level of a schema, but the last.
const WIDTH: usize = 7;
const DEPTH: usize = 3;
const WORDS: &str = "If specified, the pod's scheduling constraints. The scheduler will prefer to schedule pods to nodes that satisfy the expressions, but it may choose a node that violates one or more of them.";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A schema with `WIDTH`^`DEPTH` objects of five fields each, some of them under rules.
fn schema(depth: usize) -> Value {
    let mut properties = Map::new();
    if depth == 0 {
        properties.insert(
            "name".into(),
            text(json!({"maxLength": 63, "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$"})),
        );
        properties.insert(
            "mode".into(),
            text(json!({"enum": ["Always", "Never"], "default": "Always"})),
        );
        properties.insert(
            "count".into(),
            json!({"type": "integer", "minimum": 0, "maximum": 100, "description": WORDS}),
        );
        properties.insert("port".into(), json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}));
        properties.insert("labels".into(), json!({
            "type": "object", "maxProperties": 8, "additionalProperties": {"type": "string", "maxLength": 63},
        }));
        return json!({
            "type": "object", "description": WORDS, "required": ["name"], "properties": properties,
            "x-kubernetes-validations": [
                {"rule": "!has(self.count) || self.count % 2 == 0", "message": "must be even"},
                {"rule": "self.mode != 'Never' || !has(self.labels)"},
            ],
        });
    }
    for n in 0..WIDTH {
        let below = schema(depth - 1);
        let property = match n % 3 {
            0 => json!({"type": "array", "maxItems": 4, "items": below}),
            _ => below,
        };
        properties.insert(format!("field{n}"), property);
    }
    json!({"type": "object", "description": WORDS, "properties": properties})
}

fn text(more: Value) -> Value {
    let mut schema = json!({"type": "string", "description": WORDS});
    if let (Some(schema), Value::Object(more)) = (schema.as_object_mut(), more) {
        schema.extend(more);
    }
    schema
}

fn definition(n: usize) -> Value {
    let plural = format!("things{n}");
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.bench.example.com")},
        "spec": {
            "group": "bench.example.com", "scope": "Namespaced",
            "names": {"plural": plural, "kind": format!("Thing{n}")},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": schema(DEPTH),
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }],
        },
    })
}

/// Fills a good part of what a schema allows.
fn value(depth: usize) -> Value {
    if depth == 0 {
        return json!({"name": "some-name", "count": 4, "port": "http", "labels": {"app": "web"}});
    }
    let fields = (0..WIDTH / 2).map(|n| {
        let below = value(depth - 1);
        let value = match n % 3 {
            0 => json!([below.clone(), below]),
            _ => below,
        };
        (format!("field{n}"), value)
    });
    Value::Object(fields.collect())
}

fn object(n: usize) -> Value {
    json!({
        "apiVersion": "bench.example.com/v1", "kind": "Thing0",
        "metadata": {"name": format!("thing-{n}")}, "spec": value(DEPTH),
    })
}

fn config_map(n: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("item-{n}")},
        "data": {"text": "x".repeat(700)},
    })
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<String, Failure> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("content-type", "application/json");
    Ok(client.request_text(request.body(body)?).await?)
}

async fn get(client: &Client, path: &str) -> Result<usize, Failure> {
    Ok(send(client, Method::GET, path, Vec::new()).await?.len())
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// How long each of `rounds` took, the middle one and the longest.
struct Spans(Vec<Duration>);

impl Spans {
    fn show(mut self, name: &str) {
        self.0.sort();
        let (Some(median), Some(longest)) = (self.0.get(self.0.len() / 2), self.0.last()) else {
            return;
        };
        println!(
            "{name:<44} {:>9.2} ms {:>9.2} ms",
            millis(*median),
            millis(*longest)
        );
    }
}

async fn timed(
    client: &Client,
    path: &str,
    body: impl Fn(usize) -> Value,
    count: usize,
) -> Result<Spans, Failure> {
    let mut spans = Vec::new();
    for n in 0..count {
        let body = body(n).to_string().into_bytes();
        let begin = Instant::now();
        send(client, Method::POST, path, body).await?;
        spans.push(begin.elapsed());
    }
    Ok(Spans(spans))
}

/// Registers definitions: until the answer, and until the first list of what they define.
async fn register(client: &Client) -> Result<(), Failure> {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let size = definition(0).to_string().len();
    println!(
        "a definition of {} KB, {} objects in its schema",
        size / 1024,
        WIDTH.pow(DEPTH as u32)
    );
    let (mut answered, mut served) = (Vec::new(), Vec::new());
    for n in 0..ROUNDS {
        let body = definition(n).to_string().into_bytes();
        let begin = Instant::now();
        send(client, Method::POST, path, body).await?;
        answered.push(begin.elapsed());
        let list = format!("/apis/bench.example.com/v1/things{n}");
        while get(client, &list).await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        served.push(begin.elapsed());
    }
    Spans(answered).show("register, until it is answered");
    Spans(served).show("register, until it is served");
    Ok(())
}

/// Documents after a change of the table, and again.
async fn documents(client: &Client) -> Result<(), Failure> {
    for (name, path) in [
        ("/openapi/v3", "/openapi/v3"),
        (
            "/openapi/v3 of the group",
            "/openapi/v3/apis/bench.example.com/v1",
        ),
        ("/openapi/v2", "/openapi/v2"),
        ("/apis/… of the group", "/apis/bench.example.com/v1"),
    ] {
        let mut spans = Vec::new();
        let mut size = 0;
        for _ in 0..2 {
            let begin = Instant::now();
            size = get(client, path).await?;
            spans.push(begin.elapsed());
        }
        println!(
            "{name:<44} {:>9.2} ms {:>9.2} ms again, {} KB",
            millis(spans[0]),
            millis(spans[1]),
            size / 1024,
        );
    }
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "a benchmark ends with its process"
)]
#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cluster = Cluster::start().await?;
    let client = cluster.client();
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("{:<44} {:>12} {:>12}", "", "median", "longest");
    get(&client, "/openapi/v3").await?;
    get(&client, "/openapi/v2").await?;
    register(&client).await?;
    documents(&client).await?;
    let maps = "/api/v1/namespaces/default/configmaps";
    timed(&client, maps, config_map, OBJECTS)
        .await?
        .show("create a ConfigMap, alone");
    let things = "/apis/bench.example.com/v1/namespaces/default/things0";
    println!("an object of {} KB", object(0).to_string().len() / 1024);
    timed(&client, things, object, OBJECTS)
        .await?
        .show("create a custom object, alone");
    let busy = {
        let client = client.clone();
        tokio::spawn(
            async move { timed(&client, things, |n| object(OBJECTS + n), OBJECTS * 2).await },
        )
    };
    let beside = timed(&client, maps, |n| config_map(OBJECTS + n), OBJECTS).await?;
    beside.show("create a ConfigMap, beside custom objects");
    busy.await??
        .show("create a custom object, beside ConfigMaps");
    let _ = cluster.shutdown().await;
    Ok(())
}
