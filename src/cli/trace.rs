//! `kubekata trace`: what brought an object about, and what came of it.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use pocketkube::Traced;

use super::app::App;
use super::cluster::running_host;
use super::output::{Output, Tone};
use super::{GOOD, Misuse};
use crate::sandbox::{self, Answer, Order, Question, Refused};

/// Show what brought an object about, and what came of it
///
/// A tree of causes: your command, the controllers that it woke, and what they did. Without an
/// object it lists what happened last. The cluster remembers the last changes of each kind, until
/// it is stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// As in kubectl: deployment/web, pod/web-0, deploy/web
    #[arg(value_name = "KIND/NAME", value_parser = object)]
    object: Option<(String, String)>,
    /// Its namespace; the one of the kata under way, or default, where it is left out
    #[arg(long, short, requires = "object")]
    namespace: Option<String>,
    /// How much of what happened last is listed
    #[arg(long, default_value_t = 30, conflicts_with = "object")]
    last: usize,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  kubekata trace deploy/web           your apply and everything that it set in motion
  kubekata trace pod/web-0 -n shop    who wanted this Pod, and how it fared
  kubekata trace                      what happened last, whoever did it";

fn object(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() => {
            Ok((kind.to_owned(), name.to_owned()))
        }
        _ => Err("expected KIND/NAME, such as deployment/web".to_owned()),
    }
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let question = match args.object.clone() {
        Some((kind, name)) => Question::Trace {
            kind,
            namespace: args.namespace.clone().unwrap_or_else(|| own_namespace(app)),
            name,
        },
        None => Question::Timeline { limit: args.last },
    };
    let Answer::Trace(traced) = ask(app, question).await? else {
        return Err(anyhow!("the cluster's host is older than this program"));
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&traced)?);
        return Ok(GOOD);
    }
    for one in &traced {
        let first = match args.object {
            Some(_) => String::new(),
            // What the cluster can go back to.
            None => format!("{:>6}  ", one.revision),
        };
        print(&app.out, one, &first, "");
    }
    Ok(GOOD)
}

/// Asks whoever hosts the cluster.
pub async fn ask(app: &App, question: Question) -> Result<Answer> {
    let host = running_host(&app.places()?)?;
    let status = sandbox::ask(&host, Order::Explain { question }).await;
    let status = status.map_err(|error| match error.downcast::<Refused>() {
        Ok(Refused(why)) => Misuse(why).into(),
        Err(error) => error,
    })?;
    let answer = status.answer;
    answer.ok_or_else(|| anyhow!("the cluster's host is older than this program"))
}

/// The namespace that kubectl would use in the kata's shell.
pub fn own_namespace(app: &App) -> String {
    let namespace = || -> Result<String> {
        let (course, learner) = (app.course()?, app.learner()?);
        let kata = app.kata(&course, &learner, None)?;
        Ok(learner.instance(kata)?.namespace().to_owned())
    };
    namespace().unwrap_or_else(|_| "default".to_owned())
}

/// A line, and below it what came of it: `first` stands before it, `rest` before those.
fn print(out: &Output, one: &Traced, first: &str, rest: &str) {
    say!("{}", line(out, one, first));
    let last = one.then.len().saturating_sub(1);
    for (place, next) in one.then.iter().enumerate() {
        let (branch, below) = match place == last {
            true => (out.glyph("└ ", "`- "), out.glyph("  ", "   ")),
            false => (out.glyph("├ ", "|- "), out.glyph("│ ", "|  ")),
        };
        let (first, rest) = (format!("{rest}{branch}"), format!("{rest}{below}"));
        print(out, next, &first, &rest);
    }
}

fn line(out: &Output, one: &Traced, first: &str) -> String {
    let time = one.at.strftime("%H:%M:%S.%3f").to_string();
    let who = match &one.command {
        Some(command) => format!("{} ({command})", one.who),
        None => one.who.clone(),
    };
    let line = format!(
        "{} {first}{} {} {} {}",
        out.paint(Tone::Dim, &time),
        out.paint(Tone::Accent, &who),
        one.did,
        out.paint(Tone::Strong, &one.object),
        one.what.replace('→', out.glyph("→", "->")),
    );
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_as_in_kubectl() {
        let web = ("deploy".to_owned(), "web".to_owned());
        assert_eq!(object("deploy/web"), Ok(web));
        assert!(object("web").is_err());
        assert!(object("deploy/").is_err());
    }

    #[test]
    fn a_line_says_when_who_did_what() {
        let one = Traced {
            revision: 7,
            because: None,
            at: "2026-01-02T03:04:05.067Z".parse().expect("a time"),
            actor: "kubernetes-admin".to_owned(),
            who: "you".to_owned(),
            command: Some("kubectl scale".to_owned()),
            did: "changed".to_owned(),
            object: "deployment/web".to_owned(),
            namespace: "shop".to_owned(),
            what: "spec.replicas 1 → 3".to_owned(),
            then: Vec::new(),
        };
        assert_eq!(
            line(&Output::new(true, true), &one, "`- "),
            "03:04:05.067 `- you (kubectl scale) changed deployment/web spec.replicas 1 -> 3"
        );
    }
}
