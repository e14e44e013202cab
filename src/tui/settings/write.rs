//! Changes single fields in the text of the settings file. Lines that are not
//! meant, comments behind the value among them, stay as they are.

/// The text with the top-level field `name` set to `value`; a field that is not
/// there yet comes to the end, before nothing but the keys.
pub fn with_value(text: &str, name: &str, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let place = lines.iter().position(|line| is_field(line, name));
    match place {
        Some(at) => {
            let comment = comment_of(&lines[at]).to_owned();
            lines[at] = format!("{name}: {value}{comment}");
        }
        None => {
            // A block that is still open would take the line for its own only
            // if it were indented: it is not.
            lines.push(format!("{name}: {value}"));
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn is_field(line: &str, name: &str) -> bool {
    line.strip_prefix(name)
        .is_some_and(|rest| rest.trim_start().starts_with(':'))
}

/// The comment behind a plain value, with the blanks before it.
fn comment_of(line: &str) -> &str {
    match line.find(" #") {
        Some(at) => {
            let before = line[..at].trim_end().len();
            &line[before..]
        }
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_changed_in_its_line_and_comments_stay() {
        let text = "# mine\ntheme: dark   # for the evening\nkeys:\n  kata:\n    theme: x\n";
        assert_eq!(
            with_value(text, "theme", "light"),
            "# mine\ntheme: light   # for the evening\nkeys:\n  kata:\n    theme: x\n"
        );
    }

    #[test]
    fn a_new_field_comes_to_the_end() {
        assert_eq!(with_value("", "mouse", "false"), "mouse: false\n");
        assert_eq!(
            with_value("keys:\n  kata: {}", "mouse", "false"),
            "keys:\n  kata: {}\nmouse: false\n"
        );
    }
}
