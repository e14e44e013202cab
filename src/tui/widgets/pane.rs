//! The frame of a pane: a border with titles in it, accented when focused.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;
use unicode_width::UnicodeWidthStr;

use super::text::cut;
use crate::tui::theme::Theme;

/// What stands in the border.
#[derive(Debug, Default)]
pub struct Titles {
    /// Top left: what the pane is.
    pub name: String,
    /// Top right: what it is about.
    pub about: String,
    /// Bottom left.
    pub left: String,
    /// Bottom right.
    pub right: String,
}

/// Draws the frame and returns the area inside, one blank column off the border.
pub fn draw(
    titles: &Titles,
    focused: bool,
    theme: &Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) -> Rect {
    let border = if focused {
        theme.border_focused
    } else {
        theme.border
    };
    let name_style = if focused {
        theme.selected
    } else {
        theme.strong
    };
    let width = usize::from(area.width).saturating_sub(4);
    let title = |text: &str, style| {
        let text = cut(text, width.saturating_sub(2), theme.glyphs.ellipsis);
        Line::from(Span::styled(format!(" {text} "), style))
    };
    let mut block = Block::bordered()
        .border_set(theme.glyphs.border)
        .border_style(border)
        .title_top(title(&titles.name, name_style));
    let room = width.saturating_sub(titles.name.width() + 4);
    if !titles.about.is_empty() && titles.about.width() <= room {
        block = block.title_top(title(&titles.about, theme.quiet).right_aligned());
    }
    if !titles.left.is_empty() {
        block = block.title_bottom(title(&titles.left, theme.quiet));
    }
    let room = width.saturating_sub(titles.left.width() + 4);
    if !titles.right.is_empty() && titles.right.width() <= room {
        block = block.title_bottom(title(&titles.right, theme.quiet).right_aligned());
    }
    frame.render_widget(block, area);
    inside(area)
}

/// The area inside the frame of a pane.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2).min(area.right()),
        y: area.y.saturating_add(1).min(area.bottom()),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}
