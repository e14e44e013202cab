//! Cron schedules: five fields, or a word such as `@daily`, and when they come round next.
//!
//! Mirrors `ParseStandard` and `SpecSchedule.Next` of `github.com/robfig/cron/v3`, whose error
//! texts reach the users of CronJobs. A time zone inside the schedule is not read: CronJobs have a
//! field for it.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Unit, Zoned, ZonedRound};

/// When something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    Fields(Box<Fields>),
    /// `@every 1h30m`: that long after the last time.
    Every(SignedDuration),
}

/// The five fields, as sets of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
}

/// Numbers below 64, and whether they were written as a star.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set {
    bits: u64,
    is_star: bool,
}

impl Set {
    fn has(self, number: i8) -> bool {
        self.bits & (1 << number) != 0
    }
}

struct Bounds {
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds {
    low: 0,
    high: 59,
    names: &[],
};
const HOURS: Bounds = Bounds {
    low: 0,
    high: 23,
    names: &[],
};
const DAYS: Bounds = Bounds {
    low: 1,
    high: 31,
    names: &[],
};
const MONTHS: Bounds = Bounds {
    low: 1,
    high: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAYS: Bounds = Bounds {
    low: 0,
    high: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// A schedule that never comes (30 February) is given up on after this many years.
const YEARS_TO_SEARCH: i16 = 5;

impl Schedule {
    /// Reads a schedule. The error is what a CronJob's user is told.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        if text.starts_with('@') {
            return descriptor(text);
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = words.as_slice() else {
            return Err(format!(
                "expected exactly 5 fields, found {}: [{}]",
                words.len(),
                words.join(" ")
            ));
        };
        Ok(Self::Fields(Box::new(Fields {
            minutes: field(minutes, &MINUTES)?,
            hours: field(hours, &HOURS)?,
            days: field(days, &DAYS)?,
            months: field(months, &MONTHS)?,
            weekdays: field(weekdays, &WEEKDAYS)?,
        })))
    }

    /// The first time after `earlier`, by the clocks of a time zone.
    pub fn next_after(&self, earlier: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Fields(fields) => fields.next_after(earlier, zone),
            Self::Every(span) => {
                let span = *span;
                let next = earlier.checked_add(span).ok()?;
                Timestamp::from_second(next.as_second()).ok()
            }
        }
    }
}

fn descriptor(text: &str) -> Result<Schedule, String> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let Some(span) = text.strip_prefix("@every ") else {
                return Err(format!("unrecognized descriptor: {text}"));
            };
            let parsed: SignedDuration = span.parse().map_err(|_| {
                format!("failed to parse duration {text}: time: invalid duration {span:?}")
            })?;
            let whole = SignedDuration::from_secs(parsed.as_secs().max(1));
            return Ok(Schedule::Every(whole));
        }
    };
    Schedule::parse(fields)
}

/// One field: ranges with commas between them.
fn field(text: &str, bounds: &Bounds) -> Result<Set, String> {
    let mut set = Set {
        bits: 0,
        is_star: false,
    };
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let range = range(part, bounds)?;
        set.bits |= range.bits;
        set.is_star |= range.is_star;
    }
    Ok(set)
}

