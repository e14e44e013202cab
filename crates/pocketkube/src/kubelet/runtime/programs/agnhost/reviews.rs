//! What `agnhost webhook` answers to the reviews of admission that the API server sends it.
//!
//! Only decisions: who asked, and over what, is the business of [`super::webhook`]. Mirrors
//! `test/images/agnhost/webhook/{addlabel,alwaysallow,alwaysdeny,configmap,crd,customresource,pods}.go`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::api::tree::{elements, text};

/// How a review is settled.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    /// The `response` of the review, but for its `uid`.
    Answer(Value),
    /// The same, five seconds later.
    Late(Value),
    /// It is never answered.
    Never,
    /// It is asked about what it does not know, and crashes.
    Crash,
}

/// One of the paths that the server answers.
pub(super) struct Path {
    pub(super) path: &'static str,
    /// What it logs about itself: file and line, and the words.
    pub(super) log: (&'static str, &'static str),
    pub(super) decide: fn(&Value, &str) -> Decision,
}

/// The one list of paths. `decide` is given the request and the image of sidecars.
pub(super) const PATHS: &[Path] = &[
    Path {
        path: "/always-allow-delay-5s",
        log: (
            "alwaysallow.go:29",
            "always-allow-with-delay sleeping for 5 seconds",
        ),
        decide: |_, _| {
            let result = json!({"metadata": {}, "message": "this webhook allows all requests"});
            Decision::Late(json!({"allowed": true, "status": result}))
        },
    },
    Path {
        path: "/always-deny",
        log: ("alwaysdeny.go:27", "calling always-deny"),
        decide: |_, _| denied("this webhook denies all requests"),
    },
    Path {
        path: "/add-label",
        log: ("addlabel.go:41", "calling add-label"),
        decide: |request, _| add_label(request),
    },
    Path {
        path: "/pods",
        log: ("pods.go:40", "admitting pods"),
        decide: |request, _| admit_pods(request),
    },
    Path {
        path: "/pods/attach",
        log: ("pods.go:142", "handling attaching pods"),
        decide: |request, _| admit_attachment(request),
    },
    Path {
        path: "/mutating-pods",
        log: ("pods.go:114", "mutating pods"),
        decide: |request, _| mutate_pods(request),
    },
    Path {
        path: "/mutating-pods-sidecar",
        log: ("pods.go:114", "mutating pods"),
        decide: add_sidecar,
    },
    Path {
        path: "/configmaps",
        log: ("configmap.go:37", "admitting configmaps"),
        decide: |request, _| match is_about(request, "configmaps") {
            true => admit_data(
                request,
                "the configmap contains unwanted key and value",
                "the configmap cannot be deleted because it contains unwanted key and value",
            ),
            false => Decision::Crash,
        },
    },
    Path {
        path: "/mutating-configmaps",
        log: ("configmap.go:79", "mutating configmaps"),
        decide: |request, _| match is_about(request, "configmaps") {
            true => mutate_data(request),
            false => Decision::Crash,
        },
    },
    Path {
        path: "/custom-resource",
        log: ("customresource.go:69", "admitting custom resource"),
        decide: |request, _| {
            admit_data(
                request,
                "the custom resource contains unwanted data",
                "the custom resource cannot be deleted because it contains unwanted key and value",
            )
        },
    },
    Path {
        path: "/mutating-custom-resource",
        log: ("customresource.go:37", "mutating custom resource"),
        decide: |request, _| mutate_data(request),
    },
    Path {
        path: "/crd",
        log: ("crd.go:31", "admitting crd"),
        decide: |request, _| admit_definition(request),
    },
];

fn allowed() -> Decision {
    Decision::Answer(json!({"allowed": true}))
}

fn denied(message: &str) -> Decision {
    let result = json!({"metadata": {}, "message": message});
    Decision::Answer(json!({"allowed": false, "status": result}))
}

fn patched(patch: &Value) -> Decision {
    let patch = STANDARD.encode(patch.to_string());
    Decision::Answer(json!({"allowed": true, "patchType": "JSONPatch", "patch": patch}))
}

/// Whether a request is about this resource of the core group.
fn is_about(request: &Value, resource: &str) -> bool {
    let asked = &request["resource"];
    (
        text(asked, "group"),
        text(asked, "version"),
        text(asked, "resource"),
    ) == ("", "v1", resource)
}

/// A resource as Go prints it.
fn resource_words(resource: &Value) -> String {
    format!(
        "{}/{}, Resource={}",
        text(resource, "group"),
        text(resource, "version"),
        text(resource, "resource")
    )
}

