//! The sandbox over a cluster that runs without this program.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use pocketkube::clock::Clock;

use super::super::ability::Abilities;
use super::super::api::Sandbox;
use super::super::chaos::Chaos;
use super::super::choice::Choice;
use super::super::places::Places;
use super::super::wire::{Traffic, Wire};
use super::consent::Consents;
use super::kubeconfig::OneContext;
use super::ownership::{Owner, Territory};
use super::survey::survey;

/// A cluster that does not answer by then is not there.
const FIRST_ANSWER: Duration = Duration::from_secs(15);

/// A cluster that others run.
pub struct Foreign {
    choice: Choice,
    client: Client,
    kubeconfig: String,
    server: String,
    clock: Clock,
    territory: Territory,
}

impl Foreign {
    /// The cluster behind a context of the learner's kubeconfig.
    ///
    /// Fails with [`NotLocal`](super::NotLocal) where the learner has to agree first.
    pub async fn context(places: &Places, name: &str) -> Result<Self> {
        let found = OneContext::of_learner(name)?;
        Consents::open(places).allow(name, &found.server)?;
        let territory = Territory::OwnNamespaces(Owner::of(places)?);
        let choice = Choice::Context(name.to_owned());
        Self::connect(choice, found, territory).await
    }

    /// A cluster that is all the learner's, by its kubeconfig and a context in it.
    pub(in super::super) async fn own(
        choice: Choice,
        kubeconfig: &str,
        context: &str,
    ) -> Result<Self> {
        let config = Kubeconfig::from_yaml(kubeconfig)?;
        let found = OneContext::of(config, context)?;
        Self::connect(choice, found, Territory::Whole).await
    }

    async fn connect(choice: Choice, found: OneContext, territory: Territory) -> Result<Self> {
        let kubeconfig = found.text()?;
        let options = KubeConfigOptions::default();
        let mut config = kube::Config::from_custom_kubeconfig(found.config, &options)
            .await
            .context("the kubeconfig cannot be used")?;
        // A Service without endpoints answers 503; who asks wants to know that, and at once.
        config.default_retry = false;
        let client = Client::try_from(config)?;
        let server = found.server;
        match tokio::time::timeout(FIRST_ANSWER, client.apiserver_version()).await {
            Ok(answered) => drop(answered.with_context(|| format!("{server} does not answer"))?),
            Err(_) => bail!("{server} does not answer"),
        }
        Ok(Self {
            choice,
            client,
            kubeconfig,
            server,
            clock: Clock::real(),
            territory,
        })
    }
}

#[async_trait]
impl Sandbox for Foreign {
    fn name(&self) -> String {
        self.choice.to_string()
    }

    fn client(&self) -> Client {
        self.client.clone()
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn kubeconfig(&self) -> String {
        self.kubeconfig.clone()
    }

    fn address(&self) -> Option<String> {
        Some(self.server.clone())
    }

    fn is_hosted_here(&self) -> bool {
        false
    }

    fn wire(&self) -> Arc<dyn Wire> {
        Arc::new(NoWire(self.name()))
    }

    async fn abilities(&self) -> Result<Abilities> {
        survey(&self.client, &self.territory).await
    }

    fn territory(&self) -> Territory {
        self.territory.clone()
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Nobody counts there, and nobody can cut.
struct NoWire(String);

impl NoWire {
    fn refuse<T>(&self) -> Result<T> {
        bail!("only the embedded cluster can do this, not {}", self.0)
    }
}

#[async_trait]
impl Wire for NoWire {
    async fn traffic(&self, _: &str) -> Result<Traffic> {
        self.refuse()
    }

    async fn cut(&self, _: &str) -> Result<()> {
        self.refuse()
    }

    async fn wreak(&self, _: &Chaos) -> Result<()> {
        self.refuse()
    }

    async fn reinforce(&self, _: usize) -> Result<()> {
        self.refuse()
    }
}
