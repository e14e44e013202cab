//! JSON text to a tree that keeps order and duplicates, with the syntax errors of Go's decoder.
//!
//! Invalid UTF-8 and lone surrogates become U+FFFD, as in Go. Mirrors the scanner in
//! `sigs.k8s.io/json/internal/golang/encoding/json`.

use std::borrow::Cow;

use super::node::{MAX_DEPTH, Node};

/// Reads one JSON text. The error is Go's message.
pub(crate) fn parse(text: &[u8]) -> Result<Node<'_>, String> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

const END: &str = "unexpected end of JSON input";

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    /// The error for the byte at hand.
    fn unexpected(&self, context: &str) -> String {
        match self.peek() {
            None => END.to_owned(),
            Some(byte) => format!("invalid character {} {context}", quote(byte)),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, String> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(self.unexpected("exceeded max depth")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Node::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Node::Bool(true)),
            Some(b'f') => self.literal("false", Node::Bool(false)),
            Some(b'n') => self.literal("null", Node::Null),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, String> {
        let mut entries = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Object(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            self.skip_space();
            entries.push((key, self.value(depth + 1)?));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Node::Object(entries));
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
            self.skip_space();
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node<'a>, String> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Node::Array(items));
                }
                _ => return Err(self.unexpected("after array element")),
            }
            self.skip_space();
        }
    }

    fn literal(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, String> {
        for wanted in word.chars() {
            if self.peek() != Some(wanted as u8) {
                let context = format!("in literal {word} (expecting {})", quote(wanted as u8));
                return Err(self.unexpected(&context));
            }
            self.at += 1;
        }
        Ok(node)
    }

    fn number(&mut self) -> Result<Node<'a>, String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).expect("digits are ASCII");
        Ok(Node::Number(text.into()))
    }

    /// At least one digit.
    fn digits(&mut self, context: &str) -> Result<(), String> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected(context));
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, String> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.unexpected("in string literal")),
            }
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(match escaped {
            false => String::from_utf8_lossy(raw),
            true => Cow::Owned(unescape(raw)),
        })
    }

    /// Checks an escape sequence.
    fn escape(&mut self) -> Result<(), String> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.unexpected("in \\u hexadecimal character escape"));
                    }
                    self.at += 1;
                }
                Ok(())
            }
            _ => Err(self.unexpected("in string escape code")),
        }
    }
}

/// Resolves escape sequences that were checked before.
fn unescape(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        text.push_str(&String::from_utf8_lossy(&rest[..at]));
        let code = rest.get(at + 1).copied().unwrap_or_default();
        rest = &rest[(at + 2).min(rest.len())..];
        match code {
            b'b' => text.push('\u{8}'),
            b'f' => text.push('\u{c}'),
            b'n' => text.push('\n'),
            b'r' => text.push('\r'),
            b't' => text.push('\t'),
            b'u' => {
                let (character, used) = unicode_escape(rest);
                text.push(character);
                rest = &rest[used.min(rest.len())..];
            }
            other => text.push(other as char),
        }
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

/// The character after `\u`, and how many bytes it took; two escapes may make one character.
fn unicode_escape(rest: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(rest.get(at..at + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0).unwrap_or(0xFFFD);
    if (0xD800..0xDC00).contains(&first)
        && rest.get(4..6) == Some(b"\\u")
        && let Some(second @ 0xDC00..0xE000) = unit(6)
    {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(code).unwrap_or('\u{FFFD}'), 10);
    }
    (char::from_u32(first).unwrap_or('\u{FFFD}'), 4)
}

/// A byte as Go shows it between single quotes.
fn quote(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let character = char::from(byte);
            let quoted = crate::api::field::go_quote(character.encode_utf8(&mut [0; 4]));
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn check_error(text: &str, wanted: &str) {
        assert_eq!(parse(text.as_bytes()), Err(wanted.to_owned()), "{text}");
    }

    #[test]
    fn syntax_errors_have_gos_words() {
        check_error("", "unexpected end of JSON input");
        check_error("{\"kind\":", "unexpected end of JSON input");
        check_error(
            "{a",
            "invalid character 'a' looking for beginning of object key string",
        );
        check_error(
            "{\"a\":1,}",
            "invalid character '}' looking for beginning of object key string",
        );
        check_error("{\"a\" 1}", "invalid character '1' after object key");
        check_error(
            "{\"a\":1 2}",
            "invalid character '2' after object key:value pair",
        );
        check_error("[1 2]", "invalid character '2' after array element");
        check_error(
            "[1,]",
            "invalid character ']' looking for beginning of value",
        );
        check_error("{} x", "invalid character 'x' after top-level value");
        check_error("tru", "unexpected end of JSON input");
        check_error(
            "trux",
            "invalid character 'x' in literal true (expecting 'e')",
        );
        check_error("-", "unexpected end of JSON input");
        check_error("-a", "invalid character 'a' in numeric literal");
        check_error(
            "1.a",
            "invalid character 'a' after decimal point in numeric literal",
        );
        check_error(
            "1ea",
            "invalid character 'a' in exponent of numeric literal",
        );
        check_error("01", "invalid character '1' after top-level value");
        check_error("\"\n\"", "invalid character '\\n' in string literal");
        check_error("\"\\x\"", "invalid character 'x' in string escape code");
        check_error(
            "\"\\u00g0\"",
            "invalid character 'g' in \\u hexadecimal character escape",
        );
        check_error(
            "'a'",
            "invalid character '\\'' looking for beginning of value",
        );
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = "[".repeat(100_000);
        check_error(&deep, "invalid character '[' exceeded max depth");
    }

    #[test]
    fn order_duplicates_and_numbers_are_kept() {
        let node = parse(br#"{"b":1.50,"a":2,"b":3}"#).expect("valid");
        let Node::Object(entries) = &node else {
            panic!("an object")
        };
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(keys, ["b", "a", "b"]);
        assert_eq!(entries[0].1, Node::Number("1.50".into()));
        assert_eq!(node.into_value(), json!({"a": 2, "b": 3}));
    }

    #[test]
    fn broken_text_becomes_replacement_characters() {
        assert_eq!(parse(b"\"a\xff\""), Ok(Node::String("a\u{FFFD}".into())));
        assert_eq!(parse(br#""\ud800x""#), Ok(Node::String("\u{FFFD}x".into())));
        assert_eq!(parse(br#""\ud83d\ude00""#), Ok(Node::String("😀".into())));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,5}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_writes_is_read_back(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.expect("encodes");
            prop_assert_eq!(parse(text.as_bytes()).map(Node::into_value), Ok(value.clone()));
            prop_assert_eq!(Node::from(&value).into_value(), value);
        }

        #[test]
        fn agrees_with_serde_about_what_is_json(text in r#"[\[\]{}",:0-9.eE+\-truefalsn \\u]{0,24}"#) {
            let ours = parse(text.as_bytes());
            match serde_json::from_str::<Value>(&text) {
                Ok(_) => prop_assert!(ours.is_ok()),
                // serde_json also refuses lone surrogates and numbers out of range.
                Err(_) if text.contains("\\u") || text.contains(['e', 'E']) => {}
                Err(_) => prop_assert!(ours.is_err()),
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes);
        }
    }
}
