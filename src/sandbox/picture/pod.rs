//! A Pod on the screen: its status in the words of `kubectl get pods`.

use serde_json::Value;

use super::super::view::{ContainerView, Health, PodView};
use super::{condition, is_leaving, list, moment, number, optional, text};

pub(super) fn pod(object: &Value) -> PodView {
    let containers: Vec<ContainerView> = list(object, "/status/containerStatuses")
        .iter()
        .map(container)
        .collect();
    let status = status(object);
    PodView {
        namespace: text(object, "/metadata/namespace"),
        name: text(object, "/metadata/name"),
        health: health(object, &status, &containers),
        status,
        ready_containers: containers.iter().filter(|c| c.ready).count(),
        all_containers: list(object, "/spec/containers").len(),
        restarts: containers.iter().map(|c| c.restarts).sum(),
        node: optional(object, "/spec/nodeName"),
        ip: optional(object, "/status/podIP"),
        created: moment(object, "/metadata/creationTimestamp"),
        detail: detail(object),
        containers,
    }
}

fn container(status: &Value) -> ContainerView {
    let (name, state) = state(status);
    ContainerView {
        name: text(status, "/name"),
        image: text(status, "/image"),
        ready: status["ready"] == true,
        restarts: number(status, "/restartCount"),
        reason: state.and_then(|state| optional(state, "/reason")),
        exit_code: state.and_then(|state| state["exitCode"].as_i64()),
        state: name.to_owned(),
    }
}

/// The state a container is in, and its fields.
fn state(status: &Value) -> (&'static str, Option<&Value>) {
    [
        ("Running", "running"),
        ("Terminated", "terminated"),
        ("Waiting", "waiting"),
    ]
    .into_iter()
    .find_map(|(name, field)| Some((name, status.pointer(&format!("/state/{field}"))?)))
    .map_or(("Waiting", None), |(name, state)| (name, Some(state)))
}

/// The STATUS column, by the rules of Kubernetes' `printPod` (pkg/printers/internalversion).
fn status(pod: &Value) -> String {
    let phase = text(pod, "/status/phase");
    let mut reason = optional(pod, "/status/reason").unwrap_or_else(|| phase.clone());
    let initializing = initializing(pod);
    let initialized = condition(pod, "Initialized").is_some_and(|it| it["status"] == "True");
    match initializing {
        Some(waiting) if !initialized => reason = waiting,
        _ => {
            let mut has_running = false;
            for status in list(pod, "/status/containerStatuses").iter().rev() {
                match state(status) {
                    ("Running", _) => has_running |= status["ready"] == true,
                    (_, Some(state)) => reason = ended(state).unwrap_or(reason),
                    _ => {}
                }
            }
            if reason == "Completed" && has_running {
                let ready = condition(pod, "Ready").is_some_and(|it| it["status"] == "True");
                reason = if ready { "Running" } else { "NotReady" }.to_owned();
            }
        }
    }
    let ended = phase == "Succeeded" || phase == "Failed";
    match is_leaving(pod) {
        true if reason == "NodeLost" => "Unknown".to_owned(),
        true if !ended => "Terminating".to_owned(),
        _ => reason,
    }
}

/// `Init:0/2` and friends, while init containers run.
fn initializing(pod: &Value) -> Option<String> {
    let statuses = list(pod, "/status/initContainerStatuses");
    let all = list(pod, "/spec/initContainers").len();
    for (index, status) in statuses.iter().enumerate() {
        match state(status) {
            ("Terminated", Some(state)) if state["exitCode"] == 0 => {}
            ("Terminated", Some(state)) => {
                return Some(format!("Init:{}", ended(state).unwrap_or_default()));
            }
            ("Waiting", Some(state)) => match optional(state, "/reason") {
                Some(reason) if reason != "PodInitializing" => {
                    return Some(format!("Init:{reason}"));
                }
                _ => return Some(format!("Init:{index}/{all}")),
            },
            _ => return Some(format!("Init:{index}/{all}")),
        }
    }
    None
}

