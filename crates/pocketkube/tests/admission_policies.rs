//! Policies in CEL that refuse and warn.

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use pocketkube::Cluster;
use pocketkube::authentication::UserInfo;
use serde_json::{Value, json};

const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// The status, the body and the warnings of an answer.
async fn post(cluster: &Cluster, path: &str, body: Value) -> (StatusCode, Value, Vec<String>) {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(Arc::new(UserInfo::admin()));
    let response = cluster.server().handle(request).await;
    let status = response.status();
    let warnings = response.headers().get_all("warning").iter();
    let warnings = warnings.map(|value| value.to_str().unwrap().to_owned());
    let warnings = warnings.collect();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap(), warnings)
}

async fn world(actions: &[&str]) -> Cluster {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "short"},
        "spec": {
            "failurePolicy": "Fail",
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"],
                "operations": ["CREATE", "UPDATE"],
            }]},
            "matchConditions": [{"name": "not-exempt", "expression": "!('exempt' in object.metadata.?labels.orValue({}))"}],
            "variables": [{"name": "size", "expression": "has(object.data) ? object.data.size() : 0"}],
            "validations": [{
                "expression": "variables.size <= int(params.data.most)",
                "messageExpression": "'at most ' + params.data.most + ' entries, not ' + string(variables.size)",
            }],
        },
    });
    let parameters = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits", "labels": {"exempt": ""}},
        "data": {"most": "1"},
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "everywhere"},
        "spec": {
            "policyName": "short", "validationActions": actions,
            "paramRef": {"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"},
        },
    });
    for (path, object) in [
        (CONFIG_MAPS.to_owned(), parameters),
        (format!("{GROUP}/validatingadmissionpolicies"), policy),
        (
            format!("{GROUP}/validatingadmissionpolicybindings"),
            binding,
        ),
    ] {
        let (status, body, _) = post(&cluster, &path, object).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
    cluster
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

#[tokio::test(start_paused = true)]
async fn a_bound_policy_refuses_with_its_message() {
    let cluster = world(&["Deny"]).await;
    let (status, body, _) = post(
        &cluster,
        CONFIG_MAPS,
        config_map("a", json!({"x": "1", "y": "2"})),
    )
    .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert_eq!(body["reason"], "Invalid");
    assert_eq!(
        body["message"],
        "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'short' with binding 'everywhere' denied request: at most 1 entries, not 2"
    );
    let (status, body, _) = post(&cluster, CONFIG_MAPS, config_map("b", json!({"x": "1"}))).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_binding_that_warns_lets_pass() {
    let cluster = world(&["Warn"]).await;
    let (status, _, warnings) = post(
        &cluster,
        CONFIG_MAPS,
        config_map("a", json!({"x": "1", "y": "2"})),
    )
    .await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("Validation failed for ValidatingAdmissionPolicy 'short' with binding 'everywhere': at most 1 entries, not 2"));
}
