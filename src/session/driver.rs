//! Performs the effects of a session: the only place where it touches the world.
//!
//! [`drive`] takes effects from one channel and sends what they lead to into another; it never
//! waits for a job. One task per job: booting, preparing a kata, watching it. A new watch ends the
//! old one.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, Client};
use pocketkube::tasks::Tasks;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::effect::Effect;
use super::event::Event;
use super::journal::Journal;
use super::looking::tell_clock;
use super::prepare::{Prepared, judge, prepare_kata, restore_kata};
use super::progress::Entry;
use super::solution::compare;
use super::state::SandboxInfo;
use crate::browse;
use crate::course::{KataId, KataInstance};
use crate::sandbox::{self, Choice, Footsteps, Observer, Places, Sandbox, Wire};

/// How long jobs may take to end when the learner leaves.
const END_LIMIT: Duration = Duration::from_secs(2);

/// How often the journal is looked at for what other programs wrote.
const LISTEN: Duration = Duration::from_secs(1);

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
        looking: CancellationToken::new(),
        scene: None,
        shells: HashMap::new(),
    };
    let mut listening = tokio::time::interval(LISTEN);
    listening.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            effect = effects.recv() => match effect {
                None | Some(Effect::Quit) => break,
                Some(effect) => driver.perform(effect),
            },
            _ = listening.tick() => driver.listen(),
        }
    }
    driver.close().await
}

/// The hands of a session.
pub(super) struct Driver {
    pub(super) places: Places,
    choice: Choice,
    journal: Journal,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) tasks: Tasks,
    sandbox: watch::Sender<Option<Arc<dyn Sandbox>>>,
    pub(super) watching: CancellationToken,
    again: watch::Sender<u64>,
    /// Ends the page that is looked at.
    pub(super) looking: CancellationToken,
    /// The open kata, and the watches on its cluster.
    pub(super) scene: Option<(Arc<KataInstance>, Observer)>,
    /// Shells in containers, by their lives.
    pub(super) shells: HashMap<u64, mpsc::Sender<browse::Input>>,
}

