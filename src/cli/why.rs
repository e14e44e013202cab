//! `kubekata why`: how the scheduler decided about a Pod, node by node.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use pocketkube::scheduler::{Decision, NodeDecision};

use super::GOOD;
use super::app::App;
use super::output::{Output, Tone};
use super::trace::{ask, own_namespace};
use crate::sandbox::{Answer, Question};

/// Show why a Pod is on its node, or on none
///
/// What each node has against it and, of the nodes that fit, which rules of the scheduler spoke for
/// them: from 0 to 100 each, times what the rule counts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The Pod
    pod: String,
    /// Its namespace; the one of the kata under way, or default, where it is left out
    #[arg(long, short)]
    namespace: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let namespace = args.namespace.clone();
    let pod = args.pod.trim_start_matches("pod/").to_owned();
    let question = Question::Decision {
        namespace: namespace.unwrap_or_else(|| own_namespace(app)),
        pod,
    };
    let Answer::Decision(decision) = ask(app, question).await? else {
        return Err(anyhow!("the cluster's host is older than this program"));
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&decision)?);
        return Ok(GOOD);
    }
    for line in lines(&app.out, &decision) {
        say!("{line}");
    }
    Ok(GOOD)
}

fn lines(out: &Output, decision: &Decision) -> Vec<String> {
    let name = out.paint(Tone::Strong, &decision.name);
    let mut lines = vec![match &decision.node {
        Some(node) => format!("{name} went to {node}"),
        None => format!("{name} waits: {}", decision.message),
    }];
    if let Some(refusal) = &decision.refused_everywhere {
        lines.push(format!(
            "{}: {}",
            refusal.plugin,
            refusal.reasons.join(", ")
        ));
    }
    let width = decision.nodes.iter().map(|own| own.node.len()).max();
    let width = width.unwrap_or_default();
    for own in &decision.nodes {
        let is_chosen = decision.node.as_ref() == Some(&own.node);
        lines.push(node_line(out, own, is_chosen, width));
    }
    let untold = decision.node_count.saturating_sub(decision.nodes.len());
    if untold > 0 {
        lines.push(format!("  and {untold} more nodes"));
    }
    lines
}

fn node_line(out: &Output, own: &NodeDecision, is_chosen: bool, width: usize) -> String {
    let name = format!("{:width$}", own.node);
    if !own.refusals.is_empty() {
        let refusals = own.refusals.iter();
        let refusals = refusals.map(|own| format!("{} ({})", own.reasons.join(", "), own.plugin));
        let refusals: Vec<_> = refusals.collect();
        let glyph = out.paint(Tone::Bad, out.glyph("✗", "x"));
        return format!("  {glyph} {name}  {}", refusals.join(", "));
    }
    let glyph = match is_chosen {
        true => out.paint(Tone::Good, out.glyph("✓", "+")),
        false => out.glyph("○", "o").to_owned(),
    };
    let spoke = own.scores.iter().filter(|own| own.score > 0);
    let spoke = spoke.map(|own| match own.weight {
        1 => format!("{} {}", own.plugin, own.score),
        weight => format!("{} {}×{weight}", own.plugin, own.score),
    });
    let spoke: Vec<_> = spoke.collect();
    match own.scores.is_empty() {
        true => format!("  {glyph} {name}  the only one that fits"),
        false => {
            let spoke = spoke.join(", ").replace('×', out.glyph("×", "x"));
            format!("  {glyph} {name}  {:>4} = {spoke}", own.total)
        }
    }
}

#[cfg(test)]
mod tests {
    use pocketkube::scheduler::{PluginScore, Refusal};

    use super::*;

    fn decision(node: Option<&str>, message: &str, nodes: Vec<NodeDecision>) -> Decision {
        Decision {
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
            uid: "u".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            node: node.map(str::to_owned),
            message: message.to_owned(),
            node_count: nodes.len(),
            refused_everywhere: None,
            nodes,
        }
    }

    fn node(name: &str, score: i64, reason: &str) -> NodeDecision {
        let refusal = Refusal {
            plugin: "NodeResourcesFit".into(),
            reasons: vec![reason.to_owned().into()],
            is_resolvable: true,
        };
        let score = PluginScore {
            plugin: "TaintToleration".into(),
            score,
            weight: 3,
        };
        NodeDecision {
            node: name.to_owned(),
            refusals: (!reason.is_empty())
                .then_some(refusal)
                .into_iter()
                .collect(),
            total: score.score * score.weight,
            scores: reason.is_empty().then_some(score).into_iter().collect(),
        }
    }

    #[test]
    fn what_spoke_for_a_node_is_told_and_what_others_had_against_the_pod() {
        let nodes = vec![node("worker2", 90, ""), node("w", 0, "Insufficient cpu")];
        let placed = decision(Some("worker2"), "", nodes);
        assert_eq!(
            lines(&Output::new(true, true), &placed),
            [
                "web went to worker2",
                "  + worker2   270 = TaintToleration 90x3",
                "  x w        Insufficient cpu (NodeResourcesFit)",
            ]
        );
    }

    #[test]
    fn a_pod_that_waits_says_so_first() {
        let nodes = vec![node("w", 0, "Insufficient cpu")];
        let waits = decision(None, "0/1 nodes are available.", nodes);
        let lines = lines(&Output::new(true, true), &waits);
        assert_eq!(lines[0], "web waits: 0/1 nodes are available.");
    }
}
