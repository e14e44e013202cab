//! Whose a namespace is, in a cluster with other people's things in it.
//!
//! A namespace that this learner's program made carries a label that says so. Only those are
//! filled, emptied and deleted; a namespace that was there before is never adopted.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, Error};

use super::super::places::{Places, write_private};
use super::super::seed::SEEDED;
use super::super::words::words;
use crate::course::KataInstance;

/// Which data folder a namespace belongs to.
const OWNER: &str = "kubekata.dev/owner";

/// As tools everywhere tell who looks after something.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubekata");

/// How long namespaces may take to go.
const LONGEST: Duration = Duration::from_secs(120);

/// How much of a cluster is the learner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Territory {
    /// All of it.
    Whole,
    /// The namespaces that this learner's program made.
    OwnNamespaces(Owner),
}

/// A learner, as one data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

/// A namespace of this learner, and the kata that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNamespace {
    pub name: String,
    pub kata: Option<String>,
}

impl Owner {
    /// The owner that a data folder stands for; made up with the first question.
    pub fn of(places: &Places) -> Result<Self> {
        let path = places.root().join("owner");
        if let Ok(known) = std::fs::read_to_string(&path)
            && !known.trim().is_empty()
        {
            return Ok(Self(known.trim().to_owned()));
        }
        let made = format!("{:016x}", rand::random::<u64>());
        write_private(&path, &made)?;
        Ok(Self(made))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_of(&self, namespace: &Namespace) -> bool {
        let labels = namespace.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(OWNER)) == Some(&self.0)
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let (key, value) = MANAGED_BY;
        BTreeMap::from([
            (OWNER.to_owned(), self.0.clone()),
            (key.to_owned(), value.to_owned()),
        ])
    }

    /// Fails where a namespace of the kata is there and somebody else's.
    pub async fn refuse_others(&self, client: &Client, kata: &KataInstance) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        for name in &kata.namespaces {
            let found = namespaces.get_opt(name).await.map_err(words)?;
            if found.is_some_and(|namespace| !self.is_of(&namespace)) {
                return Err(not_ours(name));
            }
        }
        Ok(())
    }

    /// Makes the namespaces of the kata that are not there. Fails where somebody else does so
    /// meanwhile.
    pub async fn claim(&self, client: &Client, kata: &KataInstance) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        for name in &kata.namespaces {
            let namespace = Namespace {
                metadata: ObjectMeta {
                    name: Some(name.clone()),
                    labels: Some(self.labels()),
                    ..ObjectMeta::default()
                },
                ..Namespace::default()
            };
            match namespaces.create(&PostParams::default(), &namespace).await {
                Err(Error::Api(status)) if status.code == 409 => {
                    let found = namespaces.get(name).await.map_err(words)?;
                    if !self.is_of(&found) {
                        return Err(not_ours(name));
                    }
                }
                made => {
                    made.map_err(words)
                        .with_context(|| format!("namespace/{name}"))?;
                }
            }
        }
        Ok(())
    }

    /// Every namespace of this learner.
    pub async fn namespaces(&self, client: &Client) -> Result<Vec<OwnNamespace>> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let own = ListParams::default().labels(&format!("{OWNER}={}", self.0));
        let found = namespaces.list(&own).await.map_err(words)?;
        Ok(found.items.into_iter().filter_map(own_namespace).collect())
    }

    /// Deletes the namespaces of this learner, but for those of `but_for`; returns their names
    /// when they are gone.
    pub async fn clean(&self, client: &Client, but_for: &[String]) -> Result<Vec<String>> {
        let api: Api<Namespace> = Api::all(client.clone());
        let own = self.namespaces(client).await?;
        let names: Vec<String> = own.into_iter().map(|own| own.name).collect();
        let going: Vec<String> = names
            .into_iter()
            .filter(|name| !but_for.contains(name))
            .collect();
        for name in &going {
            match api.delete(name, &DeleteParams::default()).await {
                // It is gone, or going.
                Err(Error::Api(status)) if status.code == 404 || status.code == 409 => {}
                deleted => drop(deleted.map_err(words)?),
            }
        }
        for name in &going {
            let Some(found) = api.get_opt(name).await.map_err(words)? else {
                continue;
            };
            let uid = found.metadata.uid.unwrap_or_default();
            let gone = await_condition(api.clone(), name, conditions::is_deleted(&uid));
            tokio::time::timeout(LONGEST, gone)
                .await
                .with_context(|| format!("namespace {name} does not go away"))??;
        }
        Ok(going)
    }
}

impl Territory {
    /// Before a kata's scene is taken away and set anew: nobody else's things are in the way, and
    /// what other katas left is gone.
    pub async fn enter(&self, client: &Client, kata: &KataInstance) -> Result<()> {
        let Self::OwnNamespaces(owner) = self else {
            return Ok(());
        };
        owner.refuse_others(client, kata).await?;
        owner.clean(client, &kata.namespaces).await.map(drop)
    }

    /// After the old scene is gone, before the new one is set.
    pub async fn claim(&self, client: &Client, kata: &KataInstance) -> Result<()> {
        match self {
            Self::Whole => Ok(()),
            Self::OwnNamespaces(owner) => owner.claim(client, kata).await,
        }
    }
}

fn own_namespace(namespace: Namespace) -> Option<OwnNamespace> {
    let mark = namespace.metadata.annotations.unwrap_or_default();
    let kata = mark.get(SEEDED).and_then(|mark| mark.split(' ').next());
    Some(OwnNamespace {
        kata: kata.map(str::to_owned),
        name: namespace.metadata.name?,
    })
}

fn not_ours(name: &str) -> anyhow::Error {
    anyhow!(
        "the namespace {name} is somebody else's: kubekata works only in namespaces that it made \
         for you; delete this one if nobody needs it, or use another sandbox"
    )
}
