//! Bodies as users and clients send them, and what becomes of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn gvk(group: &str, kind: &str) -> GroupVersionKind {
    GroupVersionKind::new(group, "v1", kind)
}

fn decode_with(
    group: &str,
    kind: &str,
    body: &[u8],
    media_type: MediaType,
    validation: FieldValidation,
) -> Result<Decoded, StatusError> {
    let wanted = gvk(group, kind);
    let message = schema::message_for(group, "v1", kind).expect(kind);
    object(
        media_type,
        body,
        &wanted,
        Shape::BuiltIn(message),
        validation,
    )
}

fn decode(group: &str, kind: &str, body: Value) -> Result<Value, String> {
    let body = body.to_string();
    decode_with(
        group,
        kind,
        body.as_bytes(),
        MediaType::Json,
        FieldValidation::Strict,
    )
    .map(|decoded| decoded.value)
    .map_err(|error| error.message)
}

fn check_error(group: &str, kind: &str, body: Value, wanted: &str) {
    let error = decode(group, kind, body).expect_err(wanted);
    let prefix = format!("{kind} in version \"v1\" cannot be handled as a {kind}: ");
    assert_eq!(error.strip_prefix(&prefix), Some(wanted), "{error}");
}

fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
}

fn pod(container: Value) -> Value {
    json!({"metadata": {"name": "p"}, "spec": {"containers": [container]}})
}

#[test]
fn wrong_types_are_told_with_gos_words() {
    let cannot = "json: cannot unmarshal";
    for (spec, wanted) in [
        (
            json!({"replicas": "three"}),
            "string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            json!({"replicas": 1.5}),
            "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            json!({"replicas": 3_000_000_000_u32}),
            "number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            json!({"paused": "yes"}),
            "string into Go struct field DeploymentSpec.spec.paused of type bool",
        ),
        (
            json!("x"),
            "string into Go struct field Deployment.spec of type v1.DeploymentSpec",
        ),
        (
            json!({"strategy": {"type": 1}}),
            "number into Go struct field DeploymentStrategy.spec.strategy.type of type v1.DeploymentStrategyType",
        ),
        (
            json!({"template": {"spec": {"containers": {}}}}),
            "object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            json!({"template": {"spec": {"containers": ["x"]}}}),
            "string into Go struct field PodSpec.spec.template.spec.containers of type v1.Container",
        ),
        (
            json!({"template": {"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}}),
            "string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32",
        ),
        (
            json!({"strategy": {"rollingUpdate": {"maxSurge": true}}}),
            "bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32",
        ),
    ] {
        check_error(
            "apps",
            "Deployment",
            deployment(spec),
            &format!("{cannot} {wanted}"),
        );
    }
    check_error(
        "",
        "ConfigMap",
        json!({"data": {"a": 1}}),
        &format!("{cannot} number into Go struct field ConfigMap.data of type string"),
    );
    check_error(
        "",
        "ConfigMap",
        json!({"data": []}),
        &format!("{cannot} array into Go struct field ConfigMap.data of type map[string]string"),
    );
    check_error(
        "",
        "Secret",
        json!({"data": {"a": "###"}}),
        "illegal base64 data at input byte 0",
    );
    check_error(
        "",
        "ConfigMap",
        json!({"metadata": {"creationTimestamp": 1}}),
        &format!(
            "{cannot} number into Go struct field ObjectMeta.metadata.creationTimestamp of type string"
        ),
    );
    check_error(
        "",
        "ConfigMap",
        json!({"metadata": {"creationTimestamp": "now"}}),
        "parsing time \"now\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"now\" as \"2006\"",
    );
    let quantities = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    for limit in [json!("lots"), json!(true), json!({})] {
        check_error(
            "",
            "Pod",
            pod(json!({"resources": {"limits": {"memory": limit}}})),
            quantities,
        );
    }
}

#[test]
fn the_first_type_error_counts_unless_a_value_cannot_be_read_at_all() {
    let both = pod(json!({"name": 1, "resources": {"limits": {"memory": "lots"}}}));
    let error = decode("", "Pod", both).expect_err("wrong");
    assert!(error.contains("quantities must match"), "{error}");
}

#[test]
fn unknown_and_duplicate_fields_follow_the_validation_directive() {
    let body =
        br#"{"metadata":{"name":"x","name":"y","labels":{"a":"1","a":"2"}},"zap":1,"data":{}}"#;
    let with = |validation| decode_with("", "ConfigMap", body, MediaType::Json, validation);
    let errors = "duplicate field \"metadata.name\", duplicate field \"metadata.labels.a\", unknown field \"zap\"";
    assert_eq!(
        with(FieldValidation::Strict).expect_err("strict").message,
        format!(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: {errors}"
        )
    );
    let warned = with(FieldValidation::Warn).expect("warned");
    assert_eq!(warned.warnings.join(", "), errors);
    assert_eq!(
        warned.value,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "y", "labels": {"a": "2"}}})
    );
    assert_eq!(
        with(FieldValidation::Ignore).expect("ignored").warnings,
        Vec::<String>::new()
    );
}

