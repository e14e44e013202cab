//! How soon a task ticks once the cluster is right: `cargo bench -p kubekata --bench ticks`.
//!
//! Drives a session as the terminal interface does and works on its cluster over HTTPS as kubectl
//! does. The time runs from sending the request that puts things right to the verdict in the
//! session's hands; the cluster's own reaction (endpoints, proxies) is part of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kube::Client;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use kubekata::course::{self, KataInstance};
use kubekata::sandbox::{self, Choice, Places, Resource, Sandbox};
use kubekata::session::{self, Effect, Event, Journal};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const ROUNDS: usize = 200;
/// Nothing here takes so long.
const LONGEST: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let places = Places::open(Some(folder.path()))?;
    let mut session = Session::start(places.clone()).await?;
    let attached = sandbox::attach_if_running(&places).await?;
    let client = attached.context("a cluster runs")?.client();

    let kata = session.open("pods/first-pod").await?;
    let (app, tier) = (text(&kata, "app"), text(&kata, "tier"));
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": app, "labels": {"tier": tier}},
        "spec": {"containers": [{"name": app, "image": "nginx:1.27"}]},
    });
    create(&client, kata.namespace(), pod).await?;
    session.until("label", true).await?;
    let label = |tier: &str| json!({"metadata": {"labels": {"tier": tier}}});
    let turns = [label("other"), label(&tier)];
    let mut ticks = Vec::new();
    for _ in 0..ROUNDS {
        let work = |change| merge(&client, "Pod", kata.namespace(), &app, change);
        ticks.push(session.tick("label", &turns, work).await?);
    }
    print("an object is as it should be", ticks);

    let kata = session.open("services/no-endpoints").await?;
    let app = text(&kata, "app");
    let port = |target: u16| {
        let selector = json!({"app": app, "name": null, "release": null});
        let ports = json!([{"port": 80, "protocol": "TCP", "targetPort": target}]);
        json!({"spec": {"selector": selector, "ports": ports}})
    };
    merge(&client, "Service", kata.namespace(), &app, &port(80)).await?;
    session.until("answers", true).await?;
    let turns = [port(81), port(80)];
    let mut ticks = Vec::new();
    for _ in 0..ROUNDS {
        let work = |change| merge(&client, "Service", kata.namespace(), &app, change);
        ticks.push(session.tick("answers", &turns, work).await?);
    }
    print("a Service answers in a Pod", ticks);
    session.end().await
}

/// A session without its screen.
struct Session {
    effects: mpsc::Sender<Effect>,
    events: mpsc::Receiver<Event>,
    driving: JoinSet<Result<()>>,
}

impl Session {
    async fn start(places: Places) -> Result<Self> {
        let journal = Journal::open(&places.journal())?.journal;
        let (effects, orders) = mpsc::channel(64);
        let (facts, events) = mpsc::channel(64);
        let mut driving = JoinSet::new();
        driving.spawn(session::drive(
            places,
            Choice::Embedded,
            journal,
            orders,
            facts,
        ));
        let mut session = Self {
            effects,
            events,
            driving,
        };
        session.effects.send(Effect::BootSandbox).await?;
        session
            .next(|event| matches!(event, Event::SandboxReady(_)).then_some(()))
            .await?;
        Ok(session)
    }

    async fn open(&mut self, name: &str) -> Result<Arc<KataInstance>> {
        let course = course::load(None)?;
        let kata = course.find(name).context("a kata of the course")?;
        let kata = Arc::new(kata.instance(1)?);
        let prepare = Effect::PrepareKata {
            kata: kata.clone(),
            fresh: true,
        };
        self.effects.send(prepare).await?;
        self.next(|event| matches!(event, Event::KataPrepared { .. }).then_some(()))
            .await?;
        self.effects.send(Effect::Watch(kata.clone())).await?;
        Ok(kata)
    }

    /// Waits for the verdict of a check that holds, or does not.
    async fn until(&mut self, check: &str, holds: bool) -> Result<()> {
        self.next(|event| match event {
            Event::CheckFinished { verdict, .. } => {
                (verdict.check == check && verdict.holds() == holds).then_some(())
            }
            _ => None,
        })
        .await
    }

    /// Puts things wrong, then right; returns how long the tick took from there.
    async fn tick<'a, W>(
        &mut self,
        check: &str,
        [wrong, right]: &'a [Value; 2],
        work: impl Fn(&'a Value) -> W,
    ) -> Result<Duration>
    where
        W: Future<Output = Result<()>>,
    {
        work(wrong).await?;
        self.until(check, false).await?;
        let began = Instant::now();
        work(right).await?;
        self.until(check, true).await?;
        Ok(began.elapsed())
    }

    async fn next<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> Result<T> {
        let found = async {
            while let Some(event) = self.events.recv().await {
                match event {
                    Event::SandboxFailed(reason) | Event::KataFailed { reason, .. } => {
                        bail!(reason)
                    }
                    event => {
                        if let Some(found) = wanted(event) {
                            return Ok(found);
                        }
                    }
                }
            }
            bail!("the session ended")
        };
        tokio::time::timeout(LONGEST, found).await?
    }

    async fn end(mut self) -> Result<()> {
        self.effects.send(Effect::Quit).await?;
        match self.driving.join_next().await {
            Some(ended) => ended?,
            None => Ok(()),
        }
    }
}

fn text(kata: &KataInstance, parameter: &str) -> String {
    match &kata.values[parameter] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn create(client: &Client, namespace: &str, object: Value) -> Result<()> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let resource = Resource::known(kind, None).context("a known kind")?;
    let object: DynamicObject = serde_json::from_value(object)?;
    let api = resource.api(client, Some(namespace));
    api.create(&PostParams::default(), &object).await?;
    Ok(())
}

async fn merge(
    client: &Client,
    kind: &str,
    namespace: &str,
    name: &str,
    change: &Value,
) -> Result<()> {
    let resource = Resource::known(kind, None).context("a known kind")?;
    let api = resource.api(client, Some(namespace));
    api.patch(name, &PatchParams::default(), &Patch::Merge(change))
        .await?;
    Ok(())
}

fn print(what: &str, mut ticks: Vec<Duration>) {
    ticks.sort_unstable();
    let at = |percent: usize| ticks[(ticks.len() * percent / 100).min(ticks.len() - 1)];
    println!(
        "{what:32} {} ticks: half within {:.1?}, 99 of 100 within {:.1?}, all within {:.1?}",
        ticks.len(),
        at(50),
        at(99),
        at(100),
    );
}
