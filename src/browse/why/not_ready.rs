//! Why a Pod that has a node is not ready: what each container waits for, how it ended, what it
//! said, when it is started again.

use serde_json::Value;

use super::super::document::{Part, Tone};
use super::super::facts::{Facts, ago, list, text};

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let is_placed = !text(&facts.object, "/spec/nodeName").is_empty();
    let phase = text(&facts.object, "/status/phase");
    if facts.of.kind != "Pod" || !is_placed || phase == "Succeeded" {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let reason = text(&facts.object, "/status/reason");
    if !reason.is_empty() {
        let message = text(&facts.object, "/status/message");
        parts.push(Part::words(Tone::Bad, format!("{reason}: {message}")));
    }
    let statuses = facts.container_statuses();
    for status in &statuses {
        let ended_well = status.pointer("/state/terminated/exitCode") == Some(&0.into());
        if status["ready"] != true && !ended_well {
            if !parts.is_empty() {
                parts.push(Part::Gap);
            }
            parts.extend(container(status, facts));
        }
    }
    if parts.is_empty() {
        parts.extend(gates(facts));
    }
    if statuses.is_empty() && parts.is_empty() {
        let words = "The kubelet has not reported its containers yet.";
        parts.push(Part::words(Tone::Warn, words));
        parts.extend(last_warning(facts));
    }
    parts
}

fn container(status: &Value, facts: &Facts) -> Vec<Part> {
    let name = text(status, "/name");
    let mut parts = Vec::new();
    if let Some(waiting) = status.pointer("/state/waiting") {
        let reason = text(waiting, "/reason");
        parts.push(Part::heading(format!("Container {name} waits: {reason}")));
        let message = text(waiting, "/message");
        if !message.is_empty() {
            parts.push(Part::words(Tone::Plain, message));
        }
        if let Some(meaning) = meaning_of_reason(&reason) {
            parts.push(Part::words(Tone::Quiet, meaning));
        }
        if let Some(ended) = status.pointer("/lastState/terminated") {
            parts.extend(end(ended, facts));
            parts.extend(next_start(waiting, ended, facts));
        }
        let restarts = status["restartCount"].as_i64().unwrap_or(0);
        if restarts > 0 {
            parts.push(Part::field("restarts", restarts.to_string()));
        }
        if reason == "ContainerCreating" || reason == "PodInitializing" {
            parts.extend(last_warning(facts));
        }
    } else if let Some(ended) = status.pointer("/state/terminated") {
        parts.push(Part::heading(format!("Container {name} has ended")));
        parts.extend(end(ended, facts));
    } else {
        parts.push(Part::heading(format!(
            "Container {name} runs and is not ready"
        )));
        parts.extend(probe(&name, facts));
        return parts;
    }
    parts.extend(said(&name, facts));
    parts
}

fn end(ended: &Value, facts: &Facts) -> Vec<Part> {
    let code = ended["exitCode"].as_i64().unwrap_or(0);
    let reason = text(ended, "/reason");
    let since = facts.seconds_since(&text(ended, "/finishedAt"));
    let since = since.map(|since| format!(", {} ago", ago(since)));
    let words = format!("{code} ({reason}){}", since.unwrap_or_default());
    let mut parts = vec![Part::toned(Tone::Bad, "exit code", words)];
    if let Some(meaning) = meaning_of_code(code, &reason) {
        parts.push(Part::field("which means", meaning));
    }
    let message = text(ended, "/message");
    if !message.is_empty() {
        parts.push(Part::field("message", message));
    }
    parts
}

fn meaning_of_code(code: i64, reason: &str) -> Option<&'static str> {
    Some(match (code, reason) {
        (_, "OOMKilled") => "it took more memory than its limit allows, and was killed",
        (0, _) => "it ended as if its work were done; a server should not end",
        (126, _) => "the command is there and cannot be run",
        (127, _) => "there is no such command in the image",
        (137, _) => "it was killed (SIGKILL)",
        (139, _) => "it crashed (SIGSEGV)",
        (143, _) => "it was asked to end (SIGTERM)",
        _ => return None,
    })
}

fn meaning_of_reason(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "CrashLoopBackOff" => "It keeps ending, so each start is put off longer, up to 5 min.",
        "ErrImagePull" | "ImagePullBackOff" => {
            "The image cannot be had: its name, its tag, or the right to pull it."
        }
        "InvalidImageName" => "The name of the image is none.",
        "CreateContainerConfigError" => {
            "Something that its environment is made from is not there, or may not be used."
        }
        "RunContainerError" | "StartError" => "Its command could not be started.",
        "PodInitializing" => "Init containers come first.",
        _ => return None,
    })
}

