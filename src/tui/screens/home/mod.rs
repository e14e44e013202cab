//! The course map: tracks with their progress, the katas of one track, what to
//! go on with, and a search over all titles.
//!
//! `layout` divides the screen and finds a click again, `matches` searches.

pub mod layout;
pub mod matches;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use unicode_width::UnicodeWidthStr;

use self::layout::{Division, first_shown};
use self::matches::shown_map;
use super::statistics::Numbers;
use super::{sandbox_facts, title_line};
use crate::session::{KataLine, KataStatus, SandboxState, TrackLine};
use crate::tui::action::Action;
use crate::tui::keymap::Context;
use crate::tui::state::{Search, State};
use crate::tui::strings;
use crate::tui::theme::Theme;
use crate::tui::widgets::progress;
use crate::tui::widgets::text::{counted, cut, pad, spent};
use crate::tui::widgets::wrap::wrap_text;

/// Columns of a track's progress bar.
const BAR: usize = 6;

/// Draws the map, or the search over it.
pub fn view(state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let map = state.session.map();
    let theme = &state.theme;
    let solved: usize = map.iter().map(|track| track.solved).sum();
    let all: usize = map.iter().map(|track| track.katas.len()).sum();
    let mut facts = Vec::new();
    if state.setup.lacks_kubectl {
        let words = format!("{} {}", theme.glyphs.moving, strings::NO_KUBECTL);
        facts.push(Span::styled(words, theme.warn));
    }
    let done = strings::katas_done(solved, all);
    facts.push(Span::styled(done, theme.quiet));
    let seconds = Numbers::of(&state.session).seconds;
    if seconds >= 60 {
        facts.push(Span::styled(spent(seconds), theme.quiet));
    }
    facts.extend(sandbox_facts(state));
    let course = state.session.course.title.as_str();
    frame.render_widget(title_line(&[course], &facts, state, head.width), head);
    let division = Division::of(body, map.len());
    match &state.home.search {
        Some(search) => search_view(search, state, frame, &division),
        None => map_view(&map, state, frame, &division),
    }
}

fn map_view(map: &[TrackLine], state: &State, frame: &mut Frame<'_>, division: &Division) {
    let theme = &state.theme;
    if map.iter().all(|track| track.katas.is_empty()) {
        let lines = wrap_text(
            strings::EMPTY_COURSE,
            theme.quiet,
            usize::from(division.katas.width),
        );
        return frame.render_widget(Text::from(lines), division.katas);
    }
    let all = map;
    let map = &shown_map(state);
    let first = if state.home.filter.is_set() {
        filter_line(all, map, state)
    } else {
        suggestion(all, state, division.suggestion.width)
    };
    frame.render_widget(first, division.suggestion);
    if let Some(area) = division.tracks {
        draw_tracks(all, state, frame, area, division.track_columns);
    }
    let Some(track) = map.get(state.home.track) else {
        return;
    };
    if let Some(area) = division.track_title {
        let whole = all.get(state.home.track).unwrap_or(track);
        frame.render_widget(track_title(whole, map.len(), state, area.width), area);
    }
    if track.katas.is_empty() {
        let words = if state.home.filter.is_set() {
            strings::NOTHING_PASSES
        } else {
            strings::EMPTY_TRACK
        };
        frame.render_widget(Line::styled(words, theme.quiet), division.katas);
    }
    let height = usize::from(division.katas.height);
    let first = first_shown(state.home.kata, track.katas.len(), height);
    let widest = track
        .katas
        .iter()
        .map(|kata| kata.title.width())
        .max()
        .unwrap_or(0);
    let lines: Vec<Line<'static>> = track
        .katas
        .iter()
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(index, kata)| {
            let selected = index == state.home.kata;
            kata_line(
                kata,
                None,
                selected,
                widest,
                usize::from(division.katas.width),
                theme,
            )
        })
        .collect();
    frame.render_widget(Text::from(lines), division.katas);
    if let Some(area) = division.about {
        frame.render_widget(Text::from(about(track, state, area)), area);
    }
}

