//! Regular expressions in schemas: whether they can be read, and if not, why, in Go's words.
//!
//! Mirrors the errors of Go's `regexp/syntax`.

use regex::Regex;

/// What is wrong with a pattern.
pub(super) fn fault(pattern: &str) -> Option<String> {
    let error = Regex::new(pattern).err()?.to_string();
    // The last line says what is wrong, those above point at it.
    let reason = error.lines().last().unwrap_or_default();
    let reason = reason.trim_start_matches("error: ");
    let from = |start: &str| pattern.find(start).map_or(pattern, |at| &pattern[at..]);
    let words = match reason {
        "unclosed group" => format!("missing closing ): `{pattern}`"),
        "unopened group" => format!("unexpected ): `{pattern}`"),
        "unclosed character class" => format!("missing closing ]: `{}`", from("[")),
        "repetition operator missing expression" => {
            let operator = pattern.chars().find(|letter| "*+?".contains(*letter));
            let operator = operator.map(String::from).unwrap_or_default();
            format!("missing argument to repetition operator: `{operator}`")
        }
        reason if reason.starts_with("look-around") => {
            let group = ["(?=", "(?!", "(?<"];
            let group = group.into_iter().find(|group| pattern.contains(group));
            format!(
                "invalid or unsupported Perl syntax: `{}`",
                group.unwrap_or("(?")
            )
        }
        "backreferences are not supported" | "unrecognized escape sequence" => {
            let escape: String = from("\\").chars().take(2).collect();
            format!("invalid escape sequence: `{escape}`")
        }
        other => other.to_owned(),
    };
    Some(format!("error parsing regexp: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_worded_as_go_words_them() {
        for (pattern, words) in [
            ("(", "missing closing ): `(`"),
            ("a)", "unexpected ): `a)`"),
            ("a[b", "missing closing ]: `[b`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("a(?!b)", "invalid or unsupported Perl syntax: `(?!`"),
            (r"(a)\1", r"invalid escape sequence: `\1`"),
        ] {
            let expected = format!("error parsing regexp: {words}");
            assert_eq!(fault(pattern), Some(expected), "{pattern}");
        }
        assert_eq!(fault("^[a-z]+$"), None);
    }
}
