//! The tour of two minutes: a few short pages, one of them with a small picture
//! of the kata screen in which the focus can be moved.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::kubectl;
use crate::tui::pages::Tour;
use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::wrap::wrap_text;
use crate::tui::widgets::{markdown, pane, scroll};

/// How many steps there are.
pub const STEPS: usize = strings::TOUR.len();
/// The step with the picture.
const PICTURE: usize = 1;
/// Rows of the picture.
const PICTURE_ROWS: u16 = 9;
/// Lines longer than this tire the eye.
const WIDEST: u16 = 76;

/// Draws the step over the body.
pub fn view(tour: &Tour, state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let count = strings::step_of(tour.step + 1, STEPS);
    let (page, picture) = divided(tour, body);
    let lines = lines(tour, page.width, state);
    let height = usize::from(page.height);
    let more = scroll::more(lines.len(), tour.scroll, height, &state.theme);
    let facts: Vec<Span<'static>> = [Some(count), more]
        .into_iter()
        .flatten()
        .map(|words| Span::styled(words, state.theme.quiet))
        .collect();
    let title = super::title_line(&[strings::TOUR_TITLE], &facts, state, head.width);
    frame.render_widget(title, head);
    scroll::draw(lines, tour.scroll, frame, page);
    if let Some(area) = picture {
        draw_picture(tour, state, frame, area);
    }
}

/// Lines of the step and the height they are shown in.
pub fn extent(tour: &Tour, body: Rect, state: &State) -> (usize, usize) {
    let (page, _) = divided(tour, body);
    (
        lines(tour, page.width, state).len(),
        usize::from(page.height),
    )
}

/// The text, and under it the picture, where there is one and room for it.
fn divided(tour: &Tour, body: Rect) -> (Rect, Option<Rect>) {
    let width = body.width.saturating_sub(4).min(WIDEST);
    let page = Rect {
        y: body.y.saturating_add(1),
        height: body.height.saturating_sub(1),
        ..body
    }
    .centered_horizontally(Constraint::Length(width));
    if tour.step != PICTURE || page.height < PICTURE_ROWS + 8 || width < 50 {
        return (page, None);
    }
    let [text, picture, _] = Layout::vertical([
        Constraint::Length((page.height - PICTURE_ROWS).min(13)),
        Constraint::Length(PICTURE_ROWS),
        Constraint::Fill(1),
    ])
    .areas(page);
    (text, Some(picture))
}

fn lines(tour: &Tour, width: u16, state: &State) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let Some(source) = strings::TOUR.get(tour.step) else {
        return Vec::new();
    };
    let mut lines = markdown::render(source, width, theme);
    if tour.step == 0 {
        lines.push(Line::default());
        if state.setup.lacks_kubectl {
            lines.extend(kubectl::lines(width, state));
        } else {
            let words = format!("{} {}", theme.glyphs.done, strings::HAS_KUBECTL);
            lines.extend(wrap_text(&words, theme.good, usize::from(width)));
        }
    }
    if tour.step == PICTURE && tour.tried {
        lines.push(Line::default());
        let words = format!("{} {}", theme.glyphs.done, strings::FOCUS_MOVED);
        lines.extend(wrap_text(&words, theme.good, usize::from(width)));
    }
    lines
}

fn draw_picture(tour: &Tour, state: &State, frame: &mut Frame<'_>, area: Rect) {
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(42), Constraint::Fill(1)]).areas(area);
    let [above, below] =
        Layout::vertical([Constraint::Length(4), Constraint::Fill(1)]).areas(right);
    let panes = [
        (strings::TASK, strings::PICTURE_TASK, left),
        (strings::CLUSTER, strings::PICTURE_CLUSTER, above),
        (strings::SHELL, strings::PICTURE_SHELL, below),
    ];
    for (index, (name, text, area)) in panes.into_iter().enumerate() {
        let titles = pane::Titles {
            name: name.to_owned(),
            ..pane::Titles::default()
        };
        let inside = pane::draw(&titles, tour.focus == index, &state.theme, frame, area);
        let lines = wrap_text(text, state.theme.quiet, usize::from(inside.width));
        scroll::draw(lines, 0, frame, inside);
    }
}
