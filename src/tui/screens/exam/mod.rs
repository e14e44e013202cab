//! Exams: what to draw one from; the one under way with its katas and the time that is left; the
//! last one, looked back on.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::session::{Exam, ExamKata};
use crate::tui::state::{ExamScreen, State};
use crate::tui::strings::exam as strings;
use crate::tui::theme::Theme;
use crate::tui::widgets::text::{counted, cut, pad, spent};
use crate::tui::widgets::wrap::wrap_text;
use crate::tui::widgets::{pane, scroll};

/// What can be wished for, in the order of the rows.
pub const WISHES: usize = 3;

/// What the screen is about.
pub enum Shown<'a> {
    /// Wishes for a new one.
    Wishes,
    UnderWay(&'a Exam),
    Over(&'a Exam),
}

impl<'a> Shown<'a> {
    pub fn of(state: &'a State) -> Self {
        let progress = &state.session.progress;
        match (progress.exam(), progress.exams.last()) {
            (Some(exam), _) => Self::UnderWay(exam),
            (None, Some(exam)) if !state.exam.again => Self::Over(exam),
            _ => Self::Wishes,
        }
    }

    /// The rows that can be selected.
    pub fn rows(&self) -> usize {
        match self {
            Self::Wishes => WISHES,
            Self::UnderWay(exam) | Self::Over(exam) => exam.katas.len(),
        }
    }
}

/// Draws the screen.
pub fn view(state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let facts = time_left(state);
    let title = super::title_line(&[strings::EXAM], &facts, state, head.width);
    frame.render_widget(title, head);
    let titles = pane::Titles {
        name: strings::EXAM.to_owned(),
        ..pane::Titles::default()
    };
    let inside = pane::draw(&titles, true, &state.theme, frame, body);
    let (lines, selected) = lines(state, usize::from(inside.width));
    // The selected row stays in sight, with what belongs to it.
    let offset = (selected + 4).saturating_sub(usize::from(inside.height));
    scroll::draw(lines, offset, frame, inside);
}

/// How much time an exam under way has, for a title line.
pub fn time_left(state: &State) -> Vec<Span<'static>> {
    let theme = &state.theme;
    let (Some(exam), Some(now)) = (state.session.progress.exam(), state.session.now) else {
        return Vec::new();
    };
    let left = exam.left(now);
    let style = if left < 300 { theme.warn } else { theme.accent };
    vec![Span::styled(strings::left(&spent(left)), style)]
}

/// Everything on it, and the line of the selected row.
fn lines(state: &State, width: usize) -> (Vec<Line<'static>>, usize) {
    match Shown::of(state) {
        Shown::Wishes => wishes(state, width),
        Shown::UnderWay(exam) => under_way(exam, state, width),
        Shown::Over(exam) => over(exam, state, width),
    }
}

fn wishes(state: &State, width: usize) -> (Vec<Line<'static>>, usize) {
    let theme = &state.theme;
    let wish = &state.exam;
    let track = match state.session.course.tracks.get(wish.track.wrapping_sub(1)) {
        Some(track) => track.title.clone(),
        None => strings::ALL_TRACKS.to_owned(),
    };
    let difficulty = match ExamScreen::DIFFICULTIES.get(wish.difficulty) {
        Some(Some(difficulty)) => difficulty.as_str(),
        _ => strings::ANY_DIFFICULTY,
    };
    let values = [
        (strings::TRACK, track),
        (strings::DIFFICULTY, difficulty.to_owned()),
        (strings::KATAS, counted(wish.count, "kata")),
    ];
    let mut lines = wrap_text(strings::ABOUT, theme.quiet, width);
    lines.extend(wrap_text(strings::RULES, theme.quiet, width));
    lines.push(Line::default());
    let selected = lines.len() + wish.row.min(WISHES - 1);
    for (index, (name, value)) in values.into_iter().enumerate() {
        let chosen = index == wish.row;
        lines.push(Line::from(vec![
            cursor(chosen, theme),
            Span::styled(pad(name, 14), theme.quiet),
            Span::styled(value, name_style(chosen, theme)),
        ]));
    }
    (lines, selected)
}

fn under_way(exam: &Exam, state: &State, width: usize) -> (Vec<Line<'static>>, usize) {
    let theme = &state.theme;
    let (reached, all) = exam.points();
    let mut lines = vec![
        Line::styled(strings::points(reached, all), theme.strong),
        Line::default(),
    ];
    let selected = lines.len() + state.exam.row;
    for (index, kata) in exam.katas.iter().enumerate() {
        lines.push(kata_line(kata, index == state.exam.row, state, width));
    }
    (lines, selected)
}

fn over(exam: &Exam, state: &State, width: usize) -> (Vec<Line<'static>>, usize) {
    let theme = &state.theme;
    let (reached, all) = exam.points();
    let (style, glyph, word) = match exam.is_passed() {
        true => (theme.good, theme.glyphs.done, strings::PASSED),
        false => (theme.bad, theme.glyphs.bad, strings::NOT_PASSED),
    };
    let words = format!(
        "{glyph} {word}  {} ({} %)",
        strings::points(reached, all),
        exam.percent()
    );
    let mut lines = vec![Line::styled(words, style), Line::default()];
    let mut selected = 0;
    for (index, kata) in exam.katas.iter().enumerate() {
        if index == state.exam.row {
            selected = lines.len();
        }
        lines.push(kata_line(kata, index == state.exam.row, state, width));
        let instance = state.session.course.kata(&kata.kata);
        let instance = instance.and_then(|it| it.instance(exam.seed).ok());
        for id in &kata.tasks {
            let done = kata.done.contains(id);
            let (style, glyph) = match done {
                true => (theme.good, theme.glyphs.done),
                false => (theme.quiet, theme.glyphs.open),
            };
            let task = instance.as_ref().and_then(|kata| kata.task(id));
            let text = task.map_or(id.as_str(), |task| task.text.as_str());
            let text = text.lines().next().unwrap_or_default();
            let word = if done { strings::DONE } else { strings::OPEN };
            let text = cut(text, width.saturating_sub(14), theme.glyphs.ellipsis);
            lines.push(Line::from(vec![
                Span::styled(format!("     {glyph} {word}  "), style),
                Span::styled(text, theme.text),
            ]));
        }
    }
    (lines, selected)
}

fn kata_line(kata: &ExamKata, selected: bool, state: &State, width: usize) -> Line<'static> {
    let theme = &state.theme;
    let (reached, all) = kata.points();
    let (style, glyph) = match reached {
        _ if reached == all => (theme.good, theme.glyphs.done),
        0 => (theme.quiet, theme.glyphs.open),
        _ => (theme.warn, theme.glyphs.partial),
    };
    let known = state.session.course.kata(&kata.kata);
    let title = known.map_or(kata.kata.as_str(), |kata| kata.title.as_str());
    let title = cut(title, width.saturating_sub(14), theme.glyphs.ellipsis);
    Line::from(vec![
        cursor(selected, theme),
        Span::styled(pad(&format!("{glyph} {reached} of {all}"), 11), style),
        Span::styled(title, name_style(selected, theme)),
    ])
}

fn cursor(selected: bool, theme: &Theme) -> Span<'static> {
    match selected {
        true => Span::styled(format!("{} ", theme.glyphs.cursor), theme.accent),
        false => Span::raw("  "),
    }
}

fn name_style(selected: bool, theme: &Theme) -> ratatui::style::Style {
    if selected { theme.selected } else { theme.text }
}

#[cfg(test)]
mod tests;
