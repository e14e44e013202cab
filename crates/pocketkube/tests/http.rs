//! What clients get for requests that no client should send: the right `Status`, never a panic or
//! a hang.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use pocketkube::Cluster;
use pocketkube::authentication::UserInfo;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A control plane and the runtime that it lives in.
struct Fixture {
    runtime: tokio::runtime::Runtime,
    cluster: Cluster,
}

impl Fixture {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let cluster = runtime
            .block_on(Cluster::builder().nodes(0).start())
            .unwrap();
        Self { runtime, cluster }
    }

    fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        self.runtime.block_on(async {
            let response = self.cluster.server().handle(request).await;
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, serde_json::from_slice(&body).unwrap_or_default())
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .body(body.into())
            .unwrap();
        request.extensions_mut().insert(Arc::new(UserInfo::admin()));
        self.send(request)
    }
}

#[test]
fn wrong_requests_get_the_code_and_reason_that_upstream_gives() {
    let fixture = Fixture::new();
    let post = Method::POST;
    let huge = format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"k":"{}"}}}}"#,
        "x".repeat(3 * 1024 * 1024)
    );
    for (method, path, content_type, body, code, reason) in [
        (
            post.clone(),
            CONFIG_MAPS,
            "application/json",
            "{",
            400,
            "BadRequest",
        ),
        (
            post.clone(),
            CONFIG_MAPS,
            "application/yaml",
            "a: [",
            400,
            "BadRequest",
        ),
        (
            post.clone(),
            CONFIG_MAPS,
            "application/vnd.kubernetes.protobuf",
            "k8s",
            400,
            "BadRequest",
        ),
        (
            post.clone(),
            CONFIG_MAPS,
            "text/plain",
            "hello",
            415,
            "UnsupportedMediaType",
        ),
        (
            post.clone(),
            CONFIG_MAPS,
            "application/json",
            &huge,
            413,
            "RequestEntityTooLarge",
        ),
        (
            post.clone(),
            "/api/v1/namespaces/default/unheard-of",
            "application/json",
            "{}",
            404,
            "NotFound",
        ),
        (
            post.clone(),
            "/apis/apps/v1/unheard-of",
            "application/json",
            "{}",
            404,
            "NotFound",
        ),
        (
            Method::GET,
            "/api/v1/namespaces/default/configmaps/none",
            "",
            "",
            404,
            "NotFound",
        ),
        (Method::GET, "/nowhere", "", "", 404, "NotFound"),
        (
            Method::PUT,
            CONFIG_MAPS,
            "application/json",
            "{}",
            405,
            "MethodNotAllowed",
        ),
        (
            Method::PATCH,
            "/api/v1/namespaces/default/configmaps/a",
            "application/json",
            "{}",
            415,
            "UnsupportedMediaType",
        ),
        (
            Method::GET,
            "/api/v1/pods?labelSelector=a%20in",
            "",
            "",
            400,
            "BadRequest",
        ),
        (
            Method::GET,
            "/api/v1/configmaps?limit=x",
            "",
            "",
            400,
            "BadRequest",
        ),
    ] {
        let (status, answer) = fixture.request(method.clone(), path, content_type, body.to_owned());
        let found = (
            status.as_u16(),
            answer["reason"].as_str().unwrap_or_default(),
        );
        assert_eq!(found, (code, reason), "{method} {path}: {answer}");
        assert_eq!(answer["kind"], "Status");
    }
}

#[test]
fn strangers_are_refused_with_kubernetes_words() {
    let fixture = Fixture::new();
    let anonymous = Request::get(CONFIG_MAPS).body(Body::empty()).unwrap();
    let (status, answer) = fixture.send(anonymous);
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(
        answer["message"],
        r#"configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default""#
    );
    let forged = Request::get(CONFIG_MAPS)
        .header("authorization", "Bearer forged")
        .body(Body::empty())
        .unwrap();
    assert_eq!(fixture.send(forged).0, StatusCode::UNAUTHORIZED);
}

fn content_types() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "application/json",
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "",
        "nonsense",
    ])
}

fn methods() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ])
}

