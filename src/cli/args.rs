//! What can be typed: the options of the whole program and a row per subcommand.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{
    chaos, check, clock, cluster, completions, course, env, exam, hint, list, new, preview,
    progress, reset, review, rewind, run, sandbox, schema, shell, solution, start, trace, verify,
    why,
};
use crate::course::Origin;
use crate::sandbox::Choice;

/// Learn Kubernetes by doing, with the cluster inside the program.
///
/// Without a command it opens the terminal interface.
#[derive(Debug, Parser)]
#[command(name = "kubekata", version, after_help = EXIT_CODES)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 as wished, 1 the answer is no (a check does not hold, a course has mistakes),
2 wrong arguments, 3 trouble with the cluster or the disk.";

#[derive(Debug, clap::Args)]
pub struct Global {
    /// Another course than the built-in one: a folder with lessons/, katas/ and checks/, or an
    /// address of a git repository with a tag, branch or commit behind a #
    #[arg(
        long,
        global = true,
        value_name = "DIR|URL#REV",
        env = "KUBEKATA_COURSE"
    )]
    pub course: Option<Origin>,

    /// Where to work: embedded, kind, kind:NAME or context:NAME
    #[arg(
        long,
        global = true,
        value_name = "WHERE",
        default_value = "embedded",
        env = "KUBEKATA_SANDBOX"
    )]
    pub sandbox: Choice,

    /// The folder for progress, files and the cluster
    #[arg(long, global = true, value_name = "DIR", env = "KUBEKATA_DATA")]
    pub data: Option<PathBuf>,

    /// Draw the katas' parameters from this number instead of your own
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,

    /// Do not ask before something is deleted, or a cluster far away is touched
    #[arg(long, short, global = true)]
    pub yes: bool,

    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,

    /// Plain ASCII instead of symbols
    #[arg(long, global = true)]
    pub ascii: bool,

    /// Plain text from top to bottom, one prompt, no screens (for screen readers)
    #[arg(long)]
    pub linear: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the course and how far you have come
    List(list::Args),
    /// Set the scene of a kata
    Start(start::Args),
    /// Judge a kata, and say what is still different
    Check(check::Args),
    /// Show the next hint
    Hint(hint::Args),
    /// Show the solution
    Solution(solution::Args),
    /// Set the scene of a kata anew
    Reset(reset::Args),
    /// Where you work: what it can do, clean it up, delete what was made for it
    Sandbox(sandbox::Args),
    /// Show what is under way
    Status,
    /// Start the kata that comes next
    Next,
    /// Carry your progress to another computer
    Progress(progress::Args),
    /// Do a solved kata again when it is due, with other names and numbers
    Review(review::Args),
    /// A timed set of katas, with credit for every task
    Exam(exam::Args),
    /// Print the variables that point your own terminal at the cluster
    Env(env::Args),
    /// Open a shell in the kata's folder, pointed at the cluster
    Shell(shell::Args),
    /// Keep your own program running, where a kata asks for one
    Run(run::Args),
    /// Prove katas: the start fails, the solution passes, wrong answers are refused
    Verify(verify::Args),
    /// Look for mistakes in a course
    Lint,
    /// Show where the course comes from, fetch it anew
    Course(course::Args),
    /// Show a lesson and its kata as the lab does, again whenever a file changes
    Preview(preview::Args),
    /// Print the JSON schema of a kind of course file, for editors
    Schema(schema::Args),
    /// Begin something new
    New(new::Args),
    /// Look whether everything needed is here
    Doctor,
    /// Print the completion script of a shell
    Completions(completions::Args),
    /// Let nodes fail: lose one or a whole zone, make it run short
    Chaos(chaos::Args),
    /// Show what brought an object about, and what came of it
    Trace(trace::Args),
    /// Show why a Pod is on its node, or on none
    Why(why::Args),
    /// Take your last command back
    Undo(rewind::UndoArgs),
    /// Bring the cluster back to how it was
    Rewind(rewind::Args),
    /// Pause the cluster's time, speed it up, skip ahead
    Clock(clock::Args),
    /// The cluster without the course
    Cluster(cluster::Args),
}
