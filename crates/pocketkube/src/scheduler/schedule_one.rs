//! One decision: the best node for a Pod, or the reasons why there is none.
//!
//! A pure function of the Pod and a [`Snapshot`]; queueing, binding and events are elsewhere.
//! In large clusters only a share of the nodes is looked at, as upstream does. Mirrors
//! `schedulePod` and `findNodesThatFitPod` of `pkg/scheduler/schedule_one.go` (v1.35).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;

use super::decisions::{NodeDecision, PluginScore};
use super::framework::{Diagnosis, Filter, NodeVerdict, Rejection, Row, Score, Snapshot};
use super::node_info::NodeInfo;
use super::pod_info::PodInfo;

/// Clusters up to this size are searched whole.
const LEAST_NODES_TO_FIND: usize = 100;
/// In huge clusters the search may stop after this share of nodes has been found to fit.
const LEAST_PERCENTAGE: usize = 5;

/// In larger clusters it is not asked who else objects to a node.
const MOST_LOOKED_INTO: usize = 100;
/// So many of the nodes that fit are told about.
const MOST_RATED: usize = 10;

/// A node for a Pod, and how it was found.
#[derive(Debug)]
pub struct Placement {
    pub node: String,
    /// The nodes that fit, the chosen one first, then those with the highest scores.
    pub ratings: Vec<NodeDecision>,
    /// Why others did not do.
    pub diagnosis: Box<Diagnosis>,
}

/// Decides where Pods go. Remembers where the last search ended, so that every node gets its turn.
pub struct Scheduling {
    rows: Vec<Row>,
    next_start: usize,
}

/// A rule's filter for one Pod.
pub(super) type NamedFilter<'a> = (&'static str, Box<dyn Filter + 'a>);

impl Scheduling {
    pub fn new(rows: Vec<Row>) -> Self {
        Self {
            rows,
            next_start: 0,
        }
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The node for this Pod.
    ///
    /// # Errors
    /// Why each node was refused, and by which rule.
    pub fn schedule(
        &mut self,
        pod: &PodInfo,
        snapshot: &Snapshot,
    ) -> Result<Placement, Box<Diagnosis>> {
        let mut diagnosis = Box::new(Diagnosis {
            node_count: snapshot.nodes.len(),
            ..Diagnosis::default()
        });
        let filters = match prepare(&self.rows, pod, snapshot) {
            Ok(filters) => filters,
            Err(refusal) => {
                diagnosis.of_all = Some(refusal);
                return Err(diagnosis);
            }
        };
        let feasible = match self.nominated(pod, snapshot, &filters) {
            Some(node) => vec![node],
            None => {
                let (feasible, next_start) = self.search(pod, snapshot, &filters, &mut diagnosis);
                if feasible.is_empty() && snapshot.nodes.len() <= MOST_LOOKED_INTO {
                    diagnosis.objections = objections(&filters, snapshot);
                }
                drop(filters);
                self.next_start = next_start;
                feasible
            }
        };
        match feasible.as_slice() {
            [] => Err(diagnosis),
            [only] => Ok(Placement {
                node: only.name().to_owned(),
                ratings: vec![rating(only, Vec::new())],
                diagnosis,
            }),
            several => Ok(Placement {
                diagnosis,
                ..self.best(pod, snapshot, several)
            }),
        }
    }

    /// The node that preemption cleared for the Pod, where it fits now.
    fn nominated<'a>(
        &self,
        pod: &PodInfo,
        snapshot: &'a Snapshot,
        filters: &[NamedFilter<'_>],
    ) -> Option<&'a NodeInfo> {
        let node = snapshot.node(pod.nominated_node()?)?;
        judge(filters, node).is_ok().then_some(&**node)
    }