#[test]
fn unknown_fields_are_named_by_their_full_path() {
    let spec = json!({"replica": 2, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "nginx", "imag": "x"}]}}});
    check_error(
        "apps",
        "Deployment",
        deployment(spec),
        "strict decoding error: unknown field \"spec.replica\", unknown field \"spec.template.spec.containers[0].imag\"",
    );
    check_error(
        "",
        "ConfigMap",
        json!({"Data": {}}),
        "strict decoding error: unknown field \"Data\"",
    );
}

#[test]
fn objects_come_out_as_a_real_server_writes_them() {
    let body = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "creationTimestamp": null, "labels": {}},
        "spec": {"containers": [{"name": "a", "image": "nginx", "stdin": false, "args": [], "command": null,
            "resources": {"limits": {"cpu": "1000m", "memory": 1024}},
            "env": [{"name": "E", "value": ""}],
            "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 0}}],
            "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0, "hostNetwork": false},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    assert_eq!(
        decode("", "Pod", body).expect("valid"),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "a", "image": "nginx",
                "resources": {"limits": {"cpu": "1", "memory": "1024"}},
                "env": [{"name": "E"}],
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}}],
                "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": null}]}})
    );
}

#[test]
fn structs_and_required_fields_stand_there_even_when_empty() {
    assert_eq!(
        decode("apps", "Deployment", json!({})).expect("valid"),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "status": {},
            "spec": {"strategy": {}, "template": {"metadata": {}, "spec": {"containers": null}}}})
    );
    assert_eq!(
        decode(
            "",
            "Service",
            json!({"spec": {"ports": [{"port": 80, "targetPort": "web"}, {"port": 81}]}})
        )
        .expect("valid")["spec"]["ports"],
        json!([{"port": 80, "targetPort": "web"}, {"port": 81, "targetPort": 0}])
    );
}

#[test]
fn kinds_that_do_not_fit_the_path_are_refused() {
    check_kind_error(
        json!({"kind": "Secret", "apiVersion": "v1"}),
        "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion",
    );
    check_kind_error(
        json!({"kind": "ConfigMap", "apiVersion": "apps/v1"}),
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"apps/v1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
    );
    check_kind_error(
        json!([]),
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" } (5b5d)",
    );
    let options = decode_with(
        "",
        "DeleteOptions",
        br#"{"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":0}"#,
        MediaType::Json,
        FieldValidation::Strict,
    );
    assert_eq!(
        options.expect("goes with every group").value["gracePeriodSeconds"],
        0
    );
}

fn check_kind_error(body: Value, wanted: &str) {
    assert_eq!(decode("", "ConfigMap", body).expect_err(wanted), wanted);
}

#[test]
fn broken_bodies_are_summed_up() {
    let error = decode_with(
        "",
        "ConfigMap",
        b"{\"kind\":",
        MediaType::Json,
        FieldValidation::Warn,
    );
    let error = error.expect_err("broken");
    assert_eq!((error.code, error.reason.as_ref()), (400, "BadRequest"));
    assert_eq!(
        error.message,
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({\"kind\":)"
    );
}

#[test]
fn yaml_bodies_decode_like_json() {
    let body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n";
    let decoded = decode_with(
        "",
        "ConfigMap",
        body,
        MediaType::Yaml,
        FieldValidation::Strict,
    );
    assert_eq!(
        decoded.expect("valid").value,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}})
    );
}

#[test]
fn custom_resources_keep_what_they_bring() {
    let wanted = GroupVersionKind::new("example.com", "v1", "Widget");
    let body = br#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","foo":1},"spec":{"a":null,"b":[1.50]},"spec":{"a":1,"a":2}}"#;
    let decoded = object(
        MediaType::Json,
        body,
        &wanted,
        Shape::Custom(None),
        FieldValidation::Warn,
    )
    .expect("valid");
    assert_eq!(decoded.value["spec"], json!({"a": 2}));
    assert_eq!(
        decoded.warnings,
        [
            "unknown field \"metadata.foo\"",
            "duplicate field \"spec.a\"",
            "duplicate field \"spec\""
        ]
    );
}

