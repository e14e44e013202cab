//! What containers say: the last lines, and every line from now on.

use futures::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use serde_json::Value;

use super::document::{Document, Part, Tone};
use super::facts::{list, text};
use super::{News, Page, Tools};
use crate::sandbox::{Reference, words_of};

/// Lines shown at first.
const FIRST_LINES: i64 = 500;
/// Lines sent at once.
const BATCH: usize = 200;

/// The last lines of a container; none where they cannot be had.
pub async fn tail(
    tools: &Tools,
    pod: &Reference,
    container: &str,
    previous: bool,
    lines: i64,
) -> Vec<String> {
    let params = LogParams {
        container: Some(container.to_owned()),
        previous,
        tail_lines: Some(lines),
        ..LogParams::default()
    };
    let text = api(tools, pod).logs(&pod.name, &params).await;
    let text = text.unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Sends the lines of a Pod's container until nobody wants them.
pub async fn follow(tools: &Tools, page: &Page) {
    let number = page.number;
    let client = tools.observer.client();
    let object = match page.of.api(client).await {
        Ok(api) => api.get_opt(&page.of.name).await,
        Err(error) => Err(error),
    };
    let object = match object {
        Ok(object) => serde_json::to_value(object).unwrap_or_default(),
        Err(error) => {
            return send(tools, number, Document::words(Tone::Bad, words_of(&error))).await;
        }
    };
    let Some(pod) = pod_of(tools, &page.of, &object).await else {
        let words = "No Pod of it has logs.";
        return send(tools, number, Document::words(Tone::Quiet, words)).await;
    };
    let containers = containers(&pod);
    let container = page
        .container
        .clone()
        .or_else(|| containers.first().cloned());
    let of = Reference::known("Pod", page.of.namespace(), &text(&pod, "/metadata/name"));
    send(
        tools,
        number,
        head(page, &of, container.as_deref(), &containers),
    )
    .await;
    let params = LogParams {
        container,
        previous: page.previous,
        follow: !page.previous,
        tail_lines: Some(FIRST_LINES),
        ..LogParams::default()
    };
    if let Err(error) = stream(tools, number, &of, &params).await {
        let line = format!("({})", words_of(&error));
        let lines = vec![line];
        let _ = tools.news.send(News::Lines { number, lines }).await;
    }
}

async fn stream(
    tools: &Tools,
    number: u64,
    of: &Reference,
    params: &LogParams,
) -> Result<(), kube::Error> {
    let stream = api(tools, of).log_stream(&of.name, params).await?;
    let mut lines = stream.lines().try_ready_chunks(BATCH);
    while let Ok(Some(batch)) = lines.try_next().await {
        let news = News::Lines {
            number,
            lines: batch,
        };
        if tools.news.send(news).await.is_err() {
            return Ok(());
        }
    }
    let lines = vec!["(the log ends here)".to_owned()];
    let _ = tools.news.send(News::Lines { number, lines }).await;
    Ok(())
}

async fn send(tools: &Tools, number: u64, document: Document) {
    let document = std::sync::Arc::new(document);
    let _ = tools.news.send(News::Page { number, document }).await;
}

/// Which container of which Pod, and which others there are.
fn head(page: &Page, of: &Reference, container: Option<&str>, containers: &[String]) -> Document {
    let mut words = of.short();
    if let Some(container) = container {
        words.push_str(&format!(", container {container}"));
    }
    if page.previous {
        words.push_str(", the run before this one");
    }
    let others = containers
        .iter()
        .filter(|name| Some(name.as_str()) != container);
    let others: Vec<&str> = others.map(String::as_str).collect();
    if !others.is_empty() {
        words.push_str(&format!(" (also {})", others.join(", ")));
    }
    Document::of(vec![Part::words(Tone::Quiet, words), Part::Log(Vec::new())])
}

/// Names of a Pod's containers, those that run all the time first.
pub fn containers(pod: &Value) -> Vec<String> {
    let pointers = [
        "/spec/containers",
        "/spec/initContainers",
        "/spec/ephemeralContainers",
    ];
    let containers = pointers.iter().flat_map(|pointer| list(pod, pointer));
    containers
        .map(|container| text(container, "/name"))
        .collect()
}

/// The Pod itself, or one of those that a workload or a Service selects.
async fn pod_of(tools: &Tools, of: &Reference, object: &Value) -> Option<Value> {
    if of.kind == "Pod" {
        return object.is_object().then(|| object.clone());
    }
    let selector = ["/spec/selector/matchLabels", "/spec/selector"]
        .iter()
        .find_map(|pointer| object.pointer(pointer)?.as_object())?;
    let labels: Vec<String> = selector
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    let params = kube::api::ListParams::default().labels(&labels.join(","));
    let pods = api(tools, of).list(&params).await.ok()?;
    let pod = pods.items.into_iter().next()?;
    serde_json::to_value(pod).ok()
}

fn api(tools: &Tools, of: &Reference) -> Api<Pod> {
    Api::namespaced(tools.observer.client().clone(), of.namespace())
}

/// Kinds that have Pods whose logs can be read.
const WITH_LOGS: [&str; 7] = [
    "Pod",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "Service",
];

/// Whether there may be a log of it.
pub fn has_logs(of: &Reference) -> bool {
    WITH_LOGS.contains(&of.kind.as_str())
}