    /// The nodes that fit, and where the next search starts.
    fn search<'a>(
        &self,
        pod: &PodInfo,
        snapshot: &'a Snapshot,
        filters: &[NamedFilter<'_>],
        diagnosis: &mut Diagnosis,
    ) -> (Vec<&'a NodeInfo>, usize) {
        let total = snapshot.nodes.len();
        let (narrowing, candidates) = candidates(&self.rows, pod);
        let wanted = nodes_to_find(total);
        let mut feasible = Vec::with_capacity(wanted.min(total));
        let mut looked_at = 0;
        for offset in 0..total {
            if feasible.len() == wanted {
                break;
            }
            let node = &snapshot.nodes[(self.next_start + offset) % total];
            looked_at = offset + 1;
            if candidates
                .as_ref()
                .is_some_and(|names| !names.contains(node.name()))
            {
                continue;
            }
            match judge(filters, node) {
                Ok(()) => feasible.push(&**node),
                Err(verdict) => {
                    diagnosis.of_nodes.insert(node.name().to_owned(), verdict);
                }
            }
        }
        if candidates.is_some() {
            let rest = total - diagnosis.of_nodes.len();
            let reason = format!("node(s) didn't satisfy plugin(s) [{}]", narrowing.join(" "));
            diagnosis.of_the_rest = Some((rest, Rejection::unresolvable(reason)));
            return (feasible, self.next_start);
        }
        (feasible, (self.next_start + looked_at) % total.max(1))
    }

    /// The node with the highest weighted sum of scores; one of them by lot where several have it.
    fn best(&self, pod: &PodInfo, snapshot: &Snapshot, nodes: &[&NodeInfo]) -> Placement {
        let mut totals = vec![0_i64; nodes.len()];
        let mut by_rule = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let Some(rule) = row.plugin.score(pod, snapshot, nodes) else {
                continue;
            };
            let scores = scores(&*rule, nodes);
            for (total, score) in totals.iter_mut().zip(&scores) {
                *total += score * row.weight;
            }
            by_rule.push((row, scores));
        }
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|place| Reverse(totals[*place]));
        let highest = totals[order[0]];
        let count = order.partition_point(|place| totals[*place] == highest);
        order.swap(0, rand::rng().random_range(0..count));
        let ratings = order.iter().take(MOST_RATED).map(|place| {
            let scores = by_rule.iter().map(|(row, scores)| PluginScore {
                plugin: row.plugin.name().into(),
                score: scores[*place],
                weight: row.weight,
            });
            rating(nodes[*place], scores.collect())
        });
        Placement {
            node: nodes[order[0]].name().to_owned(),
            ratings: ratings.collect(),
            diagnosis: Box::default(),
        }
    }
}

fn rating(node: &NodeInfo, scores: Vec<PluginScore>) -> NodeDecision {
    NodeDecision {
        node: node.name().to_owned(),
        refusals: Vec::new(),
        total: scores.iter().map(|own| own.score * own.weight).sum(),
        scores,
    }
}

fn scores(rule: &dyn Score, nodes: &[&NodeInfo]) -> Vec<i64> {
    let mut scores: Vec<i64> = nodes.iter().map(|node| rule.score(node)).collect();
    rule.normalize(&mut scores);
    scores
}

/// The filters of every rule that has something to say about this Pod. An error refuses the Pod
/// on all nodes alike.
pub(super) fn prepare<'a>(
    rows: &'a [Row],
    pod: &'a PodInfo,
    snapshot: &'a Snapshot,
) -> Result<Vec<NamedFilter<'a>>, (&'static str, Rejection)> {
    let mut filters = Vec::with_capacity(rows.len());
    for row in rows {
        let name = row.plugin.name();
        match row.plugin.filter(pod, snapshot) {
            Ok(Some(filter)) => filters.push((name, filter)),
            Ok(None) => {}
            Err(rejection) => return Err((name, rejection)),
        }
    }
    Ok(filters)
}

