//! The columns of Pods, and the Status column in particular.
//!
//! Mirrors `printPod` in `pkg/printers/internalversion/printers.go` (v1.35).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::resources::is_sidecar;
use crate::api::meta;
use crate::api::tree::{elements, integer, text};
use crate::printers::{Column, RowContext, TableDef, age_cell, or_none, since_cell};

pub fn table() -> TableDef {
    let columns = vec![
        Column::name(),
        Column::text("Ready").described(
            "The aggregate readiness state of this pod for accepting traffic.",
        ),
        Column::text("Status").described("The aggregate status of the containers in this pod."),
        Column::text("Restarts").described(
            "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
        ),
        Column::age(),
        Column::text("IP").wide(),
        Column::text("Node").wide(),
        Column::text("Nominated Node").wide(),
        Column::text("Readiness Gates").wide(),
    ];
    TableDef::new(columns, cells)
}

fn cells(pod: &Value, context: RowContext) -> Vec<Value> {
    let summary = Summary::of(pod);
    let status = &pod["status"];
    let ip = match elements(&status["podIPs"]).first() {
        Some(first) => text(first, "ip"),
        None => text(status, "podIP"),
    };
    vec![
        json!(meta::name(pod)),
        json!(format!("{}/{}", summary.ready, summary.total)),
        json!(summary.status),
        json!(summary.restarts_cell(context.now)),
        json!(age_cell(pod, context.now)),
        json!(or_none(ip)),
        json!(or_none(text(&pod["spec"], "nodeName"))),
        json!(or_none(text(status, "nominatedNodeName"))),
        json!(readiness_gates(pod)),
    ]
}

/// What a Pod's containers add up to.
struct Summary {
    status: String,
    ready: usize,
    total: usize,
    restarts: Restarts,
}

#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container_status: &Value) {
        self.count += integer(container_status, "restartCount");
        let finished = text(&container_status["lastState"]["terminated"], "finishedAt");
        self.last = self.last.max(finished.parse().ok());
    }
}

impl Summary {
    fn of(pod: &Value) -> Self {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let init_containers = elements(&spec["initContainers"]);
        let sidecars = init_containers.iter().filter(|c| is_sidecar(c)).count();
        let mut summary = Self {
            status: status_before_containers(status),
            ready: 0,
            total: elements(&spec["containers"]).len() + sidecars,
            restarts: Restarts::default(),
        };
        let initializing = summary.count_init_containers(init_containers, status);
        if !initializing || condition(status, "Initialized") {
            summary.count_containers(init_containers, status);
        }
        if meta::is_terminating(pod) {
            if text(status, "reason") == "NodeLost" {
                "Unknown".clone_into(&mut summary.status);
            } else if !matches!(text(status, "phase"), "Failed" | "Succeeded") {
                "Terminating".clone_into(&mut summary.status);
            }
        }
        summary
    }

    /// Looks at init containers in their order, up to the first that has not done its part.
    /// Returns whether there is such a one.
    fn count_init_containers(&mut self, specs: &[Value], status: &Value) -> bool {
        let statuses = elements(&status["initContainerStatuses"]);
        for (index, container) in statuses.iter().enumerate() {
            self.restarts.add(container);
            let state = &container["state"];
            let terminated = &state["terminated"];
            let waiting = text(&state["waiting"], "reason");
            if !terminated.is_null() && integer(terminated, "exitCode") == 0 {
                continue;
            }
            if is_named_sidecar(specs, container) && container["started"] == true {
                self.ready += usize::from(container["ready"] == true);
                continue;
            }
            self.status = if !terminated.is_null() {
                format!("Init:{}", end_of(terminated))
            } else if !waiting.is_empty() && waiting != "PodInitializing" {
                format!("Init:{waiting}")
            } else {
                format!("Init:{index}/{}", specs.len())
            };
            return true;
        }
        false
    }

    /// Looks at the regular containers, the first one last, so that it has the say.
    fn count_containers(&mut self, init_specs: &[Value], status: &Value) {
        self.restarts = Restarts::default();
        for container in elements(&status["initContainerStatuses"]) {
            if is_named_sidecar(init_specs, container) {
                self.restarts.add(container);
            }
        }
        let mut has_running = false;
        for container in elements(&status["containerStatuses"]).iter().rev() {
            self.restarts.add(container);
            let state = &container["state"];
            let waiting = text(&state["waiting"], "reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.status);
            } else if !state["terminated"].is_null() {
                self.status = end_of(&state["terminated"]);
            } else if container["ready"] == true && !state["running"].is_null() {
                has_running = true;
                self.ready += 1;
            }
        }
        if self.status == "Completed" && has_running {
            let status = if condition(status, "Ready") {
                "Running"
            } else {
                "NotReady"
            };
            status.clone_into(&mut self.status);
        }
    }

    fn restarts_cell(&self, now: Timestamp) -> String {
        match self.restarts {
            Restarts {
                count,
                last: Some(last),
            } if count != 0 => format!("{count} ({} ago)", since_cell(Some(last), now)),
            Restarts { count, .. } => count.to_string(),
        }
    }
}

/// The phase, or a reason that stands above it.
fn status_before_containers(status: &Value) -> String {
    const GATED: &str = "SchedulingGated";
    let is_gated = elements(&status["conditions"]).iter().any(|condition| {
        text(condition, "type") == "PodScheduled" && text(condition, "reason") == GATED
    });
    let words = match (is_gated, text(status, "reason")) {
        (true, _) => GATED,
        (false, "") => text(status, "phase"),
        (false, reason) => reason,
    };
    words.to_owned()
}