// === Protobuf ===

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(tag: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(tag << 3 | 2, &mut out);
    varint(value.len() as u64, &mut out);
    out.extend(value);
    out
}

fn int(tag: u64, value: i64) -> Vec<u8> {
    let mut out = Vec::new();
    varint(tag << 3, &mut out);
    varint(value as u64, &mut out);
    out
}

fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let type_meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [
        b"k8s\0".to_vec(),
        bytes(1, &type_meta),
        bytes(2, raw),
        bytes(3, b""),
        bytes(4, b""),
    ]
    .concat()
}

fn from_protobuf(group: &str, api_version: &str, kind: &str, raw: &[u8]) -> Result<Value, String> {
    let body = envelope(api_version, kind, raw);
    decode_with(
        group,
        kind,
        &body,
        MediaType::Protobuf,
        FieldValidation::Strict,
    )
    .map(|decoded| decoded.value)
    .map_err(|error| error.message)
}

#[test]
fn protobuf_gives_the_same_tree_as_json() {
    let metadata = [
        bytes(1, b"d"),
        bytes(2, b""),
        bytes(8, b""),
        int(7, 0),
        bytes(11, &[bytes(1, b"app"), bytes(2, b"d")].concat()),
    ]
    .concat();
    let quantity = bytes(1, b"500m");
    let resources = bytes(1, &[bytes(1, b"cpu"), bytes(2, &quantity)].concat());
    let probe = [
        bytes(
            1,
            &bytes(
                2,
                &[
                    bytes(1, b"/"),
                    bytes(2, &[int(1, 0), int(2, 8080), bytes(3, b"")].concat()),
                ]
                .concat(),
            ),
        ),
        int(2, 0),
    ]
    .concat();
    let container = [
        bytes(1, b"c"),
        bytes(2, b"nginx"),
        int(16, 0),
        bytes(8, &resources),
        bytes(10, &probe),
        bytes(99, b"unknown"),
    ]
    .concat();
    let volume = [bytes(1, b"v"), bytes(2, &bytes(2, b""))].concat();
    let pod_spec = [
        bytes(1, &volume),
        bytes(2, &container),
        bytes(2, &[bytes(1, b"side")].concat()),
        int(4, 0),
        bytes(7, &[bytes(1, b"disk"), bytes(2, b"ssd")].concat()),
    ]
    .concat();
    let surge = [int(1, 1), bytes(3, b"25%")].concat();
    let strategy = [bytes(1, b"RollingUpdate"), bytes(2, &bytes(2, &surge))].concat();
    let spec = [
        int(1, 0),
        bytes(3, &[bytes(1, b""), bytes(2, &pod_spec)].concat()),
        bytes(4, &strategy),
        int(5, 0),
    ]
    .concat();
    let raw = [bytes(1, &metadata), bytes(2, &spec), bytes(3, b"")].concat();
    assert_eq!(
        from_protobuf("apps", "apps/v1", "Deployment", &raw),
        Ok(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "d", "labels": {"app": "d"}}, "status": {},
            "spec": {"replicas": 0, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
                "template": {"metadata": {}, "spec": {"terminationGracePeriodSeconds": 0, "nodeSelector": {"disk": "ssd"},
                    "volumes": [{"name": "v", "emptyDir": {}}],
                    "containers": [
                        {"name": "c", "image": "nginx", "resources": {"limits": {"cpu": "500m"}}, "livenessProbe": {"httpGet": {"path": "/", "port": 8080}}},
                        {"name": "side", "resources": {}}]}}}}))
    );
}

