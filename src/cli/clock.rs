//! `kubekata clock`: the time that the cluster lives in. Pause it, speed it up, skip ahead.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::app::App;
use super::cluster::{FASTEST, running_host};
use super::output::span;
use super::{GOOD, Misuse};
use crate::sandbox::{self, ClockOrder, HostFile, HostStatus, Order};

/// The time that the cluster lives in
///
/// Without a command it shows the cluster's time, how fast it runs, and who waits for what.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let time stand: nothing that waits goes on, kubectl still answers
    Pause,
    /// Let time go on at the speed it had
    Resume,
    /// Set how fast time runs
    Speed {
        /// Cluster seconds per second, from 0.1 to 1000, or max
        #[arg(value_parser = speed)]
        speed: f64,
    },
    /// Let a span of time pass at once: all that is due in it happens, in order
    ///
    /// CronJobs fire, back-offs end, probes run, Pods start, as if you had waited. Returns when
    /// nothing in the cluster has anything left to do. Ctrl-C stops at the time reached by then.
    #[command(after_help = EXAMPLES)]
    Skip {
        /// How long, as in 90s, 10m, 2h or 1d
        #[arg(value_parser = length, required_unless_present = "until")]
        span: Option<Duration>,
        /// The time to stop at: the next 08:00 (UTC, as containers see it), or 2026-01-02T08:00:00Z
        #[arg(long, value_name = "TIME", conflicts_with = "span", value_parser = moment)]
        until: Option<Until>,
    },
}

const EXAMPLES: &str = "\
Examples:
  kubekata clock skip 10m             past the back-off of a container that keeps dying
  kubekata clock skip --until 08:00   until the CronJob of the morning has run";

/// Where to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Until {
    /// The next time that a clock shows this.
    Daily(Time),
    Moment(Timestamp),
}

/// Who skips further means something else, and would wait long for it.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);

fn speed(text: &str) -> Result<f64, String> {
    match text {
        "max" => Ok(FASTEST),
        _ => match text.parse::<f64>() {
            Ok(speed) if (0.1..=FASTEST).contains(&speed) => Ok(speed),
            Ok(0.0) => Err("to let time stand: kubekata clock pause".to_owned()),
            _ => Err(format!("expected a number from 0.1 to {FASTEST}, or max")),
        },
    }
}

pub fn length(text: &str) -> Result<Duration, String> {
    let expected = "expected a span such as 90s, 10m, 2h or 1d";
    let span: Span = text.parse().map_err(|_| expected.to_owned())?;
    let days = SpanRelativeTo::days_are_24_hours();
    let span = span.to_duration(days).map_err(|_| expected.to_owned())?;
    match Duration::try_from(span) {
        Ok(span) if span > LONGEST => Err("at most 31d at once".to_owned()),
        Ok(span) => Ok(span),
        Err(_) => Err("time does not run backwards".to_owned()),
    }
}

fn moment(text: &str) -> Result<Until, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Until::Moment(moment));
    }
    let time = text.parse::<Time>().map(Until::Daily);
    time.map_err(|_| "expected a time such as 08:00 or 2026-01-02T08:00:00Z".to_owned())
}

