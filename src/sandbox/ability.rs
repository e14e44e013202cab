//! What katas need of a cluster, and what a cluster lacks for them.
//!
//! A kata says what it needs under `sandbox`; what its scene shows by itself (objects outside of
//! its namespaces) need not be said. Nothing here asks a cluster: `survey` does.

use std::collections::BTreeMap;

use serde_json::Value;

use super::resource::Resource;
use super::seed;
use crate::course::{KataInstance, Need};

/// What a cluster can do, as far as katas ask for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Why a need is not met; what is not listed is.
    lacks: BTreeMap<Need, String>,
    /// How many nodes there are; `None` where more can be had.
    nodes: Option<usize>,
}

impl Abilities {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Everything, on so many nodes and no more.
    pub fn with_nodes(nodes: usize) -> Self {
        Self {
            nodes: Some(nodes),
            ..Self::default()
        }
    }

    /// Without this, for this reason.
    pub fn without(mut self, need: Need, why: impl Into<String>) -> Self {
        self.lacks.insert(need, why.into());
        self
    }

    /// Whether it can be given more nodes.
    pub fn can_grow(&self) -> bool {
        self.nodes.is_none()
    }

    /// What the cluster lacks for a kata, each with the reason; empty where it can be done.
    pub fn lacking(&self, kata: &KataInstance) -> Vec<String> {
        let mut lacking = Vec::new();
        if let (Some(wanted), Some(nodes)) = (kata.sandbox.nodes, self.nodes)
            && usize::try_from(wanted).is_ok_and(|wanted| wanted > nodes)
        {
            lacking.push(format!("it needs {wanted} nodes, and there are {nodes}"));
        }
        for need in needs(kata) {
            if let Some(why) = self.lacks.get(&need) {
                lacking.push(format!("{}: {why}", need.as_str()));
            }
        }
        lacking
    }
}

/// What a kata needs: what it says, and what its scene shows.
pub fn needs(kata: &KataInstance) -> Vec<Need> {
    let mut needs = kata.sandbox.needs.clone();
    if reaches_out(kata) {
        needs.push(Need::Cluster);
    }
    needs.sort_unstable();
    needs.dedup();
    needs
}

/// Whether something of the scene, or of the learner, lies outside of the kata's namespaces.
fn reaches_out(kata: &KataInstance) -> bool {
    let is_outside = |manifest: &Value| {
        let text = |at: &'static str| manifest.pointer(at).and_then(Value::as_str);
        let is_own = |namespace: &str| kata.namespaces.iter().any(|own| own == namespace);
        if text("/metadata/namespace").is_some_and(|namespace| !is_own(namespace)) {
            return true;
        }
        let known = text("/kind").and_then(|kind| Resource::known(kind, text("/apiVersion")));
        // Kinds that nobody knows by heart are defined by the scene itself, which reaches out.
        known.is_some_and(|known| !known.namespaced)
    };
    let manifests = seed::manifests(kata).unwrap_or_default();
    !kata.makes.is_empty() || manifests.iter().any(|(_, manifest)| is_outside(manifest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;

    fn kata(id: &str) -> KataInstance {
        let course = course::embedded().expect("the course loads");
        let kata = course.find(id).expect("it is there");
        kata.instance(1).expect("it can be made")
    }

    #[test]
    fn a_cluster_that_lacks_something_says_why_to_the_katas_that_need_it() {
        let abilities = Abilities::with_nodes(3).without(Need::Metrics, "nobody measures");
        assert_eq!(
            abilities.lacking(&kata("autoscaling/load")),
            ["metrics: nobody measures"]
        );
        assert!(abilities.lacking(&kata("pods/first-pod")).is_empty());
        let mut large = kata("pods/first-pod");
        large.sandbox.nodes = Some(5);
        assert_eq!(
            abilities.lacking(&large),
            ["it needs 5 nodes, and there are 3"]
        );
        assert!(Abilities::all().lacking(&large).is_empty());
    }

    #[test]
    fn katas_that_make_things_outside_of_their_namespaces_need_the_whole_cluster() {
        for id in [
            "scheduling/three-reasons",
            "crds/own-kind",
            "admission/policy",
        ] {
            assert!(needs(&kata(id)).contains(&Need::Cluster), "{id}");
        }
        for id in ["pods/first-pod", "services/no-endpoints", "pods/crash-loop"] {
            assert!(!needs(&kata(id)).contains(&Need::Cluster), "{id}");
        }
    }
}
