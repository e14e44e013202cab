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
mod bindings;
mod browser;
mod command;
mod copy;
mod event;
mod glyphs;
mod key;
mod keymap;
mod linear;
pub mod measure;
mod pages;
mod palette;
mod reading;
mod screens;
mod settings;
mod setup;
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
pub use reading::{Page, page_as_text, show_page};
pub use signals::Signals;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::session;

/// What the command line says about the interface.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The learner's data folder, where it is remembered that the tour was seen.
    pub data: Option<PathBuf>,
    /// No colours (`--no-color`; `NO_COLOR` does the same).
    pub no_color: bool,
    /// Seven-bit characters only (`--ascii`).
    pub ascii: bool,
    /// Plain text from top to bottom (`--linear`).
    pub linear: bool,
}

/// Shows the session until the learner leaves, then says goodbye on the
/// learner's own screen. The caller drives `driver`'s other ends and waits for
/// them once this returns.
///
/// # Errors
/// There is no terminal, or it cannot be drawn on.
pub async fn run(session: session::State, driver: Driver, options: Options) -> anyhow::Result<()> {
    let settings::Loaded {
        path,
        settings,
        keymap,
        problems,
    } = settings::load();
    if options.linear || settings.linear {
        for problem in &problems {
            println!("{problem}");
        }
        let lacks_kubectl = !setup::is_in_path("kubectl");
        let session = linear::run(session, driver, lacks_kubectl).await?;
        say_goodbye(&session);
        return Ok(());
    }
    anyhow::ensure!(
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
        strings::NO_TERMINAL
    );
    let mark = options.data.map(|data| data.join("welcomed"));
    let is_new = session.progress.katas.is_empty() && mark.as_ref().is_some_and(|it| !it.exists());
    let setup = setup::Setup {
        file: path,
        problems,
        surroundings: theme::Surroundings::from_environment(),
        no_color: options.no_color,
        ascii: options.ascii,
        machine: (std::env::consts::OS, std::env::consts::ARCH),
        lacks_kubectl: !setup::is_in_path("kubectl"),
        welcome_mark: mark,
    };
    let theme = setup.theme(&settings);
    let signals = signals::Signals::listen()?;
    let mut terminal = terminal::TerminalGuard::enter(settings.mouse)?;
    let size = terminal.terminal().size()?;
    let mut state = state::State::new(session, theme, size.width, size.height);
    state.mouse = settings.mouse;
    state.keymap = keymap;
    state.settings = settings;
    if let Some(first) = setup.problems.first() {
        let words = strings::settings_problem(&first.to_string(), setup.problems.len() - 1);
        state.notice = Some(words);
    }
    state.setup = setup;
    if is_new {
        state.page = Some(pages::Page::Tour(pages::Tour::default()));
    }
    let state = app::App::new(terminal, state, driver).run(signals).await?;
    say_goodbye(&state.session);
    Ok(())
}

fn say_goodbye(session: &session::State) {
    let kata = session.next_kata();
    let title = kata.and_then(|id| Some(session.course.kata(&id)?.title.clone()));
    println!("{}", strings::farewell(title.as_deref()));
}
