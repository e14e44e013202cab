//! The options of `head` and `tail`.

/// How much of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    Lines(usize),
    Bytes(usize),
    /// `tail -n +N`: from that line on.
    FromLine(usize),
}

#[derive(Debug)]
pub struct Request {
    pub amount: Amount,
    pub follow: bool,
    pub is_quiet: bool,
    pub is_verbose: bool,
    pub files: Vec<String>,
}

/// Reads the arguments of `head` and `tail`.
pub fn parse(arguments: &[String]) -> Result<Request, String> {
    let mut request = Request {
        amount: Amount::Lines(10),
        follow: false,
        is_quiet: false,
        is_verbose: false,
        files: Vec::new(),
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(letters) = argument.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            request.files.push(argument.clone());
            continue;
        };
        if let Some(long) = letters.strip_prefix('-') {
            match long.split_once('=') {
                Some(("lines", number)) => request.amount = lines(number)?,
                Some(("bytes", number)) => request.amount = Amount::Bytes(size(number)?),
                Some(("follow", _)) => request.follow = true,
                None if matches!(long, "follow" | "retry") => request.follow = true,
                None if matches!(long, "quiet" | "silent") => request.is_quiet = true,
                _ => return Err(format!("unrecognized option: {long}")),
            }
            continue;
        }
        if letters.chars().all(|letter| letter.is_ascii_digit()) {
            request.amount = lines(letters)?;
            continue;
        }
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            match letter {
                'f' | 'F' => request.follow = true,
                'q' => request.is_quiet = true,
                'v' => request.is_verbose = true,
                'n' | 'c' => {
                    let attached: String = letters.by_ref().collect();
                    let number = if attached.is_empty() {
                        rest.next().cloned().unwrap_or_default()
                    } else {
                        attached
                    };
                    request.amount = if letter == 'n' {
                        lines(&number)?
                    } else {
                        Amount::Bytes(size(&number)?)
                    };
                }
                's' => {
                    rest.next();
                }
                letter => return Err(format!("invalid option -- '{letter}'")),
            }
        }
    }
    Ok(request)
}

fn lines(text: &str) -> Result<Amount, String> {
    if let Some(from) = text.strip_prefix('+') {
        return Ok(Amount::FromLine(size(from)?));
    }
    Ok(Amount::Lines(size(text.trim_start_matches('-'))?))
}

/// `200`, `10k`, `200M`
fn size(text: &str) -> Result<usize, String> {
    let invalid = || format!("invalid number '{text}'");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "b" => 512,
        "k" | "K" | "KiB" => 1 << 10,
        "m" | "M" | "MiB" => 1 << 20,
        "g" | "G" | "GiB" => 1 << 30,
        _ => return Err(invalid()),
    };
    let number: usize = digits.parse().map_err(|_| invalid())?;
    Ok(number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn amounts_are_read_in_every_spelling() {
        for (text, amount) in [
            ("-n 3 f", Amount::Lines(3)),
            ("-n3 f", Amount::Lines(3)),
            ("-3 f", Amount::Lines(3)),
            ("--lines=3 f", Amount::Lines(3)),
            ("-c 2k f", Amount::Bytes(2048)),
            ("-n +2 f", Amount::FromLine(2)),
        ] {
            let request = parse(&words(text)).expect(text);
            assert_eq!(
                (request.amount, request.files),
                (amount, words("f")),
                "{text}"
            );
        }
        assert!(parse(&words("-f x")).expect("options").follow);
        assert!(parse(&words("-n soon")).is_err());
    }
}