/// The verdicts of every rule that objects, node by node.
fn objections(
    filters: &[NamedFilter<'_>],
    snapshot: &Snapshot,
) -> BTreeMap<String, Vec<NodeVerdict>> {
    let of = |node: &NodeInfo| {
        let verdicts = filters.iter().filter_map(|(plugin, filter)| {
            let rejection = filter.filter(node).err()?;
            Some(NodeVerdict { plugin, rejection })
        });
        verdicts.collect::<Vec<_>>()
    };
    let nodes = snapshot.nodes.iter();
    let all = nodes.map(|node| (node.name().to_owned(), of(node)));
    all.filter(|(_, verdicts)| !verdicts.is_empty()).collect()
}

/// The verdict of the first rule that objects.
pub(super) fn judge(filters: &[NamedFilter<'_>], node: &NodeInfo) -> Result<(), NodeVerdict> {
    for (plugin, filter) in filters {
        filter
            .filter(node)
            .map_err(|rejection| NodeVerdict { plugin, rejection })?;
    }
    Ok(())
}

/// The only nodes worth looking at, and the rules that narrowed them down.
fn candidates(rows: &[Row], pod: &PodInfo) -> (Vec<&'static str>, Option<BTreeSet<String>>) {
    let mut narrowing = Vec::new();
    let mut names: Option<BTreeSet<String>> = None;
    for row in rows {
        if let Some(own) = row.plugin.candidates(pod) {
            narrowing.push(row.plugin.name());
            names = Some(match names {
                Some(names) => names.intersection(&own).cloned().collect(),
                None => own,
            });
        }
    }
    (narrowing, names)
}

/// How many fitting nodes are enough: half of a cluster of a hundred, fewer and fewer of larger
/// ones.
fn nodes_to_find(total: usize) -> usize {
    if total < LEAST_NODES_TO_FIND {
        return total;
    }
    let percentage = 50_usize.saturating_sub(total / 125).max(LEAST_PERCENTAGE);
    (total * percentage / 100).max(LEAST_NODES_TO_FIND)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::scheduler::plugins::default_plugins;
    use crate::scheduler::testing::{node, pod, snapshot};

    #[track_caller]
    fn check(nodes: Vec<Value>, placed: Vec<Value>, new: Value, expected: Result<&str, &str>) {
        let snapshot = snapshot(nodes, placed);
        let new = PodInfo::new(Arc::new(pod(new)));
        let outcome = Scheduling::new(default_plugins()).schedule(&new, &snapshot);
        let outcome = outcome.map(|placement| placement.node);
        let outcome = outcome.map_err(|diagnosis| diagnosis.message());
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(outcome, expected);
    }

    fn requesting(cpu: &str) -> Value {
        json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]})
    }

    #[test]
    fn every_refused_node_counts_under_its_reason() {
        check(
            vec![
                node(
                    "cp",
                    json!({"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}),
                ),
                node("w1", json!({})),
                node("w2", json!({})),
            ],
            vec![],
            requesting("64"),
            Err("0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."),
        );
    }

    #[test]
    fn a_node_selector_leaves_one_node() {
        let mut fast = node("fast", json!({}));
        fast["metadata"]["labels"]["disk"] = json!("ssd");
        let spec = json!({"containers": [], "nodeSelector": {"disk": "ssd"}});
        check(
            vec![node("slow", json!({})), fast],
            vec![],
            spec,
            Ok("fast"),
        );
    }

    #[test]
    fn a_cordoned_node_is_left_out() {
        check(
            vec![
                node("a", json!({"unschedulable": true})),
                node("b", json!({})),
            ],
            vec![],
            json!({"containers": []}),
            Ok("b"),
        );
    }

    #[test]
    fn an_emptier_node_wins() {
        let busy = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "a",
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "3", "memory": "4Gi"}}}]}});
        check(
            vec![node("a", json!({})), node("b", json!({}))],
            vec![busy],
            requesting("100m"),
            Ok("b"),
        );
    }

    #[test]
    fn a_placement_tells_what_speaks_for_each_node_and_who_refused_the_others() {
        let busy = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "busy",
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "3", "memory": "4Gi"}}}]}});
        let nodes = vec![
            node("busy", json!({})),
            node("closed", json!({"unschedulable": true})),
            node("free", json!({})),
        ];
        let snapshot = snapshot(nodes, vec![busy]);
        let new = PodInfo::new(Arc::new(pod(requesting("100m"))));
        let placement = Scheduling::new(default_plugins()).schedule(&new, &snapshot);
        let placement = placement.unwrap();
        let [free, busy] = &placement.ratings[..] else {
            panic!("{placement:?}");
        };
        assert_eq!((free.node.as_str(), busy.node.as_str()), ("free", "busy"));
        assert!(free.total > busy.total);
        let fit = |rating: &NodeDecision| {
            let mut scores = rating.scores.iter();
            let found = scores.find(|own| own.plugin == "NodeResourcesFit");
            found.map(|own| own.score)
        };
        assert!(fit(free) > fit(busy));
        let refused = &placement.diagnosis.of_nodes["closed"];
        assert_eq!(refused.plugin, "NodeUnschedulable");
    }

    #[test]
    fn of_a_pod_that_fits_nowhere_every_objection_is_told() {
        let snapshot = snapshot(vec![node("a", json!({"unschedulable": true}))], vec![]);
        let mut spec = requesting("64");
        spec["nodeSelector"] = json!({"disk": "ssd"});
        let new = PodInfo::new(Arc::new(pod(spec)));
        let refused = Scheduling::new(default_plugins()).schedule(&new, &snapshot);
        let refused = refused.unwrap_err();
        let objections = refused.objections["a"].iter();
        let mut plugins: Vec<_> = objections.map(|verdict| verdict.plugin).collect();
        plugins.sort_unstable();
        assert_eq!(
            plugins,
            ["NodeAffinity", "NodeResourcesFit", "NodeUnschedulable"]
        );
        assert_eq!(refused.of_nodes.len(), 1);
    }

    #[test]
    fn a_taken_host_port_refuses() {
        let ports = json!([{"name": "c", "ports": [{"containerPort": 80, "hostPort": 80}]}]);
        let taken = json!({"metadata": {"name": "p"},
            "spec": {"nodeName": "a", "containers": ports}});
        check(
            vec![node("a", json!({}))],
            vec![taken],
            json!({"containers": ports}),
            Err(
                "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
            ),
        );
    }

    #[test]
    fn anti_affinity_keeps_replicas_apart() {
        let affinity = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}},
        ]}});
        let placed = |name: &str, node: &str| {
            json!({"metadata": {"name": name, "labels": {"app": "web"}},
                "spec": {"nodeName": node, "containers": [], "affinity": affinity}})
        };
        let new = json!({"metadata": {"name": "new", "labels": {"app": "web"}},
            "spec": {"containers": [], "affinity": affinity}});
        let nodes = || vec![node("a", json!({})), node("b", json!({}))];
        check(nodes(), vec![placed("p1", "a")], new.clone(), Ok("b"));
        check(
            nodes(),
            vec![placed("p1", "a"), placed("p2", "b")],
            new,
            Err("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."),
        );
        let stranger = json!({"metadata": {"name": "s", "labels": {"app": "web"}},
            "spec": {"containers": []}});
        check(
            nodes(),
            vec![placed("p1", "a"), placed("p2", "b")],
            stranger,
            Err(
                "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.",
            ),
        );
    }

    #[test]
    fn affinity_follows_the_pods_it_names() {
        let affinity = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}},
        ]}});
        let database = json!({"metadata": {"name": "db", "labels": {"app": "db"}},
            "spec": {"nodeName": "b", "containers": []}});
        let spec = json!({"containers": [], "affinity": affinity});
        let nodes = || vec![node("a", json!({})), node("b", json!({}))];
        check(nodes(), vec![database], spec.clone(), Ok("b"));
        check(
            nodes(),
            vec![],
            spec,
            Err("0/2 nodes are available: 2 node(s) didn't match pod affinity rules."),
        );
    }

    #[test]
    fn a_spread_constraint_evens_zones_out() {
        let zoned = |name: &str, zone: &str| {
            let mut node = node(name, json!({}));
            node["metadata"]["labels"]["zone"] = json!(zone);
            node
        };
        let constraint = json!([{"maxSkew": 1, "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "web"}}}]);
        let placed = json!({"metadata": {"name": "p", "labels": {"app": "web"}},
            "spec": {"nodeName": "a", "containers": []}});
        let new = json!({"metadata": {"name": "new", "labels": {"app": "web"}},
            "spec": {"containers": [], "topologySpreadConstraints": constraint}});
        check(
            vec![zoned("a", "x"), zoned("b", "y")],
            vec![placed.clone()],
            new.clone(),
            Ok("b"),
        );
        check(
            vec![zoned("a", "x"), node("c", json!({}))],
            vec![placed.clone()],
            new.clone(),
            Ok("a"),
        );
        let mut cordoned = zoned("b", "y");
        cordoned["spec"]["unschedulable"] = json!(true);
        check(
            vec![zoned("a", "x"), cordoned],
            vec![placed],
            new,
            Err(
                "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable.",
            ),
        );
    }

    #[test]
    fn a_pod_bound_to_a_named_node_looks_at_no_other() {
        let spec = json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": "64"}}}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchFields": [
                {"key": "metadata.name", "operator": "In", "values": ["b"]},
            ]}],
        }}}});
        check(
            vec![
                node("a", json!({})),
                node("b", json!({})),
                node("c", json!({})),
            ],
            vec![],
            spec,
            Err(
                "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
            ),
        );
    }

    #[test]
    fn the_larger_the_cluster_the_smaller_the_share_that_is_searched() {
        assert_eq!(nodes_to_find(50), 50);
        assert_eq!(nodes_to_find(1000), 420);
        assert_eq!(nodes_to_find(10_000), 500);
    }
}