#[test]
fn protobuf_special_types_are_written_as_in_json() {
    let time = [int(1, 1_700_000_000), int(2, 5_000)].concat();
    let entry = [
        bytes(1, b"me"),
        bytes(2, b"Update"),
        bytes(4, &time),
        bytes(7, &bytes(1, br#"{"f:data":{}}"#)),
    ]
    .concat();
    let metadata = [bytes(1, b"s"), bytes(17, &entry)].concat();
    let data = [bytes(1, b"k"), bytes(2, &[0, 255])].concat();
    let secret = [bytes(1, &metadata), bytes(2, &data)].concat();
    let secret = from_protobuf("", "v1", "Secret", &secret).expect("valid");
    assert_eq!(secret["data"], json!({"k": "AP8="}));
    assert_eq!(
        secret["metadata"]["managedFields"],
        json!([{"manager": "me", "operation": "Update", "time": "2023-11-14T22:13:20Z", "fieldsV1": {"f:data": {}}}])
    );
    let lease = bytes(2, &bytes(3, &time));
    let lease = from_protobuf(
        "coordination.k8s.io",
        "coordination.k8s.io/v1",
        "Lease",
        &lease,
    );
    let lease = lease.expect("valid");
    assert_eq!(lease["spec"]["acquireTime"], "2023-11-14T22:13:20.000005Z");
    let review = bytes(
        2,
        &[
            bytes(
                5,
                &[
                    bytes(1, b"scopes"),
                    bytes(2, &[bytes(1, b"a"), bytes(1, b"b")].concat()),
                ]
                .concat(),
            ),
            bytes(3, b"me"),
        ]
        .concat(),
    );
    let review = from_protobuf(
        "authorization.k8s.io",
        "authorization.k8s.io/v1",
        "SubjectAccessReview",
        &review,
    );
    assert_eq!(
        review.expect("valid")["spec"]["extra"],
        json!({"scopes": ["a", "b"]})
    );
}

#[test]
fn broken_protobuf_is_refused() {
    let error = |body: &[u8]| {
        decode_with(
            "",
            "ConfigMap",
            body,
            MediaType::Protobuf,
            FieldValidation::Warn,
        )
        .expect_err("broken")
        .message
    };
    assert!(error(b"").contains("empty data (<empty>)"));
    assert!(error(b"nope").contains("expected prefix [107 56 115 0] (6e6f7065)"));
    assert_eq!(
        from_protobuf("", "v1", "ConfigMap", &[0x0a, 0x7f]),
        Err(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: unexpected EOF"
                .to_owned()
        )
    );
    assert_eq!(
        from_protobuf("", "v1", "ConfigMap", &int(1, 1)),
        Err("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: proto: wrong wireType = 0 for field Metadata".to_owned())
    );
}

#[test]
fn nested_protobuf_does_not_run_away() {
    let mut schema = Vec::new();
    for _ in 0..600 {
        schema = bytes(28, &schema);
    }
    let spec = bytes(7, &bytes(4, &bytes(1, &schema)));
    let result = from_protobuf(
        "apiextensions.k8s.io",
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &bytes(2, &spec),
    );
    assert!(result.is_err_and(|error| error.ends_with("exceeded max depth")));
}

const KINDS: [(&str, &str, &str); 5] = [
    ("", "v1", "Pod"),
    ("apps", "apps/v1", "Deployment"),
    ("", "v1", "Secret"),
    (
        "apiextensions.k8s.io",
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
    ),
    ("coordination.k8s.io", "coordination.k8s.io/v1", "Lease"),
];

fn any_wire(depth: u32) -> BoxedStrategy<Vec<u8>> {
    let leaf = prop_oneof![
        (1..30_u64, any::<i64>()).prop_map(|(tag, value)| int(tag, value)),
        (1..30_u64, prop::collection::vec(any::<u8>(), 0..8))
            .prop_map(|(tag, value)| bytes(tag, &value)),
    ];
    leaf.prop_recursive(depth, 40, 4, |inner| {
        (1..30_u64, prop::collection::vec(inner, 0..4))
            .prop_map(|(tag, parts)| bytes(tag, &parts.concat()))
    })
    .boxed()
}

proptest! {
    #[test]
    fn protobuf_of_any_bytes_never_panics(raw in prop::collection::vec(any::<u8>(), 0..64), parts in prop::collection::vec(any_wire(6), 0..4), kind in 0..KINDS.len()) {
        let (group, api_version, kind) = KINDS[kind];
        let _ = from_protobuf(group, api_version, kind, &raw);
        let _ = from_protobuf(group, api_version, kind, &parts.concat());
        let _ = decode_with(group, kind, &raw, MediaType::Protobuf, FieldValidation::Warn);
    }

    #[test]
    fn normal_form_is_stable(name in "[a-z]{0,3}", replicas in prop::option::of(any::<i32>()), paused: bool, labels in prop::collection::btree_map("[a-z]{1,2}", "[a-z]{0,2}", 0..3)) {
        let body = json!({"metadata": {"name": name, "labels": labels}, "spec": {"replicas": replicas, "paused": paused}});
        let once = decode("apps", "Deployment", body).expect("valid");
        prop_assert_eq!(decode("apps", "Deployment", once.clone()), Ok(once));
    }
}