fn add_label(request: &Value) -> Decision {
    let labels = request["object"]["metadata"]["labels"].as_object();
    let labels = labels.filter(|labels| !labels.is_empty());
    let own = labels.and_then(|labels| labels.get("added-label"));
    let patch = match (labels, own) {
        (None, _) => {
            json!([{"op": "add", "path": "/metadata/labels", "value": {"added-label": "yes"}}])
        }
        (Some(_), None) => {
            json!([{"op": "add", "path": "/metadata/labels/added-label", "value": "yes"}])
        }
        (Some(_), Some(value)) if value != "yes" => {
            json!([{"op": "replace", "path": "/metadata/labels/added-label", "value": "yes"}])
        }
        _ => return allowed(),
    };
    patched(&patch)
}

fn admit_pods(request: &Value) -> Decision {
    if !is_about(request, "pods") {
        return denied("expect resource to be /v1, Resource=pods");
    }
    let pod = &request["object"];
    let mut complaints = Vec::new();
    match text(&pod["metadata"]["labels"], "webhook-e2e-test") {
        "webhook-disallow" => complaints.push("the pod contains unwanted label;"),
        "wait-forever" => return Decision::Never,
        _ => {}
    }
    let containers = elements(&pod["spec"]["containers"]).iter();
    let unwanted =
        containers.filter(|container| text(container, "name").contains("webhook-disallow"));
    complaints.extend(unwanted.map(|_| "the pod contains unwanted container name;"));
    match complaints.is_empty() {
        true => allowed(),
        false => denied(&complaints.join(" ")),
    }
}

fn admit_attachment(request: &Value) -> Decision {
    if text(request, "name") != "to-be-attached-pod" {
        return allowed();
    }
    if !is_about(request, "pods") {
        let asked = resource_words(&request["resource"]);
        return denied(&format!(
            "expect resource to be /v1, Resource=pods, got {asked}"
        ));
    }
    let options = &request["object"];
    if options["stdin"] != true || text(options, "container") != "container1" {
        return allowed();
    }
    denied("attaching to pod 'to-be-attached-pod' is not allowed")
}

fn has_container(containers: &Value, name: &str) -> bool {
    elements(containers)
        .iter()
        .any(|container| text(container, "name") == name)
}

fn mutate_pods(request: &Value) -> Decision {
    const ADDED: &str = "webhook-added-init-container";
    if !is_about(request, "pods") {
        return Decision::Crash;
    }
    let pod = &request["object"];
    let is_meant = text(&pod["metadata"], "name") == "webhook-to-be-mutated";
    if !is_meant || has_container(&pod["spec"]["initContainers"], ADDED) {
        return allowed();
    }
    let container = json!({"image": "webhook-added-image", "name": ADDED, "resources": {}});
    patched(&json!([{"op": "add", "path": "/spec/initContainers", "value": [container]}]))
}

fn add_sidecar(request: &Value, image: &str) -> Decision {
    const ADDED: &str = "webhook-added-sidecar";
    if image.is_empty() {
        return Decision::Answer(json!({
            "allowed": false,
            "status": {
                "metadata": {}, "status": "Failure", "code": 500,
                "message": "No image specified by the sidecar-image parameter",
            },
        }));
    }
    if !is_about(request, "pods") {
        return Decision::Crash;
    }
    if has_container(&request["object"]["spec"]["containers"], ADDED) {
        return allowed();
    }
    let container = json!({"image": image, "name": ADDED, "resources": {}});
    patched(&json!([{"op": "add", "path": "/spec/containers/-", "value": container}]))
}

/// Refuses by a `reason`, which clients are shown in the place of a message.
fn admit_data(request: &Value, unwanted: &str, kept: &str) -> Decision {
    let operation = text(request, "operation");
    let object = match operation {
        "DELETE" => &request["oldObject"],
        _ => &request["object"],
    };
    let reason = match (text(&object["data"], "webhook-e2e-test"), operation) {
        ("webhook-disallow", "CREATE" | "UPDATE") => unwanted,
        ("webhook-nondeletable", "DELETE") => kept,
        _ => return allowed(),
    };
    let result = json!({"metadata": {}, "reason": reason});
    Decision::Answer(json!({"allowed": false, "status": result}))
}

fn mutate_data(request: &Value) -> Decision {
    let data = &request["object"]["data"];
    let stage = match (text(data, "mutation-stage-1"), text(data, "mutation-start")) {
        ("yes", _) => 2,
        (_, "yes") => 1,
        _ => return allowed(),
    };
    let path = format!("/data/mutation-stage-{stage}");
    patched(&json!([{"op": "add", "path": path, "value": "yes"}]))
}

