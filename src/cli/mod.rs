//! The command line: one file and one row per subcommand.

/// Prints a line; where nobody reads any more (`| head`), it says nothing.
macro_rules! say {
    ($($words:tt)*) => {
        crate::cli::print_line(format_args!($($words)*))
    };
}

mod app;
mod args;
mod chaos;
mod check;
mod clock;
mod cluster;
mod completions;
mod course;
mod doctor;
mod env;
mod exam;
mod foreign;
mod hint;
mod junit;
mod lint;
mod list;
mod new;
mod next;
mod output;
mod preview;
mod progress;
mod report;
mod reset;
mod review;
mod rewind;
mod run;
mod sandbox;
mod schema;
mod shell;
mod solution;
mod start;
mod status;
mod trace;
mod tui;
mod verify;
mod watch;
mod why;

use std::process::ExitCode;

use clap::Parser;

use app::App;
use args::{Args, Command};

/// Everything was as wished.
const GOOD: ExitCode = ExitCode::SUCCESS;

/// The answer is no: a check does not hold, a course has mistakes.
fn refused() -> ExitCode {
    ExitCode::from(1)
}

/// Something was asked that makes no sense here; exits with 2, as wrong arguments do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misuse(String);

/// Runs the program with the arguments of this process, and says how it ended.
pub async fn run() -> ExitCode {
    let args = Args::parse();
    start_log();
    let app = App::new(args.global);
    match dispatch(&app, args.command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("kubekata: {error:#}");
            ExitCode::from(if error.is::<Misuse>() { 2 } else { 3 })
        }
    }
}

async fn dispatch(app: &App, command: Option<Command>) -> anyhow::Result<ExitCode> {
    match command {
        None => tui::run(app).await,
        Some(Command::List(args)) => list::run(app, &args),
        Some(Command::Start(args)) => start::run(app, &args).await,
        Some(Command::Check(args)) => check::run(app, &args).await,
        Some(Command::Hint(args)) => hint::run(app, &args).await,
        Some(Command::Solution(args)) => solution::run(app, &args).await,
        Some(Command::Reset(args)) => reset::run(app, &args).await,
        Some(Command::Sandbox(args)) => sandbox::run(app, &args).await,
        Some(Command::Review(args)) => review::run(app, &args).await,
        Some(Command::Exam(args)) => exam::run(app, &args).await,
        Some(Command::Status) => status::run(app).await,
        Some(Command::Next) => next::run(app).await,
        Some(Command::Progress(args)) => progress::run(app, &args),
        Some(Command::Env(args)) => env::run(app, &args).await,
        Some(Command::Shell(args)) => shell::run(app, &args).await,
        Some(Command::Run(args)) => run::run(app, &args).await,
        Some(Command::Verify(args)) => verify::run(app, &args).await,
        Some(Command::Lint) => lint::run(app),
        Some(Command::Course(args)) => course::run(app, &args),
        Some(Command::Preview(args)) => preview::run(app, &args).await,
        Some(Command::Schema(args)) => schema::run(&args),
        Some(Command::New(args)) => new::run(app, &args),
        Some(Command::Doctor) => doctor::run(app).await,
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Chaos(args)) => chaos::run(app, &args).await,
        Some(Command::Trace(args)) => trace::run(app, &args).await,
        Some(Command::Why(args)) => why::run(app, &args).await,
        Some(Command::Undo(args)) => rewind::undo(app, &args).await,
        Some(Command::Rewind(args)) => rewind::run(app, &args).await,
        Some(Command::Clock(args)) => clock::run(app, &args).await,
        Some(Command::Cluster(args)) => cluster::run(app, args).await,
    }
}

fn print_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    // A pipe that was closed is no reason to complain.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What the program has to say about itself goes to stderr, and only when asked for.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("KUBEKATA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    // A second subscriber cannot be set; the first one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
