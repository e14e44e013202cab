//! Plays a scenario in a cluster of its own.

use std::sync::Arc;
use std::time::Duration;

use pocketkube::Cluster;
use pocketkube::api::StatusError;
use pocketkube::authentication::UserInfo;
use pocketkube::client::{Client, DeleteOptions, Patch, Propagation, ResourceRef};
use pocketkube::clock::Clock;
use pocketkube::endpoints::ListOptions;
use pocketkube::registry::ResourceDef;
use serde_json::{Value, json};

use super::matching::{differ, lack};
use super::script::{Evict, Expectation, Scenario, Step, span};

struct Stage {
    cluster: Cluster,
    client: Client,
}

/// An object by its name in a scenario.
struct Named {
    row: Arc<ResourceDef>,
    resource: ResourceRef,
    namespace: String,
    name: String,
}

/// Performs every step. Fails with the number of the step and what was wrong.
pub async fn play(scenario: &Scenario) -> Result<(), String> {
    let start = "2026-01-02T03:04:05Z".parse().unwrap();
    let clock = Clock::starting_at(start, 1.0);
    let cluster = Cluster::builder().nodes(scenario.nodes).clock(clock);
    let cluster = cluster.start().await.unwrap();
    let server = Arc::new(cluster.server().clone());
    let client = Client::new(server, UserInfo::admin(), "test");
    let stage = Stage { cluster, client };
    // Until the system stands.
    stage.pass(Duration::from_secs(10)).await;
    for (number, step) in scenario.steps.iter().enumerate() {
        let done = stage.perform(step).await;
        done.map_err(|why| format!("step {}: {why}", number + 1))?;
    }
    stage
        .cluster
        .shutdown()
        .await
        .map_err(|left| format!("{left:?} did not end"))
}

fn text(error: StatusError) -> String {
    error.to_string()
}

impl Stage {
    async fn pass(&self, span: Duration) {
        self.cluster.clock().sleep(span).await;
    }

    fn row(&self, plural: &str) -> Result<Arc<ResourceDef>, String> {
        let table = self.cluster.server().registry().resources();
        let rows = table.all().into_iter().filter(|row| row.plural == plural);
        // An early version may lack what is looked for; one that is not stable is another's.
        let row = rows.max_by_key(|row| (!row.version.contains("beta"), row.version.clone()));
        row.ok_or_else(|| format!("nobody serves {plural}"))
    }

    fn named(&self, object: &str) -> Result<Named, String> {
        let parts: Vec<&str> = object.split('/').collect();
        let row = self.row(parts[0])?;
        let (namespace, name) = match parts.as_slice() {
            [_, name] if row.is_namespaced() => ("default", *name),
            [_, name] => ("", *name),
            [_, namespace, name] => (*namespace, *name),
            _ => return Err(format!("{object:?} names no object")),
        };
        Ok(Named {
            resource: ResourceRef::from(&*row),
            row,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    async fn perform(&self, step: &Step) -> Result<(), String> {
        match step {
            Step::Given(objects) => {
                for object in objects {
                    self.create(object.clone()).await?;
                }
                Ok(())
            }
            Step::Patch(step) => {
                let named = self.named(&step.object)?;
                let target = (&*named.namespace, &*named.name, &*step.part);
                let patch = Patch::Merge(step.with.clone());
                let patched = self.client.patch_object(&named.resource, target, patch);
                patched.await.map(drop).map_err(text)
            }
            Step::Delete(step) => {
                let named = self.named(&step.object)?;
                let options = DeleteOptions {
                    grace_period_seconds: step.grace,
                    propagation: step.propagation.as_deref().map(|how| match how {
                        "Orphan" => Propagation::Orphan,
                        "Foreground" => Propagation::Foreground,
                        _ => Propagation::Background,
                    }),
                    ..DeleteOptions::default()
                };
                let (namespace, name) = (&named.namespace, &named.name);
                let deleted = self
                    .client
                    .delete_object(&named.resource, namespace, name, &options);
                deleted.await.map_err(text)
            }
            Step::Evict(step) => self.evict(step).await,
            Step::Bind { pod, to } => {
                let binding = json!({
                    "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": to},
                });
                self.post(pod, "binding", binding).await.map_err(text)
            }
            Step::Pass(text) => {
                self.pass(span(text)?).await;
                Ok(())
            }
            Step::Expect(expectations) => {
                for expectation in expectations {
                    self.judge(expectation).await?;
                }
                Ok(())
            }
        }
    }

    async fn create(&self, mut object: Value) -> Result<(), String> {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
        let table = self.cluster.server().registry().resources();
        let mut rows = table.all().into_iter();
        let row = rows.find(|row| row.kind == kind && row.group_version().to_string() == version);
        let row = row.ok_or_else(|| format!("nobody serves {version} {kind}"))?;
        if row.is_namespaced() && object["metadata"]["namespace"].is_null() {
            object["metadata"]["namespace"] = json!("default");
        }
        let resource = ResourceRef::from(&*row);
        let created = self.client.create_object(&resource, object).await;
        created.map(drop).map_err(text)
    }

    async fn post(&self, pod: &str, subresource: &str, body: Value) -> Result<(), StatusError> {
        let pods = ResourceRef::new("", "v1", "pods");
        let target = ("default", pod, subresource);
        self.client
            .create_subresource(&pods, target, body)
            .await
            .map(drop)
    }

    async fn evict(&self, step: &Evict) -> Result<(), String> {
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": step.pod, "namespace": "default"},
        });
        let evicted = self.post(&step.pod, "eviction", eviction).await;
        let refusal = evicted.err().map(|error| {
            let details = error.details.clone().unwrap_or_default();
            let cause = details.causes.first().map(|cause| cause.message.clone());
            cause.unwrap_or_else(|| error.to_string())
        });
        match refusal == step.refused {
            true => Ok(()),
            false => Err(format!(
                "refused: {refusal:?}, expected was {:?}",
                step.refused
            )),
        }
    }

