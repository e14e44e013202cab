//! What the API promises about requests, seen over HTTP: pages, watches, patches, dry runs, limits.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use pocketkube::Cluster;
use pocketkube::authentication::UserInfo;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    fn warnings(&self) -> Vec<&str> {
        let warnings = self.headers.get_all("warning").iter();
        warnings.map(|value| value.to_str().unwrap()).collect()
    }
}

async fn send(
    cluster: &Cluster,
    method: Method,
    path: &str,
    content_type: &str,
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .body(body.into())
        .unwrap();
    request.extensions_mut().insert(Arc::new(UserInfo::admin()));
    let response = cluster.server().handle(request).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

async fn get(cluster: &Cluster, path: &str) -> Answer {
    send(
        cluster,
        Method::GET,
        path,
        "application/json",
        Body::empty(),
    )
    .await
}

async fn create(cluster: &Cluster, name: &str, labels: Value) -> Answer {
    let body = json!({"metadata": {"name": name, "labels": labels}, "data": {"k": "v"}});
    send(
        cluster,
        Method::POST,
        CONFIG_MAPS,
        "application/json",
        body.to_string(),
    )
    .await
}

async fn start() -> Cluster {
    Cluster::builder().nodes(0).start().await.unwrap()
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_says_how_long_it_may_take() {
    let cluster = start().await;
    let answer = get(&cluster, &format!("{CONFIG_MAPS}?timeout=5s")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = get(&cluster, &format!("{CONFIG_MAPS}?timeout=soon")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.json()["message"],
        "invalid timeout specified in the request URL - time: invalid duration \"soon\""
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_server_counts_can_be_read() {
    let cluster = start().await;
    create(&cluster, "a", json!({})).await;
    get(&cluster, CONFIG_MAPS).await;
    let answer = get(&cluster, "/metrics").await;
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "apiserver_request_total{code=\"201\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"configmaps\",scope=\"resource\",subresource=\"\",verb=\"POST\",version=\"v1\"} 1",
        "apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"configmaps\",scope=\"namespace\",subresource=\"\",verb=\"LIST\",version=\"v1\"} 1",
        "apiserver_current_inflight_requests{request_kind=\"readOnly\"} 1",
    ] {
        assert!(
            answer.text.lines().any(|found| found == line),
            "{line}\n{}",
            answer.text
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_list_is_compressed_for_who_reads_gzip() {
    let cluster = start().await;
    for index in 0..3 {
        let body =
            json!({"metadata": {"name": format!("m{index}")}, "data": {"k": "x".repeat(60_000)}});
        let answer = send(
            &cluster,
            Method::POST,
            CONFIG_MAPS,
            "application/json",
            body.to_string(),
        )
        .await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
    let mut request = Request::builder()
        .uri(CONFIG_MAPS)
        .header("accept-encoding", "gzip")
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(Arc::new(UserInfo::admin()));
    let response = cluster.server().handle(request).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let plain = get(&cluster, CONFIG_MAPS).await;
    assert!(!plain.headers.contains_key("content-encoding"));
    assert!(plain.text.len() > 180_000);
}

#[tokio::test(start_paused = true)]
async fn a_head_request_is_answered_without_a_body() {
    let cluster = start().await;
    let whole = get(&cluster, CONFIG_MAPS).await;
    let head = send(
        &cluster,
        Method::HEAD,
        CONFIG_MAPS,
        "application/json",
        Body::empty(),
    )
    .await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(head.headers["content-length"], whole.text.len().to_string());
}

#[tokio::test(start_paused = true)]
async fn a_pod_needs_the_runtime_class_that_it_names() {
    let cluster = start().await;
    let pods = "/api/v1/namespaces/default/pods";
    let pod = json!({"metadata": {"name": "p"}, "spec": {
        "runtimeClassName": "gvisor", "containers": [{"name": "c", "image": "nginx"}],
    }});
    let answer = send(
        &cluster,
        Method::POST,
        pods,
        "application/json",
        pod.to_string(),
    )
    .await;
    assert_eq!(
        answer.json()["message"],
        "pods \"p\" is forbidden: pod rejected: RuntimeClass \"gvisor\" not found"
    );
    let class = json!({
        "metadata": {"name": "gvisor"}, "handler": "runsc",
        "overhead": {"podFixed": {"cpu": "100m"}},
    });
    let classes = "/apis/node.k8s.io/v1/runtimeclasses";
    let answer = send(
        &cluster,
        Method::POST,
        classes,
        "application/json",
        class.to_string(),
    )
    .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let answer = send(
        &cluster,
        Method::POST,
        pods,
        "application/json",
        pod.to_string(),
    )
    .await;
    assert_eq!(
        answer.json()["spec"]["overhead"]["cpu"],
        "100m",
        "{}",
        answer.text
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_says_which_pods_it_refuses_and_which_it_warns_of() {
    let cluster = start().await;
    let namespace = "/api/v1/namespaces/default";
    let label = |mode: &str, level: &str| {
        let key = format!("pod-security.kubernetes.io/{mode}");
        let patch = json!({"metadata": {"labels": {key: level}}}).to_string();
        let cluster = &cluster;
        async move {
            let merge = "application/merge-patch+json";
            send(cluster, Method::PATCH, namespace, merge, patch).await
        }
    };
    let run = |name: &str, privileged: bool| {
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": [
            {"name": "c", "image": "nginx", "securityContext": {"privileged": privileged}},
        ]}})
        .to_string();
        let cluster = &cluster;
        async move {
            let path = format!("{namespace}/pods");
            send(cluster, Method::POST, &path, "application/json", pod).await
        }
    };
    assert_eq!(
        label("enforce", "strict").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    label("enforce", "baseline").await;
    label("warn", "restricted").await;
    let refused = run("a", true).await;
    assert_eq!(
        refused.json()["message"],
        "pods \"a\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set securityContext.privileged=true)"
    );
    let taken = run("a", false).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text);
    let warning = taken.warnings().concat();
    let expected = r#"299 - "would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false"#;
    assert!(warning.starts_with(expected), "{warning}");
    let stricter = label("enforce", "restricted").await;
    assert_eq!(
        stricter.warnings(),
        [
            r#"299 - "existing pods in namespace \"default\" violate the new PodSecurity enforce level \"restricted:latest\"""#,
            r#"299 - "a: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_that_came_too_late_can_be_continued_with_what_there_is_now() {
    let cluster = start().await;
    for name in ["a", "b", "c"] {
        create(&cluster, name, json!({"page": "1"})).await;
    }
    let path = format!("{CONFIG_MAPS}?labelSelector=page%3D1&limit=1");
    let first = get(&cluster, &path).await.json();
    assert_eq!(names(&first), ["a"]);
    let token = first["metadata"]["continue"].as_str().unwrap();

    // More changes than the log remembers.
    for round in 0..4_200 {
        let patch = json!({"data": {"round": round.to_string()}}).to_string();
        let path = format!("{CONFIG_MAPS}/c");
        send(
            &cluster,
            Method::PATCH,
            &path,
            "application/merge-patch+json",
            patch,
        )
        .await;
    }
    let late = get(&cluster, &format!("{path}&continue={token}")).await;
    assert_eq!(late.status, StatusCode::GONE);
    let late = late.json();
    assert_eq!(late["reason"], "Expired");
    let token = late["metadata"]["continue"].as_str().unwrap();
    create(&cluster, "bb", json!({"page": "1"})).await;
    let path = format!("{CONFIG_MAPS}?labelSelector=page%3D1&continue={token}");
    assert_eq!(names(&get(&cluster, &path).await.json()), ["b", "bb", "c"]);
    let answer = get(&cluster, &format!("{path}&resourceVersion=5")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_watch_begins_where_it_is_asked_to() {
    let cluster = start().await;
    create(&cluster, "a", json!({"seen": "1"})).await;
    let watch = |query: &str| {
        format!(
            "{CONFIG_MAPS}?watch=1&labelSelector=seen&timeoutSeconds=1&allowWatchBookmarks=true&{query}"
        )
    };
    let types = |answer: &Answer| -> Vec<String> {
        let events = answer
            .text
            .lines()
            .map(|line| -> Value { serde_json::from_str(line).unwrap() });
        events
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let answer = get(&cluster, &watch("")).await;
    assert_eq!(types(&answer), ["ADDED", "BOOKMARK"]);
    let initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let answer = get(&cluster, &watch(initial)).await;
    assert_eq!(types(&answer), ["ADDED", "BOOKMARK", "BOOKMARK"]);
    assert!(answer.text.contains("k8s.io/initial-events-end"));
    let none = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    let answer = get(&cluster, &watch(none)).await;
    assert_eq!(types(&answer), ["BOOKMARK"]);

    let answer = get(&cluster, &format!("{CONFIG_MAPS}?sendInitialEvents=true")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer
            .text
            .contains("sendInitialEvents is forbidden for list")
    );
    let answer = get(&cluster, &format!("{CONFIG_MAPS}/a?resourceVersion=999999")).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn fields_that_a_patch_gives_twice_are_told_or_refused() {
    let cluster = start().await;
    create(&cluster, "a", json!({})).await;
    let patch = |validation: &'static str, content_type: &'static str, body: &'static str| {
        let path = format!("{CONFIG_MAPS}/a?fieldManager=me&fieldValidation={validation}");
        let cluster = &cluster;
        async move { send(cluster, Method::PATCH, &path, content_type, body).await }
    };
    let twice = r#"{"data": {"x": "1", "x": "2"}}"#;
    for kind in [
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    ] {
        let answer = patch("Strict", kind, twice).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.text
        );
        assert!(
            answer
                .text
                .contains("strict decoding error: duplicate field"),
            "{}",
            answer.text
        );
        let answer = patch("Warn", kind, twice).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.warnings()[0].contains("duplicate field"));
        let answer = patch("Ignore", kind, twice).await;
        assert_eq!(
            (answer.status, answer.warnings().len()),
            (StatusCode::OK, 0)
        );
    }
    let answer = patch("Warn", "application/strategic-merge-patch+json", "[]").await;
    assert_eq!(
        answer.json()["message"],
        "json: cannot unmarshal array into Go value of type map[string]interface {}"
    );
    let configuration =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', x: '2'}\n";
    let answer = patch("Strict", "application/apply-patch+yaml", configuration).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    assert!(answer.text.contains("error strict decoding YAML"));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_of_any_verb_stores_nothing() {
    let cluster = start().await;
    create(&cluster, "a", json!({"dry": "1"})).await;
    let all = format!("{CONFIG_MAPS}?labelSelector=dry");
    let before = get(&cluster, &all).await.json();
    let a = format!("{CONFIG_MAPS}/a");
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]});
    let json = "application/json";
    let changed = json!({"metadata": {"name": "a"}, "data": {"k": "w"}});
    for (method, path, kind, body) in [
        (
            Method::POST,
            format!("{CONFIG_MAPS}?dryRun=All"),
            json,
            json!({"metadata": {"generateName": "x-", "labels": {"dry": "1"}}}),
        ),
        (Method::PUT, format!("{a}?dryRun=All"), json, changed),
        (
            Method::PATCH,
            format!("{a}?dryRun=All"),
            "application/merge-patch+json",
            json!({"data": {"n": "1"}}),
        ),
        (
            Method::PATCH,
            format!("{a}?dryRun=All&fieldManager=me"),
            "application/apply-patch+yaml",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"o": "1"}}),
        ),
        (Method::DELETE, format!("{a}?dryRun=All"), json, Value::Null),
        (Method::DELETE, a.clone(), json, options.clone()),
        (Method::DELETE, CONFIG_MAPS.to_owned(), json, options),
    ] {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = send(&cluster, method.clone(), &path, kind, text).await;
        assert!(
            answer.status.is_success(),
            "{method} {path}: {}",
            answer.text
        );
    }
    let after = get(&cluster, &all).await.json();
    assert_eq!(before["items"], after["items"]);
    let wrong = json!({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["Some"]});
    let answer = send(&cluster, Method::DELETE, &a, json, wrong.to_string()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// Pages of a list that changes while it is read.
async fn pages(cluster: &Cluster, case: u32, size: usize, limit: usize, deleted: &[usize]) {
    let selector = format!("labelSelector=case%3D{case}");
    for index in 0..size {
        let name = format!("case-{case}-{index:02}");
        create(cluster, &name, json!({"case": case.to_string()})).await;
    }
    let all = names(
        &get(cluster, &format!("{CONFIG_MAPS}?{selector}"))
            .await
            .json(),
    );
    let mut read = Vec::new();
    let mut token = String::new();
    let mut revision = None;
    loop {
        let path = format!("{CONFIG_MAPS}?{selector}&limit={limit}&continue={token}");
        let page = get(cluster, &path).await.json();
        let items = names(&page);
        assert!(items.len() <= limit);
        read.extend(items);
        let version = page["metadata"]["resourceVersion"].clone();
        assert_eq!(*revision.get_or_insert(version.clone()), version);
        token = page["metadata"]["continue"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if token.is_empty() {
            break;
        }
        // What others do meanwhile does not show.
        for index in deleted {
            let path = format!("{CONFIG_MAPS}/case-{case}-{index:02}");
            send(
                cluster,
                Method::DELETE,
                &path,
                "application/json",
                Body::empty(),
            )
            .await;
        }
        let name = format!("case-{case}-{}-new", read.len());
        create(cluster, &name, json!({"case": case.to_string()})).await;
    }
    assert_eq!(read, all);
}

#[test]
fn pages_together_are_the_list_as_it_was_at_the_first() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let cluster = runtime.block_on(start());
    let case = std::cell::Cell::new(0);
    let inputs = (
        0..9_usize,
        1..5_usize,
        prop::collection::vec(0..9_usize, 0..4),
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    runner
        .run(&inputs, |(size, limit, deleted)| {
            case.set(case.get() + 1);
            runtime.block_on(pages(&cluster, case.get(), size, limit, &deleted));
            Ok(())
        })
        .unwrap();
}