impl Until {
    /// Seen from `now`.
    fn after(self, now: Timestamp) -> Result<Timestamp> {
        let until = match self {
            Self::Moment(moment) => moment,
            Self::Daily(time) => {
                let here = now.to_zoned(TimeZone::UTC).datetime();
                let today = here.date().to_datetime(time);
                let next = match today > here {
                    true => today,
                    false => here.date().tomorrow()?.to_datetime(time),
                };
                next.to_zoned(TimeZone::UTC)?.timestamp()
            }
        };
        if until < now {
            let message = format!("{until} has passed: the cluster's time is {}", shown(now));
            return Err(Misuse(message).into());
        }
        if until.duration_since(now) > SignedDuration::try_from(LONGEST)? {
            return Err(Misuse("at most 31d at once".to_owned()).into());
        }
        Ok(until)
    }
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    app.require_embedded("clock")?;
    let host = running_host(&app.places()?)?;
    match &args.command {
        None => show(&ask(&host, ClockOrder::Timers).await?),
        Some(Command::Pause) => {
            let status = ask(&host, ClockOrder::Pause).await?;
            say!("paused at {}", shown(status.now));
            say!("kubekata clock resume lets time go on");
        }
        Some(Command::Resume) => {
            let status = ask(&host, ClockOrder::Resume).await?;
            say!(
                "time goes on, x{}, from {}",
                status.speed,
                shown(status.now)
            );
        }
        Some(Command::Speed { speed }) => {
            let status = ask(&host, ClockOrder::Speed { speed: *speed }).await?;
            match status.paused {
                false => say!("time runs x{}", status.speed),
                true => say!(
                    "time will run x{} after kubekata clock resume",
                    status.speed
                ),
            }
        }
        Some(Command::Skip { span, until }) => {
            let before = sandbox::ask(&host, Order::Status).await?;
            let order = match (span, until) {
                (Some(span), _) => ClockOrder::Skip {
                    seconds: span.as_secs_f64(),
                },
                (None, Some(until)) => ClockOrder::SkipUntil {
                    until: until.after(before.now)?,
                },
                (None, None) => return Err(Misuse("how far?".to_owned()).into()),
            };
            let after = ask(&host, order).await?;
            let passed = after.now.duration_since(before.now).as_secs();
            let passed = span_of(u64::try_from(passed).unwrap_or(0));
            say!("{passed} have passed: it is {}", shown(after.now));
        }
    }
    Ok(GOOD)
}

async fn ask(host: &HostFile, order: ClockOrder) -> Result<HostStatus> {
    sandbox::ask(host, Order::Clock { order }).await
}

fn show(status: &HostStatus) {
    say!("time      {}", shown(status.now));
    say!("speed     {}", pace(status));
    for (place, timer) in status.timers.iter().enumerate() {
        let left = timer.due.duration_since(status.now).as_secs_f64().max(0.0);
        let title = if place == 0 { "next" } else { "" };
        say!("{title:8}  in {left:6.1} s  {}", timer.who);
    }
}

/// `x20`, `x1, paused`.
pub fn pace(status: &HostStatus) -> String {
    match status.paused {
        false => format!("x{}", status.speed),
        true => format!("x{}, paused", status.speed),
    }
}

/// As containers and kubectl show it.
fn shown(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn span_of(seconds: u64) -> String {
    match seconds {
        60..3600 if !seconds.is_multiple_of(60) => {
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
        _ => span(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_and_does_not_go_back() {
        assert_eq!(length("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(length("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(length("1d"), Ok(Duration::from_secs(86_400)));
        assert!(length("10").is_err());
        assert!(length("-10m").is_err());
        assert!(length("40d").is_err());
    }

    #[test]
    fn the_time_of_day_is_the_next_one() {
        let now: Timestamp = "2026-01-02T07:59:00Z".parse().expect("a time");
        let until = |text| moment(text).expect("a time").after(now);
        let shows = |text| until(text).expect("it is to come").to_string();
        assert_eq!(shows("08:00"), "2026-01-02T08:00:00Z");
        assert_eq!(shows("07:30"), "2026-01-03T07:30:00Z");
        assert_eq!(shows("2026-01-05T00:00:00Z"), "2026-01-05T00:00:00Z");
        assert!(until("2026-01-01T00:00:00Z").is_err());
        assert!(moment("soon").is_err());
    }

    #[test]
    fn time_does_not_stand_by_its_speed() {
        assert_eq!(speed("0.5"), Ok(0.5));
        assert_eq!(speed("max"), Ok(FASTEST));
        assert!(speed("0").is_err_and(|error| error.contains("pause")));
        assert!(speed("2000").is_err());
    }
}
