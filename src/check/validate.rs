//! Reads every check of a course, as `lint` and the loading of a foreign course do.

use crate::course::{Course, Problems};

use super::spec;

/// The seed with which checks are tried out.
const SAMPLE_SEED: u64 = 1;

/// Every mistake in the course's check files.
pub fn validate(course: &Course) -> Problems {
    let mut problems = Problems::default();
    for kata in course.katas.values() {
        // A kata that cannot be made was reported by the loader.
        let Ok(kata) = kata.instance(SAMPLE_SEED) else {
            continue;
        };
        if let Err(found) = spec::read(&kata.checks) {
            problems.extend(found);
        }
    }
    problems
}
