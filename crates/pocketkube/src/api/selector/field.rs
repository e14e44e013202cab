//! Field selectors: `metadata.name=web,status.phase!=Running`.
//!
//! Which fields a kind offers is not known here. Mirrors `apimachinery/pkg/fields/selector.go`
//! (v1.35).

use std::fmt;

use super::SelectorError;

/// Selects objects by chosen fields; all terms must hold. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

/// One comparison of a field with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    pub field: String,
    pub value: String,
    /// `!=` instead of `=`.
    pub negated: bool,
}

impl FieldSelector {
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let Some((field, negated, value)) = split_term(part) else {
                let message = format!("invalid selector: '{text}'; can't understand '{part}'");
                return Err(SelectorError(message));
            };
            let value = unescape(value)?;
            if !(field.is_empty() && value.is_empty()) {
                terms.push(FieldTerm {
                    field: field.to_owned(),
                    value,
                    negated,
                });
            }
        }
        Ok(Self { terms })
    }

    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object is selected; `field_of` reads one field of it, and an absent field counts
    /// as empty.
    pub fn matches<S: AsRef<str>>(&self, field_of: impl Fn(&str) -> Option<S>) -> bool {
        self.terms.iter().all(|term| {
            let found = field_of(&term.field);
            let equal = found.as_ref().map_or("", AsRef::as_ref) == term.value;
            equal != term.negated
        })
    }

    /// The one value that the field must have, if the selector asks for one.
    pub fn required_value(&self, field: &str) -> Option<&str> {
        let mut exact = self.terms.iter().filter(|term| !term.negated);
        let term = exact.find(|term| term.field == field)?;
        Some(&term.value)
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let operator = if term.negated { "!=" } else { "=" };
            write!(f, "{comma}{}{operator}{}", term.field, escape(&term.value))?;
        }
        Ok(())
    }
}

/// Cuts at commas that are not escaped.
fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

/// Cuts at the first operator.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    term.char_indices().find_map(|(at, _)| {
        let rest = &term[at..];
        [("!=", true), ("==", false), ("=", false)]
            .iter()
            .find_map(|(operator, negated)| {
                let value = rest.strip_prefix(operator)?;
                Some((&term[..at], *negated, value))
            })
    })
}

fn unescape(value: &str) -> Result<String, SelectorError> {
    let bad = |what: String| SelectorError(format!("invalid field selector: {what}"));
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next @ ('\\' | ',' | '=')) => plain.push(next),
                Some(next) => return Err(bad(format!("invalid escape sequence: \\{next}"))),
                None => return Err(bad("invalid escape sequence: \\".to_owned())),
            },
            // Upstream prints the number of the character.
            ',' | '=' => {
                let code = character as u32;
                return Err(bad(format!("unescaped character in value: {code}")));
            }
            _ => plain.push(character),
        }
    }
    Ok(plain)
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pod(field: &str) -> Option<&'static str> {
        match field {
            "metadata.name" => Some("web"),
            "status.phase" => Some("Running"),
            _ => None,
        }
    }

    #[test]
    fn all_terms_must_hold_and_absent_is_empty() {
        let matches = |text| FieldSelector::parse(text).expect(text).matches(pod);
        for text in [
            "",
            "metadata.name=web",
            "metadata.name==web,status.phase!=Failed",
            "spec.nodeName=",
            ",",
        ] {
            assert!(matches(text), "{text}");
        }
        for text in [
            "metadata.name=db",
            "metadata.name!=web",
            "spec.nodeName!=",
            "spec.nodeName=a",
        ] {
            assert!(!matches(text), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_with_upstreams_words() {
        let error = |text| FieldSelector::parse(text).expect_err(text).0;
        assert_eq!(
            error("metadata.name"),
            "invalid selector: 'metadata.name'; can't understand 'metadata.name'"
        );
        assert_eq!(
            error("a=b\\c"),
            "invalid field selector: invalid escape sequence: \\c"
        );
        assert_eq!(
            error("a=b=c"),
            "invalid field selector: unescaped character in value: 61"
        );
    }

    #[test]
    fn the_value_a_field_must_have_is_known() {
        let selector = FieldSelector::parse("metadata.name=web,a!=b").expect("valid");
        assert_eq!(selector.required_value("metadata.name"), Some("web"));
        assert_eq!(selector.required_value("a"), None);
    }

    proptest! {
        #[test]
        fn printed_selectors_read_back(terms in prop::collection::vec(("[a-z]{1,4}", "[a-z,=\\\\é]{0,5}", any::<bool>()), 0..4)) {
            let terms: Vec<FieldTerm> = terms.into_iter().map(|(field, value, negated)| FieldTerm { field, value, negated }).collect();
            let text = FieldSelector { terms: terms.clone() }.to_string();
            let read = FieldSelector::parse(&text).expect("valid");
            prop_assert_eq!(read.terms().len(), terms.len());
            for term in &terms {
                prop_assert!(read.terms().contains(term));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[a-z=!\\\\,é]{0,12}") {
            let _ = FieldSelector::parse(&text);
        }
    }
}
