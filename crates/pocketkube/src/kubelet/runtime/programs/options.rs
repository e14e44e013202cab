//! Command-line options in the manner of `getopt_long`: bundled letters, values attached or not,
//! long names abbreviated only by their full spelling.

/// An option a program knows.
pub struct Spec {
    /// The letter, or 0 for an option that only has a long name.
    pub short: char,
    pub long: &'static str,
    pub takes_value: bool,
}

/// An option that is on or off.
pub const fn flag(short: char, long: &'static str) -> Spec {
    Spec {
        short,
        long,
        takes_value: false,
    }
}

/// An option with a value.
pub const fn value(short: char, long: &'static str) -> Spec {
    Spec {
        short,
        long,
        takes_value: true,
    }
}

/// What was found among the arguments.
#[derive(Debug, Default)]
pub struct Options {
    /// Long name (or the letter, for an option without one) and value, in order.
    given: Vec<(String, String)>,
    pub operands: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum OptionError {
    /// As it was written, with its dashes.
    Unknown(String),
    MissingValue(String),
}

impl Options {
    /// Reads `arguments`; operands and options may be mixed.
    pub fn parse(arguments: &[String], specs: &[Spec]) -> Result<Self, OptionError> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                options.operands.extend(rest.by_ref().cloned());
            } else if let Some(long) = argument.strip_prefix("--") {
                let (name, inline) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                let spec = specs.iter().find(|spec| spec.long == name);
                let spec = spec.ok_or_else(|| OptionError::Unknown(format!("--{name}")))?;
                let value = match (spec.takes_value, inline) {
                    (false, _) => String::new(),
                    (true, Some(value)) => value,
                    (true, None) => next(&mut rest, &format!("--{name}"))?,
                };
                options.given.push((key(spec), value));
            } else if argument.len() > 1 && argument.starts_with('-') {
                options.letters(&argument[1..], specs, &mut rest)?;
            } else {
                options.operands.push(argument.clone());
            }
        }
        Ok(options)
    }

    fn letters<'a>(
        &mut self,
        letters: &str,
        specs: &[Spec],
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), OptionError> {
        for (at, letter) in letters.char_indices() {
            let written = format!("-{letter}");
            let spec = specs.iter().find(|spec| spec.short == letter);
            let spec = spec.ok_or_else(|| OptionError::Unknown(written.clone()))?;
            if !spec.takes_value {
                self.given.push((key(spec), String::new()));
                continue;
            }
            let attached = &letters[at + letter.len_utf8()..];
            let value = if attached.is_empty() {
                next(rest, &written)?
            } else {
                attached.to_owned()
            };
            self.given.push((key(spec), value));
            break;
        }
        Ok(())
    }

    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// The last value given for an option.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut given = self.given.iter().rev();
        let found = given.find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let given = self.given.iter();
        let given = given.filter(move |(key, _)| key == name);
        given.map(|(_, value)| value.as_str())
    }
}

fn key(spec: &Spec) -> String {
    if spec.long.is_empty() {
        spec.short.to_string()
    } else {
        spec.long.to_owned()
    }
}

fn next<'a>(
    rest: &mut impl Iterator<Item = &'a String>,
    option: &str,
) -> Result<String, OptionError> {
    let missing = || OptionError::MissingValue(option.to_owned());
    rest.next().cloned().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: &[Spec] = &[flag('q', "quiet"), value('O', "output"), value('T', "")];

    fn parse(text: &str) -> Result<Options, OptionError> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        Options::parse(&words, SPECS)
    }

    #[test]
    fn letters_bundle_and_values_attach() {
        for text in [
            "-qO- http://web",
            "-q -O - http://web",
            "http://web --quiet --output=-",
        ] {
            let options = parse(text).expect(text);
            assert!(options.has("quiet"), "{text}");
            assert_eq!(options.value("output"), Some("-"), "{text}");
            assert_eq!(options.operands, ["http://web"], "{text}");
        }
        assert_eq!(parse("-T5").expect("a value").value("T"), Some("5"));
    }

    #[test]
    fn what_is_unknown_or_incomplete_is_named() {
        let unknown = OptionError::Unknown("-z".to_owned());
        assert_eq!(parse("-qz").expect_err("unknown"), unknown);
        let missing = OptionError::MissingValue("--output".to_owned());
        assert_eq!(parse("--output").expect_err("no value"), missing);
    }
}
