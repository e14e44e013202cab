//! Durations as kubectl prints them: `42s`, `3m7s`, `5h`, `2d4h`.
//!
//! Mirrors `apimachinery/pkg/util/duration/duration.go` (`HumanDuration`).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::api::meta;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// A span with two significant units at most.
pub fn human_duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        _ if seconds < 10 * MINUTE => two_units(seconds / MINUTE, "m", seconds % MINUTE, "s"),
        _ if seconds < 3 * HOUR => format!("{}m", seconds / MINUTE),
        _ if seconds < 8 * HOUR => two_units(seconds / HOUR, "h", seconds / MINUTE % 60, "m"),
        _ if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        _ if seconds < 8 * DAY => two_units(seconds / DAY, "d", seconds / HOUR % 24, "h"),
        _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
        _ if seconds < 8 * YEAR => two_units(seconds / YEAR, "y", seconds / DAY % 365, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

fn two_units(big: u64, big_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{big}{big_unit}")
    } else {
        format!("{big}{big_unit}{small}{small_unit}")
    }
}

/// The time since `earlier`, or `<unknown>` where there is none.
pub fn since_cell(earlier: Option<Timestamp>, now: Timestamp) -> String {
    let Some(earlier) = earlier else {
        return "<unknown>".to_owned();
    };
    match Duration::try_from(now.duration_since(earlier)) {
        Ok(span) => human_duration(span),
        // Clocks that differ by a moment show no time; more than that is a mistake.
        Err(_) if earlier.duration_since(now).as_secs() < 2 => "0s".to_owned(),
        Err(_) => "<invalid>".to_owned(),
    }
}

/// The Age cell: the time since the object was created.
pub fn age_cell(object: &Value, now: Timestamp) -> String {
    since_cell(meta::timestamp(object, "creationTimestamp"), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_lose_precision_as_they_grow() {
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (187, "3m7s"),
            (11 * 60 + 5, "11m"),
            (3 * 3600 + 60, "3h1m"),
            (9 * 3600 + 120, "9h"),
            (49 * 3600, "2d1h"),
            (30 * 86_400, "30d"),
            (800 * 86_400, "2y70d"),
            (4000 * 86_400, "10y"),
        ] {
            assert_eq!(human_duration(Duration::from_secs(seconds)), text);
        }
    }
}
