//! The grammar of label selectors in query strings, with upstream's error texts.
//!
//! ```text
//! selector    = [ requirement { "," requirement } ]
//! requirement = [ "!" ] KEY | KEY ( "in" | "notin" ) values | KEY operator VALUE
//! values      = "(" VALUE { "," VALUE } ")"        VALUE may be empty
//! ```

use super::SelectorError;
use super::label::{Operator, Requirement, key_error};
use crate::api::field::Path;

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Error,
    End,
    ClosedParenthesis,
    Comma,
    DoesNotExist,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenParenthesis,
}

#[derive(Clone, Copy)]
enum Context {
    KeyAndOperator,
    /// `in` and `notin` are plain words here.
    Values,
}

pub(super) struct Parser<'a> {
    tokens: Vec<(Token, &'a str)>,
    position: usize,
}

fn fail<T>(message: String) -> Result<T, SelectorError> {
    Err(SelectorError(message))
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            tokens: scan(text),
            position: 0,
        }
    }

    pub(super) fn parse(mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut requirements = Vec::new();
        loop {
            match self.lookahead(Context::Values) {
                (Token::Identifier | Token::DoesNotExist, _) => {
                    let requirement = self.requirement().map_err(|error| {
                        SelectorError(format!("unable to parse requirement: {error}"))
                    })?;
                    requirements.push(requirement);
                    match self.consume(Context::Values) {
                        (Token::End, _) => return Ok(requirements),
                        (Token::Comma, _) => {
                            let (token, text) = self.lookahead(Context::Values);
                            if !matches!(token, Token::Identifier | Token::DoesNotExist) {
                                return fail(format!(
                                    "found '{text}', expected: identifier after ','"
                                ));
                            }
                        }
                        (_, text) => {
                            return fail(format!(
                                "found '{text}', expected: ',' or 'end of string'"
                            ));
                        }
                    }
                }
                (Token::End, _) => return Ok(requirements),
                (_, text) => {
                    return fail(format!(
                        "found '{text}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
        }
    }

    fn lookahead(&self, context: Context) -> (Token, &'a str) {
        let (token, text) = self
            .tokens
            .get(self.position)
            .copied()
            .unwrap_or((Token::End, ""));
        match (context, token) {
            (Context::Values, Token::In | Token::NotIn) => (Token::Identifier, text),
            _ => (token, text),
        }
    }

    fn consume(&mut self, context: Context) -> (Token, &'a str) {
        let found = self.lookahead(context);
        self.position += 1;
        found
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let (mut token, mut key) = self.consume(Context::Values);
        let negated = token == Token::DoesNotExist;
        if negated {
            (token, key) = self.consume(Context::Values);
        }
        if token != Token::Identifier {
            return fail(format!("found '{key}', expected: identifier"));
        }
        if let Some(error) = key_error(key, Path::default()) {
            return fail(error.to_string());
        }
        if negated {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.lookahead(Context::Values).0, Token::End | Token::Comma) {
            return Requirement::new(key, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(key, operator, values)
    }

    fn operator(&mut self) -> Result<Operator, SelectorError> {
        Ok(match self.consume(Context::KeyAndOperator) {
            (Token::In, _) => Operator::In,
            (Token::NotIn, _) => Operator::NotIn,
            (Token::Equals, _) => Operator::Equals,
            (Token::DoubleEquals, _) => Operator::DoubleEquals,
            (Token::NotEquals, _) => Operator::NotEquals,
            (Token::GreaterThan, _) => Operator::GreaterThan,
            (Token::LessThan, _) => Operator::LessThan,
            (_, text) => return fail(format!("found '{text}', expected: {OPERATORS}")),
        })
    }

    fn values(&mut self) -> Result<Vec<String>, SelectorError> {
        let (token, text) = self.consume(Context::Values);
        if token != Token::OpenParenthesis {
            return fail(format!("found '{text}' expected: '('"));
        }
        let (token, text) = self.lookahead(Context::Values);
        match token {
            Token::Identifier | Token::Comma => {
                let values = self.value_list()?;
                match self.consume(Context::Values).0 {
                    Token::ClosedParenthesis => Ok(values),
                    _ => fail(format!("found '{text}', expected: ')'")),
                }
            }
            Token::ClosedParenthesis => {
                self.consume(Context::Values);
                Ok(vec![String::new()])
            }
            _ => fail(format!("found '{text}', expected: ',', ')' or identifier")),
        }
    }

    fn value_list(&mut self) -> Result<Vec<String>, SelectorError> {
        let mut values = Vec::new();
        loop {
            match self.consume(Context::Values) {
                (Token::Identifier, text) => {
                    values.push(text.to_owned());
                    match self.lookahead(Context::Values) {
                        (Token::Comma, _) => {}
                        (Token::ClosedParenthesis, _) => return Ok(values),
                        (_, text) => return fail(format!("found '{text}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    // An empty value may stand first, last or between two commas.
                    if values.is_empty() {
                        values.push(String::new());
                    }
                    match self.lookahead(Context::Values).0 {
                        Token::ClosedParenthesis => {
                            values.push(String::new());
                            return Ok(values);
                        }
                        Token::Comma => {
                            self.consume(Context::Values);
                            values.push(String::new());
                        }
                        _ => {}
                    }
                }
                (_, text) => {
                    return fail(format!("found '{text}', expected: ',', or identifier"));
                }
            }
        }
    }

    fn exact_value(&mut self) -> Result<String, SelectorError> {
        if matches!(self.lookahead(Context::Values).0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.consume(Context::Values) {
            (Token::Identifier, text) => Ok(text.to_owned()),
            (_, text) => fail(format!("found '{text}', expected: identifier")),
        }
    }
}

// === Tokens ===

fn scan(text: &str) -> Vec<(Token, &str)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let (token, length) = match rest.chars().next() {
            None => break,
            Some(first) if is_symbol(first) => symbol(rest),
            Some(_) => word(rest),
        };
        tokens.push((token, &rest[..length]));
        rest = &rest[length..];
    }
    tokens.push((Token::End, ""));
    tokens
}

fn is_symbol(character: char) -> bool {
    matches!(character, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// The longest symbol that `rest` begins with.
fn symbol(rest: &str) -> (Token, usize) {
    const SYMBOLS: [(&str, Token); 9] = [
        ("==", Token::DoubleEquals),
        ("!=", Token::NotEquals),
        ("=", Token::Equals),
        ("!", Token::DoesNotExist),
        (")", Token::ClosedParenthesis),
        (",", Token::Comma),
        (">", Token::GreaterThan),
        ("<", Token::LessThan),
        ("(", Token::OpenParenthesis),
    ];
    SYMBOLS
        .iter()
        .find(|(text, _)| rest.starts_with(text))
        .map_or((Token::Error, 1), |(text, token)| (*token, text.len()))
}

fn word(rest: &str) -> (Token, usize) {
    let is_end = |c: char| is_symbol(c) || matches!(c, ' ' | '\t' | '\r' | '\n');
    let length = rest.find(is_end).unwrap_or(rest.len());
    let token = match &rest[..length] {
        "in" => Token::In,
        "notin" => Token::NotIn,
        _ => Token::Identifier,
    };
    (token, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(selector: &str, wanted: &str) {
        let error = Parser::new(selector).parse().expect_err(selector);
        assert_eq!(error.0, wanted, "{selector}");
    }

    #[test]
    fn mistakes_are_told_with_upstreams_words() {
        check("a=b,", "found '', expected: identifier after ','");
        check(
            ",",
            "found ',', expected: !, identifier, or 'end of string'",
        );
        check(
            "a b",
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
        );
        check(
            "a in b",
            "unable to parse requirement: found 'b' expected: '('",
        );
        check(
            "a in (b",
            "unable to parse requirement: found '', expected: ',' or ')'",
        );
        check(
            "a in (b c)",
            "unable to parse requirement: found 'c', expected: ',' or ')'",
        );
        check("a=b c", "found 'c', expected: ',' or 'end of string'");
        check(
            "a==(b)",
            "unable to parse requirement: found '(', expected: identifier",
        );
        check(
            "!",
            "unable to parse requirement: found '', expected: identifier",
        );
        check("!a=b", "found '=', expected: ',' or 'end of string'");
        check(
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
        );
        check(
            "-a=b",
            "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        );
        check(
            "a=-b",
            "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        );
    }
}
