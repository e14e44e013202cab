//! `sleep` on the cluster's clock.

use std::time::Duration;

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["sleep"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::BuiltIn,
};

async fn run(process: Process) -> i32 {
    let span = match parse(process.arguments()) {
        Ok(span) => span,
        Err(message) => {
            process.complain(format!("sleep: {message}\n")).await;
            return 1;
        }
    };
    let clock = process.kernel.clock.clone();
    let is_init = process.is_init;
    let mut signals = process.signals;
    let work = async {
        match span {
            Some(span) => clock.sleep(span).await,
            None => std::future::pending().await,
        }
        0
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

/// The time the arguments of `sleep` add up to; `None` is for ever.
pub fn parse(arguments: &[String]) -> Result<Option<Duration>, String> {
    if arguments.is_empty() {
        return Err("missing operand".to_owned());
    }
    let mut total = Duration::ZERO;
    for argument in arguments {
        if matches!(argument.as_str(), "infinity" | "inf") {
            return Ok(None);
        }
        let invalid = || format!("invalid number '{argument}'");
        let (number, unit) = match argument.char_indices().next_back() {
            Some((at, 's')) => (&argument[..at], 1.0),
            Some((at, 'm')) => (&argument[..at], 60.0),
            Some((at, 'h')) => (&argument[..at], 3600.0),
            Some((at, 'd')) => (&argument[..at], 86_400.0),
            _ => (argument.as_str(), 1.0),
        };
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let Ok(span) = Duration::try_from_secs_f64(number * unit) else {
            return if number > 0.0 {
                Ok(None)
            } else {
                Err(invalid())
            };
        };
        total = total.saturating_add(span);
    }
    Ok(Some(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units_and_add_up() {
        let parse = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            super::parse(&words)
        };
        assert_eq!(parse("0.5"), Ok(Some(Duration::from_millis(500))));
        assert_eq!(parse("1m 30s"), Ok(Some(Duration::from_secs(90))));
        assert_eq!(parse("1d"), Ok(Some(Duration::from_secs(86_400))));
        assert_eq!(parse("infinity"), Ok(None));
        assert_eq!(parse("soon"), Err("invalid number 'soon'".to_owned()));
    }
}
