//! `kubekata env`: variables for the learner's own terminal, to be evaluated by its shell.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::{self, App};
use crate::sandbox;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata that this terminal is for; the one under way, whichever it will be, where it is left out
    kata: Option<String>,
    /// The shell to print for
    #[arg(long, value_enum, default_value_t = Syntax::Sh)]
    shell: Syntax,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Syntax {
    /// bash, zsh and other POSIX shells
    Sh,
    Fish,
    Powershell,
}

impl Syntax {
    fn assignment(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}={}", shell_words::quote(value)),
            Self::Fish => format!("set -gx {name} {}", shell_words::quote(value)),
            Self::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }

    fn removal(self, name: &str) -> String {
        match self {
            Self::Sh => format!("unset {name}"),
            Self::Fish => format!("set -e {name}"),
            Self::Powershell => format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue"),
        }
    }

    fn alias(self) -> &'static str {
        match self {
            Self::Sh => "alias k=kubectl",
            Self::Fish => "alias k kubectl",
            Self::Powershell => "Set-Alias k kubectl",
        }
    }

    fn how_to(self) -> &'static str {
        match self {
            Self::Sh => "# eval \"$(kubekata env)\"",
            Self::Fish => "# kubekata env --shell fish | source",
            Self::Powershell => "# kubekata env --shell powershell | Invoke-Expression",
        }
    }
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let learner = app.learner()?;
    let kata = match args.kata.as_deref() {
        Some(name) => app.kata(&course, &learner, Some(name))?,
        None => learner.under_way(&course).ok_or_else(app::none_under_way)?,
    };
    let kata = learner.instance(kata)?;
    let sandbox = app.sandbox(&learner.places).await?;
    let shell = sandbox::shell_in(sandbox.as_ref(), &learner.places, &kata, false)?;
    sandbox.close().await?;
    let assigned = |name| {
        let value = shell.variables.get(name);
        value.map(|value| args.shell.assignment(name, value))
    };
    let own_kata = match args.kata {
        Some(_) => assigned(app::KATA_VARIABLE),
        // Or `kubekata start` and then `check` would speak of two katas.
        None => Some(args.shell.removal(app::KATA_VARIABLE)),
    };
    let sandbox = assigned(app::SANDBOX_VARIABLE);
    for line in assigned("KUBECONFIG")
        .into_iter()
        .chain(own_kata)
        .chain(sandbox)
    {
        say!("{line}");
    }
    say!("{}", args.shell.alias());
    say!("{}", args.shell.how_to());
    Ok(GOOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_as_each_shell_wants_it() {
        let sh = Syntax::Sh.assignment("A", "it's here");
        assert_eq!(sh, "export A='it'\\''s here'");
        let powershell = Syntax::Powershell.assignment("A", "it's");
        assert_eq!(powershell, "$env:A = 'it''s'");
    }

    #[test]
    fn what_another_kata_left_is_taken_back_in_each_shell() {
        assert_eq!(Syntax::Sh.removal("A"), "unset A");
        assert_eq!(Syntax::Fish.removal("A"), "set -e A");
        assert!(
            Syntax::Powershell
                .removal("A")
                .starts_with("Remove-Item Env:A ")
        );
    }
}
