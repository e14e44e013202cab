//! Timestamps and durations in the forms that Go reads and writes.
//!
//! Mirrors `time.Parse` and `Duration.String` of Go, as `metav1.Time`, `MicroTime` and `Duration`
//! use them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::api::field::go_quote;
use crate::api::meta;

/// The layouts by Go's reference time, which its errors show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Seconds,
    Micros,
}

impl Layout {
    fn text(self) -> &'static str {
        match self {
            Self::Seconds => "2006-01-02T15:04:05Z07:00",
            Self::Micros => "2006-01-02T15:04:05.000000Z07:00",
        }
    }

    pub(crate) fn format(self, time: Timestamp) -> String {
        match self {
            Self::Seconds => meta::format_time(time),
            Self::Micros => meta::format_micro_time(time),
        }
    }
}

/// Brings a timestamp into the API's form. `None` is Go's zero time, which is written as null.
/// The error is Go's message.
pub(crate) fn canonical(text: &str, layout: Layout) -> Result<Option<String>, String> {
    let mut reader = Reader {
        whole: text,
        rest: text,
        layout,
    };
    let time = reader.read()?;
    let is_zero = time.is_some_and(|time| time.as_second() == GO_ZERO);
    Ok(time.filter(|_| !is_zero).map(|time| layout.format(time)))
}

/// 0001-01-01T00:00:00Z in seconds since 1970.
const GO_ZERO: i64 = -62_135_596_800;

struct Reader<'a> {
    whole: &'a str,
    rest: &'a str,
    layout: Layout,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<Option<Timestamp>, String> {
        let year = self.number(4, "2006")?;
        self.literal("-")?;
        let month = self.number(2, "01")?;
        if !(1..=12).contains(&month) {
            return Err(self.out_of_range("month"));
        }
        self.literal("-")?;
        let day = self.number(2, "02")?;
        self.literal("T")?;
        let hour = self.number(2, "15")?;
        if hour > 23 {
            return Err(self.out_of_range("hour"));
        }
        self.literal(":")?;
        let minute = self.number(2, "04")?;
        if minute > 59 {
            return Err(self.out_of_range("minute"));
        }
        self.literal(":")?;
        let second = self.number(2, "05")?;
        if second > 59 {
            return Err(self.out_of_range("second"));
        }
        let nanosecond = self.fraction()?;
        let offset = self.offset()?;
        if !self.rest.is_empty() {
            let extra = go_quote(self.rest);
            return Err(format!(
                "parsing time {}: extra text: {extra}",
                go_quote(self.whole)
            ));
        }
        let date =
            Date::new(year as i16, month as i8, day as i8).map_err(|_| self.out_of_range("day"))?;
        let clock = date.at(hour as i8, minute as i8, second as i8, nanosecond);
        Ok(offset.to_timestamp(clock).ok())
    }

    fn cannot_parse(&self, element: &str) -> String {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            go_quote(self.whole),
            go_quote(self.layout.text()),
            go_quote(self.rest),
            go_quote(element)
        )
    }

    fn out_of_range(&self, what: &str) -> String {
        format!("parsing time {}: {what} out of range", go_quote(self.whole))
    }

    fn number(&mut self, width: usize, element: &str) -> Result<i32, String> {
        let digits = self.rest.get(..width);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(number) = digits.and_then(|digits| digits.parse().ok()) else {
            return Err(self.cannot_parse(element));
        };
        self.rest = &self.rest[width..];
        Ok(number)
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        match self.rest.strip_prefix(literal) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(self.cannot_parse(literal)),
        }
    }

    /// Nanoseconds. Micros must have six digits, seconds may have any number.
    fn fraction(&mut self) -> Result<i32, String> {
        let digits = match self.rest.strip_prefix(['.', ',']) {
            Some(rest) => {
                let end = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
                &rest[..end]
            }
            None => "",
        };
        match self.layout {
            Layout::Micros if digits.len() != 6 => return Err(self.cannot_parse(".000000")),
            Layout::Seconds if digits.is_empty() => return Ok(0),
            _ => self.rest = &self.rest[1 + digits.len()..],
        }
        let nanos = format!("{digits:0<9}");
        Ok(nanos[..9].parse().unwrap_or(0))
    }

    fn offset(&mut self) -> Result<Offset, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(Offset::UTC);
        }
        let bad = self.cannot_parse("Z07:00");
        let sign = match self.rest.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(bad),
        };
        self.rest = &self.rest[1..];
        let parsed = (|| {
            let hours = self.number(2, "Z07:00").ok()?;
            self.literal(":").ok()?;
            let minutes = self.number(2, "Z07:00").ok()?;
            (hours <= 24 && minutes < 60).then_some((hours, minutes))
        })();
        let (hours, minutes) = parsed.ok_or_else(|| bad.clone())?;
        Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| bad)
    }
}

