//! Markdown as styled lines of a given width.
//!
//! pulldown-cmark reads, this lays out: headings, wrapped paragraphs, lists,
//! code, tables, callouts and links, whose addresses are collected at the end
//! so that they never break the text. Everything is pure; scrolling is the
//! caller's business.

mod blocks;
mod extract;
mod highlight;
mod table;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use self::table::TableBuilder;

pub use self::extract::{commands, links};

use super::wrap::wrap;
use crate::tui::theme::Theme;

/// One line of code as spans.
pub fn code_line(language: &str, source: &str, theme: &Theme) -> Vec<Span<'static>> {
    highlight::line(language, source, theme)
}

/// Lays `source` out in `width` columns.
pub fn render(source: &str, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut layout = Layout::new(usize::from(width).max(4), theme);
    for event in Parser::new_ext(source, options) {
        layout.event(event);
    }
    layout.finish()
}

/// One paragraph's words in `style`, without breaking lines: for texts that
/// stand in somebody else's line. Block marks lose their meaning.
pub fn inline(source: &str, style: Style, theme: &Theme) -> Vec<Span<'static>> {
    let mut layout = Layout::new(usize::MAX, theme);
    layout.styles = vec![style];
    for event in Parser::new(source.trim()) {
        match event {
            Event::Text(_)
            | Event::Code(_)
            | Event::SoftBreak
            | Event::Start(Tag::Emphasis | Tag::Strong)
            | Event::End(TagEnd::Emphasis | TagEnd::Strong) => layout.event(event),
            _ => {}
        }
    }
    layout.inline
}

/// A list item or a quotation that the current block stands in.
struct Container {
    first: Vec<Span<'static>>,
    rest: Vec<Span<'static>>,
    /// The first line has been written.
    begun: bool,
}

struct Layout<'t> {
    width: usize,
    theme: &'t Theme,
    lines: Vec<Line<'static>>,
    containers: Vec<Container>,
    /// Numbers of the ordered lists around us; `None` for bullets.
    lists: Vec<Option<u64>>,
    inline: Vec<Span<'static>>,
    styles: Vec<Style>,
    code: Option<(String, String)>,
    table: Option<TableBuilder>,
    /// Addresses of the links so far, in order of first appearance.
    links: Vec<String>,
    /// The link around us and where its text began.
    link: Option<(String, usize)>,
    /// A blank line is due before the next block.
    gap: bool,
}

impl<'t> Layout<'t> {
    fn new(width: usize, theme: &'t Theme) -> Self {
        Self {
            width,
            theme,
            lines: Vec::new(),
            containers: Vec::new(),
            lists: Vec::new(),
            inline: Vec::new(),
            styles: vec![theme.text],
            code: None,
            table: None,
            links: Vec::new(),
            link: None,
            gap: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => self.push(&code, self.style().patch(self.theme.code)),
            Event::SoftBreak => self.push(" ", self.style()),
            Event::HardBreak => self.write_inline(),
            Event::Rule => self.rule(),
            Event::TaskListMarker(done) => self.task_mark(done),
            Event::Html(text) | Event::InlineHtml(text) if !text.starts_with("<!--") => {
                self.push(&text, self.theme.quiet);
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.begin_block(),
            Tag::Heading { level, .. } => self.begin_heading(level),
            Tag::BlockQuote(kind) => self.begin_quote(kind),
            Tag::CodeBlock(kind) => self.begin_code(&kind),
            Tag::List(number) => self.begin_list(number),
            Tag::Item => self.begin_item(),
            Tag::Table(alignments) => {
                self.begin_block();
                self.table = Some(TableBuilder::new(alignments));
            }
            Tag::Emphasis => self.push_style(Modifier::ITALIC),
            Tag::Strong => self.push_style(Modifier::BOLD),
            Tag::Strikethrough => self.push_style(Modifier::CROSSED_OUT),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.link = Some((dest_url.into_string(), self.inline.len()));
                self.push_style(Modifier::UNDERLINED);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_block(),
            TagEnd::Heading(_) => {
                self.styles.pop();
                self.end_block();
            }
            TagEnd::BlockQuote(_) => {
                self.containers.pop();
                self.gap = true;
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap = self.lists.is_empty();
            }
            TagEnd::Item => {
                if !self.inline.is_empty() {
                    self.write_inline();
                }
                self.containers.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline);
                if let Some(table) = &mut self.table {
                    table.cell(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    table.end_row();
                }
            }
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.code {
            code.push_str(text);
        } else {
            self.push(text, self.style());
        }
    }

    // Inline text.

    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn push(&mut self, text: &str, style: Style) {
        self.inline.push(Span::styled(text.to_owned(), style));
    }

    fn push_style(&mut self, modifier: Modifier) {
        self.styles.push(self.style().add_modifier(modifier));
    }

    /// Numbers the link, unless its text is already its address.
    fn end_link(&mut self) {
        self.styles.pop();
        let Some((address, begin)) = self.link.take() else {
            return;
        };
        let text: String = self.inline[begin.min(self.inline.len())..]
            .iter()
            .map(|span| span.content.as_ref())
            .collect();
        if text == address || address.starts_with('#') || address.is_empty() {
            return;
        }
        let number = match self.links.iter().position(|known| *known == address) {
            Some(index) => index + 1,
            None => {
                self.links.push(address);
                self.links.len()
            }
        };
        self.push(&format!("[{number}]"), self.theme.quiet);
    }

    fn finish(mut self) -> Vec<Line<'static>> {
        if !self.inline.is_empty() {
            self.write_inline();
        }
        if !self.links.is_empty() {
            self.lines.push(Line::default());
        }
        for (index, address) in self.links.iter().enumerate() {
            let mark = format!("[{}] ", index + 1);
            let indent = " ".repeat(mark.len());
            self.lines.extend(wrap(
                &[Span::styled(address.clone(), self.theme.quiet)],
                self.width,
                &[Span::styled(mark, self.theme.quiet)],
                &[Span::raw(indent)],
            ));
        }
        self.lines
    }
}

#[cfg(test)]
mod tests;
