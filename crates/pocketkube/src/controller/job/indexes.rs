//! Sets of completion indexes, written as `1,3-5,7`. Pure.

use std::collections::BTreeSet;

/// Some of the indexes 0 to n-1.
pub(super) type Indexes = BTreeSet<i32>;

/// Reads a set; indexes from `limit` on and what is no index are left out.
pub(super) fn parse(text: &str, limit: i32) -> Indexes {
    let mut indexes = Indexes::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) {
            indexes.extend(first.max(0)..=last.min(limit - 1));
        }
    }
    indexes
}

/// Writes a set: runs of three or more as `first-last`.
pub(super) fn format(indexes: &Indexes) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for index in indexes {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => runs.push((*index, *index)),
        }
    }
    let runs = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_are_written_as_ranges() {
        let indexes = Indexes::from([0, 1, 2, 4, 6, 7]);
        assert_eq!(format(&indexes), "0-2,4,6,7");
        assert_eq!(format(&Indexes::new()), "");
    }

    #[test]
    fn indexes_beyond_the_limit_are_dropped() {
        assert_eq!(parse("1,3-9", 5), Indexes::from([1, 3, 4]));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(indexes in prop::collection::btree_set(0..50_i32, 0..40)) {
            prop_assert_eq!(parse(&format(&indexes), 50), indexes);
        }
    }
}
