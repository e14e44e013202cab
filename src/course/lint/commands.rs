//! The commands that hints and lessons show can at least be read: quotes are closed, and kubectl's
//! verbs are spelled as kubectl knows them. That they work is for `verify` to show.

use super::super::instance::KataInstance;
use super::super::problem::{Problem, Problems};

/// What kubectl can be told to do.
const VERBS: [&str; 44] = [
    "alpha",
    "annotate",
    "api-resources",
    "api-versions",
    "apply",
    "attach",
    "auth",
    "autoscale",
    "certificate",
    "cluster-info",
    "completion",
    "config",
    "cordon",
    "cp",
    "create",
    "debug",
    "delete",
    "describe",
    "diff",
    "drain",
    "edit",
    "events",
    "exec",
    "explain",
    "expose",
    "get",
    "kustomize",
    "label",
    "logs",
    "options",
    "patch",
    "plugin",
    "port-forward",
    "proxy",
    "replace",
    "rollout",
    "run",
    "scale",
    "set",
    "taint",
    "top",
    "uncordon",
    "version",
    "wait",
];

pub(super) fn lint(kata: &KataInstance, problems: &mut Problems) {
    let file = format!("katas/{}/kata.yaml", kata.id);
    for (index, hint) in kata.hints.iter().enumerate() {
        let Some(command) = &hint.command else {
            continue;
        };
        if let Some(message) = mistake(command) {
            let field = format!("hints[{index}].command");
            problems.push(Problem::new(&file, message).in_field(field));
        }
    }
}

/// What is wrong with a command, of one or several lines.
fn mistake(command: &str) -> Option<String> {
    let words = match shell_words::split(command) {
        Ok(words) => words,
        Err(_) => return Some(format!("a quote is not closed: {}", command.trim())),
    };
    if words.is_empty() {
        return Some("says no command".to_owned());
    }
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word != "kubectl" && word != "k" {
            continue;
        }
        // Options may come before the verb; those with a value of their own take it along.
        let mut verb = words.next();
        while let Some(option) = verb.filter(|word| word.starts_with('-')) {
            if [
                "-n",
                "--namespace",
                "--as",
                "--context",
                "--kubeconfig",
                "-v",
            ]
            .contains(&option)
            {
                words.next();
            }
            verb = words.next();
        }
        match verb {
            Some(verb) if VERBS.contains(&verb) || verb.starts_with(['$', '|', '>', '<']) => {}
            Some(verb) => return Some(format!("kubectl knows no `{verb}`")),
            None => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_cannot_be_read_are_found() {
        assert_eq!(mistake("kubectl get pods -l 'a=b' | sort"), None);
        assert_eq!(mistake("kubectl -n other logs web --previous"), None);
        assert_eq!(mistake("curl -s http://web"), None);
        let said = mistake("kubectl get pods -o jsonpath='{.items}").unwrap();
        assert!(said.starts_with("a quote is not closed"), "{said}");
        assert_eq!(
            mistake("kubectl decribe pod x").unwrap(),
            "kubectl knows no `decribe`"
        );
        assert!(mistake(" ").is_some());
    }

    #[test]
    fn the_verbs_are_in_order() {
        assert!(VERBS.is_sorted());
    }
}