/// `Only ▸ open · easy   3 of 104 katas   esc`
fn filter_line(all: &[TrackLine], shown: &[TrackLine], state: &State) -> Line<'static> {
    let theme = &state.theme;
    let filter = state.home.filter;
    let words: Vec<&str> = [
        filter.status.map(strings::filter_status),
        filter.difficulty.map(|difficulty| difficulty.as_str()),
        filter.kind.map(|kind| kind.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let count = |map: &[TrackLine]| map.iter().map(|track| track.katas.len()).sum();
    let separator = format!(" {} ", theme.glyphs.dot);
    let key = state.keymap.key_of(Context::Home, Action::ClearFilter);
    Line::from(vec![
        Span::styled(
            format!("{} {} ", strings::ONLY, theme.glyphs.path),
            theme.accent,
        ),
        Span::styled(words.join(&separator), theme.strong),
        Span::styled(
            format!("   {}", strings::katas_done(count(shown), count(all))),
            theme.quiet,
        ),
        Span::styled(
            key.map(|key| format!("   {}", key.name(theme.glyphs)))
                .unwrap_or_default(),
            theme.accent,
        ),
    ])
}

/// `Continue ▸ Services: the port nobody listens on    c`, or why that cannot be.
fn suggestion(map: &[TrackLine], state: &State, width: u16) -> Line<'static> {
    let theme = &state.theme;
    let width = usize::from(width);
    if let SandboxState::Failed(reason) = &state.session.sandbox {
        let words = format!("{}: {reason}", strings::NO_CLUSTER_TITLE);
        let words = format!("{} {words}", theme.glyphs.bad);
        return Line::styled(cut(&words, width, theme.glyphs.ellipsis), theme.bad);
    }
    let Some(next) = state.session.next_kata() else {
        let words = cut(strings::ALL_SOLVED, width, theme.glyphs.ellipsis);
        return Line::styled(words, theme.good);
    };
    let found = map.iter().find_map(|track| {
        let kata = track.katas.iter().find(|kata| kata.id == next)?;
        Some((track, kata))
    });
    let Some((track, kata)) = found else {
        return Line::default();
    };
    let word = match kata.status {
        KataStatus::Open => strings::BEGIN,
        _ => strings::CONTINUE,
    };
    let key = state.keymap.key_of(Context::Home, Action::Continue);
    let key = key.map(|key| key.name(theme.glyphs)).unwrap_or_default();
    let lead = format!("{word} {} ", theme.glyphs.path);
    let room = width.saturating_sub(lead.width() + 5);
    let title = cut(
        &format!("{}: {}", track.title, kata.title),
        room,
        theme.glyphs.ellipsis,
    );
    Line::from(vec![
        Span::styled(lead, theme.accent),
        Span::styled(title, theme.strong),
        Span::styled(format!("   {key}"), theme.accent),
    ])
}

fn draw_tracks(map: &[TrackLine], state: &State, frame: &mut Frame<'_>, area: Rect, columns: u16) {
    let grid = layout::track_cells(area, columns, map.len(), state.home.track);
    for (index, cell) in grid {
        let line = track_line(
            &map[index],
            index == state.home.track,
            cell.width,
            &state.theme,
        );
        frame.render_widget(line, cell);
    }
}

/// `▸ Services and DNS   ██░░ 2/4`
fn track_line(track: &TrackLine, selected: bool, width: u16, theme: &Theme) -> Line<'static> {
    let count = format!(" {}/{}", track.solved, track.katas.len());
    let room = usize::from(width).saturating_sub(BAR + count.width() + 4);
    let title = cut(&track.title, room, theme.glyphs.ellipsis);
    let mut spans = mark(selected, theme);
    spans.push(Span::styled(pad(&title, room), name_style(selected, theme)));
    spans.push(Span::raw(" "));
    spans.extend(progress::bar(track.solved, track.katas.len(), BAR, theme));
    spans.push(Span::styled(count, theme.quiet));
    Line::from(spans)
}

/// The selected track where the grid has no room: `← Pods 2/4 →`.
fn track_title(track: &TrackLine, tracks: usize, state: &State, width: u16) -> Line<'static> {
    let theme = &state.theme;
    let [_, _, left, right] = theme.glyphs.arrow_keys;
    let room = usize::from(width).saturating_sub(26);
    Line::from(vec![
        Span::styled(cut(&track.title, room, theme.glyphs.ellipsis), theme.strong),
        Span::styled(
            format!(" {}/{}", track.solved, track.katas.len()),
            theme.quiet,
        ),
        Span::styled(
            format!(
                "  track {} of {tracks} {left} {right}",
                state.home.track + 1
            ),
            theme.quiet,
        ),
    ])
}