impl Driver {
    pub(super) fn sandbox(&self) -> Option<Arc<dyn Sandbox>> {
        self.sandbox.borrow().clone()
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::BootSandbox => self.boot(),
            Effect::PrepareKata { kata, fresh } => self.prepare(kata, fresh),
            Effect::RestoreKata { now, before } => self.restore(now, before),
            Effect::Watch(kata) => self.watch(kata),
            Effect::CompareSolution(kata) => self.compare(kata),
            Effect::Unwatch => {
                self.watching.cancel();
                self.looking.cancel();
                self.scene = None;
                self.shells.clear();
            }
            Effect::Browse(order) => self.browse(order),
            Effect::Control(control) => self.control(control),
            Effect::Rejudge => self.again.send_modify(|count| *count += 1),
            Effect::Record(entry) => {
                let heard = self.journal.append(&entry);
                self.pass_on_news(heard);
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

    /// Tells what other programs have written down meanwhile.
    fn listen(&mut self) {
        let heard = self.journal.news();
        self.pass_on_news(heard);
    }

    fn pass_on_news(&self, heard: Result<Vec<Entry>>) {
        match heard {
            Ok(entries) if entries.is_empty() => {}
            Ok(entries) => self.tell_all(entries.into_iter().map(Event::Heard).collect()),
            Err(error) => self.tell(Event::Warned(format!("{error:#}"))),
        }
    }

    fn tell(&self, event: Event) {
        self.tell_all(vec![event]);
    }

    /// In their order, and without waiting.
    fn tell_all(&self, told: Vec<Event>) {
        let events = self.events.clone();
        self.tasks.spawn("tell", async move {
            for event in told {
                let _ = events.send(event).await;
            }
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
            let mut clock = None;
            let event = match booted.await {
                Ok((sandbox, info)) => {
                    clock = Some(sandbox.clock().clone());
                    slot.send_replace(Some(sandbox));
                    Event::SandboxReady(info)
                }
                Err(error) => Event::SandboxFailed(format!("{error:#}")),
            };
            let _ = events.send(event).await;
            if let Some(clock) = clock {
                tell_clock(clock, events).await;
            }
        });
    }

    fn prepare(&self, kata: Arc<KataInstance>, fresh: bool) {
        let Some(sandbox) = self.sandbox() else {
            return;
        };
        let (places, events) = (self.places.clone(), self.events.clone());
        self.tasks.spawn("prepare the kata", async move {
            let told = progress_of(&kata, &events);
            let prepared = prepare_kata(sandbox.as_ref(), &places, &kata, fresh, told).await;
            let event = prepared_or_failed(&kata, prepared, |kata, prepared| Event::KataPrepared {
                kata,
                fresh: prepared.fresh,
                shell: Arc::new(prepared.shell),
            });
            let _ = events.send(event).await;
        });
    }

    /// Takes a reset back.
    fn restore(&self, now: Arc<KataInstance>, before: Arc<KataInstance>) {
        let Some(sandbox) = self.sandbox() else {
            return;
        };
        let (places, events) = (self.places.clone(), self.events.clone());
        self.tasks.spawn("take the reset back", async move {
            let told = progress_of(&before, &events);
            let restored = restore_kata(sandbox.as_ref(), &places, &now, &before, told).await;
            let event =
                prepared_or_failed(&before, restored, |kata, prepared| Event::KataRestored {
                    kata,
                    shell: Arc::new(prepared.shell),
                    refused: prepared.refused,
                });
            let _ = events.send(event).await;
        });
    }

    fn compare(&self, kata: Arc<KataInstance>) {
        let Some(sandbox) = self.sandbox() else {
            return;
        };
        let events = self.events.clone();
        self.tasks.spawn("compare with the solution", async move {
            let compared = compare(&sandbox.client(), &kata).await;
            let event = match compared {
                Ok(compared) => Event::SolutionCompared {
                    kata: kata.id.clone(),
                    compared,
                },
                Err(error) => Event::Warned(format!("{error:#}")),
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
        self.looking.cancel();
        self.scene = Some((kata.clone(), observer.clone()));
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
        let footsteps = Footsteps::of(&self.places, &kata.id);
        let looking = look_over_shoulder(
            kata.id.clone(),
            sandbox.wire(),
            footsteps,
            self.events.clone(),
        );
        self.spawn_watching("what the learner does", looking);
        let (view_sender, views) = mpsc::channel(4);
        let clock = sandbox.clock().clone();
        let namespaces = kata.namespaces.clone();
        let picture = sandbox::picture::follow(observer, clock, namespaces, view_sender);
        self.spawn_watching("picture", picture);
        let views = pass_on(views, self.events.clone(), Event::ClusterChanged);
        self.spawn_watching("views", views);
    }

    pub(super) fn spawn_watching(
        &self,
        name: &'static str,
        job: impl Future<Output = ()> + Send + 'static,
    ) {
        let token = self.watching.clone();
        self.tasks.spawn(name, async move {
            let _ = token.run_until_cancelled(job).await;
        });
    }
}

/// Tells what is being done right now.
fn progress_of(
    kata: &KataInstance,
    events: &mpsc::Sender<Event>,
) -> impl Fn(&'static str) -> BoxFuture<'static, ()> + use<> {
    let (id, events) = (kata.id.clone(), events.clone());
    move |doing| {
        let (events, kata) = (events.clone(), id.clone());
        Box::pin(async move {
            let doing = doing.to_owned();
            let _ = events.send(Event::KataProgressed { kata, doing }).await;
        })
    }
}

fn prepared_or_failed(
    kata: &KataInstance,
    prepared: Result<Prepared>,
    event: impl FnOnce(KataId, Prepared) -> Event,
) -> Event {
    match prepared {
        Ok(prepared) => event(kata.id.clone(), prepared),
        Err(error) => Event::KataFailed {
            kata: kata.id.clone(),
            reason: format!("{error:#}"),
        },
    }
}

pub(super) async fn pass_on<T>(
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

/// Tells what the learner's tools ask and what is typed, for ever.
async fn look_over_shoulder(
    kata: KataId,
    wire: Arc<dyn Wire>,
    mut footsteps: Footsteps,
    events: mpsc::Sender<Event>,
) {
    // What was asked before has nothing to do with it.
    let before = wire.asked(0).await.unwrap_or_default();
    let mut known = before.last().map_or(0, |call| call.number);
    loop {
        let calls = wire.asked(known).await.unwrap_or_default();
        let typed = footsteps.news();
        known = calls.last().map_or(known, |call| call.number);
        if !calls.is_empty() || !typed.is_empty() {
            let kata = kata.clone();
            let seen = Event::Seen { kata, calls, typed };
            if events.send(seen).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(LISTEN).await;
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