/// `*`, `5`, `1-5`, each perhaps with `/step`.
fn range(text: &str, bounds: &Bounds) -> Result<Set, String> {
    let (ends, step) = match text.split('/').collect::<Vec<_>>().as_slice() {
        [ends] => (*ends, None),
        [ends, step] => (*ends, Some(number(step)?)),
        _ => return Err(format!("too many slashes: {text}")),
    };
    let ends: Vec<&str> = ends.split('-').collect();
    let mut is_star = false;
    let (low, high) = match ends.as_slice() {
        ["*" | "?", ..] => {
            is_star = step.is_none_or(|step| step <= 1);
            (bounds.low, bounds.high)
        }
        [only] => {
            let low = number_or_name(only, bounds)?;
            (low, if step.is_some() { bounds.high } else { low })
        }
        [low, high] => (number_or_name(low, bounds)?, number_or_name(high, bounds)?),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    if low < bounds.low {
        let least = bounds.low;
        return Err(format!(
            "beginning of range ({low}) below minimum ({least}): {text}"
        ));
    }
    if high > bounds.high {
        let most = bounds.high;
        return Err(format!(
            "end of range ({high}) above maximum ({most}): {text}"
        ));
    }
    if low > high {
        return Err(format!(
            "beginning of range ({low}) beyond end of range ({high}): {text}"
        ));
    }
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let bits = (low..=high)
        .step_by(step as usize)
        .fold(0, |bits, number| bits | 1 << number);
    Ok(Set { bits, is_star })
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let lower = text.to_lowercase();
    match bounds.names.iter().position(|name| *name == lower) {
        Some(position) => Ok(position as u32 + bounds.low),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u32, String> {
    let number: i64 = text.parse().map_err(|_| {
        format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")
    })?;
    u32::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

impl Fields {
    fn next_after(&self, earlier: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = earlier.to_zoned(zone.clone());
        let whole = ZonedRound::new()
            .smallest(Unit::Minute)
            .mode(jiff::RoundMode::Floor);
        let mut time = start.round(whole).ok()?.checked_add(1.minute()).ok()?;
        let last_year = start.year() + YEARS_TO_SEARCH;
        while time.year() <= last_year {
            let next = if !self.months.has(time.month()) {
                midnight(&time.first_of_month().ok()?.checked_add(1.month()).ok()?)?
            } else if !self.has_day(&time) {
                midnight(&time.checked_add(1.day()).ok()?)?
            } else if !self.hours.has(time.hour()) {
                let start_of_hour = time.with().minute(0).build().ok()?;
                start_of_hour.checked_add(1.hour()).ok()?
            } else if !self.minutes.has(time.minute()) {
                time.checked_add(1.minute()).ok()?
            } else {
                return Some(time.timestamp());
            };
            time = next;
        }
        None
    }

    /// Where both days of the month and of the week are given, either will do.
    fn has_day(&self, time: &Zoned) -> bool {
        let by_date = self.days.has(time.day());
        let by_weekday = self.weekdays.has(time.weekday().since(Weekday::Sunday));
        if self.days.is_star || self.weekdays.is_star {
            by_date && by_weekday
        } else {
            by_date || by_weekday
        }
    }
}

fn midnight(day: &Zoned) -> Option<Zoned> {
    let civil: DateTime = day.date().to_datetime(jiff::civil::Time::midnight());
    civil.to_zoned(day.time_zone().clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, earlier: &str) -> String {
        Schedule::parse(schedule)
            .unwrap()
            .next_after(earlier.parse().unwrap(), &TimeZone::UTC)
            .map(|time| time.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn schedules_come_round() {
        for (schedule, earlier, later) in [
            (
                "*/5 * * * *",
                "2025-01-01T00:02:30Z",
                "2025-01-01T00:05:00Z",
            ),
            (
                "*/5 * * * *",
                "2025-01-01T00:05:00Z",
                "2025-01-01T00:10:00Z",
            ),
            ("0 3 * * *", "2025-01-31T03:00:00Z", "2025-02-01T03:00:00Z"),
            (
                "30 8 * * mon-fri",
                "2025-01-03T09:00:00Z",
                "2025-01-06T08:30:00Z",
            ),
            ("0 0 13 * 5", "2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z"),
            ("0 0 29 2 *", "2025-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("@hourly", "2025-01-01T00:59:59Z", "2025-01-01T01:00:00Z"),
            ("@every 90s", "2025-01-01T00:00:00Z", "2025-01-01T00:01:30Z"),
            ("0 0 30 2 *", "2025-01-01T00:00:00Z", ""),
        ] {
            assert_eq!(next(schedule, earlier), later, "{schedule}");
        }
    }

    #[test]
    fn wrong_schedules_are_explained() {
        for (schedule, words) in [
            ("", "empty spec string"),
            (
                "every day",
                "expected exactly 5 fields, found 2: [every day]",
            ),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            (
                "5-3 * * * *",
                "beginning of range (5) beyond end of range (3): 5-3",
            ),
            (
                "*/0 * * * *",
                "step of range should be a positive number: */0",
            ),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("*/1/2 * * * *", "too many slashes: */1/2"),
            (
                "x * * * *",
                "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            ("@often", "unrecognized descriptor: @often"),
        ] {
            assert_eq!(
                Schedule::parse(schedule),
                Err(words.to_owned()),
                "{schedule}"
            );
        }
    }
}
