//! Keeps the learner's program running, as a kubelet would: starts it again when it ends, stops
//! and starts it when an attack says so, and leaves nothing behind.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};
use kube::Client;
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::observe::{Listing, Observer};
use super::super::words::words;
use super::account::{ORDER, STATE, annotate, annotation, number_of, watched};
use super::process::{Launch, Program};

/// How long a program that has ended waits for its next start: doubled every time, up to the
/// longest, and begun anew once it has run for a while.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(15);
const RAN_WELL: Duration = Duration::from_secs(20);

/// Why a keeper ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was asked to.
    Asked,
    /// The kata was set back, or taken away.
    KataGone,
}

/// The keeper of one program.
pub struct Keeper<S> {
    client: Client,
    namespace: String,
    account: String,
    launch: Launch,
    /// Is told what happens.
    say: S,
    rest: Duration,
}

impl<S: Fn(String)> Keeper<S> {
    /// `account` is the service account that the program acts as, with a kubeconfig in the
    /// variables of `launch`.
    pub fn new(client: Client, namespace: &str, account: &str, launch: Launch, say: S) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            account: account.to_owned(),
            launch,
            say,
            rest: FIRST_REST,
        }
    }

    /// Runs the program until `stop`. Fails where it cannot be started at all, or the cluster
    /// does not answer.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<End> {
        let observer = Observer::new(self.client.clone());
        let watched = watched(&self.namespace).map_err(anyhow::Error::msg)?;
        let mut changes = observer.changes(&watched);
        let listing = observer.list(&watched).await.map_err(anyhow::Error::msg)?;
        let Some(account) = listing.get(&self.namespace, &self.account) else {
            bail!(
                "there is no service account {}: is the kata started?",
                self.account
            );
        };
        let before = number_of(annotation(account, ORDER));
        let program = Program::start(&self.launch)?;
        self.report(Some(&format!("running {before}"))).await?;
        let kept = self.keep(program, before, &mut changes, stop).await;
        if !matches!(kept, Ok(End::KataGone)) {
            self.report(None).await?;
        }
        kept
    }

    async fn keep(
        &mut self,
        program: Program,
        mut number: u64,
        changes: &mut watch::Receiver<Listing>,
        stop: impl Future<Output = ()>,
    ) -> Result<End> {
        let mut state = State::Running(program, Instant::now());
        tokio::pin!(stop);
        loop {
            let order = tokio::select! {
                () = &mut stop => {
                    state.end().await;
                    return Ok(End::Asked);
                }
                next = state.moves(&self.launch, &self.say, &mut self.rest) => {
                    state = next?;
                    continue;
                }
                changed = changes.changed() => {
                    let listing = changes.borrow_and_update().clone();
                    let account = listing.get(&self.namespace, &self.account);
                    match account.filter(|_| changed.is_ok()) {
                        Some(account) => annotation(account, ORDER).map(str::to_owned),
                        None => {
                            state.end().await;
                            return Ok(End::KataGone);
                        }
                    }
                }
            };
            let Some(order) = order.filter(|order| number_of(Some(order)) > number) else {
                continue;
            };
            number = number_of(Some(&order));
            state.end().await;
            state = State::Stopped;
            if order.starts_with("running") {
                (self.say)("started again".to_owned());
                self.rest = FIRST_REST;
                state = State::Running(Program::start(&self.launch)?, Instant::now());
            } else {
                (self.say)("stopped by an attack".to_owned());
            }
            self.report(Some(&order)).await?;
        }
    }

    /// Tells what is; nothing once nobody keeps the program.
    async fn report(&self, state: Option<&str>) -> Result<()> {
        match annotate(&self.client, &self.namespace, &self.account, STATE, state).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            written => written.map_err(words),
        }
    }
}

/// What the program does.
enum State {
    /// Since then.
    Running(Program, Instant),
    /// It ended by itself, and starts again then.
    Resting(Instant),
    Stopped,
}

impl State {
    /// Waits until it becomes something else by itself.
    async fn moves(
        &mut self,
        launch: &Launch,
        say: &impl Fn(String),
        rest: &mut Duration,
    ) -> Result<Self> {
        match self {
            Self::Running(program, since) => {
                let status = program.ended().await?;
                if since.elapsed() >= RAN_WELL {
                    *rest = FIRST_REST;
                }
                let seconds = rest.as_secs();
                say(format!(
                    "the program ended ({status}); it starts again in {seconds} s"
                ));
                let next = Instant::now() + *rest;
                *rest = (*rest * 2).min(LONGEST_REST);
                Ok(Self::Resting(next))
            }
            Self::Resting(until) => {
                tokio::time::sleep_until(*until).await;
                Ok(Self::Running(Program::start(launch)?, Instant::now()))
            }
            Self::Stopped => std::future::pending().await,
        }
    }

    async fn end(&mut self) {
        if let Self::Running(program, _) = std::mem::replace(self, Self::Stopped) {
            program.end().await;
        }
    }
}
