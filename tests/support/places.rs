//! Clusters that this program does not run itself: one served over TCP by another process, and a
//! stand-in for kind that makes such ones.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubekata");

/// A learner's data folder, and the variables in which their commands run.
pub struct Learner {
    pub data: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Learner {
    pub fn new(variables: &[(&str, String)]) -> Self {
        let variables = variables.iter();
        Self {
            data: tempfile::tempdir().expect("a folder"),
            variables: variables
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }

    /// A command in the learner's terminal.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for name in [
            "KUBEKATA_KATA",
            "KUBEKATA_COURSE",
            "KUBEKATA_SANDBOX",
            "KUBECONFIG",
        ] {
            command.env_remove(name);
        }
        command
            .envs(self.variables.iter().cloned())
            .env("KUBEKATA_DATA", self.data.path())
            .stdin(Stdio::null());
        command
    }

    pub fn kubekata(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(PROGRAM);
        command.args(arguments).output().expect("the program runs")
    }
}

impl Drop for Learner {
    /// Whatever was left in the background ends.
    fn drop(&mut self) {
        self.kubekata(&["cluster", "stop"]);
    }
}

/// A cluster in a process of its own.
pub struct Served {
    child: Child,
    _folder: tempfile::TempDir,
    pub kubeconfig: PathBuf,
}

impl Served {
    /// Its context has the name of the cluster, `kubekata`.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        let mut child = Command::new(PROGRAM)
            .args(["cluster", "serve", "--speed", "5", "--kubeconfig"])
            .arg(&kubeconfig)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        assert!(line.starts_with("https://"), "{line}");
        Self {
            child,
            _folder: folder,
            kubeconfig,
        }
    }

    pub fn kubectl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("kubectl");
        command.env("KUBECONFIG", &self.kubeconfig).args(arguments);
        command.output().expect("kubectl runs")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Programs called `kind` and `docker` that stand in for the real ones.
pub struct StandIn {
    programs: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl StandIn {
    pub fn install() -> Self {
        let stand_in = Self {
            programs: tempfile::tempdir().expect("a folder"),
            state: tempfile::tempdir().expect("a folder"),
        };
        stand_in.program("kind", include_str!("stand_in/kind.sh"));
        stand_in.program("docker", include_str!("stand_in/docker.sh"));
        stand_in
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.programs.path().join(name);
        std::fs::write(&path, text).expect("it is written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&path, mode).expect("it can be run");
        }
    }

    pub fn remove_program(&self, name: &str) {
        std::fs::remove_file(self.programs.path().join(name)).expect("it was there");
    }

    /// They come before what this machine has.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        let inherited = std::env::var("PATH").unwrap_or_default();
        self.variables_with_path(&format!("{}:{inherited}", self.programs.path().display()))
    }

    /// There are no others.
    pub fn variables_alone(&self) -> [(&'static str, String); 3] {
        self.variables_with_path(&self.programs.path().display().to_string())
    }

    fn variables_with_path(&self, path: &str) -> [(&'static str, String); 3] {
        [
            ("PATH", path.to_owned()),
            ("STAND_IN", self.state.path().display().to_string()),
            ("KUBEKATA_BIN", PROGRAM.to_owned()),
        ]
    }

    /// Has something go wrong: `version`, `fail-create`, `docker-says`.
    pub fn say(&self, what: &str, words: &str) {
        std::fs::write(self.state.path().join(what), words).expect("it is written");
    }

    /// The commands of kind that were called.
    pub fn asked(&self) -> String {
        std::fs::read_to_string(self.state.path().join("asked")).unwrap_or_default()
    }

    pub fn has_cluster(&self, name: &str) -> bool {
        self.pid_file(name).is_file()
    }

    fn pid_file(&self, name: &str) -> PathBuf {
        self.state.path().join(format!("{name}.pid"))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        for entry in std::fs::read_dir(self.state.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.path().extension().is_some_and(|it| it == "pid") {
                end(&entry.path());
            }
        }
    }
}

fn end(pid_file: &Path) {
    let pid = std::fs::read_to_string(pid_file).unwrap_or_default();
    // It may have ended by itself.
    let _ = Command::new("kill").arg(pid.trim()).status();
}
