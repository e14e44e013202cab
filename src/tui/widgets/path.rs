//! The learner's own way in the debrief: what was typed, and where it differs from the solution.

use ratatui::text::{Line, Span};

use super::text::{counted, cut};
use super::wrap::wrap_text;
use crate::session::{Compared, Comparison, OpenKata};
use crate::tui::strings;
use crate::tui::theme::Theme;

/// So many commands are shown, the latest ones.
const SHOWN: usize = 20;

/// What was typed, and which of it failed; nothing where no shell told.
pub fn typed(open: &OpenKata, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    if open.steps.is_empty() {
        return Vec::new();
    }
    let failed = open.steps.iter().filter(|step| step.exit != 0).count();
    let words = format!(
        "{}: {}, {failed} failed",
        strings::YOUR_PATH,
        counted(open.steps.len(), "command")
    );
    let mut lines = wrap_text(&words, theme.accent, width);
    let hidden = open.steps.len().saturating_sub(SHOWN);
    for step in &open.steps[hidden..] {
        let (style, glyph) = match step.exit {
            0 => (theme.quiet, " "),
            _ => (theme.bad, theme.glyphs.bad),
        };
        let room = width.saturating_sub(4);
        lines.push(Line::from(vec![
            Span::styled(format!("  {glyph} "), style),
            Span::styled(cut(&step.command, room, theme.glyphs.ellipsis), theme.text),
        ]));
    }
    lines
}

/// Where the learner's objects differ from the solution's.
pub fn compared(compared: &[Compared], width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for object in compared {
        let title = &object.title;
        let (style, words) = match &object.outcome {
            Comparison::Same => (
                theme.good,
                format!("{} {title}  {}", theme.glyphs.done, strings::SAME),
            ),
            Comparison::Missing => (
                theme.quiet,
                format!("{} {title}  {}", theme.glyphs.open, strings::NOT_YOURS),
            ),
            Comparison::Refused(why) => (theme.bad, format!("{} {title}  {why}", theme.glyphs.bad)),
            Comparison::Differs(_) => (
                theme.warn,
                format!("{} {title}  {}", theme.glyphs.partial, strings::DIFFERENT),
            ),
        };
        lines.extend(wrap_text(&words, style, width));
        if let Comparison::Differs(changes) = &object.outcome {
            for line in changes {
                let style = match line.sign {
                    '-' => theme.bad,
                    '+' => theme.good,
                    _ => theme.quiet,
                };
                let text = format!("    {} {}", line.sign, line.text);
                lines.push(Line::styled(
                    cut(&text, width, theme.glyphs.ellipsis),
                    style,
                ));
            }
        }
    }
    lines
}