/// How a container ended, in a word.
fn end_of(terminated: &Value) -> String {
    let signal = integer(terminated, "signal");
    match text(terminated, "reason") {
        "" if signal != 0 => format!("Signal:{signal}"),
        "" => format!("ExitCode:{}", integer(terminated, "exitCode")),
        reason => reason.to_owned(),
    }
}

fn is_named_sidecar(specs: &[Value], container_status: &Value) -> bool {
    let name = text(container_status, "name");
    specs
        .iter()
        .any(|spec| text(spec, "name") == name && is_sidecar(spec))
}

/// Whether a condition is there and true.
fn condition(status: &Value, condition_type: &str) -> bool {
    elements(&status["conditions"])
        .iter()
        .any(|c| text(c, "type") == condition_type && text(c, "status") == "True")
}

fn readiness_gates(pod: &Value) -> String {
    let gates = elements(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return or_none("");
    }
    let open = gates
        .iter()
        .filter(|gate| condition(&pod["status"], text(gate, "conditionType")))
        .count();
    format!("{open}/{}", gates.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2025-01-01T00:10:00Z";

    /// Ready, Status and Restarts of a Pod.
    fn row(pod: &Value) -> [String; 3] {
        let context = RowContext {
            now: NOW.parse().unwrap(),
        };
        let cells = cells(pod, context);
        [1, 2, 3].map(|index| cells[index].as_str().unwrap().to_owned())
    }

    fn check(pod: Value, expected: [&str; 3]) {
        assert_eq!(row(&pod), expected, "{pod}");
    }

    fn with_state(state: Value) -> Value {
        json!({
            "spec": {"containers": [{"name": "a"}]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "a", "state": state}]},
        })
    }

    #[test]
    fn the_state_of_a_container_is_the_status() {
        for (state, status) in [
            (
                json!({"waiting": {"reason": "CrashLoopBackOff"}}),
                "CrashLoopBackOff",
            ),
            (
                json!({"terminated": {"reason": "OOMKilled", "exitCode": 137}}),
                "OOMKilled",
            ),
            (json!({"terminated": {"exitCode": 3}}), "ExitCode:3"),
            (
                json!({"terminated": {"exitCode": 0, "signal": 9}}),
                "Signal:9",
            ),
            (json!({"running": {}}), "Running"),
        ] {
            check(with_state(state), ["0/1", status, "0"]);
        }
    }

    #[test]
    fn the_first_container_has_the_say() {
        check(
            json!({
                "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
                "status": {"phase": "Running", "containerStatuses": [
                    {"name": "a", "state": {"waiting": {"reason": "ErrImagePull"}}},
                    {"name": "b", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 2},
                ]},
            }),
            ["0/2", "ErrImagePull", "2"],
        );
    }

    #[test]
    fn init_containers_show_how_far_they_are() {
        let pod = |statuses: Value| {
            json!({
                "spec": {"initContainers": [{"name": "i"}, {"name": "j"}], "containers": [{"name": "a"}]},
                "status": {"phase": "Pending", "initContainerStatuses": statuses},
            })
        };
        let done =
            json!({"name": "i", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
        check(
            pod(json!([{"name": "i", "state": {"running": {}}}])),
            ["0/1", "Init:0/2", "0"],
        );
        check(
            pod(json!([done, {"name": "j", "state": {"waiting": {"reason": "PodInitializing"}}}])),
            ["0/1", "Init:1/2", "0"],
        );
        check(
            pod(
                json!([{"name": "i", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]),
            ),
            ["0/1", "Init:CrashLoopBackOff", "3"],
        );
        check(
            pod(json!([{"name": "i", "state": {"terminated": {"exitCode": 1}}}])),
            ["0/1", "Init:ExitCode:1", "0"],
        );
    }

    #[test]
    fn a_started_sidecar_counts_as_a_container() {
        check(
            json!({
                "spec": {
                    "initContainers": [{"name": "s", "restartPolicy": "Always"}],
                    "containers": [{"name": "a"}],
                },
                "status": {
                    "phase": "Running",
                    "initContainerStatuses": [{"name": "s", "started": true, "ready": true, "restartCount": 1, "state": {"running": {}}}],
                    "containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}],
                },
            }),
            ["2/2", "Running", "1"],
        );
    }

    #[test]
    fn restarts_tell_when_the_last_one_was() {
        check(
            json!({
                "spec": {"containers": [{"name": "a"}]},
                "status": {"phase": "Running", "containerStatuses": [{
                    "name": "a", "ready": true, "restartCount": 2, "state": {"running": {}},
                    "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2025-01-01T00:09:50Z"}},
                }]},
            }),
            ["1/1", "Running", "2 (10s ago)"],
        );
    }

    #[test]
    fn a_completed_container_beside_a_running_one_is_not_the_end() {
        let pod = |ready: &str| {
            json!({
                "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
                "status": {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": ready}],
                    "containerStatuses": [
                        {"name": "a", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
                        {"name": "b", "ready": true, "state": {"running": {}}},
                    ],
                },
            })
        };
        check(pod("True"), ["1/2", "Running", "0"]);
        check(pod("False"), ["1/2", "NotReady", "0"]);
    }

    #[test]
    fn deleted_and_gated_pods_say_so() {
        let mut pod = with_state(json!({"running": {}}));
        pod["metadata"] = json!({"deletionTimestamp": NOW});
        check(pod.clone(), ["0/1", "Terminating", "0"]);
        pod["status"]["reason"] = json!("NodeLost");
        check(pod, ["0/1", "Unknown", "0"]);
        check(
            json!({"spec": {}, "status": {"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"},
            ]}}),
            ["0/0", "SchedulingGated", "0"],
        );
        check(
            json!({"spec": {}, "status": {"phase": "Failed", "reason": "Evicted"}}),
            ["0/0", "Evicted", "0"],
        );
    }
}
