//! `logs`: what a container wrote.
//!
//! ```yaml
//! logs: {name: web, line: contains listening}
//! logs: {labels: {app: web}, which: any, container: app, previous: true, line: '~no such file'}
//! ```
//! True where a line matches; say `not:` around it for lines that must not be there.

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::Target;
use super::super::verdict::Difference;
use super::object::{Which, take_matcher};
use super::pod::{PodPlace, behaviour, pods};
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::{Watched, words_of};

pub(super) const KIND: ProbeKind = ProbeKind { name: "logs", read };

/// How much of a log is read.
const LINES: i64 = 2_000;

/// How much of it the learner is shown where the line is missing.
const SHOWN: usize = 6;

#[derive(Debug)]
struct Logs {
    target: Target,
    which: Which,
    container: Option<String>,
    previous: bool,
    line: Matcher,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let target = Target::take_of_kind(&mut fields, "Pod");
    let which = fields.optional("which").unwrap_or_default();
    let container = fields.optional("container");
    let previous = fields.optional("previous").unwrap_or(false);
    let line = take_matcher(&mut fields, "line");
    if line.is_none() {
        fields.refuse("line", "required");
    }
    fields.end();
    Some(Box::new(Logs {
        target: target?,
        which,
        container,
        previous,
        line: line?,
    }))
}

#[async_trait]
impl Probe for Logs {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        behaviour(scene, self.target.namespace.as_deref())
    }

    fn is_behaviour(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        format!(
            "a log line of {}: {}",
            self.target.title(),
            self.line.describe()
        )
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let pods = match pods(&self.target, scene).await {
            Ok(pods) => pods,
            Err(reason) => return Finding::unknown(reason),
        };
        if pods.is_empty() {
            return Finding::fails(self.target.title(), "it exists", "nothing")
                .look("kubectl get pods");
        }
        let mut missing = Vec::new();
        for pod in &pods {
            match self.read_log(scene, pod).await {
                Ok(log) if self.has_line(&log) => {
                    if self.which == Which::Any {
                        return Finding::holds();
                    }
                }
                Ok(log) => missing.push(self.difference(pod, &tail(&log))),
                Err(reason) => missing.push(self.difference(pod, &reason)),
            }
        }
        let previous = if self.previous { " --previous" } else { "" };
        let look = format!("kubectl logs {}{previous}", pods[0].name);
        Finding::of(missing, vec![look])
    }
}

impl Logs {
    async fn read_log(&self, scene: &Scene, pod: &PodPlace) -> Result<String, String> {
        let api: Api<Pod> = Api::namespaced(scene.client().clone(), &pod.namespace);
        let how = LogParams {
            container: self.container.clone(),
            previous: self.previous,
            tail_lines: Some(LINES),
            ..LogParams::default()
        };
        api.logs(&pod.name, &how)
            .await
            .map_err(|error| words_of(&error))
    }

    fn has_line(&self, log: &str) -> bool {
        log.lines()
            .any(|line| self.line.matches(Some(&Value::from(line))))
    }

    fn difference(&self, pod: &PodPlace, seen: &str) -> Difference {
        let field = format!("log of pod \"{}\"", pod.name);
        let expected = format!("a line: {}", self.line.describe());
        Difference::new(field, expected, seen)
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    match lines.len() {
        0 => "an empty log".to_owned(),
        count => lines[count.saturating_sub(SHOWN)..].join("\n"),
    }
}
