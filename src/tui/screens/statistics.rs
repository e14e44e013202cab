//! How far the learner has come, in numbers: of the course, of each track, and
//! what was solved last. Everything follows from course and progress.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::session::{KataStatus, State as Session};
use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::text::{counted, cut, pad, spent};
use crate::tui::widgets::{pane, progress, scroll};

/// Columns of a track's progress bar.
const BAR: usize = 10;
/// Solved katas that are listed.
const LAST: usize = 10;

/// The numbers of the whole course.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Katas of the course.
    pub katas: usize,
    /// Those solved at least once.
    pub solved: usize,
    /// Those solved without a hint and without the solution the last time.
    pub alone: usize,
    /// Times that katas were solved, repetitions included.
    pub times: usize,
    /// Attempts begun.
    pub attempts: u32,
    /// Seconds spent in all attempts that are remembered.
    pub seconds: u64,
}

impl Numbers {
    /// Counts.
    pub fn of(session: &Session) -> Self {
        let mut numbers = Self::default();
        for kata in session.course.katas_in_order() {
            numbers.katas += 1;
            let Some(progress) = session.progress.kata(&kata.id) else {
                continue;
            };
            numbers.attempts += progress.attempt.number;
            numbers.times += progress.solved.len();
            numbers.seconds += progress.solved.iter().map(|it| it.seconds).sum::<u64>();
            if !progress.attempt.solved {
                numbers.seconds += progress.attempt.seconds;
            }
            if let Some(last) = progress.solved.last() {
                numbers.solved += 1;
                numbers.alone += usize::from(last.hints == 0 && !last.solution_seen);
            }
        }
        numbers
    }
}

/// Draws the page over the body.
pub fn view(offset: usize, state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let title = super::title_line(&[strings::STATISTICS], &[], state, head.width);
    frame.render_widget(title, head);
    let inside = pane::inside(body);
    let lines = lines(state, usize::from(inside.width));
    let more = scroll::more(
        lines.len(),
        offset,
        usize::from(inside.height),
        &state.theme,
    );
    let titles = pane::Titles {
        name: strings::STATISTICS.to_owned(),
        right: more.unwrap_or_default(),
        ..pane::Titles::default()
    };
    pane::draw(&titles, true, &state.theme, frame, body);
    scroll::draw(lines, offset, frame, inside);
}

/// The page at a width.
pub fn lines(state: &State, width: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let numbers = Numbers::of(&state.session);
    let fact = |name: &'static str, value: String| {
        Line::from(vec![
            Span::styled(pad(name, 14), theme.quiet),
            Span::styled(value, theme.text),
        ])
    };
    let mut lines = vec![
        fact(
            strings::SOLVED_COUNT,
            strings::katas_done(numbers.solved, numbers.katas),
        ),
        fact(
            strings::ALONE,
            strings::katas_done(numbers.alone, numbers.solved),
        ),
        fact(
            strings::ATTEMPTS,
            format!(
                "{} begun, {} solved",
                counted(usize::try_from(numbers.attempts).unwrap_or(0), "attempt"),
                numbers.times
            ),
        ),
        fact(strings::TIME, spent(numbers.seconds)),
        Line::default(),
        Line::styled(strings::TRACKS, theme.strong),
    ];
    for track in state.session.map() {
        let seconds: u64 = track
            .katas
            .iter()
            .filter_map(|kata| match kata.status {
                KataStatus::Solved { seconds, .. } => Some(seconds),
                _ => None,
            })
            .sum();
        let count = format!("{:>7}", format!("{}/{}", track.solved, track.katas.len()));
        let room = width.saturating_sub(BAR + 22).clamp(8, 36);
        let mut spans = vec![Span::styled(
            pad(&cut(&track.title, room, theme.glyphs.ellipsis), room + 1),
            theme.text,
        )];
        spans.extend(progress::bar(track.solved, track.katas.len(), BAR, theme));
        spans.push(Span::styled(count, theme.quiet));
        if seconds > 0 {
            spans.push(Span::styled(format!("  {}", spent(seconds)), theme.quiet));
        }
        lines.push(Line::from(spans));
    }
    lines.extend(last_solved(state, width));
    lines
}

/// What was solved last, the newest first.
fn last_solved(state: &State, width: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let mut solved: Vec<_> = state
        .session
        .course
        .katas_in_order()
        .filter_map(|kata| Some((kata, state.session.progress.kata(&kata.id)?.solved.last()?)))
        .collect();
    solved.sort_by_key(|(_, solved)| std::cmp::Reverse(solved.at));
    if solved.is_empty() {
        return vec![
            Line::default(),
            Line::styled(strings::NOTHING_SOLVED, theme.quiet),
        ];
    }
    let mut lines = vec![
        Line::default(),
        Line::styled(strings::LAST_SOLVED, theme.strong),
    ];
    for (kata, solved) in solved.into_iter().take(LAST) {
        let day = solved.at.strftime("%Y-%m-%d").to_string();
        let how = if solved.solution_seen {
            strings::WITH_SOLUTION.to_owned()
        } else {
            counted(solved.hints, "hint")
        };
        let facts = format!("  {}, {how}", spent(solved.seconds));
        let room = width.saturating_sub(day.len() + 2 + facts.len()).max(8);
        lines.push(Line::from(vec![
            Span::styled(format!("{day}  "), theme.quiet),
            Span::styled(cut(&kata.title, room, theme.glyphs.ellipsis), theme.text),
            Span::styled(facts, theme.quiet),
        ]));
    }
    lines
}
