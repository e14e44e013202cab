//! The containers of a Pod.

use serde_json::Value;

use super::super::document::{Part, Tone};
use super::super::facts::{Facts, ago, list, statuses, text};

/// Every container with its state.
pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let pod = &facts.object;
    let mut parts = Vec::new();
    for (heading, pointer) in [
        ("Init container", "/spec/initContainers"),
        ("Container", "/spec/containers"),
    ] {
        for container in list(pod, pointer) {
            let name = text(container, "/name");
            let all = statuses(pod);
            let status = all
                .into_iter()
                .find(|status| status["name"] == name.as_str());
            parts.push(Part::Gap);
            parts.push(Part::heading(format!("{heading} {name}")));
            parts.extend(fields(container));
            if let Some(status) = status {
                parts.extend(life(status, facts));
            }
        }
    }
    parts
}

fn fields(container: &Value) -> Vec<Part> {
    let words = |pointer: &str| -> String {
        let words = list(container, pointer).iter().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(" ")
    };
    let ports = list(container, "/ports").iter().map(|port| {
        let number = &port["containerPort"];
        match port["name"].as_str() {
            Some(name) => format!("{number} ({name})"),
            None => number.to_string(),
        }
    });
    let mut parts = vec![Part::field("Image", text(container, "/image"))];
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            parts.push(Part::field(name, value));
        }
    };
    add("Ports", ports.collect::<Vec<_>>().join(" "));
    add("Command", words("/command"));
    add("Args", words("/args"));
    for (name, pointer) in [
        ("Requests", "/resources/requests"),
        ("Limits", "/resources/limits"),
    ] {
        add(name, super::pairs(container.pointer(pointer)).join("  "));
    }
    for (name, field) in [
        ("Liveness", "livenessProbe"),
        ("Readiness", "readinessProbe"),
        ("Startup", "startupProbe"),
    ] {
        add(name, container.get(field).map(probe).unwrap_or_default());
    }
    let mounts = list(container, "/volumeMounts").iter();
    let mounts = mounts.map(|it| format!("{} from {}", text(it, "/mountPath"), text(it, "/name")));
    add("Mounts", mounts.collect::<Vec<_>>().join("  "));
    let variables = list(container, "/env").iter().map(variable);
    add("Environment", variables.collect::<Vec<_>>().join("  "));
    parts
}

fn probe(probe: &Value) -> String {
    let what = if let Some(http) = probe.get("httpGet") {
        format!(
            "GET {} on port {}",
            text(http, "/path"),
            bare(&http["port"])
        )
    } else if let Some(socket) = probe.get("tcpSocket") {
        format!("port {} opens", bare(&socket["port"]))
    } else if let Some(command) = probe.pointer("/exec/command") {
        let words = command.as_array().into_iter().flatten();
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        format!("{} succeeds", words.join(" "))
    } else {
        "gRPC".to_owned()
    };
    let number = |field: &str| probe[field].as_i64().unwrap_or(1);
    let (period, failures) = (number("periodSeconds"), number("failureThreshold"));
    format!("{what}, every {period} s, fails after {failures}")
}

fn variable(variable: &Value) -> String {
    let name = text(variable, "/name");
    match variable["value"].as_str() {
        Some(value) => format!("{name}={value}"),
        None => format!("{name} from elsewhere"),
    }
}

/// A number or a name, without quotes.
fn bare(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn life(status: &Value, facts: &Facts) -> Vec<Part> {
    let ready = status["ready"] == true;
    let tone = if ready { Tone::Good } else { Tone::Warn };
    let mut parts = vec![Part::toned(tone, "State", state(&status["state"], facts))];
    if let Some(last) = status
        .get("lastState")
        .filter(|it| it.get("terminated").is_some())
    {
        parts.push(Part::field("Last State", state(last, facts)));
    }
    parts.push(Part::field("Ready", if ready { "yes" } else { "no" }));
    parts.push(Part::field("Restarts", status["restartCount"].to_string()));
    parts
}

/// `Terminated: Error, exit code 1, 8 s ago`.
fn state(state: &Value, facts: &Facts) -> String {
    let with_reason = |word: &str, inner: &Value| match text(inner, "/reason").as_str() {
        "" => word.to_owned(),
        reason => format!("{word}: {reason}"),
    };
    if let Some(inner) = state.get("terminated") {
        let mut words = with_reason("Terminated", inner);
        words.push_str(&format!(", exit code {}", inner["exitCode"]));
        if let Some(since) = facts.seconds_since(&text(inner, "/finishedAt")) {
            words.push_str(&format!(", {} ago", ago(since)));
        }
        return words;
    }
    if let Some(inner) = state.get("running") {
        let since = facts.seconds_since(&text(inner, "/startedAt"));
        let since = since.map(|since| format!(" for {}", ago(since)));
        return format!("Running{}", since.unwrap_or_default());
    }
    match state.get("waiting") {
        Some(inner) => with_reason("Waiting", inner),
        None => "Waiting".to_owned(),
    }
}
