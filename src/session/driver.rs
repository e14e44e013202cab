//! Performs the effects of a session: the only place where it touches the world.
//!
//! [`drive`] takes effects from one channel and sends what they lead to into another; it never
//! waits for a job. One task per job: booting, preparing a kata, watching it. A new watch ends the
//! old one.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, Client};
use pocketkube::tasks::Tasks;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::effect::Effect;
use super::event::Event;
use super::journal::Journal;
use super::state::SandboxInfo;
use crate::check::{self, Arena, Judge, Patience, Scene};
use crate::course::KataInstance;
use crate::sandbox::{self, Choice, Observer, Places, Sandbox, ShellEnvironment};

/// How long jobs may take to end when the learner leaves.
const END_LIMIT: Duration = Duration::from_secs(2);

/// Performs `effects` until one of them is [`Effect::Quit`] or nobody sends any more; then ends
/// every job, and the cluster where this process hosts it.
pub async fn drive(
    places: Places,
    choice: Choice,
    journal: Journal,
    mut effects: mpsc::Receiver<Effect>,
    events: mpsc::Sender<Event>,
) -> Result<()> {
    let mut driver = Driver {
        places,
        choice,
        journal,
        events,
        tasks: Tasks::new(),
        sandbox: watch::channel(None).0,
        watching: CancellationToken::new(),
        again: watch::channel(0).0,
    };
    while let Some(effect) = effects.recv().await {
        if matches!(effect, Effect::Quit) {
            break;
        }
        driver.perform(effect);
    }
    driver.close().await
}

/// The hands of a session.
struct Driver {
    places: Places,
    choice: Choice,
    journal: Journal,
    events: mpsc::Sender<Event>,
    tasks: Tasks,
    sandbox: watch::Sender<Option<Arc<dyn Sandbox>>>,
    watching: CancellationToken,
    again: watch::Sender<u64>,
}

impl Driver {
    fn sandbox(&self) -> Option<Arc<dyn Sandbox>> {
        self.sandbox.borrow().clone()
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::BootSandbox => self.boot(),
            Effect::PrepareKata { kata, fresh } => self.prepare(kata, fresh),
            Effect::Watch(kata) => self.watch(kata),
            Effect::Unwatch => self.watching.cancel(),
            Effect::Rejudge => self.again.send_modify(|count| *count += 1),
            Effect::Record(entry) => {
                if let Err(error) = self.journal.append(&entry) {
                    self.tell(Event::Warned(format!("{error:#}")));
                }
            }
            Effect::Quit => {}
        }
    }

    async fn close(self) -> Result<()> {
        self.watching.cancel();
        // A job that does not end in time must not keep the learner here.
        let _ = self.tasks.shutdown(END_LIMIT).await;
        match self.sandbox() {
            Some(sandbox) => sandbox.close().await,
            None => Ok(()),
        }
    }

    fn tell(&self, event: Event) {
        let events = self.events.clone();
        self.tasks.spawn("tell", async move {
            let _ = events.send(event).await;
        });
    }

    fn boot(&self) {
        let (places, choice) = (self.places.clone(), self.choice.clone());
        let (events, slot) = (self.events.clone(), self.sandbox.clone());
        self.tasks.spawn("boot the sandbox", async move {
            let booted = async {
                let sandbox = sandbox::host_or_attach(&places, &choice).await?;
                let info = describe(sandbox.as_ref()).await?;
                Ok::<_, anyhow::Error>((sandbox, info))
            };
            let event = match booted.await {
                Ok((sandbox, info)) => {
                    slot.send_replace(Some(sandbox));
                    Event::SandboxReady(info)
                }
                Err(error) => Event::SandboxFailed(format!("{error:#}")),
            };
            let _ = events.send(event).await;
        });
    }

    fn prepare(&self, kata: Arc<KataInstance>, fresh: bool) {
        let Some(sandbox) = self.sandbox() else {
            return;
        };
        let (places, events) = (self.places.clone(), self.events.clone());
        self.tasks.spawn("prepare the kata", async move {
            let id = kata.id.clone();
            let told = |doing: &'static str| {
                let (events, kata) = (events.clone(), id.clone());
                async move {
                    let doing = doing.to_owned();
                    let _ = events.send(Event::KataProgressed { kata, doing }).await;
                }
            };
            let prepared = prepare_kata(sandbox.as_ref(), &places, &kata, fresh, told).await;
            let event = match prepared {
                Ok(prepared) => Event::KataPrepared {
                    kata: id.clone(),
                    fresh: prepared.fresh,
                    shell: Arc::new(prepared.shell),
                },
                Err(error) => Event::KataFailed {
                    kata: id.clone(),
                    reason: format!("{error:#}"),
                },
            };
            let _ = events.send(event).await;
        });
    }

    fn watch(&mut self, kata: Arc<KataInstance>) {
        self.watching.cancel();
        let Some(sandbox) = self.sandbox() else {
            return;
        };
        self.watching = self.tasks.token();
        let observer = Observer::new(sandbox.client());
        let judge = match judge(sandbox.as_ref(), &observer, &kata) {
            Ok(judge) => judge,
            Err(error) => return self.tell(Event::Warned(format!("{error:#}"))),
        };
        let (verdict_sender, verdicts) = mpsc::channel(64);
        let again = self.again.subscribe();
        self.spawn_watching("judge", async move {
            judge.watch(verdict_sender, again).await;
        });
        self.spawn_watching(
            "verdicts",
            pass_on(verdicts, self.events.clone(), {
                let kata = kata.id.clone();
                move |verdict| Event::CheckFinished {
                    kata: kata.clone(),
                    verdict,
                }
            }),
        );
        let (view_sender, views) = mpsc::channel(4);
        let clock = sandbox.clock().clone();
        let namespaces = kata.namespaces.clone();
        let picture = sandbox::picture::follow(observer, clock, namespaces, view_sender);
        self.spawn_watching("picture", picture);
        let views = pass_on(views, self.events.clone(), Event::ClusterChanged);
        self.spawn_watching("views", views);
    }

    fn spawn_watching(&self, name: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        let token = self.watching.clone();
        self.tasks.spawn(name, async move {
            let _ = token.run_until_cancelled(job).await;
        });
    }
}

