//! nginx's configuration language: directives with words, some with a block; `include`.

use crate::kubelet::runtime::filesystem::{Filesystem, absolute};

/// A directive with its arguments and, maybe, its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub name: String,
    pub arguments: Vec<String>,
    pub block: Option<Vec<Directive>>,
    pub file: String,
    pub line: usize,
}

/// A mistake in the configuration, as nginx reports it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} in {file}:{line}")]
pub struct ConfigError {
    pub message: String,
    pub file: String,
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Semicolon,
    Open,
    Close,
}

struct Parser<'a> {
    files: &'a Filesystem,
    file: String,
    tokens: std::vec::IntoIter<(Token, usize)>,
    last_line: usize,
}

/// Most nested includes, against files that include themselves.
const DEEPEST: usize = 10;

/// Reads a configuration file with everything it includes.
pub fn read(files: &Filesystem, path: &str) -> Result<Vec<Directive>, ConfigError> {
    read_nested(files, path, 0)
}

fn read_nested(
    files: &Filesystem,
    path: &str,
    depth: usize,
) -> Result<Vec<Directive>, ConfigError> {
    let error = |message: String, line| ConfigError {
        message,
        file: path.to_owned(),
        line,
    };
    let text = files
        .read_to_string(path)
        .map_err(|reason| error(format!("open() \"{path}\" failed (2: {reason})"), 0))?;
    let tokens = tokenize(&text).map_err(|(message, line)| error(message, line))?;
    let mut parser = Parser {
        files,
        file: path.to_owned(),
        last_line: text.lines().count().max(1),
        tokens: tokens.into_iter(),
    };
    parser.block(false, depth)
}

impl Parser<'_> {
    fn error(&self, message: impl Into<String>, line: usize) -> ConfigError {
        ConfigError {
            message: message.into(),
            file: self.file.clone(),
            line,
        }
    }

    fn block(&mut self, is_nested: bool, depth: usize) -> Result<Vec<Directive>, ConfigError> {
        let mut directives = Vec::new();
        let mut words: Vec<String> = Vec::new();
        let mut first_line = 1;
        while let Some((token, line)) = self.tokens.next() {
            match token {
                Token::Word(word) => {
                    if words.is_empty() {
                        first_line = line;
                    }
                    words.push(word);
                }
                Token::Close if words.is_empty() && is_nested => return Ok(directives),
                Token::Close => return Err(self.error("unexpected \"}\"", line)),
                Token::Semicolon | Token::Open if words.is_empty() => {
                    let sign = if token == Token::Open { "{" } else { ";" };
                    return Err(self.error(format!("unexpected \"{sign}\""), line));
                }
                Token::Semicolon => {
                    let directive = self.directive(&mut words, None, first_line);
                    if directive.name == "include" && depth < DEEPEST {
                        directives.extend(self.include(&directive, depth)?);
                    } else {
                        directives.push(directive);
                    }
                }
                Token::Open => {
                    let mut outer = std::mem::take(&mut words);
                    let block = self.block(true, depth)?;
                    directives.push(self.directive(&mut outer, Some(block), first_line));
                }
            }
        }
        let expected = match (words.is_empty(), is_nested) {
            (true, false) => return Ok(directives),
            (true, true) => "unexpected end of file, expecting \"}\"",
            (false, _) => "unexpected end of file, expecting \";\" or \"}\"",
        };
        Err(self.error(expected, self.last_line))
    }

    fn directive(
        &self,
        words: &mut Vec<String>,
        block: Option<Vec<Directive>>,
        line: usize,
    ) -> Directive {
        let mut words = std::mem::take(words).into_iter();
        Directive {
            name: words.next().unwrap_or_default(),
            arguments: words.collect(),
            block,
            file: self.file.clone(),
            line,
        }
    }

    fn include(&self, include: &Directive, depth: usize) -> Result<Vec<Directive>, ConfigError> {
        let pattern = include.arguments.first().map_or("", String::as_str);
        let pattern = absolute("/etc/nginx", pattern);
        let (directory, name) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
        let Some((before, after)) = name.split_once('*') else {
            return read_nested(self.files, &pattern, depth + 1);
        };
        let entries = self.files.read_directory(directory).unwrap_or_default();
        let mut included = Vec::new();
        for entry in entries {
            if entry.name.starts_with(before)
                && entry.name.ends_with(after)
                && !entry.name.starts_with('.')
            {
                let path = format!("{directory}/{}", entry.name);
                included.extend(read_nested(self.files, &path, depth + 1)?);
            }
        }
        Ok(included)
    }
}

fn tokenize(text: &str) -> Result<Vec<(Token, usize)>, (String, usize)> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            c if c.is_whitespace() => {}
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            ';' => tokens.push((Token::Semicolon, line)),
            '{' => tokens.push((Token::Open, line)),
            '}' => tokens.push((Token::Close, line)),
            quote @ ('"' | '\'') => {
                let start = line;
                let mut word = String::new();
                loop {
                    match chars.next() {
                        None => {
                            let message = "unexpected end of file, expecting \";\" or \"}\"";
                            return Err((message.to_owned(), start));
                        }
                        Some('\\') => word.extend(chars.next().map(unescape)),
                        Some(c) if c == quote => break,
                        Some(c) => {
                            line += usize::from(c == '\n');
                            word.push(c);
                        }
                    }
                }
                tokens.push((Token::Word(word), start));
            }
            c => {
                let mut word = String::from(c);
                let is_in_word = |c: &char| !c.is_whitespace() && !matches!(c, ';' | '{' | '}');
                loop {
                    // `${name}` is part of a word.
                    if word.ends_with('$') && chars.peek() == Some(&'{') {
                        for inner in chars.by_ref() {
                            word.push(inner);
                            if inner == '}' {
                                break;
                            }
                        }
                    }
                    match chars.next_if(is_in_word) {
                        Some('\\') => {
                            word.push('\\');
                            word.extend(chars.next());
                        }
                        Some(c) => word.push(c),
                        None => break,
                    }
                }
                tokens.push((Token::Word(word), line));
            }
        }
    }
    Ok(tokens)
}

fn unescape(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quotes_comments_and_blocks_are_told_apart() {
        let text = "worker_processes 1; # one\nserver {\n  return 200 \"it's \\\"ok\\\"\\n\";\n}\n";
        let tokens = tokenize(text).expect("tokens");
        let words: Vec<String> = tokens
            .iter()
            .filter_map(|(token, _)| match token {
                Token::Word(word) => Some(word.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(
            words,
            [
                "worker_processes",
                "1",
                "server",
                "return",
                "200",
                "it's \"ok\"\n"
            ]
        );
        assert_eq!(tokens.last(), Some(&(Token::Close, 4)));
    }
}
