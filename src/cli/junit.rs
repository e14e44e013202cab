//! Results as JUnit XML, which every CI reads.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// A group of cases, such as a kata.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
}

#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub time: Duration,
    /// Why it failed, where it did.
    pub failure: Option<String>,
}

pub fn write(path: &Path, suites: &[Suite]) -> Result<()> {
    std::fs::write(path, document(suites))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn document(suites: &[Suite]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in suites {
        let failures = suite.cases.iter().filter(|it| it.failure.is_some()).count();
        let time: Duration = suite.cases.iter().map(|case| case.time).sum();
        xml.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" time=\"{:.3}\">\n",
            escaped(&suite.name),
            suite.cases.len(),
            time.as_secs_f64()
        ));
        for case in &suite.cases {
            xml.push_str(&case_element(suite, case));
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn case_element(suite: &Suite, case: &Case) -> String {
    let open = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
        escaped(&suite.name),
        escaped(&case.name),
        case.time.as_secs_f64()
    );
    match &case.failure {
        None => format!("{open}/>\n"),
        Some(failure) => {
            let first = failure.lines().next().unwrap_or_default();
            format!(
                "{open}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                escaped(first),
                escaped(failure)
            )
        }
    }
}

/// XML allows few control characters; the others are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_and_escaped() {
        let case = |failure: Option<&str>| Case {
            name: "ready".to_owned(),
            time: Duration::from_millis(1500),
            failure: failure.map(str::to_owned),
        };
        let suite = Suite {
            name: "pods/first".to_owned(),
            cases: vec![case(None), case(Some("expected <2>\nseen \u{1b}1"))],
        };
        let xml = document(&[suite]);
        assert!(
            xml.contains("tests=\"2\" failures=\"1\" time=\"3.000\""),
            "{xml}"
        );
        assert!(
            xml.contains("message=\"expected &lt;2&gt;\">expected &lt;2&gt;\nseen 1<"),
            "{xml}"
        );
    }
}
