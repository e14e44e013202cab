//! `$(NAME)` in commands, arguments and values.
//!
//! Mirrors `third_party/forked/golang/expansion` (v1.35): unknown names stay as they are, and
//! `$$` is a dollar sign.

/// Replaces every `$(NAME)` that `lookup` knows.
pub fn expand(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (piece, length) = reference(after, &lookup);
        result.push_str(&piece);
        rest = &after[length..];
    }
    result.push_str(rest);
    result
}

/// What stands for the text after a dollar sign, and how much of it that takes.
fn reference(after: &str, lookup: impl Fn(&str) -> Option<String>) -> (String, usize) {
    match after.chars().next() {
        Some('$') => ("$".to_owned(), 1),
        Some('(') => match after.find(')') {
            Some(end) => {
                let name = &after[1..end];
                let value = lookup(name).unwrap_or_else(|| format!("$({name})"));
                (value, end + 1)
            }
            None => ("$(".to_owned(), 1),
        },
        _ => ("$".to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let lookup = |name: &str| (name == "A").then(|| "1".to_owned());
        assert_eq!(expand(text, lookup), expected);
    }

    #[test]
    fn known_names_are_replaced_and_the_rest_stays() {
        check("$(A)-$(B)", "1-$(B)");
        check("$$(A)", "$(A)");
        check("$A $( $", "$A $( $");
        check("a$(A", "a$(A");
        check("$(A)$(A)", "11");
    }
}
