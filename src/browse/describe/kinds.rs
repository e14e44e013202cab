//! What kinds have to say beyond name, labels, conditions and events: one row each.

use serde_json::Value;

use super::super::document::{Cell, Part, Tone};
use super::super::facts::{Facts, list, text};
use super::{container, is_true, pairs};
use crate::sandbox::picture::taint;

type Describe = fn(&Facts) -> Vec<Part>;

const OF_KINDS: [(&str, Describe); 9] = [
    ("Pod", pod),
    ("Node", node),
    ("Service", service),
    ("ConfigMap", config_map),
    ("Secret", secret),
    ("Deployment", workload),
    ("ReplicaSet", workload),
    ("StatefulSet", workload),
    ("DaemonSet", workload),
];

/// The parts of a kind; its spec where it has no row.
pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let row = OF_KINDS.iter().find(|(kind, _)| *kind == facts.of.kind);
    row.map_or_else(|| plain(facts), |(_, describe)| describe(facts))
}

/// Whatever stands in it.
fn plain(facts: &Facts) -> Vec<Part> {
    let object = facts.object.as_object();
    let skipped = ["apiVersion", "kind", "metadata", "status"];
    let fields = object.into_iter().flatten();
    let fields = fields.filter(|(name, _)| !skipped.contains(&name.as_str()));
    let mut parts = Vec::new();
    for (name, value) in fields {
        parts.push(Part::Gap);
        parts.push(Part::heading(name));
        parts.push(Part::Code {
            language: "yaml",
            text: serde_yaml::to_string(value).unwrap_or_default(),
        });
    }
    parts
}

fn pod(facts: &Facts) -> Vec<Part> {
    let pod = &facts.object;
    let mut parts = Vec::new();
    for (name, pointer) in [
        ("Node", "/spec/nodeName"),
        ("Status", "/status/phase"),
        ("Reason", "/status/reason"),
        ("Message", "/status/message"),
        ("IP", "/status/podIP"),
        ("Service Account", "/spec/serviceAccountName"),
        ("Priority", "/spec/priorityClassName"),
        ("QoS Class", "/status/qosClass"),
    ] {
        let value = text(pod, pointer);
        if !value.is_empty() {
            parts.push(Part::field(name, value));
        }
    }
    let selector = pairs(pod.pointer("/spec/nodeSelector"));
    if !selector.is_empty() {
        parts.push(Part::field("Node Selector", selector.join("  ")));
    }
    parts.extend(container::parts(facts));
    let volumes = list(pod, "/spec/volumes");
    if !volumes.is_empty() {
        parts.push(Part::Gap);
        parts.push(Part::heading("Volumes"));
        parts.extend(volumes.iter().map(volume));
    }
    parts
}

fn volume(volume: &Value) -> Part {
    let fields = volume.as_object().into_iter().flatten();
    let source = fields
        .filter(|(name, _)| *name != "name")
        .map(|(kind, source)| {
            let names = ["name", "secretName", "claimName", "path"];
            let name = names.iter().find_map(|name| source[*name].as_str());
            match name {
                Some(name) => format!("{kind} {name}"),
                None => kind.clone(),
            }
        });
    let source: Vec<String> = source.collect();
    Part::field(text(volume, "/name"), source.join(" "))
}

fn node(facts: &Facts) -> Vec<Part> {
    let node = &facts.object;
    let taints: Vec<String> = list(node, "/spec/taints").iter().map(taint).collect();
    let pods: Vec<&Value> = facts
        .all("Pod")
        .filter(|pod| text(pod, "/spec/nodeName") == facts.of.name)
        .collect();
    let mut parts = vec![
        Part::field("Ready", if is_true(node, "Ready") { "yes" } else { "no" }),
        Part::field(
            "Unschedulable",
            match node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
                true => "yes: cordoned",
                false => "no",
            },
        ),
    ];
    if !taints.is_empty() {
        parts.push(Part::field("Taints", taints.join("  ")));
    }
    for (name, pointer) in [
        ("Capacity", "/status/capacity"),
        ("Allocatable", "/status/allocatable"),
    ] {
        parts.push(Part::field(name, pairs(node.pointer(pointer)).join("  ")));
    }
    parts.push(Part::Gap);
    parts.push(Part::heading(format!("Pods ({})", pods.len())));
    parts.push(Part::Table {
        head: ["Namespace", "Name", "Status", "CPU", "Memory"]
            .map(str::to_owned)
            .to_vec(),
        rows: pods.into_iter().map(pod_row).collect(),
    });
    parts
}

