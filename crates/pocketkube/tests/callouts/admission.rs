//! Webhooks that change and refuse what is written.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::server::{Handler, TestServer, answering};
use super::{Answer, World};

const REGISTRATION: &str = "/apis/admissionregistration.k8s.io/v1";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const PODS: &str = "/api/v1/namespaces/default/pods";

/// The answer to a review.
fn review(question: &Value, response: Value) -> Value {
    let mut response = response;
    response["uid"] = question["request"]["uid"].clone();
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}

fn allowing() -> Handler {
    answering(|question| review(question, json!({"allowed": true})))
}

/// Always patches like this.
fn patching(patch: Value) -> Handler {
    answering(move |question| {
        let patch = STANDARD.encode(patch.to_string());
        review(
            question,
            json!({"allowed": true, "patchType": "JSONPatch", "patch": patch}),
        )
    })
}

/// A configuration of one webhook, for `resources` of the core group.
fn configuration(name: &str, service: &str, server: &TestServer, resources: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "metadata": {"name": name},
        "webhooks": [{
            "name": format!("{name}.example.com"), "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {
                "service": {"namespace": "default", "name": service, "path": "/hook"},
                "caBundle": server.bundle(),
            },
            "rules": [{
                "operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"],
                "resources": [resources],
            }],
        }],
    })
}

impl World {
    async fn mutating(&self, configuration: Value) {
        let path = format!("{REGISTRATION}/mutatingwebhookconfigurations");
        self.create(&path, configuration).await;
    }

    async fn validating(&self, configuration: Value) {
        let path = format!("{REGISTRATION}/validatingwebhookconfigurations");
        self.create(&path, configuration).await;
    }

    /// Nobody but the test makes Secrets.
    async fn secret(&self, name: &str) -> Answer {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
        self.post("/api/v1/namespaces/default/secrets", secret)
            .await
    }

    async fn config_map(&self, name: &str, data: Value) -> Answer {
        self.post(CONFIG_MAPS, config_map(name, data)).await
    }
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

#[tokio::test(start_paused = true)]
async fn what_a_webhook_adds_is_defaulted_and_stored() {
    let world = World::new().await;
    let sidecar = json!([
        {"op": "add", "path": "/spec/containers/-", "value": {"name": "side", "image": "nginx:1.27"}},
    ]);
    let server = world
        .serve("hook", [10, 244, 9, 1], patching(sidecar))
        .await;
    world
        .mutating(configuration("sidecars", "hook", &server, "pods"))
        .await;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "own", "image": "nginx:1.27"}]},
    });
    let created = world.create(PODS, pod).await;
    let side = &created["spec"]["containers"][1];
    assert_eq!(side["name"], "side");
    assert_eq!(side["imagePullPolicy"], "IfNotPresent");
    assert_eq!(side["terminationMessagePath"], "/dev/termination-log");
}

