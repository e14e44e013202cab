//! `timeout` in cluster time, ending as the image's own ends: GNU's reports 124; busybox's only
//! sends a signal, so that its status is the one of a process that a signal killed.
//!
//! The interpreter can limit a command's time, but not say afterwards whether the limit was hit.
//! So `timeout` becomes a line of three: the limited command, and, where it failed, a look at the
//! clock.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, ExecutionPlan, SubCommand};
use jiff::Timestamp;

use super::state::ShellState;
use super::tools::quoted;
use crate::kubelet::runtime::process::{Output, Signal};
use crate::kubelet::runtime::programs::sleep;

/// The status of GNU's `timeout` when the time is up.
const TIMED_OUT: i32 = 124;
/// The status of GNU's `timeout` when it was called wrongly.
const MISUSED: i32 = 125;
/// What busybox waits for where nothing is said (`-t` of old versions).
const OLD_DEFAULT: &str = "10";

/// Whose `timeout` an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavour {
    Gnu,
    Busybox,
    /// Before 1.30 the time is an option.
    OldBusybox,
}

impl Flavour {
    /// `version` is busybox's, or empty in an image without it.
    fn of(version: &str) -> Self {
        let mut numbers = version.split('.').map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(1)), Some(Ok(minor))) if minor < 30 => Self::OldBusybox,
            (Some(Ok(_)), _) => Self::Busybox,
            _ => Self::Gnu,
        }
    }
}

/// What `timeout` was asked for.
#[derive(Debug, PartialEq)]
struct Request {
    /// `None` is for ever.
    span: Option<Duration>,
    signal: Signal,
    /// GNU: report how the command ended even when the time is up.
    preserves_status: bool,
    command: Vec<String>,
}

/// What is asked for, or what `timeout` says about the arguments and its status then.
fn parse(arguments: &[String], flavour: Flavour) -> Result<Request, (String, i32)> {
    let complain = |text: String| match flavour {
        Flavour::Gnu => (
            format!("timeout: {text}\nTry 'timeout --help' for more information.\n"),
            MISUSED,
        ),
        _ => (format!("timeout: {text}\n"), 1),
    };
    let mut span = (flavour == Flavour::OldBusybox).then(|| OLD_DEFAULT.to_owned());
    let mut signal = Signal::Term;
    let mut preserves_status = false;
    let mut rest = arguments.iter().peekable();
    while let Some(option) = rest.next_if(|word| word.len() > 1 && word.starts_with('-')) {
        let (name, inline) = match (option.strip_prefix("--"), option.char_indices().nth(2)) {
            (Some(""), _) => break,
            (Some(long), _) => match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            },
            (None, Some((at, _))) => (&option[1..at], Some(option[at..].to_owned())),
            (None, None) => (&option[1..], None),
        };
        let mut value = || inline.clone().or_else(|| rest.next().cloned());
        match name {
            "s" | "signal" => {
                let named = value().unwrap_or_default();
                let unknown = || complain(format!("{named}: invalid signal"));
                signal = Signal::parse(&named).ok_or_else(unknown)?;
            }
            // A command is always gone with the first signal.
            "k" | "kill-after" => drop(value()),
            "t" if flavour == Flavour::OldBusybox => span = value(),
            "preserve-status" => preserves_status = true,
            "foreground" | "f" | "v" | "verbose" => {}
            _ => return Err(complain(format!("unrecognized option: {name}"))),
        }
    }
    let span = match flavour {
        Flavour::OldBusybox => span,
        _ => rest.next().cloned(),
    };
    let command: Vec<String> = rest.cloned().collect();
    let Some(span) = span.filter(|_| !command.is_empty()) else {
        return Err(complain("missing operand".to_owned()));
    };
    let invalid = |_| match flavour {
        Flavour::Gnu => complain(format!("invalid time interval '{span}'")),
        _ => complain(format!("invalid number '{span}'")),
    };
    let span = sleep::parse(std::slice::from_ref(&span)).map_err(invalid)?;
    Ok(Request {
        // No time at all means no limit.
        span: span.filter(|span| !span.is_zero()),
        signal,
        preserves_status,
        command,
    })
}

impl Request {
    /// The status once the time is up, and what the shell says about it.
    fn outcome(&self, flavour: Flavour) -> (i32, &'static str) {
        let killed = self.signal.exit_code();
        match flavour {
            Flavour::Gnu if self.preserves_status || self.signal == Signal::Kill => (killed, ""),
            Flavour::Gnu => (TIMED_OUT, ""),
            _ => (killed, self.signal.description()),
        }
    }
}

/// The command itself: turns into the line of three.
pub struct Timeout {
    pub state: Arc<ShellState>,
}

impl Timeout {
    fn flavour(&self) -> Flavour {
        Flavour::of(self.state.kernel.image.fact("busybox"))
    }
}

#[async_trait]
impl Builtin for Timeout {
    async fn execute(&self, context: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        Ok(match parse(context.args, self.flavour()) {
            Ok(_) => ExecResult::default(),
            Err((words, status)) => ExecResult::err(words, status),
        })
    }

