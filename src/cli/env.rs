//! `kubekata env`: variables for the learner's own terminal, to be evaluated by its shell.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::App;
use crate::sandbox;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
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
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    let sandbox = app.sandbox(&learner.places).await?;
    let shell = sandbox::prepare_shell(&learner.places, &kata, &sandbox.kubeconfig(), false)?;
    sandbox.close().await?;
    for name in ["KUBECONFIG", super::app::KATA_VARIABLE] {
        if let Some(value) = shell.variables.get(name) {
            say!("{}", args.shell.assignment(name, value));
        }
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
}
