//! Scrolling of lines: how far one can go, and drawing a window of them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Text};

use crate::tui::theme::Theme;

/// How to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// So many lines, down where positive.
    Lines(isize),
    /// So many pages, down where positive.
    Pages(isize),
    /// To the beginning.
    Top,
    /// To the end.
    Bottom,
}

/// The offset after a movement over `content` lines shown `height` at a time.
pub fn moved(offset: usize, movement: Movement, content: usize, height: usize) -> usize {
    let page = height.saturating_sub(1).max(1);
    let target = match movement {
        Movement::Lines(lines) => offset.saturating_add_signed(lines),
        Movement::Pages(pages) => {
            offset.saturating_add_signed(pages.saturating_mul(page.cast_signed()))
        }
        Movement::Top => 0,
        Movement::Bottom => usize::MAX,
    };
    target.min(furthest(content, height))
}

/// The largest offset at which the window is still full.
pub fn furthest(content: usize, height: usize) -> usize {
    content.saturating_sub(height)
}

/// Draws the lines from `offset` on. Offsets beyond the end show the end: the
/// text may have become shorter since the learner scrolled.
pub fn draw(lines: Vec<Line<'static>>, offset: usize, frame: &mut Frame<'_>, area: Rect) {
    let height = usize::from(area.height);
    let offset = offset.min(furthest(lines.len(), height));
    let window: Vec<Line<'static>> = lines.into_iter().skip(offset).take(height).collect();
    frame.render_widget(Text::from(window), area);
}

/// The mark for the border of a pane whose content goes on: `▾ 12 more`.
pub fn more(content: usize, offset: usize, height: usize, theme: &Theme) -> Option<String> {
    let furthest = furthest(content, height);
    let [above, below] = theme.glyphs.more;
    if furthest == 0 {
        None
    } else if offset < furthest {
        Some(format!("{below} {} more", furthest - offset))
    } else {
        Some(format!("{above} end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrolling_stops_at_both_ends() {
        assert_eq!(moved(0, Movement::Lines(-3), 50, 10), 0);
        assert_eq!(moved(38, Movement::Pages(1), 50, 10), 40);
        assert_eq!(moved(0, Movement::Bottom, 50, 10), 40);
        assert_eq!(moved(7, Movement::Pages(1), 5, 10), 0);
        assert_eq!(moved(20, Movement::Pages(-1), 50, 0), 19);
    }
}
