//! The terminal interface.
//!
//! ```text
//! keys, mouse, size, ticks, shell news, session events ─ event::Event
//!   ─ update (pure) ─ State + Commands
//! State ─ screens::view ─ frame        Commands ─ app ─ shell, driver, terminal
//! ```
//! Holds no cluster handle: it sees the cluster as `session::State` shows it
//! and acts by handing effects to the session's driver. Every key is a row of
//! `keymap`, every colour a role of `theme`, every fixed text in `strings`.

mod action;
mod app;
mod available;
mod browser;
mod command;
mod event;
mod glyphs;
mod key;
mod keymap;
pub mod measure;
mod screens;
mod shell;
mod signals;
mod state;
mod strings;
mod terminal;
mod theme;
mod update;
mod widgets;

#[cfg(test)]
mod fixture;

pub use app::Driver;
pub use signals::Signals;

use std::io::IsTerminal as _;

use crate::session;

/// What the command line says about the interface.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// No colours (`--no-color`; `NO_COLOR` does the same).
    pub no_color: bool,
    /// Seven-bit characters only (`--ascii`).
    pub ascii: bool,
}

/// Shows the session until the learner leaves, then says goodbye on the
/// learner's own screen. The caller drives `driver`'s other ends and waits for
/// them once this returns.
///
/// # Errors
/// There is no terminal, or it cannot be drawn on.
pub async fn run(session: session::State, driver: Driver, options: Options) -> anyhow::Result<()> {
    anyhow::ensure!(
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
        strings::NO_TERMINAL
    );
    let theme = theme::Surroundings::from_environment().theme(options.no_color, options.ascii);
    let signals = signals::Signals::listen()?;
    let mut terminal = terminal::TerminalGuard::enter(true)?;
    let size = terminal.terminal().size()?;
    let state = state::State::new(session, theme, size.width, size.height);
    let state = app::App::new(terminal, state, driver).run(signals).await?;
    let kata = state.session.next_kata();
    let title = kata.and_then(|id| Some(state.session.course.kata(&id)?.title.clone()));
    println!("{}", strings::farewell(title.as_deref()));
    Ok(())
}