/// When it is started again, from the back-off in the kubelet's own words.
fn next_start(waiting: &Value, ended: &Value, facts: &Facts) -> Option<Part> {
    let message = text(waiting, "/message");
    let words = message.strip_prefix("back-off ")?;
    let span = words.split_whitespace().next()?;
    let wait = seconds(span)?;
    let since = facts.seconds_since(&text(ended, "/finishedAt"))?;
    let words = match wait - since {
        left @ 1.. => format!("in {}", ago(left)),
        _ => "any moment".to_owned(),
    };
    Some(Part::field("next start", words))
}

/// `2m40s` in seconds.
fn seconds(span: &str) -> Option<i64> {
    let span: jiff::SignedDuration = span.parse().ok()?;
    Some(span.as_secs())
}

/// What the probes say of a container that runs.
fn probe(name: &str, facts: &Facts) -> Vec<Part> {
    let containers = list(&facts.object, "/spec/containers").iter();
    let mut named = containers.filter(|container| container["name"] == name);
    let has_probe = named.any(|container| {
        container.get("readinessProbe").is_some() || container.get("startupProbe").is_some()
    });
    let unhealthy = facts
        .event("Unhealthy")
        .map(|event| text(event, "/message"));
    match unhealthy {
        Some(words) => vec![Part::words(Tone::Bad, words)],
        None if has_probe => vec![Part::words(Tone::Warn, "Its probe has not succeeded yet.")],
        None => last_warning(facts).into_iter().collect(),
    }
}

/// Its last words.
fn said(name: &str, facts: &Facts) -> Vec<Part> {
    let lines = facts.said.iter().find(|(container, _)| container == name);
    match lines.filter(|(_, lines)| !lines.is_empty()) {
        Some((_, lines)) => vec![
            Part::words(Tone::Quiet, "the last it said:"),
            Part::Log(lines.clone()),
        ],
        None => Vec::new(),
    }
}

/// Every container is ready, and the Pod still is not.
fn gates(facts: &Facts) -> Vec<Part> {
    let ready = super::super::facts::condition(&facts.object, "Ready");
    let not_ready = ready.filter(|condition| condition["status"] != "True");
    let Some(not_ready) = not_ready.filter(|_| !facts.container_statuses().is_empty()) else {
        return Vec::new();
    };
    let words = format!(
        "{}: {}",
        text(not_ready, "/reason"),
        text(not_ready, "/message")
    );
    vec![Part::words(Tone::Warn, words)]
}

fn last_warning(facts: &Facts) -> Option<Part> {
    let mut warnings = facts.events.iter().rev();
    let warning = warnings.find(|event| event["type"] == "Warning")?;
    let words = format!(
        "{}: {}",
        text(warning, "/reason"),
        text(warning, "/message")
    );
    Some(Part::words(Tone::Bad, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Reference;
    use serde_json::json;

    #[test]
    fn a_crashing_container_tells_its_end_its_words_and_its_next_start() {
        let facts = Facts {
            of: Reference::known("Pod", "shop", "web"),
            object: json!({"spec": {"nodeName": "worker"}, "status": {"phase": "Running",
                "containerStatuses": [{"name": "main", "ready": false, "restartCount": 5,
                    "state": {"waiting": {"reason": "CrashLoopBackOff",
                        "message": "back-off 1m20s restarting failed container=main"}},
                    "lastState": {"terminated": {"exitCode": 127, "reason": "Error",
                        "finishedAt": "2026-01-01T00:00:00Z"}}}]}}),
            now: "2026-01-01T00:00:08Z".parse().expect("a time"),
            said: vec![("main".to_owned(), vec!["sh: serve: not found".to_owned()])],
            ..Facts::default()
        };
        let text = super::super::document(&facts).text();
        for words in [
            "Container main waits: CrashLoopBackOff",
            "exit code: 127 (Error), 8 s ago",
            "no such command in the image",
            "next start: in 72 s",
            "restarts: 5",
            "sh: serve: not found",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
    }

    #[test]
    fn a_pod_that_is_well_has_no_reason() {
        let facts = Facts {
            of: Reference::known("Pod", "shop", "web"),
            object: json!({"spec": {"nodeName": "worker"}, "status": {"phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "main", "ready": true,
                    "state": {"running": {}}}]}}),
            ..Facts::default()
        };
        let text = super::super::document(&facts).text();
        assert!(text.contains("Nothing keeps pod/web"), "{text}");
    }
}
