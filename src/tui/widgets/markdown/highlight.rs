//! A touch of colour in code: comments and prompts step back, YAML keys step
//! forward. Line by line, without parsing; unknown languages stay plain.

use ratatui::text::Span;

use crate::tui::theme::Theme;

/// One line of code as spans.
pub(super) fn line(language: &str, source: &str, theme: &Theme) -> Vec<Span<'static>> {
    match language {
        "yaml" | "yml" => yaml(source, theme),
        "sh" | "bash" | "shell" | "console" | "zsh" => shell(source, theme),
        "text" | "output" | "" => vec![Span::styled(source.to_owned(), theme.text)],
        _ => vec![Span::styled(source.to_owned(), theme.code)],
    }
}

fn yaml(source: &str, theme: &Theme) -> Vec<Span<'static>> {
    let body = source.trim_start_matches([' ', '-']);
    let indent = &source[..source.len() - body.len()];
    if body.starts_with('#') {
        return vec![Span::styled(source.to_owned(), theme.quiet)];
    }
    let (code, comment) = split_comment(body);
    let mut spans = vec![Span::styled(indent.to_owned(), theme.quiet)];
    match code.split_once(':') {
        Some((key, value)) if value.is_empty() || value.starts_with(' ') => {
            spans.push(Span::styled(format!("{key}:"), theme.code));
            spans.push(Span::styled(value.to_owned(), theme.text));
        }
        _ => spans.push(Span::styled(code.to_owned(), theme.text)),
    }
    spans.push(Span::styled(comment.to_owned(), theme.quiet));
    spans.retain(|span| !span.content.is_empty());
    spans
}

/// Whether commands in a block stand behind prompts, so that its other lines
/// are output.
pub(super) fn has_prompts(code: &str) -> bool {
    code.lines().any(|line| line.starts_with("$ "))
}

/// A `$ ` prompt and comments step back.
fn shell(source: &str, theme: &Theme) -> Vec<Span<'static>> {
    let (prompt, command) = match source.strip_prefix("$ ") {
        Some(command) => ("$ ", command),
        None => ("", source),
    };
    let (code, comment) = if command.trim_start().starts_with('#') {
        ("", command)
    } else {
        split_comment(command)
    };
    [
        Span::styled(prompt.to_owned(), theme.quiet),
        Span::styled(code.to_owned(), theme.code),
        Span::styled(comment.to_owned(), theme.quiet),
    ]
    .into_iter()
    .filter(|span| !span.content.is_empty())
    .collect()
}

/// Splits before ` # …`, the form in which both languages write comments.
fn split_comment(source: &str) -> (&str, &str) {
    match source.find(" # ") {
        Some(at) => source.split_at(at),
        None => (source, ""),
    }
}
