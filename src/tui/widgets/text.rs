//! Short texts cut, padded and counted in terminal columns; spans of time in
//! words. Nothing here knows what the texts mean.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// `text` in at most `width` columns; what was cut is marked at the end.
pub fn cut(text: &str, width: usize, ellipsis: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = take(text.graphemes(true), width.saturating_sub(1));
    if width > 0 {
        kept.push_str(ellipsis);
    }
    kept
}

/// `text` in at most `width` columns, cut in the middle: names of Pods differ
/// at their end.
pub fn cut_middle(text: &str, width: usize, ellipsis: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let tail_width = kept / 2;
    let tail: String = take(text.graphemes(true).rev(), tail_width)
        .graphemes(true)
        .rev()
        .collect();
    let mut cut = take(text.graphemes(true), kept - tail.width());
    if width > 0 {
        cut.push_str(ellipsis);
    }
    cut + &tail
}

/// As many graphemes as fit into `width` columns.
fn take<'a>(graphemes: impl Iterator<Item = &'a str>, width: usize) -> String {
    let mut taken = 0;
    graphemes
        .take_while(|grapheme| {
            taken += grapheme.width();
            taken <= width
        })
        .collect()
}

/// `text` followed by blanks up to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(blanks))
}

/// Time spent, for people: `40 s`, `6 min`, `1 h 5 min`.
pub fn spent(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// An age the way kubectl writes it: `8s`, `2m5s`, `12m`, `3h20m`, `4d`.
pub fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let with = |value: i64, unit: &str, rest: i64, rest_unit: &str| {
        if rest == 0 {
            format!("{value}{unit}")
        } else {
            format!("{value}{unit}{rest}{rest_unit}")
        }
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => with(minutes, "m", seconds % 60, "s"),
        () if hours < 3 => format!("{minutes}m"),
        () if hours < 8 => with(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => with(days, "d", hours % 24, "h"),
        () => format!("{days}d"),
    }
}

/// `1 hint`, `2 hints`.
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pod_names_keep_the_end_that_tells_them_apart() {
        assert_eq!(cut_middle("ledger-6d8f9c-x2k9q", 12, "…"), "ledger…x2k9q");
        assert_eq!(cut("a long message", 7, "…"), "a long…");
        assert_eq!(cut("short", 7, "…"), "short");
    }

    #[test]
    fn ages_are_those_of_kubectl() {
        for (seconds, expected) in [
            (8, "8s"),
            (119, "119s"),
            (125, "2m5s"),
            (720, "12m"),
            (12_000, "3h20m"),
            (90_000, "25h"),
            (400_000, "4d15h"),
        ] {
            assert_eq!(age(seconds), expected);
        }
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text in "[a-z漢é ]{0,30}", width in 0usize..20) {
            prop_assert!(cut(&text, width, "…").width() <= width);
            prop_assert!(cut_middle(&text, width, "…").width() <= width);
        }
    }
}
