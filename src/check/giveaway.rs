//! What a check says to a learner whom it refuses must not be the answer: that is the last hint's.
//!
//! A command that changes something and stands in an answer may be shown by a check only if the
//! learner has read it already, in the lesson, the story or a task.

use super::spec::{self, Check};
use crate::course::{Course, HintTier, KataInstance, Problem, Problems};

/// The seed with which texts are read.
const SAMPLE_SEED: u64 = 1;

/// What kubectl changes things with.
const CHANGING: &[&str] = &[
    "annotate",
    "apply",
    "autoscale",
    "cordon",
    "create",
    "delete",
    "drain",
    "edit",
    "expose",
    "label",
    "patch",
    "replace",
    "rollout",
    "run",
    "scale",
    "set",
    "taint",
    "uncordon",
];

/// Looks at things although its verb is one of [`CHANGING`].
const LOOKS: &[&str] = &[
    "--dry-run",
    "--list",
    "--help",
    "rollout status",
    "rollout history",
];

/// Every check of the course that gives an answer away.
pub fn giveaways(course: &Course) -> Problems {
    let mut problems = Problems::default();
    for kata in course.katas.values() {
        // What cannot be made or read was reported by others.
        let Ok(kata) = kata.instance(SAMPLE_SEED) else {
            continue;
        };
        let Ok(checks) = spec::read(&kata.checks) else {
            continue;
        };
        for check in &checks {
            for command in shown(check) {
                if is_given_away(&kata, &command) {
                    let message = format!("gives the answer away: `{command}`");
                    let field = format!("checks.{}", check.id);
                    problems.push(Problem::new(&kata.checks.path, message).in_field(&field));
                }
            }
        }
    }
    problems
}

/// The commands in what a check says.
fn shown(check: &Check) -> Vec<String> {
    let texts = [Some(&check.says), check.otherwise.as_ref()];
    let spans = texts.into_iter().flatten().flat_map(|text| spans(text));
    let looks = check.look.iter().cloned();
    let commands = spans.chain(looks).map(|command| one_line(&command));
    commands.filter(|command| changes(command)).collect()
}

fn spans(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn changes(command: &str) -> bool {
    let mut words = command.split(' ');
    let kubectl = matches!(words.next(), Some("kubectl" | "k"));
    let verb = words.find(|word| !word.starts_with('-'));
    kubectl
        && verb.is_some_and(|verb| CHANGING.contains(&verb))
        && !LOOKS.iter().any(|look| command.contains(look))
}

fn is_given_away(kata: &KataInstance, command: &str) -> bool {
    let answers = kata.hints.iter().filter(|it| it.tier == HintTier::Answer);
    let answers = answers.flat_map(|hint| [Some(&hint.text), hint.command.as_ref()]);
    let scripts = kata.solution.iter().filter(|file| file.name == "solve.sh");
    let answers = answers.flatten().chain(scripts.map(|file| &file.text));
    let in_answer = answers
        .into_iter()
        .any(|text| one_line(text).contains(command));
    let tasks = kata.tasks.iter().map(|task| &task.text);
    let mut read = tasks.chain([&kata.story, &kata.lesson]);
    in_answer && !read.any(|text| one_line(text).contains(command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;

    #[test]
    fn no_check_of_the_course_gives_its_answer_away() {
        let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
        let problems = giveaways(&course);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said, Vec::<String>::new());
    }

    #[test]
    fn commands_that_only_look_give_nothing_away() {
        for command in [
            "kubectl get pods",
            "kubectl rollout status deployment web",
            "kubectl run a --image=nginx --dry-run=server",
            "cat deployment.yaml",
        ] {
            assert!(!changes(command), "{command}");
        }
        assert!(changes("kubectl set image deployment web web=nginx:1.27"));
        assert!(changes("kubectl -n=a scale deployment web --replicas=2"));
    }
}
