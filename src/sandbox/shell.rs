//! The learner's shell for a kata: where it starts, which cluster it talks to, how it greets.
//!
//! Only files and a description are made here; whoever starts the shell (a pane, a command)
//! does so with [`ShellEnvironment`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::api::Sandbox;
use super::footsteps;
use super::places::{Places, create_private, write_private};
use crate::course::{KataId, KataInstance};

/// The sandbox that `kubekata` takes where none is named.
const SANDBOX: &str = "KUBEKATA_SANDBOX";

/// Everything needed to start a shell for a kata, in a pane or in a terminal of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellEnvironment {
    /// The shell and its arguments.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The learner's folder for this kata.
    pub workdir: PathBuf,
    /// Variables to set on top of the ones inherited (`KUBECONFIG`, `PATH`, …).
    pub variables: BTreeMap<String, String>,
}

/// Writes the files that the shell needs, and describes it.
///
/// `fresh` puts the workspace back as the kata has it; what was there is kept beside it as
/// `<slug>.before`. Otherwise the learner's files are left as they are.
pub fn prepare(
    places: &Places,
    kata: &KataInstance,
    kubeconfig: &str,
    fresh: bool,
) -> Result<ShellEnvironment> {
    let workdir = places.work(&kata.id);
    workspace(&workdir, kata, fresh)?;
    let folder = places.shell(&kata.id);
    create_private(&folder)?;
    let config = folder.join("kubeconfig");
    write_private(&config, &with_namespace(kubeconfig, kata.namespace())?)?;
    let mut variables = variables(kata, &config);
    let commands = footsteps::file(places, &kata.id);
    let commands = std::path::absolute(commands)?;
    variables.insert(
        footsteps::VARIABLE.to_owned(),
        commands.display().to_string(),
    );
    // `kubekata` in this shell means the same learner.
    let root = std::path::absolute(places.root())?;
    variables.insert("KUBEKATA_DATA".to_owned(), root.display().to_string());
    let user_shell = std::env::var_os("SHELL").map(PathBuf::from);
    let (program, arguments, extra) = start(user_shell, &folder)?;
    Ok(ShellEnvironment {
        program,
        arguments,
        workdir,
        variables: variables.into_iter().chain(extra).collect(),
    })
}

/// The same for a kata in a sandbox: `kubekata` in that shell means the same sandbox.
pub fn shell_in(
    sandbox: &dyn Sandbox,
    places: &Places,
    kata: &KataInstance,
    fresh: bool,
) -> Result<ShellEnvironment> {
    let mut shell = prepare(places, kata, &sandbox.kubeconfig(), fresh)?;
    shell.variables.insert(SANDBOX.to_owned(), sandbox.name());
    Ok(shell)
}

/// Copies the workspace where the learner works.
fn workspace(workdir: &Path, kata: &KataInstance, fresh: bool) -> Result<()> {
    let mut keep = workdir.exists();
    let is_empty = || std::fs::read_dir(workdir).is_ok_and(|mut entries| entries.next().is_none());
    if keep && fresh {
        let before = workdir.with_extension("before");
        remove_folder(&before)?;
        if !is_empty() {
            std::fs::rename(workdir, &before)
                .with_context(|| format!("cannot set {} aside", workdir.display()))?;
            keep = false;
        }
    }
    create_private(workdir)?;
    if keep && !fresh {
        return Ok(());
    }
    for file in &kata.workspace {
        let path = workdir.join(&file.name);
        if let Some(folder) = path.parent() {
            create_private(folder)?;
        }
        std::fs::write(&path, &file.text)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Puts the files back that the last reset set aside; what is there now is kept as
/// `<slug>.after`.
pub fn take_back_workspace(places: &Places, kata: &KataId) -> Result<()> {
    let workdir = places.work(kata);
    let before = workdir.with_extension("before");
    if !before.exists() {
        return Ok(());
    }
    let after = workdir.with_extension("after");
    remove_folder(&after)?;
    let moved = || -> std::io::Result<()> {
        if workdir.exists() {
            std::fs::rename(&workdir, &after)?;
        }
        std::fs::rename(&before, &workdir)
    };
    moved().with_context(|| format!("cannot put the files of {kata} back"))
}

fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn variables(kata: &KataInstance, kubeconfig: &Path) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("KUBECONFIG".to_owned(), kubeconfig.display().to_string()),
        ("KUBEKATA_KATA".to_owned(), kata.id.to_string()),
    ]);
    if let Some(path) = path_with_this_program() {
        variables.insert("PATH".to_owned(), path);
    }
    variables
}