fn paths() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec![
        "api",
        "apis",
        "v1",
        "apps",
        "namespaces",
        "default",
        "pods",
        "services",
        "deployments",
        "configmaps",
        "a",
        "status",
        "scale",
        "log",
        "exec",
        "proxy",
        "binding",
        "watch",
        "%00",
        "%ff",
        "..",
        "",
        "openapi",
        "v2",
        "v3",
        "version",
        "healthz",
    ]);
    let query = prop::sample::select(vec![
        "",
        "?watch=true&timeoutSeconds=1",
        "?fieldSelector=metadata.name%3Da",
        "?labelSelector=%21",
        "?limit=1&continue=zzzz",
        "?resourceVersion=99999999",
        "?fieldManager=x&force=true&dryRun=All",
        "?container=&follow=true&tailLines=-1",
    ]);
    (prop::collection::vec(segment, 0..8), query)
        .prop_map(|(segments, query)| format!("/{}{query}", segments.join("/")))
}

/// Trees that look like objects, with a wrong thing here and there.
fn trees() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "a",
            "v1",
            "ConfigMap",
            "Pod",
            "1Gi",
            "$patch",
            "nginx"
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "annotations",
        "spec",
        "containers",
        "image",
        "ports",
        "containerPort",
        "selector",
        "template",
        "replicas",
        "data",
        "finalizers",
        "ownerReferences",
        "managedFields",
        "status",
        "$patch",
        "$retainKeys",
        "op",
        "path",
        "value",
    ]);
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn no_request_makes_the_server_panic_or_hang() {
    let fixture = Fixture::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let bytes = prop::collection::vec(any::<u8>(), 0..80);
    let inputs = (
        methods(),
        paths(),
        content_types(),
        prop_oneof![
            trees().prop_map(|tree| tree.to_string().into_bytes()),
            bytes.prop_map(|mut bytes| {
                let mut body = b"k8s\0".to_vec();
                body.append(&mut bytes);
                body
            }),
        ],
    );
    runner
        .run(&inputs, |(method, path, content_type, body)| {
            let (status, answer) = fixture.request(method, &path, content_type, body);
            if status.is_client_error() || status.is_server_error() {
                prop_assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{}", answer);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_token_is_verified_by_the_key_that_the_cluster_publishes() {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    let fixture = Fixture::new();
    let json = "application/json";
    let account = json!({"metadata": {"name": "robot"}}).to_string();
    let path = "/api/v1/namespaces/default/serviceaccounts";
    fixture.request(Method::POST, path, json, account);
    let ask = json!({"spec": {"audiences": ["vault"]}}).to_string();
    let path = format!("{path}/robot/token");
    let (_, answer) = fixture.request(Method::POST, &path, json, ask);
    let token = answer["status"]["token"].as_str().unwrap();

    let path = "/.well-known/openid-configuration";
    let (_, provider) = fixture.request(Method::GET, path, json, "");
    let (_, published) = fixture.request(Method::GET, "/openid/v1/jwks", json, "");
    let key = &published["keys"][0];
    let named = decode_header(token).unwrap().kid;
    assert_eq!(named.as_deref(), key["kid"].as_str());
    let key = serde_json::from_value(key.clone()).unwrap();
    let key = DecodingKey::from_jwk(&key).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["vault"]);
    validation.set_issuer(&[provider["issuer"].as_str().unwrap()]);
    let claims = decode::<Value>(token, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], "system:serviceaccount:default:robot");
}

#[test]
fn each_part_of_the_health_can_be_asked_alone() {
    let fixture = Fixture::new();
    let status = |path: &str| fixture.request(Method::GET, path, "application/json", "").0;
    assert_eq!(status("/readyz/shutdown"), StatusCode::OK);
    assert_eq!(status("/livez/nope"), StatusCode::NOT_FOUND);
}

#[test]
fn lists_refuse_a_limit_of_time_that_is_no_number() {
    let fixture = Fixture::new();
    let path = format!("{CONFIG_MAPS}?timeoutSeconds=soon");
    let (status, body) = fixture.request(Method::GET, &path, "application/json", "");
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        body["message"],
        "strconv.ParseInt: parsing \"soon\": invalid syntax"
    );
}
