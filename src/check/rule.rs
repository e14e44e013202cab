//! Judges combinations: all of these, any of these, not this.

use futures::future::{BoxFuture, FutureExt, join_all};

use super::scene::{Finding, Phase, Scene, Truth};
use super::spec::Rule;
use super::verdict::Difference;
use crate::sandbox::Watched;

pub(super) fn judge_rule<'a>(rule: &'a Rule, scene: &'a Scene) -> BoxFuture<'a, Finding> {
    async move {
        match rule {
            Rule::Probe(probe) => probe.judge(scene).await,
            Rule::All(rules) => {
                all(join_all(rules.iter().map(|rule| judge_rule(rule, scene))).await)
            }
            Rule::Any(rules) => {
                any(join_all(rules.iter().map(|rule| judge_rule(rule, scene))).await)
            }
            Rule::Not(rule) => not(&title(rule), judge_rule(rule, scene).await),
            Rule::Said(says, rule) => told(says, rule, judge_rule(rule, scene).await),
        }
    }
    .boxed()
}

/// Everything that is wrong, together.
fn all(findings: Vec<Finding>) -> Finding {
    let truth = findings.iter().map(|finding| finding.truth);
    let truth = truth.max_by_key(|truth| match truth {
        Truth::True => 0,
        Truth::Unknown => 1,
        Truth::False => 2,
    });
    let mut together = Finding {
        truth: truth.unwrap_or(Truth::True),
        ..Finding::holds()
    };
    let has = |phase: Phase| findings.iter().any(|finding| finding.phase == phase);
    together.phase = match () {
        () if has(Phase::UnderWay) => Phase::UnderWay,
        () if has(Phase::Over) => Phase::Over,
        () => Phase::Open,
    };
    for finding in findings {
        together.differences.extend(finding.differences);
        together.look.extend(finding.look);
    }
    together
}

/// The first that is true, else the one that is nearest to it.
fn any(findings: Vec<Finding>) -> Finding {
    findings
        .into_iter()
        .min_by_key(|finding| (!finding.is_true(), finding.differences.len()))
        .unwrap_or_else(Finding::holds)
}

fn not(title: &str, finding: Finding) -> Finding {
    match finding.truth {
        Truth::True => Finding::of(
            vec![Difference::new(title, "not so", "it is so")],
            finding.look,
        ),
        Truth::False => Finding::holds(),
        Truth::Unknown => finding,
    }
}

/// Untrue in words: what was expected is what the author says.
fn told(says: &str, rule: &Rule, mut finding: Finding) -> Finding {
    if finding.truth == Truth::False {
        let seen = match rule {
            Rule::Not(_) => "not so".to_owned(),
            _ => {
                let seen = finding.differences.iter().map(|it| it.seen.as_str());
                seen.collect::<Vec<_>>().join("\n")
            }
        };
        finding.differences = vec![Difference::new(subject(rule), says, seen)];
    }
    finding
}

/// What a rule is about, without what it expects there.
fn subject(rule: &Rule) -> String {
    match rule {
        Rule::Probe(probe) => probe.subject(),
        Rule::Not(rule) | Rule::Said(_, rule) => subject(rule),
        Rule::All(_) | Rule::Any(_) => String::new(),
    }
}

pub(super) fn title(rule: &Rule) -> String {
    let joined = |rules: &[Rule], word: &str| {
        let titles: Vec<String> = rules.iter().map(title).collect();
        titles.join(word)
    };
    match rule {
        Rule::Probe(probe) => probe.title(),
        Rule::All(rules) => joined(rules, " and "),
        Rule::Any(rules) => joined(rules, " or "),
        Rule::Not(rule) => format!("not {}", title(rule)),
        Rule::Said(says, _) => says.clone(),
    }
}

pub(super) fn rule_reads<'a>(rule: &'a Rule, scene: &'a Scene) -> BoxFuture<'a, Vec<Watched>> {
    async move {
        match rule {
            Rule::Probe(probe) => probe.reads(scene).await,
            Rule::All(rules) | Rule::Any(rules) => {
                let reads = join_all(rules.iter().map(|rule| rule_reads(rule, scene))).await;
                reads.concat()
            }
            Rule::Not(rule) | Rule::Said(_, rule) => rule_reads(rule, scene).await,
        }
    }
    .boxed()
}

/// Whether judging changes the cluster.
pub(super) fn acts(rule: &Rule) -> bool {
    match rule {
        Rule::Probe(probe) => probe.acts(),
        Rule::All(rules) | Rule::Any(rules) => rules.iter().any(acts),
        Rule::Not(rule) | Rule::Said(_, rule) => acts(rule),
    }
}

/// Whether those who are asked notice it.
pub(super) fn is_noticed(rule: &Rule) -> bool {
    match rule {
        Rule::Probe(probe) => probe.is_noticed(),
        Rule::All(rules) | Rule::Any(rules) => rules.iter().any(is_noticed),
        Rule::Not(rule) | Rule::Said(_, rule) => is_noticed(rule),
    }
}

/// Whether the answer can change without any object changing.
pub(super) fn is_behaviour(rule: &Rule) -> bool {
    match rule {
        Rule::Probe(probe) => probe.is_behaviour(),
        Rule::All(rules) | Rule::Any(rules) => rules.iter().any(is_behaviour),
        Rule::Not(rule) | Rule::Said(_, rule) => is_behaviour(rule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(truth: Truth, differences: usize) -> Finding {
        Finding {
            truth,
            differences: vec![Difference::new("a", "1", "2"); differences],
            look: Vec::new(),
            phase: Phase::Open,
        }
    }

    #[test]
    fn all_is_as_true_as_its_least_true_part_and_tells_everything() {
        let finding = all(vec![
            found(Truth::True, 0),
            found(Truth::Unknown, 1),
            found(Truth::False, 2),
        ]);
        assert_eq!(
            (finding.truth, finding.differences.len()),
            (Truth::False, 3)
        );
        assert_eq!(all(vec![found(Truth::True, 0)]).truth, Truth::True);
    }

    #[test]
    fn any_shows_the_way_that_is_nearest_to_being_right() {
        let finding = any(vec![found(Truth::False, 3), found(Truth::False, 1)]);
        assert_eq!(finding.differences.len(), 1);
        assert!(any(vec![found(Truth::False, 3), found(Truth::True, 0)]).is_true());
    }

    #[test]
    fn what_has_words_is_told_in_them() {
        let rule = Rule::All(Vec::new());
        let finding = told("It is blue", &rule, found(Truth::False, 1));
        assert_eq!(
            finding.differences,
            [Difference::new("", "It is blue", "2")]
        );
        let rule = Rule::Not(Box::new(rule));
        let finding = told("It is blue", &rule, found(Truth::False, 1));
        assert_eq!(finding.differences[0].seen, "not so");
        let doubt = told("It is blue", &rule, found(Truth::Unknown, 1));
        assert_eq!(doubt.differences[0].expected, "1");
    }

    #[test]
    fn not_turns_the_answer_but_not_the_doubt() {
        assert!(not("x", found(Truth::False, 1)).is_true());
        assert_eq!(not("x", found(Truth::True, 0)).truth, Truth::False);
        assert_eq!(not("x", found(Truth::Unknown, 1)).truth, Truth::Unknown);
    }
}
