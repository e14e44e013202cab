//! Defaults of containers, their ports, probes and lifecycle handlers.

use serde_json::{Value, json};

use super::resources;
use crate::api::tree::{elements_mut, fill, fill_absent, text};

/// Fills in a container of any sort.
pub fn container(container: &mut Value) {
    let pull_policy = pull_policy(text(container, "image"));
    fill(container, "imagePullPolicy", pull_policy);
    fill(container, "terminationMessagePath", "/dev/termination-log");
    fill(container, "terminationMessagePolicy", "File");
    fill_absent(container, "resources", json!({}));
    resources::round_up(&mut container["resources"]);
    for port in elements_mut(container, "ports") {
        fill(port, "protocol", "TCP");
    }
    for variable in elements_mut(container, "env") {
        if let Some(field) = variable.pointer_mut("/valueFrom/fieldRef") {
            fill(field, "apiVersion", "v1");
        }
        if let Some(resource) = variable.pointer_mut("/valueFrom/resourceFieldRef") {
            resources::fill_divisor(resource);
        }
        if let Some(file) = variable.pointer_mut("/valueFrom/fileKeyRef") {
            fill_absent(file, "optional", false);
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(found) = container.get_mut(name) {
            probe(found);
        }
    }
    for handler in ["/lifecycle/postStart/httpGet", "/lifecycle/preStop/httpGet"] {
        if let Some(http) = container.pointer_mut(handler) {
            http_get(http);
        }
    }
}

/// `Always` for images that may change under their tag, as `latest` does.
pub fn pull_policy(image: &str) -> &'static str {
    if image_tag(image) == "latest" {
        "Always"
    } else {
        "IfNotPresent"
    }
}

/// The tag that an image reference means: `latest` where it names neither tag nor digest, empty
/// where it names only a digest or cannot be read.
fn image_tag(image: &str) -> &str {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let last_slash = name.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match name[last_slash..].split_once(':') {
        Some((last, tag)) => (&name[..last_slash + last.len()], Some(tag)),
        None => (name, None),
    };
    if !is_repository(repository) {
        return "";
    }
    match (tag, digest) {
        (Some(tag), _) => tag,
        (None, Some(_)) => "",
        (None, None) => "latest",
    }
}

/// Whether a name, its registry aside, has only lower case path components.
fn is_repository(name: &str) -> bool {
    let path = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => rest,
        _ => name,
    };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    path.split('/')
        .all(|component| !component.is_empty() && component.chars().all(allowed))
}

fn probe(probe: &mut Value) {
    for (field, default) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        fill_absent(probe, field, default);
    }
    if let Some(http) = probe.get_mut("httpGet") {
        http_get(http);
    }
    if let Some(grpc) = probe.get_mut("grpc") {
        fill_absent(grpc, "service", "");
    }
}

fn http_get(action: &mut Value) {
    fill(action, "path", "/");
    fill(action, "scheme", "HTTP");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_without_a_fixed_version_are_always_pulled() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.25", "IfNotPresent"),
            ("reg.example.com:5000/x/y:v2", "IfNotPresent"),
            ("reg.example.com:5000/x/y", "Always"),
            ("nginx@sha256:abc", "IfNotPresent"),
            ("nginx:latest@sha256:abc", "Always"),
            ("", "IfNotPresent"),
            ("Nginx", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image:?}");
        }
    }

    #[test]
    fn probes_get_their_numbers() {
        let mut object = json!({"livenessProbe": {"httpGet": {"port": 80}}});
        container(&mut object);
        assert_eq!(
            object["livenessProbe"],
            json!({
                "failureThreshold": 3,
                "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
                "periodSeconds": 10,
                "successThreshold": 1,
                "timeoutSeconds": 1,
            })
        );
    }
}
