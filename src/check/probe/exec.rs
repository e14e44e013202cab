//! `exec`: a command inside a container says what it should. The command only looks.
//!
//! ```yaml
//! exec: {name: web, command: cat /etc/app/config, stdout: contains debug}
//! exec: {labels: {app: web}, container: app, command: [nslookup, db], exit: 0}
//! ```
//! A text is given to `sh -c`; a list is run as it is. `exit` is 0 unless it says otherwise.

use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::Target;
use super::super::verdict::Difference;
use super::object::{Which, take_matcher};
use super::pod::{PodPlace, behaviour, pods};
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::{Watched, words_of};

pub(super) const KIND: ProbeKind = ProbeKind { name: "exec", read };

/// A command that says nothing for so long says nothing.
const LONGEST: Duration = Duration::from_secs(5);

/// How much of a command's output is kept.
const LARGEST: u64 = 256 * 1024;

#[derive(Debug)]
struct Exec {
    target: Target,
    which: Which,
    container: Option<String>,
    command: Command,
    exit: Matcher,
    stdout: Option<Matcher>,
    stderr: Option<Matcher>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Command {
    Shell(String),
    Plain(Vec<String>),
}

impl Command {
    fn words(&self) -> Vec<String> {
        match self {
            Self::Shell(text) => vec!["sh".to_owned(), "-c".to_owned(), text.clone()],
            Self::Plain(words) => words.clone(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Shell(text) => text.clone(),
            Self::Plain(words) => words.join(" "),
        }
    }
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let target = Target::take_of_kind(&mut fields, "Pod");
    let which = fields.optional("which").unwrap_or_default();
    let container = fields.optional("container");
    let command = fields.required("command");
    let exit = take_matcher(&mut fields, "exit");
    let stdout = take_matcher(&mut fields, "stdout");
    let stderr = take_matcher(&mut fields, "stderr");
    fields.end();
    Some(Box::new(Exec {
        target: target?,
        which,
        container,
        command: command?,
        exit: exit.unwrap_or(Matcher::Equals(0.into())),
        stdout,
        stderr,
    }))
}

#[async_trait]
impl Probe for Exec {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        behaviour(scene, self.target.namespace.as_deref())
    }

    fn is_behaviour(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        format!("`{}` in {}", self.command.text(), self.target.title())
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
        let mut differences = Vec::new();
        for pod in &pods {
            let words = self.command.words();
            match run(scene, pod, self.container.as_deref(), &words).await {
                Ok(output) => {
                    let found = self.compare(&output, pod, pods.len() > 1);
                    if found.is_empty() && self.which == Which::Any {
                        return Finding::holds();
                    }
                    differences.extend(found);
                }
                Err(reason) => {
                    let field = format!("exec in pod \"{}\"", pod.name);
                    differences.push(Difference::new(field, self.command.text(), reason));
                }
            }
        }
        let look = format!(
            "kubectl exec {} -- {}",
            pods[0].name,
            shell_words::join(self.command.words())
        );
        Finding::of(differences, vec![look])
    }
}

impl Exec {
    fn compare(&self, output: &Output, pod: &PodPlace, several: bool) -> Vec<Difference> {
        let field = |name: &str| match several {
            true => format!("pod \"{}\" {name}", pod.name),
            false => name.to_owned(),
        };
        let mut differences = Vec::new();
        let exit = Value::from(output.exit);
        differences.extend(self.exit.differences(Some(&exit), &field("exit code")));
        for (name, matcher, seen) in [
            ("stdout", &self.stdout, &output.stdout),
            ("stderr", &self.stderr, &output.stderr),
        ] {
            if let Some(matcher) = matcher {
                let seen = Value::from(seen.trim_end_matches('\n'));
                differences.extend(matcher.differences(Some(&seen), &field(name)));
            }
        }
        if !differences.is_empty() && output.exit != 0 && !output.stderr.is_empty() {
            let said = output.stderr.trim_end();
            differences.push(Difference::new(field("stderr"), "no error", said));
        }
        differences
    }
}

/// What a command did.
pub(super) struct Output {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command in a container and waits for its end.
pub(super) async fn run(
    scene: &Scene,
    pod: &PodPlace,
    container: Option<&str>,
    words: &[String],
) -> Result<Output, String> {
    let api: Api<Pod> = Api::namespaced(scene.client().clone(), &pod.namespace);
    let mut how = AttachParams::default()
        .stdout(true)
        .stderr(true)
        .stdin(false);
    if let Some(container) = container.or(pod.container.as_deref()) {
        how = how.container(container);
    }
    let all = async {
        let mut process = api
            .exec(&pod.name, words, &how)
            .await
            .map_err(|error| words_of(&error))?;
        let status = process.take_status();
        let (stdout, stderr) = (process.stdout(), process.stderr());
        let (stdout, stderr) = tokio::join!(text(stdout), text(stderr));
        let status = match status {
            Some(status) => status.await,
            None => None,
        };
        Ok(Output {
            exit: exit_code(status)?,
            stdout,
            stderr,
        })
    };
    tokio::time::timeout(LONGEST, all)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", LONGEST.as_secs())))
}

async fn text(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What was read before an error still counts; the exit code tells the rest.
        let _ = stream.take(LARGEST).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The exit code stands among the causes of the status that ends an exec; without one, the command
/// could not be started, and the message says why.
fn exit_code(status: Option<Status>) -> Result<i32, String> {
    let Some(status) = status else {
        return Err("the connection ended before the command did".to_owned());
    };
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.and_then(|details| details.causes);
    causes
        .into_iter()
        .flatten()
        .find(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .and_then(|cause| cause.message?.parse().ok())
        .ok_or_else(|| status.message.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(json: Value) -> Option<Status> {
        serde_json::from_value(json).expect("a status")
    }

    #[test]
    fn the_exit_code_is_read_from_the_status() {
        let success = status(json!({"status": "Success"}));
        assert_eq!(exit_code(success), Ok(0));
        let failure = status(json!({
            "status": "Failure", "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": "42"}]},
        }));
        assert_eq!(exit_code(failure), Ok(42));
    }

    #[test]
    fn a_command_that_does_not_exist_is_told_in_the_nodes_words() {
        let failure = status(json!({"status": "Failure", "message": "not found in $PATH"}));
        assert_eq!(exit_code(failure), Err("not found in $PATH".to_owned()));
    }
}
