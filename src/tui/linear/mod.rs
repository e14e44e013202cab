//! The same program as plain text, from top to bottom: for screen readers,
//! slow lines and terminals that can do nothing.
//!
//! One prompt, one order a line, no cursor movement and no colours. `orders`
//! decides (pure, as the screens' `update`), `text` writes, `input` reads lines
//! on a thread of its own; this loop carries out.

mod input;
mod orders;
mod text;

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use self::input::Lines;
use self::orders::{Answer, Linear};
use super::app::{Driver, wall_clock};
use super::signals::Signals;
use super::strings::linear as words;
use crate::sandbox::ShellEnvironment;
use crate::session::{self, Effect};

/// Time is counted at this pace.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the learner leaves or the input ends.
///
/// # Errors
/// Standard output is gone.
pub(super) async fn run(
    session: session::State,
    mut driver: Driver,
    lacks_kubectl: bool,
) -> io::Result<session::State> {
    let mut linear = Linear::new(session, columns());
    let mut lines = Lines::start()?;
    let mut signals = Signals::listen()?;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut waiting = VecDeque::from([Effect::BootSandbox]);
    let mut driver_is_there = true;
    say(&linear.welcome(lacks_kubectl))?;
    prompt(&linear, &mut lines)?;
    while !linear.session.quitting {
        let answer = tokio::select! {
            line = lines.next() => match line {
                Some(line) => linear.order(&line),
                None => linear.leave(),
            },
            event = driver.events.recv(), if driver_is_there => match event {
                Some(event) => linear.hear(event),
                None => {
                    driver_is_there = false;
                    continue;
                }
            },
            _ = ticks.tick() => linear.hear(session::Event::Tick(wall_clock())),
            () = signals.next() => linear.leave(),
            permit = driver.effects.reserve(), if !waiting.is_empty() => {
                match (permit, waiting.pop_front()) {
                    (Ok(permit), Some(effect)) => permit.send(effect),
                    _ => waiting.clear(),
                }
                continue;
            }
        };
        let Answer {
            said,
            effects,
            shell,
        } = answer;
        waiting.extend(effects);
        if let Some(environment) = shell {
            say(&[words::SHELL_BEGINS.to_owned()])?;
            let ended = run_shell(&environment).await;
            say(&[ended])?;
            // What happened meanwhile is told by the next orders.
        }
        if !said.is_empty() {
            if lines.is_asked() {
                println!();
            }
            say(&said)?;
        }
        if (!said.is_empty() || !lines.is_asked()) && !linear.session.quitting {
            prompt(&linear, &mut lines)?;
        }
    }
    for effect in waiting {
        if driver.effects.send(effect).await.is_err() {
            break;
        }
    }
    Ok(linear.session)
}

fn say(lines: &[String]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Asks for the next line; where one is awaited already, only the mark is written.
fn prompt(linear: &Linear, lines: &mut Lines) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{}", linear.prompt())?;
    out.flush()?;
    lines.ask();
    Ok(())
}

/// The learner's shell on this terminal, until it ends.
async fn run_shell(environment: &ShellEnvironment) -> String {
    let ended = tokio::process::Command::new(&environment.program)
        .args(&environment.arguments)
        .current_dir(&environment.workdir)
        .envs(&environment.variables)
        .status()
        .await;
    match ended {
        Ok(_) => words::SHELL_ENDED.to_owned(),
        Err(error) => super::strings::shell_failed(&error.to_string()),
    }
}

/// Columns to break lines at.
fn columns() -> u16 {
    crossterm::terminal::size().map_or(80, |(columns, _)| columns.clamp(40, 100))
}