fn admit_definition(request: &Value) -> Decision {
    const GROUP: &str = "apiextensions.k8s.io";
    const RESOURCE: &str = "customresourcedefinitions";
    let asked = &request["resource"];
    let is_definition = text(asked, "group") == GROUP
        && text(asked, "resource") == RESOURCE
        && matches!(text(asked, "version"), "v1" | "v1beta1");
    if !is_definition {
        return denied(&format!(
            "expect resource to be one of [{GROUP}/v1beta1, Resource={RESOURCE}, {GROUP}/v1, Resource={RESOURCE}] but got {}",
            resource_words(asked)
        ));
    }
    let labels = &request["object"]["metadata"]["labels"];
    match text(labels, "webhook-e2e-test") {
        "webhook-disallow" => denied("the crd contains unwanted label"),
        _ => allowed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(path: &str, resource: &str, object: Value) -> Decision {
        let request = json!({
            "operation": "CREATE", "object": object,
            "resource": {"group": "", "version": "v1", "resource": resource},
        });
        let known = PATHS.iter().find(|known| known.path == path).unwrap();
        (known.decide)(&request, "side:1")
    }

    /// What is said in a refusal: its message, or its reason.
    fn refusal(decision: Decision) -> Option<String> {
        let Decision::Answer(response) = decision else {
            panic!("{decision:?}");
        };
        let status = &response["status"];
        let words = format!("{}{}", text(status, "message"), text(status, "reason"));
        (response["allowed"] == false).then_some(words)
    }

    fn patch(decision: Decision) -> Value {
        let Decision::Answer(response) = decision else {
            panic!("{decision:?}");
        };
        assert_eq!(response["allowed"], true);
        let patch = STANDARD.decode(text(&response, "patch")).unwrap();
        serde_json::from_slice(&patch).unwrap_or_default()
    }

    #[test]
    fn pods_are_refused_for_their_label_and_their_containers() {
        let pod = |label: &str, container: &str| {
            json!({
                "metadata": {"labels": {"webhook-e2e-test": label}},
                "spec": {"containers": [{"name": container}]},
            })
        };
        let refused = |label, container| refusal(decide("/pods", "pods", pod(label, container)));
        assert_eq!(refused("any", "web"), None);
        assert_eq!(
            refused("webhook-disallow", "webhook-disallow-2").unwrap(),
            "the pod contains unwanted label; the pod contains unwanted container name;"
        );
        assert_eq!(
            decide("/pods", "pods", pod("wait-forever", "web")),
            Decision::Never
        );
        assert_eq!(
            refusal(decide("/pods", "secrets", json!({}))).unwrap(),
            "expect resource to be /v1, Resource=pods"
        );
    }

    #[test]
    fn a_label_is_added_to_whatever_labels_there_are() {
        let patched = |labels: Value| {
            let object = json!({"metadata": {"labels": labels}});
            patch(decide("/add-label", "pods", object))
        };
        assert_eq!(patched(Value::Null)[0]["path"], "/metadata/labels");
        let more = &patched(json!({"a": "b"}))[0];
        assert_eq!(more["path"], "/metadata/labels/added-label");
        assert_eq!(patched(json!({"added-label": "no"}))[0]["op"], "replace");
        let object = json!({"metadata": {"labels": {"added-label": "yes"}}});
        assert_eq!(decide("/add-label", "pods", object), allowed());
    }

    #[test]
    fn sidecars_are_added_once() {
        let pod = |name: &str| json!({"spec": {"containers": [{"name": name}]}});
        let path = "/mutating-pods-sidecar";
        let added = &patch(decide(path, "pods", pod("web")))[0];
        assert_eq!(added["value"]["image"], "side:1");
        let again = decide(path, "pods", pod("webhook-added-sidecar"));
        assert_eq!(again, allowed());
    }

    #[test]
    fn data_is_judged_by_key_and_value_and_changed_stage_by_stage() {
        let map = |key: &str, value: &str| json!({"data": {key: value}});
        assert_eq!(
            refusal(decide(
                "/configmaps",
                "configmaps",
                map("webhook-e2e-test", "webhook-disallow")
            ))
            .unwrap(),
            "the configmap contains unwanted key and value"
        );
        let path = "/mutating-configmaps";
        let first = patch(decide(path, "configmaps", map("mutation-start", "yes")));
        assert_eq!(first[0]["path"], "/data/mutation-stage-1");
        let second = patch(decide(path, "configmaps", map("mutation-stage-1", "yes")));
        assert_eq!(second[0]["path"], "/data/mutation-stage-2");
        // Upstream has no answer here, and its server does not survive that.
        assert_eq!(decide(path, "pods", json!({})), Decision::Crash);
    }
}
