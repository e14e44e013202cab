//! `converges`: after an attack things become again what they were.
//!
//! ```yaml
//! converges:
//!   attack:
//!     - delete: {kind: Deployment, name: web}
//!     - patch: {kind: ConfigMap, name: web, merge: {data: {color: red}}}
//!   to:                      # any probe or combination
//!     object: {kind: ConfigMap, name: web, match: {data: {color: blue}}}
//! ```
//! As soon as `to` is true, the attack is carried out, once; then `to` must become true again with
//! every attacked object changed or gone. `within` covers both. This is the one probe that writes
//! (LIMITATIONS: LAB-7).

use std::sync::Arc;

use async_trait::async_trait;
use kube::api::{DeleteParams, Patch, PatchParams};
use parking_lot::Mutex;
use serde_json::Value;

use super::super::rule;
use super::super::scene::{Finding, Scene};
use super::super::spec::{Rule, take_rule};
use super::super::target::{Target, title_of};
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::{Watched, words_of};

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "converges",
    read,
};

const FIELD_MANAGER: &str = "kubekata-attack";

#[derive(Debug)]
struct Converges {
    blows: Vec<Blow>,
    to: Rule,
    /// What the attack left, once there was one.
    marks: Mutex<Option<Vec<Mark>>>,
}

/// One part of an attack.
#[derive(Debug)]
struct Blow {
    target: Target,
    /// Merged into the object; without it the object is deleted.
    merge: Option<Value>,
}

/// An object as the attack left it.
#[derive(Debug, Clone)]
struct Mark {
    watched: Watched,
    title: String,
    uid: String,
    /// The version that the attack made; `None` where it deleted the object.
    version: Option<u64>,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let mut blows = Vec::new();
    fields.each("attack", |document, node, path, problems| {
        if let Some(fields) = Fields::of(document, node, path, problems) {
            blows.extend(read_blow(fields));
        }
    });
    if blows.is_empty() {
        fields.refuse("attack", "say what is attacked");
    }
    let to = take_rule(&mut fields, "to");
    fields.end();
    Some(Box::new(Converges {
        blows,
        to: to?,
        marks: Mutex::default(),
    }))
}

fn read_blow(mut fields: Fields<'_>) -> Option<Blow> {
    let (deleted, patched) = (fields.node("delete"), fields.node("patch"));
    let (name, node) = match (deleted, patched) {
        (Some(node), None) => ("delete", node),
        (None, Some(node)) => ("patch", node),
        _ => {
            fields.refuse("", "expected exactly one of `delete` and `patch`");
            return None;
        }
    };
    let path = fields.path_of(name);
    let document = fields.document();
    let mut inner = Fields::of(document, node, &path, fields.problems())?;
    let target = Target::take(&mut inner);
    let merge = match name {
        "patch" => Some(inner.required::<Value>("merge")?),
        _ => None,
    };
    inner.end();
    fields.end();
    Some(Blow {
        target: target?,
        merge,
    })
}

#[async_trait]
impl Probe for Converges {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        let mut reads = rule::rule_reads(&self.to, scene).await;
        for blow in &self.blows {
            reads.extend(blow.target.reads(scene).await);
        }
        reads
    }

    fn is_behaviour(&self) -> bool {
        rule::is_behaviour(&self.to)
    }

    fn acts(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        let blows: Vec<String> = self.blows.iter().map(Blow::title).collect();
        format!(
            "{} again after: {}",
            rule::title(&self.to),
            blows.join(", ")
        )
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let finding = rule::judge_rule(&self.to, scene).await;
        let marks = self.marks.lock().clone();
        match marks {
            None if !finding.is_true() => finding,
            None => self.attack(scene).await,
            Some(_) if !finding.is_true() => self.after_attack(finding),
            Some(marks) => match still_marked(&marks, scene).await {
                Ok(titles) if titles.is_empty() => self.after_attack(finding),
                Ok(titles) => self.after_attack(Finding::fails(
                    titles.join(", "),
                    "made good again",
                    "as the attack left it",
                )),
                Err(reason) => Finding::unknown(reason),
            },
        }
    }
}

impl Converges {
    async fn attack(&self, scene: &Scene) -> Finding {
        let mut marks = Vec::new();
        for blow in &self.blows {
            match blow.strike(scene).await {
                Ok(more) if more.is_empty() => {
                    return Finding::fails(blow.target.title(), "it exists", "nothing");
                }
                Ok(more) => marks.extend(more),
                Err(reason) => return Finding::unknown(reason),
            }
        }
        *self.marks.lock() = Some(marks);
        self.after_attack(Finding::fails(
            "",
            "all is well again",
            "only just attacked",
        ))
    }

    /// What is found after the attack, with a word about the attack where something is wrong.
    fn after_attack(&self, mut finding: Finding) -> Finding {
        if !finding.is_true() {
            let blows: Vec<String> = self.blows.iter().map(Blow::title).collect();
            for difference in &mut finding.differences {
                let field = format!("after {}: {}", blows.join(", "), difference.field);
                difference.field = field.trim_end_matches(": ").to_owned();
            }
        }
        finding
    }
}

impl Blow {
    fn title(&self) -> String {
        let what = match self.merge {
            Some(_) => "a change of",
            None => "the deletion of",
        };
        format!("{what} {}", self.target.title())
    }

    /// Attacks every object that is meant.
    async fn strike(&self, scene: &Scene) -> Result<Vec<Mark>, String> {
        let watched = self.target.watched(scene).await?;
        let objects = self.target.objects(scene).await?;
        let mut marks = Vec::new();
        for object in objects {
            let namespace = object["metadata"]["namespace"].as_str();
            let api = watched.resource.api(scene.client(), namespace);
            let name = Finding::text(&object, "/metadata/name");
            let version = match &self.merge {
                Some(merge) => {
                    let how = PatchParams {
                        field_manager: Some(FIELD_MANAGER.to_owned()),
                        ..PatchParams::default()
                    };
                    let patched = api.patch(name, &how, &Patch::Merge(merge)).await;
                    let patched = patched.map_err(|error| words_of(&error))?;
                    let version = patched.metadata.resource_version.unwrap_or_default();
                    Some(version.parse().unwrap_or_default())
                }
                None => {
                    let deleted = api.delete(name, &DeleteParams::default()).await;
                    deleted.map_err(|error| words_of(&error))?;
                    None
                }
            };
            marks.push(Mark {
                watched: watched.clone(),
                title: title_of(&object),
                uid: Finding::text(&object, "/metadata/uid").to_owned(),
                version,
            });
        }
        Ok(marks)
    }
}

/// The attacked objects that nobody has touched since.
async fn still_marked(marks: &[Mark], scene: &Scene) -> Result<Vec<String>, String> {
    let mut titles = Vec::new();
    for mark in marks {
        let listing = scene.list(&mark.watched).await?;
        let same = |object: &&Arc<Value>| Finding::text(object, "/metadata/uid") == mark.uid;
        if listing
            .iter()
            .find(same)
            .is_some_and(|seen| mark.is_on(seen))
        {
            titles.push(mark.title.clone());
        }
    }
    Ok(titles)
}

impl Mark {
    /// Whether `seen`, the same object at some time, is not further than the attack.
    fn is_on(&self, seen: &Value) -> bool {
        let Some(version) = self.version else {
            return true;
        };
        let seen = Finding::text(seen, "/metadata/resourceVersion");
        seen.parse::<u64>().is_ok_and(|seen| seen <= version)
    }
}