async fn pass_on<T>(
    mut from: mpsc::Receiver<T>,
    to: mpsc::Sender<Event>,
    event: impl Fn(T) -> Event,
) {
    while let Some(news) = from.recv().await {
        if to.send(event(news)).await.is_err() {
            return;
        }
    }
}

/// A judge of the checks that make the kata's tasks done.
pub fn judge(sandbox: &dyn Sandbox, observer: &Observer, kata: &KataInstance) -> Result<Judge> {
    Ok(judge_of_all(sandbox, observer, kata)?.only(&kata.checks_of_tasks()))
}

fn judge_of_all(sandbox: &dyn Sandbox, observer: &Observer, kata: &KataInstance) -> Result<Judge> {
    let checks = check::read(&kata.checks)?;
    let scene = Scene {
        observer: observer.clone(),
        namespace: kata.namespace().to_owned(),
        values: Arc::new(kata.values.clone()),
        clock: sandbox.clock().clone(),
        wire: sandbox.wire(),
        arena: Arena::default(),
    };
    Ok(Judge::new(scene, checks))
}

/// A scene that stands, and how to start the shell in it.
pub struct Prepared {
    /// It was seeded anew, not found as it was left.
    pub fresh: bool,
    pub shell: ShellEnvironment,
}

/// Sets the scene of a kata, or leaves it as the learner left it, unless it must be `fresh`.
///
/// Fails where the cluster refuses, or where the scene does not come to be as the kata says.
pub async fn prepare_kata<F, T>(
    sandbox: &dyn Sandbox,
    places: &Places,
    kata: &KataInstance,
    fresh: bool,
    told: F,
) -> Result<Prepared>
where
    F: Fn(&'static str) -> T,
    T: Future<Output = ()>,
{
    sandbox::fit(sandbox, kata).await?;
    let (client, territory) = (sandbox.client(), sandbox.territory());
    territory.enter(&client, kata).await?;
    let stands = !fresh && sandbox::seed::stands(&client, kata).await?;
    if !stands {
        told("clearing the place").await;
        sandbox::reset::remove(&client, kata).await?;
        told("setting the scene").await;
        territory.claim(&client, kata).await?;
        sandbox::seed::seed(&client, kata).await?;
        told("waiting for the scene").await;
        await_scene(sandbox, kata).await?;
    }
    let shell = sandbox::shell_in(sandbox, places, kata, !stands);
    let shell = shell.context("cannot prepare the shell")?;
    Ok(Prepared {
        fresh: !stands,
        shell,
    })
}

/// The start scene must show what the kata describes.
async fn await_scene(sandbox: &dyn Sandbox, kata: &KataInstance) -> Result<()> {
    if kata.scene.is_empty() {
        return Ok(());
    }
    let observer = Observer::new(sandbox.client());
    let judge = judge_of_all(sandbox, &observer, kata)?;
    let verdicts = judge.only(&kata.scene).settle(Patience::Full).await;
    match verdicts.iter().find(|verdict| !verdict.holds()) {
        None => Ok(()),
        Some(verdict) => {
            let seen: Vec<String> = verdict
                .differences
                .iter()
                .map(|it| format!("{}: expected {}, seen {}", it.field, it.expected, it.seen))
                .collect();
            anyhow::bail!(
                "the scene is not as described: {} ({})",
                verdict.says,
                seen.join("; ")
            )
        }
    }
}

/// What the title line says of a sandbox.
pub async fn describe(sandbox: &dyn Sandbox) -> Result<SandboxInfo> {
    let client = sandbox.client();
    let version = client.apiserver_version().await?.git_version;
    Ok(SandboxInfo {
        kind: sandbox.name(),
        version,
        nodes: count_nodes(client).await?,
        speed: format!("×{}", sandbox.clock().speed()),
        hosted_here: sandbox.is_hosted_here(),
        address: sandbox.address(),
    })
}

async fn count_nodes(client: Client) -> Result<usize> {
    let nodes: Api<Node> = Api::all(client);
    Ok(nodes
        .list_metadata(&ListParams::default())
        .await?
        .items
        .len())
}
