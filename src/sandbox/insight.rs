//! What can be asked about why things in the cluster are as they are, from any process.
//!
//! Questions and answers go over the control wire as they are; whoever hosts the cluster answers.

use anyhow::{Result, anyhow};
use pocketkube::scheduler::Decision;
use pocketkube::{Insight, Traced};
use serde::{Deserialize, Serialize};

/// What somebody wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "camelCase")]
pub enum Question {
    /// What brought an object about, and what came of it.
    Trace {
        kind: String,
        namespace: String,
        name: String,
    },
    /// What happened last.
    Timeline { limit: usize },
    /// How the scheduler last decided about a Pod.
    Decision { namespace: String, pod: String },
}

/// What the cluster tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// For [`Question::Trace`] as trees, for [`Question::Timeline`] one after the other.
    Trace(Vec<Traced>),
    Decision(Box<Decision>),
}

impl Question {
    /// Fails with the reason, in words for whoever asked.
    pub(super) fn answer(&self, insight: &Insight) -> Result<Answer> {
        match self {
            Self::Trace {
                kind,
                namespace,
                name,
            } => {
                let mut traced = insight.trace(kind, namespace, name)?;
                name_the_learner(&mut traced);
                Ok(Answer::Trace(traced))
            }
            Self::Decision { namespace, pod } => {
                let decision = insight.decision(namespace, pod);
                let decision = decision.ok_or_else(|| {
                    anyhow!(
                        "the scheduler has not decided about pod {pod} in namespace {namespace}"
                    )
                })?;
                Ok(Answer::Decision(Box::new(Decision::clone(&decision))))
            }
            Self::Timeline { limit } => {
                let mut timeline = insight.timeline(*limit);
                name_the_learner(&mut timeline);
                Ok(Answer::Trace(timeline))
            }
        }
    }
}

/// Learner and lab are the same user; a program that says what it is was run by the learner.
fn name_the_learner(traced: &mut [Traced]) {
    for one in traced {
        if one.actor == ADMINISTRATOR {
            one.who = match &one.command {
                Some(_) => "you".to_owned(),
                None => "kubekata".to_owned(),
            };
        }
        name_the_learner(&mut one.then);
    }
}

/// Whose kubeconfig learners have.
const ADMINISTRATOR: &str = "kubernetes-admin";
