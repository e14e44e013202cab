//! What the verdicts must be: nothing done, everything done, refused by those who should.

use anyhow::{Result, bail};

use crate::check::Verdict;
use crate::course::KataInstance;
use crate::session::{self, TaskStatus};

/// Fails where the start scene solves a task already.
pub fn nothing_is_done(kata: &KataInstance, verdicts: &[Verdict]) -> Result<()> {
    let done: Vec<String> = session::judge_tasks(kata, verdicts)
        .into_iter()
        .filter(|task| task.status == TaskStatus::Done)
        .map(|task| task.id)
        .collect();
    if !done.is_empty() {
        bail!("done before the learner did anything: {}", done.join(", "));
    }
    Ok(())
}

pub fn all_hold(verdicts: &[Verdict]) -> Result<()> {
    let wrong: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
    if !wrong.is_empty() {
        bail!("the solution is refused:\n{}", listed(&wrong));
    }
    Ok(())
}

/// Fails unless exactly the `expected` checks do not hold.
pub fn refused_by(expected: &[String], verdicts: &[Verdict]) -> Result<()> {
    let wrong: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
    let missing: Vec<&str> = expected
        .iter()
        .filter(|check| !wrong.iter().any(|verdict| verdict.check == **check))
        .map(String::as_str)
        .collect();
    let surplus: Vec<&Verdict> = wrong
        .iter()
        .copied()
        .filter(|verdict| !expected.contains(&verdict.check))
        .collect();
    if !missing.is_empty() {
        bail!("not refused by {}", missing.join(", "));
    }
    if !surplus.is_empty() {
        bail!("refused by more than kata.yaml says:\n{}", listed(&surplus));
    }
    Ok(())
}

fn listed(verdicts: &[&Verdict]) -> String {
    let lines: Vec<String> = verdicts
        .iter()
        .map(|verdict| {
            let differences = verdict.differences.iter().map(|it| {
                let (field, expected, seen) = (&it.field, &it.expected, &it.seen);
                format!("\n    {field}: expected {expected}, seen {seen}")
            });
            let differences: String = differences.collect();
            format!("  {}: {}{differences}", verdict.check, verdict.says)
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    fn verdicts(failing: &[&str]) -> Vec<Verdict> {
        let verdict = |check: &str| Verdict {
            check: check.to_owned(),
            says: format!("says {check}"),
            outcome: match failing.contains(&check) {
                true => Outcome::Fails,
                false => Outcome::Holds,
            },
            differences: Vec::new(),
            otherwise: None,
            look: Vec::new(),
        };
        ["ready", "label", "answers"].map(verdict).to_vec()
    }

    fn refused(expected: &[&str], failing: &[&str]) -> Option<String> {
        let expected: Vec<String> = expected.iter().map(|it| (*it).to_owned()).collect();
        let refused = refused_by(&expected, &verdicts(failing));
        refused.err().map(|error| error.to_string())
    }

    #[test]
    fn a_wrong_answer_is_refused_by_exactly_those_named() {
        assert_eq!(refused(&["ready", "answers"], &["answers", "ready"]), None);
        assert_eq!(
            refused(&["ready", "label"], &["ready"]).as_deref(),
            Some("not refused by label")
        );
        let more = refused(&["ready"], &["ready", "label"]).unwrap();
        assert!(more.contains("label: says label"), "{more}");
    }

    #[test]
    fn a_solution_is_told_every_check_that_refuses_it() {
        assert!(all_hold(&verdicts(&[])).is_ok());
        let refused = all_hold(&verdicts(&["ready", "label"])).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("says ready") && refused.contains("says label"));
    }
}
