//! A progress bar of a few columns.

use ratatui::text::Span;

use crate::tui::theme::Theme;

/// `done` of `of` in `width` columns; the half cell makes small courses move.
pub fn bar(done: usize, of: usize, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    let [full, half, empty] = theme.glyphs.progress;
    let halves = (done * width * 2)
        .checked_div(of)
        .unwrap_or(0)
        .min(width * 2);
    let style = if done > 0 && done >= of {
        theme.good
    } else {
        theme.accent
    };
    let mut filled = full.repeat(halves / 2);
    filled.push_str(&half.repeat(halves % 2));
    vec![
        Span::styled(filled, style),
        Span::styled(empty.repeat(width - halves.div_ceil(2)), theme.quiet),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::UNICODE;
    use crate::tui::theme::ThemeName;

    #[test]
    fn bars_fill_by_half_cells_and_survive_an_empty_track() {
        let theme = Theme::new(ThemeName::Dark, true, &UNICODE);
        let picture = |done, of| {
            bar(done, of, 4, &theme)
                .iter()
                .map(|span| span.content.as_ref())
                .collect::<String>()
        };
        assert_eq!(picture(0, 3), "░░░░");
        assert_eq!(picture(1, 3), "█░░░");
        assert_eq!(picture(2, 3), "██▌░");
        assert_eq!(picture(3, 3), "████");
        assert_eq!(picture(0, 0), "░░░░");
    }
}
