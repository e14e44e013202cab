//! `date` on the cluster's clock.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["date"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

async fn run(process: Process) -> i32 {
    match format(process.arguments(), process.kernel.clock.now()) {
        Ok(text) => {
            process.print(format!("{text}\n")).await;
            0
        }
        Err(message) => {
            process.complain(format!("date: {message}\n")).await;
            1
        }
    }
}

fn format(arguments: &[String], now: Timestamp) -> Result<String, String> {
    let mut at = now;
    let mut pattern = "%a %b %e %H:%M:%S UTC %Y".to_owned();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "-u" | "--utc" | "-R" if argument == "-R" => {
                pattern = "%a, %d %b %Y %H:%M:%S +0000".to_owned();
            }
            "-u" | "--utc" => {}
            "-I" | "-Idate" | "--iso-8601" => pattern = "%Y-%m-%d".to_owned(),
            "-Iseconds" | "--iso-8601=seconds" => pattern = "%Y-%m-%dT%H:%M:%S+00:00".to_owned(),
            "-d" | "--date" => {
                let text = rest.next().ok_or("option requires an argument -- 'd'")?;
                at = moment(text, now).ok_or_else(|| format!("invalid date '{text}'"))?;
            }
            text if text.starts_with('+') => pattern = text[1..].to_owned(),
            text => return Err(format!("invalid date '{text}'")),
        }
    }
    let zoned = at.to_zoned(TimeZone::UTC);
    let pattern = pattern.replace("%N", &format!("{:09}", at.subsec_nanosecond()));
    jiff::fmt::strtime::format(&pattern, &zoned).map_err(|error| error.to_string())
}

fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(seconds) = text.strip_prefix('@') {
        return Timestamp::from_second(seconds.parse().ok()?).ok();
    }
    match text {
        "now" => return Some(now),
        text if text.ends_with('Z') => return text.parse().ok(),
        _ => {}
    }
    let completed = format!("{}Z", text.replace(' ', "T"));
    completed.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_print_as_coreutils_do() {
        let now: Timestamp = "2025-01-02T03:04:05.678Z".parse().expect("a time");
        let date = |text: &str| {
            let words: Vec<String> = text.split('|').map(str::to_owned).collect();
            format(&words, now)
        };
        assert_eq!(
            format(&[], now).as_deref(),
            Ok("Thu Jan  2 03:04:05 UTC 2025")
        );
        assert_eq!(date("+%s").as_deref(), Ok("1735787045"));
        assert_eq!(date("-u|+%H:%M:%S").as_deref(), Ok("03:04:05"));
        assert_eq!(
            date("-Iseconds").as_deref(),
            Ok("2025-01-02T03:04:05+00:00")
        );
        assert_eq!(date("-d|@0|+%Y").as_deref(), Ok("1970"));
        assert!(date("soon").is_err());
    }
}
