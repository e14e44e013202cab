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
    /// Bottom left in place of `left`: views to choose from, the chosen one marked.
    pub tabs: Vec<(&'static str, bool)>,
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
    let tabs = tabs(titles, theme);
    let room = width.saturating_sub(titles.left.width() + tabs.width() + 4);
    if !tabs.spans.is_empty() && tabs.width() <= width {
        block = block.title_bottom(tabs);
    }
    if !titles.right.is_empty() && titles.right.width() <= room {
        block = block.title_bottom(title(&titles.right, theme.quiet).right_aligned());
    }
    frame.render_widget(block, area);
    inside(area)
}

fn tabs(titles: &Titles, theme: &Theme) -> Line<'static> {
    let spans = titles.tabs.iter().map(|(name, chosen)| match chosen {
        true => Span::styled(format!(" {}{name} ", theme.glyphs.cursor), theme.selected),
        false => Span::styled(format!("  {name} "), theme.quiet),
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// Which of the tabs is at a column of the pane's last row.
pub fn tab_at(titles: &[&str], area: Rect, column: u16) -> Option<usize> {
    let mut from = usize::from(area.x) + 1;
    titles.iter().position(|name| {
        let to = from + name.width() + 3;
        let is_it = (from..to).contains(&usize::from(column));
        from = to;
        is_it
    })
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
