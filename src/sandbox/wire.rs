//! The wire between the cluster and somebody's program: how much goes over it, and cutting it.
//!
//! The API server counts and cuts, by user; another process asks its host to.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use pocketkube::endpoints::ApiServer;
use pocketkube::{Cluster, Fleet, Insight, Rewinder};
use serde::{Deserialize, Serialize};

use super::chaos::Chaos;
use super::control::{self, Order};
use super::fleet::reinforce;
use super::host::HostFile;
use super::insight::{Answer, Question};
use super::rewind::RewindTo;

/// What a user has asked of the cluster so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    pub requests: u64,
    /// Those that create, change or delete; Leases and Events do not count.
    pub writes: u64,
}

/// A request of the learner's to the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCall {
    /// Counts up, so that nothing is told twice.
    pub number: u64,
    /// `get`, `list`, `delete`.
    pub verb: String,
    /// `pods`.
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    /// The status of the answer.
    pub code: u16,
}

/// What can be known about, and done to, the connections of a user.
#[async_trait]
pub trait Wire: Send + Sync {
    /// What they asked so far. Fails where the cluster cannot tell.
    async fn traffic(&self, user: &str) -> Result<Traffic>;

    /// What the learner's tools asked after the request of this number. Nothing where the cluster
    /// does not tell.
    async fn asked(&self, _since: u64) -> Result<Vec<ApiCall>> {
        Ok(Vec::new())
    }

    /// Breaks their watches off. Fails where the cluster cannot do that.
    async fn cut(&self, user: &str) -> Result<()>;

    /// Lets something happen to the nodes. Fails with the reason why it did not.
    async fn wreak(&self, chaos: &Chaos) -> Result<()>;

    /// Adds nodes until there are so many. Fails where none can be added.
    async fn reinforce(&self, nodes: usize) -> Result<()>;

    /// Goes back in the cluster's history; says what was done. Fails with the reason why it did
    /// not.
    async fn rewind(&self, _back: &RewindTo) -> Result<String> {
        bail!("only the embedded cluster can go back")
    }

    /// Why something is as it is. Fails with the reason why nobody knows.
    async fn explain(&self, _question: &Question) -> Result<Answer> {
        bail!("only the embedded cluster can tell")
    }
}

/// The wire to a cluster in this process.
pub fn wire_to(cluster: &Cluster) -> Arc<dyn Wire> {
    Arc::new(Direct {
        server: cluster.server().clone(),
        fleet: cluster.fleet(),
        insight: cluster.insight(),
        rewinder: cluster.rewinder().clone(),
    })
}

/// To the cluster in this process.
struct Direct {
    server: ApiServer,
    fleet: Fleet,
    insight: Insight,
    rewinder: Rewinder,
}

#[async_trait]
impl Wire for Direct {
    async fn traffic(&self, user: &str) -> Result<Traffic> {
        Ok(traffic_of(&self.server, user))
    }

    async fn asked(&self, since: u64) -> Result<Vec<ApiCall>> {
        Ok(calls_of(&self.server, since))
    }

    async fn cut(&self, user: &str) -> Result<()> {
        self.server.cut_watches_of(user);
        Ok(())
    }

    async fn wreak(&self, chaos: &Chaos) -> Result<()> {
        chaos.act(&self.fleet).await.map(drop)
    }

    async fn rewind(&self, back: &RewindTo) -> Result<String> {
        back.act(&self.rewinder).await
    }

    async fn explain(&self, question: &Question) -> Result<Answer> {
        question.answer(&self.insight)
    }

    async fn reinforce(&self, nodes: usize) -> Result<()> {
        reinforce(&self.fleet, nodes).await
    }
}

pub(super) fn traffic_of(server: &ApiServer, user: &str) -> Traffic {
    let so_far = server.traffic(user);
    Traffic {
        requests: so_far.requests,
        writes: so_far.writes,
    }
}

/// Who watches or judges calls itself nothing; the learner's tools do.
pub(super) fn calls_of(server: &ApiServer, since: u64) -> Vec<ApiCall> {
    let asked = server.asked_since(since).into_iter();
    let learners = asked.filter(|asked| !asked.agent.is_empty() && asked.verb != "watch");
    learners
        .map(|asked| ApiCall {
            number: asked.number,
            verb: asked.verb.clone(),
            resource: asked.resource.clone(),
            subresource: asked.subresource.clone(),
            namespace: asked.namespace.clone(),
            name: asked.name.clone(),
            code: asked.code,
        })
        .collect()
}

/// To the process that hosts the cluster.
pub(super) struct Remote(pub HostFile);

#[async_trait]
impl Wire for Remote {
    async fn traffic(&self, user: &str) -> Result<Traffic> {
        let user = user.to_owned();
        let status = control::ask(&self.0, Order::Traffic { user }).await?;
        status
            .traffic
            .context("the cluster's host is older than this program")
    }

    async fn asked(&self, since: u64) -> Result<Vec<ApiCall>> {
        let status = control::ask(&self.0, Order::Asked { since }).await?;
        Ok(status.asked)
    }

    async fn cut(&self, user: &str) -> Result<()> {
        let user = user.to_owned();
        control::ask(&self.0, Order::Cut { user }).await.map(drop)
    }

    async fn wreak(&self, chaos: &Chaos) -> Result<()> {
        let chaos = chaos.clone();
        control::ask(&self.0, Order::Chaos { chaos })
            .await
            .map(drop)
    }

    async fn reinforce(&self, nodes: usize) -> Result<()> {
        let order = Order::Nodes { at_least: nodes };
        control::ask(&self.0, order).await.map(drop)
    }

    async fn rewind(&self, back: &RewindTo) -> Result<String> {
        let back = back.clone();
        let status = control::ask(&self.0, Order::Rewind { back }).await?;
        Ok(status.said.unwrap_or_default())
    }

    async fn explain(&self, question: &Question) -> Result<Answer> {
        let question = question.clone();
        let status = control::ask(&self.0, Order::Explain { question }).await?;
        status
            .answer
            .context("the cluster's host is older than this program")
    }
}