    async fn execution_plan(
        &self,
        context: &BuiltinContext<'_>,
    ) -> bashkit::Result<Option<ExecutionPlan>> {
        let Ok(request) = parse(context.args, self.flavour()) else {
            return Ok(None);
        };
        let now = self.state.kernel.clock.now();
        let deadline = request.span.and_then(|span| now.saturating_add(span).ok());
        let (status, words) = request.outcome(self.flavour());
        let deadline = deadline.unwrap_or(Timestamp::MAX).to_string();
        let words = if self.state.reports_killed_jobs() {
            words
        } else {
            ""
        };
        let command: Vec<String> = request.command.iter().map(|word| quoted(word)).collect();
        let line = format!(
            "{} {deadline} {} || {} {deadline} {status} '{words}' $?",
            Limited::NAME,
            command.join(" "),
            Ended::NAME,
        );
        Ok(Some(ExecutionPlan::Batch {
            commands: vec![SubCommand {
                name: "eval".to_owned(),
                args: vec![line],
                stdin: context.stdin.cloned(),
                assignments: Vec::new(),
            }],
        }))
    }
}

/// Runs a command up to a moment: `__limited DEADLINE COMMAND…`.
pub struct Limited {
    pub state: Arc<ShellState>,
}

impl Limited {
    pub const NAME: &str = "__limited";
}

#[async_trait]
impl Builtin for Limited {
    async fn execute(&self, _: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        Ok(ExecResult::default())
    }

    async fn execution_plan(
        &self,
        context: &BuiltinContext<'_>,
    ) -> bashkit::Result<Option<ExecutionPlan>> {
        const NEVER: Duration = Duration::from_secs(u64::MAX / 4);
        let [deadline, name, args @ ..] = context.args else {
            return Ok(None);
        };
        let clock = &self.state.kernel.clock;
        let left = deadline
            .parse::<Timestamp>()
            .ok()
            .filter(|end| *end != Timestamp::MAX);
        let left = left.map(|end| end.duration_since(clock.now()).as_secs_f64().max(0.0));
        // The interpreter measures in the machine's time.
        let left = left.and_then(|left| Duration::try_from_secs_f64(left / clock.speed()).ok());
        Ok(Some(ExecutionPlan::Timeout {
            duration: left.unwrap_or(NEVER),
            preserve_status: false,
            command: SubCommand {
                name: name.clone(),
                args: args.to_vec(),
                stdin: context.stdin.cloned(),
                assignments: Vec::new(),
            },
        }))
    }
}

/// Says how a limited command that failed has ended: `__ended DEADLINE STATUS WORDS $?`.
pub struct Ended {
    pub state: Arc<ShellState>,
    /// The shell's own, which no redirection of the command changes.
    pub stderr: Output,
}

impl Ended {
    pub const NAME: &str = "__ended";
}

#[async_trait]
impl Builtin for Ended {
    async fn execute(&self, context: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        let [deadline, status, words, found] = context.args else {
            return Ok(ExecResult::default());
        };
        let found: i32 = found.parse().unwrap_or(1);
        let deadline: Timestamp = deadline.parse().unwrap_or(Timestamp::MAX);
        // The machine's timers may be early by a millisecond.
        let almost = self.state.kernel.clock.now() + Duration::from_millis(50);
        if found != TIMED_OUT || almost < deadline {
            return Ok(ExecResult::with_code("", found));
        }
        if !words.is_empty() {
            self.stderr.print(format!("{words}\n")).await;
        }
        let status = status.parse().unwrap_or(TIMED_OUT);
        Ok(ExecResult::with_code("", status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, flavour: Flavour) -> Result<Request, String> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        parse(&words, flavour).map_err(|(words, _)| words)
    }

    #[test]
    fn the_time_is_an_operand_or_an_option_by_version() {
        let wanted = Request {
            span: Some(Duration::from_secs(5)),
            signal: Signal::Term,
            preserves_status: false,
            command: vec!["sleep".to_owned(), "9".to_owned()],
        };
        assert_eq!(asked("5 sleep 9", Flavour::of("1.36.1")).unwrap(), wanted);
        assert_eq!(
            asked("-t 5 sleep 9", Flavour::of("1.28.4")).unwrap(),
            wanted
        );
        assert_eq!(asked("-k 1 5s sleep 9", Flavour::of("")).unwrap(), wanted);
        let default = asked("sleep 9", Flavour::of("1.28.4")).unwrap();
        assert_eq!(default.span, Some(Duration::from_secs(10)));
    }

    #[test]
    fn busybox_reports_the_signal_and_gnu_that_the_time_was_up() {
        let ends = |text: &str, version: &str| {
            let flavour = Flavour::of(version);
            asked(text, flavour).unwrap().outcome(flavour)
        };
        assert_eq!(ends("5 sleep 9", "1.36.1"), (143, "Terminated"));
        assert_eq!(ends("-s KILL 5 sleep 9", "1.36.1"), (137, "Killed"));
        assert_eq!(ends("5 sleep 9", ""), (124, ""));
        assert_eq!(ends("-s KILL 5 sleep 9", ""), (137, ""));
        assert_eq!(ends("--preserve-status 5 sleep 9", ""), (143, ""));
    }

    #[test]
    fn mistakes_are_named_as_each_names_them() {
        assert_eq!(
            asked("soon sleep 9", Flavour::Gnu).unwrap_err(),
            "timeout: invalid time interval 'soon'\nTry 'timeout --help' for more information.\n"
        );
        assert_eq!(
            asked("soon sleep 9", Flavour::Busybox).unwrap_err(),
            "timeout: invalid number 'soon'\n"
        );
    }
}
