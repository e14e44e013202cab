//! The kata at work: task, cluster, shell.
//!
//! `cluster` draws the cluster pane, `layout` divides the screen (and answers where a click fell and how large
//! the shell is), `task` writes what stands in the task pane.

pub mod cluster;
pub mod layout;
pub mod panel;
pub mod task;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use self::layout::Panes;
use super::{sandbox_facts, title_line, trouble};
use crate::session::{OpenKata, Phase};
use crate::tui::state::{Pane, Screen, ShellStatus, State};
use crate::tui::strings;
use crate::tui::widgets::{pane, scroll, shell};

/// Draws title line and panes.
pub fn view(state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let Some(open) = &state.session.open else {
        return;
    };
    let track = track_title(state, open);
    let mut facts = super::exam::time_left(state);
    facts.extend(sandbox_facts(state));
    let seed = format!("seed {}", open.kata.seed);
    facts.push(Span::styled(seed, state.theme.quiet));
    let path = [track.as_str(), open.kata.title.as_str()];
    frame.render_widget(title_line(&path, &facts, state, head.width), head);
    if let Some((title, reason)) = state.trouble() {
        return trouble::view(title, reason, state, frame, body);
    }
    let panes = Panes::of(state);
    if let Some(area) = panes.task {
        task_pane(open, state, frame, area);
    }
    if let Some(area) = panes.cluster {
        cluster::view(state, frame, area);
    }
    if let Some(area) = panes.shell {
        shell_pane(open, state, frame, area);
    }
}

fn track_title(state: &State, open: &OpenKata) -> String {
    let tracks = &state.session.course.tracks;
    tracks
        .iter()
        .find(|track| track.id == open.kata.id.track())
        .map_or_else(
            || open.kata.id.track().to_owned(),
            |track| track.title.clone(),
        )
}

fn task_pane(open: &OpenKata, state: &State, frame: &mut Frame<'_>, area: Rect) {
    let inside = pane::inside(area);
    let content = task::content(open, state, inside.width);
    let offset = if state.kata.lesson {
        state.kata.lesson_scroll
    } else {
        state.kata.task_scroll
    };
    let height = usize::from(inside.height);
    let titles = pane::Titles {
        name: task::name(open, state).to_owned(),
        about: task::about(open, state),
        left: task::spent(open, state),
        right: scroll::more(content.lines.len(), offset, height, &state.theme).unwrap_or_default(),
        ..pane::Titles::default()
    };
    let focused = state.kata.focus == Pane::Task;
    pane::draw(&titles, focused, &state.theme, frame, area);
    scroll::draw(content.lines, offset, frame, inside);
}

fn shell_pane(open: &OpenKata, state: &State, frame: &mut Frame<'_>, area: Rect) {
    let focused = state.kata.focus == Pane::Shell;
    let back = state.shell.screen.scrolled_back();
    let titles = pane::Titles {
        name: strings::SHELL.to_owned(),
        left: if state.shell.copy.is_some() {
            strings::COPYING.to_owned()
        } else {
            String::new()
        },
        right: if back > 0 {
            strings::looking_back(back)
        } else {
            String::new()
        },
        ..pane::Titles::default()
    };
    let inside = pane::draw(&titles, focused, &state.theme, frame, area);
    let words = match (&state.shell.status, &open.phase) {
        (_, Phase::Preparing(doing)) => format!("{doing} {}", state.theme.glyphs.ellipsis),
        (ShellStatus::Waiting, _) => strings::SHELL_WAITS.to_owned(),
        (ShellStatus::Starting, _) => strings::SHELL_STARTS.to_owned(),
        (ShellStatus::Failed(why), _) => strings::shell_failed(why),
        (ShellStatus::Running | ShellStatus::Ended(_), _) if state.shell.copy.is_some() => {
            if let Some(copy) = &state.shell.copy {
                shell::draw_copying(&state.shell.screen, copy, frame, inside);
            }
            return;
        }
        (ShellStatus::Running, _) => {
            return shell::draw(&state.shell.screen, focused, frame, inside);
        }
        (ShellStatus::Ended(how), _) => {
            let [above, below] = layout::split_last_rows(inside, 2);
            shell::draw(&state.shell.screen, false, frame, above);
            return shell::draw_words(&strings::shell_ended(how), &state.theme, frame, below);
        }
    };
    shell::draw_words(&words, &state.theme, frame, inside);
}

/// The inside of the shell pane, empty where there is none on the screen.
pub fn shell_inside(state: &State) -> Rect {
    let is_shown = state.screen == Screen::Kata && state.help.is_none() && state.page.is_none();
    match Panes::of(state).shell {
        Some(area) if is_shown && state.shell.status != ShellStatus::Waiting => pane::inside(area),
        _ => Rect::default(),
    }
}

/// Lines of a pane and the height they are shown in; `None` for the cluster and
/// the shell, which scroll by themselves, and for panes that are not shown.
pub fn extent(pane_kind: Pane, state: &State) -> Option<(usize, usize)> {
    let open = state.session.open.as_ref()?;
    let panes = Panes::of(state);
    let (area, content) = match pane_kind {
        Pane::Task => {
            let area = pane::inside(panes.task?);
            let content = task::content(open, state, area.width);
            (area, content.lines.len())
        }
        Pane::Cluster | Pane::Shell => return None,
    };
    Some((content, usize::from(area.height)))
}

#[cfg(test)]
mod tests;