#[tokio::test(start_paused = true)]
async fn a_review_describes_the_request() {
    let world = World::new().await;
    let server = world.serve("hook", [10, 244, 9, 1], allowing()).await;
    world
        .validating(configuration("all", "hook", &server, "configmaps"))
        .await;
    let path = format!("{CONFIG_MAPS}?fieldManager=me&dryRun=All");
    let body = config_map("a", json!({"k": "v"}));
    assert_eq!(world.post(&path, body).await.status, StatusCode::CREATED);
    let review = server.asked.lock()[0].clone();
    assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(review["kind"], "AdmissionReview");
    let mut request = review["request"].clone();
    assert_eq!(request["uid"].as_str().unwrap().len(), 36);
    assert_eq!(request["object"]["data"], json!({"k": "v"}));
    assert_eq!(request["object"]["kind"], "ConfigMap");
    for field in ["uid", "object"] {
        request.as_object_mut().unwrap().remove(field);
    }
    let kind = json!({"group": "", "version": "v1", "kind": "ConfigMap"});
    let resource = json!({"group": "", "version": "v1", "resource": "configmaps"});
    assert_eq!(
        request,
        json!({
            "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
            "name": "a", "namespace": "default", "operation": "CREATE", "dryRun": true,
            "oldObject": null,
            "userInfo": {
                "username": "kubernetes-admin",
                "groups": ["system:masters", "system:authenticated"],
            },
            "options": {
                "apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions",
                "dryRun": ["All"], "fieldManager": "me",
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn updates_and_deletions_show_the_object_before() {
    let world = World::new().await;
    world.config_map("a", json!({"k": "1"})).await;
    let server = world.serve("hook", [10, 244, 9, 1], allowing()).await;
    world
        .validating(configuration("all", "hook", &server, "configmaps"))
        .await;
    let path = format!("{CONFIG_MAPS}/a");
    let patch = json!({"data": {"k": "2"}});
    let changed = world.send(Method::PATCH, &path, patch).await;
    assert_eq!(changed.status, StatusCode::OK);
    let gone = world.send(Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::OK);
    let asked = server.asked.lock();
    let of = |at: usize| &asked[at]["request"];
    assert_eq!(of(0)["operation"], "UPDATE");
    assert_eq!(of(0)["oldObject"]["data"]["k"], "1");
    assert_eq!(of(0)["object"]["data"]["k"], "2");
    assert_eq!(of(0)["options"]["kind"], "UpdateOptions");
    assert_eq!(of(1)["operation"], "DELETE");
    assert_eq!(of(1)["name"], "a");
    assert_eq!(of(1)["object"], Value::Null);
    assert_eq!(of(1)["oldObject"]["data"]["k"], "2");
    assert_eq!(of(1)["options"]["kind"], "DeleteOptions");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_warnings_reach_the_client() {
    let world = World::new().await;
    let handler = answering(|question| {
        let is_good = question["request"]["object"]["data"]["tag"] != "latest";
        let mut response = json!({"allowed": is_good, "warnings": ["think of the tags"]});
        if !is_good {
            response["status"] =
                json!({"message": "no latest tag", "code": 403, "reason": "Forbidden"});
        }
        review(question, response)
    });
    let server = world.serve("hook", [10, 244, 9, 1], handler).await;
    world
        .validating(configuration("tags", "hook", &server, "configmaps"))
        .await;
    let refused = world.config_map("a", json!({"tag": "latest"})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        refused.message(),
        "admission webhook \"tags.example.com\" denied the request: no latest tag"
    );
    assert_eq!(refused.body["reason"], "Forbidden");
    assert_eq!(refused.warnings, ["299 - \"think of the tags\""]);
    let created = world.config_map("b", json!({"tag": "1"})).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.warnings, ["299 - \"think of the tags\""]);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_cannot_be_asked_stops_the_request_unless_it_fails_open() {
    let world = World::new().await;
    let server = world.serve("hook", [10, 244, 9, 1], allowing()).await;
    let mut lost = configuration("lost", "nobody", &server, "configmaps");
    world.validating(lost.clone()).await;
    let refused = world.config_map("a", json!({})).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        refused.message(),
        "Internal error occurred: failed calling webhook \"lost.example.com\": failed to call webhook: Post \"https://nobody.default.svc:443/hook?timeout=10s\": service \"nobody\" not found"
    );
    let path = format!("{REGISTRATION}/validatingwebhookconfigurations/lost");
    world.send(Method::DELETE, &path, Value::Null).await;
    lost["webhooks"][0]["failurePolicy"] = json!("Ignore");
    world.validating(lost).await;
    assert_eq!(
        world.config_map("a", json!({})).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_without_ready_endpoints_is_named() {
    let world = World::new().await;
    let server = world.serve("hook", [10, 244, 9, 1], allowing()).await;
    world
        .validating(configuration("all", "hook", &server, "configmaps"))
        .await;
    let slice = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/hook";
    world.send(Method::DELETE, slice, Value::Null).await;
    let refused = world.config_map("a", json!({})).await;
    assert!(
        refused
            .message()
            .ends_with("no endpoints available for service \"hook\""),
        "{}",
        refused.message()
    );
}

#[tokio::test(start_paused = true)]
async fn certificates_must_be_of_the_bundle_and_have_the_services_name() {
    let world = World::new().await;
    let server = world.serve("hook", [10, 244, 9, 1], allowing()).await;
    let other = TestServer::inside(
        &world.cluster,
        "other.default.svc",
        [10, 244, 9, 2],
        allowing(),
        None,
    );
    let stranger = configuration("stranger", "hook", &other, "secrets");
    world.validating(stranger).await;
    let misnamed = world.serve("alias", [10, 244, 9, 3], allowing()).await;
    let slice = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/alias";
    let elsewhere = json!({"endpoints": [{"addresses": ["10.244.9.1"]}]});
    world.send(Method::PATCH, slice, elsewhere).await;
    let wrong = configuration("wrong", "alias", &misnamed, "configmaps");
    world.validating(wrong).await;
    let refused = world.secret("a").await;
    assert!(
        refused.message().ends_with(
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        ),
        "{}",
        refused.message()
    );
    let refused = world.config_map("a", json!({})).await;
    assert!(
        refused
            .message()
            .ends_with("x509: certificate is valid for hook.default.svc, not alias.default.svc"),
        "{}",
        refused.message()
    );
    assert_eq!(server.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_has_as_long_as_its_configuration_says() {
    let world = World::new().await;
    let handler: Handler = Arc::new(|_| Box::pin(std::future::pending()));
    let server = world.serve("hook", [10, 244, 9, 1], handler).await;
    let mut slow = configuration("slow", "hook", &server, "configmaps");
    slow["webhooks"][0]["timeoutSeconds"] = json!(3);
    world.validating(slow).await;
    let refused = world.config_map("a", json!({})).await;
    assert!(
        refused.message().ends_with(
            "Post \"https://hook.default.svc:443/hook?timeout=3s\": context deadline exceeded"
        ),
        "{}",
        refused.message()
    );
}

#[tokio::test(start_paused = true)]
async fn webhooks_with_side_effects_are_not_asked_about_dry_runs() {
    let world = World::new().await;
    let server = world.serve("hook", [10, 244, 9, 1], allowing()).await;
    let mut effective = configuration("effective", "hook", &server, "configmaps");
    effective["webhooks"][0]["sideEffects"] = json!("NoneOnDryRun");
    world.validating(effective).await;
    let path = format!("{CONFIG_MAPS}?dryRun=All");
    let answer = world.post(&path, config_map("a", json!({}))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(server.asked.lock()[0]["request"]["dryRun"], true);
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_called_in_order_and_again_where_they_ask_for_it() {
    let world = World::new().await;
    let count = answering(|question| {
        let seen = question["request"]["object"]["data"]["seen"].as_str();
        let seen: u32 = seen.unwrap_or("0").parse().unwrap();
        let patch = json!([{"op": "add", "path": "/data/seen", "value": (seen + 1).to_string()}]);
        let patch = STANDARD.encode(patch.to_string());
        let response = json!({"allowed": true, "patchType": "JSONPatch", "patch": patch});
        review(question, response)
    });
    let late = patching(json!([{"op": "add", "path": "/data/late", "value": "yes"}]));
    let second = world.serve("second", [10, 244, 9, 2], late).await;
    world
        .mutating(configuration("b", "second", &second, "configmaps"))
        .await;
    let first = world.serve("first", [10, 244, 9, 1], count).await;
    let mut early = configuration("a", "first", &first, "configmaps");
    early["webhooks"][0]["reinvocationPolicy"] = json!("IfNeeded");
    world.mutating(early).await;
    let created = world.config_map("a", json!({"k": "v"})).await;
    let expected = json!({"k": "v", "seen": "2", "late": "yes"});
    assert_eq!(created.body["data"], expected, "{}", created.body);
    assert_eq!((first.count(), second.count()), (2, 1));
    let asked = first.asked.lock();
    assert_eq!(asked[0]["request"]["object"]["data"]["late"], Value::Null);
    assert_eq!(asked[1]["request"]["object"]["data"]["late"], "yes");
}

#[tokio::test(start_paused = true)]
async fn patches_that_do_not_fit_and_objects_made_wrong_are_told() {
    let world = World::new().await;
    let no_map = json!([{"op": "add", "path": "/metadata/labels/team", "value": "a"}]);
    let server = world.serve("hook", [10, 244, 9, 1], patching(no_map)).await;
    world
        .mutating(configuration("labels", "hook", &server, "configmaps"))
        .await;
    let refused = world.config_map("a", json!({})).await;
    assert_eq!(
        refused.message(),
        "Internal error occurred: add operation does not apply: doc is missing path: \"/metadata/labels/team\": missing value"
    );
    let wrong = json!([{"op": "add", "path": "/metadata/labels", "value": {"a b": "c"}}]);
    let wrong = world.serve("wrong", [10, 244, 9, 2], patching(wrong)).await;
    world
        .mutating(configuration("wrong", "wrong", &wrong, "secrets"))
        .await;
    let refused = world.secret("a").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .message()
            .starts_with("Secret \"a\" is invalid: metadata.labels: Invalid value: \"a b\""),
        "{}",
        refused.message()
    );
}

#[tokio::test(start_paused = true)]
async fn conditions_selectors_and_operations_choose_the_requests() {
    let world = World::new().await;
    let refuse = answering(|question| review(question, json!({"allowed": false})));
    let server = world.serve("hook", [10, 244, 9, 1], refuse).await;
    let mut picky = configuration("picky", "hook", &server, "configmaps");
    picky["webhooks"][0]["rules"][0]["operations"] = json!(["CREATE"]);
    picky["webhooks"][0]["objectSelector"] = json!({"matchLabels": {"checked": "yes"}});
    picky["webhooks"][0]["matchConditions"] =
        json!([{"name": "not-mine", "expression": "object.metadata.name != 'mine'"}]);
    world.validating(picky).await;
    let labelled = |name: &str| {
        let mut object = config_map(name, json!({}));
        object["metadata"]["labels"] = json!({"checked": "yes"});
        object
    };
    let refused = world.post(CONFIG_MAPS, labelled("a")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused.message(),
        "admission webhook \"picky.example.com\" denied the request without explanation"
    );
    assert_eq!(world.config_map("b", json!({})).await.status, 201);
    assert_eq!(world.post(CONFIG_MAPS, labelled("mine")).await.status, 201);
    let path = format!("{CONFIG_MAPS}/mine");
    let changed = world
        .send(Method::PATCH, &path, json!({"data": {"k": "v"}}))
        .await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn webhooks_have_no_word_in_their_own_configurations() {
    let world = World::new().await;
    let refuse = answering(|question| review(question, json!({"allowed": false})));
    let server = world.serve("hook", [10, 244, 9, 1], refuse).await;
    let mut all = configuration("all", "hook", &server, "*/*");
    all["webhooks"][0]["rules"][0]["apiGroups"] = json!(["*"]);
    world.validating(all).await;
    let path = format!("{REGISTRATION}/validatingwebhookconfigurations/all");
    let gone = world.send(Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::OK);
    assert_eq!(
        world.config_map("a", json!({})).await.status,
        StatusCode::CREATED
    );
}

#[tokio::test(start_paused = true)]
async fn scaling_is_reviewed_as_a_scale() {
    let world = World::new().await;
    let handler = answering(|question| {
        let replicas = question["request"]["object"]["spec"]["replicas"].as_u64();
        let allowed = replicas.unwrap_or(0) <= 3;
        let status = json!({"message": "at most 3"});
        review(question, json!({"allowed": allowed, "status": status}))
    });
    let server = world.serve("hook", [10, 244, 9, 1], handler).await;
    let mut scales = configuration("scales", "hook", &server, "deployments/scale");
    scales["webhooks"][0]["rules"][0]["apiGroups"] = json!(["apps"]);
    world.validating(scales).await;
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
            },
        },
    });
    world.create(deployments, deployment).await;
    let path = format!("{deployments}/web/scale");
    let scale = |replicas: u32| json!({"spec": {"replicas": replicas}});
    let refused = world.send(Method::PATCH, &path, scale(4)).await;
    assert_eq!(
        refused.message(),
        "admission webhook \"scales.example.com\" denied the request: at most 3"
    );
    let scaled = world.send(Method::PATCH, &path, scale(3)).await;
    assert_eq!(scaled.status, StatusCode::OK);
    let asked = server.asked.lock();
    let request = &asked[1]["request"];
    assert_eq!(request["kind"]["kind"], "Scale");
    assert_eq!(request["resource"]["resource"], "deployments");
    assert_eq!(request["subResource"], "scale");
    assert_eq!(request["oldObject"]["kind"], "Scale");
}

/// In the machine's own time: sockets of the machine do not wait for a virtual one.
#[tokio::test]
async fn a_program_on_the_loopback_interface_is_asked_over_one_connection() {
    let world = World::at_once().await;
    let label = json!([{"op": "add", "path": "/metadata/labels", "value": {"seen": "yes"}}]);
    let server = TestServer::on_loopback("localhost", patching(label)).await;
    let mut local = configuration("local", "none", &server, "secrets");
    local["webhooks"][0]["clientConfig"] = json!({
        "url": format!("https://localhost:{}/mutate", server.port), "caBundle": server.bundle(),
    });
    local["webhooks"][0]["timeoutSeconds"] = json!(30);
    world.mutating(local).await;
    for name in ["a", "b", "c"] {
        let created = world.secret(name).await;
        let labels = &created.body["metadata"]["labels"];
        assert_eq!(labels["seen"], "yes", "{}", created.body);
    }
    assert_eq!((server.count(), server.connections()), (3, 1));
}

/// The gateway of the nodes' network is the machine that the cluster runs on, as with kind.
#[tokio::test]
async fn a_service_can_lead_to_a_program_outside_of_the_cluster() {
    let world = World::at_once().await;
    let server = TestServer::on_loopback("outside.default.svc", allowing()).await;
    world
        .create(
            "/api/v1/namespaces/default/services",
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "outside"},
                "spec": {"ports": [{"port": 443}]},
            }),
        )
        .await;
    world
        .create(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": {"name": "outside", "labels": {"kubernetes.io/service-name": "outside"}},
                "addressType": "IPv4", "ports": [{"name": "", "port": server.port}],
                "endpoints": [{"addresses": ["172.18.0.1"]}],
            }),
        )
        .await;
    let mut local = configuration("local", "outside", &server, "secrets");
    local["webhooks"][0]["timeoutSeconds"] = json!(30);
    world.validating(local).await;
    let created = world.secret("a").await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    assert_eq!(server.count(), 1);
}
