//! One long text of markdown on the whole screen, to be scrolled: what authors look at while they
//! write. It is not part of a session.

use std::io;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::StreamExt;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::Paragraph;

use super::signals::Signals;
use super::terminal::TerminalGuard;
use super::theme::{Surroundings, Theme};
use super::widgets::markdown;
use super::{Options, settings, strings};

/// Longer lines are hard to read.
const WIDEST: u16 = 100;

/// What is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    title: String,
    markdown: String,
}

impl Page {
    pub fn new(title: &str, markdown: String) -> Self {
        Self {
            title: title.to_owned(),
            markdown,
        }
    }
}

/// The page, and where the reader is in it.
struct Reading {
    page: Page,
    theme: Theme,
    top: u16,
}

/// Shows a page until the reader leaves; `again` is asked for the next one, which then takes its
/// place without moving the reader.
///
/// # Errors
/// The terminal cannot be drawn on.
pub async fn show_page(
    page: Page,
    mut again: impl AsyncFnMut() -> Page,
    options: &Options,
) -> io::Result<()> {
    let theme = theme(options);
    let mut signals = Signals::listen()?;
    let mut guard = TerminalGuard::enter(false)?;
    let mut keys = EventStream::new();
    let mut reading = Reading {
        page,
        theme,
        top: 0,
    };
    loop {
        let size = guard.terminal().size()?;
        reading.stay_inside(size.width, size.height);
        guard.terminal().draw(|frame| reading.view(frame))?;
        tokio::select! {
            page = again() => reading.page = page,
            () = signals.next() => return Ok(()),
            event = keys.next() => match event {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    if !reading.press(key, size.height) {
                        return Ok(());
                    }
                }
                Some(event) => drop(event?),
                None => return Ok(()),
            },
        }
    }
}

/// The page as plain lines.
pub fn page_as_text(page: &Page, options: &Options) -> Vec<String> {
    let theme = theme(options);
    let lines = markdown::render(&page.markdown, WIDEST, &theme);
    lines
        .iter()
        .map(|line| line.to_string().trim_end().to_owned())
        .collect()
}

/// Colours and characters as the learner's settings have them, below what the command line says.
fn theme(options: &Options) -> Theme {
    let settings = settings::load().settings;
    let ascii = options.ascii.then_some(true).or(settings.ascii);
    Surroundings::from_environment().theme(options.no_color, settings.theme, ascii)
}

impl Reading {
    fn lines(&self, width: u16) -> Vec<Line<'static>> {
        markdown::render(
            &self.page.markdown,
            width.saturating_sub(2).min(WIDEST),
            &self.theme,
        )
    }

    fn stay_inside(&mut self, width: u16, height: u16) {
        let length = u16::try_from(self.lines(width).len()).unwrap_or(u16::MAX);
        self.top = self
            .top
            .min(length.saturating_sub(height.saturating_sub(2)));
    }

    fn view(&self, frame: &mut Frame<'_>) {
        let [head, body, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let title = Line::styled(format!(" {}", self.page.title), self.theme.accent);
        frame.render_widget(title, head);
        let inner = Rect {
            x: body.x + 1_u16.min(body.width),
            width: body.width.saturating_sub(1),
            ..body
        };
        let text = Text::from(self.lines(body.width));
        frame.render_widget(Paragraph::new(text).scroll((self.top, 0)), inner);
        frame.render_widget(Line::styled(strings::PAGE_KEYS, self.theme.quiet), foot);
    }

    /// Whether the reader stays.
    fn press(&mut self, key: KeyEvent, height: u16) -> bool {
        let screen = height.saturating_sub(3).max(1);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c' | 'd') if control => return false,
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Down | KeyCode::Char('j') => self.top = self.top.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.top = self.top.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.top = self.top.saturating_add(screen),
            KeyCode::PageUp => self.top = self.top.saturating_sub(screen),
            KeyCode::Home | KeyCode::Char('g') => self.top = 0,
            KeyCode::End | KeyCode::Char('G') => self.top = u16::MAX,
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn reading(markdown: &str) -> Reading {
        let theme = Surroundings::default().theme(true, None, Some(true));
        let page = Page::new("pods/a", markdown.to_owned());
        Reading {
            page,
            theme,
            top: 0,
        }
    }

    fn screen(reading: &Reading) -> String {
        let mut terminal = Terminal::new(TestBackend::new(40, 6)).expect("it starts");
        terminal
            .draw(|frame| reading.view(frame))
            .expect("it draws");
        terminal.backend().to_string()
    }

    #[test]
    fn a_page_is_scrolled_and_keeps_its_place_when_it_changes() {
        let long: Vec<String> = (1..=20).map(|line| format!("- line {line}")).collect();
        let mut reading = reading(&long.join("\n"));
        assert!(screen(&reading).contains("line 1"), "{}", screen(&reading));
        assert!(reading.press(KeyEvent::from(KeyCode::End), 6));
        reading.stay_inside(40, 6);
        assert!(screen(&reading).contains("line 20"), "{}", screen(&reading));
        reading.page = Page::new("pods/a", long[..10].join("\n"));
        reading.stay_inside(40, 6);
        assert!(screen(&reading).contains("line 10"), "{}", screen(&reading));
        assert!(!reading.press(KeyEvent::from(KeyCode::Char('q')), 6));
    }
}
