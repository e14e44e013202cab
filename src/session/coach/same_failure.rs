//! The same command has failed three times in a row.

use super::{Notice, Seen};

/// So often.
const TIMES: usize = 3;

pub(super) const NOTICE: Notice = Notice {
    name: "same-failure",
    look,
};

fn look(seen: &Seen<'_>) -> Option<String> {
    let latest = seen.steps.last_chunk::<TIMES>()?;
    let same = |step: &super::Step| step.exit != 0 && step.command == latest[0].command;
    latest.iter().all(same).then(|| {
        "The same command has failed three times. Read the last line of what it said; \
         `--help` shows what it can do."
            .to_owned()
    })
}
