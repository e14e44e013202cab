//! What the learner types: their shell writes each command down when it has ended.
//!
//! bash, zsh and fish can tell; other shells, and terminals that were pointed at the cluster with
//! `kubekata env`, do not. A line is the second since the epoch, how the command ended, and the
//! command with its line breaks as spaces, with tabs between. The file never leaves the data
//! folder.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::places::Places;
use crate::course::KataId;

/// Set in the learner's shell: where to write.
pub(super) const VARIABLE: &str = "KUBEKATA_COMMANDS";

/// A command, when it ended, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    pub at: Timestamp,
    pub exit: i32,
    pub command: String,
}

/// Reads what was typed in the shells of a kata, as it grows.
#[derive(Debug)]
pub struct Footsteps {
    path: PathBuf,
    read: u64,
}

pub(super) fn file(places: &Places, kata: &KataId) -> PathBuf {
    places.shell(kata).join("commands")
}

impl Footsteps {
    pub fn of(places: &Places, kata: &KataId) -> Self {
        Self {
            path: file(places, kata),
            read: 0,
        }
    }

    /// What was typed since the last time; nothing where no shell tells.
    pub fn news(&mut self) -> Vec<Typed> {
        let text = read_from(&self.path, self.read).unwrap_or_default();
        // A line that is being written is read when it is whole.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        text[..whole].lines().filter_map(typed).collect()
    }
}

fn read_from(path: &Path, start: u64) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    if file.metadata()?.len() <= start {
        return Ok(String::new());
    }
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // Lengths count in bytes of the file: what is no text must not change them.
    String::from_utf8(bytes).or_else(|error| {
        let replaced = error.as_bytes().iter().map(|byte| match byte.is_ascii() {
            true => char::from(*byte),
            false => '?',
        });
        Ok(replaced.collect())
    })
}

fn typed(line: &str) -> Option<Typed> {
    let mut parts = line.splitn(3, '\t');
    let at = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
    let exit = parts.next()?.parse().ok()?;
    let command = parts.next()?.trim();
    (!command.is_empty()).then(|| Typed {
        at,
        exit,
        command: command.to_owned(),
    })
}

/// For bash: PS0 is only printed where a command runs, so an empty line counts for nothing.
pub(super) const BASH: &str = r#"
__kubekata_ran=
__kubekata_note() {
  local exit=$? line
  [ -n "$__kubekata_ran" ] && [ -n "$KUBEKATA_COMMANDS" ] || return $exit
  __kubekata_ran=
  line=$(HISTTIMEFORMAT= builtin history 1)
  line=${line#"${line%%[![:space:]]*}"}
  line=${line#*[[:space:]]}
  printf '%s\t%s\t%s\n' "${EPOCHSECONDS:-$(date +%s)}" "$exit" "${line//[$'\n\t']/ }" \
    >>"$KUBEKATA_COMMANDS" 2>/dev/null
  return $exit
}
PS0='${KUBEKATA_COMMANDS:$((__kubekata_ran=1,0)):0}'
PROMPT_COMMAND=__kubekata_note
"#;

/// For zsh.
pub(super) const ZSH: &str = r#"
zmodload zsh/datetime 2>/dev/null
__kubekata_line=
__kubekata_run() { __kubekata_line=$1; }
__kubekata_note() {
  local code=$?
  [[ -n $__kubekata_line && -n $KUBEKATA_COMMANDS ]] || return 0
  print -r -- "${EPOCHSECONDS:-$(date +%s)}"$'\t'"$code"$'\t'"${__kubekata_line//[$'\n\t']/ }" \
    >>"$KUBEKATA_COMMANDS" 2>/dev/null
  __kubekata_line=
}
preexec_functions+=(__kubekata_run)
precmd_functions+=(__kubekata_note)
"#;

/// For fish.
pub(super) const FISH: &str = r#"
function __kubekata_note --on-event fish_postexec
  set -l code $status
  set -q KUBEKATA_COMMANDS; or return
  set -l line (string join ' ' -- (string split \n -- "$argv[1]"))
  printf '%s\t%s\t%s\n' (date +%s) $code (string replace -a \t ' ' -- $line) >>$KUBEKATA_COMMANDS 2>/dev/null
end
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(folder: &Path) -> (PathBuf, Footsteps) {
        let path = folder.join("commands");
        let steps = Footsteps {
            path: path.clone(),
            read: 0,
        };
        (path, steps)
    }

    #[test]
    fn each_command_is_told_once_and_only_when_its_line_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, mut steps) = steps(folder.path());
        assert!(steps.news().is_empty(), "no shell has told yet");
        std::fs::write(&path, "5\t0\tkubectl get pods\n6\t1\tkubectl ap").expect("it writes");
        let news = steps.news();
        assert_eq!((news.len(), news[0].exit), (1, 0));
        assert_eq!(news[0].command, "kubectl get pods");
        let whole = "5\t0\tkubectl get pods\n6\t1\tkubectl apply -f a\nnonsense\n";
        std::fs::write(&path, whole).expect("it writes");
        let news = steps.news();
        assert_eq!((news.len(), news[0].exit), (1, 1));
        assert_eq!(news[0].command, "kubectl apply -f a");
        assert!(steps.news().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn bash_writes_down_what_was_typed_and_how_it_ended() {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let folder = tempfile::tempdir().expect("a folder");
        let (path, mut steps) = steps(folder.path());
        let rc = folder.path().join("rc");
        std::fs::write(&rc, BASH).expect("it writes");
        let started = Command::new("bash")
            .arg("--rcfile")
            .arg(&rc)
            .arg("-i")
            .env(VARIABLE, &path)
            .env("HOME", folder.path())
            .env("HISTCONTROL", "ignoredups")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut bash) = started else {
            return;
        };
        let mut input = bash.stdin.take().expect("it listens");
        input
            .write_all(b"echo a\tb >/dev/null\n\nfalse\nfalse\nexit\n")
            .expect("it listens");
        drop(input);
        bash.wait().expect("it ends");
        let news: Vec<(String, i32)> = steps
            .news()
            .into_iter()
            .map(|typed| (typed.command, typed.exit))
            .collect();
        let says = |command: &str, exit| (command.to_owned(), exit);
        assert_eq!(news[1..], [says("false", 1), says("false", 1)], "{news:?}");
        assert_eq!(news[0].1, 0);
    }
}
