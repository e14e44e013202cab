//! The last line: what can be done now, from the keymap.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::text::cut;
use crate::tui::keymap::Binding;
use crate::tui::theme::Theme;

/// Blank columns between two entries.
const GAP: usize = 3;

/// `key words   key words`, as many as fit into `width`. Neighbours with the
/// same words are one entry (`↑↓ move`). The first row (what one does here)
/// and the last ones (all keys, the way out) stay the longest.
pub fn line(bindings: &[&Binding], width: usize, theme: &Theme) -> Line<'static> {
    let mut entries: Vec<(String, &str)> = Vec::new();
    for binding in bindings {
        match entries.last_mut() {
            Some((keys, words)) if *words == binding.short => {
                let key = first_key(binding, theme);
                if key.is_ascii() {
                    keys.push('/');
                }
                keys.push_str(&key);
            }
            _ => entries.push((first_key(binding, theme), binding.short)),
        }
    }
    while columns(&entries) > width && entries.len() > 1 {
        let victim = if entries.len() > 3 {
            entries.len() - 3
        } else {
            entries.len().saturating_sub(2).max(1)
        };
        entries.remove(victim);
    }
    let mut spans = vec![Span::raw(" ")];
    for (index, (key, words)) in entries.into_iter().enumerate() {
        if index > 0 {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        spans.push(Span::styled(key, theme.accent));
        spans.push(Span::styled(format!(" {words}"), theme.quiet));
    }
    Line::from(spans)
}

fn first_key(binding: &Binding, theme: &Theme) -> String {
    binding
        .keys
        .first()
        .map(|key| key.name(theme.glyphs))
        .unwrap_or_default()
}

fn columns(entries: &[(String, &str)]) -> usize {
    let words: usize = entries
        .iter()
        .map(|(key, words)| key.width() + 1 + words.width())
        .sum();
    2 + words + GAP * entries.len().saturating_sub(1)
}

/// A message in place of the keys.
pub fn message(
    glyph: &str,
    text: &str,
    style: ratatui::style::Style,
    width: usize,
    theme: &Theme,
) -> Line<'static> {
    let text = text.lines().next().unwrap_or_default();
    let text = cut(text, width.saturating_sub(4), theme.glyphs.ellipsis);
    Line::from(vec![
        Span::styled(format!(" {glyph} "), style),
        Span::styled(text, theme.text),
    ])
}