/// `kubekata` itself can be called in the learner's shell.
fn path_with_this_program() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?.to_path_buf();
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&inherited).collect();
    if !folders.contains(&folder) {
        folders.push(folder);
    }
    std::env::join_paths(folders).ok()?.into_string().ok()
}

type Start = (PathBuf, Vec<String>, BTreeMap<String, String>);

/// How each shell is told to read our start-up file after the learner's own.
fn start(user_shell: Option<PathBuf>, folder: &Path) -> Result<Start> {
    let shell = user_shell
        .filter(|shell| shell.is_file())
        .unwrap_or_else(fallback_shell);
    let name = shell
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let none = BTreeMap::new();
    match name.as_deref() {
        Some("bash") => {
            let file = folder.join("bashrc");
            write_private(&file, &(BASHRC.to_owned() + footsteps::BASH))?;
            let file = file.display().to_string();
            Ok((
                shell,
                vec!["--rcfile".to_owned(), file, "-i".to_owned()],
                none,
            ))
        }
        Some("zsh") => {
            write_private(&folder.join(".zshrc"), &(ZSHRC.to_owned() + footsteps::ZSH))?;
            let folder = folder.display().to_string();
            let variables = BTreeMap::from([("ZDOTDIR".to_owned(), folder)]);
            Ok((shell, vec!["-i".to_owned()], variables))
        }
        Some("fish") => {
            let file = folder.join("start.fish");
            write_private(&file, &(FISH.to_owned() + footsteps::FISH))?;
            let source = format!("source {}", shell_words::quote(&file.display().to_string()));
            Ok((shell, vec!["-C".to_owned(), source], none))
        }
        _ => Ok((shell, Vec::new(), none)),
    }
}

fn fallback_shell() -> PathBuf {
    let candidates: &[&str] = if cfg!(windows) {
        &["powershell.exe"]
    } else {
        &["/bin/bash", "/usr/bin/bash", "/bin/sh"]
    };
    candidates
        .iter()
        .map(PathBuf::from)
        .find(|shell| cfg!(windows) || shell.is_file())
        .unwrap_or_else(|| PathBuf::from("sh"))
}

const BASHRC: &str = r#"# Made by kubekata; your own start-up file comes first.
[ -f ~/.bashrc ] && . ~/.bashrc
unset PROMPT_COMMAND
PS1='\W \$ '
unalias k 2>/dev/null
k() { kubectl "$@"; }
if type complete >/dev/null 2>&1 && command -v kubectl >/dev/null 2>&1; then
  _kubekata_complete() {
    # The completion script takes a while: load it with the first Tab.
    . <(kubectl completion bash 2>/dev/null)
    complete -o default -F __start_kubectl k
    return 124
  }
  complete -F _kubekata_complete kubectl k
fi
"#;

const ZSHRC: &str = r#"# Made by kubekata; your own start-up file comes first.
ZDOTDIR="$HOME"
[ -f ~/.zshrc ] && . ~/.zshrc
precmd_functions=()
PROMPT='%1~ %# '
unalias k 2>/dev/null
k() { kubectl "$@"; }
"#;

const FISH: &str = r#"# Made by kubekata.
function k --wraps kubectl; kubectl $argv; end
function fish_prompt; echo -n (basename $PWD)' $ '; end
"#;

/// The kubeconfig with `namespace` as the current context's default.
fn with_namespace(kubeconfig: &str, namespace: &str) -> Result<String> {
    let mut config: Value =
        serde_yaml::from_str(kubeconfig).context("the cluster's kubeconfig is no YAML")?;
    let current = config["current-context"].clone();
    let contexts = config["contexts"].as_array_mut().into_iter().flatten();
    for context in contexts {
        if context["name"] == current {
            context["context"]["namespace"] = namespace.into();
        }
    }
    Ok(serde_yaml::to_string(&config)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubeconfig_of_a_kata_starts_in_its_namespace() {
        let config = "current-context: a\ncontexts:\n- name: a\n  context: {cluster: c, user: u}\n";
        let changed = with_namespace(config, "harbor").expect("it is YAML");
        assert!(changed.contains("namespace: harbor"), "{changed}");
    }

    #[test]
    fn each_shell_reads_our_file_after_the_learners_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let bash = folder.path().join("bash");
        std::fs::write(&bash, "").expect("a file");
        let (program, arguments, _) = start(Some(bash.clone()), folder.path()).expect("it starts");
        assert_eq!(program, bash);
        assert_eq!(arguments[0], "--rcfile");
        let text = std::fs::read_to_string(&arguments[1]).expect("it was written");
        assert!(text.find(". ~/.bashrc") < text.find("PS1="));
    }
}