/// The reason of a waiting or ended container.
fn ended(state: &Value) -> Option<String> {
    if let Some(reason) = optional(state, "/reason").filter(|reason| !reason.is_empty()) {
        return Some(reason);
    }
    let exit_code = state["exitCode"].as_i64()?;
    Some(match state["signal"].as_i64() {
        Some(signal) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{exit_code}"),
    })
}

fn health(pod: &Value, status: &str, containers: &[ContainerView]) -> Health {
    if is_leaving(pod) {
        return Health::Leaving;
    }
    if status == "Completed" || status == "Succeeded" {
        return Health::Finished;
    }
    if status == "Running" {
        let ready = !containers.is_empty() && containers.iter().all(|c| c.ready);
        return if ready {
            Health::Good
        } else {
            Health::Progressing
        };
    }
    let under_way = ["Pending", "ContainerCreating", "PodInitializing"];
    let initializing = status.starts_with("Init:") && status.contains('/');
    if (under_way.contains(&status) || initializing) && !is_unschedulable(pod) {
        return Health::Progressing;
    }
    Health::Bad
}

fn is_unschedulable(pod: &Value) -> bool {
    condition(pod, "PodScheduled").is_some_and(|it| it["reason"] == "Unschedulable")
}

/// Why it is as it is, where the cluster says so.
fn detail(pod: &Value) -> Option<String> {
    if is_unschedulable(pod) {
        return optional(condition(pod, "PodScheduled")?, "/message");
    }
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = || statuses.iter().flat_map(|pointer| list(pod, pointer));
    let waiting = statuses().find_map(|status| optional(status, "/state/waiting/message"));
    if waiting.is_some() {
        return waiting;
    }
    if let Some(message) = optional(pod, "/status/message") {
        return Some(message);
    }
    statuses().find_map(|status| {
        let ended = status
            .pointer("/state/terminated")
            .or_else(|| status.pointer("/lastState/terminated"))?;
        let exit_code = ended["exitCode"].as_i64().filter(|code| *code != 0)?;
        Some(format!("exit code {exit_code}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with_container(state: Value) -> PodView {
        pod(&json!({
            "metadata": {"name": "web", "namespace": "a"},
            "spec": {"containers": [{"name": "web"}]},
            "status": {"phase": "Running", "containerStatuses": [state]},
        }))
    }

    #[test]
    fn a_crashing_container_names_the_status() {
        let view = with_container(json!({
            "name": "web", "ready": false, "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        }));
        assert_eq!(view.status, "CrashLoopBackOff");
        assert_eq!((view.health, view.restarts), (Health::Bad, 4));
        assert_eq!(view.detail.as_deref(), Some("back-off 40s"));
    }

    #[test]
    fn a_ready_container_runs_well() {
        let view = with_container(json!({"name": "web", "ready": true, "state": {"running": {}}}));
        assert_eq!(
            (view.status.as_str(), view.health),
            ("Running", Health::Good)
        );
        assert_eq!((view.ready_containers, view.all_containers), (1, 1));
    }

    #[test]
    fn init_containers_are_counted_until_they_are_done() {
        let view = pod(&json!({
            "spec": {"initContainers": [{}, {}], "containers": [{}]},
            "status": {"phase": "Pending", "initContainerStatuses": [
                {"state": {"terminated": {"exitCode": 0}}},
                {"state": {"running": {}}},
            ]},
        }));
        assert_eq!(
            (view.status.as_str(), view.health),
            ("Init:1/2", Health::Progressing)
        );
    }

    #[test]
    fn a_pod_that_fits_nowhere_says_why() {
        let view = pod(&json!({
            "spec": {"containers": [{}]},
            "status": {"phase": "Pending", "conditions": [{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "message": "0/3 nodes are available",
            }]},
        }));
        assert_eq!(view.health, Health::Bad);
        assert_eq!(view.detail.as_deref(), Some("0/3 nodes are available"));
    }
}