fn kata_line(
    kata: &KataLine,
    track: Option<&str>,
    selected: bool,
    widest: usize,
    width: usize,
    theme: &Theme,
) -> Line<'static> {
    let (style, status) = kata_status(kata.status, theme);
    let title_width = widest.clamp(20, 48).min(width.saturating_sub(14));
    let title = cut(&kata.title, title_width, theme.glyphs.ellipsis);
    let mut spans = mark(selected, theme);
    spans.push(Span::styled(pad(&status, 9), style));
    spans.push(Span::styled(
        pad(&title, title_width),
        name_style(selected, theme),
    ));
    let mut facts = vec![
        format!("{:>4} min", kata.minutes),
        pad(kata.kind.as_str(), 6),
        pad(kata.difficulty.as_str(), 6),
    ];
    if let KataStatus::Solved { hints, seconds } = kata.status {
        facts.push(format!(
            "{} with {}",
            spent(seconds),
            counted(hints, "hint")
        ));
    }
    facts.extend(kata.again.as_ref().map(|when| strings::again(when)));
    if let Some(track) = track {
        facts.insert(0, track.to_owned());
    }
    let mut left = width.saturating_sub(11 + title_width);
    for fact in facts {
        let needed = fact.width() + 2;
        if needed > left {
            break;
        }
        left -= needed;
        spans.push(Span::styled(format!("  {fact}"), theme.quiet));
    }
    Line::from(spans)
}

fn kata_status(status: KataStatus, theme: &Theme) -> (Style, String) {
    let glyphs = theme.glyphs;
    match status {
        KataStatus::Open => (theme.quiet, format!("{} {}", glyphs.open, strings::OPEN)),
        KataStatus::Started => (
            theme.warn,
            format!("{} {}", glyphs.partial, strings::STARTED),
        ),
        KataStatus::Solved { .. } => (theme.good, format!("{} {}", glyphs.done, strings::DONE)),
    }
}

fn mark(selected: bool, theme: &Theme) -> Vec<Span<'static>> {
    if selected {
        vec![Span::styled(
            format!("{} ", theme.glyphs.cursor),
            theme.accent,
        )]
    } else {
        vec![Span::raw("  ")]
    }
}

fn name_style(selected: bool, theme: &Theme) -> Style {
    if selected { theme.selected } else { theme.text }
}

/// The track in a few words, and what the selected kata's lesson is called.
fn about(track: &TrackLine, state: &State, area: Rect) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let width = usize::from(area.width);
    let mut lines = wrap_text(&track.about, theme.quiet, width);
    let kata = track.katas.get(state.home.kata);
    let lesson = kata.and_then(|kata| state.session.course.lesson_of(&kata.id));
    if let Some(lesson) = lesson {
        let words = format!(
            "{}: {}, {} min",
            strings::LESSON,
            lesson.title,
            lesson.minutes
        );
        lines.extend(wrap_text(&words, theme.quiet, width));
    }
    lines
}

fn search_view(search: &Search, state: &State, frame: &mut Frame<'_>, division: &Division) {
    let theme = &state.theme;
    let field = Line::from(vec![
        Span::styled(
            format!("{} {} ", strings::SEARCH, theme.glyphs.path),
            theme.accent,
        ),
        Span::styled(search.text.clone(), theme.strong),
    ]);
    let column = field.width();
    frame.render_widget(field, division.suggestion);
    let cursor = division.suggestion.x + u16::try_from(column).unwrap_or(0);
    if cursor < division.suggestion.right() {
        frame.set_cursor_position((cursor, division.suggestion.y));
    }
    let area = division.below_suggestion();
    let found = matches::of(&state.session, &search.text);
    if found.is_empty() {
        return frame.render_widget(Line::styled(strings::NO_MATCH, theme.quiet), area);
    }
    let height = usize::from(area.height);
    let widest = found
        .iter()
        .map(|(_, kata)| kata.title.width())
        .max()
        .unwrap_or(0);
    let track_width = found
        .iter()
        .map(|(track, _)| track.width())
        .max()
        .unwrap_or(0);
    let first = first_shown(search.selected, found.len(), height);
    let lines: Vec<Line<'static>> = found
        .iter()
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(index, (track, kata))| {
            let selected = index == search.selected;
            kata_line(
                kata,
                Some(&pad(track, track_width)),
                selected,
                widest,
                usize::from(area.width),
                theme,
            )
        })
        .collect();
    frame.render_widget(Text::from(lines), area);
}
