//! Fills the learner's parameters into course texts.
//!
//! Every text, manifest, check, workspace file and script is a minijinja template that is filled
//! first and read as YAML or bash afterwards. A name that is not defined is a mistake of the
//! course, never an empty string.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::parameters::Values;
use super::problem::Problem;

/// Fills `text`, the content of `file`.
pub(super) fn render(file: &str, text: &str, values: &Values) -> Result<String, Problem> {
    if !text.contains('{') {
        return Ok(text.to_owned());
    }
    ENVIRONMENT
        .render_named_str(file, text, Serde(values))
        .map_err(|error| {
            let message = match error.detail() {
                Some(detail) => format!("{}: {detail}", error.kind()),
                None => error.kind().to_string(),
            };
            let problem = Problem::new(file, format!("template: {message}"));
            match error.line() {
                Some(line) => problem.at_line(line),
                None => problem,
            }
        })
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // Comments are written `{## … ##}`, because `${#list[@]}` is everyday bash.
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .comment_delimiters("{##", "##}")
        .build()
        .expect("the delimiters differ from each other");
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
});

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Values {
        Values::from([("app".to_owned(), json!("harbor"))])
    }

    #[test]
    fn parameters_are_filled_in_without_escaping() {
        let filled = render("a.html", "<{{ app }}>\n", &values()).expect("it renders");
        assert_eq!(filled, "<harbor>\n");
    }

    #[test]
    fn bash_that_counts_is_no_template_comment() {
        let script = "echo ${#list[@]} {## for authors ##}\n";
        let filled = render("a.sh", script, &values()).expect("it renders");
        assert_eq!(filled, "echo ${#list[@]} \n");
    }

    #[test]
    fn an_undefined_name_is_shown_at_its_line() {
        let problem = render("a.yaml", "one\n{{ ap }}\n", &values()).unwrap_err();
        assert_eq!((problem.file.as_str(), problem.line), ("a.yaml", Some(2)));
    }
}