    async fn judge(&self, expectation: &Expectation) -> Result<(), String> {
        let wrong = match expectation {
            Expectation::Object { object, has } => {
                let named = self.named(object)?;
                let (namespace, name) = (&named.namespace, &named.name);
                let found = self
                    .client
                    .get_object(&named.resource, namespace, name)
                    .await;
                lack(has, found.map_err(text)?.value(), object)
            }
            Expectation::Gone { gone } => {
                let named = self.named(gone)?;
                let (namespace, name) = (&named.namespace, &named.name);
                let found = self
                    .client
                    .get_object(&named.resource, namespace, name)
                    .await;
                found
                    .ok()
                    .map(|found| format!("{gone} is there: {}", found.value()))
            }
            Expectation::Count { count, labels, is } => {
                let row = self.row(count)?;
                let found = self.list(&row).await?;
                let metadata = json!({"metadata": {"labels": labels}});
                let fits =
                    |object: &&Value| labels.is_null() || lack(&metadata, object, "").is_none();
                let found = found.iter().filter(fits).count();
                (found != *is).then(|| format!("there are {found} {count}, expected were {is}"))
            }
            Expectation::Events { events, are } => {
                let found = self.events(&self.named(events)?).await?;
                differ(are, &found).map(|why| format!("Events of {events} {why}"))
            }
            Expectation::History { history, of, is } => {
                let found = self.history(&self.named(history)?, of)?;
                differ(is, &found).map(|why| format!("history of {history} {why}"))
            }
        };
        wrong.map_or(Ok(()), Err)
    }

    /// The objects of a resource in `default`, or in the whole cluster.
    async fn list(&self, row: &ResourceDef) -> Result<Vec<Value>, String> {
        let namespace = if row.is_namespaced() { "default" } else { "" };
        let (resource, options) = (ResourceRef::from(row), ListOptions::default());
        let list = self
            .client
            .list_objects(&resource, namespace, options)
            .await;
        let list = list.map_err(text)?;
        Ok(list.items.iter().map(|item| item.value().clone()).collect())
    }

    async fn events(&self, named: &Named) -> Result<Vec<String>, String> {
        let options = ListOptions::default();
        let events = ResourceRef::new("", "v1", "events");
        let list = self
            .client
            .list_objects(&events, "", options)
            .await
            .map_err(text)?;
        let mut found: Vec<(String, String)> = Vec::new();
        for event in &list.items {
            let event = event.value();
            let about = &event["involvedObject"];
            if about["name"] != *named.name || about["kind"] != *named.row.kind {
                continue;
            }
            let field = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let times = match event["count"].as_i64().unwrap_or(1) {
                1 => String::new(),
                count => format!(" (x{count})"),
            };
            let (kind, reason, message) = (field("type"), field("reason"), field("message"));
            let line = format!("{kind} {reason}: {message}{times}");
            // Names of Events end in the time of the first, in nanoseconds and hexadecimal digits.
            let name = event["metadata"]["name"].as_str().unwrap_or_default();
            let order = name.rsplit('.').next().unwrap_or_default().to_owned();
            found.push((order, line));
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found.into_iter().map(|(_, line)| line).collect())
    }

    /// The values at these pointers, each time that one of them changed.
    fn history(&self, named: &Named, of: &[String]) -> Result<Vec<String>, String> {
        let storage = self.cluster.server().registry().storage();
        let resource = Arc::new(named.resource.resource.clone());
        let watcher = storage.watch(&resource, 2).map_err(|gone| gone.to_string());
        let changes = watcher?.take_news().map_err(|gone| gone.to_string())?;
        let mut lines: Vec<String> = Vec::new();
        for change in changes {
            let object = &change.object;
            if object.name() != named.name || object.namespace() != named.namespace {
                continue;
            }
            let values = of
                .iter()
                .map(|pointer| match object.value().pointer(pointer) {
                    None | Some(Value::Null) => "-".to_owned(),
                    Some(Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                });
            let line = values.collect::<Vec<_>>().join(" ");
            if lines.last() != Some(&line) {
                lines.push(line);
            }
        }
        Ok(lines)
    }
}