/// A duration as Go writes it: `1m30s`, `1.5s`, `100ms`, `0s`.
pub(crate) fn go_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let in_unit = |unit: u64, name: &str| {
        let (whole, fraction) = (total / unit, total % unit);
        let digits = unit.ilog10() as usize;
        let fraction = format!("{fraction:0digits$}");
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}{name}")
    };
    match total {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{total}ns"),
        1_000..1_000_000 => in_unit(1_000, "µs"),
        1_000_000..1_000_000_000 => in_unit(1_000_000, "ms"),
        _ => {
            let seconds = total / 1_000_000_000;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let rest = total - (hours * 3600 + minutes * 60) * 1_000_000_000;
            let rest = go_duration_seconds(rest);
            match (hours, minutes) {
                (0, 0) => format!("{sign}{rest}"),
                (0, _) => format!("{sign}{minutes}m{rest}"),
                _ => format!("{sign}{hours}h{minutes}m{rest}"),
            }
        }
    }
}

fn go_duration_seconds(nanoseconds: u64) -> String {
    let fraction = format!("{:09}", nanoseconds % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}s", nanoseconds / 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_come_out_in_utc() {
        let seconds = |text| canonical(text, Layout::Seconds);
        assert_eq!(
            seconds("2024-01-02T03:04:05Z"),
            Ok(Some("2024-01-02T03:04:05Z".into()))
        );
        assert_eq!(
            seconds("2024-01-02T03:04:05.678+02:00"),
            Ok(Some("2024-01-02T01:04:05Z".into()))
        );
        assert_eq!(seconds("0001-01-01T00:00:00Z"), Ok(None));
        assert_eq!(
            canonical("2024-01-02T03:04:05.000007Z", Layout::Micros),
            Ok(Some("2024-01-02T03:04:05.000007Z".into()))
        );
    }

    #[test]
    fn wrong_timestamps_are_told_with_gos_words() {
        let error = |text, layout| canonical(text, layout).expect_err(text);
        let layout = "\"2006-01-02T15:04:05Z07:00\"";
        for (text, wanted) in [
            (
                "x",
                format!("parsing time \"x\" as {layout}: cannot parse \"x\" as \"2006\""),
            ),
            (
                "2024-01-02",
                format!("parsing time \"2024-01-02\" as {layout}: cannot parse \"\" as \"T\""),
            ),
            (
                "2024-13-02T00:00:00Z",
                "parsing time \"2024-13-02T00:00:00Z\": month out of range".into(),
            ),
            (
                "2024-02-30T00:00:00Z",
                "parsing time \"2024-02-30T00:00:00Z\": day out of range".into(),
            ),
            (
                "2024-01-02T00:00:00Zx",
                "parsing time \"2024-01-02T00:00:00Zx\": extra text: \"x\"".into(),
            ),
            (
                "2024-01-02T00:00:00",
                format!(
                    "parsing time \"2024-01-02T00:00:00\" as {layout}: cannot parse \"\" as \"Z07:00\""
                ),
            ),
        ] {
            assert_eq!(error(text, Layout::Seconds), wanted);
        }
        assert!(
            error("2024-01-02T00:00:00Z", Layout::Micros)
                .ends_with("cannot parse \"Z\" as \".000000\"")
        );
    }

    #[test]
    fn durations_print_as_in_go() {
        for (nanoseconds, wanted) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (100_000_000, "100ms"),
            (1_500_000_000, "1.5s"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (-1_000_000, "-1ms"),
        ] {
            assert_eq!(go_duration(nanoseconds), wanted);
        }
    }
}