fn pod_row(pod: &Value) -> Vec<Cell> {
    let asked = |name: &str| {
        let containers = list(pod, "/spec/containers").iter();
        let pointer = format!("/resources/requests/{name}");
        let asked: Vec<String> = containers
            .map(|container| text(container, &pointer))
            .filter(|asked| !asked.is_empty())
            .collect();
        asked.join("+")
    };
    vec![
        Cell::new(text(pod, "/metadata/namespace")),
        Cell::new(text(pod, "/metadata/name")),
        Cell::new(text(pod, "/status/phase")),
        Cell::toned(Tone::Quiet, asked("cpu")),
        Cell::toned(Tone::Quiet, asked("memory")),
    ]
}

fn service(facts: &Facts) -> Vec<Part> {
    let service = &facts.object;
    let mut parts = vec![
        Part::field("Type", text(service, "/spec/type")),
        Part::field("IP", text(service, "/spec/clusterIP")),
        Part::field(
            "Selector",
            pairs(service.pointer("/spec/selector")).join("  "),
        ),
    ];
    for port in list(service, "/spec/ports") {
        let target = &port["targetPort"];
        let target = target
            .as_str()
            .map_or_else(|| target.to_string(), str::to_owned);
        let words = format!("{} to {target}, {}", port["port"], text(port, "/protocol"));
        parts.push(Part::field("Port", words));
    }
    let mut rows = Vec::new();
    for slice in facts.all("EndpointSlice") {
        let label = slice.pointer("/metadata/labels/kubernetes.io~1service-name");
        if label.and_then(Value::as_str) != Some(facts.of.name.as_str()) {
            continue;
        }
        for endpoint in list(slice, "/endpoints") {
            let ready = endpoint.pointer("/conditions/ready") != Some(&Value::Bool(false));
            let (tone, words) = match ready {
                true => (Tone::Good, "ready"),
                false => (Tone::Bad, "not ready"),
            };
            rows.push(vec![
                Cell::new(text(endpoint, "/addresses/0")),
                Cell::toned(tone, words),
                Cell::new(text(endpoint, "/targetRef/name")),
                Cell::toned(Tone::Quiet, text(endpoint, "/nodeName")),
            ]);
        }
    }
    parts.push(Part::Gap);
    parts.push(Part::heading("Endpoints"));
    parts.push(match rows.is_empty() {
        true => Part::words(Tone::Warn, "None."),
        false => Part::Table {
            head: ["Address", "State", "Pod", "Node"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        },
    });
    parts
}

fn config_map(facts: &Facts) -> Vec<Part> {
    let mut parts = Vec::new();
    let data = facts.object["data"].as_object().into_iter().flatten();
    for (key, value) in data {
        parts.push(Part::Gap);
        parts.push(Part::heading(key));
        parts.push(Part::Code {
            language: "text",
            text: value.as_str().unwrap_or_default().to_owned(),
        });
    }
    parts
}

/// The keys and how long their values are, never the values.
fn secret(facts: &Facts) -> Vec<Part> {
    let mut parts = vec![Part::field("Type", text(&facts.object, "/type"))];
    let data = facts.object["data"].as_object().into_iter().flatten();
    for (key, value) in data {
        let encoded = value.as_str().unwrap_or_default();
        let padding = encoded
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'=')
            .count();
        let bytes = (encoded.len() / 4 * 3).saturating_sub(padding);
        parts.push(Part::field(key, format!("{bytes} bytes")));
    }
    parts
}

fn workload(facts: &Facts) -> Vec<Part> {
    let object = &facts.object;
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    let wanted = match facts.of.kind.as_str() {
        "DaemonSet" => number("/status/desiredNumberScheduled"),
        _ => number("/spec/replicas"),
    };
    let ready = number("/status/readyReplicas") + number("/status/numberReady");
    let updated = number("/status/updatedReplicas") + number("/status/updatedNumberScheduled");
    let tone = if ready < wanted {
        Tone::Warn
    } else {
        Tone::Good
    };
    let words = format!("{wanted} wanted, {updated} of this revision, {ready} ready");
    let selector = pairs(object.pointer("/spec/selector/matchLabels"));
    let strategy = ["/spec/strategy/type", "/spec/updateStrategy/type"]
        .map(|pointer| text(object, pointer))
        .concat();
    let mut parts = vec![
        Part::toned(tone, "Replicas", words),
        Part::field("Selector", selector.join("  ")),
    ];
    if !strategy.is_empty() {
        parts.push(Part::field("Strategy", strategy));
    }
    for container in list(object, "/spec/template/spec/containers") {
        parts.push(Part::field(
            format!("Container {}", text(container, "/name")),
            text(container, "/image"),
        ));
    }
    parts
}
